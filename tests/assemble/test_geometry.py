"""Axis frames, bends and torsions of linkers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mofa.assemble.checks.windows import FAR_FRACTION, NEAR_FRACTION, POLAR_HYDROGEN, bond_window_ang, contact_ang
from mofa.assemble.embed.geometry import bend_deg, edge_frame, turned_about_axis, view_along_axis
from tests.assemble.linkers import BDC, BPDC, DCB, DCBP, ISOPHTHALIC, NDC, TOLANE, linker

component = st.floats(-1.0, 1.0, allow_nan=False)
vector = st.tuples(component, component, component)


@given(direction=vector.filter(lambda v: np.linalg.norm(v) > 1e-3), normal=vector)
def test_edge_frames_are_proper_rotations(direction: tuple[float, ...], normal: tuple[float, ...]) -> None:
    frame = edge_frame(np.array(direction), np.array(normal))
    assert np.allclose(frame @ frame.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(frame) == pytest.approx(1.0, abs=1e-6)
    assert np.allclose(np.cross(frame[0], np.array(direction)), 0.0, atol=1e-6)


@pytest.mark.parametrize(("smiles", "most"), [(BDC, 2.0), (DCB, 2.0), (TOLANE, 3.0), (BPDC, 3.0), (NDC, 12.0)])
def test_straight_linkers_bend_little(smiles: str, most: float) -> None:
    bend, between = bend_deg(linker(smiles))
    assert bend < most
    assert between > 170.0


def test_isophthalate_bends_by_thirty_degrees() -> None:
    bend, between = bend_deg(linker(ISOPHTHALIC))
    assert bend == pytest.approx(30.0, abs=3.0)
    assert between == pytest.approx(120.0, abs=6.0)


@pytest.mark.parametrize("smiles", [BDC, BPDC, NDC, DCB, DCBP])
def test_the_axis_view_keeps_distances_and_handedness(smiles: str) -> None:
    part = linker(smiles)
    view = view_along_axis(part)
    x, y = part.positions - part.positions[0], view.positions - view.positions[0]
    assert np.allclose(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1), atol=1e-9)
    triple = [np.linalg.det(np.stack([z[3], z[5], z[-1]])) for z in (x, y)]
    assert triple[0] == pytest.approx(triple[1], abs=1e-6)
    ends = [view.positions[part.anchors[k].dummy] for k in (view.start, 1 - view.start)]
    assert np.allclose(ends, [[0.0, 0.0, 0.0], [view.length_ang, 0.0, 0.0]], atol=1e-9)


def test_planes_of_a_flat_and_of_a_twisted_linker() -> None:
    assert np.sin(view_along_axis(linker(BDC)).plane_angles_rad) == pytest.approx([0.0, 0.0], abs=0.05)
    first, second = view_along_axis(linker(BPDC)).plane_angles_rad
    assert abs(np.sin(first + second)) < 0.05
    assert np.degrees(abs(np.arcsin(np.sin(first - second)))) > 20.0
    assert view_along_axis(linker(DCB)).plane_angles_rad == (None, None)


def test_turning_is_a_rotation_about_the_axis() -> None:
    x = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])
    quarter = turned_about_axis(x, np.array([np.pi / 2.0]))[0]
    assert np.allclose(quarter, [[0.0, 0.0, 1.0], [2.0, -3.0, 0.0]])


def test_windows_are_ordered_and_symmetric() -> None:
    elements = ["H", "C", "N", "O", "F", "S", "Cl", "Zn", "Zr", "Ge"]
    for a in elements:
        for b in elements:
            low, high = bond_window_ang(a, b)
            assert 0.2 < low < high
            assert (low, high) == bond_window_ang(b, a)
            assert contact_ang(a, b, NEAR_FRACTION) <= contact_ang(b, a, FAR_FRACTION)
    assert contact_ang(POLAR_HYDROGEN, "O", FAR_FRACTION) < contact_ang("H", "O", NEAR_FRACTION)
