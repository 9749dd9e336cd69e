"""Every move alone against exact averages: what detailed balance promises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from mofa.adsorb import AdsorptionJob
from mofa.adsorb.grid.bias import bias_of, random_orientation
from mofa.adsorb.grid.chain import run_cycles
from mofa.adsorb.grid.energies import host_energy, total_energy
from mofa.adsorb.grid.host import host_of
from mofa.adsorb.grid.model import MOVES, Conditions, Guests, Host, State, conditions_of, empty_state, guests_of
from mofa.adsorb.grid.spline import OVERLAP_K
from tests.adsorb.frameworks import job_on, skewed_salt

KT = 298.0


class System:
    """Guests that do not feel each other (unless asked to) in the salt."""

    def __init__(
        self, gas: str = "CO2", *, insertion: str = "biased", interacting: bool = False, **options: Any
    ) -> None:
        self.job: AdsorptionJob = job_on(skewed_salt(), gas, supercell=(3, 3, 3), **options)
        self.host: Host = host_of(self.job, spacing_ang=0.3)
        guests = guests_of(self.job)
        self.guests: Guests = guests if interacting else guests._replace(pairs=np.zeros_like(guests.pairs))
        self.conditions: Conditions = conditions_of(self.job, ewald=False)
        self.bias = bias_of(self.job, self.host, self.guests, self.conditions, even=insertion == "even")
        self.state: State = empty_state(self.job, self.guests, self.conditions)
        self.rng = np.random.default_rng(11)

    def run(self, cycles: int, **weights: float) -> tuple[np.ndarray, np.ndarray]:
        """Molecules and energies after every cycle of some moves."""
        shares = np.array([weights.get(move.replace(" ", "_"), 0.0) for move in MOVES])
        molecules, energies = np.zeros((cycles, len(self.job.species))), np.zeros(cycles)
        model = (self.host, self.guests, self.conditions, self.bias, self.state, self.rng)
        run_cycles(*model, np.cumsum(shares / shares.sum()), 20, molecules, energies, np.zeros((1, 1, 1)))
        anew = total_energy(self.host, self.guests, self.conditions, self.state)
        assert energies[-1] == pytest.approx(anew, abs=1e-5)
        return molecules, energies

    def place(self, point: np.ndarray, gas: int = 0) -> None:
        """One molecule, somewhere where it fits."""
        sites = self.state.sites[0]
        energy = OVERLAP_K
        while energy > 3000.0:
            random_orientation(self.guests, gas, point, self.rng, sites)
            energy = host_energy(self.host, self.guests, gas, sites)
        self.state.centre[0], self.state.gas[0], self.state.host_k[0] = point, gas, energy
        self.state.counts[gas], self.state.energy_k[0] = 1, energy

    def boltzmann(self, points: np.ndarray, gas: int = 0, *, turned: bool = True) -> tuple[float, float]:
        """Mean of exp(-U/T) and of U exp(-U/T) over points, in random orientations or that of the first molecule."""
        sites, offsets = np.zeros_like(self.state.sites[0]), self.state.sites[0] - self.state.centre[0]
        rng = np.random.default_rng(12)
        sums = np.zeros(2)
        for point in points:
            if turned:
                random_orientation(self.guests, gas, point, rng, sites)
            else:
                sites[:] = offsets + point
            energy = host_energy(self.host, self.guests, gas, sites)
            if energy < OVERLAP_K:
                sums += math.exp(-energy / KT) * np.array([1.0, energy])
        mean = sums / len(points)
        return float(mean[0]), float(mean[1])

    def points(self, n: int) -> np.ndarray:
        """Evenly in the unit cell (a Sobol sequence)."""
        from scipy.stats.qmc import Sobol

        return Sobol(3, seed=13).random_base2(n) @ np.array(self.job.framework.cell)


@pytest.mark.parametrize("insertion", ["biased", "even"])
def test_insertion_and_deletion_give_poissons_distribution(insertion: str) -> None:
    system = System(insertion=insertion, pressure_pa=4e3)
    molecules, energies = system.run(60_000, insertion=1, deletion=1)
    weight, weighted = system.boltzmann(system.points(17))
    expected = math.exp(system.conditions.ln_activity_volume[0]) * weight
    n = molecules[2000:, 0]
    assert n.mean() == pytest.approx(expected, rel=0.025)
    assert n.var() == pytest.approx(expected, rel=0.06)
    assert energies[2000:].sum() / n.sum() == pytest.approx(weighted / weight, rel=0.02)
    for k in (0, 1, 2):
        assert (n == k).mean() == pytest.approx(poisson.pmf(k, expected), abs=0.03)


def test_reinsertion_samples_all_places_and_orientations() -> None:
    system = System()
    system.place(np.array([4.5, 4.5, 4.5]))
    _, energies = system.run(6000, reinsertion=1)
    weight, weighted = system.boltzmann(system.points(17))
    assert energies[500:].mean() == pytest.approx(weighted / weight, rel=0.02)


def test_translation_samples_all_places() -> None:
    """At the orientation that the molecule has; the salt is open enough to go everywhere."""
    system = System()
    system.place(np.array([4.5, 4.5, 4.5]))
    weight, weighted = system.boltzmann(system.points(15), turned=False)
    system.state.steps[0] = 2.5
    _, energies = system.run(60_000, translation=1)
    assert energies.mean() == pytest.approx(weighted / weight, rel=0.02)


def test_rotation_samples_all_orientations() -> None:
    system = System()
    place = np.array([3.0, 4.0, 5.5])
    system.place(place)
    weight, weighted = system.boltzmann(np.tile(place, (40_000, 1)))
    _, energies = system.run(20_000, rotation=1)
    assert energies.mean() == pytest.approx(weighted / weight, abs=0.01 * KT + 0.01 * abs(weighted / weight))


def test_identity_swap_shares_a_place_by_activity_and_boltzmann_factor() -> None:
    system = System("CO2:0.02,N2:0.98", pressure_pa=1e5)
    place = np.array([3.0, 4.0, 5.5])
    system.place(place)
    co2, n2 = (
        math.exp(system.conditions.ln_activity_volume[gas]) * system.boltzmann(np.tile(place, (40_000, 1)), gas)[0]
        for gas in (0, 1)
    )
    molecules, _ = system.run(20_000, identity_swap=1, rotation=1)
    share = co2 / (co2 + n2)
    assert 0.1 < share < 0.9
    assert molecules[:, 0].mean() == pytest.approx(share, abs=0.015)


def test_swap_alone_keeps_the_number_of_molecules() -> None:
    system = System("CO2:0.5,N2:0.5", pressure_pa=1e5, interacting=True)
    system.run(2000, insertion=1, deletion=1, translation=1, rotation=1)
    n = system.state.counts.sum()
    molecules, _ = system.run(500, identity_swap=1, rotation=1)
    assert (molecules.sum(axis=1) == n).all()
    assert molecules[:, 0].std() > 0


def test_pairs_are_as_frequent_as_their_second_virial_coefficient_says() -> None:
    """P(2) P(0) / P(1)^2 = <exp(-u/T)> / 2 for xenon in an empty periodic box, with all moves but the swap."""
    job = job_on(skewed_salt(charge_e=0.0), "Xe", pressure_pa=2e5, supercell=(1, 1, 1), cutoff_ang=6.0)
    system = System("Xe", interacting=True)
    box = 14.0 * np.eye(3)
    cell = system.bias._replace(cell=box, to_fractional=np.linalg.inv(box), repeats=np.array([1, 1, 1]))
    system.bias = cell._replace(ln_bias=np.zeros_like(cell.ln_bias), keep=np.ones_like(cell.keep))
    system.host = system.host._replace(splines=np.zeros_like(system.host.splines))
    inverse = np.linalg.inv(box)
    activity = np.array([math.log(0.8)])
    system.conditions = conditions_of(job, ewald=False)._replace(box=box, to_box=inverse, ln_activity_volume=activity)
    molecules, _ = system.run(200_000, insertion=1, deletion=1, translation=1, reinsertion=1)
    p = np.bincount(molecules[:, 0].astype(int), minlength=3) / len(molecules)
    r = np.linspace(1e-3, 6.0, 20_001)
    x6 = (3.9011 / r) ** 6
    factor = np.exp(-4.0 * 227.55 * (x6 * x6 - x6) / KT)
    mean = 1.0 + np.trapezoid((factor - 1.0) * 4.0 * np.pi * r**2, r) / 14.0**3
    assert p[1] / p[0] == pytest.approx(0.8, rel=0.02)
    assert p[2] / p[1] == pytest.approx(0.8 * mean / 2.0, rel=0.02)
    assert mean > 1.06
