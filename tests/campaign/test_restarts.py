"""A validate task whose worker is killed goes on from its restart file; one that is prolonged, too."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mofa.campaign.actions import RESTARTS
from mofa.campaign.tasks import Outcome, Task, TaskKind
from mofa.campaign.work import perform
from mofa.campaign.workplace import Workplace
from mofa.store.codec import decode_as, put_framework
from mofa.store.payloads import Item, Status, TaskResult
from tests.validate.frameworks import paddlewheel

ROOT = Path(__file__).parents[2]
OPTIONS = {"supercell": [2, 2, 1], "chunk_steps": 50, "checkpoint_steps": 100, "steps": 400}
SCRIPT = """
import sys
from tests.campaign.test_restarts import task_in, workplace_in
from mofa.campaign.work import perform
perform(lambda report: False, task_in(sys.argv[1], steps=100_000), workplace_in(sys.argv[1]))
"""
pytestmark = pytest.mark.engine


def workplace_in(folder):
    return Workplace(str(folder), {TaskKind.VALIDATE: OPTIONS})


def task_in(folder, **options):
    ref = put_framework(paddlewheel(), workplace_in(folder).files)
    return Task("validate-000000", TaskKind.VALIDATE, (ref,), {"seed": 3, **options}, "mof")


def traces(completion):
    (item,) = completion.result["items"]
    return item["value"]["strain_trace"]


@pytest.fixture
def folder(tmp_path):
    for name in ("files", "outbox"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for name in ("files", "outbox"):
        (folder / name).mkdir()
    return traces(perform(lambda report: False, task_in(folder), workplace_in(folder)))


def test_a_killed_worker_leaves_a_run_that_goes_on_without_a_gap(folder, uninterrupted):
    worker = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], cwd=ROOT)
    restart = folder / RESTARTS / "mof.restart"
    deadline = time.monotonic() + 60
    while not restart.exists() and worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait(5)
    assert restart.exists()
    completion = perform(lambda report: False, task_in(folder), workplace_in(folder))
    assert traces(completion) == uninterrupted
    assert not restart.exists(), "what is over leaves none"


def test_a_run_that_may_be_prolonged_keeps_its_restart_file(folder, uninterrupted):
    rung = {"rung": 0, "after_steps": 0, "keep_below": 0.25, "steps": 200}
    first = perform(lambda report: False, task_in(folder, **rung), workplace_in(folder))
    assert (folder / RESTARTS / "mof.restart").exists()
    longer = replace(task_in(folder, rung=1, after_steps=200, keep_below=0.0), id="validate-000001")
    second = perform(lambda report: False, longer, workplace_in(folder))
    assert traces(first) == uninterrupted[:4]
    assert traces(second) == uninterrupted
    assert not (folder / RESTARTS / "mof.restart").exists()


def test_a_run_that_is_out_of_time_is_to_go_on(folder):
    long = task_in(folder, steps=10**7, time_limit_s=3.0)
    (item,) = perform(lambda report: False, long, workplace_in(folder)).result["items"]
    assert item["rejected"]["reason"] == "time_limit"
    assert item["value"] == {"goes_on": True}
    assert Outcome.of(TaskResult(Status.DONE, (decode_as(Item, item),))).cut_off
    restart = folder / RESTARTS / "mof.restart"
    assert restart.exists()
    # No checkpoint in all that time: it would never end.
    slow = task_in(folder, steps=10**7, time_limit_s=2.0, checkpoint_steps=10**7)
    restart.unlink()
    (item,) = perform(lambda report: False, slow, workplace_in(folder)).result["items"]
    assert item["rejected"]["reason"] == "time_limit"
    assert item["value"] is None
    assert not restart.exists()


def test_a_lost_mof_keeps_no_restart_file(folder):
    lost = task_in(folder, keep_below=1e-4, steps=100)
    perform(lambda report: False, lost, workplace_in(folder))
    assert not (folder / RESTARTS / "mof.restart").exists()


def test_a_damaged_restart_file_costs_the_run_no_more_than_its_beginning(folder, uninterrupted):
    (folder / RESTARTS).mkdir()
    (folder / RESTARTS / "mof.restart").write_bytes(b"half a fi")
    assert traces(perform(lambda report: False, task_in(folder), workplace_in(folder))) == uninterrupted
