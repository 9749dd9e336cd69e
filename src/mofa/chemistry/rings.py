"""Small rings of a molecular graph, and which of them lie flat."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLAT_RMS_ANG = 0.15


def small_rings(pairs: Sequence[tuple[int, int]], largest: int = 8) -> list[tuple[int, ...]]:
    """For every bond the shortest ring through it, each ring once, up to `largest` atoms, in ring order."""
    around: dict[int, list[int]] = {}
    for i, j in pairs:
        around.setdefault(i, []).append(j)
        around.setdefault(j, []).append(i)
    found: dict[frozenset[int], tuple[int, ...]] = {}
    for i, j in pairs:
        path = _shortest_detour(around, i, j, largest)
        if path is not None:
            found.setdefault(frozenset(path), path)
    return list(found.values())


def planar_rings(pairs: Sequence[tuple[int, int]], positions: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """Five- and six-rings whose atoms lie within `FLAT_RMS_ANG` (root mean square) of a plane."""
    flat = []
    for ring in small_rings(pairs, largest=6):
        if len(ring) >= 5:
            x = positions[list(ring)]
            spread = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[2] / np.sqrt(len(ring))
            if spread < FLAT_RMS_ANG:
                flat.append(ring)
    return flat


def _shortest_detour(around: dict[int, list[int]], start: int, goal: int, largest: int) -> tuple[int, ...] | None:
    """The shortest path from `start` to `goal` that does not use their bond, at most `largest` atoms long."""
    queue: deque[tuple[int, ...]] = deque([(start,)])
    seen = {start}
    while queue:
        path = queue.popleft()
        for atom in around[path[-1]]:
            if atom == goal and len(path) > 1:
                return (*path, goal)
            if atom not in seen and atom != goal and len(path) < largest - 1:
                seen.add(atom)
                queue.append((*path, atom))
    return None
