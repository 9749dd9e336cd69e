"""Coordinates for any net: blocks from superposition, positions and cell from one linear solve, then all joins closed.

The first guess puts every linker along its edge of the net, which leaves a linear least-squares problem for the
positions of the vertices and the cell. Where blocks fit the net this is already exact; where angles differ or linkers
are bent, `rigid.close_joins` settles all blocks, linkers included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.hinges import hinged, rigid
from mofa.assemble.embed.geometry import (
    AxisView,
    angle_deg,
    bend_deg,
    edge_frame,
    is_straight,
    perpendicular,
    view_along_axis,
)
from mofa.assemble.embed.rigid import Joins, Pose, close_joins
from mofa.assemble.embed.torsion import EdgePose, turn_linkers
from mofa.assemble.embed.turns import kabsch
from mofa.assemble.plan import EdgePlan, Placement, Plan, joint_points
from mofa.chemistry import ConnectionPoint, Linker, Reason, Rejected, Stage
from mofa.chemistry.inspection import MIN_VOLUME_PER_ATOM_ANG3

MAX_GAP_ANG = 0.20
# Weight of the planes of aryl rings and carboxylates against the lengths of joins; of bonds within a linker
# and its torsions.
_PLANE_WEIGHT = 0.3
_HINGE_WEIGHTS = (2.0, 2.0, 0.3)
_LINEAR_SOLVES = 3
_HOME = (0, 0, 0)


@dataclass(frozen=True, eq=False)
class _Rod:
    """A linker with two ends as a rigid block: four points, and how it is seen along its axis."""

    view: AxisView
    straight: bool
    points: NDArray[np.float64]
    """End atom and where it wants the node's atom, for the start and for the end, ``[2, 2, 3]``. A straight linker's
    end atoms are put on its axis, so that a kinked exit does not turn the node."""

    @property
    def length_ang(self) -> float:
        """Between the two places where nodes' atoms go."""
        return float(np.linalg.norm(self.points[1, 1] - self.points[0, 1]))


class General:
    """Builder for every net, node and linker."""

    def place(self, plan: Plan, *, max_bend_deg: float, torsion_step_deg: float) -> Placement | Rejected:
        """Coordinates of the plan; BENT_LINKER or ANGLE_MISFIT where a join would bend or gape too far."""
        rods = [None if edge.linker is None else _rod_of(plan, edge, edge.linker) for edge in plan.edges]
        for edge, rod in zip(plan.edges, rods, strict=True):
            if rod is not None and edge.linker is not None and rod.straight:
                bend, _ = bend_deg(edge.linker)
                if bend > max_bend_deg:
                    return bent(edge.linker, plan.net.name, max_bend_deg)
        settled = _settled(plan, rods, _Bodies(plan, rods, hinges=False), max_bend_deg)
        if isinstance(settled, Rejected) and any(plan.sites.linkers):
            settled = _settled(plan, rods, _Bodies(plan, rods, hinges=True), max_bend_deg)
        if isinstance(settled, Rejected):
            return settled
        bodies, pose = settled
        vertices = tuple(bodies.positions(k, pose) for k in range(len(plan.nodes)))
        poses = [
            None if rod is None else _edge_pose(plan, edge, rod, pose, bodies, k)
            for k, (edge, rod) in enumerate(zip(plan.edges, rods, strict=True))
        ]
        edges = turn_linkers(plan, pose.cell, vertices, poses, step_deg=torsion_step_deg)
        starts = tuple(0 if rod is None else rod.view.start for rod in rods)
        return Placement(pose.cell, vertices, edges, starts)


def bent(linker: Linker, net: str, max_bend_deg: float) -> Rejected:
    """The refusal of a linker whose exits do not lie on the line through its ends."""
    bend, between = bend_deg(linker)
    detail = (
        f"an exit of {linker.smiles} is {bend:.1f} degrees off the line through both ends (limit {max_bend_deg:g});"
        f" its exits make {between:.0f} degrees, {net} needs 180"
    )
    return Rejected(Stage.ASSEMBLE, Reason.BENT_LINKER, detail)


