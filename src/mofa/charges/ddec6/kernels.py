"""Sums over the grid points around one atom, shell by shell; compiled, since every point meets a hundred atoms.

A periodic grid is walked line by line along its third vector; the part of a line inside the sphere follows from a
quadratic equation, so that no point outside is looked at. Images are met by themselves, since indices wrap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mofa.compiled import compiled

Array = NDArray[np.float64]
SHELLS = 100
TINY = 1e-20
"""Promolecular density below which a point is left out, 1/bohr3."""


@compiled
def line_bounds(d: Array, step: Array, radius: float) -> tuple[int, int]:
    """First and one past the last index ``t`` for which ``|d + t step| <= radius``."""
    a = step[0] * step[0] + step[1] * step[1] + step[2] * step[2]
    b = d[0] * step[0] + d[1] * step[1] + d[2] * step[2]
    c = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] - radius * radius
    inside = b * b - a * c
    if inside < 0.0:
        return 0, 0
    root = np.sqrt(inside)
    return int(np.ceil((-b - root) / a)), int(np.floor((-b + root) / a)) + 1


@compiled
def add_atom(total: Array, center: Array, voxel: Array, reach: Array, per_bohr: float, table: Array) -> None:
    """Add a spherical function, given shell by shell, to a periodic grid.

    Args:
        total: the grid ``[n_a, n_b, n_c]``; changed in place.
        center: of the atom, in grid points, ``[3]``.
        voxel: vectors from point to point as rows, bohr, ``[3, 3]``.
        reach: points from the centre to the end of the sphere along each vector, ``[3]``.
        per_bohr: shells per bohr.
        table: value of every shell ``[100]``.
    """
    na, nb, nc = total.shape
    radius = SHELLS / per_bohr
    d = np.empty(3)
    for ia in range(int(np.ceil(center[0] - reach[0])), int(np.floor(center[0] + reach[0])) + 1):
        for ib in range(int(np.ceil(center[1] - reach[1])), int(np.floor(center[1] + reach[1])) + 1):
            for k in range(3):
                d[k] = (ia - center[0]) * voxel[0, k] + (ib - center[1]) * voxel[1, k] - center[2] * voxel[2, k]
            first, last = line_bounds(d, voxel[2], radius)
            ka, kb = ia % na, ib % nb
            for ic in range(first, last):
                x, y, z = d[0] + ic * voxel[2, 0], d[1] + ic * voxel[2, 1], d[2] + ic * voxel[2, 2]
                shell = int(np.ceil(per_bohr * np.sqrt(x * x + y * y + z * z) + 1e-10)) - 1
                if shell < SHELLS:
                    total[ka, kb, ic % nc] += table[shell]


@compiled
def add_smooth(total: Array, center: Array, voxel: Array, reach: Array, step: float, table: Array) -> None:
    """Add a spherical function, interpolated linearly between values at equal distances, to a periodic grid.

    Args:
        total: the grid ``[n_a, n_b, n_c]``; changed in place.
        center: of the atom, in grid points, ``[3]``.
        voxel: vectors from point to point as rows, bohr, ``[3, 3]``.
        reach: points from the centre to the end of the table along each vector, ``[3]``.
        step: distance of the values, bohr.
        table: the values, from the centre on ``[n]``.
    """
    na, nb, nc = total.shape
    radius = step * (len(table) - 1)
    d = np.empty(3)
    for ia in range(int(np.ceil(center[0] - reach[0])), int(np.floor(center[0] + reach[0])) + 1):
        for ib in range(int(np.ceil(center[1] - reach[1])), int(np.floor(center[1] + reach[1])) + 1):
            for k in range(3):
                d[k] = (ia - center[0]) * voxel[0, k] + (ib - center[1]) * voxel[1, k] - center[2] * voxel[2, k]
            first, last = line_bounds(d, voxel[2], radius)
            ka, kb = ia % na, ib % nb
            for ic in range(first, last):
                x, y, z = d[0] + ic * voxel[2, 0], d[1] + ic * voxel[2, 1], d[2] + ic * voxel[2, 2]
                place = np.sqrt(x * x + y * y + z * z) / step
                below = min(int(place), len(table) - 2)
                part = place - below
                total[ka, kb, ic % nc] += table[below] * (1.0 - part) + table[below + 1] * part


@compiled
def share_of_atom(
    density: Array, total: Array, center: Array, voxel: Array, reach: Array, per_bohr: float, table: Array
) -> Array:
    """Sums over an atom's shells of its share ``p = table / total`` of the density: ``1, p, p rho, p p rho``.

    Args:
        density: electron density ``[n_a, n_b, n_c]``, 1/bohr3.
        total: sum of the functions of all atoms on the same grid.
        center: of the atom, in grid points, ``[3]``.
        voxel: vectors from point to point as rows, bohr, ``[3, 3]``.
        reach: points from the centre to the end of the sphere along each vector, ``[3]``.
        per_bohr: shells per bohr.
        table: the atom's function, shell by shell ``[100]``.

    Returns:
        ``[4, 100]``: number of points, sum of shares, of shared density, and of that once more times the share.
    """
    na, nb, nc = density.shape
    radius = SHELLS / per_bohr
    sums = np.zeros((4, SHELLS))
    d = np.empty(3)
    for ia in range(int(np.ceil(center[0] - reach[0])), int(np.floor(center[0] + reach[0])) + 1):
        for ib in range(int(np.ceil(center[1] - reach[1])), int(np.floor(center[1] + reach[1])) + 1):
            for k in range(3):
                d[k] = (ia - center[0]) * voxel[0, k] + (ib - center[1]) * voxel[1, k] - center[2] * voxel[2, k]
            first, last = line_bounds(d, voxel[2], radius)
            ka, kb = ia % na, ib % nb
            for ic in range(first, last):
                x, y, z = d[0] + ic * voxel[2, 0], d[1] + ic * voxel[2, 1], d[2] + ic * voxel[2, 2]
                shell = int(np.ceil(per_bohr * np.sqrt(x * x + y * y + z * z) + 1e-10)) - 1
                kc = ic % nc
                if shell < SHELLS and total[ka, kb, kc] > TINY:
                    share = table[shell] / total[ka, kb, kc]
                    shared = share * density[ka, kb, kc]
                    sums[0, shell] += 1.0
                    sums[1, shell] += share
                    sums[2, shell] += shared
                    sums[3, shell] += share * shared
    return sums


@compiled
def root_sums(total: Array, center: Array, voxel: Array, reach: Array, per_bohr: float, table: Array) -> Array:
    """Sums over an atom's shells of ``sqrt(total)`` and ``table / sqrt(total)``, ``[2, 100]``."""
    na, nb, nc = total.shape
    radius = SHELLS / per_bohr
    sums = np.zeros((2, SHELLS))
    d = np.empty(3)
    for ia in range(int(np.ceil(center[0] - reach[0])), int(np.floor(center[0] + reach[0])) + 1):
        for ib in range(int(np.ceil(center[1] - reach[1])), int(np.floor(center[1] + reach[1])) + 1):
            for k in range(3):
                d[k] = (ia - center[0]) * voxel[0, k] + (ib - center[1]) * voxel[1, k] - center[2] * voxel[2, k]
            first, last = line_bounds(d, voxel[2], radius)
            ka, kb = ia % na, ib % nb
            for ic in range(first, last):
                x, y, z = d[0] + ic * voxel[2, 0], d[1] + ic * voxel[2, 1], d[2] + ic * voxel[2, 2]
                shell = int(np.ceil(per_bohr * np.sqrt(x * x + y * y + z * z) + 1e-10)) - 1
                kc = ic % nc
                if shell < SHELLS and total[ka, kb, kc] > TINY:
                    root = np.sqrt(total[ka, kb, kc])
                    sums[0, shell] += root
                    sums[1, shell] += table[shell] / root
    return sums


@compiled
def bounded(values: Array, weights: Array, factors: Array) -> Array:
    """The values, none negative, each at most the one before times its factor; shells without weight bind nothing."""
    result = np.empty_like(values)
    before = max(values[0], 0.0)
    result[0] = before
    for k in range(1, len(values)):
        value = max(values[k], 0.0)
        if weights[k] > 0.0 and before > 0.0:
            value = min(value, before * factors[k])
        result[k] = value
        before = value
    return result
