"""Where a linker binds: the ends of every family, found in a heavy-atom graph, chosen, and named when they lack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from mofa.chemistry import anchor_groups as groups_of
from mofa.chemistry.anchor_groups import AnchorAtoms, HeavyGraph, neighbor_table
from mofa.chemistry.linker import ENDS_OF_FAMILY, Bond, Family
from mofa.chemistry.rejected import Reason, Rejected, Stage

__all__ = [
    "AnchorAtoms", "anchor_groups", "choose_anchors", "detect_family", "missing_anchors", "neighbor_table",
]  # fmt: skip


@dataclass(frozen=True)
class _Sort:
    """One sort of end: its name and how it is found."""

    one: str
    several: str
    find: Callable[[HeavyGraph], list[AnchorAtoms]]


_ACID = _Sort("carboxylic acid on carbon", "carboxylic acids on carbon", groups_of.carboxylic_acids)
_SORTS = {
    Family.BCA: _ACID,
    Family.TCA: _ACID,
    Family.QCA: _ACID,
    Family.BZN: _Sort("nitrile on carbon", "nitriles on carbon", groups_of.nitriles),
    Family.PYR: _Sort("aromatic N without H", "aromatic N without H", groups_of.pyridyls),
    Family.AMN: _Sort("tertiary amine", "tertiary amines", groups_of.tertiary_amines),
    Family.IMD: _Sort("nitrogen of an NH azole", "nitrogens of an NH azole", groups_of.azole_nitrogens),
}
_NITROGENS = (Family.BZN, Family.PYR, Family.AMN, Family.IMD)


def anchor_groups(
    family: Family,
    symbols: Sequence[str],
    bonds: Sequence[Bond],
    positions: ArrayLike,
    hydrogens: Sequence[int] | None = None,
) -> list[AnchorAtoms]:
    """Every group of a heavy-atom graph that could be an end of a linker of `family`.

    Args:
        family: what to look for, see `mofa.chemistry.anchor_groups`.
        symbols: heavy atoms only.
        bonds: among those atoms; aromatic ones as 1.5, order 0 where it is not known.
        positions: Å, ``[n_atoms, 3]``; read where orders or hydrogens are not known, and to find flat rings.
        hydrogens: on each atom; None where not known.
    """
    return _SORTS[family].find(_graph(symbols, bonds, positions, hydrogens))


def choose_anchors(
    family: Family, groups: Sequence[AnchorAtoms], symbols: Sequence[str], positions: ArrayLike
) -> tuple[AnchorAtoms, ...] | None:
    """As many groups as the family has ends, those that span the linker; None when there are too few.

    With more groups than ends, those bind whose first atoms lie farthest apart (largest sum of distances); the others
    stay as they are. The two nitrogens of an azole are of one ring and not bonded to each other, with a carbon between
    them where the ring has such a pair.

    Args:
        family: decides how many.
        groups: from `anchor_groups`.
        symbols: heavy atoms only.
        positions: Å, ``[n_atoms, 3]``.
    """
    x = np.asarray(positions, dtype=float)
    if family is Family.IMD:
        pairs = _bridging_pairs(groups, symbols)
        return max(pairs, key=lambda pair: (pair[1], _spread(x, pair[0])), default=(None,))[0]
    chosen = combinations(groups, ENDS_OF_FAMILY[family].count)
    return max(chosen, key=lambda some: _spread(x, some), default=None)


def detect_family(
    symbols: Sequence[str],
    bonds: Sequence[Bond],
    positions: ArrayLike,
    hydrogens: Sequence[int] | None = None,
) -> Family | None:
    """The family whose ends the molecule has; None when it has the ends of none.

    Carboxylic acids come first: two make a BCA, three a TCA, four a QCA (more than four a BCA, through the two farthest
    apart). Failing these two nitriles, two aromatic N without H, two tertiary amines, an NH azole, in this order. An
    azole is no pyridyl linker for nitrogens of its own ring or for two with one atom between them (a purine's).
    """
    graph = _graph(symbols, bonds, positions, hydrogens)
    n_acids = len(_ACID.find(graph))
    if n_acids >= 2:
        return {3: Family.TCA, 4: Family.QCA}.get(n_acids, Family.BCA)
    found = {family: _SORTS[family].find(graph) for family in _NITROGENS}
    azoles = found[Family.IMD]
    if azoles:
        found[Family.PYR] = [group for group in found[Family.PYR] if group not in azoles]
        spanning = choose_anchors(Family.PYR, found[Family.PYR], symbols, positions)
        if spanning and set(spanning[0]) & set(spanning[1]):
            found[Family.PYR] = []
    return next((family for family in _NITROGENS if len(found[family]) >= ENDS_OF_FAMILY[family].count), None)


def missing_anchors(
    family: Family | None,
    symbols: Sequence[str],
    bonds: Sequence[Bond],
    positions: ArrayLike,
    hydrogens: Sequence[int] | None = None,
    *,
    name: str = "the molecule",
) -> Rejected:
    """The refusal of a molecule with too few ends: which it has, on which atoms, and which are needed."""
    graph = _graph(symbols, bonds, positions, hydrogens)
    looked_for = (family,) if family else (Family.BCA, *_NITROGENS)
    seen = {wanted: _SORTS[wanted].find(graph) for wanted in looked_for}
    told = [_counted(_SORTS[wanted], found, symbols) for wanted, found in seen.items() if found or family]
    has = ", ".join(told) or "no group that binds a metal"
    if family:
        needs = f"{family} needs {ENDS_OF_FAMILY[family].count}"
    else:
        needs = "a linker needs 2 to 4 carboxylic acids, 2 nitriles, 2 pyridyls, 2 tertiary amines or an NH azole"
    atoms = tuple(sorted({group[0] for found in seen.values() for group in found}))
    return Rejected(Stage.PROCESS, Reason.NO_ANCHORS, f"{name} has {has}; {needs}", atoms)


def _graph(
    symbols: Sequence[str], bonds: Sequence[Bond], positions: ArrayLike, hydrogens: Sequence[int] | None
) -> HeavyGraph:
    table = neighbor_table(len(symbols), bonds)
    return HeavyGraph(symbols, table, np.asarray(positions, dtype=float).reshape(-1, 3), hydrogens)


def _counted(sort: _Sort, found: Sequence[AnchorAtoms], symbols: Sequence[str]) -> str:
    """Such as ``1 nitrile on carbon (N4)``; atoms are numbered from 1 among the heavy ones."""
    where = ", ".join(f"{symbols[group[0]]}{group[0] + 1}" for group in found)
    what = f"{len(found) or 'no'} {sort.one if len(found) == 1 else sort.several}"
    return f"{what} ({where})" if found else what


def _bridging_pairs(
    groups: Sequence[AnchorAtoms], symbols: Sequence[str]
) -> list[tuple[tuple[AnchorAtoms, AnchorAtoms], bool]]:
    """Pairs of ring nitrogens with one atom between them, and whether that is a carbon."""
    pairs = []
    for first, second in combinations(groups, 2):
        between = set(first[1:]) & set(second[1:])
        if between and second[0] not in first:
            pairs.append(((first, second), all(symbols[k] == "C" for k in between)))
    return pairs


def _spread(x: np.ndarray, groups: Sequence[AnchorAtoms]) -> float:
    """Sum of the distances between the binding atoms, Å."""
    return float(sum(np.linalg.norm(x[a[0]] - x[b[0]]) for a, b in combinations(groups, 2)))
