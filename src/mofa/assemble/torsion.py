"""How each linker is turned about its own axis: coplanar with its carboxylates unless the neighbours object.

The measure is an energy in kcal/mol: UFF's van der Waals terms (DOI 10.1021/ja00051a040) between the linker and all
that surrounds it, plus the conjugation lost when an aryl ring leaves its carboxylate's plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.geometry import AxisView, turned_about_axis
from mofa.assemble.plan import EdgePlan, Plan
from mofa.chemistry import Bond
from mofa.chemistry.elements import DUMMIES
from mofa.chemistry.lennard_jones import has_lennard_jones, lennard_jones

# Half of the barrier to turning a terephthalate between its two carboxylates, 47 kJ/mol in MOF-5 by 2H NMR; reviewed
# in DOI 10.3390/nano9030330.
CONJUGATION_KCAL_PER_MOL = 5.6
# Van der Waals terms are left out between atoms up to this many bonds apart, where a torsion term rules instead.
EXCLUDED_BONDS = 3
# Atoms further than this from the cylinder that the linker sweeps are not looked at.
REACH_ANG = 4.0
_SHORTEST_ANG2 = 0.25
_TIE_KCAL_PER_MOL = 1e-4
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

    def positions(self, angle_rad: float) -> NDArray[np.float64]:
        """Cartesian coordinates of the linker turned by `angle_rad`, Å, ``[n_atoms, 3]``."""
        turned = turned_about_axis(self.view.positions, np.array([angle_rad]))[0]
        result: NDArray[np.float64] = self.origin + turned @ self.frame
        return result


@dataclass(frozen=True, eq=False)
class _Atoms:
    """Atoms with what the energy needs of them."""

    positions: NDArray[np.float64]
    root_distance: NDArray[np.float64]
    """Square root of UFF's distance, so that products are the distances of pairs, ``[n]``."""
    root_depth: NDArray[np.float64]
    bonds_from_ends: NDArray[np.int64]
    """Bonds from the node atom at the edge's start and from the one at its end, ``[2, n]``."""

    def __getitem__(self, keep: NDArray[np.bool_]) -> _Atoms:
        return _Atoms(
            self.positions[keep], self.root_distance[keep], self.root_depth[keep], self.bonds_from_ends[:, keep]
        )


def turn_linkers(
    plan: Plan,
    cell: NDArray[np.float64],
    vertices: Sequence[NDArray[np.float64]],
    poses: Sequence[EdgePose],
    *,
    step_deg: float,
) -> tuple[NDArray[np.float64], ...]:
    """Positions of all linkers, each turned in turn to its least energy among steps of `step_deg`.

    Args:
        plan: what stands where.
        cell: lattice vectors as rows, Å, ``[3, 3]``.
        vertices: positions of the node on every vertex, Å.
        poses: one per edge.
        step_deg: width of the scan, degrees.

    Returns:
        Positions of the linker on every edge, dummies included, Å, each ``[n_linker_atoms, 3]``.
    """
    angles = _scan_angles(step_deg)
    placed = [pose.positions(0.0) for pose in poses]
    for k, (edge, pose) in enumerate(zip(plan.edges, poses, strict=True)):
        around = _surroundings(plan, cell, vertices, placed, poses, k)
        turned = turned_about_axis(pose.view.positions, angles)
        energy = _energy(turned, _linker_atoms(edge, pose), around) + _conjugation(plan, edge, pose, angles)
        energy += _own_images(turned, _linker_atoms(edge, pose), cell @ pose.frame.T)
        best = int(np.argmax(energy <= energy.min() + _TIE_KCAL_PER_MOL))
        placed[k] = pose.positions(float(angles[best]))
    return tuple(placed)


def _scan_angles(step_deg: float) -> NDArray[np.float64]:
    """The angles of a full turn in radians, smallest magnitude first, so that a tie leaves the linker where it is."""
    count = max(1, round(360.0 / step_deg))
    angles = (np.arange(count) * 2.0 * np.pi / count + np.pi) % (2.0 * np.pi) - np.pi
    return np.asarray(angles[np.lexsort((angles, np.round(np.abs(angles), 9)))], dtype=np.float64)


