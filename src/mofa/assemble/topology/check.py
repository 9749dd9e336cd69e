"""Which net is it? The net of a framework is read off its bonds and compared with the one asked for.

underlying_net(framework)     # metal parts and branching ligands as a periodic graph, one for every net inside
check_net(framework, net)     # None, or what is wrong with it
identify_net(framework)       # RCSR symbol among the nets shipped
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from mofa.assemble.checks.finding import Finding
from mofa.assemble.nets.catalogue import load_net, nets
from mofa.assemble.topology.dissection import dissect
from mofa.assemble.topology.isomorphism import Placed
from mofa.assemble.topology.quotient import Component, QuotientGraph, quotient_graph
from mofa.chemistry import Framework, Net, Reason, Rejected, Stage

_SHELLS_SHOWN = 5


def underlying_net(framework: Framework, *, stage: Stage = Stage.ASSEMBLE) -> tuple[Component, ...] | Rejected:
    """The nets that a framework's bonds make, one for every connected piece; several where nets interpenetrate.

    Args:
        framework: any, however it was made; bonds are perceived where it has none.
        stage: the task that asks, named in the refusal.

    Returns:
        The pieces of the net (see `dissect`), or WRONG_NET where no net can be made out.
    """
    taken_apart = dissect(framework, stage=stage)
    if isinstance(taken_apart, Rejected):
        return taken_apart
    return taken_apart.graph.components()


def same_net(one: QuotientGraph, other: QuotientGraph) -> bool:
    """Whether two connected, three-periodic graphs are the same, whatever cells they are given in."""
    return Placed(one).isomorphic(Placed(other))


def check_net(framework: Framework, net: Net) -> Finding | None:
    """WRONG_NET unless each connected piece of the framework is the net: the same periodic graph, edge by edge.

    How many pieces there are is left to the check of connected nets.

    Args:
        framework: any, however it was made.
        net: what it should be.
    """
    taken_apart = dissect(framework)
    if isinstance(taken_apart, Rejected):
        return taken_apart.reason, taken_apart.detail, taken_apart.atoms
    graph = taken_apart.graph
    mistake = _mistake(net, graph.n_vertices, graph.ends.tobytes(), graph.shifts.tobytes())
    return None if mistake is None else (Reason.WRONG_NET, mistake, ())


@lru_cache(maxsize=1024)
def _mistake(net: Net, n_vertices: int, ends: bytes, shifts: bytes) -> str | None:
    """How a quotient graph differs from a net; kept, since MOFs of one node and net often give the very same graph."""
    edges = (np.frombuffer(data, dtype=np.int64).reshape(-1, width) for data, width in ((ends, 2), (shifts, 3)))
    pieces = QuotientGraph(n_vertices, *edges).components()
    if not pieces:
        return f"no ligands join the metal parts to a net, {net.name} was asked for"
    wanted = _prepared(net)
    for piece in pieces:
        if piece.rank < 3:
            return f"the edges of the net extend in {piece.rank} directions, those of {net.name} in 3"
        found = Placed(piece.graph)
        if not wanted.isomorphic(found):
            return f"the bonds make {_describe(found)}; {net.name} has {_describe(wanted)}"
    return None


def identify_net(framework: Framework, *, among: Iterable[Net] | None = None) -> str | None:
    """The name of the net that every connected piece of a framework is, or None when it is none of these.

    Args:
        framework: any, however it was made.
        among: nets to compare with; None for those that are shipped.
    """
    pieces = underlying_net(framework)
    if isinstance(pieces, Rejected) or not pieces or any(piece.rank < 3 for piece in pieces):
        return None
    graphs = [Placed(piece.graph) for piece in pieces]
    for net in map(load_net, nets()) if among is None else among:
        wanted = _prepared(net)
        if all(wanted.isomorphic(graph) for graph in graphs):
            return net.name
    return None


@lru_cache(maxsize=256)
def _prepared(net: Net) -> Placed:
    """A net in its smallest cell, with all that comparing needs."""
    return Placed(quotient_graph(net)).minimal


def _describe(placed: Placed) -> str:
    """Vertices of the smallest cell by connectivity, with their coordination sequences and rings."""
    graph = placed.minimal.graph
    kinds = Counter(
        (graph.degrees[v], graph.coordination_sequence(v, _SHELLS_SHOWN), graph.four_rings(v))
        for v in range(graph.n_vertices)
    )
    return " and ".join(
        f"{count} vert{'ex' if count == 1 else 'ices'} of {degree} edges (coordination sequence"
        f" {' '.join(map(str, sequence))}, {rings} four-rings)"
        for (degree, sequence, rings), count in sorted(kinds.items())
    )
