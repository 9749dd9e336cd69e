"""DDEC6: limits that are known exactly, symmetries, and water by CP2K against Chargemol's charge."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.charges import assign_charges
from mofa.charges.ddec6 import partition
from mofa.charges.ddec6.partition import Grid, _frozen_cores
from mofa.chemistry import Charges, Framework, Reason, Rejected
from mofa.errors import InputError
from mofa.testing.charges import check_charge_model
from tests.charges.densities import ionic_density, pair, water, write_cube
from tests.structures import irmof1

WATER_O_E = -0.763
"""Chargemol on a PBE density of CP2K."""
needs_cp2k = pytest.mark.skipif(
    shutil.which("cp2k.psmp") is None, reason="apt-get install --no-install-recommends cp2k libopenblas0-openmp"
)


@pytest.fixture(scope="module")
def molecule() -> Framework:
    return water()


@pytest.fixture(scope="module")
def density(molecule: Framework) -> np.ndarray:
    return ionic_density(molecule, [-0.8, 0.4, 0.4])


@pytest.mark.parametrize(("symbols", "charge"), [(("Zn", "O"), 1.0), (("Al", "F"), 0.7), (("C", "N"), 0.0)])
def test_ions_far_apart_keep_their_charges(symbols: tuple[str, str], charge: float) -> None:
    mof = pair(*symbols)
    found = partition(mof, ionic_density(mof, [charge, -charge]))
    assert found.charges == pytest.approx([charge, -charge], abs=0.05)
    assert abs(found.integration_error_e) < 1e-6


def test_charges_add_up_to_that_of_the_cell(molecule: Framework, density: np.ndarray) -> None:
    assert partition(molecule, density).charges.sum() == pytest.approx(0.0, abs=1e-10)
    cation = partition(molecule, density * 7 / 8, net_charge_e=1.0)
    assert cation.charges.sum() == pytest.approx(1.0, abs=1e-10)
    assert abs(cation.integration_error_e) < 1e-6


def test_the_error_of_the_grid_is_reported(molecule: Framework, density: np.ndarray) -> None:
    found = partition(molecule, density * 1.01)
    assert found.integration_error_e == pytest.approx(0.08, abs=1e-6)
    assert found.charges.sum() == pytest.approx(0.0, abs=1e-10)


def test_symmetries(molecule: Framework, density: np.ndarray) -> None:
    plain = partition(molecule, density).charges
    assert plain[1] == pytest.approx(plain[2], abs=2e-3), "both hydrogens"
    assert -1.0 < plain[0] < -0.6
    # Whole grid points along, and atoms in another order and in other cells.
    steps = np.array([7, -3, 5])
    moved = replace(
        molecule,
        symbols=("H", "O", "H"),
        positions=molecule.positions[[1, 0, 2]] + steps / np.array(density.shape) @ molecule.cell + molecule.cell[1],
    )
    again = partition(moved, np.roll(density, steps, axis=(0, 1, 2))).charges
    assert again[[1, 0, 2]] == pytest.approx(plain, abs=1e-6)
    # A supercell is the same crystal.
    double = Framework(
        "double",
        molecule.symbols * 2,
        np.concatenate([molecule.positions, molecule.positions + molecule.cell[1]]),
        molecule.cell * np.array([[1], [2], [1]]),
    )
    twice = partition(double, np.concatenate([density, density], axis=1)).charges
    assert twice == pytest.approx(np.concatenate([plain, plain]), abs=1e-6)


def test_a_skewed_cell_of_the_same_lattice_changes_nothing() -> None:
    """The grid of a cell sheared by whole lattice vectors holds the same points."""
    cubic = water(np.diag([6.5, 6.5, 6.5]))
    values = ionic_density(cubic, [-0.8, 0.4, 0.4])
    skewed = replace(cubic, cell=np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]) @ cubic.cell)
    ia, ib = np.meshgrid(np.arange(len(values)), np.arange(len(values)), indexing="ij")
    sheared = values[(ia + ib) % len(values), ib]
    assert partition(skewed, sheared).charges == pytest.approx(partition(cubic, values).charges, abs=1e-6)


def test_all_electrons_give_what_the_valence_gives(molecule: Framework, density: np.ndarray) -> None:
    cores = _frozen_cores(Grid(molecule, density))
    assert cores.max() > 50 * density.max()
    whole = partition(molecule, density + cores, all_electron=True)
    assert whole.charges == pytest.approx(partition(molecule, density).charges, abs=1e-9)


def test_a_finer_grid_changes_little(molecule: Framework, density: np.ndarray) -> None:
    fine = ionic_density(molecule, [-0.8, 0.4, 0.4], spacing_bohr=0.15)
    assert partition(molecule, fine).charges == pytest.approx(partition(molecule, density).charges, abs=0.02)


def test_there_are_seven_cycles_and_progress(molecule: Framework, density: np.ndarray) -> None:
    seen: list[tuple[float, str]] = []
    found = partition(molecule, density, on_progress=lambda done, text: seen.append((done, text)))
    assert [text for _, text in seen[1:]] == [f"cycle {k} of 7" for k in range(1, 8)]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert found.by_cycle.shape == (6, 3)
    assert found.by_cycle[-1] == pytest.approx(found.charges)


def test_an_element_without_references_is_named() -> None:
    mof = irmof1()
    result = assign_charges(replace(mof, symbols=("U", *mof.symbols[1:])), method="ddec6")
    assert isinstance(result, Rejected)
    assert (result.reason, result.atoms) == (Reason.UNKNOWN_ELEMENT, (0,))


def test_a_density_by_itself(tmp_path: Path, molecule: Framework, density: np.ndarray) -> None:
    path = write_cube(tmp_path / "water.cube", molecule, density)
    result = assign_charges(molecule, method="ddec6", density=path)
    assert isinstance(result, Charges)
    assert result.method == "ddec6"
    assert result.values == pytest.approx(partition(molecule, density).charges, abs=1e-3)
    assert abs(result.integration_error_e) < 1e-3


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("other electrons", "holds 8.80 valence electrons where the structure has 8"),
        ("too coarse", "its grid is too coarse"),
        ("another cell", "the cube's cell differs"),
        ("another order", "atom 1 is O in the cube and H in the structure"),
        ("another geometry", "atom 2 \\(H\\) is 0.300 Å away"),
        ("fewer atoms", "the cube has 3 atoms, the structure 2"),
    ],
)
def test_a_density_of_something_else(
    tmp_path: Path, molecule: Framework, density: np.ndarray, case: str, message: str
) -> None:
    structure = molecule
    if case == "other electrons":
        density = density * 1.1
    elif case == "too coarse":
        density = density[::2, ::2, ::2]
    elif case == "another cell":
        structure = replace(molecule, cell=molecule.cell * 1.1)
    elif case == "another order":
        structure = replace(molecule, symbols=("H", "O", "H"), positions=molecule.positions[[1, 0, 2]])
    elif case == "another geometry":
        structure = replace(molecule, positions=molecule.positions + np.outer([0, 1, 0], [0, 0, 0.3]))
    elif case == "fewer atoms":
        structure = replace(molecule, symbols=molecule.symbols[:2], positions=molecule.positions[:2])
    path = write_cube(tmp_path / "density.cube", molecule, density)
    with pytest.raises(InputError, match=message):
        assign_charges(structure, method="ddec6", density=path)


@pytest.mark.engine
@needs_cp2k
def test_water_by_cp2k(tmp_path: Path) -> None:
    molecule = water(np.diag([6.5, 6.5, 6.5]))
    result = assign_charges(molecule, method="ddec6", cutoff_ry=350.0, folder=tmp_path)
    assert isinstance(result, Charges)
    assert result.values[0] == pytest.approx(WATER_O_E, abs=0.01)
    assert abs(result.integration_error_e) < 1e-3
    assert (tmp_path / "valence_density.cube").is_file()


def test_conformance(tmp_path: Path, molecule: Framework, density: np.ndarray) -> None:
    """The kit reorders and shifts atoms, so the density has to follow them."""

    class Synthetic:
        label = "ddec6"

        def charges(self, framework: Framework, *, time_limit_s: float, on_progress: object = None) -> object:
            from mofa.charges import RawCharges

            charges = [-0.8 if symbol == "O" else 0.4 for symbol in framework.symbols]
            return RawCharges(partition(framework, ionic_density(framework, charges)).charges, 0.0)

    check_charge_model(Synthetic(), molecule, tolerance_e=0.02)  # type: ignore[arg-type]
