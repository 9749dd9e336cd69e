"""Are two periodic graphs the same, whatever cells they are given in? Decided exactly, by barycentric placement.

An isomorphism of periodic graphs moves barycentric coordinates by an affine map, and the map of the lattices is an
integer matrix of determinant 1 or -1. So a vertex and three independent vectors fix it, few candidates remain, and
each is checked edge by edge in integers. Vertices that share a place are told apart by their edges.
DOI 10.1107/S0108767303012017.

A yes is always right. A no could be wrong only for graphs in which vertices that share a place can be exchanged by
themselves: there, unlike in any net of ordinary MOFs, translations are no unique choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.topology.quotient import Assignment, Image, QuotientGraph, count_edges, folded

# Coordinates are compared in bins of 1/5000 of a cell. The offset keeps fractions with small denominators, which
# barycentric coordinates are, away from the bins' edges.
_BINS = 5000
_OFFSET = np.array([0.319571 / _BINS, 0.417293 / _BINS, 0.273189 / _BINS])
_INTEGRAL = 1e-5
_INDEPENDENT = 1e-6
_MAX_WALK = 4

Label = tuple[int, tuple[int, ...]]
Kind = tuple[int, Label]


class Sites:
    """Looks points up among those of a periodic set."""

    def __init__(self, positions: NDArray[np.float64]) -> None:
        self._positions = positions
        self._table: dict[int, list[int]] = {}
        for k, code in enumerate(_codes(positions)):
            self._table.setdefault(code, []).append(k)

    def find(self, points: NDArray[np.float64]) -> list[list[int]] | None:
        """For every point the sites at that place, cells aside; None when a point is at no site."""
        found = [self._table.get(code) for code in _codes(points)]
        return None if None in found else [sites for sites in found if sites is not None]

    def shift(self, point: NDArray[np.float64], site: int) -> tuple[int, int, int]:
        """The cell in which a point is the image of a site."""
        x, y, z = np.rint(point - self._positions[site]).astype(int).tolist()
        return x, y, z


def _codes(points: NDArray[np.float64]) -> list[int]:
    bins = np.floor((points + _OFFSET) * _BINS).astype(np.int64) % _BINS
    codes: list[int] = (bins @ np.array([1, _BINS, _BINS * _BINS])).tolist()
    return codes


@dataclass(frozen=True, eq=False)
class _Flag:
    """A vertex and three independent vectors that lead from it: what an isomorphism is fixed by."""

    vertex: int
    kinds: tuple[Kind, Kind, Kind]
    inverse: NDArray[np.float64]
    """Inverse of the matrix whose rows are the vectors, ``[3, 3]``."""


class Placed:
    """A connected, three-periodic graph with its barycentric placement, ready to be compared."""

    def __init__(self, graph: QuotientGraph) -> None:
        self.graph = graph

    @cached_property
    def sites(self) -> Sites:
        """The vertices by their place."""
        return Sites(self.graph.barycentric)

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """Degree of every vertex and of its neighbours: vertices of different labels are never equivalent."""
        degrees = self.graph.degrees
        return tuple(
            (degrees[i], tuple(sorted(degrees[j] for j, _ in row))) for i, row in enumerate(self.graph.neighbors)
        )

    @cached_property
    def flag(self) -> _Flag:
        """The flag with fewest counterparts."""
        census = Counter(self.labels)
        choices = []
        for label in sorted(census):
            vertex = self.labels.index(label)
            for length in range(1, _MAX_WALK + 1):
                flag, cost = _pick_flag(vertex, self.walks(vertex, length))
                if flag is not None:
                    choices.append((cost * census[label], vertex, flag))
                    break
        if not choices:
            raise ValueError("the graph is not three-periodic")
        return min(choices, key=lambda choice: choice[:2])[2]

    def walks(self, vertex: int, length: int) -> dict[Kind, list[NDArray[np.float64]]]:
        """Vectors from a vertex to those up to `length` edges away, by distance and label."""
        place = self.graph.barycentric
        seen: set[Image] = {(vertex, (0, 0, 0))}
        shell = set(seen)
        found: dict[Kind, list[NDArray[np.float64]]] = {}
        for distance in range(1, length + 1):
            shell = {
                (j, (x + dx, y + dy, z + dz)) for i, (x, y, z) in shell for j, (dx, dy, dz) in self.graph.neighbors[i]
            } - seen
            seen |= shell
            for j, shift in sorted(shell):
                kind = (distance, self.labels[j])
                found.setdefault(kind, []).append(place[j] + np.array(shift) - place[vertex])
        return found

    @cached_property
    def minimal(self) -> Placed:
        """The same graph in its smallest cell: every translation that maps it onto itself is a lattice vector."""
        smaller = _smaller_cell(self)
        return self if smaller is None else Placed(smaller).minimal

    def isomorphic(self, other: Placed) -> bool:
        """Whether the graphs are the same, mirror images included."""
        mine, yours = self.minimal, other
        # A graph as small as the smallest cell can only be the same if its own cell is the smallest too.
        if other.graph.n_vertices != mine.graph.n_vertices:
            yours = other.minimal
        return mine._maps_onto(yours)

    def _maps_onto(self, other: Placed) -> bool:
        if (self.graph.n_vertices, self.graph.n_edges) != (other.graph.n_vertices, other.graph.n_edges):
            return False
        if sorted(self.labels) != sorted(other.labels):
            return False
        here = self.graph.barycentric[self.flag.vertex]
        for vertex, matrix in self._candidates(other):
            move = other.graph.barycentric[vertex] - here @ matrix
            if carry(self, other, matrix, move) is not None:
                return True
        return False

    def _candidates(self, other: Placed) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Vertices that the flag's may go to, each with a map of the lattices."""
        flag = self.flag
        length = max(kind[0] for kind in flag.kinds)
        wanted = self.labels[flag.vertex]
        for vertex in (k for k, label in enumerate(other.labels) if label == wanted):
            walks = other.walks(vertex, length)
            if any(kind not in walks for kind in flag.kinds):
                continue
            first, second, third = (np.array(walks[kind]) for kind in flag.kinds)
            shape = (len(first), len(second), len(third), 3)
            rows = np.empty((*shape, 3))
            rows[..., 0, :] = first[:, None, None]
            rows[..., 1, :] = second[None, :, None]
            rows[..., 2, :] = third[None, None, :]
            maps = flag.inverse @ rows.reshape(-1, 3, 3)
            whole = np.rint(maps)
            integral = (np.abs(maps - whole) < _INTEGRAL).all(axis=(1, 2))
            whole = whole[integral]
            unimodular = np.abs(np.abs(np.linalg.det(whole)) - 1.0) < _INTEGRAL
            for matrix in whole[unimodular].astype(np.int64):
                yield vertex, matrix


