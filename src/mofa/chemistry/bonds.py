"""Periodic bond graphs: perceive them from a geometry, compare them, and ask what they connect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry.arrays import frozen_floats, frozen_ints
from mofa.chemistry.elements import covalent_radius_ang, is_metal

NONMETAL_TOLERANCE_ANG = 0.30
METAL_TOLERANCE_ANG = 0.45
# Two metals count as bonded when they are this close and bridged by this many carboxylates: a paddlewheel.
METAL_METAL_MAX_ANG = 3.2
PADDLEWHEEL_MIN_BRIDGES = 3


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


def neighbor_pairs(
    symbols: tuple[str, ...], positions: ArrayLike, cell: ArrayLike, cutoff_ang: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Periodic pairs within `cutoff_ang`, each once: i, j, distance (Å), shift of j."""
    from matscipy.neighbours import neighbour_list

    i, j, distance, shift = neighbour_list(
        "ijdS",
        positions=np.asarray(positions, dtype=float),
        cell=np.asarray(cell, dtype=float),
        pbc=np.ones(3, dtype=bool),
        numbers=np.ones(len(symbols), dtype=np.int32),
        cutoff=cutoff_ang,
    )
    positive = (shift[:, 0] > 0) | ((shift[:, 0] == 0) & ((shift[:, 1] > 0) | ((shift[:, 1] == 0) & (shift[:, 2] > 0))))
    keep = (i < j) | ((i == j) & positive)
    return (
        i[keep].astype(np.int64),
        j[keep].astype(np.int64),
        distance[keep].astype(np.float64),
        shift[keep].astype(np.int64),
    )


def perceive(symbols: tuple[str, ...], positions: ArrayLike, cell: ArrayLike) -> BondGraph:
    """Connectivity from distances: covalent radii plus a tolerance; orders are left at 0 among nonmetals.

    Metals bond to nonmetals other than H (carbon only within the plain nonmetal tolerance) and to one another only
    across a paddlewheel. Coordinates may lie outside the cell.
    """
    radius = np.array([covalent_radius_ang(symbol) for symbol in symbols])
    metal = np.array([is_metal(symbol) for symbol in symbols])
    hydrogen = np.array([symbol == "H" for symbol in symbols])
    cutoff = max(2 * float(radius.max()) + METAL_TOLERANCE_ANG, METAL_METAL_MAX_ANG)
    i, j, distance, shift = neighbor_pairs(symbols, positions, cell, cutoff)
    n_metal = metal[i].astype(int) + metal[j].astype(int)
    tolerance = np.where(n_metal == 0, NONMETAL_TOLERANCE_ANG, METAL_TOLERANCE_ANG)
    with_light = np.array([symbol in ("C", "H") for symbol in symbols])
    tolerance = np.where((n_metal == 1) & (with_light[i] | with_light[j]), 0.0, tolerance)
    bonded = (distance < radius[i] + radius[j] + tolerance) & (n_metal < 2) & ~(hydrogen[i] & hydrogen[j])
    bonded &= ~((hydrogen[i] | hydrogen[j]) & (distance > 1.35))
    order = np.where(n_metal == 1, 0.5, 0.0)
    graph = BondGraph(len(symbols), i[bonded], j[bonded], shift[bonded], order[bonded])
    graph = _one_bond_per_hydrogen(graph, hydrogen, distance[bonded])
    near = (n_metal == 2) & (distance < METAL_METAL_MAX_ANG)
    return _with_paddlewheels(graph, i[near], j[near], shift[near], symbols)


def _one_bond_per_hydrogen(graph: BondGraph, hydrogen: NDArray[np.bool_], distance: NDArray[np.float64]) -> BondGraph:
    """Keep only the shortest bond of each hydrogen atom."""
    best: dict[int, int] = {}
    for k in np.argsort(distance).tolist():
        for atom in (int(graph.i[k]), int(graph.j[k])):
            if hydrogen[atom]:
                best.setdefault(atom, k)
    keep = np.array(
        [
            all(not hydrogen[atom] or best[atom] == k for atom in (int(graph.i[k]), int(graph.j[k])))
            for k in range(len(graph))
        ],
        dtype=bool,
    )
    return BondGraph(graph.n_atoms, graph.i[keep], graph.j[keep], graph.shift[keep], graph.order[keep])


def _with_paddlewheels(
    graph: BondGraph,
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    shift: NDArray[np.int64],
    symbols: tuple[str, ...],
) -> BondGraph:
    """Add a metal-metal bond (order 0.25) where at least three O-C-O groups bridge the pair."""
    added = []
    for a, b, s in zip(i.tolist(), j.tolist(), shift.tolist(), strict=True):
        carbons_a = _carbons_beyond_oxygen(graph, a, (0, 0, 0), symbols)
        carbons_b = _carbons_beyond_oxygen(graph, b, (s[0], s[1], s[2]), symbols)
        if len(carbons_a & carbons_b) >= PADDLEWHEEL_MIN_BRIDGES:
            added.append((a, b, s))
    if not added:
        return graph
    return BondGraph(
        graph.n_atoms,
        np.concatenate([graph.i, [a for a, _, _ in added]]),
        np.concatenate([graph.j, [b for _, b, _ in added]]),
        np.concatenate([graph.shift, [s for _, _, s in added]]),
        np.concatenate([graph.order, np.full(len(added), 0.25)]),
    )


def _carbons_beyond_oxygen(
    graph: BondGraph, metal: int, at: tuple[int, int, int], symbols: tuple[str, ...]
) -> set[tuple[int, int, int, int]]:
    """Images of carbon atoms two bonds from a metal, through oxygen."""
    found = set()
    for oxygen, shift_o, _ in graph.neighbors[metal]:
        if symbols[oxygen] != "O":
            continue
        for carbon, shift_c, _ in graph.neighbors[oxygen]:
            if symbols[carbon] == "C":
                x, y, z = (at[k] + shift_o[k] + shift_c[k] for k in range(3))
                found.add((carbon, x, y, z))
    return found
