"""Positions that fit the bonds: drawn atoms are moved until lengths and angles suit the molecule they were decoded to.

Springs hold bonded atoms and next neighbours at usual distances and push all others apart; the prompts stand still. All
linkers of a batch are moved together. This mends what is a few tenths of an ångström off, or two atoms on one spot; the
shape stays the drawn one. `mofa.process` relaxes with a real force field later. Radii: Pyykkö and Atsumi,
10.1002/chem.200901472.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mofa.generate.moflinker.graphs import small_rings
from mofa.generate.moflinker.vocabulary import N_CONTEXT

Floats = NDArray[np.float64]
_RADII_ANG = {
    "C": (0.75, 0.67, 0.60), "N": (0.71, 0.60, 0.54), "O": (0.63, 0.57, 0.53), "F": (0.64, 0.59, 0.53),
    "S": (1.03, 0.94, 0.95), "Cl": (0.99, 0.95, 0.93), "Br": (1.14, 1.09, 1.10),
}  # fmt: skip
"""Covalent radii in single, double and triple bonds."""
_LINEAR, _FLAT, _TETRAHEDRAL, _CHALCOGEN = 180.0, 120.0, 110.0, 105.0
_ANGLE_WEIGHT, _APART_WEIGHT = 0.4, 0.3
APART_ANG = 2.6
"""Atoms more than two bonds from one another are pushed this far apart; less than the sum of their radii."""
ITERATIONS = 80
_STEP, _MOMENTUM, _LARGEST_MOVE_ANG = 0.12, 0.85, 0.15


@dataclass(frozen=True, eq=False)
class Drawing:
    """A decoded core with the positions that it was drawn at."""

    symbols: Sequence[str]
    """Of the core, ``[n]``."""
    bonds: Sequence[tuple[int, int, float]]
    """Two atoms and the order; atoms 0 and 1 are the anchor carbons, the core begins at 2."""
    positions: Floats
    """Of the core, Å, ``[n, 3]``."""
    context: Floats
    """Prompt atoms, Å, ``[6, 3]``."""


def polish(drawings: Sequence[Drawing], *, iterations: int = ITERATIONS) -> list[Floats]:
    """Positions of the cores that fit their bonds, Å, ``[n, 3]`` each."""
    if not drawings:
        return []
    springs = [_springs(drawing) for drawing in drawings]
    sizes = [N_CONTEXT + len(drawing.symbols) for drawing in drawings]
    starts = np.cumsum([0, *sizes])
    pairs = np.concatenate([of.pairs + start for of, start in zip(springs, starts, strict=False)])
    lengths = np.concatenate([of.lengths for of in springs])
    stiffness = np.concatenate([of.stiffness for of in springs])
    only_push = np.concatenate([of.only_push for of in springs])
    x = np.concatenate([np.vstack([drawing.context, drawing.positions]) for drawing in drawings])
    free = np.concatenate([np.arange(size) >= N_CONTEXT for size in sizes])[:, None]
    # Atoms on one spot need a direction to part in; each linker its own, whatever else is in the batch.
    x = x + free * 0.02 * np.concatenate([np.sin(np.arange(3 * size).reshape(size, 3) * 12.9898) for size in sizes])
    rows = np.arange(len(pairs))
    ends = np.concatenate([np.ones(len(pairs)), -np.ones(len(pairs))])
    shape = (len(pairs), len(x))
    difference = csr_array((ends, (np.tile(rows, 2), pairs.T.ravel())), shape=shape)
    back = difference.T.tocsr()
    velocity = np.zeros_like(x)
    for _ in range(iterations):
        apart = difference @ x
        distance = np.sqrt((apart**2).sum(1)) + 1e-6
        stretch = distance - lengths
        stretch[only_push & (stretch > 0.0)] = 0.0
        force = back @ ((stiffness * stretch / distance)[:, None] * apart)
        velocity = _MOMENTUM * velocity - _STEP * force * free
        x = x + np.clip(velocity, -_LARGEST_MOVE_ANG, _LARGEST_MOVE_ANG)
    return [x[start + N_CONTEXT : start + size] for start, size in zip(starts, sizes, strict=False)]


@dataclass(frozen=True, eq=False)
class _Springs:
    """Springs of one linker among its prompt atoms (first six) and core atoms."""

    pairs: NDArray[np.int64]
    lengths: Floats
    stiffness: Floats
    only_push: NDArray[np.bool_]


def _springs(drawing: Drawing) -> _Springs:
    symbols = ["C"] * N_CONTEXT + list(drawing.symbols)
    place = [0, 3, *range(N_CONTEXT, len(symbols))]
    bonds = {(place[i], place[j]): order for i, j, order in drawing.bonds}
    bonds |= {(anchor, anchor + k): 1.5 for anchor in (0, 3) for k in (1, 2)}
    neighbors: list[dict[int, float]] = [{} for _ in symbols]
    for (i, j), order in bonds.items():
        neighbors[i][j] = neighbors[j][i] = order
    rings = [[place[k] for k in ring] for ring in small_rings(drawing.symbols, drawing.bonds)]
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for i, j in bonds:
        found[min(i, j), max(i, j)] = (_length(symbols[i], symbols[j], bonds[i, j]), 1.0)
    for centre, around in enumerate(neighbors):
        for a in around:
            for b in around:
                if a < b and (a, b) not in found:
                    angle = np.radians(_angle(centre, a, b, symbols, neighbors, rings))
                    one, other = (_length(symbols[centre], symbols[k], around[k]) for k in (a, b))
                    span = float(np.sqrt(one**2 + other**2 - 2.0 * one * other * np.cos(angle)))
                    found[a, b] = (span, _ANGLE_WEIGHT)
    others = [
        (i, j) for i in range(len(symbols)) for j in range(max(i + 1, N_CONTEXT), len(symbols)) if (i, j) not in found
    ]  # fmt: skip
    pairs = np.array([*found, *others], dtype=np.int64).reshape(-1, 2)
    known = np.array(list(found.values())).reshape(-1, 2)
    return _Springs(
        pairs,
        np.concatenate([known[:, 0], np.full(len(others), APART_ANG)]),
        np.concatenate([known[:, 1], np.full(len(others), _APART_WEIGHT)]),
        np.arange(len(pairs)) >= len(found),
    )


def _length(a: str, b: str, order: float) -> float:
    """Usual length of a bond, Å."""
    if order == 1.5:
        return 0.5 * (_length(a, b, 1.0) + _length(a, b, 2.0)) - 0.02
    return _RADII_ANG[a][int(order) - 1] + _RADII_ANG[b][int(order) - 1]


def _angle(
    centre: int, a: int, b: int, symbols: Sequence[str], neighbors: Sequence[dict[int, float]], rings: list[list[int]]
) -> float:
    """Usual angle at an atom between two of its neighbours, degrees."""
    orders = sorted(neighbors[centre].values())
    if orders[-1] == 3.0 or orders[-2:] == [2.0, 2.0]:
        return _LINEAR if symbols[centre] in ("C", "N") else _TETRAHEDRAL
    flat = orders[-1] > 1.0 or (
        symbols[centre] == "N" and any(max(neighbors[k].values()) > 1.0 for k in neighbors[centre])
    )
    inside = [ring for ring in rings if centre in ring and a in ring and b in ring]
    if inside and flat:
        size = min(len(ring) for ring in inside)
        return 180.0 * (size - 2) / size
    if flat:
        own = [ring for ring in rings if centre in ring]
        size = min((len(ring) for ring in own), default=6)
        return (360.0 - 180.0 * (size - 2) / size) / 2.0 if len(neighbors[centre]) == 3 and own else _FLAT
    return _CHALCOGEN if symbols[centre] in ("O", "S") else _TETRAHEDRAL
