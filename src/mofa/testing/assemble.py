"""What every `mofa.assemble.Builder` must keep.

In the tests of a plug-in::

    check_builder(MyBuilder(), [bca, bzn], node=load_node("zn-paddlewheel-pillar"), net=load_net("pcu"))
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.compose import compose
from mofa.assemble.embed.arrange import arrange
from mofa.assemble.embed.orient import orient
from mofa.assemble.plan import Builder, Placement, Plan, joint_points, make_plan
from mofa.chemistry import Linker, Net, Node, Rejected


def check_builder(
    builder: Builder,
    linkers: Sequence[Linker],
    *,
    node: Node,
    net: Net,
    max_bend_deg: float = 15.0,
    tolerance_ang: float = 1e-3,
) -> None:
    """Assert that a builder places nodes and linkers whole, unmirrored, and joined at the dummies.

    Args:
        builder: what is tested.
        linkers: sound linkers that span the net.
        node: the metal node.
        net: a net that the builder embeds with these nodes.
        max_bend_deg: passed on.
        tolerance_ang: largest deviation of an inner distance, and of a dummy from the node atom it stands for.
    """
    arrangements = arrange(node, [linker for linker in linkers if len(linker.anchors) > 2], net)
    assert not isinstance(arrangements, Rejected), arrangements
    ways = orient(arrangements[0])
    assert not isinstance(ways, Rejected), ways
    sites = ways.first
    used = [(s.edge.i, s.start) for s in sites.sites] + [(s.edge.j, s.end) for s in sites.sites]
    assert sorted(used) == [(v, p) for v, block in enumerate(sites.nodes) for p in range(len(block.points))], (
        "every connection point must be used once"
    )
    plan = make_plan([linker for linker in linkers if len(linker.anchors) == 2], node, sites)
    assert not isinstance(plan, Rejected), plan
    placement = builder.place(plan, max_bend_deg=max_bend_deg, torsion_step_deg=30.0)
    assert placement is not None, "the builder does not take this plan"
    assert not isinstance(placement, Rejected), placement
    assert np.linalg.det(placement.cell) > 0.0, "the cell must be right-handed"
    for block, there in zip(plan.nodes, placement.vertices, strict=True):
        _assert_rigid(block.positions, there, tolerance_ang)
    for edge, positions in zip(plan.edges, placement.edges, strict=True):
        assert (edge.linker is None) == (positions is None)
        if edge.linker is not None and positions is not None:
            _assert_rigid(edge.linker.positions, positions, tolerance_ang)
    _assert_joined(plan, placement, tolerance_ang)
    framework = compose(plan, placement)
    assert framework.bonds is not None
    assert [rank for _, rank in framework.bonds.components()] == [3], "the bonds must form one 3-periodic net"


def _assert_joined(plan: Plan, placement: Placement, tolerance_ang: float) -> None:
    """Every linker's dummies lie on the nodes' atoms, as far as the node does not ask for another bond length."""
    for edge, positions, start in zip(plan.edges, placement.edges, placement.starts, strict=True):
        if edge.linker is None or positions is None:
            continue
        points = joint_points(plan, edge)
        ends = ((start, edge.site.edge.i, (0, 0, 0)), (1 - start, edge.site.edge.j, edge.site.edge.shift))
        for point, (number, vertex, shift) in zip(points, ends, strict=True):
            anchor = edge.linker.anchors[number]
            target = placement.vertices[vertex][point.atom] + np.array(shift) @ placement.cell
            bond = float(np.linalg.norm(positions[anchor.neighbor] - target))
            own = float(np.linalg.norm(positions[anchor.neighbor] - positions[anchor.dummy]))
            gap = abs(bond - (point.length_ang or own))
            assert gap < tolerance_ang, f"a join is {gap:.3f} Å too long or too short"


def _assert_rigid(before: NDArray[np.float64], after: NDArray[np.float64], tolerance_ang: float) -> None:
    """Same inner distances and same handedness."""
    a, b = before - before.mean(axis=0), after - after.mean(axis=0)
    left, sizes, right = np.linalg.svd(a.T @ b)
    sign = np.sign(np.linalg.det(left @ right))
    rotation = left @ np.diag([1.0, 1.0, sign if sizes[2] > 1e-6 else 1.0]) @ right
    worst = float(np.abs(a @ rotation - b).max())
    assert worst < tolerance_ang, f"a building block was deformed or mirrored by {worst:.3f} Å"
