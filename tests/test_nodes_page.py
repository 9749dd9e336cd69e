"""What docs/nodes.md tells people to write is written and read here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mofa.assemble import assemble, load_node
from mofa.chemistry import Framework
from mofa.chemistry.cif import write_cif
from tests.assemble.linkers import BDC, DABCO, linker
from tests.structures import irmof1

PAGE = (Path(__file__).parent.parent / "docs" / "nodes.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def _block(language: str, holding: str) -> str:
    (text,) = [text for name, text in BLOCKS if name == language and holding in text]
    return text


@pytest.fixture
def paddlewheel(tmp_path: Path) -> Path:
    (tmp_path / "co-paddlewheel.xyz").write_text(_block("xyz", "cobalt"))
    path = tmp_path / "co-paddlewheel.toml"
    path.write_text(_block("toml", "co-paddlewheel.xyz"))
    return path


def test_the_example_is_a_node_that_frameworks_are_built_from(paddlewheel: Path) -> None:
    node = load_node(paddlewheel)
    assert (node.name, node.formula) == ("co-paddlewheel", "Co2C4O8")
    assert sorted(str(point.kind) for point in node.points) == ["carboxylate"] * 4 + ["n_donor"] * 2
    mof = assemble([linker(BDC), linker(DABCO)], node=str(paddlewheel), net="pcu")
    assert isinstance(mof, Framework)
    assert mof.cell_parameters()[:2] == pytest.approx((10.9, 10.9), abs=0.1)
    assert mof.lineage.node.startswith("co-paddlewheel")


def test_the_python_example_runs(paddlewheel: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(paddlewheel.parent)
    exec(_block("python", "to_toml"), {})
    assert "Co2C4O8 6" in capsys.readouterr().out
    assert load_node(Path("in-full.toml")).key == load_node(paddlewheel).key


def test_a_crystal_is_a_node_as_it_is(tmp_path: Path) -> None:
    write_cif(irmof1(), tmp_path / "MOF-5.cif")
    (tmp_path / "crystal.cif").write_text((tmp_path / "MOF-5.cif").read_text())
    (tmp_path / "zn.toml").write_text(_block("toml", "crystal.cif").replace('"Zr"', '"Zn"'))
    assert load_node(tmp_path / "zn.toml").formula == load_node(tmp_path / "MOF-5.cif").formula == "Zn4C6O13"


def test_named_points_are_read(tmp_path: Path) -> None:
    """The fragment of the example with a linker's carbon, number 14, in place of its first dummy and no others."""
    rows = _block("xyz", "cobalt").splitlines()[2:17]
    (tmp_path / "cluster.xyz").write_text("\n".join(["15", "", *rows]).replace("X ", "C ") + "\n")
    (tmp_path / "named.toml").write_text(_block("toml", "cluster.xyz"))
    node = load_node(tmp_path / "named.toml")
    assert node.formula == "Co2C4O8"
    assert [(str(point.kind), point.length_ang) for point in node.points] == [("carboxylate", None), ("n_donor", 2.05)]
