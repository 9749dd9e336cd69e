"""The cheaper screen of the experiment: task functions in place of MOFA's own for the costly half of a campaign.

Optimisation is left out, so the structure that leaves the dynamics is the one that is screened on. There are no
charges, and the uptake is that of Henry's law from Widom insertions: it knows pores and dispersion only, takes a second
instead of minutes, and ranks. Generation, processing, assembly and dynamics are MOFA's own.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb import guest
from mofa.chemistry import ChargeGate, Charges, Framework, Optimized, Uptake
from mofa.chemistry.lennard_jones import lennard_jones

INSERTIONS = 8000
BLOCKS = 8
CUTOFF_ANG = 12.0
CONTACT_ANG = 2.4
"""A molecule whose carbon is closer to an atom has no weight."""
GAS_CONSTANT = 8.314462618
AVOGADRO = 6.02214076e23


def leave(framework: Framework) -> Optimized:
    """The structure as it is."""
    return Optimized(framework, 0.0, 0.0, 0.0, 0, False, "none", 0.0)


def no_charges(framework: Framework) -> Charges:
    """No charge on any atom."""
    return Charges(np.zeros(len(framework)), "none", True, ChargeGate(True, 0.0, 0.0, 0.0, None), 0.0)


def henry(
    framework: Framework, *, gas: str, pressure_pa: float, temperature_k: float, seed: int, insertions: int = INSERTIONS
) -> Uptake:
    """Uptake by Henry's law, from Lennard-Jones energies of a rigid molecule at random places and orientations.

    Args:
        framework: one unit cell; its charges are not used.
        gas: name of a guest whose second site is its centre, such as CO2.
        pressure_pa: of the gas, Pa; low, for the law holds only where molecules do not meet.
        temperature_k: temperature, K.
        seed: of places and orientations.
        insertions: molecules, a multiple of 8.
    """
    started_s, rng = time.process_time(), np.random.default_rng(seed)
    cell = np.asarray(framework.cell)
    positions, epsilon, sigma = _images(framework)
    offsets = np.array([site.position_ang for site in guest(gas).sites])
    centres = rng.random((insertions, 3)) @ cell
    weights = np.zeros(insertions)
    for k, centre in enumerate(centres):
        axis = rng.normal(size=3)
        away = positions - centre
        distance2 = np.einsum("ij,ij->i", away, away)
        near = distance2 < (CUTOFF_ANG + 1.2) ** 2
        if distance2.min() < CONTACT_ANG**2:
            continue
        sites = offsets[:, 2:] * (axis / np.linalg.norm(axis))
        energy_k = 0.0
        for site, shift in zip(guest(gas).sites, sites, strict=True):
            gap = away[near] - shift
            r2 = np.einsum("ij,ij->i", gap, gap)
            within = r2 < CUTOFF_ANG**2
            s6 = ((0.5 * (sigma[near][within] + site.sigma_ang)) ** 2 / r2[within]) ** 3
            energy_k += float((4.0 * np.sqrt(epsilon[near][within] * site.epsilon_k) * (s6 * s6 - s6)).sum())
        weights[k] = np.exp(-energy_k / temperature_k)
    volume_m3_per_mol = framework.volume_ang3 * 1e-30 * AVOGADRO
    factor = pressure_pa * volume_m3_per_mol / (GAS_CONSTANT * temperature_k) / (framework.mass_g_per_mol * 1e-3)
    blocks = weights.reshape(BLOCKS, -1).mean(axis=1) * factor
    error = 2.36 * blocks.std(ddof=1) / np.sqrt(BLOCKS)  # 95 % of Student's t with 7 degrees of freedom
    return Uptake(
        float(blocks.mean()), float(error), float("nan"), float("nan"), gas, pressure_pa, temperature_k,
        "Henry's law, Widom insertions, UFF without charges", framework.charge_method, (1, 1, 1), insertions,
        bool(error < 0.1 * blocks.mean()), time.process_time() - started_s,
    )  # fmt: skip


def _images(framework: Framework) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Atoms of the cell and of all its images that a molecule in it can feel: positions, well depths (K), sizes (Å)."""
    cell = np.asarray(framework.cell)
    widths = abs(np.linalg.det(cell)) / np.linalg.norm(np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1)
    reach = np.ceil((CUTOFF_ANG + 1.2) / widths).astype(int)
    # A molecule is in the cell, its atoms may lie in a neighbouring one.
    steps = [np.arange(-n - 1, n + 2) for n in reach]
    shifts = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    fractional = np.linalg.solve(cell.T, np.asarray(framework.positions).T).T % 1.0
    everywhere = fractional[None] + shifts[:, None]
    margin = (CUTOFF_ANG + 1.2) / widths
    felt = ((everywhere > -margin) & (everywhere < 1.0 + margin)).all(axis=-1)
    table = [lennard_jones(symbol) for symbol in framework.symbols]
    epsilon = np.broadcast_to([one.epsilon_k for one in table], felt.shape)[felt]
    sigma = np.broadcast_to([one.sigma_ang for one in table], felt.shape)[felt]
    return everywhere[felt] @ cell, epsilon, sigma
