"""`mofa evaluate-generator` as a user runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mofa.cli.main import main
from tests.cli.helpers import mofa

LINKERS = "OC(=O)c1ccc(cc1)C#Cc1ccc(C(=O)O)cc1\nN#Cc1ccc(cc1)C1CC1c1ccc(C#N)cc1\nCCO\n"


def test_smiles_of_another_tool(tmp_path: Path) -> None:
    (tmp_path / "theirs.smi").write_text(LINKERS)
    (tmp_path / "known.smi").write_text("*C#C*\n*c1ccncc1*\n")
    done = mofa(
        "evaluate-generator", "theirs.smi", "--data", "known.smi", "--workers", "1", "--out", "out", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["yields"]["gated"]["count"] == 1
    assert done.json["yields"]["gated"]["n"] == 3
    assert (done.json["diversity"]["novel"]["count"], done.json["n_training"]) == (0, 2)
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        "evaluation.json", "refused.csv", "refusals.png", "distributions.png", "linkers.png",
    }  # fmt: skip
    assert json.loads((out / "evaluation.json").read_text()) == done.json
    with (out / "refused.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["linker"], row["reason"]) for row in rows] == [
        ("N#Cc1ccc(cc1)C1CC1c1ccc(C#N)cc1", "ring_size"), ("CCO", "no_anchors"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "magic"], "'magic'"),
        (["--family", "PYR"], "'PYR'"),
        (["empty.smi"], "empty"),
        (["none.smi"], "none.smi"),
        (["bad.smi", "--data", "known.smi"], "none of 1 linkers passes the gate"),
        (["bad.smi", "--kind", "library"], "both given"),
        (["bad.smi", "--data", "bad.smi"], "none of 1 linkers to compare with"),
    ],
)
def test_bad_input_is_one_clear_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.smi").write_text("")
    (tmp_path / "bad.smi").write_text("CCO\n")
    (tmp_path / "known.smi").write_text("*C#C*\n")
    with pytest.raises(SystemExit) as ended:
        main(["evaluate-generator", *arguments, "--workers", "1", "--n", "4"])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
