"""GFN1-xTB relaxes what it should and refuses what it must."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from mofa.chemistry import Framework, Optimized, Reason, Rejected, Stage
from mofa.errors import EngineMissingError, InputError
from mofa.optimize import optimize
from mofa.optimize.xtb import Gfn1Optimizer
from mofa.testing.optimize import check_cell_optimizer
from tests.structures import dry_ice, far_apart_iron_oxide, irmof1, stretched_carbon_monoxide


def scaled(framework: Framework, factor: float) -> Framework:
    return framework.with_geometry(framework.positions * factor, framework.cell * factor)


@pytest.mark.engine
def test_conformance() -> None:
    last = check_cell_optimizer(Gfn1Optimizer(), scaled(dry_ice(), 1.03))
    assert last.framework.charge_method == "gfn1-xtb"


@pytest.mark.engine
def test_dry_ice_relaxes_to_the_same_cell_from_both_sides() -> None:
    """The stress drives the cell: a compressed and a stretched crystal meet."""
    volumes = []
    for factor in (0.97, 1.03):
        result = optimize(scaled(dry_ice(), factor), max_steps=100, fmax_ev_per_ang=0.005)
        assert isinstance(result, Optimized)
        assert result.converged
        assert abs(result.pressure_gpa) < 0.2
        assert result.max_force_ev_per_ang < 0.005
        volumes.append(result.framework.volume_ang3)
    assert volumes[0] == pytest.approx(volumes[1], rel=0.02)


@pytest.mark.engine
def test_charges_are_those_of_the_relaxed_geometry() -> None:
    from mofa.gfn1 import atoms_with_calculator

    result = optimize(dry_ice(bond_ang=1.2), max_steps=3)
    assert isinstance(result, Optimized)
    assert result.framework.charges is not None
    again = atoms_with_calculator(result.framework)
    assert result.energy_ev == pytest.approx(again.get_potential_energy(), abs=1e-4)
    assert np.abs(result.framework.charges - again.get_charges()).max() < 1e-4


@pytest.mark.engine
def test_hitting_the_cap_is_stated_not_refused() -> None:
    result = optimize(dry_ice(bond_ang=1.25), max_steps=1, fmax_ev_per_ang=0.001)
    assert isinstance(result, Optimized)
    assert not result.converged
    assert result.steps == 1


@pytest.mark.engine
def test_a_bond_formed_on_relaxation_is_refused() -> None:
    result = optimize(stretched_carbon_monoxide(), max_steps=15)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.BONDING
    assert "formed 1: C1-O1 1.75 to 1.1" in result.detail
    assert result.atoms == (0, 1)


@pytest.mark.engine
def test_scf_failure_is_a_refusal() -> None:
    result = optimize(far_apart_iron_oxide())
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NOT_CONVERGED
    assert "SCF not converged" in result.detail


@pytest.mark.engine
def test_irmof1_converges_to_the_gfn1_cell() -> None:
    result = optimize(irmof1())
    assert isinstance(result, Optimized)
    assert result.converged
    assert result.steps < 10
    assert (4 * result.framework.volume_ang3) ** (1 / 3) == pytest.approx(25.85, abs=0.01)
    a, b, c, alpha, beta, gamma = result.framework.cell_parameters()
    assert max(a, b, c) - min(a, b, c) < 1e-3
    assert (alpha, beta, gamma) == pytest.approx((60.0, 60.0, 60.0), abs=1e-3)


def test_odd_electrons() -> None:
    framework = irmof1()
    radical = replace(framework, symbols=framework.symbols[:-1], positions=framework.positions[:-1], bonds=None)
    result = optimize(radical)
    assert isinstance(result, Rejected)
    assert (result.stage, result.reason) == (Stage.OPTIMIZE, Reason.ODD_ELECTRONS)


@pytest.mark.parametrize(("charge_e", "multiplicity"), [(1, 1), (0, 2), (-1, 3)])
def test_electrons_charge_and_multiplicity_are_named(charge_e: int, multiplicity: int) -> None:
    result = optimize(dry_ice(), charge_e=charge_e, multiplicity=multiplicity)
    assert isinstance(result, Rejected)
    assert (result.stage, result.reason) == (Stage.OPTIMIZE, Reason.ODD_ELECTRONS)
    assert f"{88 - charge_e} electrons in the cell of charge {charge_e:+d} e" in result.detail
    assert f"multiplicity {multiplicity}" in result.detail


@pytest.mark.engine
def test_charge_and_spin_reach_the_engine() -> None:
    neutral = optimize(dry_ice(), max_steps=1)
    ion = optimize(dry_ice(), max_steps=1, charge_e=1, multiplicity=2)
    triplet = optimize(dry_ice(), max_steps=1, multiplicity=3)
    assert isinstance(neutral, Optimized)
    assert isinstance(ion, Optimized)
    assert isinstance(triplet, Optimized)
    assert (ion.charge_e, ion.multiplicity, ion.framework.charges) == (1, 2, None)
    assert (triplet.charge_e, triplet.multiplicity) == (0, 3)
    assert min(ion.energy_trace_ev[0], triplet.energy_trace_ev[0]) > neutral.energy_trace_ev[0] + 5.0


@pytest.mark.engine
def test_bonds_that_were_compared_are_counted() -> None:
    result = optimize(dry_ice(), max_steps=1)
    assert isinstance(result, Optimized)
    assert result.bonds_kept == 8


def test_element_beyond_gfn1() -> None:
    framework = irmof1()
    result = optimize(replace(framework, symbols=("U", *framework.symbols[1:])))
    assert isinstance(result, Rejected)
    assert (result.reason, result.atoms) == (Reason.UNKNOWN_ELEMENT, (0,))


def test_not_finite_and_overlapping() -> None:
    framework = irmof1()
    positions = np.array(framework.positions)
    positions[5, 0] = np.nan
    result = optimize(replace(framework, positions=positions))
    assert isinstance(result, Rejected)
    assert (result.reason, result.atoms) == (Reason.NOT_FINITE, (5,))
    positions[5] = positions[4] + 0.1
    result = optimize(replace(framework, positions=positions))
    assert isinstance(result, Rejected)
    assert result.reason is Reason.OVERLAP


@pytest.mark.engine
def test_time_limit_kills_within_two_seconds() -> None:
    start = time.monotonic()
    result = optimize(irmof1(), time_limit_s=1.0)
    assert time.monotonic() - start < 3.0
    assert isinstance(result, Rejected)
    assert result.reason is Reason.TIME_LIMIT


@pytest.mark.engine
def test_time_limit_returns_the_last_step() -> None:
    result = optimize(scaled(dry_ice(), 1.03), max_steps=10_000, fmax_ev_per_ang=1e-12, time_limit_s=10.0)
    assert isinstance(result, Optimized)
    assert not result.converged
    assert result.steps > 0


@pytest.mark.parametrize("options", [{"max_steps": 0}, {"fmax_ev_per_ang": -0.1}, {"fmax_ev_per_ang": float("nan")}])
def test_wrong_options(options: dict) -> None:
    with pytest.raises(InputError, match="at least one step"):
        optimize(irmof1(), **options)


def test_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(EngineMissingError, match=r"'vasp'.*xtb"):
        optimize(irmof1(), method="vasp")
