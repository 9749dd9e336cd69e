"""Lennard-Jones energies of the framework on a grid of its unit cell, row by row.

Along a row of the grid the squared distance to an atom is a parabola of the point's number, so the points within the
cut-off are one stretch whose ends follow from a square root, and the loop over them has no branch: compiled, it uses
the processor's vector units and is exact at the cut-off.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.grid.compiled import compiled

MIN_DISTANCE2_ANG2 = 0.25
"""Nearer than half an ångström to an atom the energy is that at half an ångström, far beyond any that counts."""


def images_within(cell: NDArray[np.float64], reach_ang: float) -> tuple[int, int]:
    """Neighbouring cells along a and b whose atoms can be within reach of a row that runs along c through the cell."""
    a, b, c = cell
    # Seen along c the lattice is two-dimensional; its widths count.
    direction = c / np.linalg.norm(c)
    flat = [vector - (vector @ direction) * direction for vector in (a, b)]
    area = np.linalg.norm(np.cross(*flat))
    widths = [area / np.linalg.norm(other) for other in (flat[1], flat[0])]
    along_a, along_b = (math.ceil(reach_ang / width) for width in widths)
    return along_a, along_b


@compiled
def lennard_jones_rows(
    first_row: int,
    last_row: int,
    fractional: NDArray[np.float64],
    kinds: NDArray[np.int64],
    cell: NDArray[np.float64],
    shape: tuple[int, int, int],
    images: tuple[int, int],
    cutoff_ang: float,
    parameters: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill rows of `out`, ``[n_types, na, nb, nc]``, in K.

    Args:
        first_row: of rows numbered ``ia * nb + ib``.
        last_row: not included.
        fractional: of the atoms, in [0, 1), ``[n_atoms, 3]``.
        kinds: element number of every atom, ``[n_atoms]``.
        cell: lattice vectors as rows, Å.
        shape: points along a, b and c.
        images: from `images_within`.
        cutoff_ang: longest interaction.
        parameters: ``[n_types, n_elements, 4]``, factors of r^-12, -r^-6, r^-14 and -r^-8.
        out: filled.
    """
    na, nb, nc = shape
    n_types = out.shape[0]
    hx, hy, hz = cell[2, 0] / nc, cell[2, 1] / nc, cell[2, 2] / nc
    h2 = hx * hx + hy * hy + hz * hz
    rc2 = cutoff_ang * cutoff_ang
    pad = math.ceil(cutoff_ang / math.sqrt(h2)) + 2
    row = np.zeros((n_types, nc + 2 * pad))
    r2 = np.empty(nc + 2 * pad)
    for number in range(first_row, last_row):
        ia, ib = number // nb, number % nb
        fa, fb = ia / na, ib / nb
        row[:] = 0.0
        for atom in range(len(kinds)):
            kind = kinds[atom]
            for ja in range(-images[0], images[0] + 1):
                da = fa - fractional[atom, 0] + ja
                for jb in range(-images[1], images[1] + 1):
                    db = fb - fractional[atom, 1] + jb
                    dc = -fractional[atom, 2]
                    x = da * cell[0, 0] + db * cell[1, 0] + dc * cell[2, 0]
                    y = da * cell[0, 1] + db * cell[1, 1] + dc * cell[2, 1]
                    z = da * cell[0, 2] + db * cell[1, 2] + dc * cell[2, 2]
                    # The image along c whose nearest point lies in this cell.
                    nearest = -(x * hx + y * hy + z * hz) / h2
                    shift = math.floor(nearest / nc) * nc
                    x += shift * hx
                    y += shift * hy
                    z += shift * hz
                    half = x * hx + y * hy + z * hz
                    rest = x * x + y * y + z * z
                    under = half * half - h2 * (rest - rc2)
                    if under <= 0.0:
                        continue
                    root = math.sqrt(under)
                    start = math.ceil((-half - root) / h2)
                    end = math.floor((-half + root) / h2) + 1
                    count = end - start
                    for k in range(count):
                        step = start + k
                        value = rest + step * (2.0 * half + step * h2)
                        r2[k] = 1.0 / max(value, MIN_DISTANCE2_ANG2)
                    for t in range(n_types):
                        p12 = parameters[t, kind, 0]
                        p6 = parameters[t, kind, 1]
                        p14 = parameters[t, kind, 2]
                        p8 = parameters[t, kind, 3]
                        offset = start + pad
                        if p14 == 0.0:
                            for k in range(count):
                                inverse = r2[k]
                                i6 = inverse * inverse * inverse
                                row[t, offset + k] += i6 * (p12 * i6 - p6)
                        else:
                            for k in range(count):
                                inverse = r2[k]
                                i6 = inverse * inverse * inverse
                                row[t, offset + k] += i6 * (p12 * i6 - p6 + inverse * (p14 * i6 - p8))
        for t in range(n_types):
            for k in range(nc + 2 * pad):
                out[t, ia, ib, (k - pad) % nc] += row[t, k]
