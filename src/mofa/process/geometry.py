"""Bond lengths, angles and connectivity of single molecules: reference values and windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from mofa.chemistry import Bond, Reason, Rejected, Stage
from mofa.chemistry.anchors import neighbor_table
from mofa.chemistry.elements import covalent_radius_ang

# Covalent radii of single, double and triple bonds, Å. DOI 10.1002/chem.200800987, 10.1002/chem.200901472,
# 10.1002/chem.200401299.
_RADII_ANG = {
    "H": (0.32,),
    "B": (0.85, 0.78, 0.73),
    "C": (0.75, 0.67, 0.60),
    "N": (0.71, 0.60, 0.54),
    "O": (0.63, 0.57, 0.53),
    "F": (0.64,),
    "Si": (1.16, 1.07, 1.02),
    "P": (1.11, 1.02, 0.94),
    "S": (1.03, 0.94, 0.95),
    "Cl": (0.99,),
    "Ge": (1.21, 1.11, 1.14),
    "As": (1.21, 1.14, 1.06),
    "Se": (1.16, 1.07, 1.07),
    "Br": (1.14,),
    "Te": (1.36, 1.28, 1.21),
    "I": (1.33,),
}
BONDING_TOLERANCE_ANG = 0.30
SMALLEST_ANGLE_DEG = {3: 52.0, 4: 70.0}
"""Lowest angle inside a ring of that size (74° in bicyclo[1.1.1]pentane); elsewhere `SMALLEST_OPEN_ANGLE_DEG`."""
SMALLEST_OPEN_ANGLE_DEG = 84.0
SMALLEST_SP_ANGLE_DEG = 155.0


def reference_length_ang(a: str, b: str, order: int) -> float | None:
    """Usual length of an a-b bond of order 1, 2 or 3, Å; None where the elements do not form one."""
    radii_a, radii_b = _RADII_ANG.get(a, ()), _RADII_ANG.get(b, ())
    if order > len(radii_a) or order > len(radii_b):
        return None
    return radii_a[order - 1] + radii_b[order - 1]


@lru_cache(maxsize=4096)
def length_window_ang(a: str, b: str, order: float, slack_ang: float) -> tuple[float, float]:
    """Shortest and longest sensible length of a bond, Å: the reference of its order, or of both neighbours of 1.5."""
    orders = (1, 2) if order == 1.5 else (int(order),)
    known = [length for k in orders if (length := reference_length_ang(a, b, k)) is not None]
    references = known or [covalent_radius_ang(a) + covalent_radius_ang(b)]
    # Conjugation shortens single bonds towards double ones: 1.34 Å C-O in acids, 1.36 Å C-N in amides.
    conjugation = 0.08 if order == 1.0 and "H" not in (a, b) else 0.0
    return min(references) - slack_ang - conjugation, max(references) + slack_ang


def connected_pairs(symbols: Sequence[str], positions: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs i < j of an isolated molecule that are near enough to be bonded; hydrogens get their nearest atom only."""
    radius = np.array([covalent_radius_ang(symbol) for symbol in symbols])
    hydrogen = np.array([symbol == "H" for symbol in symbols])
    distance = squareform(pdist(positions))
    near = distance < radius[:, None] + radius[None, :] + BONDING_TOLERANCE_ANG
    near &= ~(hydrogen[:, None] | hydrogen[None, :])
    np.fill_diagonal(near, False)
    pairs = [(int(i), int(j)) for i, j in np.argwhere(np.triu(near))]
    heavy = np.flatnonzero(~hydrogen)
    for k in np.flatnonzero(hydrogen).tolist():
        nearest = int(heavy[np.argmin(distance[k, heavy])])
        pairs.append((min(k, nearest), max(k, nearest)))
    return sorted(pairs)


def check_lengths(
    symbols: Sequence[str], positions: NDArray[np.float64], bonds: Sequence[Bond], slack_ang: float
) -> Rejected | None:
    """Refuse a bond outside the window of its elements and order."""
    points = positions.tolist()
    for bond in bonds:
        a, b = symbols[bond.i], symbols[bond.j]
        length = math.dist(points[bond.i], points[bond.j])
        low, high = length_window_ang(a, b, bond.order, slack_ang)
        if not low <= length <= high:
            detail = (
                f"{a}{bond.i + 1}-{b}{bond.j + 1} (order {bond.order:g}) is {length:.2f} Å long,"
                f" outside {low:.2f} to {high:.2f} Å"
            )
            return Rejected(Stage.PROCESS, Reason.BOND_LENGTH, detail, (bond.i, bond.j))
    return None


def check_angles(
    symbols: Sequence[str],
    positions: NDArray[np.float64],
    bonds: Sequence[Bond],
    rings: Sequence[tuple[int, ...]],
    slack_deg: float,
) -> Rejected | None:
    """Refuse an angle too sharp for its surroundings, and a bent atom that should be linear.

    Args:
        symbols: of all atoms given.
        positions: Å, ``[n_atoms, 3]``.
        bonds: with orders.
        rings: atoms of every small ring.
        slack_deg: by how much the limits are widened, degrees.
    """
    table = neighbor_table(len(symbols), bonds)
    points = positions.tolist()
    tight: dict[tuple[int, frozenset[int]], float] = {}
    for ring in rings:
        if len(ring) in SMALLEST_ANGLE_DEG:
            for k, centre in enumerate(ring):
                ends = frozenset((ring[k - 1], ring[(k + 1) % len(ring)]))
                tight[centre, ends] = SMALLEST_ANGLE_DEG[len(ring)]
    for centre, neighbors in enumerate(table):
        linear = len(neighbors) == 2 and (3.0 in neighbors.values() or list(neighbors.values()) == [2.0, 2.0])
        around = sorted(neighbors)
        for k, i in enumerate(around):
            for j in around[k + 1 :]:
                angle = angle_deg(points[i], points[centre], points[j])
                least = tight.get((centre, frozenset((i, j))), SMALLEST_OPEN_ANGLE_DEG)
                least = SMALLEST_SP_ANGLE_DEG if linear and symbols[centre] in ("C", "N") else least
                if angle < least - slack_deg:
                    name = f"{symbols[i]}{i + 1}-{symbols[centre]}{centre + 1}-{symbols[j]}{j + 1}"
                    detail = f"{name} is {angle:.0f}°, below {least - slack_deg:.0f}°"
                    return Rejected(Stage.PROCESS, Reason.BOND_ANGLE, detail, (i, centre, j))
    return None


def angle_deg(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    """Angle a-b-c of three points, degrees."""
    dot = sum((p - q) * (r - q) for p, q, r in zip(a, b, c, strict=True))
    cosine = dot / max(math.dist(a, b) * math.dist(b, c), 1e-12)
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))


def aligned_rmsd_ang(moved: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Root-mean-square distance after the best superposition, Å; both ``[n, 3]``. DOI 10.1107/S0567739476001873."""
    from scipy.spatial.transform import Rotation

    a, b = moved - moved.mean(axis=0), reference - reference.mean(axis=0)
    rotation, _ = Rotation.align_vectors(b, a)
    return float(np.sqrt(((rotation.apply(a) - b) ** 2).sum(axis=1).mean()))
