"""Everything that RASPA3 would turn into a plausible number is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mofa.adsorb import adsorb
from mofa.adsorb.checks import admit, supercell_for
from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.errors import EngineMissingError, InputError
from tests.structures import irmof1


@pytest.fixture(scope="module")
def charged() -> Framework:
    framework = irmof1()
    values = {"Zn": 0.8, "O": -0.55, "C": 0.08, "H": 0.06}
    charges = np.array([values[symbol] for symbol in framework.symbols])
    return framework.with_charges(charges - charges.mean(), "made-up")


def refusal(framework: Framework) -> Rejected:
    result = adsorb(framework)
    assert isinstance(result, Rejected)
    assert result.stage is Stage.ADSORB
    return result


def test_not_finite_coordinates(charged: Framework) -> None:
    positions = np.array(charged.positions)
    positions[7, 1] = np.nan
    result = refusal(replace(charged, positions=positions))
    assert (result.reason, result.atoms) == (Reason.NOT_FINITE, (7,))


def test_not_finite_charge(charged: Framework) -> None:
    assert charged.charges is not None
    charges = np.array(charged.charges)
    charges[3] = np.inf
    result = refusal(charged.with_charges(charges, "x"))
    assert (result.reason, result.atoms) == (Reason.NOT_FINITE, (3,))


def test_no_charges_says_how_to_get_them() -> None:
    result = refusal(irmof1())
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert "mofa charges" in result.detail


def test_net_charge(charged: Framework) -> None:
    assert charged.charges is not None
    result = refusal(charged.with_charges(charged.charges + 0.01, "x"))
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert "+1.060 e" in result.detail


def test_impossible_charge_of_one_atom(charged: Framework) -> None:
    assert charged.charges is not None
    result = refusal(charged.with_charges(charged.charges * 20.0, "x"))
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert "no atom has that much" in result.detail
    assert charged.symbols[result.atoms[0]] == "Zn"


def test_rounded_charges_are_made_exactly_neutral(charged: Framework) -> None:
    assert charged.charges is not None
    rounded = charged.with_charges(np.round(charged.charges, 3), "x")
    admitted = admit(rounded)
    assert isinstance(admitted, Framework)
    assert admitted.charges is not None
    assert abs(admitted.charges.sum()) < 1e-12
    assert np.abs(admitted.charges - np.round(charged.charges, 3)).max() < 1e-3


def test_overlapping_atoms(charged: Framework) -> None:
    positions = np.array(charged.positions)
    positions[90] = positions[40] + 0.1
    result = refusal(replace(charged, positions=positions))
    assert result.reason is Reason.OVERLAP
    assert set(result.atoms) == {40, 90}


def test_element_without_parameters(charged: Framework) -> None:
    result = refusal(replace(charged, symbols=("Fr", *charged.symbols[1:])))
    assert (result.reason, result.atoms) == (Reason.UNKNOWN_ELEMENT, (0,))


def test_flat_cell(charged: Framework) -> None:
    cell = np.array(charged.cell)
    cell[2] = cell[0] + cell[1]
    assert refusal(replace(charged, cell=cell)).reason is Reason.NOT_PERIODIC


@given(
    lengths=st.tuples(*[st.floats(4.0, 60.0)] * 3),
    angles=st.tuples(*[st.floats(65.0, 115.0)] * 3),
    cutoff=st.floats(6.0, 16.0),
)
def test_supercell_is_wide_enough_and_no_wider(lengths: tuple, angles: tuple, cutoff: float) -> None:
    from ase.geometry import cellpar_to_cell

    cell = cellpar_to_cell([*lengths, *angles])
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 0.2 * np.prod(lengths):
        return
    unit = Framework("x", ("C",), np.zeros((1, 3)), cell)
    repeats = supercell_for(unit, cutoff_ang=cutoff, max_atoms=10**9)
    assert isinstance(repeats, tuple)
    widths = unit.perpendicular_widths_ang()
    for n, width in zip(repeats, widths, strict=True):
        assert n * width >= 2 * cutoff - 1e-6
        assert n == 1 or (n - 1) * width < 2 * cutoff


def test_too_large_a_supercell_names_the_limit(charged: Framework) -> None:
    result = adsorb(charged, max_atoms=500)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.CELL_TOO_SMALL
    assert "848 atoms; the limit is 500" in result.detail


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pressure_pa": 0.0}, "pressure_pa is 0.0"),
        ({"pressure_pa": float("inf")}, "pressure_pa is inf"),
        ({"temperature_k": -300.0}, "temperature_k is -300.0"),
        ({"temperature_k": float("nan")}, "temperature_k is nan"),
        ({"cutoff_ang": 0.0}, "cutoff_ang is 0.0"),
        ({"cutoff_ang": 0.5}, "cutoff_ang is 0.5.*between 5 and 100"),
        ({"pressure_pa": 1e12}, "pressure_pa is 1e\\+12.*between"),
        ({"temperature_k": 0.1}, "temperature_k is 0.1.*between 4 and 5000"),
        ({"min_cycles": 500, "max_cycles": 100}, "500 to 100 production cycles"),
        ({"initialization_cycles": -1}, "-1 initialization"),
        ({"target_relative_error": 0.0}, "target_relative_error is 0.0"),
        ({"gas": "xenon"}, "no gas is called 'xenon'"),
    ],
)
def test_wrong_options_are_input_errors(charged: Framework, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        adsorb(charged, **options)


def test_unknown_engine_names_the_known_ones(charged: Framework) -> None:
    with pytest.raises(EngineMissingError, match=r"'raspa9'.*raspa3"):
        adsorb(charged, engine="raspa9")
