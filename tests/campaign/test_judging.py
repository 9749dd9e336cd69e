"""The best MOFs are simulated once more by another engine."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from mofa.campaign import CampaignPlan, PolicySettings, SlotPlan, StopReason, StopRules, TaskKind, resume, start
from mofa.campaign.curriculum import Regime
from mofa.campaign.policy import Policy
from mofa.campaign.tasks import Outcome, Product, Task
from mofa.chemistry import Reason
from mofa.store.records import load
from tests.campaign import standins
from tests.campaign.test_campaign import Watcher

K = TaskKind
RULES = PolicySettings(judge="raspa3", judge_top=2)


def plan(log="", **changes):
    base = CampaignPlan(
        seed=3,
        options=standins.options(log),
        functions={**standins.FUNCTIONS, K.ADSORB: f"{standins.__name__}:adsorb_at"},
        policy=RULES,
        stop=StopRules(max_uptakes=6, grace_s=0.2),
        slots=SlotPlan.shared(1),
        server="inline",
    )
    return replace(base, **changes)


def ready(policy, *keys):
    """MOFs with charges."""
    for key in keys:
        task = Task("charges-x", K.CHARGES, subject=key)
        policy.on_result(task, Outcome(True, (Product(key, f"charged-{key}"),)))


def simulate(policy, score):
    """The next first simulation, with its score."""
    task = policy.next(K.ADSORB)
    assert not task.is_judge
    product = Product(task.subject, task.inputs[0], score=score)
    policy.on_result(task, Outcome(True, (product,)))


def test_the_best_are_judged_before_further_first_simulations():
    policy = Policy(RULES, seed=1)
    ready(policy, *"abcd")
    simulate(policy, 1.0)
    judge = policy.next(K.ADSORB)
    assert (judge.subject, judge.inputs) == ("a", ("charged-a",))
    assert judge.options | {"seed": 0} == {"seed": 0, "engine": "raspa3", "judge": True}
    simulate(policy, 3.0)
    assert policy.choose(K.ADSORB).subject == "b", "also while the judge is at work on another"
    assert policy.waiting()[K.ADSORB] == 3
    policy.on_result(policy.next(K.ADSORB), Outcome(True, (Product("b", "charged-b"),)))
    policy.on_result(judge, Outcome(ok=False))
    simulate(policy, 0.5)
    assert policy.choose(K.ADSORB).subject == "d", "c is not among the two best, and a is not judged again"


def test_one_that_better_ones_push_out_before_is_not_judged():
    policy = Policy(RULES, seed=1)
    ready(policy, *"abc")
    running = [policy.next(K.ADSORB) for _ in "abc"]
    for task, score in zip(running, (1.0, 2.0, 3.0), strict=True):
        policy.on_result(task, Outcome(True, (Product(task.subject, task.inputs[0], score=score),)))
    assert [policy.next(K.ADSORB).subject for _ in "ab"] == ["c", "b"]
    assert policy.next(K.ADSORB) is None


def test_a_mof_without_a_score_is_not_judged_and_without_a_judge_none_is():
    policy = Policy(RULES, seed=1)
    ready(policy, "a")
    simulate(policy, None)
    assert policy.choose(K.ADSORB) is None
    for rules in (PolicySettings(), replace(RULES, judge_top=0)):
        policy = Policy(rules, seed=1)
        ready(policy, "a")
        simulate(policy, 1.0)
        assert policy.choose(K.ADSORB) is None


def test_the_judge_teaches_the_generator_nothing():
    policy = Policy(RULES, seed=1)
    for key in "ab":
        task = Task("validate-x", K.VALIDATE, ("ref",), subject=key)
        policy.on_result(task, Outcome(True, (Product(key, "md", score=0.1),)))
    ready(policy, "a")
    simulate(policy, 1.0)
    before = repr(vars(policy.state()["_curriculum"]))
    judge = policy.next(K.ADSORB)
    policy.on_result(judge, Outcome(True, (Product("a", "charged-a", score=9.0),)))
    assert repr(vars(policy.state()["_curriculum"])) == before
    assert policy.state()["_curriculum"].candidates == (Regime.STRAIN, 2)


@pytest.mark.parametrize("server", ["inline", "pool"])
def test_a_campaign_ends_when_the_best_are_judged(tmp_path, server):
    log = tmp_path / "log"
    slots = SlotPlan.shared(2 if server == "pool" else 1)
    summary = start(tmp_path / "c", plan(str(log), server=server, slots=slots))
    assert summary.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    assert records.funnel.uptakes == sum(mof.uptake is not None for mof in records.mofs.values()) >= 6
    assert records.funnel == summary.funnel
    for mof in records.ranking()[:2]:
        assert mof.judged.engine == "raspa3"
        assert mof.judged.uptake_mol_per_kg == pytest.approx(mof.uptake.uptake_mol_per_kg + 0.05)
        assert mof.judge_agrees is True
    assert not [task for task in records.unfinished() if task.judge]
    done = [line for line in log.read_text().splitlines() if "/raspa3/" in line]
    assert len(done) == len(set(done)) == sum(mof.judged is not None for mof in records.mofs.values())
    again = resume(tmp_path / "c", plan(str(log), server=server, slots=slots))
    assert again.stopped is StopReason.MAX_UPTAKES
    assert load(tmp_path / "c").n_events == records.n_events + 1, "the session, and nothing else"


def test_a_judge_that_crashes_is_noted_and_nothing_else(tmp_path):
    functions = {**standins.FUNCTIONS, K.ADSORB: f"{standins.__name__}:adsorb_or_crash"}
    rules = StopRules(max_uptakes=3, grace_s=0.2, max_crashes_in_a_row=1)
    summary = start(tmp_path / "c", plan(server="pool", functions=functions, stop=rules, retries=0))
    assert summary.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    best = records.ranking()[0]
    assert best.judged is None
    assert best.judge_note.startswith("crashed: ")
    assert best.rejected is None
    assert not [found for found in records.rejections if found.reason is Reason.CRASHED]


def test_a_signal_ends_the_judge_too_and_it_goes_on_later(tmp_path):
    log = tmp_path / "log"

    def press(event):
        if event.kind == "submitted" and "judge" in event.payload["options"]:
            signal.raise_signal(signal.SIGINT)

    slow = plan(str(log), server="pool", stop=StopRules(max_uptakes=1, grace_s=0.0))
    slow.options[K.ADSORB]["delay_s"] = 1.0
    summary = start(tmp_path / "c", slow, listener=Watcher(press))
    assert summary.stopped is StopReason.INTERRUPTED
    assert [task.judge for task in load(tmp_path / "c").unfinished() if task.kind is K.ADSORB] == [True]
    again = resume(tmp_path / "c", plan(str(log), stop=StopRules(max_uptakes=1, grace_s=0.0)))
    assert again.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    assert records.ranking()[0].judged is not None
    assert records.funnel.uptakes == 1
