"""`mofa pretrain`, as a user runs it, and the stream from what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.generate.moflinker import examples
from tests.cli.helpers import mofa
from tests.generate.moflinker.small import known


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training data of forty cores."""
    path = tmp_path_factory.mktemp("data") / "x.npz"
    examples.save(known().packed, path, known().smiles)
    return path


@pytest.mark.engine
def test_flow_is_trained_from_nothing_and_drawn_from(data: Path, tmp_path: Path) -> None:
    weights, sdf = tmp_path / "w.safetensors", tmp_path / "made.sdf"
    done = mofa(
        "pretrain", "flow", "--data", data, "--out", weights, "--steps", "3", "--batch-size", "8", "--device", "cpu",
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    answer = done.json
    assert (answer["file"], answer["kind"], answer["cores"], answer["device"]) == (str(weights), "flow", 40, "cpu")
    assert answer["bytes"] == weights.stat().st_size
    made = mofa("generate", "--kind", "flow", "--weights", weights, "--n", "2", "--out", sdf, "--json")
    assert "Traceback" not in made.err
    # Three steps are next to nothing: what comes is a few odd linkers, or none and a message.
    if made.code == 0:
        assert 1 <= made.json["n"] <= 2
        assert sdf.read_text().count("$$$$") == made.json["n"]
    else:
        assert made.code == 1
        assert "BCA" in made.err
    weights.write_bytes(weights.read_bytes()[:-1000])
    broken = mofa("generate", "--kind", "flow", "--weights", weights, "--n", "2", "--out", sdf)
    assert broken.code == 1
    assert "w.safetensors" in broken.err
    assert "Traceback" not in broken.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("gan",), "Choose flow or graph"),
        (("flow", "--data", "none.npz"), "mofa data linkers"),
        (("flow", "--steps", "0"), "--steps"),
        (("flow", "--data", "DATA", "--objective", "gan"), "Choose flow or ddpm"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    done = mofa("pretrain", *(str(data) if word == "DATA" else word for word in arguments), cwd=tmp_path)
    assert done.code in (1, 2), done.err
    assert named in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.glob("*.safetensors"))
