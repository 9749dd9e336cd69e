"""A linker seen along its axis: length, bend of its exits, planes of its ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Anchor, AnchorKind, Linker

# Below this separation of the dummies a linker has no axis; below this resultant, no preferred plane.
MIN_LENGTH_ANG = 1.0
# A linker is bent when its exits make a smaller angle than this, or run past one another further than that.
STRAIGHT_EXITS_DEG = 160.0
STRAIGHT_BEND_DEG = 14.0
_DEGENERATE = 1e-6
# An exit further than this off the bisector is bent by more than its acid.
MAX_LEAN_DEG = 8.0


@dataclass(frozen=True, eq=False)
class AxisView:
    """A linker in the frame (axis, reference normal, third), origin at its starting dummy."""

    positions: NDArray[np.float64]
    """All atoms with dummies, Å, ``[n_atoms, 3]``; the first column runs along the axis from 0 to the length."""
    start: int
    """The anchor (0 or 1) at the origin; its half is the heavier one, so that atom order does not matter."""
    length_ang: float
    """Distance between the dummies."""
    plane_angles_rad: tuple[float | None, float | None]
    """Angle about the axis from the reference normal to the normal of the plane at the start and at the end (modulo
    pi); None where the end has no plane."""


@lru_cache(maxsize=1024)
def bend_deg(linker: Linker) -> tuple[float, float]:
    """How far the linker's exits are from straight.

    Returns:
        The larger of the two angles between an exit bond and the line through both dummies, and the angle that the two
        exits make with one another (180 when antiparallel), degrees. A linker folded onto itself bends by 180.
    """
    x = linker.positions
    first, second = linker.anchors
    line = x[second.dummy] - x[first.dummy]
    if np.linalg.norm(line) < MIN_LENGTH_ANG:
        return 180.0, 0.0
    exits = [x[anchor.dummy] - x[anchor.neighbor] for anchor in linker.anchors]
    worst = max(angle_deg(exits[0], -line), angle_deg(exits[1], line))
    return worst, angle_deg(exits[0], exits[1])


def is_straight(linker: Linker) -> bool:
    """Whether the linker can lie along an edge; one that cannot is placed as it is bent."""
    bend, between = bend_deg(linker)
    return between >= STRAIGHT_EXITS_DEG and bend <= STRAIGHT_BEND_DEG


@lru_cache(maxsize=1024)
def view_along_axis(linker: Linker) -> AxisView:
    """The linker in its own frame; the same for every rotated, translated or renumbered copy up to its symmetry."""
    x = linker.positions
    start = _heavier_end(linker)
    first, last = linker.anchors[start], linker.anchors[1 - start]
    axis = x[last.dummy] - x[first.dummy]
    length = float(np.linalg.norm(axis))
    frame = _frame(axis / length)
    local = (x - x[first.dummy]) @ frame.T
    angles = [_plane_angle(linker, k, frame) for k in (start, 1 - start)]
    reference = _reference_angle(angles, local)
    cosine, sine = np.cos(reference), np.sin(reference)
    turned = local @ np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    offsets = [None if angle is None else angle - reference for angle in angles]
    return AxisView(turned, start, length, (offsets[0], offsets[1]))


def turned_about_axis(positions: NDArray[np.float64], angles_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Copies of axis-frame positions ``[n_atoms, 3]`` turned about the first axis, ``[n_angles, n_atoms, 3]``."""
    cosine, sine = np.cos(angles_rad)[:, None], np.sin(angles_rad)[:, None]
    y, z = positions[:, 1], positions[:, 2]
    along = np.broadcast_to(positions[:, 0], (len(angles_rad), len(positions)))
    return np.stack([along, y * cosine - z * sine, y * sine + z * cosine], axis=-1)


