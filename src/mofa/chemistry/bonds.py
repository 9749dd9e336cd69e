"""Periodic bond graphs: perceive them from a geometry, compare them, and ask what they connect."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry.arrays import frozen_floats, frozen_ints
from mofa.chemistry.elements import COVALENT_RADII_ANG, METALS, atomic_number, numbers_of

NONMETAL_TOLERANCE_ANG = 0.30
METAL_TOLERANCE_ANG = 0.45
# Two metals count as bonded when they are this close and bridged by this many carboxylates: a paddlewheel.
METAL_METAL_MAX_ANG = 3.2
PADDLEWHEEL_MIN_BRIDGES = 3
LONGEST_HYDROGEN_BOND_ANG = 1.35
HYDROGEN_TOLERANCE_ANG = 0.10

_HYDROGEN, _CARBON, _OXYGEN = (atomic_number(symbol) for symbol in ("H", "C", "O"))


@dataclass(frozen=True, eq=False)
class BondGraph:
    """Bonds of a periodic structure, each stored once.

    Bond k joins atom ``i[k]`` of the home cell to atom ``j[k]`` of the cell at ``shift[k]``; it holds for the
    coordinates as they stand (not wrapped).
    """

    n_atoms: int
    i: NDArray[np.int64]
    j: NDArray[np.int64]
    shift: NDArray[np.int64]
    """Cell offset of atom j, ``[n_bonds, 3]``."""
    order: NDArray[np.float64]
    """1, 1.5, 2 or 3 among nonmetals; 0.5 metal-nonmetal; 0.25 metal-metal; 0 where not known."""

    def __post_init__(self) -> None:
        n = len(np.asarray(self.i))
        for name in ("i", "j"):
            object.__setattr__(self, name, frozen_ints(getattr(self, name), (n,)))
        object.__setattr__(self, "shift", frozen_ints(self.shift, (n, 3)))
        object.__setattr__(self, "order", frozen_floats(self.order, (n,)))

    def __len__(self) -> int:
        return len(self.i)

    @cached_property
    def neighbors(self) -> tuple[tuple[tuple[int, tuple[int, int, int], float], ...], ...]:
        """For every atom its neighbours as (atom, cell shift, order)."""
        table: list[list[tuple[int, tuple[int, int, int], float]]] = [[] for _ in range(self.n_atoms)]
        for i, j, (x, y, z), order in zip(
            self.i.tolist(), self.j.tolist(), self.shift.tolist(), self.order.tolist(), strict=True
        ):
            table[i].append((j, (x, y, z), order))
            table[j].append((i, (-x, -y, -z), order))
        return tuple(tuple(row) for row in table)

    @cached_property
    def coordination(self) -> NDArray[np.int64]:
        """Number of bonds of every atom, ``[n_atoms]``."""
        counts = np.bincount(self.i, minlength=self.n_atoms) + np.bincount(self.j, minlength=self.n_atoms)
        return counts.astype(np.int64)

    def keys(self) -> set[tuple[int, int, int, int, int]]:
        """Bonds as (i, j, shift) with a canonical direction: two equal sets are the same graph."""
        found = set()
        for i, j, (x, y, z) in zip(self.i.tolist(), self.j.tolist(), self.shift.tolist(), strict=True):
            found.add(min((i, j, x, y, z), (j, i, -x, -y, -z)))
        return found

    def components(self) -> list[tuple[tuple[int, ...], int]]:
        """Connected components as (atoms, periodicity rank); rank 3 is a framework, 0 a molecule."""
        seen = [False] * self.n_atoms
        found = []
        for start in range(self.n_atoms):
            if seen[start]:
                continue
            offset: dict[int, NDArray[np.int64]] = {start: np.zeros(3, dtype=np.int64)}
            loops: set[tuple[int, ...]] = set()
            stack = [start]
            while stack:
                atom = stack.pop()
                seen[atom] = True
                for neighbor, shift, _ in self.neighbors[atom]:
                    there = offset[atom] + np.array(shift)
                    if neighbor not in offset:
                        offset[neighbor] = there
                        stack.append(neighbor)
                    else:
                        loop = there - offset[neighbor]
                        if loop.any():
                            loops.add(tuple(int(x) for x in loop))
            rank = int(np.linalg.matrix_rank(np.array(sorted(loops)))) if loops else 0
            found.append((tuple(sorted(offset)), rank))
        return found

    def unwrapped_components(self, skip: frozenset[int] = frozenset()) -> list[dict[int, tuple[int, int, int]]]:
        """Pieces left when the atoms in `skip` are removed, each as atom -> cell offset that makes it whole."""
        pieces: list[dict[int, tuple[int, int, int]]] = []
        seen = set(skip)
        for start in range(self.n_atoms):
            if start in seen:
                continue
            piece = {start: (0, 0, 0)}
            stack = [start]
            while stack:
                atom = stack.pop()
                x, y, z = piece[atom]
                for neighbor, (dx, dy, dz), _ in self.neighbors[atom]:
                    if neighbor not in piece and neighbor not in skip:
                        piece[neighbor] = (x + dx, y + dy, z + dz)
                        stack.append(neighbor)
            seen.update(piece)
            pieces.append(piece)
        return pieces

    def vectors(self, positions: ArrayLike, cell: ArrayLike) -> NDArray[np.float64]:
        """Bond vectors from i to j, Å, ``[n_bonds, 3]``."""
        x = np.asarray(positions, dtype=float)
        result: NDArray[np.float64] = x[self.j] + self.shift @ np.asarray(cell, dtype=float) - x[self.i]
        return result


class Pairs(NamedTuple):
    """Periodic pairs of atoms, each once."""

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    distance: NDArray[np.float64]
    """Å, ``[n_pairs]``."""
    shift: NDArray[np.int64]
    """Cell offset of atom j, ``[n_pairs, 3]``."""


def neighbor_pairs(symbols: tuple[str, ...], positions: ArrayLike, cell: ArrayLike, cutoff_ang: float) -> Pairs:
    """All periodic pairs of atoms within `cutoff_ang`."""
    from matscipy.neighbours import neighbour_list

    i, j, distance, shift = neighbour_list(
        "ijdS",
        positions=np.asarray(positions, dtype=float),
        cell=np.asarray(cell, dtype=float),
        pbc=np.ones(3, dtype=bool),
        numbers=np.ones(len(symbols), dtype=np.int32),
        cutoff=cutoff_ang,
    )
    keep = i < j
    same = np.flatnonzero(i == j)
    if len(same):
        x, y, z = shift[same].T
        keep[same] = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    return Pairs(
        i[keep].astype(np.int64),
        j[keep].astype(np.int64),
        distance[keep].astype(np.float64),
        shift[keep].astype(np.int64),
    )


def perception_reach_ang(symbols: tuple[str, ...]) -> float:
    """Length that no bond of `perceive` exceeds, Å."""
    return _reach_ang(numbers_of(symbols))


def perceive(
    symbols: tuple[str, ...], positions: ArrayLike, cell: ArrayLike, *, pairs: Pairs | None = None
) -> BondGraph:
    """Connectivity from distances: covalent radii plus a tolerance; orders are left at 0 among nonmetals.

    Metals bond to nonmetals other than H (carbon only within the plain nonmetal tolerance) and to one another only
    across a paddlewheel. Coordinates may lie outside the cell.

    Args:
        symbols: element symbols.
        positions: Cartesian, Å, ``[n_atoms, 3]``.
        cell: lattice vectors as rows, Å, ``[3, 3]``.
        pairs: all pairs up to at least `perception_reach_ang`, where they are known already.
    """
    numbers = numbers_of(symbols)
    if pairs is None:
        pairs = neighbor_pairs(symbols, positions, cell, _reach_ang(numbers))
    i, j, distance, shift = pairs
    metal, hydrogen = METALS[numbers], numbers == _HYDROGEN
    n_metal = metal[i].astype(np.int64) + metal[j]
    with_hydrogen = hydrogen[i] | hydrogen[j]
    light = hydrogen | (numbers == _CARBON)
    tolerance = np.where(n_metal == 0, NONMETAL_TOLERANCE_ANG, METAL_TOLERANCE_ANG)
    tolerance[(n_metal == 1) & (light[i] | light[j])] = 0.0
    radius = COVALENT_RADII_ANG[numbers]
    bonded = (distance < radius[i] + radius[j] + tolerance) & (n_metal < 2) & ~(hydrogen[i] & hydrogen[j])
    # Bonds to S, P and Si are longer than those to C, N and O.
    longest = np.where(n_metal == 0, radius[i] + radius[j] + HYDROGEN_TOLERANCE_ANG, 0.0)
    bonded &= ~(with_hydrogen & (distance > np.maximum(longest, LONGEST_HYDROGEN_BOND_ANG)))
    rows = np.flatnonzero(bonded)
    rows = rows[_shortest_of_hydrogens(i[rows], j[rows], distance[rows], hydrogen)]
    order = np.where(n_metal[rows] == 1, 0.5, 0.0)
    near = np.flatnonzero((n_metal == 2) & (distance < METAL_METAL_MAX_ANG))
    if len(near):
        wheels = near[_bridged(numbers, metal, (i[rows], j[rows], shift[rows]), (i[near], j[near], shift[near]))]
        rows = np.concatenate([rows, wheels])
        order = np.concatenate([order, np.full(len(wheels), 0.25)])
    return BondGraph(len(symbols), i[rows], j[rows], shift[rows], order)


def _reach_ang(numbers: NDArray[np.int64]) -> float:
    radius, metal = COVALENT_RADII_ANG[numbers], METALS[numbers]
    nonmetal = float(radius[~metal].max(initial=0.0))
    reach = 2.0 * nonmetal + NONMETAL_TOLERANCE_ANG
    if metal.any():
        reach = max(reach, nonmetal + float(radius[metal].max()) + METAL_TOLERANCE_ANG, METAL_METAL_MAX_ANG)
    return reach


def _shortest_of_hydrogens(
    i: NDArray[np.int64], j: NDArray[np.int64], distance: NDArray[np.float64], hydrogen: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which bonds stay when every hydrogen keeps its shortest one only, ``[n_bonds]``."""
    rank = np.empty(len(i), dtype=np.int64)
    rank[np.argsort(distance, kind="stable")] = np.arange(len(i))
    first = np.full(len(hydrogen), len(i), dtype=np.int64)
    np.minimum.at(first, i, rank)
    np.minimum.at(first, j, rank)
    return np.asarray((~hydrogen[i] | (first[i] == rank)) & (~hydrogen[j] | (first[j] == rank)), dtype=np.bool_)


_Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
_Image = tuple[int, int, int, int]


def _bridged(
    numbers: NDArray[np.int64], metal: NDArray[np.bool_], bonds: _Columns, near: _Columns
) -> NDArray[np.bool_]:
    """Which pairs of metals are bridged by at least three O-C-O groups, ``[n_near]``."""
    of_metal: dict[int, list[_Image]] = defaultdict(list)
    of_oxygen: dict[int, list[_Image]] = defaultdict(list)
    oxygen = numbers == _OXYGEN
    rows = np.flatnonzero(oxygen[bonds[0]] | oxygen[bonds[1]])
    for a, b, (x, y, z) in zip(*(column[rows].tolist() for column in bonds), strict=True):
        for start, end, image in ((a, b, (b, x, y, z)), (b, a, (a, -x, -y, -z))):
            if metal[start]:
                of_metal[start].append(image)
            elif numbers[end] == _CARBON:
                of_oxygen[start].append(image)

    def oxygens_of_carbons(atom: int, x: int, y: int, z: int) -> dict[_Image, set[_Image]]:
        """Carbons two bonds from an image of a metal, with the oxygens between."""
        between: dict[_Image, set[_Image]] = defaultdict(set)
        for o, dx, dy, dz in of_metal[atom]:
            for c, ex, ey, ez in of_oxygen[o]:
                between[c, x + dx + ex, y + dy + ey, z + dz + ez].add((o, x + dx, y + dy, z + dz))
        return between

    found = []
    for a, b, (x, y, z) in zip(*(column.tolist() for column in near), strict=True):
        one, two = oxygens_of_carbons(a, 0, 0, 0), oxygens_of_carbons(b, x, y, z)
        # An oxygen on both metals, such as a phenolate's, is no O-C-O bridge.
        bridges = sum(len(one[carbon] | two[carbon]) > 1 for carbon in one.keys() & two.keys())
        found.append(bridges >= PADDLEWHEEL_MIN_BRIDGES)
    return np.array(found, dtype=np.bool_)
