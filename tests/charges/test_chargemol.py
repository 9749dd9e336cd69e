"""Chargemol, played by a shell script: what it is given, what is read, and everything that can go wrong."""

from __future__ import annotations

import gzip
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from mofa.charges import assign_charges
from mofa.charges.chargemol import RESULT, ChargemolCharges, job_control, read_result
from mofa.charges.model import RawCharges
from mofa.chemistry import Charges, Framework, Reason, Rejected
from mofa.errors import EngineError, EngineMissingError, InputError
from tests.structures import dry_ice

BOHR_ANG = 0.529177210903
VALUES = np.where([s == "C" for s in dry_ice().symbols], 0.7, -0.35)


def write_cube(path: Path, framework: Framework) -> Path:
    """A cube of this structure with a grid of eight points."""
    lines = ["density", "of a test", f"{len(framework)} 0.0 0.0 0.0"]
    lines += [f"2 {x:.6f} {y:.6f} {z:.6f}" for x, y, z in framework.cell / BOHR_ANG / 2]
    atoms = zip(framework.numbers.tolist(), (framework.positions / BOHR_ANG).tolist(), strict=True)
    lines += [f"{number} 0.0 {x:.6f} {y:.6f} {z:.6f}" for number, (x, y, z) in atoms]
    text = "\n".join([*lines, " ".join(["0.1"] * 8), ""])
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def result(symbols: tuple[str, ...], values: np.ndarray) -> str:
    rows = [f"{s} 0.0 0.0 0.0 {q:.6f}" for s, q in zip(symbols, values, strict=True)]
    return "\n".join([str(len(rows)), "Periodic system with a unit cell", *rows, "", "More text of the program"])


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A Chargemol that copies the result it finds beside itself, with the densities that it needs."""
    folder = tmp_path / "program"
    (folder / "atomic_densities").mkdir(parents=True)
    (folder / "result.xyz").write_text(result(dry_ice().symbols, VALUES))
    return script(folder, f"cp {folder}/result.xyz DDEC6_even_tempered_net_atomic_charges.xyz; echo Finished")


def script(folder: Path, body: str) -> Path:
    path = folder / "chargemol"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def density(tmp_path: Path) -> Path:
    return write_cube(tmp_path / "density.cube", dry_ice())


def run(program: Path, density: Path, folder: Path, *, time_limit_s: float = 30.0) -> RawCharges | Rejected:
    model = ChargemolCharges(str(density), str(program), folder=str(folder))
    return model.charges(dry_ice(), time_limit_s=time_limit_s)


def test_job_control_is_what_chargemol_reads() -> None:
    assert job_control(("Zn", "O", "C", "H", "C"), Path("/opt/atomic_densities")) == (
        "<net charge>\n0.0\n</net charge>\n\n"
        "<periodicity along A, B, and C vectors>\n.true.\n.true.\n.true.\n</periodicity along A, B, and C vectors>\n\n"
        "<atomic densities directory complete path>\n/opt/atomic_densities/\n"
        "</atomic densities directory complete path>\n\n"
        "<charge type>\nDDEC6\n</charge type>\n\n"
        "<compute BOs>\n.false.\n</compute BOs>\n\n"
        "<number of core electrons>\n1 0\n6 2\n8 2\n30 18\n</number of core electrons>\n"
    )


def test_charges_come_through_the_task(program: Path, density: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    found = assign_charges(dry_ice(), method="chargemol", density=density, command=str(program), folder=folder)
    assert isinstance(found, Charges)
    assert found.method == "ddec6-chargemol"
    assert np.allclose(found.values, VALUES)
    assert str(program.parent / "atomic_densities") in (folder / "job_control.txt").read_text()
    assert (folder / "valence_density.cube").samefile(density)
    assert (folder / "chargemol.log").read_text() == "Finished\n"


def test_a_packed_density_is_unpacked(program: Path, tmp_path: Path) -> None:
    packed = write_cube(tmp_path / "density.cube.gz", dry_ice())
    assert isinstance(run(program, packed, tmp_path / "run"), RawCharges)
    assert (tmp_path / "run" / "valence_density.cube").read_text().startswith("density\n")


def test_densities_come_from_the_environment_first(
    program: Path, density: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARGEMOL_ATOMIC_DENSITIES", str(tmp_path / "elsewhere"))
    with pytest.raises(EngineMissingError, match=r"elsewhere.*Set CHARGEMOL_ATOMIC_DENSITIES"):
        run(program, density, tmp_path / "run")
    (tmp_path / "elsewhere").mkdir()
    run(program, density, tmp_path / "run")
    assert str(tmp_path / "elsewhere") in (tmp_path / "run" / "job_control.txt").read_text()


def test_a_missing_program_is_named_with_how_to_get_it(density: Path) -> None:
    with pytest.raises(
        EngineMissingError, match=r"no program 'no-such-program'.*conda install -c conda-forge chargemol"
    ):
        assign_charges(dry_ice(), method="chargemol", density=density, command="no-such-program")


def test_a_density_is_required() -> None:
    with pytest.raises(InputError, match="'chargemol' needs density"):
        assign_charges(dry_ice(), method="chargemol")


def test_a_density_of_another_structure_is_refused(program: Path, tmp_path: Path) -> None:
    other = write_cube(tmp_path / "other.cube", dry_ice(bond_ang=1.3))
    with pytest.raises(InputError, match=r"other\.cube"):
        run(program, other, tmp_path / "run")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo 'no memory'; exit 3", "ended with code 3; its last words: 'no memory'"),
        ("kill -SEGV $$", "ended by signal SIGSEGV"),
        ("echo 'Cannot open file'", "ended without DDEC6_even_tempered.*'Cannot open file'"),
    ],
)
def test_failures_are_named_and_the_folder_is_kept(
    program: Path, density: Path, body: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script(program.parent, body)
    with pytest.raises(EngineError, match=message) as caught:
        ChargemolCharges(str(density), str(program)).charges(dry_ice(), time_limit_s=30.0)
    assert caught.value.where is not None
    kept = Path(caught.value.where)
    assert (kept / "job_control.txt").exists()
    assert "see chargemol.log" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("12\n", "11\n", "has 11 atoms, the structure 12"),
        ("\nC ", "\nN ", "other elements than the structure"),
        ("0.700000", "NaN", "not finite"),
        ("0.700000", "", "cannot be read"),
        ("12\n", "", "cannot be read"),
    ],
)
def test_results_that_are_not_of_these_atoms_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    symbols = dry_ice().symbols
    good = result(symbols, VALUES)
    (tmp_path / RESULT).write_text(good)
    assert np.allclose(read_result(tmp_path, symbols), VALUES)
    assert old in good
    (tmp_path / RESULT).write_text(good.replace(old, new))
    with pytest.raises(EngineError, match=message) as caught:
        read_result(tmp_path, symbols)
    assert caught.value.where == str(tmp_path)


def test_an_old_result_is_not_taken_for_a_new_one(program: Path, density: Path, tmp_path: Path) -> None:
    assert isinstance(run(program, density, tmp_path / "run"), RawCharges)
    script(program.parent, "exit 0")
    with pytest.raises(EngineError, match="ended without"):
        run(program, density, tmp_path / "run")


def test_a_hanging_program_is_ended_and_its_folder_named(program: Path, density: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    script(program.parent, "echo $$ > pid; exec sleep 60")
    refused = assign_charges(
        dry_ice(), method="chargemol", density=density, command=str(program), folder=folder, time_limit_s=1.5
    )
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.TIME_LIMIT
    assert str(folder) in refused.detail
    pid = int((folder / "pid").read_text())
    for _ in range(100):
        if not _lives(pid):
            break
        time.sleep(0.02)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_elements_without_a_known_pseudopotential_are_refused(program: Path, tmp_path: Path) -> None:
    exotic = Framework("u", ("U", "U"), np.array([[0.0, 0, 0], [2.5, 2.5, 2.5]]), 5.0 * np.eye(3))
    model = ChargemolCharges(str(write_cube(tmp_path / "u.cube", exotic)), str(program))
    refused = model.charges(exotic, time_limit_s=10.0)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.UNKNOWN_ELEMENT
