"""Task 3: linkers, a node and a net in, a checked framework out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mofa.assemble.checks import check_framework
from mofa.assemble.closed_form import ClosedForm
from mofa.assemble.compose import compose
from mofa.assemble.nets import load_net
from mofa.assemble.nodes import load_node
from mofa.assemble.plan import Builder, make_plan
from mofa.chemistry import Framework, Linker, Reason, Rejected, Stage
from mofa.errors import InputError

# Asked in this order; the first that can embed the nodes in the net builds.
_BUILDERS: tuple[Builder, ...] = (ClosedForm(),)


def assemble(
    linkers: Sequence[Linker],
    *,
    node: str = "zn-paddlewheel-pillar",
    net: str = "pcu",
    max_bend_deg: float = 15.0,
    torsion_step_deg: float = 15.0,
) -> Framework | Rejected:
    """Build a MOF and check it.

    Linkers find their places by the type of their ends, in any order. For the default node and net that is two BCA
    linkers in the plane (one may be given once for both) and one BZN pillar.

    Args:
        linkers: what goes on the net's edges.
        node: name of the metal node; see `nodes`.
        net: RCSR symbol of the net; see `nets`.
        max_bend_deg: largest angle between an exit of a linker and the line through both its ends, degrees.
        torsion_step_deg: step of the scan that turns each linker about its axis, degrees.

    Returns:
        The framework in P1 with its bond graph, identity and lineage, or the reason why there is none.

    Raises:
        InputError: unknown node or net, a node that does not fit the net, or an option out of range.
    """
    for option, value, top in (("max_bend_deg", max_bend_deg, 180.0), ("torsion_step_deg", torsion_step_deg, 360.0)):
        if not 0.0 < value <= top:
            raise InputError(f"{value} is out of range", where=option, action=f"Give degrees above 0, up to {top:g}")
    metal_net = load_net(net)
    nodes = (load_node(node),) * metal_net.n_vertices
    for linker in linkers:
        if not np.isfinite(linker.positions).all():
            return Rejected(Stage.ASSEMBLE, Reason.NOT_FINITE, f"{linker.smiles} has NaN or infinite coordinates")
    for builder in _BUILDERS:
        sites = builder.sites(nodes, metal_net)
        if sites is None:
            continue
        plan = make_plan(linkers, nodes, metal_net, sites)
        if isinstance(plan, Rejected):
            return plan
        placement = builder.place(plan, max_bend_deg=max_bend_deg, torsion_step_deg=torsion_step_deg)
        if isinstance(placement, Rejected):
            return placement
        framework = compose(plan, placement)
        return check_framework(framework) or framework
    raise InputError(
        f"the node {node!r} cannot be placed in the net {net!r}", where="net", action="Choose another node or net"
    )
