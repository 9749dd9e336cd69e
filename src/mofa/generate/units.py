"""Substituted ring systems and spacers, each distinct, in every orientation that a chain can take them up.

Every part knows the building choices that made it (its core, its substituents, where they sit, ...): what the library
learns when it is trained is how likely each choice is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import Any

from rdkit import Chem

from mofa.chemistry import AnchorKind, Family
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.generate.fragments import (
    BARE_WEIGHT,
    CORES,
    DI_WEIGHT,
    END_CORES,
    FLUORO,
    MONO_WEIGHT,
    PERFLUORO_WEIGHT,
    SPACERS,
    SUBSTITUENTS,
    Core,
)


class ChoiceKind(StrEnum):
    """What is chosen when a linker is built; also the sections of a weights file."""

    RING_COUNT = "ring_count"
    """Ring systems in the chain: 1, 2 or 3."""
    CORE = "core"
    """Ring system, as SMILES with its exits."""
    PATTERN = "pattern"
    """How a core is substituted: bare, mono, di or perfluoro."""
    SUBSTITUENT = "substituent"
    """Group on a mono- or disubstituted core, as SMILES."""
    POSITION = "position"
    """Where it sits, where there is a choice: the core with ``[3*]`` in its place."""
    SPACER = "spacer"
    """What joins two ring systems, as SMILES with its exits, or "direct"."""


Choice = tuple[ChoiceKind, str]

DIRECT = "direct"


@dataclass(frozen=True)
class Part:
    """A ring system or spacer in one orientation: exit 1 to the left, exit 2 to the right. Ends have one exit only."""

    smiles: str
    """Canonical, with exits ``[1*]`` and ``[2*]``; empty for a direct bond."""
    reverse: int
    """Index of the same part turned round, in the same table; its own index when it is symmetric."""
    n_heavy: int
    weight: float
    choices: tuple[Choice, ...]
    terminal: bool = True
    """Whether it may be the first or last of a chain."""
    inner: bool = True
    """Whether it may be another than the first or last."""


@dataclass(frozen=True)
class Form:
    """One way to substitute a core, before orientations are told apart."""

    smiles: str
    turned_round: str
    n_heavy: int


@dataclass(frozen=True)
class Made:
    """A form with its weight and the choices that made it."""

    form: Form
    weight: float
    choices: tuple[Choice, ...]
    terminal: bool = True


@lru_cache(maxsize=4)
def ring_parts(family: Family) -> tuple[Part, ...]:
    """All oriented ring systems of a family's chains, substituted in every distinct way."""
    rings = _ring_systems(with_nitriles=ENDS_OF_FAMILY[family].kind is not AnchorKind.N_DONOR)
    ends = _ends(family)
    if not ends:
        return rings
    inner = tuple(replace(part, terminal=False) for part in rings)
    return inner + tuple(replace(part, reverse=len(inner) + k) for k, part in enumerate(ends))


@lru_cache(maxsize=2)
def _ring_systems(*, with_nitriles: bool) -> tuple[Part, ...]:
    return _oriented(made for core in CORES for made in substituted(core, with_nitriles=with_nitriles))


def _ends(family: Family) -> tuple[Part, ...]:
    """Ends that hold their anchors themselves; none where anchors hang on the ring systems."""
    found: dict[str, Part] = {}
    with_nitriles = ENDS_OF_FAMILY[family].kind is not AnchorKind.N_DONOR
    for core in END_CORES.get(family, ()):
        for made in substituted(core, with_nitriles=with_nitriles):
            found[made.form.smiles] = Part(
                made.form.smiles, 0, made.form.n_heavy, made.weight, made.choices, terminal=True, inner=False
            )
    return tuple(found[smiles] for smiles in sorted(found))


@lru_cache(maxsize=1)
def spacer_parts() -> tuple[Part, ...]:
    """All oriented spacers, the direct bond among them."""
    return _oriented(
        Made(_form(Chem.MolFromSmiles(spacer.smiles)), spacer.weight, ((ChoiceKind.SPACER, spacer.smiles or DIRECT),))
        for spacer in SPACERS
    )