def _pick_flag(vertex: int, walks: dict[Kind, list[NDArray[np.float64]]]) -> tuple[_Flag | None, int]:
    """Three independent vectors among the walks, the shortest and rarest first, and how many triples are like them."""
    options = [
        (kind[0], len(vectors), kind, vector)
        for kind, vectors in sorted(walks.items(), key=lambda item: (item[0][0], len(item[1]), item[0]))
        for vector in vectors
    ]
    chosen: list[NDArray[np.float64]] = []
    kinds: list[Kind] = []
    cost = 1
    for _, count, kind, vector in options:
        spread = np.linalg.svd(np.array([*chosen, vector]), compute_uv=False)
        if spread[-1] > _INDEPENDENT:
            chosen.append(vector)
            kinds.append(kind)
            cost *= count
        if len(chosen) == 3:
            return _Flag(vertex, (kinds[0], kinds[1], kinds[2]), np.linalg.inv(np.array(chosen))), cost
    return None, 0


def carry(first: Placed, second: Placed, matrix: NDArray[np.int64], move: NDArray[np.float64]) -> Assignment | None:
    """Where an affine map of barycentric coordinates takes every vertex, or None if it is no isomorphism.

    Args:
        first: graph that is mapped.
        second: graph of as many vertices that it is mapped onto.
        matrix: what row vectors are multiplied by, ``[3, 3]``.
        move: what is added then, ``[3]``.
    """
    moved = first.graph.barycentric @ matrix + move
    choices = second.sites.find(moved)
    if choices is None:
        return None
    if all(len(choice) == 1 for choice in choices):
        targets = np.array([choice[0] for choice in choices])
        if len(np.unique(targets)) != len(targets):
            return None
        cells = np.rint(moved - second.graph.barycentric[targets]).astype(np.int64)
        i, j = first.graph.ends[:, 0], first.graph.ends[:, 1]
        shifts = first.graph.shifts @ matrix + cells[j] - cells[i]
        if count_edges(targets[first.graph.ends].tolist(), shifts.tolist()) != second.graph.edge_counts:
            return None
        return [(k, (x, y, z)) for k, (x, y, z) in zip(targets.tolist(), cells.tolist(), strict=True)]
    return _tell_apart(first, second, matrix, moved, choices)


