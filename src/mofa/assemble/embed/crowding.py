"""Which linkers stand too close to something where their planes want to be: one neighbour search for the whole cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.graphs import bonds_from, contact_kinds
from mofa.assemble.embed.soft import soft_limits
from mofa.assemble.plan import Plan
from mofa.chemistry import Linker
from mofa.chemistry.bonds import neighbor_pairs

# Pairs across a join, up to this many bonds apart, are left to the conjugation that holds them in a plane.
EXCLUDED_BONDS = 3


def crowded_edges(
    plan: Plan,
    cell: NDArray[np.float64],
    vertices: Sequence[NDArray[np.float64]],
    placed: Sequence[NDArray[np.float64] | None],
    starts: Sequence[int],
) -> set[int]:
    """Edges whose linkers have an atom nearer to another block, or to their own images, than repulsion begins.

    Args:
        plan: what stands where.
        cell: lattice vectors as rows, Å, ``[3, 3]``.
        vertices: positions of the block on every vertex, Å.
        placed: positions of the linker on every edge, dummies included, Å; None without one.
        starts: for every edge the anchor at its start.
    """
    positions, kinds, owner, index = [], [], [], []
    for k, (node, x) in enumerate(zip(plan.nodes, vertices, strict=True)):
        positions.append(x)
        kinds.append(contact_kinds(node))
        owner.append(np.full(len(x), k))
        index.append(np.arange(len(x)))
    n_vertices = len(plan.nodes)
    for k, (edge, there) in enumerate(zip(plan.edges, placed, strict=True)):
        if edge.linker is not None and there is not None:
            own, own_kinds = _inner_atoms(edge.linker)
            positions.append(there[own])
            kinds.append(own_kinds)
            owner.append(np.full(len(own), n_vertices + k))
            index.append(own)
    x, block, number = np.concatenate(positions), np.concatenate(owner), np.concatenate(index)
    names, kind = np.unique(np.concatenate(kinds), return_inverse=True)
    limit = soft_limits(tuple(names.tolist()))
    i, j, distance, shift = neighbor_pairs(("X",) * len(x), x, cell, float(limit.max()))
    close = distance < limit[kind[i], kind[j]]
    close &= (block[i] >= n_vertices) | (block[j] >= n_vertices)
    close &= (block[i] != block[j]) | shift.any(axis=1)
    crowded: set[int] = set()
    for a, b, image in zip(i[close].tolist(), j[close].tolist(), shift[close].tolist(), strict=True):
        if block[a] < n_vertices:
            a, b, image = b, a, [-s for s in image]
        edge_number = int(block[a]) - n_vertices
        atoms = (int(number[a]), int(number[b]))
        if block[b] >= n_vertices:
            crowded |= {edge_number, int(block[b]) - n_vertices}
        elif not _joined(plan, edge_number, starts[edge_number], atoms, int(block[b]), tuple(image)):
            crowded.add(edge_number)
    return crowded


@lru_cache(maxsize=1024)
def _inner_atoms(linker: Linker) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Atoms of a linker without the dummies, and their contact kinds."""
    dummies = {anchor.dummy for anchor in linker.anchors}
    own = np.array([k for k in range(len(linker.symbols)) if k not in dummies])
    return own, contact_kinds(linker)[own]


def _joined(plan: Plan, edge: int, start: int, atoms: tuple[int, int], vertex: int, image: tuple[int, ...]) -> bool:
    """Whether a linker's atom and a node's are within a few bonds across one of the linker's joins."""
    site, linker = plan.edges[edge].site, plan.edges[edge].linker
    assert linker is not None
    ends = ((site.edge.i, (0, 0, 0), site.start, start), (site.edge.j, site.edge.shift, site.end, 1 - start))
    for at, shift, point, anchor in ends:
        if (at, shift) == (vertex, image):
            node = plan.nodes[at]
            in_node = bonds_from(node, node.points[point].atom)
            in_linker = bonds_from(linker, linker.anchors[anchor].dummy)
            if in_linker[atoms[0]] + in_node[atoms[1]] <= EXCLUDED_BONDS:
                return True
    return False
