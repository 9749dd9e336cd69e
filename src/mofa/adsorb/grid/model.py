"""The arrays that the compiled Monte Carlo works on: framework, guests, conditions, and the state of one chain."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.engine import AdsorptionJob
from mofa.adsorb.gases import Guest, GuestSite
from mofa.adsorb.grid.ewald_grid import COULOMB_K_ANG
from mofa.units import AVOGADRO, GAS_CONSTANT_J_PER_MOL_K

Floats = NDArray[np.float64]
Waves = NDArray[np.complex128]

FEYNMAN_HIBBS_K_U_ANG2 = 48.50874 / 24.0
"""hbar^2 / (24 kB) in K, atomic mass units and Å: times 1 / (mass x temperature) it is an area."""
MOVES = ("insertion", "deletion", "translation", "rotation", "reinsertion", "identity swap")
_EWALD_PRECISION = 1e-6
_ANG3_PER_MOLECULE = 20.0
"""Denser than any liquid of the guests here: room enough for the arrays."""


class Host(NamedTuple):
    """The framework as guests feel it."""

    splines: NDArray[np.float32]
    """Coefficients of cubic B-splines for every type of site, one period and three more points along each axis."""
    to_fractional: Floats
    """Cartesian row vector times this gives fractional coordinates of the unit cell."""
    soft_k: float
    """Energies far above are interpolated on a logarithmic scale, see `spline`."""
    blocked_k: float
    """A site with a higher energy overlaps the framework."""


class Guests(NamedTuple):
    """Sites of all gases, one after another, and how types of sites interact."""

    first: NDArray[np.int64]
    """First site of each gas, and the number of sites at the end, ``[n_gases + 1]``."""
    local: Floats
    """Positions about the centre, Å, ``[n_sites, 3]``."""
    kind: NDArray[np.int64]
    """Type of every site, ``[n_sites]``."""
    radius: Floats
    """Of each gas, Å."""
    pairs: Floats
    """Factors of r^-12, -r^-6, r^-14, -r^-8 and 1/r, ``[n_types, n_types, 5]``, K."""
    charge: Floats
    """Of every type, e."""


class Conditions(NamedTuple):
    """Temperature, activity and box."""

    beta: float
    """1/K."""
    ln_activity_volume: Floats
    """Logarithm of activity times volume of each gas: the mean number of molecules of an ideal gas."""
    box: Floats
    """Vectors of the supercell as rows, Å."""
    to_box: Floats
    """Inverse of `box`."""
    cutoff_ang: float
    alpha: float
    """Ewald splitting of the guests' Coulomb energy, 1/Å; 0: truncated with the molecules' centres."""
    waves: Floats
    """Wave vectors of one half space, 1/Å, ``[n, 3]``."""
    wave_indices: NDArray[np.int64]
    """The same in multiples of the reciprocal vectors, ``[n, 3]``."""
    wave_factor: Floats
    """Energy of a unit structure factor, K, ``[n]``."""
    self_k: Floats
    """Ewald self energy of each gas, K."""


class Bias(NamedTuple):
    """Where insertions are tried: voxels of the unit cell, each gas with probabilities of its own."""

    shape: NDArray[np.int64]
    """Voxels along a, b and c."""
    ln_bias: Floats
    """Logarithm of the probability over that of uniform insertion, ``[n_gases, n_voxels]``."""
    keep: Floats
    """Walker's alias method: probability that a voxel stays itself."""
    alias: NDArray[np.int64]
    """And what it becomes otherwise."""
    repeats: NDArray[np.int64]
    """Unit cells of the supercell along a, b and c."""
    cell: Floats
    """Vectors of the unit cell as rows, Å."""
    to_fractional: Floats
    """Its inverse."""
    pocket: NDArray[np.bool_]
    """Voxels in blocked pockets, ``[n_voxels]``; empty if there are none."""


class State(NamedTuple):
    """One chain; changed in place."""

    centre: Floats
    sites: Floats
    """``[capacity, most sites of a gas, 3]``, Å."""
    gas: NDArray[np.int64]
    host_k: Floats
    """Energy of each molecule with the framework."""
    counts: NDArray[np.int64]
    """Molecules of each gas."""
    energy_k: Floats
    """Adsorption energy, ``[1]``."""
    structure: NDArray[np.complex128]
    """Structure factor of all guests at `Conditions.waves`."""
    steps: Floats
    """Largest translation, Å, and rotation, radians."""
    around: Floats
    """Scratch: sites of the molecules within reach of one, ``[most sites of a gas, 3, capacity]``, Å."""
    phases: Waves
    """Scratch: ``exp(2 pi i n f)`` of a site for every index and axis, ``[3, 2 * largest index + 1]``."""
    near: Floats
    """Scratch: 1 for those whose centre is within the cut-off, else 0."""
    tried: NDArray[np.int64]
    accepted: NDArray[np.int64]
    """By `MOVES`."""


