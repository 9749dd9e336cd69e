"""How each linker is turned about its own axis: coplanar with its carboxylates unless that brings atoms too close.

What is minimised, in kcal/mol: a soft repulsion wherever two atoms are closer than their van der Waals radii allow,
plus the conjugation lost when an aryl ring leaves its carboxylate's plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.graphs import FAR, bonds_from, contact_kinds
from mofa.assemble.embed.crowding import EXCLUDED_BONDS, crowded_edges
from mofa.assemble.embed.geometry import AxisView, turned_about_axis
from mofa.assemble.embed.soft import CONJUGATION_KCAL_PER_MOL, REPULSION_KCAL_PER_MOL_PER_ANG2, soft_limits
from mofa.assemble.plan import Plan
from mofa.chemistry import Linker

# Atoms further than this from the cylinder that the linker sweeps cannot be too close.
REACH_ANG = 4.0
# A second sweep follows when the first leaves more repulsion than this per cell.
CROWDED_KCAL_PER_MOL = 2.0
MAX_SWEEPS = 2
# Angles tried around the best of the scan.
_FINE_STEPS = 9
_TIE_KCAL_PER_MOL = 1e-3
# A plane whose normal has less than this across the linker does not say how to turn it.
_NO_PLANE = 0.1
_IMAGES = np.array(list(product((-1, 0, 1), repeat=3)), dtype=np.int64)
# One of every pair of opposite lattice translations.
_HALF_IMAGES = _IMAGES[: len(_IMAGES) // 2]


@dataclass(frozen=True, eq=False)
class EdgePose:
    """A linker on its edge, free to turn."""

    origin: NDArray[np.float64]
    """Where the starting dummy sits, Å, ``[3]``."""
    frame: NDArray[np.float64]
    """Rows: the edge's direction, the normal that the linker's reference normal takes at angle 0, their product."""
    view: AxisView
    normals: NDArray[np.float64]
    """Normals of the planes that aryl rings at the start and at the end should lie in, ``[2, 3]``; zero where free."""
    free: bool = True
    """False for a bent linker, whose place fixes its turn."""

    def positions(self, angle_rad: float) -> NDArray[np.float64]:
        """Cartesian coordinates of the linker turned by `angle_rad`, Å, ``[n_atoms, 3]``."""
        turned = turned_about_axis(self.view.positions, np.array([angle_rad]))[0]
        result: NDArray[np.float64] = self.origin + turned @ self.frame
        return result


@dataclass(frozen=True, eq=False)
class _Atoms:
    """Atoms with what the repulsion needs to know of them."""

    positions: NDArray[np.float64]
    kinds: NDArray[np.str_]
    """`contact_kind` of every atom, or a dummy's symbol, ``[n]``."""
    bonds_from_ends: NDArray[np.int64]
    """Bonds from the node atom at the edge's start and from the one at its end, ``[2, n]``."""


def turn_linkers(
    plan: Plan,
    cell: NDArray[np.float64],
    vertices: Sequence[NDArray[np.float64]],
    poses: Sequence[EdgePose | None],
    *,
    step_deg: float,
) -> tuple[NDArray[np.float64] | None, ...]:
    """Positions of all linkers, each turned in its turn to the least energy among steps of `step_deg`.

    One sweep settles linkers that leave one another room. Where they do not, those that were turned first get another
    chance, now that the others have moved; the energy can only fall.

    Args:
        plan: what stands where.
        cell: lattice vectors as rows, Å, ``[3, 3]``.
        vertices: positions of the block on every vertex, Å.
        poses: one per edge; None where no linker lies.
        step_deg: width of the scan, degrees.

    Returns:
        Positions of the linker on every edge, dummies included, Å, each ``[n_linker_atoms, 3]``; None without one.
    """
    angles = _scan_angles(step_deg)
    placed = [None if pose is None else pose.positions(_planar_angle(pose, angles)) for pose in poses]
    # Most linkers fit where their planes want to be, and nothing can be better than that.
    crowded = crowded_edges(plan, cell, vertices, placed, [0 if pose is None else pose.view.start for pose in poses])
    turning = [(k, pose) for k, pose in enumerate(poses) if k in crowded and pose is not None and pose.free]
    for _ in range(MAX_SWEEPS):
        repelled = 0.0
        for k, pose in turning:
            angle, repulsion = _best_turn(plan, cell, vertices, placed, pose, k, angles)
            placed[k] = pose.positions(angle)
            repelled += repulsion
        if repelled < CROWDED_KCAL_PER_MOL:
            break
    return tuple(placed)


