"""Task 3: linkers, a node and a net in, a checked framework out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mofa.assemble.blocks.nodes import load_node
from mofa.assemble.catenation import MAX_EXTRA_NETS, catenate
from mofa.assemble.checks.framework import check_framework
from mofa.assemble.compose import compose
from mofa.assemble.embed.arrange import arrange
from mofa.assemble.embed.closed_form import ClosedForm
from mofa.assemble.embed.general import General
from mofa.assemble.embed.geometry import is_straight
from mofa.assemble.embed.orient import orient
from mofa.assemble.nets.catalogue import load_net
from mofa.assemble.plan import Builder, Placement, Plan, make_plan
from mofa.assemble.topology.check import check_net
from mofa.chemistry import Framework, Linker, Net, Node, Reason, Rejected, Stage
from mofa.errors import InputError

# Asked in this order; the first that takes the plan builds.
_BUILDERS: tuple[Builder, ...] = (ClosedForm(), General())
# Of several ways that fail, the one is told that came nearest to a framework; every other reason comes before these.
_NEARER = (Reason.CLASH, Reason.BENT_LINKER, Reason.ANGLE_MISFIT)


def assemble(
    linkers: Sequence[Linker],
    *,
    node: str = "zn-paddlewheel-pillar",
    net: str = "pcu",
    net_file: str | Path = "",
    catenation: int = 0,
    max_bend_deg: float = 15.0,
    torsion_step_deg: float = 15.0,
) -> Framework | Rejected:
    """Build a MOF and check it.

    Linkers find their places by the number and the type of their ends, in any order. For the default node and net that
    is two BCA linkers in the plane (one may be given once for both) and one BZN pillar. Linkers with three or more ends
    stand on the net's vertices.

    Args:
        linkers: what goes on the net's edges and on the vertices that the node does not take.
        node: name of the metal node, or the path of a node file; see `nodes`.
        net: RCSR symbol of the net; see `nets`.
        net_file: a `.cgd` file to take the net from; the nets that come with MOFA when empty.
        catenation: number of further nets that interpenetrate the first, 0 to 3.
        max_bend_deg: largest angle between an exit of a linker and the line through both its ends, degrees.
        torsion_step_deg: step of the scan that turns each linker about its axis, degrees.

    Returns:
        The framework in P1 with its bond graph, identity and lineage, or the reason why there is none.

    Raises:
        InputError: unknown node or net, an unreadable file, or an option out of range.
    """
    for option, value, top in (("max_bend_deg", max_bend_deg, 180.0), ("torsion_step_deg", torsion_step_deg, 360.0)):
        if not 0.0 < value <= top:
            raise InputError(f"{value} is out of range", where=option, action=f"Give degrees above 0, up to {top:g}")
    if not 0 <= catenation <= MAX_EXTRA_NETS:
        raise InputError(f"{catenation} is out of range", where="catenation", action=f"Give 0 to {MAX_EXTRA_NETS}")
    metal_net = load_net(net, file=net_file or None)
    metal_node = load_node(node)
    for linker in linkers:
        refused = _unusable(linker)
        if refused is not None:
            return refused
    refusals: list[Rejected] = []
    for plan in _plans(linkers, metal_node, metal_net):
        result = plan if isinstance(plan, Rejected) else _built(plan, catenation, max_bend_deg, torsion_step_deg)
        if isinstance(result, Framework):
            return result
        refusals.append(result)
    return min(refusals, key=lambda refusal: _NEARER.index(refusal.reason) if refusal.reason in _NEARER else -1)


def _plans(linkers: Sequence[Linker], node: Node, net: Net) -> Iterator[Plan | Rejected]:
    """Every way to put the blocks into the net, the most promising first."""
    arrangements = arrange(node, [linker for linker in linkers if len(linker.anchors) > 2], net)
    if isinstance(arrangements, Rejected):
        yield arrangements
        return
    rods = [linker for linker in linkers if len(linker.anchors) == 2]
    for arrangement in arrangements:
        ways = orient(arrangement)
        if isinstance(ways, Rejected):
            yield ways
        else:
            yield make_plan(rods, node, ways.first)
            for sites in ways.others:
                yield make_plan(rods, node, sites)
            if net.n_vertices > 1 and not all(is_straight(linker) for linker in rods):
                for sites in ways.tilted():
                    yield make_plan(rods, node, sites)


def _built(plan: Plan, catenation: int, max_bend_deg: float, torsion_step_deg: float) -> Framework | Rejected:
    """One plan carried out and checked."""
    placement = _placed(plan, max_bend_deg, torsion_step_deg)
    if isinstance(placement, Rejected):
        return placement
    single = compose(plan, placement)
    framework = catenate(single, catenation) if catenation else single
    if isinstance(framework, Rejected):
        return framework
    return check_framework(framework) or _another_net(framework, plan.net) or framework


def _another_net(framework: Framework, net: Net) -> Rejected | None:
    """The independent look: which net do the bonds make?"""
    found = check_net(framework, net)
    return None if found is None else Rejected(Stage.ASSEMBLE, *found)


def _unusable(linker: Linker) -> Rejected | None:
    """A linker that no net can take."""
    if not np.isfinite(linker.positions).all():
        return Rejected(Stage.ASSEMBLE, Reason.NOT_FINITE, f"{linker.smiles} has NaN or infinite coordinates")
    kinds = {anchor.kind for anchor in linker.anchors}
    if len(linker.anchors) < 2 or len(kinds) != 1:
        ends = ", ".join(anchor.kind for anchor in linker.anchors) or "none"
        detail = f"a linker needs two or more ends of one kind; {linker.smiles} has {ends}"
        return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)
    return None


def _placed(plan: Plan, max_bend_deg: float, torsion_step_deg: float) -> Placement | Rejected:
    for builder in _BUILDERS:
        placement = builder.place(plan, max_bend_deg=max_bend_deg, torsion_step_deg=torsion_step_deg)
        if placement is not None:
            return placement
    raise AssertionError("the last builder takes every plan")
