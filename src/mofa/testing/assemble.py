"""What every `mofa.assemble.Builder` must keep.

In the tests of a plug-in::

    check_builder(MyBuilder(), [bca, bzn], nodes=[load_node("zn-paddlewheel-pillar")], net=load_net("pcu"))
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.compose import compose
from mofa.assemble.plan import Builder, Placement, Plan, make_plan
from mofa.chemistry import Linker, Net, Node, Rejected


def check_builder(
    builder: Builder,
    linkers: Sequence[Linker],
    *,
    nodes: Sequence[Node],
    net: Net,
    max_bend_deg: float = 15.0,
    tolerance_ang: float = 1e-3,
) -> None:
    """Assert that a builder places nodes and linkers whole, unmirrored, and joined at the dummies.

    Args:
        builder: what is tested.
        linkers: sound linkers that span the net.
        nodes: one per vertex of the net.
        net: a net that the builder embeds with these nodes.
        max_bend_deg: passed on.
        tolerance_ang: largest deviation of an inner distance, and of a dummy from the node atom it stands for.
    """
    sites = builder.sites(nodes, net)
    assert sites is not None, "the builder cannot embed these nodes in this net"
    used = [(s.edge.i, s.start) for s in sites] + [(s.edge.j, s.end) for s in sites]
    assert sorted(used) == [(v, p) for v, node in enumerate(nodes) for p in range(len(node.points))], (
        "every connection point must be used once"
    )
    plan = make_plan(linkers, nodes, net, sites)
    assert not isinstance(plan, Rejected), plan
    placement = builder.place(plan, max_bend_deg=max_bend_deg, torsion_step_deg=30.0)
    assert not isinstance(placement, Rejected), placement
    assert np.linalg.det(placement.cell) > 0.0, "the cell must be right-handed"
    for node, there in zip(nodes, placement.vertices, strict=True):
        _assert_rigid(node.positions, there, tolerance_ang)
    for edge, there in zip(plan.edges, placement.edges, strict=True):
        _assert_rigid(edge.linker.positions, there, tolerance_ang)
    _assert_joined(plan, placement, tolerance_ang)
    framework = compose(plan, placement)
    assert framework.bonds is not None
    assert [rank for _, rank in framework.bonds.components()] == [3], "the bonds must form one 3-periodic net"


def _assert_joined(plan: Plan, placement: Placement, tolerance_ang: float) -> None:
    for edge, positions, start in zip(plan.edges, placement.edges, placement.starts, strict=True):
        site = edge.site
        for anchor, vertex, point, shift in (
            (edge.linker.anchors[start], site.edge.i, site.start, (0, 0, 0)),
            (edge.linker.anchors[1 - start], site.edge.j, site.end, site.edge.shift),
        ):
            atom = plan.nodes[vertex].points[point].atom
            target = placement.vertices[vertex][atom] + np.array(shift) @ placement.cell
            gap = float(np.linalg.norm(positions[anchor.dummy] - target))
            assert gap < tolerance_ang, f"a dummy is {gap:.3f} Å from the node atom that it stands for"


def _assert_rigid(before: NDArray[np.float64], after: NDArray[np.float64], tolerance_ang: float) -> None:
    """Same inner distances and same handedness."""
    a, b = before - before.mean(axis=0), after - after.mean(axis=0)
    left, sizes, right = np.linalg.svd(a.T @ b)
    sign = np.sign(np.linalg.det(left @ right))
    rotation = left @ np.diag([1.0, 1.0, sign if sizes[2] > 1e-6 else 1.0]) @ right
    worst = float(np.abs(a @ rotation - b).max())
    assert worst < tolerance_ang, f"a building block was deformed or mirrored by {worst:.3f} Å"
