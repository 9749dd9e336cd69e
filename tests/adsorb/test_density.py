"""Density maps hold what was adsorbed, in files that other programs read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofa.adsorb import DensityMap, density_map
from mofa.adsorb.density import write_cube
from mofa.adsorb.figures import density_png
from mofa.chemistry import Framework, Rejected
from tests.adsorb.frameworks import charged_irmof1


@pytest.fixture(scope="module")
def found() -> DensityMap:
    density = density_map(charged_irmof1(), pressure_pa=1e5, temperature_k=298.0, cycles=4000)
    assert isinstance(density, DensityMap)
    return density


def test_the_map_holds_the_uptake(found: DensityMap) -> None:
    mass_kg_per_mol = found.framework.mass_g_per_mol / 1000.0
    uptake = found.uptake
    assert found.molecules == pytest.approx(uptake.uptake_mol_per_kg * mass_kg_per_mol, rel=0.1)
    assert found.per_ang3.min() >= 0.0


def test_molecules_keep_away_from_atoms(found: DensityMap) -> None:
    """The carbon of CO2 is never within 2 Å of an atom of the framework, hydrogen apart."""
    shape = np.array(found.per_ang3.shape)
    heavy = [k for k, symbol in enumerate(found.framework.symbols) if symbol != "H"]
    bins = (found.framework.fractional[heavy] % 1.0 * shape).astype(int) % shape
    assert found.per_ang3[tuple(bins.T)].max() == 0.0


def test_cube_files_are_read_by_ase(found: DensityMap, tmp_path: Path) -> None:
    from ase.io.cube import read_cube

    path = write_cube(found, tmp_path / "co2.cube")
    with path.open() as stream:
        content = read_cube(stream)
    assert content["atoms"].get_chemical_symbols() == list(found.framework.symbols)
    assert content["atoms"].cell[:] == pytest.approx(np.array(found.framework.cell), abs=1e-3)
    assert content["data"] == pytest.approx(found.per_ang3, rel=1e-4)
    assert content["origin"] == pytest.approx(
        (found.framework.cell / np.array(found.per_ang3.shape)[:, None]).sum(0) / 2, abs=1e-4
    )


def test_picture(found: DensityMap) -> None:
    assert density_png(found, title="IRMOF-1").startswith(b"\x89PNG")


def test_refusals_pass_through() -> None:
    framework = charged_irmof1()
    without = Framework(framework.id, framework.symbols, framework.positions, framework.cell, framework.bonds)
    assert isinstance(density_map(without), Rejected)
