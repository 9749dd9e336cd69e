"""Which block stands on which vertex: the metal node, or a linker with three or more ends.

Where a node and a linker have as many ends as every vertex of the net, they must alternate; where the net's cell is too
small for that, it is doubled. DOI 10.1021/ar800124u (nodes and linkers as vertices of a net).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.embed.geometry import end_normal, exit_vector
from mofa.chemistry import Bond, ConnectionPoint, Linker, Net, Node, Reason, Rejected, Stage


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Blocks on the vertices of a net, not yet turned."""

    net: Net
    nodes: tuple[Node, ...]
    """The block on every vertex."""
    linkers: tuple[Linker | None, ...]
    """For every vertex the linker that stands there, None for the metal node."""


def arrange(node: Node, linkers: Sequence[Linker], net: Net) -> tuple[Arrangement, ...] | Rejected:
    """Put the metal node and the linkers with three or more ends on the vertices of a net.

    Args:
        node: the metal node.
        linkers: those with three or more ends.
        net: where they go.

    Returns:
        The arrangement; two where node and linker alternate and could change places.
    """
    of_connectivity: dict[int, list[Linker]] = {}
    for linker in linkers:
        of_connectivity.setdefault(len(linker.anchors), []).append(linker)
    n_points = len(node.points)
    doubtful = n_points in of_connectivity and n_points in net.connectivity
    on_vertex: list[Linker | None] = [None] * net.n_vertices
    if doubtful:
        coloured = _alternating(net)
        if coloured is None:
            detail = f"{node.name} and a linker of {n_points} ends cannot alternate in {net.name}: it has odd rings"
            return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)
        net, colours = coloured
        of_points = of_connectivity[n_points]
        on_vertex = [of_points[0] if colour else None for colour in colours]
    orbits: dict[int, list[int]] = {}
    for vertex, orbit in enumerate(net.vertex_orbits):
        orbits.setdefault(orbit, []).append(vertex)
    for c in sorted(set(net.connectivity)):
        places = [vertices for vertices in orbits.values() if net.connectivity[vertices[0]] == c]
        offered = sorted(of_connectivity.pop(c, []), key=lambda linker: linker.key)
        if doubtful and c == n_points:
            if len(offered) > 1:
                return _too_many(net, c, len(offered), 1)
            continue
        if c == n_points:
            continue
        if not offered:
            return _nothing_fits(node, linkers, net, c)
        if len(offered) not in (1, len(places)):
            return _too_many(net, c, len(offered), len(places))
        for k, vertices in enumerate(places):
            for vertex in vertices:
                on_vertex[vertex] = offered[k % len(offered)]
    if of_connectivity:
        ends = min(of_connectivity)
        detail = f"a linker with {ends} ends was given; the vertices of {net.name} have {_listed(net)} edges"
        return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)
    if all(linker is not None for linker in on_vertex):
        detail = f"{node.name} has {n_points} connection points; the vertices of {net.name} have {_listed(net)} edges"
        return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)
    if any(on_vertex[edge.i] is not None and on_vertex[edge.j] is not None for edge in net.edges):
        detail = f"{net.name} would join linkers to linkers; with {node.name} they do not alternate"
        return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)
    ways = [tuple(on_vertex)]
    if doubtful:
        alternating = of_points[0]
        ways.append(tuple(alternating if linker is None else None for linker in on_vertex))
    return tuple(Arrangement(net, tuple(node if k is None else block_of_linker(k) for k in way), way) for way in ways)


def doubled(net: Net) -> Net | None:
    """The net in twice its cell, where vertices joined by an edge can differ; None where odd rings forbid it."""
    coloured = _alternating(net)
    return None if coloured is None or coloured[0] is net else coloured[0]


def alternates(net: Net) -> bool:
    """Whether two kinds of blocks can stand on the vertices so that every edge joins one of each."""
    return _alternating(net) is not None