def _rod_of(plan: Plan, edge: EdgePlan, linker: Linker) -> _Rod:
    start, end = joint_points(plan, edge)
    return _rod(linker, start.length_ang, end.length_ang)


@lru_cache(maxsize=1024)
def _rod(linker: Linker, *lengths_ang: float | None) -> _Rod:
    """A linker as a rod, its two bonds as long as the nodes' points ask for."""
    view = view_along_axis(linker)
    straight = is_straight(linker)
    x = view.positions
    points = np.zeros((2, 2, 3))
    for end, anchor_number in enumerate((view.start, 1 - view.start)):
        anchor = linker.anchors[anchor_number]
        exit_vector = x[anchor.dummy] - x[anchor.neighbor]
        own_length = float(np.linalg.norm(exit_vector))
        length = lengths_ang[end] or own_length
        if straight:
            outward = np.array([1.0, 0.0, 0.0]) if end else np.array([-1.0, 0.0, 0.0])
            points[end] = x[anchor.dummy] - own_length * outward, x[anchor.dummy] + (length - own_length) * outward
        else:
            points[end] = x[anchor.neighbor], x[anchor.neighbor] + exit_vector * (length / own_length)
    return _Rod(view, straight, points)


class _Bodies:
    """All rigid bodies, numbered: the fragments of the blocks on the vertices, then the linkers on the edges."""

    def __init__(self, plan: Plan, rods: Sequence[_Rod | None], *, hinges: bool) -> None:
        self._plan = plan
        self.fragments = [
            hinged(node) if hinges and linker is not None else rigid(node)
            for node, linker in zip(plan.nodes, plan.sites.linkers, strict=True)
        ]
        self._first = np.cumsum([0, *(len(known.atoms) for known in self.fragments)])
        self.vertex_of = [vertex for vertex, known in enumerate(self.fragments) for _ in known.atoms]
        self.of_rod = len(self.vertex_of) + np.cumsum([rod is not None for rod in rods]) - 1
        self._rows: list[tuple[int, int, tuple[int, int, int], Any, Any, tuple[float, float, float]]] = []
        for k, rod in enumerate(rods):
            self._join_edge(k, rod)
        for vertex, known in enumerate(self.fragments):
            x, first = plan.nodes[vertex].positions, int(self._first[vertex])
            for one, i, other, j in known.hinges:
                points = np.stack([x[i], x[j], x[i] + perpendicular(x[j] - x[i])])
                self._rows.append((first + one, first + other, _HOME, points, points, _HINGE_WEIGHTS))
        a, b, shifts, near, far, weights = (np.array(column) for column in zip(*self._rows, strict=True))
        self.joins = Joins(a, b, shifts.astype(np.float64), near, far, weights)

    def of_point(self, vertex: int, point: int) -> int:
        """The body that a connection point belongs to."""
        return int(self._first[vertex]) + self.fragments[vertex].of_point[point]

    def positions(self, vertex: int, pose: Pose) -> NDArray[np.float64]:
        """Positions of the block on a vertex, Å, ``[n_atoms, 3]``."""
        x = self._plan.nodes[vertex].positions
        placed = np.empty_like(x)
        for k, atoms in enumerate(self.fragments[vertex].atoms, start=int(self._first[vertex])):
            placed[atoms] = x[atoms] @ pose.rotations[k] + pose.translations[k]
        return placed

    def _join_edge(self, k: int, rod: _Rod | None) -> None:
        edge = self._plan.edges[k]
        site = edge.site
        start, end = (_node_points(self._plan, edge, side, rod) for side in (0, 1))
        bodies = self.of_point(site.edge.i, site.start), self.of_point(site.edge.j, site.end)
        normals = [point.normal for point in joint_points(self._plan, edge)]
        if rod is None:
            rotations = self._plan.sites.rotations
            turned = normals[0] @ rotations[site.edge.i], normals[1] @ rotations[site.edge.j]
            sign = -1.0 if turned[0] @ turned[1] < 0.0 else 1.0
            plane = _PLANE_WEIGHT if normals[0].any() and normals[1].any() else 0.0
            near, far = [*start, start[0] + normals[0]], [*end[::-1], end[1] + sign * normals[1]]
            self._rows.append((*bodies, site.edge.shift, near, far, (1.0, 1.0, plane)))
            return
        own = int(self.of_rod[k])
        first, last = rod.points[0, ::-1], rod.points[1]
        free = (1.0, 1.0, 0.0)
        self._rows.append((bodies[0], own, _HOME, [*start, start[0]], [*first, first[0]], free))
        self._rows.append((own, bodies[1], site.edge.shift, [*last, last[0]], [*end[::-1], end[1]], free))


