"""What DDEC6 is made of: reference densities, reshaping, and cube files good and bad."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.charges.ddec6.cube import read_cube, read_header
from mofa.charges.ddec6.references import (
    SHELL_VOLUMES,
    core_density,
    core_density_at,
    core_electrons,
    elements,
    reference_density,
)
from mofa.charges.ddec6.reshape import monotonic, with_bounded_tail
from mofa.chemistry.elements import atomic_number
from mofa.errors import InputError
from tests.charges.densities import ionic_density, pair, write_cube

WANTED = "H B C N O F Si P S Cl Br I Al Ti V Cr Mn Fe Co Ni Cu Zn Zr".split()
SHELLS = st.lists(st.floats(1e-3, 5.0), min_size=100, max_size=100).map(np.array)


def test_the_elements_of_mofs_are_there() -> None:
    assert set(WANTED) <= set(elements())


@pytest.mark.parametrize("symbol", WANTED)
def test_references_fall_hold_their_electrons_and_so_do_their_differences(symbol: str) -> None:
    for charge in (-1, 0, 1):
        density = reference_density(symbol, charge)
        assert density @ SHELL_VOLUMES == pytest.approx(atomic_number(symbol) - charge, abs=1e-6)
        assert np.diff(density).max() <= 1e-12
    for charge in (-1, 0):
        given = reference_density(symbol, charge) - reference_density(symbol, charge + 1)
        rounding = 5e-5 * reference_density(symbol, charge).max()  # of the core, which is in both
        assert given.min() > -rounding
        assert np.diff(given).max() < rounding


@pytest.mark.parametrize("symbol", WANTED)
def test_cores_hold_what_pseudopotentials_leave_out(symbol: str) -> None:
    electrons = core_electrons(symbol)
    assert core_density(symbol) @ SHELL_VOLUMES == pytest.approx(electrons, abs=2e-3)
    radii = np.linspace(1e-4, 5.0, 40_000)
    by_radius = 4 * np.pi * np.trapezoid(core_density_at(symbol, radii) * radii**2, radii)
    assert by_radius == pytest.approx(electrons, abs=0.01 * max(electrons, 1))


def test_references_between_and_beyond_whole_charges() -> None:
    half = reference_density("O", -0.5)
    assert half == pytest.approx(0.5 * (reference_density("O", 0.0) + reference_density("O", -1.0)))
    assert reference_density("O", -2.5) @ SHELL_VOLUMES == pytest.approx(10.5, abs=1e-3)
    assert reference_density("H", 1.0).sum() == 0.0
    assert reference_density("Zn", 3.5) @ SHELL_VOLUMES == pytest.approx(26.5, abs=1e-3)


@settings(deadline=None)
@given(density=SHELLS)
def test_a_density_is_made_to_fall_and_keeps_its_electrons(density: np.ndarray) -> None:
    weights = np.arange(1.0, 101.0) ** 2
    shaped = monotonic(density, weights)
    assert shaped @ weights == pytest.approx(density @ weights, rel=1e-6, abs=1e-6)
    assert np.diff(shaped).max() <= 1e-9


@settings(deadline=None)
@given(density=SHELLS)
def test_tails_are_bounded_and_keep_their_electrons(density: np.ndarray) -> None:
    weights = np.arange(1.0, 101.0) ** 2
    least, most = np.full(100, 0.95), np.full(100, 0.6)
    shaped = with_bounded_tail(density, weights, least, most)
    assert shaped @ weights == pytest.approx(density @ weights, rel=1e-6, abs=1e-6)
    if shaped.max() > 1e-6:
        ratios = shaped[1:] / np.maximum(shaped[:-1], 1e-300)
        assert ratios.min() >= 0.6 - 1e-9


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    mof = pair("H", "H", apart_ang=2.0)
    return write_cube(tmp_path / "h.cube", mof, ionic_density(mof, [0.0, 0.0]))


def test_cubes_are_read_whole_packed_or_with_fortran_exponents(cube: Path) -> None:
    plain = read_cube(cube)
    assert plain.header.symbols == ("H", "H")
    assert plain.header.cell == pytest.approx(np.diag([4.0, 2.0, 2.0]), abs=1e-4)
    assert plain.values.sum() * plain.voxel_bohr3 == pytest.approx(2.0, abs=1e-3)
    packed = cube.with_name("h.cube.gz")
    packed.write_bytes(gzip.compress(cube.read_bytes()))
    assert (read_cube(packed).values == plain.values).all()
    words = cube.read_text().split(" ")
    last = max(k for k, word in enumerate(words) if word.strip())
    words[last] = "0.10000-100\n"
    cube.write_text(" ".join(words))
    assert read_cube(cube).values.flat[-1] == pytest.approx(1e-101)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "truncated, or damaged"),
        (lambda text: text + " 0.1 0.2\n", "more than one data set"),
        (lambda text: text.replace("E-0", "x-0", 40), "truncated, or damaged"),
        (lambda text: "data_mof\n" + text, "is no cube file"),
        (lambda text: "", "is no cube file"),
        (lambda text: text.replace("    1    0.000000", "    0    0.000000", 1), "is no cube file"),
        (lambda text: text[:-14] + "          NaN\n", "not finite"),
    ],
)
def test_bad_cubes_are_named(cube: Path, damage: object, message: str) -> None:
    cube.write_text(damage(cube.read_text()))  # type: ignore[operator]
    with pytest.raises(InputError, match=message) as caught:
        read_cube(cube)
    assert "h.cube" in str(caught.value)


def test_a_missing_cube_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.cube.*No such file"):
        read_header(tmp_path / "nothing.cube")
