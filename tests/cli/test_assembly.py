"""`mofa assemble` as it is called by hand and by scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.chemistry.cif import read_cif
from tests.cli.helpers import mofa

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
BPDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
DABCO = "C1CN2CCN1CC2"


def test_a_mof_from_a_node_a_net_and_a_file(tmp_path: Path) -> None:
    linker = tmp_path / "terephthalic.smi"
    linker.write_text(f"{BDC}\n")
    done = mofa("assemble", "--node", "zr6", "--net", "fcu", "--linker", linker, "--out", tmp_path, "--json")
    assert done.code == 0, done.err
    said = done.json
    assert {"id", "name", "cif", "cell", "n_atoms", "net", "catenation", "density_g_per_cm3"} <= said.keys()
    assert (said["net"], said["catenation"], said["n_atoms"]) == ("fcu", 0, 114)
    written = read_cif(Path(said["cif"]))
    assert written.id == said["id"]
    assert written.density_g_per_cm3 == pytest.approx(said["density_g_per_cm3"], rel=1e-4)


def test_each_linker_of_a_file_gives_a_line(tmp_path: Path) -> None:
    pool = tmp_path / "pool.smi"
    pool.write_text(f"{BDC}\nCCO ethanol\n{BPDC}\n")
    done = mofa("assemble", "--linker", pool, "--linker", DABCO, "--each", "--out", tmp_path, "--json")
    assert done.code == 1
    first, refused, last = done.json_lines
    assert first["name"].endswith("pcu.cat0")
    assert first["id"] != last["id"]
    assert (refused["status"], refused["reason"], refused["file"]) == ("rejected", "no_anchors", f"{pool}#2")
    assert {path.stem for path in tmp_path.glob("*.cif")} == {first["id"], last["id"]}


def test_interpenetration_or_why_not(tmp_path: Path) -> None:
    two = mofa("assemble", "--node", "zn4o", "--linker", BPDC, "--catenation", "1", "--out", tmp_path)
    assert two.code == 0, two.err
    assert "zn4o.NEQFBG.pcu.cat1: Zn4C42H24O13, 332 atoms" in two.out
    assert "g/cm3" in two.out
    full = mofa(
        "assemble", "--linker", BDC, "--linker", DABCO, "--catenation", "1", "--out", tmp_path, "--json"
    )  # fmt: skip
    assert full.code == 1
    assert full.json["reason"] == "clash"
    assert full.json["atoms"]


def test_wrong_usage(tmp_path: Path) -> None:
    assert mofa("assemble", "--linker", BDC, "--catenation", "4", "--out", tmp_path).code == 2
    assert mofa("assemble", "--out", tmp_path).code == 2
    nowhere = mofa("assemble", "--linker", BDC, "--net", "abc", "--net-file", tmp_path / "no.cgd", "--out", tmp_path)
    assert nowhere.code == 1
    assert "no.cgd" in nowhere.err


def test_a_mof_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "mof.svg"
    done = mofa("assemble", "--linker", BDC, "--linker", DABCO, "--picture", picture, "--out", tmp_path, "--json")
    assert done.code == 0, done.err
    assert done.json["picture"] == str(picture)
    assert picture.read_text().startswith("<svg")
    wrong = mofa("assemble", "--linker", BDC, "--picture", tmp_path / "mof.pdf", "--out", tmp_path)
    assert wrong.code == 1
    assert ".svg or .png" in wrong.err


@pytest.mark.engine
def test_a_pore_that_co2_cannot_enter_is_refused_on_demand(tmp_path: Path) -> None:
    open_pore = mofa("assemble", "--linker", BDC, "--linker", DABCO, "--check-pore", "--out", tmp_path, "--json")
    assert open_pore.code == 0, open_pore.err
