"""The policy decides as the paper says, is pure, and comes back from its events."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.campaign.curriculum import CurriculumSettings, Example, training_set
from mofa.campaign.policy import Policy
from mofa.campaign.settings import DOWNSTREAM_FIRST, CampaignPlan, PolicySettings, Pool, SlotPlan
from mofa.campaign.state import CampaignState
from mofa.campaign.tasks import Batch, Outcome, Product, Task, TaskKind, event_id
from mofa.chemistry import Reason, Rejected
from mofa.errors import ConfigError
from mofa.store.payloads import Event, EventKind, Item, Status, TaskResult

K = TaskKind


def add_linkers(policy, family, numbers):
    task = Task("process-x", K.PROCESS)
    products = tuple(Product(f"{family}{n}", f"ref-{family}{n}", family) for n in numbers)
    policy.on_result(task, Outcome(True, products))


def add_mof(policy, key):
    policy.on_result(Task("assemble-x", K.ASSEMBLE), Outcome(True, (Product(key, f"ref-{key}"),)))


def add_strain(policy, key, strain):
    task = Task("validate-x", K.VALIDATE, subject=key)
    policy.on_result(task, Outcome(True, (Product(key, f"md-{key}", score=strain),)))


def finish(policy, task, *products):
    policy.on_result(task, Outcome(True, products))


def stocked(n=8, **rules):
    policy = Policy(PolicySettings(**rules), seed=1)
    add_linkers(policy, "BCA", range(n))
    add_linkers(policy, "BZN", range(n))
    return policy


def test_families_take_turns_and_every_task_has_its_own_seed():
    policy = Policy(PolicySettings(), seed=1)
    tasks = [policy.next(K.GENERATE) for _ in range(4)]
    assert [task.options["family"] for task in tasks] == ["BCA", "BZN", "BCA", "BZN"]
    assert len({task.options["seed"] for task in tasks}) == 4
    assert [task.id for task in tasks] == [f"generate-{n:06d}" for n in range(4)]


def test_generation_waits_while_processing_lags_and_every_batch_is_processed():
    policy = Policy(PolicySettings(max_waiting_batches=3), seed=1)
    task = policy.next(K.GENERATE)
    for index in range(3):
        policy.on_stream(task, Batch(f"{task.id}/{index}", f"ref-{index}", 16))
    assert policy.choose(K.GENERATE) is None
    assert [policy.next(K.PROCESS).inputs for _ in range(3)] == [("ref-0",), ("ref-1",), ("ref-2",)]
    assert policy.next(K.PROCESS) is None
    assert policy.choose(K.GENERATE) is not None


def test_generation_ends_when_told_or_when_a_family_runs_dry():
    limited = Policy(PolicySettings(max_generated=16), seed=1)
    limited.on_stream(limited.next(K.GENERATE), Batch("b", "r", 16))
    assert limited.choose(K.GENERATE) is None
    dry = Policy(PolicySettings(), seed=1)
    finish(dry, dry.next(K.GENERATE))
    assert dry.choose(K.GENERATE) is None
    crashed = Policy(PolicySettings(), seed=1)
    crashed.on_result(crashed.next(K.GENERATE), Outcome(ok=False))
    assert crashed.choose(K.GENERATE) is not None, "a crash says nothing about the generator's stock"


@pytest.mark.parametrize(("bca", "bzn", "starts"), [(3, 9, False), (9, 3, False), (4, 4, True)])
def test_assembly_waits_for_four_linkers_of_each_family(bca, bzn, starts):
    policy = Policy(PolicySettings(), seed=1)
    add_linkers(policy, "BCA", range(bca))
    add_linkers(policy, "BZN", range(bzn))
    assert (policy.choose(K.ASSEMBLE) is not None) is starts


def test_assembly_follows_the_recipe_and_draws_from_the_newest():
    policy = stocked(100, linker_window=5, assembly_slots=5)
    for _ in range(5):
        refs = policy.next(K.ASSEMBLE).inputs
        assert [ref[4:7] for ref in refs] == ["BCA", "BCA", "BZN"]
        assert all(int(ref[7:]) >= 95 for ref in refs)


@pytest.mark.parametrize("per_task", [1, 7])
def test_no_combination_is_tried_twice_and_no_linker_is_overused(per_task):
    policy = stocked(6, max_mofs_per_linker=4, mofs_per_assembly=per_task, assembly_slots=100)
    seen, uses = set(), Counter()
    while (task := policy.next(K.ASSEMBLE)) is not None:
        for start in range(0, len(task.inputs), 3):
            refs = task.inputs[start : start + 3]
            assert tuple(sorted(refs)) not in seen
            seen.add(tuple(sorted(refs)))
            uses.update(set(refs))
    assert max(uses.values()) == 4
    assert len(seen) >= 12, "six BCA linkers, four uses, two to a MOF"
    add_linkers(policy, "BCA", [100])
    add_linkers(policy, "BZN", [100])
    assert policy.choose(K.ASSEMBLE) is not None


def test_mofs_are_validated_newest_first_and_the_oldest_dropped():
    policy = Policy(PolicySettings(max_waiting_mofs=3), seed=1)
    for key in "abcde":
        add_mof(policy, key)
    assert policy.next(K.VALIDATE).subject == "e"
    add_mof(policy, "f")
    assert [policy.next(K.VALIDATE).subject for _ in range(3)] == ["f", "d", "c"]
    assert policy.next(K.VALIDATE) is None


def test_of_mofs_that_come_together_the_most_promising_is_validated_first():
    policy = Policy(PolicySettings(), seed=1)
    add_mof(policy, "old")
    mofs = tuple(Product(key, f"ref-{key}", score=score) for key, score in (("a", 0.2), ("b", 0.05), ("c", 0.1)))
    policy.on_result(Task("assemble-y", K.ASSEMBLE), Outcome(True, mofs))
    assert [policy.next(K.VALIDATE).subject for _ in range(4)] == ["b", "c", "a", "old"]


def test_a_mof_that_was_seen_before_is_not_validated_again():
    policy = Policy(PolicySettings(), seed=1)
    add_mof(policy, "a")
    policy.next(K.VALIDATE)
    add_mof(policy, "a")
    assert policy.choose(K.VALIDATE) is None


def test_the_most_stable_goes_on_and_only_below_the_limit():
    policy = Policy(PolicySettings(), seed=1)
    for key, strain in (("a", 0.2), ("b", 0.05), ("c", 0.25), ("d", 0.1), ("e", 0.05)):
        add_strain(policy, key, strain)
    assert [policy.next(K.OPTIMIZE).subject for _ in range(4)] == ["b", "e", "d", "a"]
    assert policy.next(K.OPTIMIZE) is None


def test_the_chain_hands_structures_on_and_ends_where_one_is_refused():
    policy = Policy(PolicySettings(), seed=1)
    add_strain(policy, "a", 0.1)
    add_strain(policy, "b", 0.2)
    first = policy.next(K.OPTIMIZE)
    assert first.inputs == ("md-a",)
    finish(policy, first, Product("a", "relaxed-a"))
    charges = policy.next(K.CHARGES)
    assert charges.inputs == ("relaxed-a",)
    finish(policy, charges, Product("a", "charged-a"))
    assert policy.next(K.ADSORB).inputs == ("charged-a",)
    finish(policy, policy.next(K.OPTIMIZE))
    assert policy.next(K.CHARGES) is None


def test_simulation_seeds_do_not_depend_on_the_order_of_work():
    one, two = Policy(PolicySettings(), seed=1), Policy(PolicySettings(), seed=1)
    for key in "ab":
        add_mof(one, key)
    for key in "ba":
        add_mof(two, key)
    assert {t.subject: t.options["seed"] for t in (one.next(K.VALIDATE), one.next(K.VALIDATE))} == {
        t.subject: t.options["seed"] for t in (two.next(K.VALIDATE), two.next(K.VALIDATE))
    }
    assert Policy(PolicySettings(), seed=2).next(K.GENERATE) != Policy(PolicySettings(), seed=1).next(K.GENERATE)


def outcome_of(task, rng):
    """A random result of a task."""
    if rng.random() < 0.1:
        return TaskResult(Status.CRASHED, detail="random")
    if task.kind is K.GENERATE:
        return TaskResult(Status.DONE)
    items = []
    for n in range(rng.randint(0, 6) if task.kind is K.PROCESS else 1):
        if rng.random() < 0.2:
            refused = f"{task.id}/{n}" if task.kind in (K.PROCESS, K.ASSEMBLE) else task.subject
            items.append(Item(refused, rejected=Rejected(task.kind, Reason.UNREADABLE, "random")))
            continue
        key, value = task.subject, {}
        if task.kind is K.PROCESS:
            key, value = f"linker-{rng.randrange(300)}", {"smiles": "C", "source": "random", "n_atoms": 1}
        elif task.kind is K.ASSEMBLE:
            key, value = f"mof-{rng.randrange(1000)}", {"name": "m", "n_atoms": 1, "lineage": {}}
        value |= {
            "strain": 0.1, "strain_inverted": 0.1, "strain_trace": [], "steps": 1, "steps_per_chunk": 1, "cpu_s": 0.0,
            "timestep_fs": 0.5, "temperature_k": 300.0, "pressure_pa": 1e5, "supercell": [1, 1, 1], "method": "random",
            "volume_ratio": 1.0, "energy_ev": 0.0, "max_force_ev_per_ang": 0.0, "pressure_gpa": 0.0, "converged": True,
            "gate": {"passed": True, "sum_e": 0.0, "min_e": 0.0, "max_e": 0.0, "metal_min_e": None},
            "uptake_mol_per_kg": 1.0, "error_mol_per_kg": 0.1, "heat_kj_per_mol": 1.0, "heat_error_kj_per_mol": "NaN",
            "gas": "CO2", "charge_method": "random", "cycles": 1,
        }  # fmt: skip
        family = rng.choice(["BCA", "BZN"])
        score = None if task.is_judge else round(rng.uniform(0, 0.4), 2)
        items.append(Item(key, f"{task.id}-{n}", family, score, value))
    return TaskResult(Status.DONE, tuple(items))


RULES = PolicySettings(max_waiting_mofs=5, linker_window=8)
JUDGING = PolicySettings(max_waiting_mofs=5, linker_window=8, judge="raspa3", judge_top=2)
PROLONGING = PolicySettings(max_waiting_mofs=5, linker_window=8, dynamics_steps=(100, 200, 400), prolong_share=0.4)


def live(seed, n_steps, rules=RULES):
    """A random campaign: its state and the events that made it."""
    rng = random.Random(seed)
    state, events = CampaignState(Policy(rules, seed=seed)), []

    def record(task, kind, payload, serial=None):
        event = Event(event_id(task.id, kind, serial), 0.0, kind, task.id, task.kind, payload)
        events.append(event)
        state.apply(event)

    for _ in range(n_steps):
        running = list(state.unfinished.values())
        generating = [task for task in running if task.kind is K.GENERATE]
        if generating and rng.random() < 0.3:
            task = rng.choice(generating)
            index = state.batches[task.id]
            payload = {"index": index, "ref": f"{task.id}-{index}", "n": 4, "family": task.subject}
            record(task, EventKind.BATCH, payload, index)
        elif (ripe := [t for t in running if t not in generating or state.batches[t.id]]) and rng.random() < 0.5:
            task = rng.choice(ripe)
            record(task, EventKind.RESULT, outcome_of(task, rng).to_json())
        else:
            kinds = list(DOWNSTREAM_FIRST)
            rng.shuffle(kinds)
            before = state.policy.state()
            task = next((task for kind in kinds if (task := state.policy.choose(kind)) is not None), None)
            assert state.policy.state() == before, "to choose changes nothing"
            if task is not None:
                record(task, EventKind.SUBMITTED, task.to_json())
    return state, events


@given(st.integers(0, 10**6), st.integers(0, 250), st.sampled_from([RULES, PROLONGING, JUDGING]))
@settings(max_examples=40, deadline=None)
def test_replayed_events_give_the_live_state(seed, n_steps, rules):
    state, events = live(seed, n_steps, rules)
    again = CampaignState(Policy(rules, seed=seed))
    again.replay(events)
    assert again.policy.state() == state.policy.state()
    assert again.unfinished == state.unfinished
    assert again.batches == state.batches
    assert repr(again.projection.records()) == repr(state.projection.records())
    for kind in DOWNSTREAM_FIRST:
        assert again.policy.choose(kind) == state.policy.choose(kind)


def test_every_task_runs_on_what_waited_and_once():
    _, events = live(7, 2000)
    begun = [event for event in events if event.kind is EventKind.SUBMITTED]
    assert len({event.task_id for event in begun}) == len(begun) > 300
    for kind in (K.PROCESS, K.VALIDATE, K.OPTIMIZE, K.CHARGES, K.ADSORB):
        subjects = [event.payload["subject"] for event in begun if event.task_kind == kind]
        assert subjects
        assert len(set(subjects)) == len(subjects), f"nothing is given to {kind} twice"


def test_a_judge_is_given_every_mof_once_and_changes_no_count():
    state, events = live(7, 2000, JUDGING)
    begun = [Task.from_event(event) for event in events if event.kind is EventKind.SUBMITTED]
    simulated, judged = (
        [task.subject for task in begun if task.kind is K.ADSORB and task.is_judge is judge] for judge in (False, True)
    )
    assert 2 < len(judged) == len(set(judged)) < len(simulated)
    assert set(judged) <= set(simulated)
    records = state.projection.records()
    assert records.funnel.uptakes == sum(mof.uptake is not None for mof in records.mofs.values())
    finished = [task for task in records.tasks.values() if task.kind is K.ADSORB and task.status and not task.judge]
    assert records.funnel.stage(K.ADSORB).entered == len(finished)
    assert {mof.id for mof in records.mofs.values() if mof.judged or mof.judge_note} <= set(judged)
    assert all(mof.rejected is None for mof in records.mofs.values() if mof.judge_note)


def test_runs_are_prolonged_one_length_after_the_other():
    state, events = live(7, 3000, PROLONGING)
    begun = [event.payload for event in events if event.task_kind == K.VALIDATE and event.kind is EventKind.SUBMITTED]
    rungs: dict[str, list[int]] = {}
    for payload in begun:
        rungs.setdefault(payload["subject"], []).append(payload["options"]["rung"])
    assert all(found == list(range(len(found))) for found in rungs.values())
    assert {len(found) for found in rungs.values()} == {1, 2, 3}
    funnel = state.projection.funnel()
    finished = {event.task_id for event in events if event.kind is EventKind.RESULT}
    ended = {e.payload["subject"] for e in events if e.kind is EventKind.SUBMITTED and e.task_id in finished}
    assert funnel.stage(K.VALIDATE).entered == len(ended & set(rungs))
    optimised = {e.payload["subject"] for e in events if e.kind is EventKind.SUBMITTED and e.task_kind == K.OPTIMIZE}
    assert optimised
    assert all(len(rungs[subject]) == 3 for subject in optimised)


def test_a_decision_takes_less_than_a_millisecond():
    policy = stocked(64, max_waiting_mofs=1000)
    for n in range(1000):
        add_mof(policy, f"mof-{n}")
        add_strain(policy, f"old-{n}", n / 5000)
    started = time.perf_counter()
    for _ in range(100):
        for kind in DOWNSTREAM_FIRST:
            policy.next(kind)
    assert (time.perf_counter() - started) / 700 < 1e-3


def test_slot_plans_are_checked():
    assert SlotPlan.shared(4).pool_of(K.ADSORB) == "cpu"
    cluster = SlotPlan.separate(dict.fromkeys(DOWNSTREAM_FIRST, 1))
    assert cluster.pool_of(K.VALIDATE) == "validate"
    assert cluster.pools["validate"].eager
    assert not SlotPlan.shared(1).pools["cpu"].eager
    with pytest.raises(ConfigError, match="no workers"):
        SlotPlan.shared(0)
    with pytest.raises(ConfigError, match="serves adsorb"):
        SlotPlan({"cpu": Pool(1, DOWNSTREAM_FIRST[1:])})
    assert CampaignPlan().slots.pools["cpu"].count == 1


def examples(n, *, uptakes=0, strain=0.1):
    return [Example(f"mof-{k:05d}", strain + k * 1e-6, 0.01 * (k % 97) if k < uptakes else None) for k in range(n)]


def test_training_set_starts_with_the_lower_half_by_strain():
    chosen = training_set([*examples(100), *examples(50, strain=0.25)])
    assert len(chosen) == 50
    assert max(example.strain for example in chosen) < 0.1 + 50e-6
    assert training_set(examples(63)) == training_set(examples(62)) == ()
    assert len(training_set(examples(64))) == 32


def test_training_set_goes_by_uptake_once_64_are_known():
    assert {e.objective for e in training_set(examples(200, uptakes=63))} != {None}
    chosen = training_set(examples(200, uptakes=64))
    assert len(chosen) == 32
    assert min(e.objective for e in chosen) == pytest.approx(0.32)
    assert [e.objective for e in chosen] == sorted((e.objective for e in chosen), reverse=True)


def test_training_set_has_bounds():
    assert len(training_set(examples(20_000))) == 8192
    assert len(training_set(examples(20), CurriculumSettings(min_examples=5))) == 10


def test_what_is_learnt_does_not_hang_on_the_queues_of_a_session():
    large, small = (Policy(PolicySettings(max_waiting_mofs=n), seed=1) for n in (50, 2))
    mofs = [Product(f"mof-{n}", f"ref-{n}", parts=(f"linker-{n}",)) for n in range(20)]
    for policy in (large, small):
        policy.on_result(Task("assemble-x", K.ASSEMBLE), Outcome(True, tuple(mofs)))
    while (task := large.next(K.VALIDATE)) is not None:
        assert task.inputs[1:] == (f"linker-{task.subject.removeprefix('mof-')}",)
        small.begin(task)
        for policy in (large, small):
            policy.on_result(task, Outcome(True, (Product(task.subject, "md", score=0.1),)))
    assert large.state()["_curriculum"] == small.state()["_curriculum"]