def _node_points(plan: Plan, edge: EdgePlan, end: int, rod: _Rod | None) -> NDArray[np.float64]:
    """The node's atom at one end of an edge, and where it wants the partner's atom, ``[2, 3]``."""
    site = edge.site.edge
    point = joint_points(plan, edge)[end]
    atom = plan.nodes[(site.i, site.j)[end]].positions[point.atom]
    if rod is not None:
        length = float(np.linalg.norm(rod.points[end, 1] - rod.points[end, 0]))
    else:
        length = _direct_length(joint_points(plan, edge), (plan.sites.linkers[site.i], plan.sites.linkers[site.j]))
    return np.stack([atom, atom + length * point.direction])


def _direct_length(points: tuple[ConnectionPoint, ConnectionPoint], linkers: tuple[Linker | None, ...]) -> float:
    """Length of the bond between a node and a linker on a vertex: the node's wish, else the linker's own."""
    lengths = [point.length_ang for point in points]
    first = 1 if linkers[0] is not None else 0
    return float(lengths[first] or lengths[1 - first] or 1.5)


def _settled(
    plan: Plan, rods: Sequence[_Rod | None], bodies: _Bodies, max_bend_deg: float
) -> tuple[_Bodies, Pose] | Rejected:
    """All bodies where they close the joins best, or why that is not well enough."""
    pose = close_joins(bodies.joins, _first_guess(plan, rods, bodies))
    return _misfit(plan, bodies.joins, pose, max_bend_deg) or (bodies, pose)


def _first_guess(plan: Plan, rods: Sequence[_Rod | None], bodies: _Bodies) -> Pose:
    """Blocks as they are oriented, linkers along the net's edges; positions and cell by linear least squares."""
    net, n = plan.net, len(plan.nodes)
    rotations = plan.sites.rotations
    design = np.zeros((len(net.edges), n + 3))
    ends = np.zeros((2, len(net.edges), 3))
    lengths = np.zeros(len(net.edges))
    for k, (edge, rod) in enumerate(zip(plan.edges, rods, strict=True)):
        site = edge.site.edge
        design[k, site.j] += 1.0
        design[k, site.i] -= 1.0
        design[k, n:] = site.shift
        points = [_node_points(plan, edge, end, rod) for end in (0, 1)]
        ends[0, k], ends[1, k] = points[0][0] @ rotations[site.i], points[1][0] @ rotations[site.j]
        lengths[k] = np.linalg.norm(points[0][1] - points[0][0]) if rod is None else rod.length_ang
    inverse = np.linalg.pinv(design[:, 1:])
    along = net.edge_vectors / np.linalg.norm(net.edge_vectors, axis=1)[:, None]
    for _ in range(_LINEAR_SOLVES):
        solution = inverse @ (ends[0] - ends[1] + lengths[:, None] * along)
        vectors = design[:, 1:] @ solution + ends[1] - ends[0]
        before, along = along, vectors / np.linalg.norm(vectors, axis=1)[:, None]
        if np.abs(along - before).max() < 1e-6:
            break
    at_vertex = [np.zeros(3), *solution[: n - 1]]
    cell = solution[n - 1 :]
    translations = [at_vertex[vertex] for vertex in bodies.vertex_of]
    turns = [rotations[vertex] for vertex in bodies.vertex_of]
    for edge, rod in zip(plan.edges, rods, strict=True):
        if rod is None:
            continue
        site = edge.site.edge
        goal = [
            _node_points(plan, edge, end, rod) @ rotations[vertex] + at_vertex[vertex] + offset
            for end, (vertex, offset) in enumerate(((site.i, 0.0), (site.j, np.array(site.shift) @ cell)))
        ]
        there, here = np.concatenate([g[::-1] for g in goal]), rod.points.reshape(4, 3)
        turn = kabsch(here - here.mean(axis=0), there - there.mean(axis=0))
        turns.append(turn)
        translations.append(there.mean(axis=0) - here.mean(axis=0) @ turn)
    return Pose(np.array(translations), np.array(turns), cell)


