from __future__ import annotations

import pickle

import numpy as np
import pytest

from mofa.chemistry import Framework
from mofa.chemistry.lennard_jones import has_lennard_jones, lennard_jones
from mofa.units import (
    CM3_STP_PER_MOL,
    format_measured,
    mol_per_kg_to_cm3_stp_per_g,
    mol_per_kg_to_mg_per_g,
)
from tests.structures import irmof1


def test_irmof1_has_the_published_density() -> None:
    # 0.593 g/cm3: Li et al., Nature 402, 276 (1999), 0.59
    assert irmof1().density_g_per_cm3 == pytest.approx(0.593, abs=0.002)


def test_widths_of_a_skewed_cell_are_face_distances() -> None:
    cell = np.array([[10.0, 0, 0], [5.0, 8.0, 0], [0, 0, 7.0]])
    widths = Framework("x", ("C",), np.zeros((1, 3)), cell).perpendicular_widths_ang()
    np.testing.assert_allclose(widths, [80.0 / np.hypot(5, 8), 8.0, 7.0])


def test_fractional_coordinates_invert_the_cell() -> None:
    mof5 = irmof1()
    np.testing.assert_allclose(mof5.fractional @ mof5.cell, mof5.positions, atol=1e-10)


def test_a_framework_can_be_pickled() -> None:
    mof5 = irmof1()
    back = pickle.loads(pickle.dumps(mof5))
    assert back.bonds is not None
    assert mof5.bonds is not None
    assert back.bonds.keys() == mof5.bonds.keys()
    np.testing.assert_array_equal(back.positions, mof5.positions)


def test_uff_lennard_jones_of_carbon() -> None:
    # the values every simulation with UFF quotes: sigma 3.43 Å, epsilon 52.8 K
    assert lennard_jones("C").sigma_ang == pytest.approx(3.431, abs=1e-3)
    assert lennard_jones("C").epsilon_k == pytest.approx(52.84, abs=0.05)
    assert has_lennard_jones("Zn")
    assert not has_lennard_jones("X")


def test_units_of_uptake() -> None:
    assert pytest.approx(22414, abs=1) == CM3_STP_PER_MOL
    assert mol_per_kg_to_cm3_stp_per_g(1.0) == pytest.approx(22.414, abs=1e-3)
    assert mol_per_kg_to_mg_per_g(1.0, 44.01) == pytest.approx(44.01)


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (1.2345, 0.13, "1.23 ± 0.13 x"),
        (0.0801, 0.0042, "0.0801 ± 0.0042 x"),
        (12.3, 2.6, "12.3 ± 2.6 x"),
        (5.0, None, "5 x"),
        (5.0, float("nan"), "5 x"),
        (123.0, 14.0, "123 ± 14 x"),
    ],
)
def test_values_are_rounded_to_their_error(value: float, error: float | None, expected: str) -> None:
    assert format_measured(value, error, "x") == expected


def test_charges_stay_with_the_geometry_they_were_computed_for() -> None:
    charged = irmof1().with_charges(np.zeros(106), "zero")
    moved = charged.with_geometry(charged.positions * 1.03, charged.cell * 1.03)
    assert moved.charges is None
    assert moved.charge_method == ""
    assert moved.bonds is charged.bonds
