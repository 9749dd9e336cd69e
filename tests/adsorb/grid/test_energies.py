"""Energies from grids and Ewald's sums against direct sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mofa.adsorb.grid.energies import guest_energy, host_energy, total_energy
from mofa.adsorb.grid.host import energy_grids, host_of
from mofa.adsorb.grid.model import FEYNMAN_HIBBS_K_U_ANG2, conditions_of, empty_state, guests_of, site_types
from mofa.adsorb.grid.spline import OVERLAP_K, site_energy
from mofa.chemistry import Framework
from tests.adsorb.frameworks import charged_irmof1, job_on, skewed_salt
from tests.adsorb.grid import exact


@pytest.mark.parametrize("gas", ["CO2", "N2", "H2O", "Xe"])
def test_grid_points_are_exact(gas: str) -> None:
    job = job_on(skewed_salt(), gas)
    grids = energy_grids(job, spacing_ang=0.5)
    cell = np.array(job.framework.cell)
    rng = np.random.default_rng(1)
    for kind, site in enumerate(site_types([job.species[0].guest])):
        for _ in range(6):
            index = tuple(rng.integers(0, grids.shape[1:]))
            point = np.array(index) / grids.shape[1:] @ cell
            if (
                min(np.linalg.norm(point - job.framework.positions - v, axis=1).min() for v in exact.images(cell, 1))
                < 1
            ):
                continue
            expected = exact.site_energy(job, site.label, point)
            assert grids[kind][index] == pytest.approx(expected, rel=1e-6, abs=1e-3)


def test_interpolation_keeps_boltzmann_factors() -> None:
    """Below kT the spline is right to 2 % of kT on average, on the wall to 10 %."""
    job = job_on(charged_irmof1())
    host, guests = host_of(job), guests_of(job)
    cell = np.array(job.framework.cell)
    rng = np.random.default_rng(2)
    errors, checked = [], 0
    while checked < 60:
        point = rng.random(3) @ cell
        found = site_energy(host, 0, *point)
        if found > 6000.0:
            continue
        checked += 1
        expected = exact.site_energy(job, guests_label(job, 0), point)
        if found < 298.0:
            errors.append(found - expected)
        else:
            assert found == pytest.approx(expected, rel=0.1)
    assert np.sqrt(np.mean(np.square(errors))) < 0.02 * 298.0
    assert len(guests.charge) == 2


def guests_label(job: object, kind: int) -> str:
    return site_types([job.species[0].guest])[kind].label  # type: ignore[attr-defined]


def test_atoms_overlap() -> None:
    job = job_on(charged_irmof1())
    host = host_of(job)
    for atom in range(0, len(job.framework), 7):
        assert site_energy(host, 0, *job.framework.positions[atom]) == OVERLAP_K
        assert site_energy(host, 0, *(job.framework.positions[atom] + [0.4, -0.3, 0.2])) == OVERLAP_K


def test_energy_is_that_of_another_description_of_the_crystal() -> None:
    """Translated, with its atoms in another order, and in another cell of the same lattice."""
    framework = charged_irmof1()
    rng = np.random.default_rng(3)
    shift = np.array([1.2, -3.4, 0.7])
    order = rng.permutation(len(framework))
    cell = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1]]) @ framework.cell
    other = Framework(
        "other",
        tuple(framework.symbols[k] for k in order),
        np.array(framework.positions)[order] + shift,
        cell,
        charges=np.array(framework.charges)[order],
    )
    hosts = [host_of(job_on(f), spacing_ang=0.2) for f in (framework, other)]
    points = rng.random((300, 3)) @ framework.cell
    pairs = np.array([[site_energy(hosts[0], 0, *p), site_energy(hosts[1], 0, *(p + shift))] for p in points])
    open_ = (pairs < 298.0).all(axis=1)
    assert open_.sum() > 80
    assert np.abs(np.diff(pairs[open_], axis=1)).mean() < 1.0


def test_feynman_hibbs_is_the_quadratic_correction() -> None:
    """V + hbar^2 / (24 m kT) (V'' + 2 V'/r), by finite differences of the classical energy of one atom."""
    lone = Framework("he", ("He",), np.zeros((1, 3)), 30.0 * np.eye(3), charges=np.zeros(1))
    cold = job_on(lone, "H2", temperature_k=77.0, supercell=(1, 1, 1))
    warm = replace(cold, temperature_k=298.0)
    com = [site.label for site in site_types([cold.species[0].guest])].index("com_h2")
    quantum, classical = (energy_grids(job, spacing_ang=0.25)[com] for job in (cold, warm))
    k = 14
    r, h = k * 0.25, 0.25
    axis = [exact.site_energy(warm, "com_h2", np.array([r + d * h / 10, 0.0, 0.0])) for d in (-1, 0, 1)]
    first, second = (axis[2] - axis[0]) / (h / 5), (axis[2] - 2 * axis[1] + axis[0]) / (h / 10) ** 2
    area = FEYNMAN_HIBBS_K_U_ANG2 / (2.01588 * 77.0)
    assert classical[k, 0, 0] == pytest.approx(axis[1], rel=1e-6)
    assert quantum[k, 0, 0] - classical[k, 0, 0] == pytest.approx(area * (second + 2 * first / r), rel=1e-3)


def test_ewald_energy_of_guests_is_that_of_point_charges() -> None:
    """Two water molecules in a skewed box, against potentials of point charges; at two splittings."""
    job = job_on(skewed_salt(charge_e=0.0, shear=0.1), "H2O", supercell=(3, 3, 3))
    guests = guests_of(job)
    charges_only = guests._replace(pairs=guests.pairs * np.array([0, 0, 0, 0, 1.0]))
    found = []
    for cutoff in (9.0, 12.0):
        conditions = conditions_of(replace(job, cutoff_ang=cutoff), ewald=True)
        state = empty_state(job, guests, conditions)
        for m, centre in enumerate(([2.0, 3.0, 4.0], [5.5, 3.5, 3.0])):
            state.centre[m] = centre
            state.sites[m] = guests.local + centre
        state.counts[0] = 2
        host = host_of(job, spacing_ang=0.5)
        found.append(
            total_energy(host, charges_only, conditions, state)
            - sum(host_energy(host, charges_only, 0, state.sites[m]) for m in range(2))
        )
    sites = state.sites[:2].reshape(-1, 3)
    charges = np.tile([site.charge_e for site in job.species[0].guest.sites], 2)
    expected = 0.0
    for i in range(8):
        others = np.arange(8) != i
        v = exact.potential(sites[others], charges[others], conditions.box, sites[i], 0.25)
        v += _own_images(charges[i], conditions.box)
        expected += 0.5 * charges[i] * v
    for m in range(2):
        expected -= _inside(sites[4 * m : 4 * m + 4], charges[:4])
    assert found[0] == pytest.approx(found[1], abs=0.02)
    assert found[1] == pytest.approx(expected, abs=0.05)


def _own_images(charge: float, box: np.ndarray) -> float:
    """Potential of a charge's own images at itself, K/e: the limit of the potential minus 1/r close by."""
    near = np.array([1e-3, 0.0, 0.0])
    alone = exact.potential(np.zeros((1, 3)), np.array([charge]), box, near, 0.25)
    return alone - exact.COULOMB_K_ANG * charge / 1e-3


def _inside(sites: np.ndarray, charges: np.ndarray) -> float:
    """Coulomb energy inside a molecule, which does not count."""
    total = 0.0
    for i in range(len(sites)):
        for j in range(i):
            total += exact.COULOMB_K_ANG * charges[i] * charges[j] / np.linalg.norm(sites[i] - sites[j])
    return total


def test_pair_energy_of_two_co2_is_the_textbooks() -> None:
    job = job_on(skewed_salt(), supercell=(3, 3, 3))
    guests, conditions = guests_of(job), conditions_of(job, ewald=False)
    state = empty_state(job, guests, conditions)
    state.sites[0], state.counts[0] = guests.local, 1
    centre = np.array([3.9, 0.4, -0.3])
    # Across the border of the box, where the nearest image counts.
    moved = centre + conditions.box[1] - conditions.box[2]
    found = guest_energy(guests, conditions, state, -1, 0, moved, guests.local + moved)
    expected = 0.0
    for a in job.species[0].guest.sites:
        for b in job.species[0].guest.sites:
            r = np.linalg.norm(centre + b.position_ang - np.array(a.position_ang))
            x6 = (0.5 * (a.sigma_ang + b.sigma_ang) / r) ** 6
            expected += 4.0 * np.sqrt(a.epsilon_k * b.epsilon_k) * (x6 * x6 - x6)
            expected += exact.COULOMB_K_ANG * a.charge_e * b.charge_e / r
    assert found == pytest.approx(expected, rel=1e-9)
