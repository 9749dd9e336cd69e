"""A new model is used at once: generate tasks of an older one end with their next batch, wherever they run."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.campaign import CampaignPlan, PolicySettings, SlotPlan, StopRules, TaskKind, resume, start
from mofa.campaign.curriculum import CurriculumSettings
from mofa.campaign.polaris import paper_layout, paper_policy
from mofa.campaign.policy import Policy
from mofa.campaign.settings import DOWNSTREAM_FIRST, Pool
from mofa.campaign.simulation import simulate
from mofa.campaign.state import CampaignState
from mofa.campaign.tasks import Batch, Outcome, Product, Task, event_id
from mofa.campaign.work import perform
from mofa.campaign.workplace import Workplace
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind, Item, Status, TaskResult
from mofa.store.performance import Latency
from mofa.store.records import load
from tests.campaign import standins

K = TaskKind
TRAINING = Task("train-000000", K.TRAIN, options={"model_version": 1, "ranked_by": "strain", "candidates": 64})
NEW_MODEL = Outcome(True, (Product("model-0001", "weights-1"),))


def test_tasks_of_an_older_model_are_outdated_until_they_end():
    policy = Policy(PolicySettings(max_waiting_batches=8), seed=1)
    first, second = policy.next(K.GENERATE), policy.next(K.GENERATE)
    policy.begin(TRAINING)
    assert policy.outdated() == ()
    policy.on_result(TRAINING, NEW_MODEL)
    assert policy.outdated() == (first.id, second.id)
    third = policy.next(K.GENERATE)
    assert third.options["model_version"] == 1
    policy.on_stream(first, Batch(f"{first.id}/0", "ref", 4))
    policy.on_result(first, Outcome())
    assert policy.outdated() == (second.id,)
    policy.on_result(second, Outcome())
    policy.on_result(third, Outcome(ok=False))
    assert policy.outdated() == ()


def test_what_older_models_have_left_waits_behind_what_the_newest_gives():
    policy = Policy(PolicySettings(max_waiting_batches=3), seed=1)
    old = policy.next(K.GENERATE)
    for index in range(2):
        policy.on_stream(old, Batch(f"{old.id}/{index}", f"old-{index}", 4))
    assert policy.choose(K.GENERATE) is None, "a batch more would be one too many"
    policy.begin(TRAINING)
    policy.on_result(TRAINING, NEW_MODEL)
    new = policy.next(K.GENERATE)
    assert new is not None, "the new model need not wait for that"
    policy.on_stream(old, Batch(f"{old.id}/2", "old-2", 4))
    policy.on_stream(new, Batch(f"{new.id}/0", "new-0", 4))
    assert policy.waiting()[K.PROCESS] == 4
    order = [policy.next(K.PROCESS).inputs for _ in range(4)]
    assert order == [("new-0",), ("old-0",), ("old-1",), ("old-2",)]
    assert policy.choose(K.PROCESS) is None


def test_a_task_that_was_stopped_before_its_first_batch_does_not_end_generation():
    policy = Policy(PolicySettings(), seed=1)
    old = policy.next(K.GENERATE)
    policy.begin(TRAINING)
    policy.on_result(TRAINING, NEW_MODEL)
    policy.on_result(old, Outcome())
    new = policy.next(K.GENERATE)
    assert new is not None
    policy.on_result(new, Outcome())
    assert policy.next(K.GENERATE) is None, "that one was not stopped: its family has run dry"


def test_a_training_without_a_model_stops_nothing_and_so_does_the_papers_policy():
    policy = Policy(PolicySettings(), seed=1)
    policy.next(K.GENERATE)
    policy.begin(TRAINING)
    policy.on_result(TRAINING, Outcome())
    assert policy.outdated() == ()
    patient = Policy(PolicySettings(restart_on_new_model=False), seed=1)
    patient.next(K.GENERATE)
    patient.begin(TRAINING)
    patient.on_result(TRAINING, NEW_MODEL)
    assert patient.outdated() == ()


SOON = CurriculumSettings(first_after=3, min_examples=1, uptakes_to_switch=4)


def random_history(seed, n_steps):
    """Events of a campaign in which everything that may happen happens at random, trainings included."""
    rng = random.Random(seed)
    state, events = CampaignState(Policy(PolicySettings(curriculum=SOON), seed=seed)), []

    def record(task, kind, payload, serial=None):
        event = Event(event_id(task.id, kind, serial), 0.0, kind, task.id, task.kind, payload)
        events.append(event)
        state.apply(event)

    for _ in range(n_steps):
        running = list(state.unfinished.values())
        if running and rng.random() < 0.5:
            task = rng.choice(running)
            if task.kind is K.GENERATE and (not state.batches[task.id] or rng.random() < 0.5):
                index = state.batches[task.id]
                payload = {"index": index, "ref": f"{task.id}-{index}", "n": 4, "family": task.subject}
                record(task, EventKind.BATCH, payload, index)
            else:
                record(task, EventKind.RESULT, result_of(task, rng).to_json())
        else:
            kind = rng.choice([K.GENERATE, K.TRAIN, K.PROCESS])
            task = state.policy.choose(kind)
            if task is not None:
                record(task, EventKind.SUBMITTED, task.to_json())
        if rng.random() < 0.3:
            task = Task(f"validate-x{len(events):06d}", K.VALIDATE, ("mof", "linker"), {}, f"mof-{len(events)}")
            record(task, EventKind.SUBMITTED, task.to_json())
            record(task, EventKind.RESULT, TaskResult(Status.DONE, (Item(task.subject, "md", score=0.1),)).to_json())
    return state, events


def result_of(task, rng):
    if rng.random() < 0.2:
        return TaskResult(Status.CRASHED, detail="random")
    if task.kind is K.TRAIN and rng.random() < 0.8:
        version = task.options["model_version"]
        value = {"version": version, "generator": "random", "method": "", "n_examples": 1, "metrics": {}, "cpu_s": 0.0}
        return TaskResult(Status.DONE, (Item(f"model-{version:04d}", f"weights-{version}", value=value),))
    return TaskResult(Status.DONE)


@given(st.integers(0, 10**6), st.integers(0, 200))
@settings(max_examples=40, deadline=None)
def test_what_is_outdated_follows_from_the_events_alone(seed, n_steps):
    state, events = random_history(seed, n_steps)
    again = CampaignState(Policy(PolicySettings(curriculum=SOON), seed=seed))
    again.replay(events)
    assert again.policy.state() == state.policy.state()
    running = [task for task in again.unfinished.values() if task.kind is K.GENERATE]
    newest = again.policy.model_version
    expected = [task.id for task in running if task.options["model_version"] < newest]
    assert sorted(again.policy.outdated()) == sorted(expected)
    assert newest == max((model.version for model in again.projection.records().models), default=0)


def test_random_histories_hold_new_models_beside_running_tasks():
    found = [random_history(seed, 200)[0].policy for seed in range(20)]
    assert sum(policy.model_version > 0 for policy in found) > 10
    assert sum(bool(policy.outdated()) for policy in found) > 5


@pytest.mark.parametrize(("stops_at", "n_batches"), [(0, 5), (1, 6), (2, 7), (99, 9)])
def test_a_worker_ends_a_stream_at_the_next_batch_and_counts_what_it_gave(stops_at, n_batches, tmp_path):
    folder = CampaignFolder.create(tmp_path / "c", "")
    options = {K.GENERATE: {"n": 36, "batch_size": 4, "log": "", "session": 0, "delay_s": 0.0}}
    workplace = Workplace(str(folder.root), options, standins.FUNCTIONS)
    emitted = []

    def emit(item):
        emitted.append(item)
        return len(emitted) > stops_at

    task = Task("generate-000000", K.GENERATE, options={"family": "BCA", "seed": 1, "model_version": 0})
    result = TaskResult.from_json(perform(emit, task, workplace, start_batch=5).result)
    assert (result.status, result.n_batches) == (Status.DONE, n_batches)
    batches = [name for name in folder.outbox.names() if name.batch is not None]
    assert sorted(name.batch for name in batches) == list(range(5, n_batches))


LONG_BATCHES = 400


def long_streams(server, **changes):
    """A campaign whose generate tasks would outlast it."""
    others = tuple(kind for kind in DOWNSTREAM_FIRST if kind is not K.GENERATE)
    functions = standins.options(delay_s=0.0)
    functions[K.GENERATE] |= {"n": 4 * LONG_BATCHES, "batch_size": 4, "delay_s": 0.05}
    plan = CampaignPlan(
        seed=3,
        options=functions,
        functions=standins.FUNCTIONS,
        policy=PolicySettings(
            curriculum=CurriculumSettings(first_after=8, min_examples=4, uptakes_to_switch=12),
            max_mofs_per_linker=20,
        ),
        stop=StopRules(max_validated=30, max_minutes=1.0, grace_s=0.5),
        slots=SlotPlan({"linkers": Pool(2, (K.GENERATE,)), "rest": Pool(1, others)}),
        server=server,
    )
    return replace(plan, **changes)


@pytest.mark.parametrize("server", ["pool", "parsl"])
def test_running_streams_change_to_a_new_model_at_the_next_batch(server, tmp_path):
    plan = long_streams(server)
    start(tmp_path / "c", plan)
    with CampaignFolder.open(tmp_path / "c").events(read_only=True) as events:
        history = list(events.read())
    version_of = {
        event.task_id: event.payload["options"]["model_version"]
        for event in history
        if event.kind is EventKind.SUBMITTED and event.task_kind == K.GENERATE
    }
    trained = [event for event in history if event.kind is EventKind.RESULT and event.task_kind == K.TRAIN]
    assert len(trained) > 1
    for version, training in enumerate(trained, start=1):
        late = [
            event
            for event in history
            if event.kind is EventKind.BATCH
            and version_of[event.task_id] < version
            and event.payload["made_s"] > training.time_s + 1.0
        ]
        assert late == [], "a stream of an older model went on"
    ended = [event for event in history if event.kind is EventKind.RESULT and event.task_kind == K.GENERATE]
    assert ended, "tasks that were asked to end have a result"
    assert all(event.payload["n_batches"] < LONG_BATCHES for event in ended)
    streamed = {version_of[event.task_id] for event in history if event.kind is EventKind.BATCH}
    # Stand-in trainings follow each other within 0.1 s: the campaign may end before the last are drawn from.
    assert max(streamed) >= 3 * len(trained) // 4, "new models are drawn from"
    new_linkers = records_latency(load(tmp_path / "c"))
    assert new_linkers is not None
    assert new_linkers.median_s < 2.0
    replayed = CampaignState(Policy(plan.policy, seed=plan.seed), plan.limits)
    replayed.replay(history)
    assert replayed.policy.model_version == len(trained)
    if server == "parsl":
        return
    resume(tmp_path / "c", replace(plan, stop=StopRules(max_validated=36, max_minutes=1.0, grace_s=0.5)))
    with CampaignFolder.open(tmp_path / "c").events(read_only=True) as events:
        assert len(list(events.read())) > len(history), "it goes on after that"


def records_latency(records):
    from mofa.store.performance import measure, spans_of

    return measure(spans_of(records), records.sessions, records.batches).latencies[Latency.NEW_LINKERS]


def test_the_simulator_uses_a_new_model_sooner_when_streams_end_early():
    slots = paper_layout(32)
    found = {}
    for restart in (False, True):
        policy = replace(paper_policy(slots), restart_on_new_model=restart)
        result = simulate(CampaignPlan(slots=slots, policy=policy), hours=1.0, seed=1)
        found[restart] = result.performance().latencies[Latency.NEW_LINKERS]
        assert (
            simulate(CampaignPlan(slots=slots, policy=policy), hours=0.3, seed=1).spans
            == simulate(CampaignPlan(slots=slots, policy=policy), hours=0.3, seed=1).spans
        )
    assert found[True].mean_s < found[False].mean_s
