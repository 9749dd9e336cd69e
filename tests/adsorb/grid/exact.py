"""Energies the slow way, for comparison: direct sums over many images in numpy."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfc

from mofa.adsorb import AdsorptionJob
from mofa.adsorb.grid.ewald_grid import COULOMB_K_ANG
from mofa.chemistry.lennard_jones import lennard_jones


def images(cell: np.ndarray, reach_ang: float) -> np.ndarray:
    """Lattice vectors, enough for every pair within reach of a point in the cell."""
    widths = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    n = [math.ceil(reach_ang / width) + 1 for width in widths]
    index = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in n), indexing="ij"), axis=-1).reshape(-1, 3)
    return index @ cell


def site_energy(job: AdsorptionJob, label: str, point: np.ndarray, *, alpha: float = 0.35) -> float:
    """Energy of one site of a guest at a point, K; Ewald with a splitting of its own."""
    framework = job.framework
    cell = np.array(framework.cell)
    site = next(s for species in job.species for s in species.guest.sites if s.label == label)
    vectors = images(cell, job.cutoff_ang)
    apart = point - framework.positions[:, None] - vectors[None]
    r = np.linalg.norm(apart, axis=2)
    total = 0.0
    for atom, symbol in enumerate(framework.symbols):
        lj = lennard_jones(symbol)
        near = r[atom][r[atom] < job.cutoff_ang]
        x6 = (0.5 * (site.sigma_ang + lj.sigma_ang) / near) ** 6
        total += float(np.sum(4.0 * math.sqrt(site.epsilon_k * lj.epsilon_k) * (x6 * x6 - x6)))
    return total + site.charge_e * potential(framework.positions, framework.charges, cell, point, alpha)


def potential(positions: np.ndarray, charges: np.ndarray, cell: np.ndarray, point: np.ndarray, alpha: float) -> float:
    """Electrostatic potential of point charges in a periodic cell, K/e."""
    apart = point - positions[:, None] - images(cell, 6.0 / alpha)[None]
    r = np.linalg.norm(apart, axis=2)
    direct = float(np.sum(charges[:, None] * erfc(alpha * r) / r))
    reciprocal = 2.0 * np.pi * np.linalg.inv(cell).T
    waves = images(reciprocal, 12.0 * alpha)
    k2 = np.einsum("ij,ij->i", waves, waves)
    waves, k2 = waves[k2 > 1e-9], k2[k2 > 1e-9]
    phase = np.cos((point - positions) @ waves.T)
    volume = abs(np.linalg.det(cell))
    smooth = float(np.sum(charges @ phase * np.exp(-k2 / (4 * alpha**2)) / k2) * 4.0 * np.pi / volume)
    return COULOMB_K_ANG * (direct + smooth)