def _planar_angle(pose: EdgePose, angles: NDArray[np.float64]) -> float:
    """The angle at which aryl rings lie best in the planes of their carboxylates, radians; 0 for a bent linker."""
    if not pose.free:
        return 0.0
    twist = _conjugation(pose, angles)
    return float(angles[int(np.argmax(twist <= twist.min() + _TIE_KCAL_PER_MOL))])


def _best_turn(
    plan: Plan,
    cell: NDArray[np.float64],
    vertices: Sequence[NDArray[np.float64]],
    placed: Sequence[NDArray[np.float64] | None],
    pose: EdgePose,
    which: int,
    angles: NDArray[np.float64],
) -> tuple[float, float]:
    """The angle of least energy for the linker on one edge, radians, and the repulsion left, kcal/mol."""
    chemical = plan.edges[which].linker
    assert chemical is not None
    linker = _linker_atoms(chemical, pose.view)
    around = _surroundings(plan, cell, vertices, placed, pose, which)

    def least(tried: NDArray[np.float64]) -> tuple[float, float]:
        turned = turned_about_axis(pose.view.positions, tried)
        repulsion = _with_others(turned, linker, around) + _with_own_images(turned, linker, cell @ pose.frame.T)
        energy = repulsion + _conjugation(pose, tried)
        best = int(np.argmax(energy <= energy.min() + _TIE_KCAL_PER_MOL))
        return float(tried[best]), float(repulsion[best])

    angle, repulsion = least(angles)
    if repulsion < _TIE_KCAL_PER_MOL or len(angles) < _FINE_STEPS:
        return angle, repulsion
    # Where it stays tight, a few degrees decide.
    return least(angle + np.linspace(-1.0, 1.0, _FINE_STEPS) * 2.0 * np.pi / len(angles))


def _scan_angles(step_deg: float) -> NDArray[np.float64]:
    """The angles of a full turn in radians, smallest magnitude first, so that a tie leaves the linker where it is."""
    count = max(1, round(360.0 / step_deg))
    angles = (np.arange(count) * 2.0 * np.pi / count + np.pi) % (2.0 * np.pi) - np.pi
    return np.asarray(angles[np.lexsort((angles, np.round(np.abs(angles), 9)))], dtype=np.float64)


