"""Each stage alone from the command line, on files that the test writes."""

from __future__ import annotations

from pathlib import Path

import ase.io
import gemmi
import numpy as np
import pytest

from mofa.chemistry.cif import read_cif, write_cif
from tests.cli.helpers import mofa
from tests.structures import irmof1

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
DCB = "N#Cc1ccc(cc1)C#N"


def test_generate_process_assemble_hand_their_files_on(tmp_path: Path) -> None:
    for family in ("BCA", "BZN"):
        made = mofa(
            "generate", "--kind", "library", "--family", family, "--n", "6", "--seed", "3", "--max-heavy-atoms", "16",
            "--out", tmp_path / f"{family}.sdf", "--json",
        )  # fmt: skip
        assert made.code == 0, made.err
        assert made.json["n"] == 6
    linkers = []
    for family in ("BCA", "BZN"):
        done = mofa("process", tmp_path / f"{family}.sdf", "--json", "--out", tmp_path / f"{family}-processed.sdf")
        assert {line["family"] for line in done.json_lines} == {family}
        sound = [line for line in done.json_lines if line["reason"] is None]
        assert len(sound) >= 3
        linkers.append(sound)
    built = mofa(
        "assemble", "--node", "zn-paddlewheel-pillar", "--net", "pcu",
        "--linker", BDC, "--linker", DCB, "--out", tmp_path, "--json",
    )  # fmt: skip
    assert built.code == 0, built.err
    assert built.json["n_atoms"] == 48  # Zn2, four O2C, two C6H4, one C8H4N2
    assert len(built.json["id"]) == 32
    np.testing.assert_allclose(built.json["cell"][3:], 90.0, atol=1e-6)
    assert len(ase.io.read(built.json["cif"])) == built.json["n_atoms"]


def test_generate_is_reproducible(tmp_path: Path) -> None:
    texts = []
    for name in ("a.sdf", "b.sdf"):
        assert mofa("generate", "--family", "BZN", "--n", "3", "--seed", "5", "--out", tmp_path / name).code == 0
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]


def test_process_reads_smiles_and_xyz(tmp_path: Path) -> None:
    smiles = tmp_path / "linkers.smi"
    smiles.write_text(f"{BDC} bdc\n{DCB}\nCCO ethanol\n")
    done = mofa("process", smiles, "--json")
    assert done.code == 1
    reasons = [line["reason"] for line in done.json_lines]
    assert reasons == [None, None, "no_anchors"]
    assert [line["family"] for line in done.json_lines][:2] == ["BCA", "BZN"]


@pytest.mark.engine
def test_validate_says_strain_and_steps(tmp_path: Path) -> None:
    path = write_cif(irmof1(), tmp_path / "irmof1.cif")
    done = mofa("validate", path, "--steps", "500", "--supercell", "1", "1", "1", "--seed", "2", "--json")
    assert done.code == 0, done.err
    assert done.json["steps"] == 500
    assert 0 < done.json["strain"] < 0.05
    assert done.json["strain_inverted"] > 0
    assert done.json["rejected_early"] is False


def test_validate_writes_the_lammps_files_it_was_asked_for(tmp_path: Path) -> None:
    path = write_cif(irmof1(), tmp_path / "irmof1.cif")
    done = mofa(
        "validate", path, "--write-only", "--steps", "777", "--supercell", "1", "1", "1",
        "--temperature-k", "400", "--out", tmp_path / "here.in", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    script = Path(done.json["input"]).read_text()
    data = Path(done.json["data"])
    assert f"read_data {data.name}" in script
    assert "run 777" in script
    assert "temp 400 400" in script
    assert "106 atoms" in data.read_text()


@pytest.mark.engine
def test_charges_then_adsorb_on_the_written_file(tmp_path: Path) -> None:
    path = write_cif(irmof1(), tmp_path / "irmof1.cif")
    charged = tmp_path / "charged.cif"
    done = mofa("charges", path, "--method", "xtb", "--out", charged, "--json")
    assert done.code == 0, done.err
    assert abs(done.json["sum_e"]) < 1e-3
    assert done.json["gate"]["passed"] is True
    written = read_cif(charged)
    assert written.charges is not None
    np.testing.assert_allclose(written.charges, done.json["charges"], atol=1e-6)
    sites = gemmi.read_small_structure(str(charged)).sites
    assert [site.label for site in sites] == done.json["labels"]

    uptake = mofa(
        "adsorb", charged, "--gas", "CO2", "--pressure-pa", "1e4", "--temperature-k", "298",
        "--initialization-cycles", "200", "--min-cycles", "300", "--max-cycles", "300", "--json",
    )  # fmt: skip
    assert uptake.code == 0, uptake.err
    value, error = uptake.json["uptake_mol_per_kg"], uptake.json["error_mol_per_kg"]
    assert abs(value - 0.080) < 0.01 + 1.5 * error
    assert error < 0.06
    assert uptake.json["charge_method"] == done.json["method"]
    assert uptake.json["heat_kj_per_mol"] > 5


def test_wrong_usage_exits_with_two() -> None:
    for words in (["adsorb"], ["nonsense"], ["validate", "x.cif", "--steps", "many"], ["generate", "--n", "-4"]):
        assert mofa(*words).code == 2


def test_help_lists_every_verb() -> None:
    done = mofa("--help")
    assert done.code == 0
    for (
        verb
    ) in "run resume status report generate process assemble validate optimize charges adsorb init doctor".split():
        assert verb in done.out


def test_init_writes_a_file_that_run_accepts_and_does_not_overwrite(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    assert mofa("init", file).code == 0
    before = file.read_text()
    again = mofa("init", file)
    assert again.code == 1
    assert "there is such a file already" in again.err
    assert file.read_text() == before


def test_doctor_starts_every_engine() -> None:
    done = mofa("doctor", "--json")
    assert done.code == 0, done.out
    assert {engine["name"] for engine in done.json["engines"]} >= {"RDKit", "LAMMPS", "tblite", "RASPA3", "Zeo++"}
    assert all(engine["version"] or engine["optional"] for engine in done.json["engines"])
