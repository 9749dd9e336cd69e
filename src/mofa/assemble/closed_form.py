"""Coordinates in closed form: one vertex, three pairs of opposite points, so the linkers' lengths are the cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mofa.assemble.geometry import bend_deg, edge_frame, view_along_axis
from mofa.assemble.plan import EdgeSite, Placement, Plan
from mofa.assemble.torsion import EdgePose, turn_linkers
from mofa.chemistry import Net, Node, Reason, Rejected, Stage

# Opposite points are antiparallel to this, in the cosine.
_OPPOSITE = -1.0 + 1e-6


class ClosedForm:
    """Builder for nets of one vertex and three edges (pcu) with a node of three pairs of opposite points.

    The node stays as it is. Each linker lies with its dummies on the line through a pair of points, so an edge
    vector is the node's width plus the linker's length along that direction, and the cell follows from three of them.
    """

    def sites(self, nodes: Sequence[Node], net: Net) -> tuple[EdgeSite, ...] | None:
        """The pair of opposite points for each edge, in the order of the node's points."""
        if net.n_vertices != 1 or len(net.edges) != 3 or len(nodes) != 1:
            return None
        shifts = np.array([edge.shift for edge in net.edges])
        pairs = _opposite_pairs(nodes[0])
        if round(abs(np.linalg.det(shifts))) != 1 or len(pairs) != 3:
            return None
        directions = np.array([nodes[0].points[start].direction for start, _ in pairs])
        if np.linalg.det(shifts) * np.linalg.det(directions) < 0:
            pairs[2] = (pairs[2][1], pairs[2][0])
        return tuple(EdgeSite(edge, start, end) for edge, (start, end) in zip(net.edges, pairs, strict=True))

    def place(self, plan: Plan, *, max_bend_deg: float, torsion_step_deg: float) -> Placement | Rejected:
        """Coordinates with every linker on its edge; BENT_LINKER where one is not straight enough."""
        for linker in plan.linkers:
            bend, between = bend_deg(linker)
            if bend > max_bend_deg:
                detail = (
                    f"an exit of {linker.smiles} is {bend:.1f} degrees off the line through both ends (limit"
                    f" {max_bend_deg:g}); its exits make {between:.0f} degrees, {plan.net.name} needs 180"
                )
                return Rejected(Stage.ASSEMBLE, Reason.BENT_LINKER, detail)
        node = plan.nodes[0]
        poses, vectors = [], []
        for edge in plan.edges:
            start, end = node.points[edge.site.start], node.points[edge.site.end]
            view = view_along_axis(edge.linker)
            frame = edge_frame(start.direction, start.normal)
            poses.append(EdgePose(node.positions[start.atom], frame, view))
            vectors.append(node.positions[start.atom] + view.length_ang * frame[0] - node.positions[end.atom])
        cell = np.linalg.solve(np.array([edge.site.edge.shift for edge in plan.edges], dtype=float), np.array(vectors))
        vertices = (np.array(node.positions),)
        edges = turn_linkers(plan, cell, vertices, poses, step_deg=torsion_step_deg)
        return Placement(cell, vertices, edges, tuple(pose.view.start for pose in poses))


def _opposite_pairs(node: Node) -> list[tuple[int, int]]:
    """Pairs of points of one kind that face opposite ways, by index; only complete when every point has a partner."""
    pairs: list[tuple[int, int]] = []
    free = list(range(len(node.points)))
    while free:
        first = free.pop(0)
        for other in free:
            a, b = node.points[first], node.points[other]
            if a.kind == b.kind and float(a.direction @ b.direction) < _OPPOSITE:
                pairs.append((first, other))
                free.remove(other)
                break
        else:
            return []
    return pairs
