"""What users get wrong: one clear line, exit code 1, nothing lost, no traceback unless asked for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Framework
from mofa.chemistry.cif import to_cif
from mofa.errors import OutputError
from mofa.textfiles import write_text
from tests.cli.helpers import Finished, mofa
from tests.structures import irmof1


def _moved(atom: int, place: list[float]) -> Framework:
    mof5 = irmof1()
    positions = mof5.positions.copy()
    positions[atom] = place
    return Framework("bad", mof5.symbols, positions, mof5.cell)


def _without_cell(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("_cell_"))


GOOD = to_cif(irmof1())
HYDROGEN_IN_CARBON = to_cif(_moved(80, (irmof1().positions[50] + 0.15).tolist()))
BAD_FILES = {
    "empty.cif": ("", "empty"),
    "words.cif": ("hello world", "not valid CIF"),
    "molecule.cif": (_without_cell(GOOD), "not periodic"),
    "nan.cif": (GOOD.replace(f"{irmof1().fractional[0][0]:.8f}", "nan", 1), "NaN"),
    "overlap.cif": (HYDROGEN_IN_CARBON, "overlap"),
}
UNKNOWN = to_cif(Framework("odd", ("Og", "C"), np.array([[0, 0, 0], [4, 4, 4]]), np.eye(3) * 10))


def _is_one_clear_line(done: Finished, message: str) -> None:
    assert done.code == 1
    assert "Traceback" not in done.err + done.out
    (line,) = [text for text in done.err.splitlines() if text.strip()]
    assert message.lower() in line.lower()


@pytest.mark.parametrize("verb", ["validate", "optimize", "charges", "adsorb"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_structures_are_named_by_every_stage(verb: str, name: str, tmp_path: Path) -> None:
    text, message = BAD_FILES[name]
    path = tmp_path / name
    path.write_text(text)
    _is_one_clear_line(mofa(verb, path), message)


@pytest.mark.parametrize("verb", ["validate", "charges", "adsorb"])
def test_an_element_without_parameters_is_named(verb: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.cif"
    path.write_text(UNKNOWN)
    done = mofa(verb, path, "--json")
    assert done.code == 1
    assert "Og" in done.out
    assert done.json["status"] == "rejected"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    _is_one_clear_line(mofa("adsorb", tmp_path / "none.cif"), "none.cif: cannot be read")


def test_json_says_rejected_with_stage_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "overlap.cif"
    path.write_text(HYDROGEN_IN_CARBON)
    done = mofa("validate", path, "--json")
    assert done.code == 1
    assert done.json["status"] == "rejected"
    assert done.json["stage"] == "validate"
    assert done.json["reason"] == "overlap"
    assert "Å" in done.json["detail"]


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.cif").write_text("")
    (tmp_path / "b.cif").write_text(HYDROGEN_IN_CARBON)
    done = mofa("validate", tmp_path / "a.cif", tmp_path / "b.cif", "--json")
    assert done.code == 1
    assert [line["status"] for line in done.json_lines] == ["failed", "rejected"]


@pytest.mark.parametrize("name", ["empty.sdf", "empty.smi", "empty.xyz"])
def test_empty_linker_files_are_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    _is_one_clear_line(mofa("process", tmp_path / name), name)


def test_unreadable_linkers_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.sdf").write_text("garbage\n$$$$\n")
    done = mofa("process", tmp_path / "x.sdf")
    assert done.code == 1
    assert "Traceback" not in done.err
    _is_one_clear_line(mofa("process", tmp_path / "missing.sdf"), "missing.sdf")


@pytest.mark.parametrize(
    ("verb", "option"),
    [("validate", "--engine"), ("optimize", "--method"), ("charges", "--method"), ("adsorb", "--engine")],
)
def test_an_unknown_engine_names_the_choices(verb: str, option: str, tmp_path: Path) -> None:
    path = tmp_path / "good.cif"
    path.write_text(to_cif(irmof1().with_charges(np.zeros(106), "zero")))
    _is_one_clear_line(mofa(verb, path, option, "abacus"), "Choose one of")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pressure-pa", "0"], "pressure"),
        (["--pressure-pa", "nan"], "pressure"),
        (["--temperature-k", "-3"], "temperature"),
        (["--gas", "phlogiston"], "phlogiston"),
    ],
)
def test_impossible_conditions_are_named(arguments: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "good.cif"
    path.write_text(to_cif(irmof1().with_charges(np.zeros(106), "zero")))
    _is_one_clear_line(mofa("adsorb", path, *arguments), message)


def test_a_charged_framework_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "charged.cif"
    path.write_text(to_cif(irmof1().with_charges(np.full(106, 0.05), "made up")))
    done = mofa("adsorb", path, "--json")
    assert done.code == 1
    assert done.json["reason"] == "unphysical_charges"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = mofa("adsorb", tmp_path / "none.cif", "--debug")
    assert done.code != 0
    assert "Traceback" in done.err


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own that has a few kB left."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=False).returncode:
        pytest.skip("only root may mount the small disk; run the tests as root")
    try:
        (folder / "filler").write_bytes(b"0" * 110_000)
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("verb", ["charges", "optimize", "generate", "assemble"])
def test_a_full_disk_is_named_before_the_work_and_nothing_is_lost(verb: str, full_disk: Path, tmp_path: Path) -> None:
    path = tmp_path / "mof.cif"
    path.write_text(GOOD)
    old = full_disk / ("old.sdf" if verb == "generate" else "old.cif")
    old.write_text("old content")
    words: dict[str, list[str | Path]] = {
        "charges": [path, "--out", old],
        "optimize": [path, "--out", old],
        "generate": ["--n", "5", "--out", old],
        "assemble": ["--linker", "OC(=O)c1ccc(cc1)C(=O)O", "--linker", "N#Cc1ccc(cc1)C#N", "--out", full_disk],
    }
    _is_one_clear_line(mofa(verb, *words[verb]), "cannot be written")
    assert old.read_text() == "old content"


def test_a_write_that_fails_leaves_the_old_file(full_disk: Path) -> None:
    old = full_disk / "old.txt"
    old.write_text("old content")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(old, "x" * 200_000)
    assert old.read_text() == "old content"
    assert {path.name for path in full_disk.iterdir()} == {"filler", "old.txt"}


def test_results_that_would_take_one_name_are_refused_before_the_work(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.cif").write_text(GOOD)
    files = [tmp_path / "a" / "x.cif", tmp_path / "b" / "x.cif"]
    _is_one_clear_line(mofa("charges", *files, "--out", tmp_path / "out"), "would both be")
    _is_one_clear_line(mofa("charges", *files, "--out", tmp_path / "one.cif"), "Give a folder")


def test_a_missing_linker_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("N#Cc1ccc(cc1)C#N\n")
    (tmp_path / "c.smi").write_text("N#Cc1ccc(cc1-c1ccc(C#N)cc1)\n")
    out = tmp_path / "sound.sdf"
    done = mofa("process", tmp_path / "a.smi", tmp_path / "b.smi", tmp_path / "c.smi", "--out", out, "--json")
    assert done.code == 1
    assert [line.get("status") for line in done.json_lines] == [None, "failed", None]
    assert out.read_text().count("$$$$") == 2


def test_molecules_in_a_box_are_no_framework(tmp_path: Path) -> None:
    path = tmp_path / "argon.cif"
    argon = Framework("argon", ("Ar",), np.zeros((1, 3)), np.eye(3) * 26).with_charges([0.0], "none")
    path.write_text(to_cif(argon))
    done = mofa("adsorb", path, "--json")
    assert done.code == 1
    assert done.json["reason"] == "not_periodic"


@pytest.mark.parametrize(("group", "message"), [("X 9 9 9", "is not known"), ("F m -3 m", "only the identity")])
def test_contradictory_symmetry_is_named(group: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mof.cif"
    text = GOOD.replace("'P 1'", f"'{group}'")
    if message == "is not known":
        for tag in ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz"):
            text = text.replace(f"loop_\n{tag}\n'x, y, z'\n", "")
    path.write_text(text)
    _is_one_clear_line(mofa("charges", path), message)


def test_a_hidden_library_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.machinery\n"
        "real = importlib.machinery.PathFinder.find_spec.__func__\n"
        "def find_spec(cls, name, path=None, target=None):\n"
        "    return None if name.split('.')[0] in ('rdkit', 'raspalib') else real(cls, name, path, target)\n"
        "importlib.machinery.PathFinder.find_spec = classmethod(find_spec)\n"
    )
    environment = {"PYTHONPATH": str(tmp_path)}
    _is_one_clear_line(mofa("process", "N#Cc1ccc(cc1)C#N", environment=environment), "pip install rdkit")
    (tmp_path / "mof.cif").write_text(to_cif(irmof1().with_charges(np.zeros(106), "zero")))
    _is_one_clear_line(
        mofa("adsorb", tmp_path / "mof.cif", "--engine", "raspa3", environment=environment), "pip install raspalib"
    )
    found = mofa("doctor", "--json", environment=environment)
    assert found.code == 1
    assert {e["name"] for e in found.json["engines"] if not (e["version"] or e["optional"])} == {"RDKit", "RASPA3"}
