"""The framework's energy grids, built once and kept while the same framework is asked for again."""

from __future__ import annotations

import math
from collections import OrderedDict
from hashlib import blake2b

import numpy as np

from mofa.adsorb.engine import AdsorptionJob
from mofa.adsorb.grid.ewald_grid import potential_grid
from mofa.adsorb.grid.lennard_jones_grid import images_within, lennard_jones_rows
from mofa.adsorb.grid.model import Floats, Host, inverse, lennard_jones_factors, site_types
from mofa.adsorb.grid.spline import BLOCKED_K, SOFT_K, spline_coefficients
from mofa.chemistry.lennard_jones import lennard_jones
from mofa.errors import InputError

DEFAULT_SPACING_ANG = 0.25
MOST_POINTS = 30_000_000
"""Of one grid: some 250 MB while it is made, and half as much for each type of site afterwards."""
_KEPT = 2
_recent: OrderedDict[bytes, Host] = OrderedDict()


def host_of(job: AdsorptionJob, *, spacing_ang: float = DEFAULT_SPACING_ANG) -> Host:
    """The grids of a job's framework for its gases; those of the last two are kept, for isotherms.

    Args:
        job: the checked job.
        spacing_ang: largest distance of grid points along the cell's vectors, Å.
    """
    key = _key(job, spacing_ang)
    host = _recent.pop(key, None)
    if host is None:
        energies = energy_grids(job, spacing_ang=spacing_ang)
        splines = np.stack([spline_coefficients(grid) for grid in energies])
        host = Host(splines, inverse(np.array(job.framework.cell)), SOFT_K, BLOCKED_K)
    _recent[key] = host
    while len(_recent) > _KEPT:
        _recent.popitem(last=False)
    return host


def energy_grids(job: AdsorptionJob, *, spacing_ang: float) -> Floats:
    """Energy of every type of site with the framework on the grid of the unit cell, K, ``[n_types, na, nb, nc]``."""
    framework = job.framework
    cell = np.array(framework.cell)
    na, nb, nc = (max(4, math.ceil(float(np.linalg.norm(vector)) / spacing_ang)) for vector in cell)
    shape = (na, nb, nc)
    if na * nb * nc > MOST_POINTS:
        raise InputError(
            f"a grid of {na} x {nb} x {nc} points is too large",
            where="grid",
            action=f"Give a grid_spacing_ang above {spacing_ang:g}, or a smaller cell",
        )
    fractional = framework.fractional % 1.0
    types = site_types([species.guest for species in job.species])
    elements = sorted(set(framework.symbols))
    kinds = np.array([elements.index(symbol) for symbol in framework.symbols])
    energies = np.zeros((len(types), *shape))
    attracting = [k for k, site in enumerate(types) if site.epsilon_k > 0]
    if attracting:
        part = np.zeros((len(attracting), *shape))
        factors = _factors(job, elements)[attracting]
        images = images_within(cell, job.cutoff_ang)
        rows = shape[0] * shape[1]
        lennard_jones_rows(0, rows, fractional, kinds, cell, shape, images, job.cutoff_ang, factors, part)
        energies[attracting] = part
    charges = framework.charges
    if charges is not None and np.any(charges) and any(site.charge_e for site in types):
        potential = potential_grid(fractional, np.array(charges), cell, shape)
        for k, site in enumerate(types):
            energies[k] += site.charge_e * potential
    return energies


def _factors(job: AdsorptionJob, elements: list[str]) -> Floats:
    """Factors of the pair energies of site types and elements, ``[n_types, n_elements, 4]``.

    The framework does not move, so the reduced mass of a quantum guest is its own.
    """
    guests = [species.guest for species in job.species]
    mass = {
        site.label: guest.molar_mass_g_per_mol if guest.is_quantum(job.temperature_k) else 0.0
        for guest in guests
        for site in guest.sites
    }
    return np.array(
        [
            [
                lennard_jones_factors(
                    math.sqrt(site.epsilon_k * lennard_jones(element).epsilon_k),
                    0.5 * (site.sigma_ang + lennard_jones(element).sigma_ang),
                    mass_u=mass[site.label],
                    temperature_k=job.temperature_k,
                )
                for element in elements
            ]
            for site in site_types(guests)
        ]
    )


def _key(job: AdsorptionJob, spacing_ang: float) -> bytes:
    """What the grids depend on."""
    framework = job.framework
    digest = blake2b(digest_size=16)
    for array in (framework.positions, framework.cell, framework.charges):
        digest.update(np.ascontiguousarray(array).tobytes())
    temperature_k = job.temperature_k if job.quantum else None
    gases = tuple(species.guest for species in job.species)
    digest.update(repr((framework.symbols, gases, job.cutoff_ang, spacing_ang, temperature_k)).encode())
    return digest.digest()