def _misfit(plan: Plan, joins: Joins, pose: Pose, max_bend_deg: float) -> Rejected | None:
    """Why the joins cannot be closed, with the numbers of the worst."""
    near, far = pose.arms(joins)
    exits_a, exits_b = near[:, 1] - near[:, 0], far[:, 0] - far[:, 1]
    bends = [angle_deg(u, -v) for u, v in zip(exits_a, exits_b, strict=True)]
    gap = float(np.linalg.norm(pose.gaps(joins)[:, :2], axis=-1).min(axis=-1).max())
    n_atoms = sum(len(node.symbols) for node in plan.nodes)
    n_atoms += sum(edge.linker.n_atoms for edge in plan.edges if edge.linker)
    least = MIN_VOLUME_PER_ATOM_ANG3 * n_atoms
    collapsed = not np.isfinite(pose.cell).all() or float(np.linalg.det(pose.cell)) < least
    crooked = [edge.linker for edge in plan.edges if edge.linker and bend_deg(edge.linker)[0] > max_bend_deg]
    if crooked and (collapsed or max(bends) > max_bend_deg):
        return bent(crooked[0], plan.net.name, max_bend_deg)
    if max(bends) > max_bend_deg:
        detail = (
            f"{plan.node.name} and these linkers do not fit the angles of {plan.net.name}: a join bends by"
            f" {max(bends):.1f} degrees (limit {max_bend_deg:g})"
        )
        return Rejected(Stage.ASSEMBLE, Reason.ANGLE_MISFIT, detail)
    if collapsed:
        detail = (
            f"{plan.node.name} and these linkers collapse in {plan.net.name}: directions are up to"
            f" {plan.sites.misfit_deg:.0f} degrees off the edges"
        )
        return Rejected(Stage.ASSEMBLE, Reason.ANGLE_MISFIT, detail)
    if gap > MAX_GAP_ANG:
        detail = f"the linkers do not close {plan.net.name}: a join gapes by {gap:.2f} Å (limit {MAX_GAP_ANG})"
        return Rejected(Stage.ASSEMBLE, Reason.ANGLE_MISFIT, detail)
    return None


def _edge_pose(plan: Plan, edge: EdgePlan, rod: _Rod, pose: Pose, bodies: _Bodies, number: int) -> EdgePose:
    """A linker on its edge: between the nodes' atoms, or as it came out where it is bent."""
    site = edge.site.edge
    points = joint_points(plan, edge)
    ends = (bodies.of_point(site.i, edge.site.start), bodies.of_point(site.j, edge.site.end))
    normals = np.stack([point.normal @ pose.rotations[body] for point, body in zip(points, ends, strict=True)])
    if not rod.straight:
        own = int(bodies.of_rod[number])
        return EdgePose(pose.translations[own], pose.rotations[own], rod.view, normals, free=False)
    atoms = [
        plan.nodes[vertex].positions[point.atom] @ pose.rotations[body] + pose.translations[body]
        for vertex, point, body in zip((site.i, site.j), points, ends, strict=True)
    ]
    span = atoms[1] + np.array(site.shift) @ pose.cell - atoms[0]
    frame = edge_frame(span, normals[0])
    spare = float(np.linalg.norm(span)) - rod.length_ang
    first = float(rod.points[0, 1, 0])
    return EdgePose(atoms[0] + (spare / 2.0 - first) * frame[0], frame, rod.view, normals)
