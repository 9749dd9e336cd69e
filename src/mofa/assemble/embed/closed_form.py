"""Coordinates in closed form: one vertex, three pairs of opposite points, so the linkers' lengths are the cell."""

from __future__ import annotations

import numpy as np

from mofa.assemble.embed.general import bent
from mofa.assemble.embed.geometry import STRAIGHT_EXITS_DEG, bend_deg, edge_frame, view_along_axis
from mofa.assemble.embed.torsion import EdgePose, turn_linkers
from mofa.assemble.plan import Placement, Plan, joint_points
from mofa.chemistry import Rejected

# Opposite points are antiparallel to this, in the cosine.
_OPPOSITE = -1.0 + 1e-6


class ClosedForm:
    """Builder for nets of one vertex and three edges (pcu) with a node of three pairs of opposite points.

    The node stays as it is. Each linker lies with its dummies on the line through a pair of points, so an edge
    vector is the node's width plus the linker's length along that direction, and the cell follows from three of them.
    """

    def place(self, plan: Plan, *, max_bend_deg: float, torsion_step_deg: float) -> Placement | Rejected | None:
        """Coordinates with every linker on its edge; BENT_LINKER where one is bent."""
        if len(plan.nodes) != 1 or len(plan.edges) != 3 or any(edge.linker is None for edge in plan.edges):
            return None
        points = [joint_points(plan, edge) for edge in plan.edges]
        if any(float(start.direction @ end.direction) > _OPPOSITE for start, end in points):
            return None
        for linker in plan.linkers:
            bend, between = bend_deg(linker)
            if bend > max_bend_deg:
                # Exits that only run past one another are straightened by tilting the node, which is not done here.
                return None if between >= STRAIGHT_EXITS_DEG else bent(linker, plan.net.name, max_bend_deg)
        turn = plan.sites.rotations[0]
        atoms = np.asarray(plan.node.positions @ turn)
        poses, vectors = [], []
        for edge, (start, end) in zip(plan.edges, points, strict=True):
            assert edge.linker is not None
            view = view_along_axis(edge.linker)
            frame = edge_frame(start.direction @ turn, start.normal @ turn)
            longer = [0.0, 0.0]
            for k, (point, anchor) in enumerate(zip((start, end), (view.start, 1 - view.start), strict=True)):
                if point.length_ang is not None:
                    end_atoms = edge.linker.anchors[anchor]
                    own = view.positions[end_atoms.dummy] - view.positions[end_atoms.neighbor]
                    longer[k] = point.length_ang - float(np.linalg.norm(own))
            normals = np.stack([start.normal @ turn, end.normal @ turn])
            poses.append(EdgePose(atoms[start.atom] + longer[0] * frame[0], frame, view, normals))
            vectors.append(atoms[start.atom] + (sum(longer) + view.length_ang) * frame[0] - atoms[end.atom])
        cell = np.linalg.solve(np.array([edge.site.edge.shift for edge in plan.edges], dtype=float), np.array(vectors))
        edges = turn_linkers(plan, cell, (atoms,), poses, step_deg=torsion_step_deg)
        return Placement(cell, (atoms,), edges, tuple(pose.view.start for pose in poses))
