"""Whole campaigns on stand-ins: same decisions, orderly ends, crashes, and nothing lost or doubled."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from mofa.campaign import CampaignPlan, PolicySettings, Silent, SlotPlan, StopReason, StopRules, TaskKind, resume, start
from mofa.campaign.settings import DOWNSTREAM_FIRST
from mofa.campaign.tasks import Task
from mofa.campaign.work import perform
from mofa.campaign.workplace import TASK_FUNCTIONS, Workplace
from mofa.chemistry import Reason, Stage
from mofa.compute import Cause, Lost
from mofa.compute.inline import InlineServer
from mofa.errors import CampaignError, EngineError, EngineMissingError
from mofa.store.folder import CampaignFolder
from mofa.store.outbox import OutboxName
from mofa.store.payloads import EventKind, Status
from mofa.store.records import load
from tests.campaign import standins

K = TaskKind


def plan(server="inline", workers=1, **changes):
    base = CampaignPlan(
        seed=3,
        options=standins.options(),
        functions=standins.FUNCTIONS,
        stop=StopRules(max_uptakes=5, grace_s=0.2),
        slots=SlotPlan.shared(workers),
        server=server,
    )
    return replace(base, **changes)


def with_function(kind, name):
    return {**standins.FUNCTIONS, kind: f"{standins.__name__}:{name}"}


def history(path):
    """Everything that happened, without clocks and process ids."""
    with CampaignFolder.open(path).events() as store:
        found = []
        for event in store.read():
            payload = {key: value for key, value in event.payload.items() if key not in ("timing", "made_s")}
            found.append((event.event_id, json.dumps(payload, sort_keys=True)))
    return found


class Watcher(Silent):
    def __init__(self, then=lambda event: None):
        self.events, self.snapshots, self.then = [], [], then

    def on_event(self, event):
        self.events.append(event)
        self.then(event)

    def on_tick(self, snapshot):
        self.snapshots.append(snapshot)


def interrupt_at(event_id_part):
    """A watcher that presses Ctrl-C when such an event is committed."""

    def press(event):
        if event_id_part in event.event_id:
            signal.raise_signal(signal.SIGINT)

    return Watcher(press)


def cut_off_in_validate(path):
    """A campaign that was interrupted while it validated a MOF: its folder and that task."""
    hanging = plan("pool", functions=with_function(K.VALIDATE, "hang"), stop=StopRules(grace_s=0.0))
    summary = start(path, hanging, listener=interrupt_at("validate-000000/submitted"))
    assert (summary.stopped, summary.unfinished) == (StopReason.INTERRUPTED, 1)
    folder = CampaignFolder.open(path)
    with folder.events() as events:
        return folder, next(Task.from_event(event) for event in events.read() if event.task_kind == K.VALIDATE)


def test_the_same_seed_gives_the_same_campaign(tmp_path):
    for name in "ab":
        start(tmp_path / name, plan())
    start(tmp_path / "c", plan(seed=4))
    assert history(tmp_path / "a") == history(tmp_path / "b") != history(tmp_path / "c")


@pytest.mark.parametrize("slots", [SlotPlan.shared(2), SlotPlan.separate(dict.fromkeys(DOWNSTREAM_FIRST, 1))])
def test_a_pool_runs_the_campaign_and_records_it(tmp_path, slots):
    watcher = Watcher()
    summary = start(tmp_path / "c", plan("pool", slots=slots), "[stop]\n", listener=watcher)
    assert summary.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    assert records.funnel == summary.funnel == watcher.snapshots[-1].funnel
    assert records.n_events == len(watcher.events)
    ranking = records.ranking()
    assert len(ranking) == summary.funnel.uptakes >= 5
    best = ranking[0]
    assert best.id == watcher.snapshots[-1].best.id
    assert best.trainable
    assert best.charges is not None
    assert best.uptake is not None
    assert best.uptake.charge_method == "stand-in"
    assert len(best.lineage.linkers) == 3
    assert set(best.lineage.linker_keys) <= set(records.linkers)
    assert CampaignFolder.open(tmp_path / "c").files.path(best.best_ref).is_file()
    for count in records.funnel.stages:
        assert count.entered == count.passed + sum(count.reasons.values()), count.stage
    assert records.funnel.stage(Stage.PROCESS).reasons[Reason.VALENCE] > 0
    finished = [task for task in records.tasks.values() if task.status is Status.DONE]
    assert all(task.wall_s is not None and task.wall_s >= 0 and task.worker for task in finished)
    assert CampaignFolder.open(tmp_path / "c").outbox.names() == []


def test_a_campaign_ends_when_nothing_is_left(tmp_path):
    rules = PolicySettings(max_generated=24)
    summary = start(tmp_path / "c", plan(policy=rules, stop=StopRules()))
    assert summary.stopped is StopReason.EXHAUSTED
    assert summary.unfinished == 0
    records = load(tmp_path / "c")
    assert all(mof.uptake is not None or mof.rejected is not None for mof in records.mofs.values())
    again = resume(tmp_path / "c", plan(policy=rules, stop=StopRules()))
    assert again.stopped is StopReason.EXHAUSTED
    assert load(tmp_path / "c").n_events == records.n_events + 1, "the session, and nothing else"


def test_resume_goes_on_to_a_further_goal_on_another_server(tmp_path):
    start(tmp_path / "c", plan())
    before = history(tmp_path / "c")
    summary = resume(tmp_path / "c", plan("pool", workers=2, stop=StopRules(max_validated=30, grace_s=0.2)))
    assert summary.stopped is StopReason.MAX_VALIDATED
    after = history(tmp_path / "c")
    assert after[: len(before)] == before
    assert len({event_id for event_id, _ in after}) == len(after)


def test_minutes_end_a_campaign_and_cut_off_what_runs(tmp_path):
    slow = plan("pool", functions=with_function(K.VALIDATE, "hang"), stop=StopRules(max_minutes=0.1, grace_s=0.1))
    summary = start(tmp_path / "c", slow)
    assert summary.stopped is StopReason.MAX_MINUTES
    assert summary.elapsed_s < 12
    assert [task.kind for task in load(tmp_path / "c").unfinished()] == [K.VALIDATE]
    summary = resume(tmp_path / "c", plan("pool"))
    assert summary.stopped is StopReason.MAX_UPTAKES


def test_a_signal_ends_a_campaign_in_order(tmp_path):
    handler = signal.getsignal(signal.SIGINT)
    summary = start(tmp_path / "c", plan("pool"), listener=interrupt_at("adsorb-000000/result"))
    assert summary.stopped is StopReason.INTERRUPTED
    assert summary.funnel.uptakes == 1
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_signal_ends_it_at_once(tmp_path):
    def interrupt(event):
        if event.kind is EventKind.SUBMITTED and event.task_kind == K.VALIDATE:
            signal.raise_signal(signal.SIGTERM)
            threading.Timer(0.3, signal.raise_signal, [signal.SIGTERM]).start()

    functions = with_function(K.VALIDATE, "hang")
    endless = plan("pool", functions=functions, stop=StopRules(grace_s=600.0))
    summary = start(tmp_path / "c", endless, listener=Watcher(interrupt))
    assert summary.stopped is StopReason.INTERRUPTED
    assert summary.unfinished == 1
    assert resume(tmp_path / "c", plan("pool")).stopped is StopReason.MAX_UPTAKES


@pytest.mark.parametrize(("name", "words"), [("fail", "ZeroDivisionError: a bug in an engine"), ("crash", "Aborted")])
def test_a_task_that_always_crashes_is_refused_and_the_campaign_goes_on(tmp_path, name, words):
    log = tmp_path / "log"
    rules = StopRules(max_minutes=1.0, max_crashes_in_a_row=2)
    crashing = plan(
        "pool",
        functions=with_function(K.VALIDATE, name),
        options=standins.options(str(log)),
        stop=rules,
        policy=PolicySettings(max_generated=60, max_mofs_per_linker=1),
    )
    with pytest.raises(EngineError, match=r"2 validate tasks in a row crashed.*mofa resume"):
        start(tmp_path / "c", crashing)
    records = load(tmp_path / "c")
    refused = [rejection for rejection in records.rejections if rejection.reason is Reason.CRASHED]
    assert len(refused) == 2
    assert all(records.mofs[rejection.key].rejected is rejection for rejection in refused)
    report = CampaignFolder.open(tmp_path / "c").files.get(refused[0].ref).decode()
    assert words in report
    runs = Counter(line.split()[2] for line in log.read_text().splitlines() if " validate " in line)
    assert set(runs.values()) == {2}, "each is tried once more"
    assert any("was lost, attempt 1" in note for note in records.notes)
    resumed = resume(tmp_path / "c", replace(crashing, functions=standins.FUNCTIONS, stop=StopRules(max_uptakes=1)))
    assert resumed.funnel.uptakes == 1


def test_a_hung_task_is_killed_and_refused(tmp_path):
    hanging = plan(
        "pool",
        functions=with_function(K.VALIDATE, "hang"),
        hard_limits_s={K.VALIDATE: 0.2},
        policy=PolicySettings(max_generated=24, max_mofs_per_linker=1),
        stop=StopRules(max_minutes=0.05, grace_s=0.1),
    )
    start(tmp_path / "c", hanging)
    reasons = {rejection.reason for rejection in load(tmp_path / "c").rejections if rejection.stage is Stage.VALIDATE}
    assert reasons == {Reason.TIME_LIMIT}


def test_a_missing_engine_ends_the_campaign_with_its_message(tmp_path):
    absent = plan("pool", functions={**standins.FUNCTIONS, K.VALIDATE: "no_such_engine:validate"})
    with pytest.raises(EngineMissingError, match="no_such_engine"):
        start(tmp_path / "c", absent)
    assert resume(tmp_path / "c", plan()).stopped is StopReason.MAX_UPTAKES


def test_two_thinkers_cannot_run_one_campaign(tmp_path):
    folder = CampaignFolder.create(tmp_path / "c", "")
    with folder.lock(), pytest.raises(CampaignError, match="another process"):
        resume(tmp_path / "c", plan())


def test_a_result_left_in_the_outbox_is_taken_not_computed_again(tmp_path):
    log = tmp_path / "log"
    folder, task = cut_off_in_validate(tmp_path / "c")
    perform(lambda item: None, task, Workplace(str(folder.root), standins.options(), standins.FUNCTIONS))
    assert folder.outbox.names() == [OutboxName(task.id)]
    resume(tmp_path / "c", plan(options=standins.options(str(log))))
    assert f"validate {task.options['seed']}" not in log.read_text()
    assert load(tmp_path / "c").tasks[task.id].status is Status.DONE
    assert folder.outbox.names() == []


def test_damaged_and_foreign_results_do_not_stop_a_resume(tmp_path, caplog):
    folder, cut_off = cut_off_in_validate(tmp_path / "c")
    box = folder.outbox
    (box.root / f"{cut_off.id}.json").write_bytes(b"rubbish")
    box.write(OutboxName("validate-999999"), {"status": "done"})
    assert resume(tmp_path / "c", plan()).stopped is StopReason.MAX_UPTAKES
    assert load(tmp_path / "c").tasks[cut_off.id].status is Status.DONE
    assert len(list((box.root / "damaged").iterdir())) == 2
    assert "set aside" in caplog.text


def test_an_interrupted_stream_goes_on_where_it_was(tmp_path):
    log = tmp_path / "log"
    options = standins.options(str(log))
    slow = {**options, K.GENERATE: {**options[K.GENERATE], "delay_s": 0.3}}
    interrupted = plan("pool", options=slow, stop=StopRules(grace_s=0.0))
    summary = start(tmp_path / "c", interrupted, listener=interrupt_at("generate-000000/batch-0"))
    assert summary.unfinished >= 1
    resume(tmp_path / "c", plan("pool", options=options))
    runs = Counter(line.split(maxsplit=1)[1] for line in log.read_text().splitlines() if " generate " in line)
    first = [event_id for event_id, _ in history(tmp_path / "c") if event_id.startswith("generate-000000/batch")]
    assert first == ["generate-000000/batch-0", "generate-000000/batch-1", "generate-000000/batch-2"]
    recorded = {line for line in runs if line.endswith("/0")}
    assert all(runs[line] == 1 for line in recorded), "a recorded batch is not made again"


@pytest.mark.parametrize("server", ["pool", "parsl"])
def test_one_poisoned_linker_is_refused_alone(server, tmp_path):
    poisoned = plan(server, functions=with_function(K.PROCESS, "process_or_crash"), stop=StopRules(max_uptakes=3))
    start(tmp_path / "c", poisoned)
    records = load(tmp_path / "c")
    crashed = [found for found in records.rejections if found.reason is Reason.CRASHED]
    assert crashed
    assert {found.stage for found in crashed} == {Stage.PROCESS}
    assert all("signal SIGABRT" in found.detail for found in crashed)
    assert any(task.attempts_lost for task in records.tasks.values())
    assert all(task.status is not Status.CRASHED for task in records.tasks.values()), "the rest of the batch is kept"
    numbers = [int(key.removeprefix("KEY")) for key in records.linkers]
    assert all(number % 10 != 7 for number in numbers)


class LosingServer(InlineServer):
    """Loses every validate call some times before it runs it."""

    def __init__(self, pools, settings=None):
        super().__init__(pools, settings)
        self.losses = Counter()
        self.lost = []

    def submit(self, key, pool, fn, *args):
        if key.startswith("validate") and self.losses[key] < LOSSES:
            self.losses[key] += 1
            self.lost.append(Lost(key, Cause.NODE_LOST, "the node is gone"))
        else:
            super().submit(key, pool, fn, *args)

    def wait(self, timeout_s):
        lost, self.lost = self.lost, []
        return [*lost, *super().wait(timeout_s)]


LOSSES = 3


def test_the_loss_of_nodes_is_not_held_against_a_task(tmp_path, monkeypatch):
    monkeypatch.setattr("mofa.campaign.running.SERVERS", SimpleNamespace(load=lambda name: LosingServer))
    summary = start(tmp_path / "c", plan(retries=0))
    assert summary.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    assert not [found for found in records.rejections if found.reason is Reason.CRASHED]
    assert sum("was lost with its node" in note for note in records.notes) >= LOSSES * summary.funnel.simulated
    monkeypatch.setitem(globals(), "LOSSES", 99)
    with pytest.raises(EngineError, match="the node is gone"):
        start(tmp_path / "d", plan(retries=0, stop=StopRules(max_crashes_in_a_row=1)))


def test_waiting_for_a_worker_is_not_counted_as_running(tmp_path):
    limits = dict.fromkeys(K, 0.15)
    slow = plan(options=standins.options(delay_s=0.05), slots=SlotPlan.shared(8), hard_limits_s=limits)
    start(tmp_path / "c", slow)
    assert not [found for found in load(tmp_path / "c").rejections if found.reason is Reason.TIME_LIMIT]


def test_what_a_crashed_task_leaves_is_kept_in_full(tmp_path):
    crashing = plan("pool", functions=with_function(K.VALIDATE, "crash"), stop=StopRules(max_crashes_in_a_row=1))
    with pytest.raises(EngineError, match="crashed"):
        start(tmp_path / "c", crashing)
    (kept,) = (tmp_path / "c" / "crashed").iterdir()
    assert kept.name.startswith("validate-")
    task = json.loads((kept / "task.json").read_text())
    assert task["kind"] == "validate"
    assert (kept / task["inputs"][0]).read_text().startswith("data_")
    assert "Aborted" in (kept / "error.txt").read_text()
    assert len(list((kept / "scratch").glob("attempt-*"))) == 2, "one working directory for each attempt"
    (refusal,) = load(tmp_path / "c").rejections[-1:]
    assert f"kept in crashed/{kept.name}" in refusal.detail
    assert not (tmp_path / "c" / "work" / kept.name).exists()


def test_inline_and_parsl_take_the_same_decisions(tmp_path):
    for server in ("inline", "parsl"):
        start(tmp_path / server, plan(server, stop=StopRules(max_uptakes=5)))
    inline, parsl = (history(tmp_path / server)[1:] for server in ("inline", "parsl"))
    assert inline == parsl


def test_every_kind_of_work_is_bound_to_a_task_function():
    assert set(TASK_FUNCTIONS) == set(TaskKind)
