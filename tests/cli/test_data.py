"""`mofa data linkers`, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.generate.moflinker.examples import load
from tests.cli.helpers import mofa

OWN = "OC(=O)c1ccc(cc1)-c1cc(Br)c(cc1)-c1ccc(C(=O)O)cc1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with few shards that are built already, so that no command builds one of full size."""
    from mofa.generate.moflinker import dataset

    made = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "DRAWS_PER_SHARD", 30)
        (made / "x.parts").mkdir()
        dataset._make_shard(1, 0, made / "x.parts")
    return made


def test_linkers_are_built_and_own_ones_are_added_or_refused(folder: Path) -> None:
    out = folder / "x.npz"
    done = mofa("data", "linkers", "--n", "12", "--workers", "1", "--out", out, "--add", OWN, "--add", "CCO", "--json")
    assert done.code == 0, done.err
    assert "CCO#1: left out" in done.err
    answer = done.json
    assert (answer["cores"], answer["linkers"], answer["added"], answer["refused"]) == (12, 24, 1, 1)
    assert answer["file"] == str(out)
    assert 100 < answer["bytes_per_core"] < 220
    packed, smiles = load(out)
    assert len(packed) == 12
    assert smiles[0].count("Br") == 1
    assert answer["held_out"] == int(packed.held_out.sum())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--out", "x.csv"), ".npz"),
        (("--n", "0"), "--n"),
        (("--add", "no-such-file.sdf", "--out", "x.npz", "--n", "2"), "no-such-file.sdf"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    done = mofa("data", "linkers", *arguments, cwd=tmp_path)
    assert done.code in (1, 2)
    assert named in done.err
    assert "Traceback" not in done.err
