"""``kill -9`` of a running campaign at random moments, then resume: nothing lost, nothing doubled, no orphans.

The last session runs on another task server: a campaign moves between them.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from mofa.campaign import CampaignPlan, SlotPlan, StopReason, StopRules, resume
from mofa.campaign.tasks import Task, TaskKind
from mofa.store.codec import get_json
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import EventKind
from tests.campaign import standins
from tests.compute.processes import marked, wait_until_gone

ROUNDS = 5
ORPHANS_GONE_S = 20.0
SCRIPT = """
import sys
from mofa.store.folder import CampaignFolder
from mofa.campaign import run
from tests.campaign.test_kill import plan
if __name__ == "__main__":
    run(CampaignFolder.open(sys.argv[1]), plan(sys.argv[2], int(sys.argv[3]), sys.argv[4]))
"""


def plan(log, session, server, goal=10_000):
    functions = {**standins.FUNCTIONS, TaskKind.VALIDATE: f"{standins.__name__}:validate_with_child"}
    options = standins.options(log, session, delay_s=0.02)
    rules = StopRules(max_uptakes=goal, grace_s=0.0)
    return CampaignPlan(3, options, stop=rules, slots=SlotPlan.shared(2), server=server, functions=functions)


def finished(folder):
    """What has a result, in the store or in the outbox, in the words of the log."""
    with folder.events() as store:
        events = list(store.read())
    tasks = {event.task_id: Task.from_event(event) for event in events if event.kind is EventKind.SUBMITTED}
    results = {event.task_id for event in events if event.kind is EventKind.RESULT}
    batches = {(event.task_id, event.payload["index"]) for event in events if event.kind is EventKind.BATCH}
    for name in folder.outbox.names():
        if name.batch is None:
            results.add(name.task_id)
        else:
            batches.add((name.task_id, name.batch))
    words = {f"generate {tasks[task_id].options['seed']}/{index}" for task_id, index in batches}
    for task in (tasks[task_id] for task_id in results):
        if task.kind is TaskKind.ASSEMBLE:
            keys = [get_json(ref, folder.files).key for ref in task.inputs]
            words.add(f"assemble {'+'.join(keys)}")
        elif task.kind is not TaskKind.GENERATE:
            words.add(f"{task.kind} {task.options['seed']}")
    return words, results


def ran_in(log, session):
    lines = (line.split(maxsplit=1) for line in Path(log).read_text().splitlines())
    return {what for number, what in lines if int(number) == session}


@pytest.mark.parametrize("server", ["pool", "parsl"])
def test_kill_and_resume(server, tmp_path):
    rng = random.Random(5)
    mark, log = uuid.uuid4().hex, str(tmp_path / "log")
    folder = CampaignFolder.create(tmp_path / "campaign", "")
    env, root = {**os.environ, "MOFA_TEST_MARK": mark}, Path(__file__).parents[2]
    done: set[str] = set()
    results: set[str] = set()
    for session in range(ROUNDS):
        before_events = len(results)
        command = [sys.executable, "-c", SCRIPT, str(folder.root), log, str(session), server]
        main = subprocess.Popen(command, env=env, cwd=root)
        deadline = time.monotonic() + 40
        while len(finished(folder)[1]) == before_events and main.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(rng.uniform(0.0, 0.7))
        assert main.poll() is None, "the campaign was alive until it was killed"
        main.kill()
        main.wait()
        assert wait_until_gone(mark, ORPHANS_GONE_S) == [], "no process outlives the campaign"
        assert not folder.is_running()
        again, earlier = done & ran_in(log, session), results
        assert again == set(), "what was finished before this session ran again in it"
        done, results = finished(folder)
        assert earlier <= results, "what was finished is still there"
    assert len(results) > 10 * ROUNDS
    with folder.events() as store:
        goal = 3 + sum(e.kind is EventKind.RESULT and e.task_kind == TaskKind.ADSORB for e in store.read())
    other = {"pool": "parsl", "parsl": "pool"}[server]
    summary = resume(folder.root, plan(log, ROUNDS, other, goal))
    assert summary.stopped is StopReason.MAX_UPTAKES
    assert done & ran_in(log, ROUNDS) == set()
    assert results <= finished(folder)[1]
    assert folder.outbox.names() == []
    assert marked(mark) == []
