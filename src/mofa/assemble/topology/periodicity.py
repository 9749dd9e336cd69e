"""How a bond graph extends: which pieces it has, in how many directions, and how many nets interpenetrate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mofa.assemble.topology.lattice import lattice_basis
from mofa.chemistry import BondGraph


@dataclass(frozen=True)
class Piece:
    """A connected piece of a periodic bond graph."""

    atoms: tuple[int, ...]
    rank: int
    """Directions in which it extends: 3 for a net, 0 for a molecule."""
    copies: int
    """Disjoint translated copies of it in the crystal per cell; more than 1 only where a centring translation maps
    interpenetrating nets onto one another. 0 unless the rank is 3."""


def pieces(graph: BondGraph) -> list[Piece]:
    """Connected pieces of the graph, each with its periodicity.

    The closed walks of a piece span a lattice; its rank is the periodicity, its index in the cell's lattice the
    number of disjoint copies.
    """
    whole = graph.unwrapped_components()
    owner = np.zeros(graph.n_atoms, dtype=np.int64)
    offset = np.zeros((graph.n_atoms, 3), dtype=np.int64)
    for k, piece in enumerate(whole):
        atoms = list(piece)
        owner[atoms] = k
        offset[atoms] = list(piece.values())
    loops = offset[graph.i] + graph.shift - offset[graph.j]
    moving = np.flatnonzero(loops.any(axis=1))
    closed: list[set[tuple[int, ...]]] = [set() for _ in whole]
    for k, loop in zip(owner[graph.i[moving]].tolist(), loops[moving].tolist(), strict=True):
        closed[k].add(tuple(loop))
    found = []
    for piece, walks in zip(whole, closed, strict=True):
        basis = lattice_basis(np.array(sorted(walks), dtype=np.int64).reshape(-1, 3))
        copies = int(np.prod(np.abs(basis.diagonal()))) if len(basis) == 3 else 0
        found.append(Piece(tuple(sorted(piece)), len(basis), copies))
    return found


def n_nets(graph: BondGraph) -> int:
    """Number of interpenetrating three-periodic nets, whatever cell the structure is given in."""
    return sum(piece.copies for piece in pieces(graph))
