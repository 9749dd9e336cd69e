"""Nodes listed, checked and drawn; structures drawn."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner, Result

from mofa.assemble import load_node, nodes
from mofa.assemble.blocks.files import to_toml
from mofa.chemistry.cif import write_cif
from mofa.cli.nodes import nodes as nodes_verb
from mofa.cli.pictures import picture as picture_verb
from mofa.errors import InputError
from tests.structures import irmof1


def run(verb, *arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(verb)
    return CliRunner().invoke(app, [str(word) for word in arguments])


@pytest.fixture
def mof_5(tmp_path: Path) -> Path:
    return write_cif(irmof1(), tmp_path / "MOF-5.cif")


def test_all_nodes_are_listed_in_columns() -> None:
    head, *rows = run(nodes_verb).stdout.splitlines()
    assert [row.split()[0] for row in rows] == nodes()
    at = head.index("connection points")
    assert all(row[at - 1] == " " and row[at].isdigit() for row in rows)
    assert "12 x carboxylate" in next(row for row in rows if row.startswith("zr6 "))


def test_the_list_as_json_has_one_object_a_node() -> None:
    known = [json.loads(line) for line in run(nodes_verb, "--json").stdout.splitlines()]
    (pillared,) = [node for node in known if node["name"] == "zn-paddlewheel-pillar"]
    assert pillared["connections"] == {"carboxylate": 4, "n_donor": 2}
    assert pillared["source"] == "10.1002/anie.200460712"


def test_a_users_node_is_checked_and_drawn_beside_a_shipped_one(tmp_path: Path) -> None:
    mine = tmp_path / "zr6.toml"
    mine.write_text(to_toml(load_node("zr6")))
    done = run(nodes_verb, "--node", mine, "--node", "zr6", "--draw", tmp_path / "drawn", "--json")
    ours, theirs = (json.loads(line) for line in done.stdout.splitlines())
    assert (ours["name"], theirs["key"]) == ("zr6", "zr6")
    assert ours["key"].startswith("zr6-")
    drawings = sorted(path.name for path in (tmp_path / "drawn").glob("*.svg"))
    assert drawings == sorted([f"{ours['key']}.svg", "zr6.svg"])
    for path in (tmp_path / "drawn").glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    assert (tmp_path / "drawn" / "nodes.html").read_text().count("<svg") == 2


def test_a_wrong_node_file_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('symbols = ["Zn"]\npositions = [[0, 0, 0]]\n')
    error = run(nodes_verb, "--node", tmp_path / "bad.toml").exception
    assert isinstance(error, InputError)
    assert "bad.toml: the node has no connection points" in str(error)


def test_a_structure_is_drawn_beside_its_file(mof_5: Path) -> None:
    done = run(picture_verb, mof_5)
    assert done.exit_code == 0, done.output
    assert "IRMOF-1" in mof_5.with_suffix(".svg").read_text()


@pytest.mark.parametrize(("name", "magic"), [("x.png", b"\x89PNG"), ("x.svg", b"<svg")])
def test_the_suffix_of_out_chooses_the_kind_of_picture(name: str, magic: bytes, mof_5: Path) -> None:
    target = mof_5.parent / name
    options = ("--out", target, "--along", "b", "--background", "dark", "--title", "", "--width-px", "200", "--json")
    done = run(picture_verb, mof_5, *options)
    assert json.loads(done.stdout)["picture"] == str(target)
    assert target.read_bytes().startswith(magic)


def test_many_files_go_into_a_folder_and_a_bad_one_does_not_stop_the_others(mof_5: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.cif").write_text("data_x\n")
    (tmp_path / "zn4o.toml").write_text(to_toml(load_node("zn4o")))
    out = tmp_path / "pictures"
    done = run(
        picture_verb,
        tmp_path / "bad.cif",
        mof_5,
        tmp_path / "zn4o.toml",
        "--out",
        out,
        "--format",
        "png",
        "--width-px",
        "200",
    )
    assert done.exit_code == 1
    assert sorted(path.name for path in out.iterdir()) == ["MOF-5.png", "zn4o.png"]


def test_a_picture_of_another_kind_is_refused(mof_5: Path) -> None:
    error = run(picture_verb, mof_5, "--out", mof_5.parent / "x.gif").exception
    assert isinstance(error, InputError)
    assert "SVG or PNG" in str(error)
