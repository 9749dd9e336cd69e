from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.chemistry import Stage
from mofa.report.trace import MAX_COUNTER_POINTS, counter, lanes, task_rows, trace
from mofa.store.payloads import EventKind, Status, TaskResult, Timing
from mofa.store.records import load
from tests.report.synthetic import START_S, new_campaign

PHASES = {"M", "X", "C", "i"}


@pytest.fixture
def resumed(tmp_path):
    """Two sessions; a task of the first was cut off and ran again, one of the second runs now."""
    writer = new_campaign(tmp_path / "c")

    def at(now_s, *event, **options):
        writer.now_s = START_S + now_s
        writer.event(*event, **options)

    def submitted(now_s, task_id, kind, pool="md"):
        at(now_s, task_id, kind, EventKind.SUBMITTED, {"inputs": [], "options": {}, "subject": task_id, "pool": pool})

    def result(now_s, task_id, kind, begin, end, status=Status.DONE):
        timing = Timing("n:1", START_S + begin, START_S + end, 3.0, START_S + begin, START_S + end, START_S + end + 1)
        at(now_s, task_id, kind, EventKind.RESULT, TaskResult(status, timing=timing).to_json())

    def session(now_s, serial):
        payload = {"server": "pool", "pools": {"md": 2, "helpers": 1}}
        at(now_s, f"session-{serial}", "", EventKind.SESSION, payload, serial=serial)

    session(0, 0)
    submitted(1, "v0", Stage.VALIDATE)
    submitted(1, "v1", Stage.VALIDATE)
    submitted(2, "a0", Stage.ASSEMBLE, "helpers")
    result(9, "v0", Stage.VALIDATE, 1, 8)
    result(10, "a0", Stage.ASSEMBLE, 2, 10, Status.CRASHED)
    session(100, 1)
    result(120, "v1", Stage.VALIDATE, 101, 119)
    submitted(121, "v2", Stage.VALIDATE)
    submitted(130, "a1", Stage.ASSEMBLE, "helpers")
    return load(tmp_path / "c")


def test_every_task_is_a_line_with_units(resumed):
    rows = {row["id"]: json.loads(json.dumps(row, allow_nan=False)) for row in task_rows(resumed)}
    assert list(rows) == ["v0", "v1", "a0", "v2", "a1"]
    assert rows["v0"] == {
        "id": "v0",
        "kind": "validate",
        "subject": "v0",
        "pool": "md",
        "worker": "n:1",
        "model_version": 0,
        "judge": False,
        "status": "done",
        "attempts_lost": 0,
        "created_unix_s": START_S + 1,
        "received_unix_s": START_S + 1,
        "started_unix_s": START_S + 1,
        "ended_unix_s": START_S + 8,
        "sent_unix_s": START_S + 8,
        "arrived_unix_s": START_S + 9,
        "recorded_unix_s": START_S + 9,
        "input_bytes": 0,
        "output_bytes": 0,
        "cpu_s": 3.0,
    }
    assert (rows["v2"]["status"], rows["v2"]["ended_unix_s"], rows["v2"]["worker"]) == ("unfinished", None, None)
    assert rows["a0"]["status"] == "crashed"