def _tell_apart(
    first: Placed, second: Placed, matrix: NDArray[np.int64], moved: NDArray[np.float64], choices: list[list[int]]
) -> Assignment | None:
    """An assignment where several vertices share a place: depth-first, each next to one that is already assigned."""
    edges: list[dict[int, list[NDArray[np.int64]]]] = [{} for _ in choices]
    for (i, j), shift in zip(first.graph.ends.tolist(), first.graph.shifts @ matrix, strict=True):
        edges[i].setdefault(j, []).append(shift)
        edges[j].setdefault(i, []).append(-shift)
    order = _outward(first.graph)
    assigned: dict[int, Image] = {}
    stack = [iter(choices[order[0]])]
    while stack:
        vertex = order[len(stack) - 1]
        assigned.pop(vertex, None)
        taken = {target for target, _ in assigned.values()}
        for target in stack[-1]:
            image = (target, second.sites.shift(moved[vertex], target))
            if (
                target not in taken
                and first.labels[vertex] == second.labels[target]
                and _fits(vertex, image, edges[vertex], assigned, second.graph)
            ):
                assigned[vertex] = image
                break
        if vertex not in assigned:
            stack.pop()
        elif len(stack) == len(order):
            return [assigned[k] for k in range(len(order))]
        else:
            stack.append(iter(choices[order[len(stack)]]))
    return None


def _fits(
    vertex: int,
    image: Image,
    edges: dict[int, list[NDArray[np.int64]]],
    assigned: dict[int, Image],
    graph: QuotientGraph,
) -> bool:
    """Whether the edges from a vertex to those already assigned are edges of the second graph, as many of each."""
    wanted: Counter[tuple[int, ...]] = Counter()
    target, cell = image
    for other, shifts in edges.items():
        if other != vertex and other not in assigned:
            continue
        end, end_cell = assigned.get(other, image)
        for shift in shifts:
            x, y, z = (shift + np.array(end_cell) - np.array(cell)).tolist()
            wanted[min((target, end, x, y, z), (end, target, -x, -y, -z))] += 1
    # A loop was met once from each of its ends.
    return all(
        graph.edge_counts[edge] == (count // 2 if edge[0] == edge[1] else count) for edge, count in wanted.items()
    )


def _outward(graph: QuotientGraph) -> list[int]:
    """All vertices of a connected graph, each but the first next to one before it."""
    order, seen = [0], {0}
    for i in order:
        for j, _ in graph.neighbors[i]:
            if j not in seen:
                seen.add(j)
                order.append(j)
    return order


def _smaller_cell(placed: Placed) -> QuotientGraph | None:
    """The graph in a smaller cell by one translation that maps it onto itself, or None if there is none."""
    census = Counter(placed.labels)
    label = min(census, key=lambda kind: (census[kind], kind))
    alike = [k for k, other in enumerate(placed.labels) if other == label]
    place = placed.graph.barycentric
    for k in alike[1:]:
        step = place[k] - place[alike[0]]
        step = step - np.floor(step + _INTEGRAL)
        if np.abs(step).max() < _INTEGRAL:
            continue
        images = carry(placed, placed, np.eye(3, dtype=np.int64), step)
        if images is not None:
            smaller = folded(placed.graph, images)
            if smaller is not None:
                return smaller
    return None