def _conjugation(pose: EdgePose, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of the aryl rings at both ends out of the planes of their carboxylates, kcal/mol, ``[n_angles]``."""
    total = np.zeros(len(angles))
    for normal, plane_angle in zip(pose.normals, pose.view.plane_angles_rad, strict=True):
        _, y, z = pose.frame @ normal
        if plane_angle is not None and np.hypot(y, z) > _NO_PLANE:
            total += CONJUGATION_KCAL_PER_MOL * np.sin(angles + plane_angle - np.arctan2(z, y)) ** 2
    return total


def _with_others(turned: NDArray[np.float64], linker: _Atoms, around: _Atoms) -> NDArray[np.float64]:
    """Repulsion between every turned copy and the atoms around, kcal/mol, ``[n_angles]``."""
    apart = linker.bonds_from_ends[:, :, None] + around.bonds_from_ends[:, None, :]
    limit = _contacts(linker, around) * (apart > EXCLUDED_BONDS).all(axis=0)
    squares = (turned**2).sum(axis=-1)[:, :, None] + (around.positions**2).sum(axis=-1)
    squares -= 2.0 * turned @ around.positions.T
    return _repulsion(squares, limit)


def _with_own_images(turned: NDArray[np.float64], linker: _Atoms, cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Repulsion between the linker and its own periodic images, which turn with it, kcal/mol, ``[n_angles]``."""
    radius = float(np.hypot(turned[0, :, 1], turned[0, :, 2]).max())
    length = float(np.ptp(turned[0, :, 0]))
    total = np.zeros(len(turned))
    for shift in _HALF_IMAGES @ cell:
        if abs(shift[0]) > length + REACH_ANG or np.hypot(shift[1], shift[2]) > 2.0 * radius + REACH_ANG:
            continue
        copies = turned + shift
        squares = (turned**2).sum(axis=-1)[:, :, None] + (copies**2).sum(axis=-1)[:, None, :]
        squares -= 2.0 * turned @ copies.transpose(0, 2, 1)
        total += _repulsion(squares, _contacts(linker, linker))
    return total


def _repulsion(squares: NDArray[np.float64], limit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the curvature times the overlap squared, over all pairs, kcal/mol, ``[n_angles]``.

    The overlap is taken from squared distances, ``(limit² - r²) / (2 limit)``, which needs no root.

    Args:
        squares: squared distances, Å2, ``[n_angles, n, m]``; overwritten, as allocating costs more than computing.
        limit: contact of every pair, Å, ``[n, m]``; 0 where there is none.
    """
    overlap = np.subtract(limit**2, squares, out=squares)
    np.maximum(overlap, 0.0, out=overlap)
    overlap *= overlap
    weight = np.divide(0.125 * REPULSION_KCAL_PER_MOL_PER_ANG2, limit**2, out=np.zeros_like(limit), where=limit > 0.0)
    energy: NDArray[np.float64] = overlap.reshape(len(overlap), -1) @ weight.ravel()
    return energy


def _contacts(a: _Atoms, b: _Atoms) -> NDArray[np.float64]:
    """Distances below which pairs repel, Å, ``[n_a, n_b]``; 0 for dummies."""
    kinds_a, index_a = np.unique(a.kinds, return_inverse=True)
    kinds_b, index_b = np.unique(b.kinds, return_inverse=True)
    table = soft_limits((*kinds_a.tolist(), *kinds_b.tolist()))[: len(kinds_a), len(kinds_a) :]
    return table[index_a[:, None], index_b]


def _surroundings(
    plan: Plan,
    cell: NDArray[np.float64],
    vertices: Sequence[NDArray[np.float64]],
    placed: Sequence[NDArray[np.float64] | None],
    pose: EdgePose,
    which: int,
) -> _Atoms:
    """All other atoms, images included, within reach of the linker on edge `which`, in that edge's frame."""
    site = plan.edges[which].site
    others = [(edge.linker, x) for edge, x in zip(plan.edges, placed, strict=True)]
    others = [(linker, x) for k, (linker, x) in enumerate(others) if k != which and x is not None]
    home = (np.concatenate([*vertices, *(x for _, x in others)]) - pose.origin) @ pose.frame.T
    ends_at = ((site.edge.i, site.start, (0, 0, 0)), (site.edge.j, site.end, site.edge.shift))
    reach = 1 + max(abs(step) for step in site.edge.shift) if any(site.edge.shift) else 1
    images = list(product(range(-reach, reach + 1), repeat=3))
    everywhere = home + (np.array(images) @ cell @ pose.frame.T)[:, None, :]
    ends = np.full((2, len(images), len(home)), FAR, dtype=np.int64)
    first_atom = np.cumsum([0, *(len(node.symbols) for node in plan.nodes)])
    for row, (vertex, point, shift) in enumerate(ends_at):
        node = plan.nodes[vertex]
        atoms = slice(first_atom[vertex], first_atom[vertex + 1])
        ends[row, images.index(shift), atoms] = bonds_from(node, node.points[point].atom)
    kinds = [contact_kinds(node) for node in plan.nodes]
    kinds += [contact_kinds(linker) for linker, _ in others if linker is not None]
    near = _within_reach(everywhere, pose.view)
    return _Atoms(everywhere[near], np.concatenate(kinds)[np.nonzero(near)[1]], ends[:, near])


def _within_reach(positions: NDArray[np.float64], view: AxisView) -> NDArray[np.bool_]:
    """Whether positions ``[..., 3]`` lie near the cylinder that the linker sweeps."""
    radius = np.hypot(view.positions[:, 1], view.positions[:, 2]).max() + REACH_ANG
    along, low, high = positions[..., 0], view.positions[:, 0].min(), view.positions[:, 0].max()
    beside = np.hypot(positions[..., 1], positions[..., 2])
    return np.asarray((beside < radius) & (along > low - REACH_ANG) & (along < high + REACH_ANG))


def _linker_atoms(linker: Linker, view: AxisView) -> _Atoms:
    dummies = (linker.anchors[k].dummy for k in (view.start, 1 - view.start))
    ends = np.stack([bonds_from(linker, dummy) for dummy in dummies])
    return _Atoms(view.positions, contact_kinds(linker), ends)
