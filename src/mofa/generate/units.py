"""Substituted ring systems and spacers, each distinct, in every orientation that a chain can take them up.

Every part knows the building choices that made it (its core, its substituents, where they sit, ...): what the library
learns when it is trained is how likely each choice is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import Any

from rdkit import Chem

from mofa.chemistry import Family
from mofa.generate.fragments import (
    BARE_WEIGHT,
    CORES,
    DI_WEIGHT,
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
    """A ring system or spacer in one orientation: exit 1 to the left, exit 2 to the right."""

    smiles: str
    """Canonical, with exits ``[1*]`` and ``[2*]``; empty for a direct bond."""
    reverse: int
    """Index of the same part turned round, in the same table; its own index when it is symmetric."""
    n_heavy: int
    weight: float
    choices: tuple[Choice, ...]
    terminal: bool = True


@dataclass(frozen=True)
class _Form:
    """One way to substitute a core, before orientations are told apart."""

    smiles: str
    turned_round: str
    n_heavy: int


@dataclass(frozen=True)
class _Made:
    """A form with its weight and the choices that made it."""

    form: _Form
    weight: float
    choices: tuple[Choice, ...]
    terminal: bool = True


@lru_cache(maxsize=2)
def ring_parts(family: Family) -> tuple[Part, ...]:
    """All oriented ring systems of a family, substituted in every distinct way."""
    return _oriented(made for core in CORES for made in _substituted(core, family))


@lru_cache(maxsize=1)
def spacer_parts() -> tuple[Part, ...]:
    """All oriented spacers, the direct bond among them."""
    return _oriented(
        _Made(_form(Chem.MolFromSmiles(spacer.smiles)), spacer.weight, ((ChoiceKind.SPACER, spacer.smiles or DIRECT),))
        for spacer in SPACERS
    )


def _oriented(every: Iterable[_Made]) -> tuple[Part, ...]:
    """Close a set of distinct parts under turning round; the orientations of an asymmetric part share its weight."""
    found: dict[str, tuple[_Made, str, float]] = {}
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


def _substituted(core: Core, family: Family) -> Iterator[_Made]:
    """A core bare, with one or two equal substituents and perfluorinated; each form once."""
    bare = Chem.MolFromSmiles(core.smiles)

    def made(form: _Form, weight: float, pattern: str, *more: Choice) -> _Made:
        choices = ((ChoiceKind.CORE, core.smiles), (ChoiceKind.PATTERN, pattern), *more)
        return _Made(form, core.weight * weight, choices, core.terminal)

    yield made(_form(bare), BARE_WEIGHT, "bare")
    sites = [a.GetIdx() for a in bare.GetAtoms() if a.GetSymbol() == "C" and a.GetIsAromatic() and a.GetTotalNumHs()]
    single_ring = bare.GetRingInfo().NumRings() == 1
    allowed = [s for s in SUBSTITUENTS if not (s.is_nitrile and family is Family.BZN) and (s.compact or single_ring)]
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


def _form(molecule: Any) -> _Form:
    """Canonical SMILES in both orientations."""
    smiles = Chem.MolToSmiles(molecule)
    exits = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    turned = Chem.Mol(molecule)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0 and atom.GetIsotope() in (1, 2):
            atom.SetIsotope(3 - atom.GetIsotope())
    return _Form(smiles, Chem.MolToSmiles(turned), molecule.GetNumAtoms() - len(exits))
