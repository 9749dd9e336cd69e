"""`mofa train` and `mofa generate --weights`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mofa.chemistry.molfiles import read_linkers
from tests.cli.helpers import mofa

TOLANES = [
    "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O",
    "OC(=O)c1ccc(cc1)C#Cc1ccc(nc1)C(=O)O",
    "N#Cc1ccc(cc1)C#Cc1ccc(cc1)C#N",
]

CORES = [
    "OC(=O)c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O",
    "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C#Cc1ccc(cc1)C(=O)O",
    "OC(=O)c1ccc(cc1)-c1ccc(nc1)-c1ccc(cc1)C(=O)O",
    "N#Cc1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C#N",
]


def test_training_and_generating_hand_the_weights_on(tmp_path: Path) -> None:
    path, out = tmp_path / "tolanes.smi", tmp_path / "models" / "weights.json"
    path.write_text("\n".join([*TOLANES, "CCO"]))
    done = mofa("train", path, TOLANES[0], "--kind", "library", "--no-acceptance", "--out", out, "--json")
    assert done.code == 0, done.err
    assert "left out, process: no_anchors" in done.err
    answer = done.json
    assert (answer["n_examples"], answer["n_given"], answer["n_refused"]) == (4, 4, 1)
    assert (answer["generator"], answer["file"]) == ("library", str(out))
    assert answer["metrics"]["gain_nats"] > 0
    assert answer["acceptance"] is None
    assert set(json.loads(out.read_text())["families"]) == {"BCA", "BZN"}
    texts = []
    for name, options in (("a", ()), ("b", ("--weights", out)), ("c", ("--weights", out))):
        sdf = tmp_path / f"{name}.sdf"
        made = mofa(
            "generate", "--kind", "library", "--n", "3", "--max-heavy-atoms", "20", "--out", sdf, "--json", *options
        )
        assert made.code == 0, made.err
        assert made.json["weights"] == (str(out) if options else None)
        texts.append(sdf.read_text())
    assert texts[1] == texts[2] != texts[0]


def test_linkers_that_cannot_be_learnt_from_are_a_refusal(tmp_path: Path) -> None:
    done = mofa("train", "OC(=O)CCC(=O)O", "--kind", "library", "--out", tmp_path / "w.json", "--json")
    assert done.code == 1
    assert (done.json["status"], done.json["stage"]) == ("rejected", "train")
    assert done.json["reason"] == "not_expressible"
    assert not (tmp_path / "w.json").exists()


def test_bad_weights_are_one_clear_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"weights": "__import__(\'os\')"}')
    done = mofa("generate", "--kind", "library", "--weights", bad, "--out", tmp_path / "x.sdf")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"Error: {bad}: this is not a weights file")
    assert not (tmp_path / "x.sdf").exists()


def test_a_training_of_the_network_is_judged_and_writes_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "tolanes.smi"
    path.write_text("\n".join(CORES))
    done = mofa("train", path, "--kind", "graph", "--steps", "60", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    answer = done.json
    assert (answer["file"], answer["n_examples"]) == ("weights.safetensors", len(CORES))
    verdict = answer["acceptance"]
    good = verdict["gated_yield"] >= 0.9 * verdict["gated_yield_before"]
    assert verdict["accepted"] == (good and verdict["uniqueness"] >= 0.9 and verdict["copies"] <= 0.05)
    assert 0.0 < verdict["gated_yield_before"] <= 1.0
    assert verdict["reason"]
    sdf = tmp_path / "stiff.sdf"
    made = mofa(
        "generate", "--kind", "graph", "--weights", tmp_path / "weights.safetensors", "--n", "4",
        "--core-atoms", "8-10", "--sp3-atoms", "0", "--out", sdf, "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    asked = {name: value for name, value in made.json["conditions"].items() if value is not None}
    assert asked == {"core_atoms": [8, 10], "sp3_atoms": 0}
    sizes = [len(linker.symbols) for linker in read_linkers(sdf)]
    assert all(18 + 8 <= size <= 18 + 10 for size in sizes)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--kind", "library", "--core-atoms", "8-14"), "'library' cannot be asked for core_atoms"),
        (("--kind", "graph", "--core-atoms", "14-8"), "core_atoms is (14, 8)"),
        (("--kind", "graph", "--core-atoms", "few"), "Give the fewest and the most, such as 8-14"),
        (("--kind", "graph", "--core-atoms", "8-40"), "6 to 20"),
        (("--kind", "graph", "--max-heavy-atoms", "20"), "library"),
        (("--kind", "graph", "--family", "PYR"), "library"),
        (("--kind", "graph", "--length-ang", "90"), "3 to 25"),
    ],
)
def test_linkers_that_a_generator_cannot_make_are_one_clear_line(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    done = mofa("generate", *words, "--out", tmp_path / "x.sdf")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert message in line
    assert not (tmp_path / "x.sdf").exists()
