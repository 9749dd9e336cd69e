"""Retraining while the campaign runs: when, on what, and what becomes of the new model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mofa.campaign import CampaignPlan, PolicySettings, SlotPlan, StopReason, StopRules, TaskKind, resume, start
from mofa.campaign.configured import check_engines, plan_of
from mofa.campaign.curriculum import Curriculum, CurriculumSettings, Regime
from mofa.campaign.training import rank_weights
from mofa.chemistry import Family, Reason, Stage
from mofa.config import parse_config
from mofa.errors import ConfigError, InputError
from mofa.evaluate.acceptance import Acceptance
from mofa.evaluate.shares import Share
from mofa.generate import Conditions
from mofa.store.payloads import Status
from mofa.store.records import load
from tests.campaign import standins

K = TaskKind
SOON = CurriculumSettings(first_after=8, min_examples=4, uptakes_to_switch=12)


def plan(log="", **changes):
    base = CampaignPlan(
        seed=3,
        options=standins.options(log),
        functions=standins.FUNCTIONS,
        policy=PolicySettings(curriculum=SOON, max_mofs_per_linker=20),
        stop=StopRules(max_uptakes=20, grace_s=0.2),
        slots=SlotPlan.shared(1),
        server="inline",
    )
    return replace(base, **changes)


def test_the_model_is_retrained_and_its_version_goes_with_every_linker_and_mof(tmp_path):
    log = tmp_path / "log"
    start(tmp_path / "c", plan(str(log), stop=StopRules(max_validated=150, grace_s=0.2)))
    records = load(tmp_path / "c")
    versions = [model.version for model in records.models]
    assert versions == list(range(1, len(versions) + 1))
    assert len(versions) > 2
    assert all(model.n_examples >= SOON.min_examples for model in records.models)
    generated = [task.model_version for task in records.tasks.values() if task.kind is K.GENERATE]
    assert generated == sorted(generated)
    assert generated[0] == 0
    assert generated[-1] > 1
    linkers = {linker.model_version for linker in records.linkers.values()}
    assert linkers <= set(generated)
    assert max(linkers) > 1
    for mof in records.mofs.values():
        assert mof.lineage.model_versions == tuple(
            records.linkers[key].model_version for key in mof.lineage.linker_keys
        )
    weights = [line.split()[2] for line in log.read_text().splitlines() if " weights " in line]
    assert weights, "generate tasks get the new weights"
    assert set(weights) <= {str(model.n_examples) for model in records.models}


def test_training_begins_with_strain_and_goes_on_with_uptake(tmp_path):
    start(tmp_path / "c", plan())
    from mofa.store.folder import CampaignFolder

    with CampaignFolder.open(tmp_path / "c").events(read_only=True) as events:
        submitted = [e for e in events.read() if e.task_kind == K.TRAIN and e.kind == "submitted"]
    ranked_by = [event.payload["options"]["ranked_by"] for event in submitted]
    assert set(ranked_by) == {"strain", "uptake"}
    assert ranked_by == sorted(ranked_by), "first by strain, then by uptake"
    assert submitted[0].payload["options"]["candidates"] >= SOON.first_after


def test_a_campaign_with_retraining_comes_back_from_its_events(tmp_path):
    start(tmp_path / "a", plan(stop=StopRules(max_uptakes=14, grace_s=0.2)))
    resume(tmp_path / "a", plan())
    start(tmp_path / "b", plan())
    a, b = load(tmp_path / "a"), load(tmp_path / "b")
    assert [model.n_examples for model in a.models] == [model.n_examples for model in b.models]
    assert list(a.mofs) == list(b.mofs)


@pytest.mark.parametrize("server", ["inline", "pool"])
def test_a_failed_training_keeps_the_old_model_and_is_not_repeated_on_the_same_set(server, tmp_path):
    functions = {**standins.FUNCTIONS, K.TRAIN: f"{standins.__name__}:train_badly"}
    rules = StopRules(max_uptakes=20, grace_s=0.2, max_crashes_in_a_row=3)
    summary = start(tmp_path / "c", plan(functions=functions, server=server, retries=0, stop=rules))
    assert summary.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    failed = [found for found in records.rejections if found.stage is Stage.TRAIN]
    assert len(failed) > 3
    assert {found.reason for found in failed} == {Reason.CRASHED}
    assert "not a number" in failed[0].detail
    assert records.models == ()
    assert {task.model_version for task in records.tasks.values() if task.kind is K.GENERATE} == {0}


def test_a_training_that_breaks_down_is_named_and_not_tried_again_on_the_same_set(tmp_path):
    log = tmp_path / "log"
    functions = {**standins.FUNCTIONS, K.TRAIN: f"{standins.__name__}:train_broken"}
    summary = start(tmp_path / "c", plan(str(log), functions=functions, retries=3))
    assert summary.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    failed = [found for found in records.rejections if found.stage is Stage.TRAIN]
    assert {found.reason for found in failed} == {Reason.TRAINING_FAILED}
    assert "the loss is nan at step 7" in failed[0].detail
    seeds = [line for line in log.read_text().splitlines() if " train " in line]
    assert len(seeds) == len(set(seeds)) == len(failed)
    assert {task.model_version for task in records.tasks.values() if task.kind is K.GENERATE} == {0}


def judged(tmp_path, monkeypatch, accepted):
    """A campaign whose trained models are judged by a stand-in, or cannot be read (None); what that was asked."""
    asked = []

    def accept(weights, **options):
        asked.append((weights, options))
        if accepted is None:
            raise InputError("the file of weights is damaged", where="weights")
        reason = "the gated yield went from 0.80 to 0.51, below 0.9 times"
        share = Share(51, 100)
        return Acceptance(accepted, reason, share, Share(80, 100), share, Share(1, 100), 2.0)

    monkeypatch.setattr("mofa.evaluate.acceptance.accept", accept)
    options = standins.options()
    conditions = {"core_atoms": [8, 14]}
    options[K.TRAIN]["acceptance"] = {"n": 128, "generator": "library", "max_copies": 0.1, "conditions": conditions}
    start(tmp_path / "c", plan(options=options))
    return asked, load(tmp_path / "c")


def test_a_model_that_is_not_accepted_leaves_the_old_one_in_use_and_says_why(tmp_path, monkeypatch):
    asked, records = judged(tmp_path, monkeypatch, accepted=False)
    weights, options = asked[0]
    assert weights == str(len(options["examples"])).encode()
    assert options["conditions"] == Conditions(core_atoms=(8, 14))
    assert (options["n"], options["generator"], options["max_copies"]) == (128, "library", 0.1)
    assert set(options["families"]) == {Family.BCA, Family.BZN}
    refused = [found for found in records.rejections if found.stage is Stage.TRAIN]
    assert len(refused) == len(asked) > 1, "it is tried again when the set has grown"
    assert {found.reason for found in refused} == {Reason.NOT_ACCEPTED}
    assert "from 0.80 to 0.51" in refused[0].detail
    assert records.models == ()
    trainings = [task for task in records.tasks.values() if task.kind is K.TRAIN]
    assert {task.status for task in trainings} == {Status.DONE}
    assert {task.model_version for task in records.tasks.values() if task.kind is K.GENERATE} == {0}


def test_a_model_that_cannot_be_read_leaves_the_old_one_in_use(tmp_path, monkeypatch):
    asked, records = judged(tmp_path, monkeypatch, accepted=None)
    refused = [found for found in records.rejections if found.stage is Stage.TRAIN]
    assert len(refused) == len(asked)
    assert {found.reason for found in refused} == {Reason.TRAINING_FAILED}
    assert "damaged" in refused[0].detail
    assert records.models == ()


def test_a_model_that_is_accepted_says_for_what(tmp_path, monkeypatch):
    _, records = judged(tmp_path, monkeypatch, accepted=True)
    metrics = records.models[0].metrics
    assert {"seed", "gated_yield", "gated_yield_before", "uniqueness", "copies"} == set(metrics)
    assert (metrics["gated_yield"], metrics["gated_yield_before"]) == (0.51, 0.8)


def test_better_mofs_count_more(tmp_path):
    log = tmp_path / "log"
    options = standins.options(str(log))
    options[K.TRAIN]["weighted"] = True
    functions = {**standins.FUNCTIONS, K.TRAIN: f"{standins.__name__}:train_weighted"}
    start(tmp_path / "c", plan(options=options, functions=functions, stop=StopRules(max_validated=40, grace_s=0.2)))
    first = next(line.split()[2] for line in log.read_text().splitlines() if "," in line and " weights " in line)
    weights = list(map(float, first.split(",")))
    assert weights == sorted(weights, reverse=True)
    assert weights[0] / weights[-1] == pytest.approx(len(weights), rel=1e-3)
    assert rank_weights(3) == (1.5, 1.0, 0.5)
    assert sum(rank_weights(101)) == pytest.approx(101)


def test_generate_tasks_are_told_what_linkers_are_asked_for(tmp_path):
    text = """
        [generate]
        generator = "library"
        core_atoms = [8, 14]
        sp3_atoms = 0
        [train]
        acceptance_samples = 64
        processes = 3
        [stop]
        max_validated = 3
    """
    asked = plan_of(parse_config(text)).options
    assert asked[K.GENERATE]["conditions"] == {"core_atoms": [8, 14], "sp3_atoms": 0}
    assert asked[K.TRAIN]["acceptance"]["conditions"] == asked[K.GENERATE]["conditions"]
    assert (asked[K.TRAIN]["acceptance"]["n"], asked[K.TRAIN]["processes"]) == (64, 3)
    log = tmp_path / "log"
    options = standins.options(str(log))
    options[K.GENERATE]["conditions"] = asked[K.GENERATE]["conditions"]
    functions = {**standins.FUNCTIONS, K.GENERATE: f"{standins.__name__}:generate_asked"}
    start(tmp_path / "c", plan(options=options, functions=functions, stop=StopRules(max_validated=3, grace_s=0.2)))
    seen = {line.split()[2] for line in log.read_text().splitlines() if " asked " in line}
    assert seen == {str(Conditions(core_atoms=(8, 14), sp3_atoms=0)).replace(" ", "")}
    with pytest.raises(InputError, match=r"'library' cannot be asked for core_atoms, sp3_atoms.*graph or flow"):
        check_engines(parse_config(text))


def test_conditions_that_make_no_sense_are_named_in_the_words_of_the_file():
    for line, words in (
        ("core_atoms = [14, 8]", "fewest first"),
        ("core_atoms = [8]", "core_atoms"),
        ("length_ang = 100.0", "length_ang"),
        ("polar_atoms = -1", "polar_atoms"),
    ):
        with pytest.raises(ConfigError, match=words):
            parse_config(f"[generate]\n{line}\n[stop]\nmax_uptakes = 1")


def test_retraining_can_be_switched_off(tmp_path):
    start(tmp_path / "c", plan(policy=PolicySettings(curriculum=SOON, retrain=False, max_mofs_per_linker=20)))
    assert load(tmp_path / "c").models == ()


def test_curriculum_waits_for_enough_for_the_last_one_and_for_growth():
    curriculum = Curriculum(CurriculumSettings())
    for n in range(63):
        curriculum.add_strain(f"mof-{n}", 0.1, ("a",))
    curriculum.add_strain("unstable", 0.25, ("a",))
    assert curriculum.due() == ()
    curriculum.add_strain("mof-63", 0.01, ("b",))
    due = curriculum.due()
    assert len(due) == 32
    assert due[0].linkers == ("b",)
    curriculum.begin(*curriculum.candidates)
    curriculum.add_strain("mof-64", 0.1, ())
    assert curriculum.due() == (), "one training at a time"
    curriculum.end()
    assert curriculum.due() != ()
    curriculum.begin(*curriculum.candidates)
    curriculum.end()
    assert curriculum.due() == (), "the set has not grown"
    patient = Curriculum(CurriculumSettings(growth=0.1))
    for n in range(70):
        patient.add_strain(f"mof-{n}", 0.1, ())
        if n == 63:
            patient.begin(*patient.candidates)
            patient.end()
    assert patient.due() == (), "it has not grown by a tenth"
    patient.add_strain("mof-70", 0.1, ())
    assert patient.due() != ()
    for n in range(64):
        curriculum.add_objective(f"mof-{n}", n / 10)
    assert curriculum.candidates == (Regime.OBJECTIVE, 64)
    assert {example.objective for example in curriculum.due()} == {n / 10 for n in range(32, 64)}
