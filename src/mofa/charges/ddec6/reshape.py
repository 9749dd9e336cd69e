"""Keeping an atom's weight in shape: falling with the distance, with tails neither too diffuse nor too contracted.

Both reshapings keep the number of electrons: what the bounds cut off is given back in proportion to the root of the
density (DOI 10.1039/c6ra04656h, equations 55 to 75).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mofa.charges.ddec6.kernels import bounded

Array = NDArray[np.float64]
TOLERANCE = 1e-10
_DOUBLINGS, _BISECTIONS = 60, 200


def monotonic(density: Array, weights: Array) -> Array:
    """The density made to fall with the distance.

    Args:
        density: mean of every shell ``[100]``, none negative.
        weights: volume of the grid points in every shell ``[100]``.
    """
    return _kept(density, weights, np.ones(len(density)))


def with_bounded_tail(density: Array, weights: Array, least_decay: Array, most_decay: Array) -> Array:
    """The density with its decay from shell to shell between two bounds.

    Args:
        density: mean of every shell ``[100]``.
        weights: volume of the grid points in every shell ``[100]``.
        least_decay: largest ratio of a shell to the one before, ``[100]``.
        most_decay: smallest ratio, ``[100]``.
    """
    if density @ weights < TOLERANCE:
        return density
    shaped = _kept(density, weights, least_decay)
    for k in range(1, len(shaped)):
        shaped[k] = max(shaped[k], shaped[k - 1] * most_decay[k])
    held = float(shaped @ weights)
    return shaped * (float(density @ weights) / held) if held > TOLERANCE else shaped


def _kept(density: Array, weights: Array, factors: Array) -> Array:
    """Bounded, and raised until it holds its electrons again: the amount to add is found by bisection."""
    root = np.sqrt(np.maximum(density, 0.0))
    electrons, scale = float(density @ weights), float(root @ weights)

    def missing(amount: float) -> float:
        return electrons - float(bounded(density + amount * root, weights, factors) @ weights)

    shaped = bounded(density, weights, factors)
    lost = electrons - float(shaped @ weights)
    if scale < TOLERANCE or lost < TOLERANCE:
        return shaped
    low, high = 0.0, lost / scale
    for _ in range(_DOUBLINGS):
        if missing(high) <= 0.0:
            break
        low, high = high, 2.0 * high
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        left = missing(middle)
        if left > 0.0:
            low = middle
        else:
            high = middle
        if abs(left) < TOLERANCE or high - low < 1e-16 * high:
            break
    return np.asarray(bounded(density + high * root, weights, factors))
