"""`mofa train` and `mofa generate --weights`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.helpers import mofa

TOLANES = [
    "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O",
    "OC(=O)c1ccc(cc1)C#Cc1ccc(nc1)C(=O)O",
    "N#Cc1ccc(cc1)C#Cc1ccc(cc1)C#N",
]


def test_training_and_generating_hand_the_weights_on(tmp_path: Path) -> None:
    path, out = tmp_path / "tolanes.smi", tmp_path / "models" / "weights.json"
    path.write_text("\n".join([*TOLANES, "CCO"]))
    done = mofa("train", path, TOLANES[0], "--out", out, "--json")
    assert done.code == 0, done.err
    assert "left out, process: no_anchors" in done.err
    answer = done.json
    assert (answer["n_examples"], answer["n_given"], answer["n_refused"]) == (4, 4, 1)
    assert (answer["generator"], answer["file"]) == ("library", str(out))
    assert answer["metrics"]["gain_nats"] > 0
    assert set(json.loads(out.read_text())["families"]) == {"BCA", "BZN"}
    texts = []
    for name, options in (("a", ()), ("b", ("--weights", out)), ("c", ("--weights", out))):
        sdf = tmp_path / f"{name}.sdf"
        made = mofa("generate", "--n", "3", "--max-heavy-atoms", "20", "--out", sdf, "--json", *options)
        assert made.code == 0, made.err
        assert made.json["weights"] == (str(out) if options else None)
        texts.append(sdf.read_text())
    assert texts[1] == texts[2] != texts[0]


def test_linkers_that_cannot_be_learnt_from_are_a_refusal(tmp_path: Path) -> None:
    done = mofa("train", "OC(=O)CCC(=O)O", "--out", tmp_path / "w.json", "--json")
    assert done.code == 1
    assert (done.json["status"], done.json["stage"]) == ("rejected", "train")
    assert done.json["reason"] == "not_expressible"
    assert not (tmp_path / "w.json").exists()


def test_bad_weights_are_one_clear_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"weights": "__import__(\'os\')"}')
    done = mofa("generate", "--weights", bad, "--out", tmp_path / "x.sdf")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"Error: {bad}: this is not a weights file")
    assert not (tmp_path / "x.sdf").exists()
