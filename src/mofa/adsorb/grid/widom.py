"""The limit of low pressure: Henry coefficients and heats by Widom's test insertions. DOI 10.1063/1.1734110."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mofa.adsorb.engine import AdsorptionJob
from mofa.adsorb.grid.bias import bias_of, random_orientation
from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.energies import host_energy
from mofa.adsorb.grid.host import DEFAULT_SPACING_ANG, host_of
from mofa.adsorb.grid.model import Bias, Floats, Guests, Host, conditions_of, guests_of
from mofa.adsorb.grid.moves import NOT_ALLOWED, biased_point
from mofa.adsorb.grid.spline import OVERLAP_K
from mofa.units import GAS_CONSTANT_J_PER_MOL_K, K_TO_KJ_PER_MOL

BLOCKS = 20
_INSERTIONS_AT_ONCE = 5000


@dataclass(frozen=True)
class Henry:
    """What one molecule alone in the framework tells; errors are 95 % confidence half-widths."""

    coefficient_mol_per_kg_pa: float
    """Uptake over pressure where molecules do not meet. No measure of uptake at any pressure of use."""
    coefficient_error: float
    heat_kj_per_mol: float
    """Isosteric heat at zero loading."""
    heat_error_kj_per_mol: float
    boltzmann: float
    """Mean Boltzmann factor of an insertion; helium's is the void fraction."""
    boltzmann_error: float
    insertions: int


def henry(
    job: AdsorptionJob,
    *,
    spacing_ang: float = DEFAULT_SPACING_ANG,
    target_relative_error: float = 0.02,
    max_insertions: int = 4_000_000,
) -> Henry:
    """Henry coefficient and heat at zero loading of the job's first gas.

    Args:
        job: framework, gas, temperature and cut-off; its pressure and cycles do not matter.
        spacing_ang: largest distance of grid points, Å.
        target_relative_error: insertions end when the 95 % error is below this share.
        max_insertions: or when there were so many.
    """
    host, guests = host_of(job, spacing_ang=spacing_ang), guests_of(job)
    bias = bias_of(job, host, guests, conditions_of(job, ewald=False))
    rng = np.random.Generator(np.random.PCG64(job.seed))
    sums = np.zeros((BLOCKS, 2))
    rounds = 0
    while True:
        for block in range(BLOCKS):
            insert(host, guests, bias, 1.0 / job.temperature_k, _INSERTIONS_AT_ONCE, rng, sums[block])
        rounds += 1
        n = rounds * BLOCKS * _INSERTIONS_AT_ONCE
        found = _henry(job, sums, n)
        known = found.coefficient_error <= target_relative_error * found.coefficient_mol_per_kg_pa
        if n >= max_insertions or known:
            return found


def _henry(job: AdsorptionJob, sums: Floats, n: int) -> Henry:
    means = sums / (n / BLOCKS)
    boltzmann, spread = means[:, 0].mean(), means[:, 0].std(ddof=1) / math.sqrt(BLOCKS)
    error = 2.093 * spread  # Student's t of 19 degrees of freedom
    volume_m3 = job.framework.volume_ang3 * 1e-30
    mass_kg_per_mol = job.framework.mass_g_per_mol / 1000.0
    # Moles per kilogram and pascal of an ideal gas in the whole volume.
    ideal = volume_m3 * 6.02214076e23 / mass_kg_per_mol / (GAS_CONSTANT_J_PER_MOL_K * job.temperature_k)
    total = means.sum(axis=0)
    heats = [job.temperature_k - (total[1] - block[1]) / max(total[0] - block[0], 1e-300) for block in means]
    heat = job.temperature_k - total[1] / max(total[0], 1e-300)
    jackknife = math.sqrt((BLOCKS - 1) / BLOCKS * float(np.sum((np.array(heats) - np.mean(heats)) ** 2)))
    return Henry(
        coefficient_mol_per_kg_pa=float(ideal * boltzmann),
        coefficient_error=float(ideal * error),
        heat_kj_per_mol=float(heat * K_TO_KJ_PER_MOL),
        heat_error_kj_per_mol=float(2.093 * jackknife * K_TO_KJ_PER_MOL),
        boltzmann=float(boltzmann),
        boltzmann_error=float(error),
        insertions=n,
    )


@compiled
def insert(host: Host, guests: Guests, bias: Bias, beta: float, n: int, rng: np.random.Generator, sums: Floats) -> None:
    """Add the Boltzmann factors of test insertions, and these times energy, K, to `sums`, ``[2]``."""
    centre = np.zeros(3)
    sites = np.zeros((guests.first[1], 3))
    for _ in range(n):
        ln_bias = biased_point(bias, 0, rng, centre)
        if ln_bias == NOT_ALLOWED:
            continue
        random_orientation(guests, 0, centre, rng, sites)
        energy = host_energy(host, guests, 0, sites)
        if energy < OVERLAP_K:
            weight = math.exp(-beta * energy - ln_bias)
            sums[0] += weight
            sums[1] += weight * energy