def check_format(document):
    """The rules of the Trace Event Format for the phases that we use."""
    assert isinstance(document["traceEvents"], list)
    assert document["displayTimeUnit"] in {"ms", "ns"}
    named = defaultdict(set)
    for event in document["traceEvents"]:
        assert event["ph"] in PHASES
        assert {type(event[key]) for key in ("ts", "pid", "tid")} == {int}
        assert event["ts"] >= 0
        assert isinstance(event["name"], str)
        assert event["name"]
        if event["ph"] == "X":
            assert type(event["dur"]) is int
            assert event["dur"] >= 0
        if event["ph"] == "C":
            assert all(type(value) is int and value >= 0 for value in event["args"].values())
        if event["ph"] == "i":
            assert event["s"] in {"g", "p", "t"}
        if event["ph"] == "M":
            assert event["name"] in {"process_name", "process_sort_index", "thread_name", "thread_sort_index"}
            named[event["name"]].add((event["pid"], event["tid"]))
    stamps = [event["ts"] for event in document["traceEvents"]]
    assert stamps == sorted(stamps)
    shown = [event for event in document["traceEvents"] if event["ph"] == "X"]
    assert {(event["pid"], event["tid"]) for event in shown} <= named["thread_name"]
    assert {event["pid"] for event in document["traceEvents"]} <= {pid for pid, _ in named["process_name"]}
    busy = defaultdict(list)
    for event in shown:
        busy[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for spans in busy.values():
        spans.sort()
        assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_the_trace_keeps_the_rules_of_its_format(resumed, campaign):
    for records in (resumed, campaign.records):
        check_format(json.loads(json.dumps(trace(records), allow_nan=False)))


def test_the_trace_shows_tasks_slots_and_sessions(resumed):
    events = trace(resumed)["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert list(names.values()) == ["campaign", "slots: md", "slots: helpers"]
    shown = [(names[e["pid"]], e["name"], e["ts"], e["dur"]) for e in events if e["ph"] == "X"]
    assert shown == [
        ("slots: md", "validate", 1_000_000, 7_000_000),
        ("slots: md", "validate (cut off)", 1_000_000, 9_000_000),
        ("slots: helpers", "assemble (crashed)", 2_000_000, 8_000_000),
        ("slots: md", "validate", 101_000_000, 18_000_000),
        ("slots: md", "validate (unfinished)", 121_000_000, 9_000_000),
        ("slots: helpers", "assemble (unfinished)", 130_000_000, 0),
    ]
    assert [e["ts"] for e in events if e["ph"] == "i"] == [0, 100_000_000]
    busy = [(e["ts"], e["args"]["n"]) for e in events if e["name"] == "busy slots" and names[e["pid"]] == "slots: md"]
    assert busy == [
        (1_000_000, 2),
        (8_000_000, 1),
        (10_000_000, 0),
        (101_000_000, 1),
        (119_000_000, 0),
        (121_000_000, 1),
        (130_000_000, 0),
    ]


def test_what_waits_is_counted(campaign):
    events = [e for e in trace(campaign.records)["traceEvents"] if e["ph"] == "C"]
    last = {event["name"]: event["args"]["n"] for event in events if event["pid"] == 1}
    # The unstable MOF goes no further, and nothing is left before optimisation, charges and adsorption.
    assert (last["waiting for optimize"], last["waiting for charges"], last["waiting for adsorb"]) == (0, 0, 0)


def test_a_campaign_without_events_has_an_empty_trace(tmp_path):
    new_campaign(tmp_path / "c")
    document = trace(load(tmp_path / "c"))
    check_format(document)
    assert {event["ph"] for event in document["traceEvents"]} == {"M"}


intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20), st.sampled_from(["", "a", "b", "c"])).map(
        lambda one: (one[0], one[0] + one[1], one[2])
    ),
    max_size=40,
).map(sorted)


@settings(deadline=None)
@given(intervals)
def test_lanes_never_overlap_and_are_no_more_than_needed(tasks):
    found = lanes(tasks)
    for k, (begin, _, _) in enumerate(tasks):
        for earlier in range(k):
            assert found[earlier] != found[k] or tasks[earlier][1] <= begin
    moments = {begin for begin, _, _ in tasks}
    needed = max((sum(b <= now < e for b, e, _ in tasks) for now in moments), default=0)
    assert len(set(found)) <= max(needed + 1, 1)
    assert set(found) == set(range(len(set(found))))


def test_a_worker_keeps_its_lane():
    assert lanes([(0, 10, "a"), (0, 5, "b"), (10, 20, "b"), (10, 20, "a")]) == [0, 1, 1, 0]
    assert lanes([(0, 10, "a"), (10, 20, "c"), (12, 20, "a")]) == [0, 0, 1]


def test_a_busy_counter_is_sampled():
    changes = [(float(k), 1 if k % 2 == 0 else -1) for k in range(50_000)]
    events = counter("busy slots", changes, 2, 0.0)
    assert len(events) == MAX_COUNTER_POINTS
    assert {event["args"]["n"] for event in events} == {0, 1}
