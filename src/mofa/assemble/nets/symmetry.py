"""Space groups for nets: from one node and edge of each kind to all of a primitive cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.topology.quotient import quotient_graph
from mofa.chemistry import Net, NetEdge

# Points closer than this fraction of the shortest edge are one: files round their coordinates.
_SAME_PLACE = 0.02
_WRAP = 1e-6
_CELL_TOLERANCE = 1e-3
_VOLUME_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class NodeOrbit:
    """A node as a file gives it: one of those that symmetry makes alike."""

    name: str
    connectivity: int
    position: NDArray[np.float64]
    """Fractional, ``[3]``."""


@dataclass(frozen=True)
class Mistake:
    """Why nodes and edges make no net: the node or edge, by its index, or the net as a whole."""

    kind: str
    """"node", "edge" or "net"."""
    index: int
    what: str


@dataclass(frozen=True, eq=False)
class SpaceGroup:
    """A space group's operations for row vectors, centring left out, and its centring."""

    name: str
    rotations: NDArray[np.float64]
    """``[n_operations, 3, 3]``: a position x goes to ``x @ rotation + translation``."""
    translations: NDArray[np.float64]
    """``[n_operations, 3]``."""
    centrings: NDArray[np.float64]
    """Lattice vectors inside the cell, zero among them, ``[n_centrings, 3]``."""

    def lattice(self, parameters: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Lattice vectors as rows, ``[3, 3]``; None where they have no volume or not the group's symmetry.

        Args:
            parameters: a, b, c and the angles in degrees, ``[6]``.
        """
        lengths, cosines = parameters[:3], np.cos(np.radians(parameters[3:]))
        metric = np.outer(lengths, lengths)
        for (i, j), cosine in zip(((1, 2), (0, 2), (0, 1)), cosines, strict=True):
            metric[i, j] = metric[j, i] = lengths[i] * lengths[j] * cosine
        if (lengths <= 0).any() or np.linalg.eigvalsh(metric)[0] < _VOLUME_TOLERANCE * metric.max():
            return None
        # A rotation keeps all lengths, so it keeps the metric.
        turned = self.rotations @ metric @ self.rotations.transpose(0, 2, 1)
        if np.abs(turned - metric).max() > _CELL_TOLERANCE * metric.max():
            return None
        return np.asarray(np.linalg.cholesky(metric), dtype=np.float64)


@lru_cache(maxsize=256)
def space_group(symbol: str) -> SpaceGroup | None:
    """The group of a Hermann-Mauguin symbol, or None if there is none.

    Args:
        symbol: with its setting after a colon; the second origin and hexagonal axes are meant where it has none.
    """
    import gemmi

    group = gemmi.find_spacegroup_by_name(symbol, prefer="2H")
    if group is None:
        return None
    operations = group.operations()
    unit = gemmi.Op.DEN
    rotations = np.array([operation.rot for operation in operations.sym_ops], dtype=np.float64) / unit
    translations = np.array([operation.tran for operation in operations.sym_ops], dtype=np.float64) / unit
    centrings = np.array(operations.cen_ops, dtype=np.float64) / unit
    return SpaceGroup(group.xhm(), rotations.transpose(0, 2, 1), translations, centrings)


def unfold(
    group: SpaceGroup,
    cell: NDArray[np.float64],
    nodes: Sequence[NodeOrbit],
    edges: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> Net | Mistake:
    """All vertices and edges of a primitive cell, or what is wrong with those given.

    Args:
        group: space group.
        cell: lattice vectors as rows, ``[3, 3]``.
        nodes: one of each orbit.
        edges: both ends of one edge of each orbit, fractional; positions of nodes as rounded as the file has them.
    """
    lengths = [float(np.linalg.norm((end - start) @ cell)) for start, end in edges]
    if min(lengths) <= 0.0:
        return Mistake("edge", lengths.index(min(lengths)), "an edge has two different ends")
    vertices = _Vertices(group, cell, _SAME_PLACE * min(lengths))
    for number, node in enumerate(nodes):
        taken = vertices.at(node.position)
        if taken is not None:
            other = nodes[vertices.orbits[taken]].name
            return Mistake("node", number, f"node {node.name} is where node {other} is already")
        vertices.add(number, node.position)
    found: dict[NetEdge, int] = {}
    for number, ends in enumerate(edges):
        for end in ends:
            if vertices.at(end) is None:
                place = " ".join(f"{x:g}" for x in end)
                return Mistake("edge", number, f"an edge ends at {place}, where no node is")
        for edge in vertices.images_of_edge(*ends):
            found.setdefault(edge, number)
    net = vertices.net(found)
    for number, node in enumerate(nodes):
        made = net.connectivity[net.vertex_orbits.index(number)]
        if made != node.connectivity:
            what = f"node {node.name} should have {node.connectivity} edges; those given make {made}"
            return Mistake("node", number, what)
    return _mistake_of_extent(net) or net


def _mistake_of_extent(net: Net) -> Mistake | None:
    pieces = quotient_graph(net).components()
    if pieces[0].rank < 3:
        return Mistake("net", 0, f"the edges extend in {pieces[0].rank} directions, not in 3")
    count = sum(piece.copies for piece in pieces)
    if count > 1:
        return Mistake("net", 0, f"these are {count} nets through one another; take one and ask for catenation")
    return None


class _Vertices:
    """The vertices of the primitive cell as they are found, and what symmetry does to them."""

    def __init__(self, group: SpaceGroup, cell: NDArray[np.float64], near: float) -> None:
        basis = _primitive_basis(group, cell)
        self._to_primitive = np.linalg.inv(basis)
        self._cell = basis @ cell
        self._near = near
        self._rotations = np.rint(basis @ group.rotations @ self._to_primitive)
        self._translations = group.translations @ self._to_primitive
        self._positions = np.zeros((0, 3))
        self.orbits: list[int] = []

    def add(self, orbit: int, position: NDArray[np.float64]) -> None:
        """Add all images of a node.

        Args:
            orbit: number of the node.
            position: fractional in the file's cell, ``[3]``.
        """
        point = position @ self._to_primitive
        images = self._images(point)
        itself = self._distances(images, point) < self._near
        # The mean of the images of a rounded position is the special position that is meant.
        shifts = images[itself] - point
        point = point + (shifts - np.rint(shifts)).mean(axis=0)
        images = self._images(point)
        images -= np.floor(images + _WRAP)
        while len(images):
            self._positions = np.vstack([self._positions, images[:1]])
            self.orbits.append(orbit)
            images = images[self._distances(images, images[0]) >= self._near]

    def _images(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        images: NDArray[np.float64] = point @ self._rotations + self._translations
        return images

    def _distances(self, points: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances to the nearest images of a point, as long as these are short."""
        apart = points - point
        return np.asarray(np.linalg.norm((apart - np.rint(apart)) @ self._cell, axis=1), dtype=np.float64)

    def at(self, position: NDArray[np.float64]) -> int | None:
        """The vertex at a fractional position of the file's cell."""
        if not self.orbits:
            return None
        distances = self._distances(self._positions, position @ self._to_primitive)
        nearest = int(np.argmin(distances))
        return nearest if distances[nearest] < self._near else None

    def images_of_edge(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> set[NetEdge]:
        """All edges alike under the group, each in the direction that comes first; both ends are at vertices."""
        (i, first), (j, last) = (self._images_of_end(position) for position in (start, end))
        found = set()
        for a, b, (x, y, z) in zip(i, j, (last - first).tolist(), strict=True):
            p, q, *shift = min((a, b, x, y, z), (b, a, -x, -y, -z))
            found.add(NetEdge(p, q, (shift[0], shift[1], shift[2])))
        return found

    def _images_of_end(self, position: NDArray[np.float64]) -> tuple[list[int], NDArray[np.int64]]:
        """The vertices, and their cells ``[n_operations, 3]``, that the operations take the one at a position to."""
        vertex = self.at(position)
        # Rounding in the file is left behind: the vertex itself is moved, in the cell that is meant.
        exact = self._positions[vertex]
        images = self._images(exact + np.rint(position @ self._to_primitive - exact))
        vertices = [int(np.argmin(self._distances(self._positions, image))) for image in images]
        return vertices, np.rint(images - self._positions[vertices]).astype(np.int64)

    def net(self, edges: dict[NetEdge, int]) -> Net:
        """The net, without a name, of edges by their orbit."""
        ordered = sorted(edges.items(), key=lambda item: (item[1], item[0].i, item[0].j, item[0].shift))
        numbered = tuple(NetEdge(edge.i, edge.j, edge.shift, orbit) for edge, orbit in ordered)
        return Net("", self._positions, self._cell, numbered, tuple(self.orbits))


def _primitive_basis(group: SpaceGroup, cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a primitive cell in the file's cell, right-handed: its shortest vectors where it is centred."""
    if len(group.centrings) == 1:
        return np.eye(3)
    steps = np.array(list(product((-1.0, 0.0, 1.0), repeat=3)))
    vectors = (group.centrings[:, None] + steps).reshape(-1, 3)
    vectors = vectors[np.abs(vectors).max(axis=1) <= 1.0]
    lengths = np.linalg.norm(vectors @ cell, axis=1)
    order = np.lexsort((-vectors[:, 1], -vectors[:, 0], -vectors.sum(axis=1).round(6), lengths.round(6)))
    shortest = [vectors[k] for k in order if lengths[k] > 0.0]
    for rows in combinations(shortest, 3):
        basis = np.array(rows)
        volume = float(np.linalg.det(basis)) * len(group.centrings)
        if abs(abs(volume) - 1.0) < _VOLUME_TOLERANCE:
            return basis if volume > 0.0 else basis[[1, 0, 2]]
    raise ValueError(f"{group.name} has no primitive cell")
