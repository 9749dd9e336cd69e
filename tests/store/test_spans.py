from __future__ import annotations

from dataclasses import replace

import pytest

from mofa.chemistry import Reason, Stage
from mofa.store.payloads import Status
from mofa.store.projection import Projection
from mofa.store.records import CampaignRecords, LinkerRecord, Rejection, SessionRecord, TaskRecord
from mofa.store.spans import spans_of

FIRST, SECOND = SessionRecord(100.0, 200.0, "pool", {"cpu": 2}), SessionRecord(500.0, 600.0, "pool", {"cpu": 2})


def records(*tasks: TaskRecord, sessions=(FIRST, SECOND), **changes) -> CampaignRecords:
    return replace(Projection().records(), sessions=sessions, tasks={task.id: task for task in tasks}, **changes)


def task(submitted, **changes) -> TaskRecord:
    given = {"pool": "cpu", "status": Status.DONE} | changes
    return TaskRecord("validate-000000", Stage.VALIDATE, "m", submitted, **given)


def times(spans) -> list[tuple[float, float, float | None]]:
    return [(span.started_s, span.ended_s, span.recorded_s) for span in spans]


def test_a_task_that_ended_spans_its_computation():
    found = spans_of(records(task(110.0, started_s=111.0, ended_s=150.0, recorded_s=151.0, arrived_s=150.5)))
    assert times(found) == [(111.0, 150.0, 151.0)]
    assert found[0].arrived_s == 150.5


def test_a_task_that_was_cut_off_held_its_slot_until_then():
    again = task(110.0, started_s=503.0, ended_s=550.0, recorded_s=551.0)
    assert times(spans_of(records(again))) == [(110.0, 200.0, None), (503.0, 550.0, 551.0)]


def test_a_task_that_runs_now_holds_its_slot():
    assert times(spans_of(records(task(510.0, status=None)))) == [(510.0, 600.0, None)]
    assert times(spans_of(records(task(110.0, status=None)))) == [(110.0, 200.0, None), (500.0, 600.0, None)]


def test_a_result_that_was_found_on_resume_is_of_the_first_session():
    found = spans_of(records(task(110.0, started_s=111.0, ended_s=205.0, recorded_s=501.0)))
    assert times(found) == [(111.0, 205.0, 501.0)]


def test_a_task_without_times_held_its_slot_until_its_end_was_recorded():
    crashed = task(110.0, status=Status.CRASHED, started_s=0.0, ended_s=0.0, recorded_s=130.0)
    assert times(spans_of(records(crashed))) == [(110.0, 130.0, 130.0)]


@pytest.mark.parametrize(("pools", "expected"), [({"cpu": 2}, "cpu"), ({"cpu": 2, "gpu": 1}, "")])
def test_the_only_slot_kind_is_that_of_tasks_that_name_none(pools, expected):
    nameless = task(110.0, pool="", started_s=111.0, ended_s=150.0, recorded_s=151.0)
    (found,) = spans_of(records(nameless, sessions=(replace(FIRST, pools=pools),)))
    assert found.pool == expected


def test_a_campaign_without_sessions_has_the_tasks_that_ended():
    ended = task(110.0, started_s=111.0, ended_s=150.0, recorded_s=151.0)
    running = replace(task(120.0, status=None), id="validate-000001")
    assert times(spans_of(records(ended, running, sessions=()))) == [(111.0, 150.0, 151.0)]


def test_items_are_what_a_stage_gave():
    done = {"started_s": 111.0, "ended_s": 150.0, "recorded_s": 151.0}
    processed = replace(task(110.0, **done), id="process-000000", kind=Stage.PROCESS)
    blown_up = replace(task(110.0, **done), id="validate-000001", subject="a")
    untyped = replace(task(110.0, **done), id="validate-000002", subject="b")
    trained = replace(task(110.0, **done), id="train-000000", kind=Stage.TRAIN)
    failed = replace(trained, id="train-000001", status=Status.CRASHED)
    linkers = {
        key: LinkerRecord(key, "C", "BCA", "library", 9, "", "process-000000", 151.0) for key in ("KEY1", "KEY2")
    }
    refusals = (
        Rejection(Stage.VALIDATE, Reason.BLEW_UP, "", "a", "validate-000001", 151.0),
        Rejection(Stage.VALIDATE, Reason.UNTYPED, "", "b", "validate-000002", 151.0),
    )
    found = spans_of(records(processed, blown_up, untyped, trained, failed, linkers=linkers, rejections=refusals))
    assert {span.id: span.items for span in found} == {
        "process-000000": 2,
        "validate-000001": 1,
        "validate-000002": 0,
        "train-000000": 1,
        "train-000001": 0,
    }
