"""Sums over the grid points around one atom, shell by shell; compiled, since every point meets a hundred atoms.

A periodic grid is walked line by line along its third vector; the part of a line inside the sphere follows from a
quadratic equation, so that no point outside is looked at. Images are met by themselves, since indices wrap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mofa.compiled import compiled

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
SHELLS = 100
TINY = 1e-20
"""Promolecular density below which a point is left out, 1/bohr3."""


@compiled
def lines_around(
    shape: tuple[int, int, int], center: Array, voxel: Array, reach: Array, radius: float
) -> tuple[Indices, Array]:
    """The lines of a periodic grid that pass through the sphere around an atom.

    Args:
        shape: points of the grid.
        center: of the atom, in grid points, ``[3]``.
        voxel: vectors from point to point as rows, bohr, ``[3, 3]``.
        reach: points from the centre to the end of the sphere along each vector, ``[3]``.
        radius: of the sphere, bohr.

    Returns:
        Indices of each line in the first two directions, wrapped, and the first and one past the last index in the
        third, not wrapped, ``[n, 4]``; and where index 0 of the third lies, seen from the atom, bohr, ``[n, 3]``.
    """
    low_a, low_b = int(np.ceil(center[0] - reach[0])), int(np.ceil(center[1] - reach[1]))
    high_a, high_b = int(np.floor(center[0] + reach[0])), int(np.floor(center[1] + reach[1]))
    most = max((high_a - low_a + 1) * (high_b - low_b + 1), 0)
    lines, starts = np.empty((most, 4), np.int64), np.empty((most, 3))
    step = voxel[2]
    a = step[0] * step[0] + step[1] * step[1] + step[2] * step[2]
    found = 0
    for ia in range(low_a, high_a + 1):
        for ib in range(low_b, high_b + 1):
            start = (ia - center[0]) * voxel[0] + (ib - center[1]) * voxel[1] - center[2] * step
            b = start[0] * step[0] + start[1] * step[1] + start[2] * step[2]
            c = start[0] * start[0] + start[1] * start[1] + start[2] * start[2] - radius * radius
            inside = b * b - a * c
            if inside >= 0.0:
                root = np.sqrt(inside)
                lines[found, 0], lines[found, 1] = ia % shape[0], ib % shape[1]
                lines[found, 2], lines[found, 3] = int(np.ceil((-b - root) / a)), int(np.floor((-b + root) / a)) + 1
                starts[found] = start
                found += 1
    return lines[:found], starts[:found]


@compiled
def distance(start: Array, step: Array, index: int) -> float:
    """Distance of a point of a line from the atom, bohr."""
    x, y, z = start[0] + index * step[0], start[1] + index * step[1], start[2] + index * step[2]
    return float(np.sqrt(x * x + y * y + z * z))


@compiled
def shell_of(apart: float, per_bohr: float) -> int:
    """Shell of a point at some distance, from 0."""
    return int(np.ceil(per_bohr * apart + 1e-10)) - 1


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
    lines, starts = lines_around(total.shape, center, voxel, reach, SHELLS / per_bohr)
    for n in range(len(lines)):
        line = total[lines[n, 0], lines[n, 1]]
        for index in range(lines[n, 2], lines[n, 3]):
            shell = shell_of(distance(starts[n], voxel[2], index), per_bohr)
            if shell < SHELLS:
                line[index % len(line)] += table[shell]


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
    lines, starts = lines_around(total.shape, center, voxel, reach, step * (len(table) - 1))
    for n in range(len(lines)):
        line = total[lines[n, 0], lines[n, 1]]
        for index in range(lines[n, 2], lines[n, 3]):
            place = distance(starts[n], voxel[2], index) / step
            below = min(int(place), len(table) - 2)
            part = place - below
            line[index % len(line)] += table[below] * (1.0 - part) + table[below + 1] * part


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
    sums = np.zeros((4, SHELLS))
    lines, starts = lines_around(total.shape, center, voxel, reach, SHELLS / per_bohr)
    for n in range(len(lines)):
        weights, electrons = total[lines[n, 0], lines[n, 1]], density[lines[n, 0], lines[n, 1]]
        for index in range(lines[n, 2], lines[n, 3]):
            shell = shell_of(distance(starts[n], voxel[2], index), per_bohr)
            wrapped = index % len(weights)
            if shell < SHELLS and weights[wrapped] > TINY:
                share = table[shell] / weights[wrapped]
                shared = share * electrons[wrapped]
                sums[0, shell] += 1.0
                sums[1, shell] += share
                sums[2, shell] += shared
                sums[3, shell] += share * shared
    return sums


@compiled
def root_sums(total: Array, center: Array, voxel: Array, reach: Array, per_bohr: float, table: Array) -> Array:
    """Sums over an atom's shells of ``sqrt(total)`` and ``table / sqrt(total)``, ``[2, 100]``."""
    sums = np.zeros((2, SHELLS))
    lines, starts = lines_around(total.shape, center, voxel, reach, SHELLS / per_bohr)
    for n in range(len(lines)):
        weights = total[lines[n, 0], lines[n, 1]]
        for index in range(lines[n, 2], lines[n, 3]):
            shell = shell_of(distance(starts[n], voxel[2], index), per_bohr)
            wrapped = index % len(weights)
            if shell < SHELLS and weights[wrapped] > TINY:
                root = np.sqrt(weights[wrapped])
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