def edge_frame(direction: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right-handed rows (direction, normal made perpendicular, their cross product), ``[3, 3]``.

    A zero normal is replaced by any perpendicular. Built from axes rather than from the rotation between two
    vectors, so parallel and antiparallel directions are not special.
    """
    axis = direction / np.linalg.norm(direction)
    across = normal - (normal @ axis) * axis
    size = float(np.linalg.norm(across))
    if size < _DEGENERATE:
        return _frame(axis)
    across = across / size
    return np.stack([axis, across, _cross(axis, across)])


def perpendicular(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Any unit vector perpendicular to a vector, ``[3]``."""
    normal: NDArray[np.float64] = _frame(vector / np.linalg.norm(vector))[1]
    return normal


def _frame(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """A right-handed frame on a unit vector."""
    helper = np.eye(3)[int(np.argmin(np.abs(axis)))]
    across = helper - (helper @ axis) * axis
    across /= np.linalg.norm(across)
    return np.stack([axis, across, _cross(axis, across)])


def _heavier_end(linker: Linker) -> int:
    """The anchor on whose half of the linker more of it lies, by distances that ignore the order of atoms."""
    x = linker.positions
    first, second = linker.anchors
    middle = (x[first.dummy] + x[second.dummy]) / 2.0
    axis = x[second.dummy] - x[first.dummy]
    moment = float(((x - middle) @ axis).sum())
    return 0 if moment <= 0.0 else 1


def end_normal(linker: Linker, anchor: Anchor) -> NDArray[np.float64] | None:
    """Unit normal of the plane that an end's atom spans with its two neighbours, ``[3]``; None where there is none."""
    around = [b.j if b.i == anchor.neighbor else b.i for b in linker.bonds if anchor.neighbor in (b.i, b.j)]
    wings = [atom for atom in around if atom != anchor.dummy]
    if len(wings) != 2:
        return None
    x = linker.positions
    normal = _cross(x[wings[0]] - x[anchor.neighbor], x[wings[1]] - x[anchor.neighbor])
    size = float(np.linalg.norm(normal))
    return None if size < _DEGENERATE else normal / size


def exit_vector(linker: Linker, anchor: Anchor) -> NDArray[np.float64]:
    """From an end's atom to its dummy, Å, ``[3]``; a carboxylate's is laid on the bisector of a planar end.

    The acid that a linker comes from leans by a few degrees to the side of its hydroxyl; the carboxylate does not.
    """
    x = linker.positions
    own = x[anchor.dummy] - x[anchor.neighbor]
    around = [b.j if b.i == anchor.neighbor else b.i for b in linker.bonds if anchor.neighbor in (b.i, b.j)]
    wings = [x[atom] - x[anchor.neighbor] for atom in around if atom != anchor.dummy]
    if anchor.kind is not AnchorKind.CARBOXYLATE or len(wings) != 2:
        return np.asarray(own, dtype=np.float64)
    bisector = -np.sum([wing / np.linalg.norm(wing) for wing in wings], axis=0)
    if angle_deg(own, bisector) > MAX_LEAN_DEG:
        return np.asarray(own, dtype=np.float64)
    return np.asarray(bisector * (np.linalg.norm(own) / np.linalg.norm(bisector)), dtype=np.float64)


def _plane_angle(linker: Linker, anchor: int, frame: NDArray[np.float64]) -> float | None:
    """Angle about the axis of the normal of the plane at an end; None where there is none."""
    normal = end_normal(linker, linker.anchors[anchor])
    if normal is None:
        return None
    _, y, z = (frame @ normal).tolist()
    return float(np.arctan2(z, y)) if np.hypot(y, z) > _DEGENERATE else None


def _reference_angle(angles: list[float | None], local: NDArray[np.float64]) -> float:
    """Mean of the end planes' normals (as lines, modulo pi), else the direction of least extent about the axis."""
    known = [angle for angle in angles if angle is not None]
    if known:
        resultant = sum(complex(np.cos(2 * angle), np.sin(2 * angle)) for angle in known)
        return float(np.angle(resultant)) / 2.0 if abs(resultant) > _DEGENERATE else known[0]
    spread = complex(((local[:, 1] + 1j * local[:, 2]) ** 2).sum())
    return float(np.angle(spread)) / 2.0 + np.pi / 2.0 if abs(spread) > _DEGENERATE else 0.0


def angle_deg(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Angle between two vectors, exact near 0 and 180 too; 180 where one of them vanishes."""
    long_u, long_v = float(np.linalg.norm(u)), float(np.linalg.norm(v))
    if long_u * long_v == 0.0:
        return 180.0
    a, b = u / long_u, v / long_v
    return float(np.degrees(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def _cross(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross product of two vectors; `numpy.cross` spends 20 times as long on its generality."""
    (a, b, c), (x, y, z) = u.tolist(), v.tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])
