"""Real CP2K: energies that it gave before, densities that integrate to the electrons, fields that do not converge."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Reason, Rejected, Stage
from mofa.cp2k import Cp2kSettings, SinglePoint, run_folder, single_point
from mofa.units import HARTREE_TO_EV
from tests.cp2k.cases import SZV, edited_template, electrons, hydrogen, needs_cp2k, oxygen, water

pytestmark = [pytest.mark.engine, needs_cp2k]
STORED_VERSION = "2023.1"
WATER_HA = -17.2195568137


def tolerance_ha(version: str) -> float:
    """Of a stored energy: tight for the version that gave it, since others change grids and defaults."""
    return 1e-6 if version == STORED_VERSION else 1e-3


def test_water_in_a_box(tmp_path: Path) -> None:
    settings = Cp2kSettings(cutoff_ry=350.0)
    seen: list[float] = []
    with run_folder(tmp_path) as folder:
        point = single_point(water(), settings, folder=folder, on_progress=lambda fraction, _: seen.append(fraction))
        assert isinstance(point, SinglePoint)
        assert point.energy_ev / HARTREE_TO_EV == pytest.approx(WATER_HA, abs=tolerance_ha(point.version))
        assert point.density_cube == tmp_path / "valence_density.cube"
        assert electrons(point.density_cube) == pytest.approx(8.0, abs=1e-3)
        assert seen == sorted(seen)
        assert 0.0 <= seen[0] < seen[-1] <= 1.0
        again = single_point(water(), settings, folder=folder)
        assert isinstance(again, SinglePoint)
        assert (again.energy_ev, again.cpu_s) == (point.energy_ev, 0.0), "a finished run is read, not repeated"


def test_the_density_of_a_triplet_is_that_of_all_electrons(tmp_path: Path) -> None:
    settings = Cp2kSettings(cutoff_ry=200.0, basis_set=SZV, multiplicity=3)
    with run_folder(tmp_path) as folder:
        point = single_point(oxygen(), settings, folder=folder)
    assert isinstance(point, SinglePoint)
    assert electrons(point.density_cube) == pytest.approx(12.0, abs=1e-2)


def test_a_field_that_does_not_converge_is_refused_and_its_files_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    template = edited_template(tmp_path / "mine.inp", ("MAX_SCF 60", "MAX_SCF 1"))
    settings = Cp2kSettings(template=template, cutoff_ry=100.0, basis_set=SZV)
    with run_folder(None) as folder:
        point = single_point(hydrogen(), settings, folder=folder, stage=Stage.CHARGES)
    assert isinstance(point, Rejected)
    assert (point.stage, point.reason) == (Stage.CHARGES, Reason.NOT_CONVERGED)
    assert "1 iterations" in point.detail
    assert str(folder.path) in point.detail
    assert (folder.path / "density.out").is_file()


def test_the_cube_has_the_axes_of_the_structure(tmp_path: Path) -> None:
    turn = np.linalg.qr(np.array([[1.0, 0.4, 0.2], [-0.3, 1.0, 0.5], [0.1, -0.6, 1.0]]))[0]
    turned = hydrogen(rotation=turn * np.sign(np.linalg.det(turn)))
    with run_folder(tmp_path) as folder:
        point = single_point(turned, Cp2kSettings(cutoff_ry=100.0, basis_set=SZV), folder=folder)
    assert isinstance(point, SinglePoint)
    lines = point.density_cube.read_text().split("\n")[3:6]
    vectors = np.array([[float(x) for x in line.split()] for line in lines])
    assert np.allclose(vectors[:, :1] * vectors[:, 1:] * 0.529177, turned.cell, atol=1e-3)
