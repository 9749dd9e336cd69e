"""How every block is turned so that its points face the edges of the net.

Rotations come from superposing the block's directions on the edges (Kabsch, DOI 10.1107/S0567739476001873), points are
given to edges one to one (Hungarian method where the nearest edge is not unique). Often several ways fit equally well;
they differ in which kind of point meets which edge and in how the carboxylates' planes lie. Among them those are taken
that join points of one kind and twist the linkers least. Where both ends of every linker are
perpendicular in the net's own cell (Zn4O in pcu), the cell is doubled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.arrange import Arrangement, doubled
from mofa.assemble.plan import EdgeSite, Sites
from mofa.chemistry import AnchorKind, Net, Node, Reason, Rejected, Stage

# Half a linker: points of a node face the middle of the edge, not only the way that they point.
REACH_ANG = 4.0
# A block whose directions are further off the edges than this cannot be bent into the net.
MAX_MISFIT_DEG = 45.0
# Pairs of edges are tried when their angle is that of two points within this, in the cosine.
_PAIR_SLACK = 0.5
# Ways to turn a block count as equally good within this root-mean-square deviation of unit vectors.
_EQUAL_RMSD = 0.05
# A mean twist (sine squared) beyond which twice the cell is tried, and by how much that must be better.
_TWISTED = 0.25
_KIND_MISMATCH = 1e3
_MAX_PAIRS = 600


@dataclass(frozen=True, eq=False)
class _Turn:
    """One way to turn a block."""

    rotation: NDArray[np.float64]
    point_of_edge: tuple[int, ...]
    """For every edge end at the vertex, the block's point."""
    worst_deg: float


def orient(arrangement: Arrangement) -> Sites | Rejected:
    """Turn every block towards the edges of its vertex.

    Args:
        arrangement: blocks on vertices.

    Returns:
        The blocks with the points that every edge joins; ANGLE_MISFIT where a block does not fit the net's angles,
        ANCHOR_MISMATCH where points of different kinds would have to be joined.
    """
    if not any(arrangement.linkers):
        return oriented(arrangement.nodes[0], arrangement.net)
    return _orient(arrangement)


@lru_cache(maxsize=64)
def oriented(node: Node, net: Net) -> Sites | Rejected:
    """`orient` for the same node on every vertex: depends on nothing else, and is asked for again and again."""
    return _orient(Arrangement(net, (node,) * net.n_vertices, (None,) * net.n_vertices))


def _orient(arrangement: Arrangement) -> Sites | Rejected:
    first = _choose(arrangement)
    if isinstance(first, Rejected) or first[1] < _TWISTED:
        return first if isinstance(first, Rejected) else first[0]
    larger = doubled(arrangement.net)
    if larger is None or any(arrangement.linkers):
        return first[0]
    n = larger.n_vertices // arrangement.net.n_vertices
    second = _choose(Arrangement(larger, arrangement.nodes * n, arrangement.linkers * n))
    return second[0] if not isinstance(second, Rejected) and second[1] < first[1] / 2.0 else first[0]


def _choose(arrangement: Arrangement) -> tuple[Sites, float] | Rejected:
    """The best turns together, and the mean twist of the edges."""
    net, nodes = arrangement.net, arrangement.nodes
    ends = _edge_ends(net)
    units = net.edge_vectors / np.linalg.norm(net.edge_vectors, axis=1)[:, None]
    options: list[list[_Turn]] = []
    for vertex, node in enumerate(nodes):
        outward = np.array([sign * units[edge] for edge, sign in ends[vertex]])
        turns = _turns(node, outward)
        if not turns or turns[0].worst_deg > MAX_MISFIT_DEG:
            worst = f"at least {turns[0].worst_deg:.0f}" if turns else "more than 45"
            detail = (
                f"{node.name} does not fit the angles of {net.name}: its directions are {worst} degrees off the edges"
            )
            return Rejected(Stage.ASSEMBLE, Reason.ANGLE_MISFIT, detail)
        options.append(turns)
    costs = _Costs(arrangement, ends, options)
    chosen = costs.best()
    total = costs.total(chosen)
    if total >= _KIND_MISMATCH:
        detail = f"{net.name} would join connection points of different kinds of {nodes[0].name}"
        return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)
    sites = []
    for k, edge in enumerate(net.edges):
        start = options[edge.i][chosen[edge.i]].point_of_edge[ends[edge.i].index((k, 1))]
        end = options[edge.j][chosen[edge.j]].point_of_edge[ends[edge.j].index((k, -1))]
        sites.append(EdgeSite(edge, start, end))
    turns = [options[v][c] for v, c in enumerate(chosen)]
    rotations = np.array([turn.rotation for turn in turns])
    misfit = max(turn.worst_deg for turn in turns)
    return Sites(net, nodes, arrangement.linkers, tuple(sites), rotations, misfit), total / len(net.edges)


