"""Nets: periodic graphs with an embedding, what nodes and linkers are put into. DOI 10.1021/ar800124u."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats


@dataclass(frozen=True)
class NetEdge:
    """An edge of a net: from vertex `i` to the image of vertex `j` shifted by `shift` cells."""

    i: int
    j: int
    shift: tuple[int, int, int]
    orbit: int = 0
    """Edges of one orbit are equivalent under the symmetry of the net."""


@dataclass(frozen=True, eq=False)
class Net:
    """A periodic net by its RCSR symbol: a quotient graph with an embedding, usually in a primitive cell."""

    name: str
    positions: NDArray[np.float64]
    """Fractional coordinates of the vertices, ``[n_vertices, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, right-handed, ``[3, 3]``; only ratios matter."""
    edges: tuple[NetEdge, ...]
    vertex_orbits: tuple[int, ...]
    """For every vertex the number of its orbit under the symmetry of the net."""
    source: str = ""
    """File that it was read from."""
    key: str = ""
    """What identities are made from: the name, with a digest where a user's net is another than the shipped one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", frozen_floats(self.positions, (len(self.vertex_orbits), 3)))
        object.__setattr__(self, "cell", frozen_floats(self.cell, (3, 3)))
        object.__setattr__(self, "key", self.key or self.name)

    @property
    def n_vertices(self) -> int:
        """Vertices in the cell."""
        return len(self.vertex_orbits)

    @cached_property
    def connectivity(self) -> tuple[int, ...]:
        """Number of edge ends at every vertex."""
        counts = np.zeros(self.n_vertices, dtype=np.int64)
        for edge in self.edges:
            counts[edge.i] += 1
            counts[edge.j] += 1
        return tuple(counts.tolist())

    @cached_property
    def edge_vectors(self) -> NDArray[np.float64]:
        """Cartesian vectors of the edges from `i` to the image of `j`, in units of `cell`, ``[n_edges, 3]``."""
        ends = np.array([(edge.i, edge.j) for edge in self.edges], dtype=np.int64)
        shifts = np.array([edge.shift for edge in self.edges], dtype=np.float64)
        fractional = self.positions[ends[:, 1]] + shifts - self.positions[ends[:, 0]]
        return np.asarray(fractional @ self.cell, dtype=np.float64)

    def supercell(self, transform: NDArray[np.int64]) -> Net:
        """The same net in a larger cell.

        Args:
            transform: rows are the new lattice vectors in the old ones, integers with a positive determinant,
                ``[3, 3]``.

        Raises:
            ValueError: the determinant is not positive.
        """
        transform = np.asarray(transform, dtype=np.int64)
        n_cells = round(float(np.linalg.det(transform)))
        if n_cells < 1:
            raise ValueError(f"the transform's determinant is {n_cells}, not positive")
        corners = _cells_inside(transform, n_cells)
        number = {tuple(corner): k for k, corner in enumerate(corners.tolist())}
        n = self.n_vertices
        edges = []
        for k, corner in enumerate(corners):
            for edge in self.edges:
                cell, shift = _fold(corner + np.array(edge.shift, dtype=np.int64), transform, n_cells)
                edges.append(NetEdge(k * n + edge.i, number[cell] * n + edge.j, shift, edge.orbit))
        inverse = np.linalg.inv(transform)
        positions = np.concatenate([(self.positions + corner) @ inverse for corner in corners])
        return replace(
            self,
            positions=positions,
            cell=transform @ self.cell,
            edges=tuple(edges),
            vertex_orbits=self.vertex_orbits * n_cells,
        )


def _cells_inside(transform: NDArray[np.int64], n_cells: int) -> NDArray[np.int64]:
    """One representative of every old cell in the new one, ``[n_cells, 3]``."""
    reach = int(np.abs(transform).sum())
    found: dict[tuple[int, int, int], None] = {}
    for corner in product(range(reach + 1), repeat=3):
        found.setdefault(_fold(np.array(corner, dtype=np.int64), transform, n_cells)[0])
        if len(found) == n_cells:
            break
    return np.array(list(found), dtype=np.int64)


def _fold(
    cell: NDArray[np.int64], transform: NDArray[np.int64], n_cells: int
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The representative of an old cell, and the new cell that it lies in."""
    # Integer arithmetic: the adjugate over the determinant is the inverse.
    adjugate = np.rint(np.linalg.inv(transform) * n_cells).astype(np.int64)
    shift = (cell @ adjugate) // n_cells
    inside = cell - shift @ transform
    x, y, z = inside.tolist()
    u, v, w = shift.tolist()
    return (x, y, z), (u, v, w)
