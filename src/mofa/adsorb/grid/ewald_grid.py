"""Electrostatic potential of a periodic framework on a grid of its unit cell, by Ewald's method.

The reciprocal part is exact (all wave vectors that count, no interpolation of charges) and comes from one Fourier
transform; the splitting is chosen so short that the direct part reaches a few ångströms only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.grid.compiled import compiled

COULOMB_K_ANG = 167_100.957
"""Energy of two unit charges at 1 Å over the Boltzmann constant, K Å/e2 (CODATA 2018)."""
PRECISION = 1e-8
SMEARED_ANG = 1.0
"""Charges are spread over spheres of this radius, which no guest ever enters: a grid cannot hold a pole."""
LARGEST_ALPHA_PER_ANG = 0.9


def potential_grid(
    fractional: NDArray[np.float64],
    charges_e: NDArray[np.float64],
    cell: NDArray[np.float64],
    shape: tuple[int, int, int],
) -> NDArray[np.float64]:
    """Potential energy of a unit charge over the Boltzmann constant, K/e, ``[na, nb, nc]``.

    Args:
        fractional: of the atoms, in [0, 1), ``[n_atoms, 3]``.
        charges_e: neutral in sum, ``[n_atoms]``.
        cell: lattice vectors as rows, Å.
        shape: points along a, b and c.
    """
    decay = math.sqrt(-math.log(PRECISION))
    spacing = max(float(np.linalg.norm(vector)) / n for vector, n in zip(cell, shape, strict=True))
    alpha = min(LARGEST_ALPHA_PER_ANG, 0.98 * math.pi / spacing / (2.0 * decay))
    grid = _reciprocal(fractional, charges_e, cell, shape, alpha, 2.0 * alpha * decay)
    reach = decay / alpha
    _direct(fractional, charges_e, cell, reach, alpha, grid)
    return COULOMB_K_ANG * grid


def _reciprocal(
    fractional: NDArray[np.float64],
    charges_e: NDArray[np.float64],
    cell: NDArray[np.float64],
    shape: tuple[int, int, int],
    alpha: float,
    largest: float,
) -> NDArray[np.float64]:
    """The smooth part: one structure factor for every wave vector up to `largest`, 1/Å."""
    reciprocal = 2.0 * np.pi * np.linalg.inv(cell).T
    nyquist = [(n - 1) // 2 for n in shape]
    limits = [int(largest * np.linalg.norm(vector) / (2.0 * np.pi)) for vector in cell]
    ma, mb, mc = (min(pair) for pair in zip(limits, nyquist, strict=True))
    ha, hb, hc = np.arange(-ma, ma + 1), np.arange(-mb, mb + 1), np.arange(mc + 1)
    phases = [np.exp(-2j * np.pi * np.outer(m, fractional[:, axis])) for axis, m in enumerate((ha, hb, hc))]
    weighted = phases[2] * charges_e
    volume = abs(np.linalg.det(cell))
    spectrum = np.zeros((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.complex128)
    for row, index in enumerate(ha):
        vectors = index * reciprocal[0] + hb[:, None, None] * reciprocal[1] + hc[None, :, None] * reciprocal[2]
        k2 = np.einsum("ijx,ijx->ij", vectors, vectors)
        factor = np.zeros_like(k2)
        counts = (k2 > 1e-12) & (k2 < largest * largest)
        factor[counts] = 4.0 * np.pi / volume * np.exp(-k2[counts] / (4.0 * alpha * alpha)) / k2[counts]
        structure = (phases[0][row] * phases[1]) @ weighted.T
        spectrum[index % shape[0], hb % shape[1], : len(hc)] = factor * structure
    return np.asarray(np.fft.irfftn(spectrum, s=shape, axes=(0, 1, 2)) * np.prod(shape))


@compiled
def _direct(
    fractional: NDArray[np.float64],
    charges_e: NDArray[np.float64],
    cell: NDArray[np.float64],
    reach: float,
    alpha: float,
    out: NDArray[np.float64],
) -> None:
    """Add the short-ranged part: every atom and image to the grid points within reach, 1/Å."""
    na, nb, nc = out.shape
    # Half widths of the box of grid points around an atom.
    inverse = np.linalg.inv(cell)
    half = np.empty(3, np.int64)
    for axis in range(3):
        norm = math.sqrt(inverse[0, axis] ** 2 + inverse[1, axis] ** 2 + inverse[2, axis] ** 2)
        half[axis] = math.ceil(reach * norm * out.shape[axis]) + 1
    reach2 = reach * reach
    inside = 1.0 / SMEARED_ANG
    for atom in range(len(charges_e)):
        q = charges_e[atom]
        ca, cb, cc = fractional[atom, 0] * na, fractional[atom, 1] * nb, fractional[atom, 2] * nc
        ia0, ib0, ic0 = int(ca), int(cb), int(cc)
        for ia in range(ia0 - half[0], ia0 + half[0] + 1):
            da = (ia - ca) / na
            for ib in range(ib0 - half[1], ib0 + half[1] + 1):
                db = (ib - cb) / nb
                px = da * cell[0, 0] + db * cell[1, 0]
                py = da * cell[0, 1] + db * cell[1, 1]
                pz = da * cell[0, 2] + db * cell[1, 2]
                for ic in range(ic0 - half[2], ic0 + half[2] + 1):
                    dc = (ic - cc) / nc
                    x, y, z = px + dc * cell[2, 0], py + dc * cell[2, 1], pz + dc * cell[2, 2]
                    r2 = x * x + y * y + z * z
                    if r2 > reach2:
                        continue
                    r = math.sqrt(r2)
                    if r < SMEARED_ANG:
                        bare = 0.5 * inside * (3.0 - r2 * inside * inside)
                        smooth = math.erf(alpha * r) / r if r > 1e-6 else 2.0 * alpha / math.sqrt(math.pi)
                        value = bare - smooth
                    else:
                        value = math.erfc(alpha * r) / r
                    out[ia % na, ib % nb, ic % nc] += q * value
