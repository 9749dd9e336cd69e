"""Distances: bonds within the window of their elements, everything else far enough apart."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.checks.finding import Finding
from mofa.assemble.checks.structure import Structure, among
from mofa.assemble.checks.windows import (
    AROMATIC_MEAN_ANG,
    FAR_FRACTION,
    FEWEST_AROMATIC_BONDS,
    NEAR_BONDS,
    NEAR_FRACTION,
    POLAR,
    POLAR_HYDROGEN,
    bond_window_ang,
    contact_ang,
)
from mofa.chemistry import BondGraph, Reason
from mofa.chemistry.elements import symbol_of


def bond_lengths(structure: Structure) -> Finding | None:
    """Bonded pairs against the window of their elements and, where it came with the framework, of their order."""
    graph, length = structure.graph, structure.lengths
    order = graph.order if structure.orders_given else np.zeros(len(graph))
    one, two = structure.numbers[graph.i], structure.numbers[graph.j]
    # Bonds of one kind share a number: the elements, and the order in quarters.
    kinds, kind = np.unique((one * 128 + two) * 16 + np.rint(4.0 * order).astype(np.int64), return_inverse=True)
    window = _bond_windows(tuple(kinds.tolist()))[kind]
    excess = np.maximum(window[:, 0] - length, length - window[:, 1])
    wrong = np.flatnonzero(excess > 0.0)
    if not len(wrong):
        return None
    k = int(np.argmax(excess))
    i, j = int(graph.i[k]), int(graph.j[k])
    detail = (
        f"{structure.label(i)}-{structure.label(j)} is {length[k]:.2f} Å, allowed {window[k, 0]:.2f} to"
        f" {window[k, 1]:.2f} ({len(wrong)} bonds out of range)"
    )
    return Reason.BOND_LENGTH, detail, tuple(sorted({*graph.i[wrong].tolist(), *graph.j[wrong].tolist()}))


def aromatic_lengths(structure: Structure) -> Finding | None:
    """The mean of all aromatic C-C bonds: in a cell that is a few per cent too small or too large, all are off."""
    ends = structure.ends
    carbon = structure.are("C")
    rows = structure.aromatic & carbon[ends.centre] & carbon[ends.outer]
    count = int(np.count_nonzero(rows)) // 2
    if count < FEWEST_AROMATIC_BONDS:
        return None
    mean = float(structure.lengths[ends.bond[rows]].mean())
    low, high = AROMATIC_MEAN_ANG
    if low <= mean <= high:
        return None
    detail = (
        f"{count} aromatic C-C bonds are {mean:.3f} Å long on average, allowed {low:.2f} to {high:.2f}: the cell does"
        " not fit its atoms"
    )
    return Reason.BOND_LENGTH, detail, tuple(np.unique(ends.centre[rows]).tolist())


@lru_cache(maxsize=256)
def _bond_windows(kinds: tuple[int, ...]) -> NDArray[np.float64]:
    """Shortest and longest bond of every kind, Å, ``[n_kinds, 2]``."""
    rows = []
    for kind in kinds:
        elements, quarters = divmod(kind, 16)
        rows.append(bond_window_ang(symbol_of(elements // 128), symbol_of(elements % 128), quarters / 4.0))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def contacts(structure: Structure) -> Finding | None:
    """Pairs without a bond against the closest contact of their elements; neighbours of a neighbour are left out."""
    near, far = _contact_limits(structure)
    distance = structure.pairs.distance
    rows = np.flatnonzero(distance < far)
    i, j, _, shift = structure.pairs
    rows = rows[~among(structure.keys(i[rows], j[rows], shift[rows]), _keys_up_to_two_bonds(structure))]
    limit = near[rows]
    for k in np.flatnonzero(distance[rows] >= limit).tolist():
        # Near enough for a clash between molecules, but not within one.
        pair = int(rows[k])
        if not _within(structure.graph, int(i[pair]), (int(j[pair]), tuple(shift[pair].tolist())), NEAR_BONDS):
            limit[k] = far[pair]
    clashing = distance[rows] < limit
    if not clashing.any():
        return None
    rows, limit = rows[clashing], limit[clashing]
    worst = int(np.argmin(distance[rows] - limit))
    i, j = i[rows], j[rows]
    detail = (
        f"{structure.label(int(i[worst]))} and {structure.label(int(j[worst]))} are"
        f" {distance[rows[worst]]:.2f} Å apart without a bond, allowed from {limit[worst]:.2f} ({len(rows)} such pairs)"
    )
    return Reason.CLASH, detail, tuple(sorted({*i.tolist(), *j.tolist()}))


def _contact_limits(structure: Structure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For every pair the closest contact within a molecule and between molecules, Å, each ``[n_pairs]``."""
    elements, kind = structure.elements
    polar = structure.are("H") & (structure.neighbors_that_are(structure.are(*sorted(POLAR))) > 0)
    kind = np.where(polar, len(elements), kind)
    tables = _contact_tables((*elements, POLAR_HYDROGEN))
    i, j = kind[structure.pairs.i], kind[structure.pairs.j]
    return tables[0, i, j], tables[1, i, j]


@lru_cache(maxsize=256)
def _contact_tables(kinds: tuple[str, ...]) -> NDArray[np.float64]:
    """Closest contacts of all kinds, within a molecule and between molecules, Å, ``[2, n_kinds, n_kinds]``."""
    fractions = (NEAR_FRACTION, FAR_FRACTION)
    return np.array([[[contact_ang(a, b, fraction) for b in kinds] for a in kinds] for fraction in fractions])


def _keys_up_to_two_bonds(structure: Structure) -> NDArray[np.int64]:
    """Keys of the pairs that share a bond or a neighbour."""
    return np.concatenate([structure.bond_keys, structure.angle_keys])


def _within(graph: BondGraph, start: int, goal: tuple[int, tuple[int, ...]], most: int) -> bool:
    """Whether an image of an atom is at most so many bonds away."""
    seen, shell = {(start, (0, 0, 0))}, [(start, (0, 0, 0))]
    for _ in range(most):
        following = []
        for atom, (x, y, z) in shell:
            for neighbor, (dx, dy, dz), _ in graph.neighbors[atom]:
                image = (neighbor, (x + dx, y + dy, z + dz))
                if image == goal:
                    return True
                if image not in seen:
                    seen.add(image)
                    following.append(image)
        shell = following
    return False
