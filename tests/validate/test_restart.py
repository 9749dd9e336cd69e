"""Runs that were ended, by whatever, go on; runs that have ended are prolonged."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Reason, Rejected, Stability
from mofa.errors import InputError
from mofa.validate import validate
from mofa.validate.engine import Checkpoint
from mofa.validate.history import History, identity, load, save
from tests.validate.frameworks import paddlewheel

LMP = str(Path(sys.executable).with_name("lmp"))
ROOT = Path(__file__).parents[2]
SHORT = {"supercell": (2, 2, 1), "chunk_steps": 50, "checkpoint_steps": 100}
RUN = identity(paddlewheel(), engine="lammps", seed=1)
HISTORY = History([0.1, 0.2], [0.11, 0.22], [1.0, 0.9], Checkpoint(1000, bytes(range(256)), 2.5))


def test_a_restart_file_gives_back_what_was_put_in(tmp_path):
    path = tmp_path / "run.restart"
    save(path, HISTORY, RUN)
    assert load(path, RUN) == HISTORY
    assert load(tmp_path / "other.restart", RUN) == History()
    save(path, History(), RUN)  # nothing to keep yet
    assert load(path, RUN) == HISTORY


def test_the_restart_file_of_another_run_is_refused_with_what_differs(tmp_path):
    path = tmp_path / "run.restart"
    save(path, HISTORY, RUN)
    with pytest.raises(InputError, match=r"another run \(seed 1, not 2\)"):
        load(path, {**RUN, "seed": 2})
    moved = replace(paddlewheel(), positions=paddlewheel().positions + 0.01)
    with pytest.raises(InputError, match=r"another run \(framework\)"):
        load(path, identity(moved, engine="lammps", seed=1))


@pytest.mark.parametrize("content", [b"", b"not a restart file", None])
def test_a_damaged_restart_file_is_refused(tmp_path, content):
    path = tmp_path / "run.restart"
    save(path, HISTORY, RUN)
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(InputError, match=r"run\.restart: is damaged"):
        load(path, RUN)
    with pytest.raises(InputError, match="damaged"):
        validate(paddlewheel(), restart=path)


@pytest.mark.engine
def test_a_prolonged_run_is_the_long_run(tmp_path):
    path = tmp_path / "run.restart"
    whole = validate(paddlewheel(), steps=300, **SHORT)
    first = validate(paddlewheel(), steps=100, restart=path, **SHORT)
    again = validate(paddlewheel(), steps=100, restart=path, **SHORT)
    longer = validate(paddlewheel(), steps=300, restart=path, **SHORT)
    assert first.strain_trace == whole.strain_trace[:2]
    assert again.strain_trace == first.strain_trace
    assert longer.strain_trace == whole.strain_trace
    assert longer.volume_trace == whole.volume_trace
    np.testing.assert_allclose(longer.framework.cell, whole.framework.cell, atol=1e-9)
    np.testing.assert_allclose(longer.framework.positions, whole.framework.positions, atol=1e-4)
    assert longer.cpu_s > first.cpu_s
    with pytest.raises(InputError, match="300 steps already, 200 were asked for"):
        validate(paddlewheel(), steps=200, restart=path, **SHORT)


@pytest.mark.engine
@pytest.mark.parametrize("engine", ["lammps", "lammps-command"])
def test_lengths_that_are_no_whole_number_of_chunks(tmp_path, engine):
    path = tmp_path / "run.restart"
    command = {"command": LMP} if engine == "lammps-command" else {}
    options = {"engine": engine, **command, "supercell": (2, 2, 1), "chunk_steps": 53, "checkpoint_steps": 106}
    whole = validate(paddlewheel(), steps=300, **options)
    assert len(whole.strain_trace) == 6  # five whole ones and one of 35 steps
    first = validate(paddlewheel(), steps=120, restart=path, **options)
    assert len(first.strain_trace) == 3
    assert load_step(path) == 106
    longer = validate(paddlewheel(), steps=300, restart=path, **options)
    assert longer.strain_trace == whole.strain_trace
    assert load_step(path) == 265


def load_step(path):
    with np.load(path) as content:
        return json.loads(str(content["head"]))["step"]


@pytest.mark.engine
def test_a_killed_run_goes_on_without_a_gap(tmp_path):
    path = tmp_path / "run.restart"
    code = (
        "from mofa.validate import validate\n"
        "from tests.validate.frameworks import paddlewheel\n"
        f"validate(paddlewheel(), steps=100_000, restart={str(path)!r}, supercell=(2, 2, 1), chunk_steps=50,"
        " checkpoint_steps=100, on_progress=lambda f, t: print(t, flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    for line in parent.stdout:
        if line.startswith(b"step 250"):
            break
    parent.send_signal(signal.SIGKILL)
    parent.wait(5)
    parent.stdout.close()
    seen = []
    result = validate(
        paddlewheel(), steps=400, restart=path, on_progress=lambda fraction, text: seen.append(text), **SHORT
    )
    assert isinstance(result, Stability)
    assert seen[0].startswith(("step 250", "step 350"))  # from a checkpoint, not from the start
    assert result.strain_trace == validate(paddlewheel(), steps=400, **SHORT).strain_trace


@pytest.mark.engine
def test_a_run_that_ran_out_of_time_goes_on(tmp_path):
    path = tmp_path / "run.restart"
    refused = validate(paddlewheel(), steps=10**7, time_limit_s=3.0, restart=path, **SHORT)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.TIME_LIMIT
    assert len(refused.strain_trace) >= 2
    seen = []
    refused = validate(
        paddlewheel(),
        steps=10**7,
        time_limit_s=3.0,
        restart=path,
        on_progress=lambda fraction, text: seen.append(int(text.split()[1].rstrip(","))),
        **SHORT,
    )
    assert seen[0] > 100
    assert len(refused.strain_trace) * 50 == seen[-1]


@pytest.mark.engine
def test_a_run_that_was_rejected_early_can_be_taken_up_again(tmp_path):
    path = tmp_path / "run.restart"
    strict = {"early_reject_strain": 1e-4, "early_reject_window_steps": 200}
    refused = validate(paddlewheel(), steps=500, restart=path, **strict, **SHORT)
    assert refused.reason is Reason.UNSTABLE
    assert len(refused.volume_trace) == len(refused.strain_trace) == 4
    result = validate(paddlewheel(), steps=500, restart=path, early_reject=False, **SHORT)
    assert result.strain_trace[:2] == refused.strain_trace[:2]


@pytest.mark.engine
def test_a_run_that_blew_up_leaves_no_restart_file(tmp_path):
    path = tmp_path / "run.restart"
    options = {"timestep_fs": 60.0, "early_reject": False, "chunk_steps": 1, "checkpoint_steps": 1}
    refused = validate(paddlewheel(), steps=5000, restart=path, supercell=(2, 2, 1), **options)
    assert refused.reason is Reason.BLEW_UP
    assert not path.exists()


@pytest.mark.engine
def test_a_state_that_this_lammps_cannot_read_is_named(tmp_path):
    path = tmp_path / "new" / "run.restart"  # its folder is made
    validate(paddlewheel(), steps=100, restart=path, **SHORT)
    with np.load(path) as content:
        content = dict(content)
    np.savez_compressed(path.open("wb"), **{**content, "state": np.zeros(500, dtype=np.uint8)})
    with pytest.raises(InputError, match="cannot go on from the restart file"):
        validate(paddlewheel(), steps=200, restart=path, **SHORT)


def test_a_restart_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"missing/run\.restart: cannot be written"):
        save(tmp_path / "missing" / "run.restart", HISTORY, RUN)
