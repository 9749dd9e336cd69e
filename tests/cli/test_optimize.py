"""`mofa optimize` on small crystals: charge and spin, traces, pictures, and runs that go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry.cif import read_cif, write_cif
from tests.cli.helpers import mofa
from tests.structures import dry_ice


def shaken_dry_ice(path: Path) -> Path:
    start = dry_ice()
    noise = np.random.default_rng(4).normal(0.0, 0.04, (len(start), 3))
    return write_cif(start.with_geometry(0.97 * start.positions + noise, 0.97 * start.cell), path)


@pytest.mark.engine
def test_a_run_that_reached_its_cap_goes_on_in_its_folder(tmp_path: Path) -> None:
    path = shaken_dry_ice(tmp_path / "ice.cif")
    options = ("--folder", tmp_path / "state", "--out", tmp_path / "relaxed.cif", "--json")
    first = mofa("optimize", path, "--max-steps", "1", *options)
    assert first.code == 0, first.err
    assert (first.json["converged"], first.json["steps"], first.json["resumed_at_step"]) == (False, 1, 0)
    last = mofa("optimize", path, "--picture", tmp_path / "course.svg", *options)
    assert last.code == 0, last.err
    assert "went on from step 1" in last.err
    found = last.json
    assert (found["converged"], found["resumed_at_step"]) == (True, 1)
    assert (found["charge_e"], found["multiplicity"], found["bonds_kept"]) == (0, 1, 8)
    assert len(found["energy_trace_ev"]) == len(found["pressure_trace_gpa"]) == found["steps"] + 1
    assert found["energy_trace_ev"][-1] == found["energy_ev"] < found["energy_trace_ev"][0]
    assert found["pressure_trace_gpa"][-1] == found["pressure_gpa"]
    assert read_cif(found["cif"]).charges is not None
    assert "<svg" in (tmp_path / "course.svg").read_text()
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.engine
def test_many_files_have_a_folder_each_and_a_line_for_people(tmp_path: Path) -> None:
    paths = [shaken_dry_ice(tmp_path / name) for name in ("a.cif", "b.cif")]
    done = mofa("optimize", *paths, "--max-steps", "1", "--folder", tmp_path / "state", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["a", "b"]
    for line in done.out.splitlines():
        assert "not converged (force " in line
        assert "energy -" in line
        assert "8 bonds kept" in line


@pytest.mark.engine
def test_a_charged_cell_carries_no_charges(tmp_path: Path) -> None:
    path = shaken_dry_ice(tmp_path / "ice.cif")
    done = mofa("optimize", path, "--max-steps", "1", "--charge-e", "-1", "--multiplicity", "2", "--json")
    assert done.code == 0, done.err
    assert (done.json["charge_e"], done.json["multiplicity"]) == (-1, 2)
    assert read_cif(done.json["cif"]).charges is None


def test_electrons_that_do_not_fit_the_spin_are_refused(tmp_path: Path) -> None:
    path = shaken_dry_ice(tmp_path / "ice.cif")
    done = mofa("optimize", path, "--charge-e", "1", "--json")
    assert done.code == 1
    assert done.json["reason"] == "odd_electrons"
    assert "87 electrons in the cell of charge +1 e cannot have multiplicity 1" in done.json["detail"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--cutoff-ry", "300"), "no option cutoff_ry"),
        (("--command", "cp2k.psmp"), "no option command"),
        (("--picture", "course.bmp"), "no kind of picture"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, options: tuple[str, ...], complaint: str) -> None:
    path = shaken_dry_ice(tmp_path / "ice.cif")
    done = mofa("optimize", path, *options, cwd=tmp_path)
    assert done.code == 1
    assert complaint in done.err


def test_two_files_of_one_name_do_not_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    paths = [shaken_dry_ice(tmp_path / "ice.cif"), shaken_dry_ice(tmp_path / "a" / "ice.cif")]
    done = mofa("optimize", *paths, "--folder", tmp_path / "state")
    assert done.code == 1
    assert "share a folder" in done.err


@pytest.mark.engine
def test_damaged_restart_file_is_named(tmp_path: Path) -> None:
    path = shaken_dry_ice(tmp_path / "ice.cif")
    state = tmp_path / "state"
    state.mkdir()
    (state / "relaxation.npz").write_bytes(b"rubbish")
    done = mofa("optimize", path, "--folder", state)
    assert done.code != 0
    assert "relaxation.npz" in done.err
    assert "damaged" in done.err
