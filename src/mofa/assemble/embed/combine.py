"""Which turns of the blocks go together: points of one kind meet, linkers are twisted and bent least."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.embed.arrange import Arrangement
from mofa.assemble.embed.turns import Turn

KIND_MISMATCH = 1e3
# Cost of two ends that do not look at one another, against that of a twist by 90 degrees.
_BEND_WEIGHT = 0.25
# Combinations are sought so often, kept if they cost so little more per edge than the best, and so many tried.
MAX_ATTEMPTS = 60
_EQUAL_COST = 0.1
MAX_WAYS = 8


class Combinations:
    """What it costs to combine turns: mismatched kinds, twist along the edges, ends that look past one another."""

    def __init__(
        self, arrangement: Arrangement, ends: Sequence[Sequence[tuple[int, int]]], options: Sequence[Sequence[Turn]]
    ) -> None:
        self._net, self._nodes, self._ends, self._options = arrangement.net, arrangement.nodes, ends, options
        units = self._net.edge_vectors / np.linalg.norm(self._net.edge_vectors, axis=1)[:, None]
        self._seen = [
            [self._planes(vertex, turn, units) for turn in options[vertex]] for vertex in range(self._net.n_vertices)
        ]
        self._order = self._spreading()
        self._row = {
            (edge, sign): (vertex, row) for vertex, own in enumerate(ends) for row, (edge, sign) in enumerate(own)
        }

    def _planes(
        self, vertex: int, turn: Turn, units: NDArray[np.float64]
    ) -> list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
        """For every edge end: kind, normal perpendicular to the edge (zero where there is no plane), direction."""
        seen = []
        for (edge, _), k, looks in zip(self._ends[vertex], turn.point_of_edge, turn.outward, strict=True):
            point = self._nodes[vertex].points[k]
            normal = point.normal @ turn.rotation
            normal = normal - (normal @ units[edge]) * units[edge]
            size = float(np.linalg.norm(normal))
            seen.append((str(point.kind), normal / size if size > 0.1 else np.zeros(3), looks))
        return seen

    def edge(self, k: int, chosen: Sequence[int]) -> float:
        """Cost of one edge; 0 while one of its vertices is open (-1)."""
        (i, row_i), (j, row_j) = self._row[k, 1], self._row[k, -1]
        if chosen[i] < 0 or chosen[j] < 0:
            return 0.0
        kind_i, normal_i, looks_i = self._seen[i][chosen[i]][row_i]
        kind_j, normal_j, looks_j = self._seen[j][chosen[j]][row_j]
        if kind_i != kind_j:
            return KIND_MISMATCH
        bend = _BEND_WEIGHT * float(((looks_i + looks_j) ** 2).sum())
        if not normal_i.any() or not normal_j.any():
            return bend
        return bend + float(1.0 - (normal_i @ normal_j) ** 2)

    def total(self, chosen: Sequence[int]) -> float:
        """Cost of all edges."""
        return sum(self.edge(k, chosen) for k in range(len(self._net.edges)))

    @cached_property
    def first(self) -> tuple[int, ...]:
        """A turn for every vertex: spread out from each turn of the first vertex, then improved one by one."""
        ways = [self._spread(start, None) for start in range(len(self._options[self._order[0]]))]
        return min(ways, key=lambda way: round(self.total(way), 6))

    def others(self) -> list[tuple[int, ...]]:
        """Other combinations that cost about as much, the cheapest first; ties are broken at random, always alike."""
        rng = random.Random(0)
        n_starts = len(self._options[self._order[0]])
        attempts = min(MAX_ATTEMPTS, prod(len(options) for options in self._options))
        found = {way: self.total(way) for way in (self._spread(k % n_starts, rng) for k in range(attempts))}
        limit = self.total(self.first) + _EQUAL_COST * len(self._net.edges)
        good = [way for way, cost in found.items() if cost < limit and way != self.first]
        return sorted(good, key=lambda way: round(found[way], 3))[:MAX_WAYS]

    def _spread(self, start: int, rng: random.Random | None) -> tuple[int, ...]:
        """One turn of the first vertex given, all others chosen to suit their neighbours."""
        chosen = [-1] * self._net.n_vertices
        chosen[self._order[0]] = start
        for _ in range(3):
            before = list(chosen)
            for vertex in self._order if -1 not in chosen else self._order[1:]:
                self._improve(vertex, chosen, rng)
            if chosen == before:
                break
        return tuple(chosen)

    def _improve(self, vertex: int, chosen: list[int], rng: random.Random | None) -> None:
        edges = sorted({edge for edge, _ in self._ends[vertex]})
        costs = []
        for option in range(len(self._options[vertex])):
            chosen[vertex] = option
            costs.append(sum(self.edge(k, chosen) for k in edges))
        least = min(costs)
        ties = [k for k, cost in enumerate(costs) if cost < least + 1e-6]
        chosen[vertex] = ties[0] if rng is None else rng.choice(ties)

    def _spreading(self) -> list[int]:
        """Vertices in an order in which each has a neighbour before it."""
        order, waiting = [0], {0}
        for vertex in order:
            for edge, _ in self._ends[vertex]:
                for other in (self._net.edges[edge].i, self._net.edges[edge].j):
                    if other not in waiting:
                        waiting.add(other)
                        order.append(other)
        return order
