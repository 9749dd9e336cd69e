"""Insertions where they have a chance: the more often in a voxel the better a molecule fits there.

Energy-biased insertion (DOI 10.1021/j100153a051) with what the grids know. The probability of every voxel enters the
acceptance of insertion, deletion and reinsertion, so the bias changes how fast a run converges and nothing else.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.engine import AdsorptionJob, Pocket
from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.energies import host_energy
from mofa.adsorb.grid.model import Bias, Conditions, Floats, Guests, Host, inverse
from mofa.adsorb.grid.spline import OVERLAP_K

VOXEL_ANG = 0.6
ORIENTATIONS = 8
SHARES = (0.6, 0.3, 0.1)
"""Of insertions: by the Boltzmann factor, even over the voxels where anything fits, even over all."""
_FITS = 1e-4
_MOST_VOXELS = 1_000_000


def bias_of(job: AdsorptionJob, host: Host, guests: Guests, conditions: Conditions, *, even: bool = False) -> Bias:
    """Voxels and their probabilities.

    Args:
        job: the checked job.
        host: its framework.
        guests: its gases.
        conditions: its temperature and activities.
        even: uniform insertion, for comparison.
    """
    cell = np.array(job.framework.cell)
    voxel = max(VOXEL_ANG, (job.framework.volume_ang3 / _MOST_VOXELS) ** (1.0 / 3.0))
    shape = np.array([max(1, math.ceil(np.linalg.norm(vector) / voxel)) for vector in cell])
    n_voxels, n_gases = int(np.prod(shape)), len(job.species)
    pocket = _in_pockets(job.pockets, cell, shape)
    repeats = np.array(job.supercell)
    probability = np.full((n_gases, n_voxels), 1.0 / n_voxels)
    if not even:
        rng = np.random.default_rng(job.seed)
        for gas in range(n_gases):
            factors = np.zeros(n_voxels)
            voxel_boltzmann(host, guests, gas, conditions.beta, cell, shape, ORIENTATIONS, rng, factors)
            if pocket.size:
                factors[pocket] = 0.0
            # Molecules that a voxel would hold; full ones need no more insertions than others that are nearly so.
            held = math.exp(conditions.ln_activity_volume[gas]) / (n_voxels * int(np.prod(repeats))) * factors
            probability[gas] = _mixed(factors / (1.0 + held))
    keep, alias = zip(*(_alias_table(row) for row in probability), strict=True)
    ln_bias = np.log(probability * n_voxels)
    return Bias(shape, ln_bias, np.array(keep), np.array(alias), repeats, cell, inverse(cell), pocket)


def _mixed(weights: Floats) -> Floats:
    """Probabilities of the voxels by `SHARES`; even where nothing fits anywhere."""
    n = len(weights)
    fits = weights > _FITS
    if not fits.any():
        return np.full(n, 1.0 / n)
    probability: Floats = np.full(n, SHARES[2] / n)
    probability += SHARES[0] * weights / weights.sum()
    probability += SHARES[1] * fits / fits.sum()
    return probability


def _in_pockets(pockets: tuple[Pocket, ...], cell: Floats, shape: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which voxels have their middle in a blocked pocket; empty without pockets."""
    if not pockets:
        return np.zeros(0, dtype=np.bool_)
    axes = [(np.arange(n) + 0.5) / n for n in shape]
    middles = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    blocked = np.zeros(len(middles), dtype=np.bool_)
    for pocket in pockets:
        apart = middles - np.array(pocket.centre)
        apart -= np.round(apart)
        blocked |= np.linalg.norm(apart @ cell, axis=1) < pocket.radius_ang
    return blocked


def _alias_table(probability: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Walker's alias method (DOI 10.1145/355744.355749): a draw takes one random number."""
    n = len(probability)
    keep, alias = np.empty(n), np.arange(n)
    fill_alias_table(probability * n, keep, alias)
    return keep, alias


@compiled
def fill_alias_table(scaled: Floats, keep: Floats, alias: NDArray[np.int64]) -> None:
    """Fill `keep` and `alias` from probabilities times their number."""
    n = len(scaled)
    small, large = np.empty(n, np.int64), np.empty(n, np.int64)
    n_small, n_large = 0, 0
    for k in range(n):
        keep[k] = 1.0
        if scaled[k] < 1.0:
            small[n_small] = k
            n_small += 1
        else:
            large[n_large] = k
            n_large += 1
    while n_small and n_large:
        n_small -= 1
        less, more = small[n_small], large[n_large - 1]
        keep[less] = scaled[less]
        alias[less] = more
        scaled[more] -= 1.0 - scaled[less]
        if scaled[more] < 1.0:
            n_large -= 1
            small[n_small] = more
            n_small += 1


@compiled
def voxel_boltzmann(
    host: Host,
    guests: Guests,
    gas: int,
    beta: float,
    cell: Floats,
    shape: NDArray[np.int64],
    orientations: int,
    rng: np.random.Generator,
    out: Floats,
) -> None:
    """Mean Boltzmann factor of a molecule at random points and orientations in every voxel, ``[n_voxels]``."""
    first = guests.first[gas]
    n_sites = guests.first[gas + 1] - first
    tries = orientations if n_sites > 1 else max(2, orientations // 2)
    sites = np.zeros((n_sites, 3))
    centre = np.zeros(3)
    for v in range(len(out)):
        total = 0.0
        for _ in range(tries):
            random_point(v, shape, cell, rng, centre)
            random_orientation(guests, gas, centre, rng, sites)
            energy = host_energy(host, guests, gas, sites)
            if energy < OVERLAP_K:
                total += math.exp(min(-beta * energy, 60.0))
        out[v] = total / tries


@compiled
def random_point(voxel: int, shape: NDArray[np.int64], cell: Floats, rng: np.random.Generator, centre: Floats) -> None:
    """A point in a voxel of the unit cell, Å."""
    ic = voxel % shape[2]
    ib = voxel // shape[2] % shape[1]
    ia = voxel // (shape[2] * shape[1])
    fa = (ia + rng.random()) / shape[0]
    fb = (ib + rng.random()) / shape[1]
    fc = (ic + rng.random()) / shape[2]
    for x in range(3):
        centre[x] = fa * cell[0, x] + fb * cell[1, x] + fc * cell[2, x]


@compiled
def random_orientation(guests: Guests, gas: int, centre: Floats, rng: np.random.Generator, sites: Floats) -> None:
    """Sites of a molecule turned evenly at random about its centre (a quaternion of four normal numbers)."""
    w, x, y, z = rng.standard_normal(), rng.standard_normal(), rng.standard_normal(), rng.standard_normal()
    norm = 1.0 / math.sqrt(w * w + x * x + y * y + z * z)
    w, x, y, z = w * norm, x * norm, y * norm, z * norm
    first = guests.first[gas]
    for s in range(guests.first[gas + 1] - first):
        a, b, c = guests.local[first + s, 0], guests.local[first + s, 1], guests.local[first + s, 2]
        sites[s, 0] = centre[0] + (1 - 2 * (y * y + z * z)) * a + 2 * (x * y - w * z) * b + 2 * (x * z + w * y) * c
        sites[s, 1] = centre[1] + 2 * (x * y + w * z) * a + (1 - 2 * (x * x + z * z)) * b + 2 * (y * z - w * x) * c
        sites[s, 2] = centre[2] + 2 * (x * z - w * y) * a + 2 * (y * z + w * x) * b + (1 - 2 * (x * x + y * y)) * c