@lru_cache(maxsize=64)
def block_of_linker(linker: Linker) -> Node:
    """A linker in the form of a node: no dummies, centred between its ends, one point per anchor."""
    dummies = [anchor.dummy for anchor in linker.anchors]
    kept = [k for k in range(len(linker.symbols)) if k not in dummies]
    number = {old: new for new, old in enumerate(kept)}
    x = linker.positions - linker.positions[dummies].mean(axis=0)
    points = []
    for anchor in linker.anchors:
        outward = exit_vector(linker, anchor)
        length = float(np.linalg.norm(outward))
        normal = end_normal(linker, anchor)
        points.append(
            ConnectionPoint(
                anchor.kind,
                number[anchor.neighbor],
                outward / length,
                np.zeros(3) if normal is None else normal,
                length_ang=length,
            )
        )
    return Node(
        name=linker.smiles,
        symbols=tuple(linker.symbols[k] for k in kept),
        positions=x[kept],
        bonds=tuple(Bond(number[b.i], number[b.j], b.order) for b in linker.bonds if b.i in number and b.j in number),
        points=tuple(points),
        source=linker.source,
    )


@lru_cache(maxsize=64)
def _alternating(net: Net) -> tuple[Net, tuple[int, ...]] | None:
    """The net, doubled where needed, with a colour (0, 1) per vertex that differs along every edge.

    A colouring is a number per vertex and one per lattice vector, modulo 2, that add up to 1 along every edge; found
    by elimination. Lattice vectors of number 1 exchange the colours, so the cell doubles.
    """
    n = net.n_vertices
    rows = np.zeros((len(net.edges), n + 4), dtype=np.int64)
    for k, edge in enumerate(net.edges):
        rows[k, edge.i] += 1
        rows[k, edge.j] += 1
        rows[k, n : n + 3] = edge.shift
        rows[k, n + 3] = 1
    solution = _solve_modulo_2(rows % 2)
    if solution is None:
        return None
    vertex, lattice = solution[:n], solution[n:]
    if not lattice.any():
        return net, tuple(vertex.tolist())
    transform = _even_sublattice(lattice)
    larger = net.supercell(transform)
    inner = larger.positions @ np.asarray(transform, dtype=float) - np.tile(net.positions, (2, 1))
    colours = (np.tile(vertex, 2) + np.rint(inner).astype(np.int64) @ lattice) % 2
    return larger, tuple(colours.tolist())


def _solve_modulo_2(rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """A solution of linear equations modulo 2, right-hand sides in the last column; free unknowns are 0.

    Vertices come first, so that lattice vectors stay 0 wherever they can.
    """
    rows = rows.copy()
    n = rows.shape[1] - 1
    pivots: list[int] = []
    rank = 0
    for column in range(n):
        live = np.flatnonzero(rows[rank:, column]) + rank
        if not len(live):
            continue
        rows[[rank, live[0]]] = rows[[live[0], rank]]
        others = np.flatnonzero(rows[:, column])
        others = others[others != rank]
        rows[others] ^= rows[rank]
        pivots.append(column)
        rank += 1
    if rows[rank:, n].any():
        return None
    solution = np.zeros(n, dtype=np.int64)
    solution[pivots] = rows[:rank, n]
    return solution


def _even_sublattice(parity: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lattice vectors (rows) of the sublattice of index 2 on which a parity is 0; compact and right-handed."""
    odd = np.flatnonzero(parity)
    transform = np.eye(3, dtype=np.int64)
    if len(odd) == 3:
        return np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=np.int64)
    first = odd[0]
    if len(odd) == 1:
        transform[first, first] = 2
    else:
        transform[first], transform[odd[1]] = 0, 0
        transform[first, first], transform[first, odd[1]] = 1, 1
        transform[odd[1], first], transform[odd[1], odd[1]] = -1, 1
    return transform


def _listed(net: Net) -> str:
    return " and ".join(str(c) for c in sorted(set(net.connectivity)))


def _nothing_fits(node: Node, linkers: Sequence[Linker], net: Net, connectivity: int) -> Rejected:
    ends = sorted({len(linker.anchors) for linker in linkers})
    given = f"linkers with {' and '.join(map(str, ends))} ends" if ends else "no linker with more than 2 ends"
    detail = (
        f"{net.name} has vertices of {connectivity} edges; {node.name} has {len(node.points)} connection points and"
        f" {given} was given"
    )
    return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)


def _too_many(net: Net, connectivity: int, given: int, places: int) -> Rejected:
    detail = f"{given} linkers with {connectivity} ends were given; {net.name} has {places} kinds of such vertices"
    return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)