def _edge_ends(net: Net) -> list[list[tuple[int, int]]]:
    """For every vertex its edges, with 1 where the edge starts there and -1 where it ends."""
    ends: list[list[tuple[int, int]]] = [[] for _ in range(net.n_vertices)]
    for k, edge in enumerate(net.edges):
        ends[edge.i].append((k, 1))
        ends[edge.j].append((k, -1))
    return ends


def directions(node: Node) -> NDArray[np.float64]:
    """Unit vectors from the block's centre to half a linker beyond each of its points, ``[n_points, 3]``."""
    reach = np.array([node.positions[p.atom] + REACH_ANG * p.direction for p in node.points])
    return np.asarray(reach / np.linalg.norm(reach, axis=1)[:, None], dtype=np.float64)


def _turns(node: Node, outward: NDArray[np.float64]) -> list[_Turn]:
    """All ways to turn a block towards unit vectors `outward`, ``[n, 3]``, that fit about equally well, best first."""
    p = directions(node)
    if len(p) != len(outward):
        return []
    perms = _assignments(p @ _candidate_rotations(p, outward), outward)
    if not len(perms):
        return []
    rotations = kabsch(p[perms], outward)
    off = np.linalg.norm(p[perms] @ rotations - outward, axis=2)
    rmsd = np.sqrt((off**2).mean(axis=1))
    good = np.flatnonzero(rmsd < rmsd.min() + _EQUAL_RMSD)
    good = good[np.lexsort((*perms[good].T[::-1], np.round(rmsd[good], 6)))]
    worst = np.degrees(2.0 * np.arcsin(np.clip(off.max(axis=1) / 2.0, 0.0, 1.0)))
    patterns = _patterns(node, perms[good], rotations[good])
    turns: dict[bytes, _Turn] = {}
    for k, pattern in zip(good.tolist(), patterns, strict=True):
        turns.setdefault(pattern, _Turn(rotations[k], tuple(perms[k].tolist()), float(worst[k])))
    return list(turns.values())


def _patterns(node: Node, perms: NDArray[np.int64], rotations: NDArray[np.float64]) -> list[bytes]:
    """What the edges see of turns: the kind of every point and how its plane lies (without sign)."""
    kinds = np.array([list(AnchorKind).index(point.kind) for point in node.points])
    normals = np.array([point.normal for point in node.points])[perms] @ rotations
    lead = np.argmax(np.abs(normals) > 0.2, axis=2)[..., None]
    normals = np.where(np.take_along_axis(normals, lead, axis=2) < 0.0, -normals, normals)
    seen = np.concatenate([kinds[perms][..., None], np.round(normals * 5.0).astype(np.int64)], axis=2)
    return [row.tobytes() for row in seen]