def inverse(matrix: Floats) -> Floats:
    """Inverse of a cell."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def site_types(guests: list[Guest]) -> list[GuestSite]:
    """Every kind of site once, in the order in which the arrays know them."""
    return list({site.label: site for guest in guests for site in guest.sites}.values())


def lennard_jones_factors(
    epsilon_k: float, sigma_ang: float, *, mass_u: float = 0.0, temperature_k: float = 0.0
) -> tuple[float, float, float, float]:
    """Factors of r^-12, -r^-6, r^-14 and -r^-8, K; the last two are Feynman and Hibbs' correction.

    ``V + hbar^2 / (24 mass kB T) (V'' + 2 V'/r)``, the quadratic effective potential; without a mass it is left out.
    """
    s6 = sigma_ang**6
    p12, p6 = 4.0 * epsilon_k * s6 * s6, 4.0 * epsilon_k * s6
    area = FEYNMAN_HIBBS_K_U_ANG2 / (mass_u * temperature_k) if mass_u else 0.0
    return (p12, p6, 132.0 * area * p12, 30.0 * area * p6)


def guests_of(job: AdsorptionJob) -> Guests:
    """The arrays of a job's gases; like sites of two gases mix by Lorentz and Berthelot's rules."""
    molecules = [species.guest for species in job.species]
    types = site_types(molecules)
    labels = [site.label for site in types]
    owner = {site.label: molecule for molecule in molecules for site in molecule.sites}
    pairs = np.zeros((len(types), len(types), 5))
    for i, one in enumerate(types):
        for j, other in enumerate(types):
            quantum = [owner[s.label] for s in (one, other) if owner[s.label].is_quantum(job.temperature_k)]
            masses = [owner[s.label].molar_mass_g_per_mol for s in (one, other)]
            pairs[i, j, :4] = lennard_jones_factors(
                math.sqrt(one.epsilon_k * other.epsilon_k),
                0.5 * (one.sigma_ang + other.sigma_ang),
                mass_u=1.0 / sum(1.0 / mass for mass in masses) if quantum else 0.0,
                temperature_k=job.temperature_k,
            )
            pairs[i, j, 4] = COULOMB_K_ANG * one.charge_e * other.charge_e
    return Guests(
        first=np.cumsum([0, *(len(molecule.sites) for molecule in molecules)]),
        local=np.array([site.position_ang for molecule in molecules for site in molecule.sites]),
        kind=np.array([labels.index(site.label) for molecule in molecules for site in molecule.sites]),
        radius=np.array([molecule.radius_ang for molecule in molecules]),
        pairs=pairs,
        charge=np.array([site.charge_e for site in types]),
    )


def conditions_of(job: AdsorptionJob, *, ewald: bool) -> Conditions:
    """Temperature, activities and box of a job."""
    box = np.array(job.supercell)[:, None] * job.framework.cell
    volume = abs(float(np.linalg.det(box)))
    kt = GAS_CONSTANT_J_PER_MOL_K / AVOGADRO * job.temperature_k * 1e30
    ideal = [math.log(job.fugacity_pa(species) * volume / kt) for species in job.species]
    alpha, waves, indices, factors = 0.0, np.zeros((0, 3)), np.zeros((0, 3), np.int64), np.zeros(0)
    if ewald:
        decay = math.sqrt(-math.log(_EWALD_PRECISION))
        alpha = decay / job.cutoff_ang
        waves, indices, factors = _waves(box, volume, alpha, 2.0 * alpha * decay)
    own = np.array([_self_energy_k(species.guest, alpha) for species in job.species])
    return Conditions(
        beta=1.0 / job.temperature_k,
        ln_activity_volume=np.array(ideal),
        box=box,
        to_box=inverse(box),
        cutoff_ang=job.cutoff_ang,
        alpha=alpha,
        waves=waves,
        wave_indices=indices,
        wave_factor=factors,
        self_k=own,
    )


def _waves(box: Floats, volume: float, alpha: float, largest: float) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Wave vectors of half the reciprocal space, their indices, and the energy of a unit structure factor at each."""
    reciprocal = 2.0 * np.pi * np.linalg.inv(box).T
    limits = [int(largest * np.linalg.norm(vector) / (2.0 * np.pi)) for vector in box]
    indices = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in limits), indexing="ij"), axis=-1).reshape(-1, 3)
    # The first nonzero index is positive: of k and -k one.
    weights = indices @ np.array([1_000_000, 1_000, 1])
    half = indices[weights > 0]
    vectors = half @ reciprocal
    k2 = np.einsum("ij,ij->i", vectors, vectors)
    counts = k2 < largest * largest
    factor = COULOMB_K_ANG * 4.0 * np.pi / volume * np.exp(-k2[counts] / (4.0 * alpha**2)) / k2[counts]
    return vectors[counts], half[counts], factor


def _self_energy_k(guest: Guest, alpha: float) -> float:
    """What Ewald's sum counts of a molecule with itself: subtracted."""
    own = sum(site.charge_e**2 for site in guest.sites) * alpha / math.sqrt(math.pi)
    for k, one in enumerate(guest.sites):
        for other in guest.sites[:k]:
            r = math.dist(one.position_ang, other.position_ang)
            own += one.charge_e * other.charge_e * math.erf(alpha * r) / r
    return -COULOMB_K_ANG * own


def empty_state(job: AdsorptionJob, guests: Guests, conditions: Conditions) -> State:
    """A chain without molecules."""
    volume = abs(float(np.linalg.det(conditions.box)))
    capacity = 64 + int(volume / _ANG3_PER_MOLECULE)
    most = int(np.diff(guests.first).max())
    return State(
        centre=np.zeros((capacity, 3)),
        sites=np.zeros((capacity, most, 3)),
        gas=np.zeros(capacity, np.int64),
        host_k=np.zeros(capacity),
        counts=np.zeros(len(job.species), np.int64),
        energy_k=np.zeros(1),
        structure=np.zeros(len(conditions.waves), np.complex128),
        steps=np.array([1.0, 0.7]),
        around=np.zeros((most, 3, capacity)),
        phases=np.zeros((3, 2 * int(np.abs(conditions.wave_indices).max(initial=0)) + 1), np.complex128),
        near=np.zeros(capacity),
        tried=np.zeros(len(MOVES), np.int64),
        accepted=np.zeros(len(MOVES), np.int64),
    )
