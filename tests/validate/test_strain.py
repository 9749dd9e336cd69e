"""The strain metric, by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from mofa.validate.strain import inverted_strain, standard_cell, strain, strain_tensor

small = arrays(float, (3, 3), elements=st.floats(-0.25, 0.25))
lengths = arrays(float, 3, elements=st.floats(5.0, 40.0))
angles = arrays(float, 3, elements=st.floats(-3.1, 3.1))


def _cell(edges, deform):
    return np.diag(edges) @ (np.eye(3) + deform)


@given(lengths, small)
def test_no_strain_between_equal_cells(edges, deform):
    cell = _cell(edges, deform)
    assert strain(cell, cell) == pytest.approx(0.0, abs=1e-9)


@given(lengths, small, small, angles, angles)
def test_turning_either_cell_changes_nothing(edges, first, second, turn_first, turn_second):
    one, two = _cell(edges, first), _cell(edges, second)
    turned = [cell @ Rotation.from_rotvec(turn).as_matrix().T for cell, turn in ((one, turn_first), (two, turn_second))]
    assert strain(*turned) == pytest.approx(strain(one, two), abs=1e-8)


@given(lengths, small, st.integers(1, 4))
def test_supercells_have_the_same_strain(edges, deform, repeats):
    one, two = np.diag(edges), _cell(edges, deform)
    assert strain(repeats * one, repeats * two) == pytest.approx(strain(one, two), abs=1e-9)


@given(lengths, small, st.floats(0.5, 1.5))
def test_uniform_scaling(edges, deform, scale):
    cell = _cell(edges, deform)
    assert strain(cell, scale * cell) == pytest.approx(abs(scale - 1.0), abs=1e-9)
    assert inverted_strain(cell, scale * cell) == pytest.approx(abs(1.0 / scale - 1.0), abs=1e-9)


@given(lengths, st.floats(-0.5, 0.5))
def test_pure_shear_of_a_box_reads_half_the_shear(edges, shear):
    sheared = np.diag(edges)
    sheared[1, 0] = shear * edges[1]
    assert strain(np.diag(edges), sheared) == pytest.approx(abs(shear) / 2.0, abs=1e-9)
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = shear / 2.0
    np.testing.assert_allclose(strain_tensor(np.diag(edges), sheared), expected, atol=1e-9)


def test_contraction_reads_higher_inverted():
    cell = np.diag([10.0, 12.0, 14.0])
    shrunk = np.diag([10.0, 12.0, 14.0 * 0.77])
    assert strain(cell, shrunk) == pytest.approx(0.23)
    assert inverted_strain(cell, shrunk) == pytest.approx(1 / 0.77 - 1)


@given(lengths, small, angles)
def test_standard_cell_keeps_the_metric(edges, deform, turn):
    cell = _cell(edges, deform) @ Rotation.from_rotvec(turn).as_matrix().T
    standard = standard_cell(cell)
    np.testing.assert_allclose(standard @ standard.T, cell @ cell.T, rtol=1e-9, atol=1e-7)
    assert np.triu(standard, 1) == pytest.approx(np.zeros((3, 3)))
    assert (np.diag(standard) > 0).all()
