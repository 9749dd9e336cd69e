"""How every block is turned so that its points face the edges of the net.

Often several ways fit equally well; they differ in which kind of point meets which edge and in how the carboxylates'
planes lie. Among them those are taken that join points of one kind and twist the linkers least. Where both ends of
every linker are perpendicular in the net's own cell (Zn4O in pcu), the cell is doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from mofa.assemble.embed.arrange import Arrangement, doubled
from mofa.assemble.embed.combine import KIND_MISMATCH, Combinations
from mofa.assemble.embed.rigid import rotations
from mofa.assemble.embed.turns import Turn, turns_towards
from mofa.assemble.plan import EdgeSite, Sites
from mofa.chemistry import Net, Node, Reason, Rejected, Stage

# A block whose directions are further off the edges than this cannot be bent into the net.
MAX_MISFIT_DEG = 34.0
# A mean cost of an edge beyond which twice the cell is tried; it must at least halve the cost.
_TWISTED = 0.25
# Random tilts for bent linkers: how many, and their standard deviation about each axis.
N_TILTS = 24
TILT_RAD = 0.45


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways to turn all blocks, as long as they are asked for."""

    arrangement: Arrangement
    options: tuple[tuple[Turn, ...], ...]
    """For every vertex the turns of its block that fit."""
    combinations: Combinations

    @cached_property
    def first(self) -> Sites:
        """The way that costs least."""
        return self._sites(self.combinations.first)

    @cached_property
    def others(self) -> tuple[Sites, ...]:
        """Ways that cost about as much.

        There are some where blocks have less symmetry than their vertices (a rectangle on a square); only coordinates
        can tell which is right.
        """
        return tuple(self._sites(way) for way in self.combinations.others())

    @cached_property
    def cost(self) -> float:
        """Mean cost of an edge in the first way; about 1 when every linker is twisted by 90 degrees."""
        return self.combinations.total(self.combinations.first) / len(self.arrangement.net.edges)

    def tilted(self) -> Iterator[Sites]:
        """The first way with every block turned a little at random, always alike.

        Bent linkers leave a choice of how blocks tilt (ZIF-8 is a tilted sodalite); a start in the net's own symmetry
        would stay between the choices.
        """
        rng = np.random.default_rng(0)
        for _ in range(N_TILTS):
            turns = rotations(rng.normal(0.0, TILT_RAD, (len(self.options), 3)))
            yield replace(self.first, rotations=self.first.rotations @ turns)

    def _sites(self, chosen: Sequence[int]) -> Sites:
        """The points that every edge joins when the blocks are turned so."""
        net, ends = self.arrangement.net, edge_ends(self.arrangement.net)
        turns = [self.options[vertex][choice] for vertex, choice in enumerate(chosen)]
        sites = []
        for k, edge in enumerate(net.edges):
            start = turns[edge.i].point_of_edge[ends[edge.i].index((k, 1))]
            end = turns[edge.j].point_of_edge[ends[edge.j].index((k, -1))]
            sites.append(EdgeSite(edge, start, end))
        turned = np.array([turn.rotation for turn in turns])
        return Sites(
            net,
            self.arrangement.nodes,
            self.arrangement.linkers,
            tuple(sites),
            turned,
            max(turn.worst_deg for turn in turns),
        )


def orient(arrangement: Arrangement) -> Ways | Rejected:
    """Turn every block towards the edges of its vertex.

    Args:
        arrangement: blocks on vertices.

    Returns:
        Ways with the points that every edge joins; ANGLE_MISFIT where a block does not fit the net's angles,
        ANCHOR_MISMATCH where points of different kinds would be joined.
    """
    if not any(arrangement.linkers):
        return oriented(arrangement.nodes[0], arrangement.net)
    return _orient(arrangement)


@lru_cache(maxsize=64)
def oriented(node: Node, net: Net) -> Ways | Rejected:
    """`orient` for the same node on every vertex: depends on nothing else, and is asked for again and again."""
    return _orient(Arrangement(net, (node,) * net.n_vertices, (None,) * net.n_vertices))


def edge_ends(net: Net) -> list[list[tuple[int, int]]]:
    """For every vertex its edges, with 1 where the edge starts there and -1 where it ends."""
    ends: list[list[tuple[int, int]]] = [[] for _ in range(net.n_vertices)]
    for k, edge in enumerate(net.edges):
        ends[edge.i].append((k, 1))
        ends[edge.j].append((k, -1))
    return ends


def _orient(arrangement: Arrangement) -> Ways | Rejected:
    first = _ways(arrangement)
    if isinstance(first, Rejected) or first.cost < _TWISTED or any(arrangement.linkers):
        return first
    larger = doubled(arrangement.net)
    if larger is None:
        return first
    n = larger.n_vertices // arrangement.net.n_vertices
    second = _ways(Arrangement(larger, arrangement.nodes * n, arrangement.linkers * n))
    return second if isinstance(second, Ways) and second.cost < first.cost / 2.0 else first


def _ways(arrangement: Arrangement) -> Ways | Rejected:
    """The ways in the net's cell as it is."""
    net, nodes = arrangement.net, arrangement.nodes
    ends = edge_ends(net)
    units = net.edge_vectors / np.linalg.norm(net.edge_vectors, axis=1)[:, None]
    options: list[tuple[Turn, ...]] = []
    for vertex, node in enumerate(nodes):
        turns = turns_towards(node, np.array([sign * units[edge] for edge, sign in ends[vertex]]))
        if not turns or turns[0].worst_deg > MAX_MISFIT_DEG:
            worst = turns[0].worst_deg if turns else 180.0
            detail = (
                f"{node.name} does not fit the angles of {net.name}: its directions are up to {worst:.0f} degrees off"
                f" the edges (limit {MAX_MISFIT_DEG:g})"
            )
            return Rejected(Stage.ASSEMBLE, Reason.ANGLE_MISFIT, detail)
        options.append(tuple(turns))
    ways = Ways(arrangement, tuple(options), Combinations(arrangement, ends, options))
    if ways.cost * len(net.edges) >= KIND_MISMATCH:
        detail = f"{net.name} would join connection points of different kinds of {nodes[0].name}"
        return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)
    return ways
