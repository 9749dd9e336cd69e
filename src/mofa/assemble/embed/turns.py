"""How one block can be turned so that its points face given directions.

Rotations come from superposing the block's directions on the edges (Kabsch, DOI 10.1107/S0567739476001873), points are
given to edges one to one (Hungarian method where the nearest edge is not unique).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import AnchorKind, Node

# Half a linker: points of a node face the middle of the edge, not only the way that they point.
REACH_ANG = 4.0
# Pairs of edges are tried when their angle is that of two points within this, in the cosine.
_PAIR_SLACK = 0.5
# Ways to turn a block count as equally good within this root-mean-square deviation of unit vectors.
_EQUAL_RMSD = 0.12
_MAX_PAIRS = 600


@dataclass(frozen=True, eq=False)
class Turn:
    """One way to turn a block."""

    rotation: NDArray[np.float64]
    point_of_edge: tuple[int, ...]
    """For every edge end at the vertex, the block's point."""
    outward: NDArray[np.float64]
    """Directions in which the linkers leave, in the order of the edge ends, ``[n_ends, 3]``."""
    worst_deg: float


def directions(node: Node) -> NDArray[np.float64]:
    """Unit vectors from the block's centre to half a linker beyond each of its points, ``[n_points, 3]``."""
    reach = np.array([node.positions[p.atom] + REACH_ANG * p.direction for p in node.points])
    return np.asarray(reach / np.linalg.norm(reach, axis=1)[:, None], dtype=np.float64)


def turns_towards(node: Node, outward: NDArray[np.float64]) -> list[Turn]:
    """All ways to turn a block towards unit vectors `outward`, ``[n, 3]``, that fit about equally well, best first."""
    p = directions(node)
    if len(p) != len(outward):
        return []
    perms = _assignments(p @ _candidate_rotations(p, outward), outward)
    # What was laid on two edges may serve all of them better with other points: assign once more.
    perms = np.unique(np.concatenate([perms, _assignments(p @ kabsch(p[perms], outward), outward)]), axis=0)
    rotations = kabsch(p[perms], outward)
    off = np.linalg.norm(p[perms] @ rotations - outward, axis=2)
    exits = np.array([point.direction for point in node.points])[perms] @ rotations
    rmsd = np.sqrt((off**2).mean(axis=1))
    good = np.flatnonzero(rmsd < rmsd.min() + _EQUAL_RMSD)
    good = good[np.lexsort((*perms[good].T[::-1], np.round(rmsd[good], 6)))]
    worst = np.degrees(2.0 * np.arcsin(np.clip(off.max(axis=1) / 2.0, 0.0, 1.0)))
    patterns = _patterns(node, perms[good], rotations[good], exits[good] - outward)
    turns: dict[bytes, Turn] = {}
    for k, pattern in zip(good.tolist(), patterns, strict=True):
        turns.setdefault(pattern, Turn(rotations[k], tuple(perms[k].tolist()), exits[k], float(worst[k])))
    return list(turns.values())


def _patterns(
    node: Node, perms: NDArray[np.int64], rotations: NDArray[np.float64], off: NDArray[np.float64]
) -> list[bytes]:
    """What the edges see of turns: the kind of every point, how its plane lies (without sign), where linkers leave."""
    kinds = np.array([list(AnchorKind).index(point.kind) for point in node.points])
    normals = np.array([point.normal for point in node.points])[perms] @ rotations
    lead = np.argmax(np.abs(normals) > 0.2, axis=2)[..., None]
    normals = np.where(np.take_along_axis(normals, lead, axis=2) < 0.0, -normals, normals)
    rounded = [np.round(part).astype(np.int64) for part in (normals * 5.0, off * 4.0)]
    seen = np.concatenate([kinds[perms][..., None], *rounded], axis=2)
    return [row.tobytes() for row in seen]


def _candidate_rotations(p: NDArray[np.float64], outward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations that lay two of the block's directions on two edges, and some all around, ``[n, 3, 3]``."""
    other = int(np.argmin(np.abs(p @ p[0])))
    cosine = float(p[0] @ p[other])
    gram = outward @ outward.T
    i, j = np.nonzero((np.abs(gram - cosine) < _PAIR_SLACK) & ~np.eye(len(outward), dtype=bool))
    order = np.argsort(np.abs(gram[i, j] - cosine), kind="stable")[:_MAX_PAIRS]
    own = _frames_of_pairs(p[:1], p[other : other + 1])[0]
    laid = own.T @ _frames_of_pairs(outward[i[order]], outward[j[order]])
    return np.concatenate([laid, _rotations_all_around()])


@lru_cache(maxsize=1)
def _rotations_all_around() -> NDArray[np.float64]:
    """The 60 rotations of an icosahedron: no rotation is further than 45 degrees from one of them, ``[60, 3, 3]``."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.create_group("I").as_matrix(), dtype=np.float64)


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
