"""Substituted ring systems and spacers, each distinct, in every orientation that a chain can take them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
    Substituent,
)


@dataclass(frozen=True)
class Part:
    """A ring system or spacer in one orientation: exit 1 to the left, exit 2 to the right."""

    smiles: str
    """Canonical, with exits ``[1*]`` and ``[2*]``; empty for a direct bond."""
    reverse: int
    """Index of the same part turned round, in the same table; its own index when it is symmetric."""
    n_heavy: int
    weight: float
    terminal: bool = True


@dataclass(frozen=True)
class _Form:
    """One way to substitute a core, before orientations are told apart."""

    smiles: str
    turned_round: str
    n_heavy: int


@lru_cache(maxsize=2)
def ring_parts(family: Family) -> tuple[Part, ...]:
    """All oriented ring systems of a family, substituted in every distinct way."""
    return _oriented((form, weight, core.terminal) for core in CORES for form, weight in _substituted(core, family))


@lru_cache(maxsize=1)
def spacer_parts() -> tuple[Part, ...]:
    """All oriented spacers, the direct bond among them."""
    return _oriented((_form(Chem.MolFromSmiles(spacer.smiles)), spacer.weight, True) for spacer in SPACERS)


def _oriented(forms: Iterable[tuple[_Form, float, bool]]) -> tuple[Part, ...]:
    """Close a set of parts under turning round; the orientations of an asymmetric part share its weight."""
    weights: dict[str, float] = {}
    facts: dict[str, tuple[str, int, bool]] = {}
    for form, weight, terminal in forms:
        for one, other in ((form.smiles, form.turned_round), (form.turned_round, form.smiles)):
            weights[one] = weights.get(one, 0.0) + weight / 2
            facts[one] = (other, form.n_heavy, terminal)
    order = sorted(weights)
    index = {smiles: k for k, smiles in enumerate(order)}
    parts = []
    for smiles in order:
        turned_round, n_heavy, terminal = facts[smiles]
        parts.append(Part(smiles, index[turned_round], n_heavy, weights[smiles], terminal))
    return tuple(parts)


def _substituted(core: Core, family: Family) -> Iterator[tuple[_Form, float]]:
    """A core bare, with one or two equal substituents and perfluorinated; each form once, with its weight."""
    bare = Chem.MolFromSmiles(core.smiles)
    yield _form(bare), core.weight * BARE_WEIGHT
    sites = [a.GetIdx() for a in bare.GetAtoms() if a.GetSymbol() == "C" and a.GetIsAromatic() and a.GetTotalNumHs()]
    single_ring = bare.GetRingInfo().NumRings() == 1
    allowed = [s for s in SUBSTITUENTS if not (s.is_nitrile and family is Family.BZN) and (s.compact or single_ring)]
    total = sum(s.weight for s in allowed)
    patterns = [(1, MONO_WEIGHT), (2, DI_WEIGHT)] if single_ring else [(1, MONO_WEIGHT)]
    for substituent in allowed:
        for count, weight in patterns:
            distinct: dict[str, _Form] = {}
            for chosen in combinations(sites, count):
                form = _form(_with(bare, chosen, substituent))
                distinct.setdefault(min(form.smiles, form.turned_round), form)
            for form in distinct.values():
                yield form, core.weight * weight * substituent.weight / total / len(distinct)
    if single_ring and len(sites) > 2:
        yield _form(_with(bare, tuple(sites), FLUORO)), core.weight * PERFLUORO_WEIGHT


def _with(bare: Any, sites: tuple[int, ...], substituent: Substituent) -> Any:
    """`bare` with the substituent on each of `sites`."""
    editable = Chem.RWMol(bare)
    group = Chem.MolFromSmiles(substituent.smiles)
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
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    return _Form(smiles, Chem.MolToSmiles(turned), molecule.GetNumAtoms() - len(exits))
