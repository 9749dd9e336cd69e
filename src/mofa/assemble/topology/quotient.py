"""Periodic graphs by their quotient: the vertices of one cell, and edges that say which cell they lead into.

Graphs need no coordinates here. Their own are the barycentric placement, in which every vertex stands at the mean of
its neighbours; it is unique up to the choice of origin and cell. DOI 10.1107/S0108767303012017.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.topology.lattice import lattice_basis
from mofa.chemistry import Net
from mofa.chemistry.arrays import frozen_ints

Shift = tuple[int, int, int]
Image = tuple[int, Shift]
"""A vertex and the cell that it is in."""
Assignment = list[Image]
"""For every vertex of one graph its image in another."""


@dataclass(frozen=True, eq=False)
class QuotientGraph:
    """A periodic graph: edge k joins vertex ``ends[k, 0]`` to the image of ``ends[k, 1]`` in the cell ``shifts[k]``.

    Several edges may join the same two images.
    """

    n_vertices: int
    ends: NDArray[np.int64]
    """``[n_edges, 2]``."""
    shifts: NDArray[np.int64]
    """``[n_edges, 3]``."""

    def __post_init__(self) -> None:
        n_edges = len(self.ends)
        object.__setattr__(self, "ends", frozen_ints(np.reshape(self.ends, (n_edges, 2)), (n_edges, 2)))
        object.__setattr__(self, "shifts", frozen_ints(np.reshape(self.shifts, (n_edges, 3)), (n_edges, 3)))

    @property
    def n_edges(self) -> int:
        """Edges in the cell."""
        return len(self.ends)

    @cached_property
    def neighbors(self) -> tuple[tuple[Image, ...], ...]:
        """For every vertex the images at the other ends of its edges, parallel edges repeated."""
        table: list[list[Image]] = [[] for _ in range(self.n_vertices)]
        for (i, j), (x, y, z) in zip(self.ends.tolist(), self.shifts.tolist(), strict=True):
            table[i].append((j, (x, y, z)))
            table[j].append((i, (-x, -y, -z)))
        return tuple(tuple(row) for row in table)

    @cached_property
    def degrees(self) -> tuple[int, ...]:
        """Number of edge ends at every vertex."""
        return tuple(len(row) for row in self.neighbors)

    @cached_property
    def edge_counts(self) -> Counter[tuple[int, ...]]:
        """How many edges there are of each kind: (i, j, shift) in the direction that comes first."""
        return count_edges(self.ends.tolist(), self.shifts.tolist())

    @cached_property
    def barycentric(self) -> NDArray[np.float64]:
        """Fractional coordinates that put every vertex at the mean of its neighbours, ``[n_vertices, 3]``.

        The first vertex is the origin. The graph must be connected.
        """
        n = self.n_vertices
        laplacian, pull = np.diag(np.array(self.degrees, dtype=np.float64)), np.zeros((n, 3))
        i, j = self.ends[:, 0], self.ends[:, 1]
        np.subtract.at(laplacian, (i, j), 1.0)
        np.subtract.at(laplacian, (j, i), 1.0)
        np.add.at(pull, i, self.shifts)
        np.subtract.at(pull, j, self.shifts)
        placed = np.zeros((n, 3))
        if n > 1:
            placed[1:] = np.linalg.solve(laplacian[1:, 1:], pull[1:])
        return placed

    def coordination_sequence(self, vertex: int, shells: int = 10) -> tuple[int, ...]:
        """How many vertices are 1, 2, ... edges away from a vertex."""
        home: Image = (vertex, (0, 0, 0))
        before: set[Image] = set()
        shell = {home}
        counts = []
        for _ in range(shells):
            following = {
                (j, (x + dx, y + dy, z + dz)) for i, (x, y, z) in shell for j, (dx, dy, dz) in self.neighbors[i]
            }
            # Neighbours of a shell lie in it, before it or behind it.
            before, shell = shell, following - shell - before
            counts.append(len(shell))
        return tuple(counts)

    def four_rings(self, vertex: int) -> int:
        """Rings of four edges through a vertex: cycles of four whose opposite corners are not joined. 12 in pcu."""
        around = set(self.neighbors[vertex])
        beyond: dict[Image, list[Image]] = {}
        for image in around:
            for other in self._images_around(image):
                if other != (vertex, (0, 0, 0)) and other not in around:
                    beyond.setdefault(other, []).append(image)
        found = 0
        for corners in beyond.values():
            for k, one in enumerate(corners):
                joined = self._images_around(one)
                found += sum(other not in joined for other in corners[k + 1 :])
        return found

    def _images_around(self, image: Image) -> set[Image]:
        i, (x, y, z) = image
        return {(j, (x + dx, y + dy, z + dz)) for j, (dx, dy, dz) in self.neighbors[i]}

    def components(self) -> tuple[Component, ...]:
        """The connected pieces, each as a graph of its own; those with fewest vertices first."""
        owner = [-1] * self.n_vertices
        offset: list[Shift] = [(0, 0, 0)] * self.n_vertices
        members: list[list[int]] = []
        for start in range(self.n_vertices):
            if owner[start] >= 0:
                continue
            owner[start] = len(members)
            piece = [start]
            for i in piece:
                x, y, z = offset[i]
                for j, (dx, dy, dz) in self.neighbors[i]:
                    if owner[j] < 0:
                        owner[j], offset[j] = owner[start], (x + dx, y + dy, z + dz)
                        piece.append(j)
            members.append(piece)
        loops = np.array(offset, dtype=np.int64).reshape(-1, 3)
        loops = loops[self.ends[:, 0]] + self.shifts - loops[self.ends[:, 1]]
        piece_of_edge = np.array(owner, dtype=np.int64)[self.ends[:, 0]]
        found = [self._component(piece, loops, piece_of_edge == k) for k, piece in enumerate(members)]
        return tuple(sorted(found, key=lambda component: component.graph.n_vertices))

    def _component(self, vertices: list[int], loops: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Component:
        """A piece, its vertices moved into one cell and its edges given in the lattice of its own closed walks."""
        walks = loops[chosen]
        basis = lattice_basis(walks)
        rank = len(basis)
        if rank == 3:
            walks = np.rint(walks @ np.linalg.inv(basis.astype(np.float64))).astype(np.int64)
        number = np.zeros(self.n_vertices, dtype=np.int64)
        number[vertices] = np.arange(len(vertices))
        graph = QuotientGraph(len(vertices), number[self.ends[chosen]], walks)
        copies = abs(round(float(np.linalg.det(basis)))) if rank == 3 else 0
        return Component(graph, tuple(vertices), rank, copies)


@dataclass(frozen=True, eq=False)
class Component:
    """A connected piece of a periodic graph."""

    graph: QuotientGraph
    """In the lattice of its closed walks where that has rank 3."""
    vertices: tuple[int, ...]
    """For every vertex of `graph` its number in the whole."""
    rank: int
    """Directions in which it extends."""
    copies: int
    """Disjoint translated copies of it per cell of the whole; 0 unless the rank is 3."""


def quotient_graph(net: Net) -> QuotientGraph:
    """The graph of a net, without its embedding."""
    ends = np.array([(edge.i, edge.j) for edge in net.edges], dtype=np.int64).reshape(-1, 2)
    shifts = np.array([edge.shift for edge in net.edges], dtype=np.int64).reshape(-1, 3)
    return QuotientGraph(net.n_vertices, ends, shifts)


def count_edges(ends: list[list[int]], shifts: list[list[int]]) -> Counter[tuple[int, ...]]:
    """Edges as (i, j, shift), each in the direction that comes first, and how often they occur."""
    return Counter(min((i, j, x, y, z), (j, i, -x, -y, -z)) for (i, j), (x, y, z) in zip(ends, shifts, strict=True))


def folded(graph: QuotientGraph, images: Assignment) -> QuotientGraph | None:
    """The same periodic graph in a smaller cell, of which a translation that maps it onto itself is a lattice vector.

    Args:
        graph: in the cell as it is.
        images: where the translation takes every vertex.

    Returns:
        None when what is given is no translation: applied often enough, one moves all vertices by one lattice vector.
    """
    cycles, returns = _cycles(images)
    order, step = len(cycles[0]), np.array(next(iter(returns)))
    if len(returns) > 1 or any(len(cycle) != order for cycle in cycles):
        return None
    # In units of 1/order the translation is an integer vector, and with it the finer lattice.
    finer = lattice_basis(np.vstack([order * np.eye(3, dtype=np.int64), step]))
    to_finer = np.linalg.inv(finer.astype(np.float64))
    owner = [0] * graph.n_vertices
    offset = np.zeros((graph.n_vertices, 3))
    for number, cycle in enumerate(cycles):
        for times, (vertex, cell) in enumerate(cycle):
            owner[vertex] = number
            offset[vertex] = times * step - order * np.array(cell)
    counts: Counter[tuple[int, ...]] = Counter()
    for number, cycle in enumerate(cycles):
        for j, shift in graph.neighbors[cycle[0][0]]:
            moved = (order * np.array(shift) + offset[j] - offset[cycle[0][0]]) @ to_finer
            x, y, z = np.rint(moved).astype(int).tolist()
            counts[min((number, owner[j], x, y, z), (owner[j], number, -x, -y, -z))] += 1
    # Every edge was met from both of its ends.
    rows = np.array([edge for edge, count in sorted(counts.items()) for _ in range(count // 2)], dtype=np.int64)
    return QuotientGraph(len(cycles), rows[:, :2], rows[:, 2:])


def _cycles(images: Assignment) -> tuple[list[list[Image]], set[Shift]]:
    """Vertices in the order in which a map takes them to one another, and the lattice vectors that they return by."""
    cycles: list[list[Image]] = []
    returns: set[Shift] = set()
    seen: set[int] = set()
    for start in range(len(images)):
        if start in seen:
            continue
        cycle: list[Image] = [(start, (0, 0, 0))]
        while True:
            vertex, (x, y, z) = cycle[-1]
            seen.add(vertex)
            following, (dx, dy, dz) = images[vertex]
            cell = (x + dx, y + dy, z + dz)
            if following == start:
                returns.add(cell)
                break
            cycle.append((following, cell))
        cycles.append(cycle)
    return cycles, returns