def _oriented(every: Iterable[Made]) -> tuple[Part, ...]:
    """Close a set of distinct parts under turning round; the orientations of an asymmetric part share its weight."""
    found: dict[str, tuple[Made, str, float]] = {}
    for made in every:
        one, other = made.form.smiles, made.form.turned_round
        for smiles, turned_round in {(one, other), (other, one)}:
            found[smiles] = (made, turned_round, made.weight if one == other else made.weight / 2)
    order = sorted(found)
    index = {smiles: k for k, smiles in enumerate(order)}
    parts = []
    for smiles in order:
        made, turned_round, weight = found[smiles]
        parts.append(Part(smiles, index[turned_round], made.form.n_heavy, weight, made.choices, made.terminal))
    return tuple(parts)


def substituted(core: Core, *, with_nitriles: bool) -> Iterator[Made]:
    """A core bare, with one or two equal substituents and perfluorinated; each form once."""
    bare = Chem.MolFromSmiles(core.smiles)

    def made(form: Form, weight: float, pattern: str, *more: Choice) -> Made:
        choices = ((ChoiceKind.CORE, core.smiles), (ChoiceKind.PATTERN, pattern), *more)
        return Made(form, core.weight * weight, choices, core.terminal)

    yield made(_form(bare), BARE_WEIGHT, "bare")
    sites = [atom.GetIdx() for atom in bare.GetAtoms() if _is_free(atom, core)]
    single_ring = bare.GetRingInfo().NumRings() == 1
    allowed = [s for s in SUBSTITUENTS if (with_nitriles or not s.is_nitrile) and (s.compact or single_ring)]
    total = sum(s.weight for s in allowed)
    patterns = [("mono", 1, MONO_WEIGHT), ("di", 2, DI_WEIGHT)] if single_ring else [("mono", 1, MONO_WEIGHT)]
    for pattern, count, weight in patterns:
        positions = _positions(bare, sites, count)
        for substituent in allowed:
            for position, chosen in positions.items():
                form = _form(_with(bare, chosen, substituent.smiles))
                more = [(ChoiceKind.SUBSTITUENT, substituent.smiles)]
                if len(positions) > 1:
                    more.append((ChoiceKind.POSITION, position))
                yield made(form, weight * substituent.weight / total / len(positions), pattern, *more)
    if single_ring and len(sites) > 2:
        yield made(_form(_with(bare, tuple(sites), FLUORO.smiles)), PERFLUORO_WEIGHT, "perfluoro")


def _is_free(atom: Any, core: Core) -> bool:
    """Whether a substituent may take the place of the atom's hydrogen."""
    if atom.GetSymbol() != "C" or not atom.GetIsAromatic() or not atom.GetTotalNumHs():
        return False
    return not (core.open_donor and any(neighbor.GetSymbol() == "N" for neighbor in atom.GetNeighbors()))


def _positions(bare: Any, sites: list[int], count: int) -> dict[str, tuple[int, ...]]:
    """The distinct ways to put `count` equal groups on a core: the core with them marked -> the sites."""
    distinct: dict[str, tuple[int, ...]] = {}
    for chosen in combinations(sites, count):
        form = _form(_with(bare, chosen, "[3*]"))
        distinct.setdefault(min(form.smiles, form.turned_round), chosen)
    return distinct


def _with(bare: Any, sites: tuple[int, ...], substituent: str) -> Any:
    """`bare` with the substituent on each of `sites`."""
    editable = Chem.RWMol(bare)
    group = Chem.MolFromSmiles(substituent)
    for site in sites:
        first = editable.GetNumAtoms()
        editable.InsertMol(group)
        editable.AddBond(site, first, Chem.BondType.SINGLE)
    molecule = editable.GetMol()
    Chem.SanitizeMol(molecule)
    return molecule


def _form(molecule: Any) -> Form:
    """Canonical SMILES in both orientations."""
    smiles = Chem.MolToSmiles(molecule)
    exits = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    turned = Chem.Mol(molecule)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0 and atom.GetIsotope() in (1, 2):
            atom.SetIsotope(3 - atom.GetIsotope())
    return Form(smiles, Chem.MolToSmiles(turned), molecule.GetNumAtoms() - len(exits))
