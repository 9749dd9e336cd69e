"""A whole campaign on real engines, killed and resumed, from the command line."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import ase.io
import gemmi
import numpy as np
import pytest

from mofa.chemistry.cif import read_cif
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import EventKind
from mofa.store.records import load
from tests.cli.helpers import mofa

CAMPAIGN = """
[campaign]
name = "tiny"
seed = 3
[generate]
n = 8
batch_size = 8
generator = "library"
max_heavy_atoms = 13
[validate]
steps = 400
chunk_steps = 100
supercell = [1, 1, 1]
[optimize]
max_steps = 1
[adsorb]
initialization_cycles = 100
min_cycles = 200
max_cycles = 200
[objective]
judge_top = 0
[stop]
max_uptakes = 1
grace_s = 0
"""


def _finished(folder: Path) -> Counter[str]:
    """How often each task has a result."""
    with CampaignFolder.open(folder).events() as events:
        return Counter(event.task_id for event in events.read() if event.kind is EventKind.RESULT)


def _started(config: Path, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from mofa.cli.main import main; main()", "run", str(config), "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _processes_of_group(leader: int) -> list[int]:
    """Living processes whose ancestor was the killed one, told by the campaign's session or orphaned workers."""
    listed = subprocess.run(["ps", "-eo", "pid=,sid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, sid, *_ in rows if int(sid) == leader and int(pid) != os.getpid()]


@pytest.mark.engine
def test_a_killed_campaign_goes_on_and_ends_with_a_report(tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(CAMPAIGN)
    folder = tmp_path / "run"

    campaign = _started(config, folder)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if (folder / "campaign.db").exists() and any(t.startswith("assemble") for t in _finished(folder)):
            break
    campaign.send_signal(signal.SIGKILL)
    campaign.wait()
    before = _finished(folder)
    assert before, "nothing had finished within two minutes"
    for _ in range(40):
        if not _processes_of_group(campaign.pid):
            break
        time.sleep(0.5)
    assert not _processes_of_group(campaign.pid)

    assert mofa("status", folder, "--json").json["running"] is False
    done = mofa("resume", folder, "--json", timeout_s=400)
    assert done.code == 0, done.err
    after = _finished(folder)
    assert set(before) <= set(after)
    assert set(after.values()) == {1}

    (best,) = done.json["ranking"]
    assert best["uptake"]["uptake_mol_per_kg"] >= 0
    _report_is_complete(folder)

    again = mofa("run", config, "--out", folder)
    assert again.code == 1
    assert "already holds a campaign" in again.err
    assert f"mofa resume {folder}" in again.err


@pytest.mark.engine
def test_an_interrupted_campaign_ends_in_order_and_says_so(tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(CAMPAIGN)
    folder = tmp_path / "run"
    campaign = _started(config, folder)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.2)
        if (folder / "campaign.db").exists() and _finished(folder):
            break
    campaign.send_signal(signal.SIGINT)
    assert campaign.wait(60) == 130
    assert (folder / "report" / "index.html").exists()
    assert set(_finished(folder).values()) == {1}
    assert not _processes_of_group(campaign.pid)


def _report_is_complete(folder: Path) -> None:
    """HTML, CSV and CIFs are there, and every reader sees the same structure in them."""
    report = folder / "report"
    assert (report / "index.html").stat().st_size > 20_000
    with (report / "mofs.csv").open() as file:
        rows = list(csv.DictReader(file))
    (ranked,) = [row for row in rows if row["rank"]]
    assert float(ranked["uptake_mol_per_kg"]) == load(folder).ranking()[0].uptake.uptake_mol_per_kg  # type: ignore[union-attr]
    (path,) = (report / "mofs").glob("*.cif")
    ours = read_cif(path)
    atoms = ase.io.read(path)
    sites = gemmi.read_small_structure(str(path)).sites
    assert tuple(atoms.get_chemical_symbols()) == ours.symbols
    for read in (atoms.get_scaled_positions(), [[s.fract.x, s.fract.y, s.fract.z] for s in sites]):
        moved = np.asarray(read) - ours.fractional
        np.testing.assert_allclose(moved - np.round(moved), 0.0, atol=1e-7)  # readers may choose another image
    charges = [float(row[0]) for row in gemmi.cif.read(str(path)).sole_block().find(["_atom_site_charge"])]
    assert ours.charges is not None
    np.testing.assert_allclose(charges, ours.charges, atol=1e-8)
    assert abs(ours.charges.sum()) < 1e-3


@pytest.mark.parametrize("verb", ["resume", "status", "report"])
def test_a_folder_without_a_campaign_is_named(verb: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        done = mofa(verb, folder)
        assert done.code == 1
        assert str(folder) in done.err
        assert "Traceback" not in done.err
        assert len(done.err.strip().splitlines()) == 1


def test_a_wrong_key_stops_before_anything_is_made(tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(CAMPAIGN.replace("max_cycles", "max_cyles"))
    done = mofa("run", config, "--out", tmp_path / "run")
    assert done.code == 1
    assert "did you mean max_cycles?" in done.err
    assert not (tmp_path / "run").exists()


def test_a_missing_engine_stops_before_anything_runs(tmp_path: Path) -> None:
    config = tmp_path / "engine.toml"
    config.write_text(CAMPAIGN + '[charges]\nmethod = "ddec7"\n')
    done = mofa("run", config, "--out", tmp_path / "run")
    assert done.code == 1
    assert "ddec7" in done.err
    assert "Choose one of" in done.err
    assert not (tmp_path / "run").exists()


def test_more_workers_than_cores_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "many.toml"
    config.write_text(CAMPAIGN + "[compute]\nworkers = 4096\n")
    done = mofa("run", config, "--out", tmp_path / "run")
    assert done.code == 1
    assert "4096 worker slots" in done.err
