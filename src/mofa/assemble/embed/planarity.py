"""Turn a linker's end rings about the bonds that hold them, so that both can lie in the planes of their carboxylates.

A biphenyl or a tolane comes with its rings at any angle; in a framework its two carboxylates say how they should lie to
one another. The ends are turned towards that as far as the linker's own atoms leave room.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.graphs import bonds_from, contact_kinds, neighbors, side_of
from mofa.assemble.embed.geometry import end_normal, is_straight
from mofa.assemble.embed.soft import CONJUGATION_KCAL_PER_MOL, REPULSION_KCAL_PER_MOL_PER_ANG2, soft_limits
from mofa.chemistry import Linker

STEP_DEG = 7.5
# A bond further than this from the exit's direction would swing the end about instead of turning it.
MAX_TILT_DEG = 12.0
# Atoms up to this many bonds apart across the bond stay about as far apart however it turns.
_NEAR_BONDS = 3


def with_ends_turned(linker: Linker, twist_rad: float) -> Linker:
    """The linker with its end rings turned so that their planes make an angle.

    Args:
        linker: with two ends; one that is bent, or has no bond to turn an end about, comes back as it is.
        twist_rad: wanted angle from the plane of one end to that of the other about the linker's axis.
    """
    if len(linker.anchors) != 2 or not is_straight(linker):
        return linker
    return _turned(linker, round(twist_rad, 3))


@lru_cache(maxsize=1024)
def _turned(linker: Linker, twist_rad: float) -> Linker:
    normals = [end_normal(linker, anchor) for anchor in linker.anchors]
    hinges = [_hinge(linker, end) for end in (0, 1)]
    if any(normal is None for normal in normals) or not any(hinges):
        return linker
    if hinges[0] and hinges[1] and set(hinges[0]) == set(hinges[1]):
        hinges[1] = None  # one bond turns both ends against one another
    x = linker.positions
    first, second = (x[anchor.dummy] for anchor in linker.anchors)
    axis = (second - first) / np.linalg.norm(second - first)
    angles = np.arange(0.0, 2.0 * np.pi, np.radians(STEP_DEG))
    energies, turns, seen = [], [], []
    for end, hinge in enumerate(hinges):
        used = angles if hinge is not None else np.zeros(1)
        energies.append(np.zeros(1) if hinge is None else _repulsion(linker, hinge, used))
        sign = 1.0 if hinge is None or (x[hinge[1]] - x[hinge[0]]) @ axis > 0.0 else -1.0
        turns.append(used)
        seen.append(_angle_about(axis, np.asarray(normals[end])) + sign * used)
    off = seen[1][None, :] - seen[0][:, None] - twist_rad
    # Half of the misfit falls on either end when the whole linker settles between its carboxylates.
    conjugation = CONJUGATION_KCAL_PER_MOL * (1.0 - np.abs(np.cos(off)))
    total = conjugation + energies[0][:, None] + energies[1][None, :]
    moved = np.minimum(turns[0], 2.0 * np.pi - turns[0])[:, None] + np.minimum(turns[1], 2.0 * np.pi - turns[1])
    best = np.unravel_index(int(np.argmin(np.round(total, 3) + 1e-6 * moved)), total.shape)
    positions = x
    for end, hinge in enumerate(hinges):
        if hinge is not None:
            positions = _with_end_turned(linker, positions, hinge, float(turns[end][best[end]]))
    return replace(linker, positions=positions)


def _hinge(linker: Linker, end: int) -> tuple[int, int] | None:
    """The bond (inner atom, outer atom) nearest to an end that turns it about its exit; None where there is none."""
    x, anchor = linker.positions, linker.anchors[end]
    other = linker.anchors[1 - end]
    exit_vector = x[anchor.dummy] - x[anchor.neighbor]
    depth = bonds_from(linker, anchor.dummy)
    found: list[tuple[int, int, int]] = []
    for bond in linker.bonds:
        if bond.order != 1.0 or anchor.dummy in (bond.i, bond.j) or other.dummy in (bond.i, bond.j):
            continue
        inner, outer = (bond.i, bond.j) if depth[bond.i] > depth[bond.j] else (bond.j, bond.i)
        moving = side_of(neighbors(linker), outer, inner)
        if inner in moving or anchor.dummy not in moving or other.neighbor in moving:
            continue
        along = x[outer] - x[inner]
        cosine = abs(along @ exit_vector) / np.linalg.norm(along) / np.linalg.norm(exit_vector)
        if cosine > np.cos(np.radians(MAX_TILT_DEG)):
            found.append((int(depth[outer]), inner, outer))
    return min(found)[1:] if found else None


def _repulsion(linker: Linker, hinge: tuple[int, int], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Repulsion between an end and the rest of the linker at every turn, kcal/mol, ``[n_angles]``."""
    moving = sorted(side_of(neighbors(linker), hinge[1], hinge[0]))
    rest = sorted(set(range(len(linker.symbols))) - set(moving))
    names, kind = np.unique(contact_kinds(linker), return_inverse=True)
    limit = soft_limits(tuple(names.tolist()))[np.ix_(kind[moving], kind[rest])]
    apart = bonds_from(linker, hinge[1])[moving][:, None] + bonds_from(linker, hinge[0])[rest][None, :] + 1
    limit = np.where(apart > _NEAR_BONDS, limit, 0.0)
    turned = np.array([_with_end_turned(linker, linker.positions, hinge, float(a))[moving] for a in angles])
    distance = np.linalg.norm(turned[:, :, None] - linker.positions[rest][None, None], axis=3)
    overlap = np.maximum(limit - distance, 0.0)
    energy: NDArray[np.float64] = 0.5 * REPULSION_KCAL_PER_MOL_PER_ANG2 * (overlap**2).sum(axis=(1, 2))
    return energy


def _with_end_turned(
    linker: Linker, positions: NDArray[np.float64], hinge: tuple[int, int], angle_rad: float
) -> NDArray[np.float64]:
    """Positions with everything beyond a bond turned about it, Å, ``[n_atoms, 3]``."""
    inner, outer = hinge
    moving = sorted(side_of(neighbors(linker), outer, inner))
    origin = positions[inner]
    axis = (positions[outer] - origin) / np.linalg.norm(positions[outer] - origin)
    arms = positions[moving] - origin
    along = (arms @ axis)[:, None] * axis
    turned = positions.copy()
    turned[moving] = (
        origin + along + np.cos(angle_rad) * (arms - along) + np.sin(angle_rad) * np.cross(axis, arms - along)
    )
    return turned


def _angle_about(axis: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    """Angle of a normal about an axis, radians, from an arbitrary but fixed direction."""
    helper = np.eye(3)[int(np.argmin(np.abs(axis)))]
    y = helper - (helper @ axis) * axis
    y /= np.linalg.norm(y)
    return float(np.arctan2(normal @ np.cross(axis, y), normal @ y))
