"""The grid engine as a whole: known answers, RASPA3's answers, limits, and what must not matter."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from mofa.adsorb import AdsorptionJob, Amount, Pocket, adsorb, closed_pockets, henry_coefficient
from mofa.adsorb.grid import GridEngine, henry
from mofa.adsorb.grid.chain import moves_per_cycle
from mofa.adsorb.grid.energies import total_energy
from mofa.adsorb.grid.model import conditions_of
from mofa.adsorb.raspa3 import Raspa3
from mofa.adsorb.statistics import loading
from mofa.chemistry import Framework, Rejected, Uptake
from mofa.errors import InputError
from mofa.isolate import TimeLimitError
from mofa.testing.adsorb import check_adsorption_engine, ideal_gas_job, ideal_gas_molecules
from tests.adsorb.frameworks import charged_irmof1, ddec6_irmof1, job_on, skewed_salt


def agree(one: Amount, other: Amount, *, tolerance: float = 0.0) -> bool:
    """Whether two amounts are within their combined 95 % error, widened a little: many are compared here."""
    combined = math.hypot(one.molecules_error, other.molecules_error)
    return abs(one.molecules - other.molecules) < 1.5 * combined + tolerance * one.molecules


def test_conformance() -> None:
    found = check_adsorption_engine(GridEngine())
    assert found.chains == 4


@pytest.mark.parametrize("gas", ["CO2", "H2O", "Xe", "CO2:0.15,N2:0.85"])
def test_empty_box_is_an_ideal_gas(gas: str) -> None:
    """At a pressure where the gases are ideal; water with its Ewald sum."""
    box = ideal_gas_job().framework
    pressure_pa = 2e3 if gas == "H2O" else 5e4
    job = job_on(box, gas, pressure_pa=pressure_pa, supercell=(1, 1, 1), max_cycles=6000, target_relative_error=1e-4)
    if gas == "H2O":
        job = replace(job, initialization_cycles=200, min_cycles=800, max_cycles=800)
    found = GridEngine().simulate(job, time_limit_s=120.0)
    for species, amount in zip(job.species, found.amounts, strict=True):
        ideal = ideal_gas_molecules(replace(job, species=(species,)))
        assert amount.molecules == pytest.approx(ideal, abs=1.5 * amount.molecules_error + 0.01 * ideal)


@pytest.mark.parametrize("molecules", [30, 60])
def test_ideal_gas_of_more_molecules_than_moves_in_a_cycle(molecules: int) -> None:
    """A sample must not come the later the more molecules there are, or they are counted too little."""
    box = ideal_gas_job().framework
    job = job_on(box, "He", pressure_pa=1e5, supercell=(1, 1, 1), target_relative_error=1e-6)
    (walker,) = GridEngine(chains=1)._walkers(replace(job, min_cycles=40_000, max_cycles=40_000))
    host, guests, conditions, bias = walker._model
    conditions = conditions._replace(ln_activity_volume=np.array([math.log(molecules)]))
    alone = guests._replace(pairs=np.zeros_like(guests.pairs))
    flat = host._replace(splines=np.zeros_like(host.splines))
    even = bias._replace(ln_bias=np.zeros_like(bias.ln_bias), keep=np.ones_like(bias.keep))
    walker._model = (flat, alone, conditions, even)
    walker.run(500)
    walker.moves_per_cycle = moves_per_cycle(molecules)
    walker.start_sampling()
    walker.run(40_000)
    found = loading([walker.samples.molecules[:, 0]])
    assert found.value == pytest.approx(molecules, abs=1.5 * found.error)
    assert found.error < 0.012 * molecules


def test_irmof1_with_ddec6_charges() -> None:
    """0.080 mol/kg and about 13 kJ/mol at 0.1 bar; 1.11 ± 0.20 mol/kg at 1 bar, which RASPA3 gives as 0.85 ± 0.04."""
    low = adsorb(ddec6_irmof1(), temperature_k=298.0, target_relative_error=0.03)
    assert isinstance(low, Uptake)
    assert low.converged
    assert low.uptake_mol_per_kg == pytest.approx(0.080, abs=0.004 + low.error_mol_per_kg)
    assert low.heat_kj_per_mol == pytest.approx(13.5, abs=0.7)
    assert (low.engine, low.chains, low.supercell) == ("grid", 4, (2, 2, 2))
    high = adsorb(ddec6_irmof1(), temperature_k=298.0, pressure_pa=1e5, target_relative_error=0.03)
    assert isinstance(high, Uptake)
    assert high.uptake_mol_per_kg == pytest.approx(0.865, abs=0.02 + high.error_mol_per_kg)


@pytest.mark.engine
@pytest.mark.parametrize(("gas", "pressure_pa", "charge_e"), [("CO2", 2e4, 0.6), ("N2", 1e5, 0.6), ("CH4", 1e5, 0.0)])
def test_same_as_raspa3(gas: str, pressure_pa: float, charge_e: float) -> None:
    """A skewed cell with a strong field."""
    job = job_on(skewed_salt(charge_e=charge_e), gas, pressure_pa=pressure_pa, supercell=(4, 4, 4))
    grid = GridEngine().simulate(replace(job, target_relative_error=0.03), time_limit_s=60.0)
    short = replace(job, initialization_cycles=400, min_cycles=1600, max_cycles=1600)
    judge = Raspa3().simulate(short, time_limit_s=100.0)
    assert agree(grid.amounts[0], judge.amounts[0])
    one, other = grid.amounts[0], judge.amounts[0]
    error = math.hypot(one.heat_error_kj_per_mol, other.heat_error_kj_per_mol)
    assert one.heat_kj_per_mol == pytest.approx(other.heat_kj_per_mol, abs=0.5 + 1.5 * error)


@pytest.mark.engine
def test_mixture_as_raspa3() -> None:
    job = job_on(skewed_salt(), "CO2:0.15,N2:0.85", pressure_pa=1e5, supercell=(4, 4, 4))
    grid = GridEngine().simulate(replace(job, target_relative_error=0.04), time_limit_s=60.0)
    short = replace(job, initialization_cycles=400, min_cycles=1600, max_cycles=1600)
    judge = Raspa3().simulate(short, time_limit_s=100.0)
    for one, other in zip(grid.amounts, judge.amounts, strict=True):
        assert agree(one, other)
        assert one.molecules > 0.3


def test_description_of_the_crystal_does_not_matter() -> None:
    """Translated, re-indexed, and in other cells of the same lattice: the uptake stays."""
    salt = skewed_salt()
    rng = np.random.default_rng(5)
    found = []
    for matrix in (np.eye(3), [[1, 1, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, -1]]):
        cell = np.array(matrix) @ np.array(salt.cell)
        order = rng.permutation(2)
        other = Framework(
            "salt",
            tuple(salt.symbols[k] for k in order),
            np.array(salt.positions)[order] + rng.uniform(-9, 9, 3),
            cell,
            charges=np.array(salt.charges)[order],
        )
        repeats = tuple(int(n) for n in np.ceil(25.6 / other.perpendicular_widths_ang()))
        job = job_on(other, pressure_pa=2e4, supercell=repeats, target_relative_error=0.03)
        result = GridEngine().simulate(job, time_limit_s=60.0)
        (amount,) = result.amounts
        found.append(_each(amount, float(np.prod(repeats))))
    assert all(agree(found[0], other) for other in found[1:])
    doubled = np.concatenate([salt.positions, np.array(salt.positions) + salt.cell[0]])
    cell, charges = salt.cell * np.array([[2], [1], [1]]), np.tile(salt.charges, 2)
    supercell = Framework("double", salt.symbols * 2, doubled, cell, charges=charges)
    job = job_on(supercell, pressure_pa=2e4, supercell=(2, 4, 4), target_relative_error=0.03)
    (amount,) = GridEngine().simulate(job, time_limit_s=60.0).amounts
    assert agree(found[0], _each(amount, 64))


def _each(amount: Amount, cells: float) -> Amount:
    """The amount in one of many cells."""
    return replace(amount, molecules=amount.molecules / cells, molecules_error=amount.molecules_error / cells)


def test_insertion_bias_changes_nothing_but_the_speed() -> None:
    job = job_on(charged_irmof1(), target_relative_error=0.03)
    biased, even = (GridEngine(insertion=kind).simulate(job, time_limit_s=60.0) for kind in ("biased", "even"))
    assert agree(biased.amounts[0], even.amounts[0])
    assert biased.acceptance["insertion"] > 1.2 * even.acceptance["insertion"]


def test_truncated_coulomb_energies_of_guests_agree_with_ewalds() -> None:
    """In a full pore the two differ by less than 1 % of kT for each molecule."""
    job = job_on(skewed_salt(), pressure_pa=2e6, supercell=(3, 3, 3))
    (walker,) = GridEngine(chains=1)._walkers(job)
    walker.run(400)
    host, guests, _, _ = walker._model
    state = walker._state
    energies = [total_energy(host, guests, conditions_of(job, ewald=ewald), state) for ewald in (False, True)]
    assert state.counts[0] > 30
    assert abs(energies[1] - energies[0]) / state.counts[0] < 0.01 * job.temperature_k


def test_widom_gives_the_weak_limit_of_the_uptake() -> None:
    framework = charged_irmof1()
    slope = henry_coefficient(framework, temperature_k=298.0, target_relative_error=0.01)
    assert not isinstance(slope, Rejected)
    uptake = adsorb(framework, temperature_k=298.0, pressure_pa=2e3, target_relative_error=0.02)
    assert isinstance(uptake, Uptake)
    assert uptake.uptake_mol_per_kg == pytest.approx(slope.coefficient_mol_per_kg_pa * 2e3, rel=0.05)
    assert uptake.heat_kj_per_mol == pytest.approx(slope.heat_kj_per_mol, abs=0.4)


def test_helium_void_fraction_of_irmof1() -> None:
    """0.831 ± 0.010."""
    found = henry(job_on(charged_irmof1(), "He"), target_relative_error=0.005)
    assert found.boltzmann == pytest.approx(0.831, abs=0.005)


def test_more_than_one_chain_and_honest_errors() -> None:
    """Over many seeds the mean lies within the 95 % error of nearly all."""
    jobs = [job_on(skewed_salt(), pressure_pa=2e4, supercell=(4, 4, 4), seed=seed) for seed in range(24)]
    short = [replace(job, initialization_cycles=2000, min_cycles=4000, max_cycles=4000) for job in jobs]
    amounts = [GridEngine().simulate(job, time_limit_s=120.0).amounts[0] for job in short]
    mean = np.mean([amount.molecules for amount in amounts])
    covered = np.mean([abs(amount.molecules - mean) < amount.molecules_error for amount in amounts])
    assert covered >= 0.85
    assert 1.0 < np.mean([a.molecules_error for a in amounts]) / np.std([a.molecules for a in amounts]) < 4.0


def hollow() -> AdsorptionJob:
    """A shell of carbon in an open box: outside is reachable, inside is not."""
    from ase.build import molecule

    ball = molecule("C60")
    ball.positions *= 1.8
    ball.set_cell(26.0 * np.eye(3))
    ball.center()
    framework = Framework(
        "ball", tuple(ball.get_chemical_symbols()), ball.positions, ball.cell[:], charges=np.zeros(60)
    )
    return job_on(framework, "Ar", pressure_pa=1e6, supercell=(1, 1, 1), temperature_k=150.0)


@pytest.mark.engine
def test_closed_pockets_stay_empty() -> None:
    job = hollow()
    pockets = closed_pockets(job.framework, probe_radius_ang=1.7)
    middle = np.array([0.5, 0.5, 0.5])
    assert min(np.linalg.norm((np.array(pocket.centre) - middle) * 26.0) for pocket in pockets) < 0.5
    engine = GridEngine()
    for blocked, inside in ((replace(job, pockets=pockets), False), (job, True)):
        engine.simulate(replace(blocked, max_cycles=4000), time_limit_s=60.0)
        assert engine.density is not None
        bins = engine.density.shape[0]
        index = np.stack(np.meshgrid(*[(np.arange(bins) + 0.5) / bins * 26.0 - 13.0] * 3, indexing="ij"), axis=-1)
        within = engine.density[np.linalg.norm(index, axis=-1) < 3.0].sum()
        assert bool(within > 0.5) is inside
        assert engine.density.sum() > 5.0


def test_a_pocket_over_everything_leaves_nothing() -> None:
    job = replace(job_on(skewed_salt(), supercell=(4, 4, 4)), pockets=(Pocket((0.5, 0.5, 0.5), 30.0),))
    found = GridEngine().simulate(replace(job, max_cycles=4000), time_limit_s=60.0)
    assert found.amounts[0].molecules == 0.0
    assert 0.0 < found.amounts[0].molecules_error < 0.01
    assert not found.converged


def test_time_limit_before_and_after_the_fewest_cycles() -> None:
    endless = job_on(skewed_salt(), supercell=(4, 4, 4), max_cycles=10**8, target_relative_error=1e-9)
    start = time.monotonic()
    with pytest.raises(TimeLimitError, match="of at least 10000000 cycles"):
        GridEngine().simulate(replace(endless, min_cycles=10**7), time_limit_s=1.0)
    assert time.monotonic() - start < 3.0
    found = GridEngine().simulate(endless, time_limit_s=4.0)
    assert not found.converged
    assert found.cycles >= 2000
    assert time.monotonic() - start < 10.0


def test_progress_rises_and_can_cancel() -> None:
    class CancelledError(Exception):
        pass

    seen: list[float] = []

    def cancel(fraction: float, text: str) -> None:
        seen.append(fraction)
        if len(seen) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        GridEngine().simulate(job_on(skewed_salt(), supercell=(4, 4, 4)), time_limit_s=60.0, on_progress=cancel)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid_spacing_ang": 3.0}, "grid_spacing_ang is 3.0"),
        ({"chains": -1}, "chains is -1"),
        ({"coulomb": "none"}, "coulomb is 'none'.*auto, ewald, truncated"),
        ({"insertion": "random"}, "insertion is 'random'"),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        GridEngine(**options)


def test_engines_refuse_options_of_others() -> None:
    with pytest.raises(InputError, match="'raspa3' has no option chains"):
        adsorb(charged_irmof1(), engine="raspa3", chains=2)