def _conjugation(plan: Plan, edge: EdgePlan, pose: EdgePose, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of the aryl rings at both ends out of the planes of their carboxylates, kcal/mol, ``[n_angles]``."""
    site = edge.site
    points = (plan.nodes[site.edge.i].points[site.start], plan.nodes[site.edge.j].points[site.end])
    total = np.zeros(len(angles))
    for point, plane_angle in zip(points, pose.view.plane_angles_rad, strict=True):
        _, y, z = pose.frame @ point.normal
        if plane_angle is not None and np.hypot(y, z) > 0.0:
            total += CONJUGATION_KCAL_PER_MOL * np.sin(angles + plane_angle - np.arctan2(z, y)) ** 2
    return total


def _energy(turned: NDArray[np.float64], linker: _Atoms, around: _Atoms) -> NDArray[np.float64]:
    """Van der Waals energy of every turned copy with fixed atoms, kcal/mol, ``[n_angles]``."""
    apart = linker.bonds_from_ends[:, :, None] + around.bonds_from_ends[:, None, :]
    depth = np.outer(linker.root_depth, around.root_depth) * (apart > EXCLUDED_BONDS).all(axis=0)
    squares = (turned**2).sum(axis=-1)[:, :, None] + (around.positions**2).sum(axis=-1)
    squares -= 2.0 * turned @ around.positions.T
    return _van_der_waals(squares, np.outer(linker.root_distance, around.root_distance), depth)


def _own_images(turned: NDArray[np.float64], linker: _Atoms, cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Van der Waals energy of the linker with its own periodic images, which turn with it, kcal/mol, ``[n_angles]``."""
    radius = float(np.hypot(turned[0, :, 1], turned[0, :, 2]).max())
    total = np.zeros(len(turned))
    for shift in _HALF_IMAGES @ cell:
        beside = float(np.hypot(shift[1], shift[2]))
        if not 0.1 < beside < 2.0 * radius + REACH_ANG or abs(shift[0]) > float(np.ptp(turned[0, :, 0])) + REACH_ANG:
            continue
        copies = turned + shift
        squares = (turned**2).sum(axis=-1)[:, :, None] + (copies**2).sum(axis=-1)[:, None, :]
        squares -= 2.0 * turned @ copies.transpose(0, 2, 1)
        distance, depth = (np.outer(root, root) for root in (linker.root_distance, linker.root_depth))
        total += _van_der_waals(squares, distance, depth)
    return total


def _van_der_waals(
    squares: NDArray[np.float64], distance: NDArray[np.float64], depth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum of ``D [(x/r)^12 - 2 (x/r)^6]`` over the last two axes of the squared distances ``[n_angles, n, m]``."""
    ratio = distance**2 / np.maximum(squares, _SHORTEST_ANG2)
    sixth = ratio * ratio * ratio
    return np.einsum("anm,anm,nm->a", sixth, sixth - 2.0, depth)


def _surroundings(
    plan: Plan,
    cell: NDArray[np.float64],
    vertices: Sequence[NDArray[np.float64]],
    placed: Sequence[NDArray[np.float64]],
    poses: Sequence[EdgePose],
    which: int,
) -> _Atoms:
    """All other atoms, images included, within reach of the linker on edge `which`, in that edge's frame."""
    site, pose = plan.edges[which].site, poses[which]
    blocks = []
    for v, (node, x) in enumerate(zip(plan.nodes, vertices, strict=True)):
        for image in _IMAGES:
            from_start = v == site.edge.i and not image.any()
            from_end = v == site.edge.j and tuple(image.tolist()) == site.edge.shift
            ends = np.stack(
                [
                    _bonds_from(node.bonds, len(node.symbols), node.points[point].atom) if near else _far(len(x))
                    for near, point in ((from_start, site.start), (from_end, site.end))
                ]
            )
            blocks.append(_Atoms(x + image @ cell, *_uff_roots(node.symbols), ends))
    for k, (edge, x) in enumerate(zip(plan.edges, placed, strict=True)):
        if k != which:
            roots = _uff_roots(edge.linker.symbols)
            far = np.stack([_far(len(x))] * 2)
            blocks += [_Atoms(x + image @ cell, *roots, far) for image in _IMAGES]
    everything = _Atoms(
        (np.concatenate([block.positions for block in blocks]) - pose.origin) @ pose.frame.T,
        np.concatenate([block.root_distance for block in blocks]),
        np.concatenate([block.root_depth for block in blocks]),
        np.concatenate([block.bonds_from_ends for block in blocks], axis=1),
    )
    return everything[_within_reach(everything.positions, pose.view)]


def _within_reach(positions: NDArray[np.float64], view: AxisView) -> NDArray[np.bool_]:
    radius = np.hypot(view.positions[:, 1], view.positions[:, 2]).max() + REACH_ANG
    along, low, high = positions[:, 0], view.positions[:, 0].min(), view.positions[:, 0].max()
    beside = np.hypot(positions[:, 1], positions[:, 2])
    return np.asarray((beside < radius) & (along > low - REACH_ANG) & (along < high + REACH_ANG))


def _linker_atoms(edge: EdgePlan, pose: EdgePose) -> _Atoms:
    linker, view = edge.linker, pose.view
    order = (view.start, 1 - view.start)
    n = len(linker.symbols)
    ends = np.stack([_bonds_from(linker.bonds, n, linker.anchors[k].dummy) for k in order])
    return _Atoms(view.positions, *_uff_roots(linker.symbols), ends)


@lru_cache(maxsize=1024)
def _uff_roots(symbols: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Square roots of UFF's distance (Å) and well depth (kcal/mol); a dummy or unknown element meets nothing."""
    known = [lennard_jones(s) if s not in DUMMIES and has_lennard_jones(s) else None for s in symbols]
    distance = np.array([0.0 if row is None else row.minimum_ang for row in known])
    depth = np.array([0.0 if row is None else row.well_depth_kcal_per_mol for row in known])
    return np.sqrt(distance), np.sqrt(depth)


@lru_cache(maxsize=1024)
def _bonds_from(bonds: tuple[Bond, ...], n_atoms: int, atom: int) -> NDArray[np.int64]:
    """Bonds on the shortest way from `atom` to every atom, ``[n_atoms]``; many where there is no way."""
    neighbors: list[list[int]] = [[] for _ in range(n_atoms)]
    for bond in bonds:
        neighbors[bond.i].append(bond.j)
        neighbors[bond.j].append(bond.i)
    depth = _far(n_atoms)
    shell, steps = {atom}, 0
    while shell:
        depth[list(shell)] = steps
        steps += 1
        shell = {b for a in shell for b in neighbors[a] if depth[b] > steps}
    return depth


def _far(n_atoms: int) -> NDArray[np.int64]:
    """More bonds than any molecule has."""
    return np.full(n_atoms, 1_000_000, dtype=np.int64)