def _candidate_rotations(p: NDArray[np.float64], outward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations that lay two of the block's directions on two edges, ``[n, 3, 3]``."""
    other = int(np.argmin(np.abs(p @ p[0])))
    cosine = float(p[0] @ p[other])
    gram = outward @ outward.T
    i, j = np.nonzero((np.abs(gram - cosine) < _PAIR_SLACK) & ~np.eye(len(outward), dtype=bool))
    order = np.argsort(np.abs(gram[i, j] - cosine), kind="stable")[:_MAX_PAIRS]
    own = _frames_of_pairs(p[:1], p[other : other + 1])[0]
    return np.asarray(own.T @ _frames_of_pairs(outward[i[order]], outward[j[order]]), dtype=np.float64)


def _frames_of_pairs(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right-handed rows for pairs of unit vectors ``[n, 3]``: bisector, difference, product; any where parallel."""
    total, difference = u + v, u - v
    straight = np.minimum(np.linalg.norm(total, axis=1), np.linalg.norm(difference, axis=1)) < 1e-6
    helper = np.eye(3)[np.argmin(np.abs(u), axis=1)]
    across = helper - (helper * u).sum(axis=1, keepdims=True) * u
    total[straight], difference[straight] = across[straight], u[straight]
    first = total / np.linalg.norm(total, axis=1, keepdims=True)
    second = difference / np.linalg.norm(difference, axis=1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=1)


def _assignments(turned: NDArray[np.float64], outward: NDArray[np.float64]) -> NDArray[np.int64]:
    """For every way of turning the point that faces every edge, one to one; each assignment once, ``[n, n_edges]``."""
    cosine = outward @ np.swapaxes(turned, 1, 2)
    nearest = cosine.argmax(axis=2)
    shared = np.flatnonzero((np.sort(nearest, axis=1) != np.arange(len(outward))).any(axis=1))
    if len(shared):
        from scipy.optimize import linear_sum_assignment

        for k in shared.tolist():
            nearest[k] = linear_sum_assignment(-cosine[k])[1]
    return np.unique(nearest, axis=0) if len(nearest) else nearest


def kabsch(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The proper rotations that, multiplied from the right, lay vectors `a` on `b` best; both ``[..., n, 3]``."""
    left, _, right = np.linalg.svd(np.swapaxes(a, -1, -2) @ b)
    left[..., :, 2] *= np.sign(np.linalg.det(left @ right))[..., None]
    return np.asarray(left @ right, dtype=np.float64)


class _Costs:
    """What it costs to combine turns: mismatched kinds, and twist along the edges."""

    def __init__(
        self, arrangement: Arrangement, ends: Sequence[Sequence[tuple[int, int]]], options: Sequence[Sequence[_Turn]]
    ) -> None:
        self._net, self._nodes, self._ends, self._options = arrangement.net, arrangement.nodes, ends, options
        units = self._net.edge_vectors / np.linalg.norm(self._net.edge_vectors, axis=1)[:, None]
        self._seen = [
            [self._planes(vertex, turn, units) for turn in options[vertex]] for vertex in range(self._net.n_vertices)
        ]
        self._row = {
            (edge, sign): (vertex, row) for vertex, own in enumerate(ends) for row, (edge, sign) in enumerate(own)
        }

    def _planes(self, vertex: int, turn: _Turn, units: NDArray[np.float64]) -> list[tuple[str, NDArray[np.float64]]]:
        """For every edge end, the kind and the normal perpendicular to the edge (zero where there is no plane)."""
        seen = []
        for (edge, _), k in zip(self._ends[vertex], turn.point_of_edge, strict=True):
            point = self._nodes[vertex].points[k]
            normal = point.normal @ turn.rotation
            normal = normal - (normal @ units[edge]) * units[edge]
            size = float(np.linalg.norm(normal))
            seen.append((str(point.kind), normal / size if size > 0.1 else np.zeros(3)))
        return seen

    def edge(self, k: int, chosen: Sequence[int]) -> float:
        """Cost of one edge; 0 while one of its vertices is open (-1)."""
        (i, row_i), (j, row_j) = self._row[k, 1], self._row[k, -1]
        if chosen[i] < 0 or chosen[j] < 0:
            return 0.0
        kind_i, normal_i = self._seen[i][chosen[i]][row_i]
        kind_j, normal_j = self._seen[j][chosen[j]][row_j]
        if kind_i != kind_j:
            return _KIND_MISMATCH
        if not normal_i.any() or not normal_j.any():
            return 0.0
        return float(1.0 - (normal_i @ normal_j) ** 2)

    def total(self, chosen: Sequence[int]) -> float:
        """Cost of all edges."""
        return sum(self.edge(k, chosen) for k in range(len(self._net.edges)))

    def best(self) -> list[int]:
        """A turn for every vertex: spread out from each turn of the first vertex, then improved one by one."""
        order = self._spreading()
        winner: tuple[float, list[int]] | None = None
        for start in range(len(self._options[order[0]])):
            chosen = [-1] * self._net.n_vertices
            chosen[order[0]] = start
            for _ in range(3):
                before = list(chosen)
                for vertex in order if -1 not in chosen else order[1:]:
                    self._improve(vertex, chosen)
                if chosen == before:
                    break
            cost = self.total(chosen)
            if winner is None or cost < winner[0] - 1e-6:
                winner = (cost, chosen)
            if cost < 1e-6:
                break
        return winner[1] if winner else []

    def _improve(self, vertex: int, chosen: list[int]) -> None:
        edges = sorted({edge for edge, _ in self._ends[vertex]})
        costs = []
        for option in range(len(self._options[vertex])):
            chosen[vertex] = option
            costs.append(sum(self.edge(k, chosen) for k in edges))
        least = min(costs)
        chosen[vertex] = next(k for k, cost in enumerate(costs) if cost < least + 1e-6)

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
