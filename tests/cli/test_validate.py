"""`mofa validate`: restarts, pictures, other engines, and what is refused before anything runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mofa.chemistry.cif import write_cif
from mofa.config import parse_config
from mofa.errors import ConfigError
from tests.cli.helpers import mofa
from tests.validate.frameworks import paddlewheel

LMP = str(Path(sys.executable).with_name("lmp"))
QUICK = ("--supercell", "2", "2", "1")


@pytest.fixture
def cif(tmp_path):
    return write_cif(paddlewheel(), tmp_path / "mof.cif")


@pytest.mark.engine
def test_a_run_is_drawn_and_prolonged(cif, tmp_path):
    restart, picture = tmp_path / "mof.restart", tmp_path / "strain.svg"
    keep = ("--restart", restart, "--picture", picture, "--json")
    first = mofa("validate", cif, "--steps", "500", *QUICK, *keep)
    assert first.code == 0, first.err
    longer = mofa("validate", cif, "--steps", "1500", *QUICK, *keep)
    assert longer.code == 0, longer.err
    assert longer.json["strain_trace"][0] == first.json["strain_trace"][0]
    assert len(longer.json["strain_trace"]) == len(longer.json["volume_trace"]) == 3
    assert longer.json["supercell"] == [2, 2, 1]
    assert longer.json["density_g_per_cm3"] == pytest.approx(0.53, abs=0.05)
    assert "strain (%)" in picture.read_text() or picture.read_text().count("<path") > 20
    shorter = mofa("validate", cif, "--steps", "500", *QUICK, *keep)
    assert shorter.code == 1
    assert "1500 steps already, 500 were asked for" in shorter.err + shorter.out
    other = mofa("validate", cif, "--steps", "5000", "--seed", "2", *QUICK, *keep)
    assert other.code == 1
    assert "belongs to another run (seed 1, not 2)" in other.err + other.out


@pytest.mark.engine
def test_an_executable_of_the_users_own(cif):
    done = mofa("validate", cif, "--engine", "lammps-command", "--command", LMP, "--steps", "20", *QUICK, "--json")
    assert done.code == 0, done.err
    assert done.json["method"].startswith("UFF4MOF, LAMMPS")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "lammps-command", "--command", "no-such-lmp -sf kk"), "there is no program 'no-such-lmp'"),
        (("--engine", "lammps-command"), "no command for LAMMPS"),
        (("--engine", "ase", "--calculator", "mace"), "names no ASE calculator"),
        (("--command", "lmp"), "'lammps' has no option command"),
        (("--picture", "strain.bmp"), "is no kind of picture"),
        (("--engine", "ase-relax", "--restart", "x.restart"), "a relaxation has no restart file"),
    ],
)
def test_what_cannot_run_is_named(cif, tmp_path, arguments, message):
    done = mofa("validate", cif, "--steps", "20", *QUICK, *arguments, cwd=tmp_path)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err


def test_one_restart_file_for_many_structures_is_refused(cif, tmp_path):
    second = write_cif(paddlewheel(), tmp_path / "second.cif")
    done = mofa("validate", cif, second, "--restart", tmp_path / "x.restart")
    assert done.code == 1
    assert "one restart file for many structures" in done.err


def test_lengths_must_ascend():
    stop = "[stop]\nmax_validated = 1\n"
    assert parse_config(f"{stop}[policy]\nprolong_to = [50_000, 100_000]\n").policy.prolong_to == (50_000, 100_000)
    for lengths in ("[20_000]", "[10_000]", "[50_000, 50_000]"):
        with pytest.raises(ConfigError, match="prolong_to must ascend"):
            parse_config(f"{stop}[policy]\nprolong_to = {lengths}\n")
