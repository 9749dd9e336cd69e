"""Isotherms, working capacities and Henry coefficients: what several conditions say together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mofa.adsorb import adsorb, henry_coefficient, isotherm, working_capacity
from mofa.adsorb.figures import isotherm_png
from mofa.adsorb.isotherm import Isotherm, WorkingCapacity, fit_langmuir, spread
from mofa.chemistry import Framework, Reason, Rejected, Uptake
from mofa.errors import InputError
from tests.adsorb.frameworks import charged_irmof1

FAST = {"temperature_k": 298.0, "target_relative_error": 0.1, "initialization_cycles": 800, "min_cycles": 1000}


@pytest.fixture(scope="module")
def framework() -> Framework:
    return charged_irmof1()


def measured(pressures: list[float], uptakes: list[float], *, error: float = 0.01) -> list[Uptake]:
    """Points as if simulated."""
    blank = Uptake(0.0, error, 15.0, 0.5, "CO2", 1.0, 298.0, "made up", "none", (1, 1, 1), 1, True, 0.0)
    pairs = zip(pressures, uptakes, strict=True)
    return [replace(blank, pressure_pa=p, uptake_mol_per_kg=q) for p, q in pairs]


def test_langmuir_is_found_again() -> None:
    pressures = [1e3, 3e3, 1e4, 3e4, 1e5]
    fit = fit_langmuir(measured(pressures, [4.0 * 2e-5 * p / (1 + 2e-5 * p) for p in pressures]))
    assert fit is not None
    assert fit.saturation_mol_per_kg == pytest.approx(4.0, rel=1e-4)
    assert fit.affinity_per_pa == pytest.approx(2e-5, rel=1e-4)
    assert fit.largest_deviation < 0.01
    assert fit.uptake_mol_per_kg(5e4) == pytest.approx(2.0, rel=1e-4)


def test_no_saturation_from_a_line_or_a_curve_that_bends_upwards() -> None:
    pressures = [1e4, 2e4, 4e4, 8e4]
    assert fit_langmuir(measured(pressures, [1e-5 * p for p in pressures])) is None
    assert fit_langmuir(measured(pressures, [1e-10 * p * p for p in pressures])) is None
    assert fit_langmuir(measured([1e4, 2e4], [0.1, 0.2])) is None


def test_automatic_pressures_spread_the_uptakes_evenly() -> None:
    q_max, b, top = 5.0, 1e-4, 1e5
    pressures = spread(q_max * b, q_max * b * top / (1 + b * top), top, 6)
    uptakes = [b * p / (1 + b * p) for p in pressures]
    assert pressures[-1] == top
    assert np.diff(uptakes) == pytest.approx(np.full(5, np.diff(uptakes).mean()), rel=0.02)
    assert spread(1e-5, 1.0, 1e5, 3) == pytest.approx([5e3, 5.25e4, 1e5], rel=1e-3)


def test_isotherm_at_given_pressures(framework: Framework) -> None:
    found = isotherm(framework, pressures_pa=(5e4, 1e4), gas="N2", **FAST)
    assert isinstance(found, Isotherm)
    assert [point.pressure_pa for point in found.points] == [1e4, 5e4]
    first, second = (point.uptake_mol_per_kg for point in found.points)
    assert second / first == pytest.approx(5.0, rel=0.25)
    assert found.as_dict()["points"][0]["uptake_mg_per_g"] == pytest.approx(28.0134 * first)


def test_isotherm_chooses_its_pressures_and_can_be_drawn(framework: Framework) -> None:
    seen: list[tuple[float, str]] = []
    found = isotherm(framework, n_points=3, on_progress=lambda fraction, text: seen.append((fraction, text)), **FAST)
    assert isinstance(found, Isotherm)
    assert found.points[-1].pressure_pa == 1e5
    assert len(found.points) == 3
    assert isotherm_png([found], title="IRMOF-1").startswith(b"\x89PNG")
    assert "point 3 of 3" in seen[-1][1]


def test_working_capacity_of_both_swings(framework: Framework) -> None:
    vacuum = working_capacity(
        framework, pressure_pa=1e5, desorption_pressure_pa=1e4, desorption_temperature_k=298.0, **FAST
    )
    assert isinstance(vacuum, WorkingCapacity)
    full, empty = vacuum.adsorption, vacuum.desorption
    assert vacuum.capacity_mol_per_kg == full.uptake_mol_per_kg - empty.uptake_mol_per_kg
    assert vacuum.error_mol_per_kg == pytest.approx(math.hypot(full.error_mol_per_kg, empty.error_mol_per_kg))
    heat = working_capacity(
        framework, pressure_pa=1e5, desorption_pressure_pa=1e5, desorption_temperature_k=400.0, **FAST
    )
    assert isinstance(heat, WorkingCapacity)
    assert heat.desorption.temperature_k == 400.0
    assert 0.3 < heat.capacity_mol_per_kg < vacuum.capacity_mol_per_kg + 0.1


def test_mixture_reports_all_gases_and_the_selectivity(framework: Framework) -> None:
    found = adsorb(framework, gas="CO2:0.15,N2:0.85", pressure_pa=1e5, **FAST)
    assert isinstance(found, Uptake)
    (nitrogen,) = found.coadsorbed
    assert (found.gas, found.mole_fraction, nitrogen.gas) == ("CO2", 0.15, "N2")
    expected = found.uptake_mol_per_kg / nitrogen.uptake_mol_per_kg / (0.15 / 0.85)
    assert found.selectivity == pytest.approx(expected)
    assert 2.0 < found.selectivity < 6.0
    assert 0.0 < found.selectivity_error < 0.3 * found.selectivity
    assert found.fugacity_pa == pytest.approx(1.5e4, rel=0.01)
    assert "TraPPE CO2" in found.method
    assert "TraPPE N2" in found.method


def test_hydrogen_gets_its_quantum_correction_where_it_is_cold(framework: Framework) -> None:
    cold, warm = (
        henry_coefficient(framework, gas="H2", temperature_k=kelvin, target_relative_error=0.01)
        for kelvin in (77.0, 298.0)
    )
    assert not isinstance(cold, Rejected)
    assert not isinstance(warm, Rejected)
    assert 3.0 < cold.heat_kj_per_mol < 5.5
    found = adsorb(framework, gas="H2", pressure_pa=1e4, **{**FAST, "temperature_k": 77.0})
    assert isinstance(found, Uptake)
    assert "Feynman-Hibbs" in found.method


def test_uncharged_frameworks_serve_guests_without_charges() -> None:
    bare = charged_irmof1().with_geometry(charged_irmof1().positions, charged_irmof1().cell)
    bare = replace(bare, charges=None, charge_method="")
    found = adsorb(bare, gas="CH4", pressure_pa=1e5, **FAST)
    assert isinstance(found, Uptake)
    refused = adsorb(bare, gas="CO2", **FAST)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.UNPHYSICAL_CHARGES


def test_nothing_desorbs_at_a_higher_pressure(framework: Framework) -> None:
    with pytest.raises(InputError, match="nothing desorbs at 200000 Pa and 298 K after adsorption at 100000 Pa"):
        working_capacity(framework, pressure_pa=1e5, desorption_pressure_pa=2e5, desorption_temperature_k=298.0, **FAST)


def test_refusals_pass_through(framework: Framework) -> None:
    for found in (
        isotherm(framework, pressures_pa=(1e4,), min_pore_diameter_ang=9.0, **FAST),
        isotherm(framework, min_pore_diameter_ang=9.0, **FAST),
        henry_coefficient(framework, min_pore_diameter_ang=9.0),
    ):
        assert isinstance(found, Rejected)
        assert found.reason is Reason.PORE_TOO_NARROW


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pressures_pa": (1e4, -1.0)}, "pressure_pa is -1.0"),
        ({"n_points": 2}, "n_points is 2"),
        ({"gas": "CO2:0.5,N2:0.5", "n_points": 3}, "mixture's isotherm"),
        ({"max_pressure_pa": 0.0}, "pressure_pa is 0.0"),
        ({"temperature_k": 0.0, "pressures_pa": (1.0,)}, "temperature_k is 0.0"),
    ],
)
def test_wrong_options_are_named(framework: Framework, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        isotherm(framework, **{**FAST, **options})
    with pytest.raises(InputError, match="is a mixture"):
        henry_coefficient(framework, gas="CO2:0.5,N2:0.5")
