"""Every task with its times: as JSON lines, and as a trace for the viewer of Perfetto or Chrome.

The trace is the JSON object format of the Trace Event Format: open it at https://ui.perfetto.dev or in
``chrome://tracing``. A process is a slot kind, a thread one of its slots, and counters show how many slots were busy
and how many items waited for each stage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import numpy as np

from mofa.chemistry import Stage
from mofa.store.durable import write_durably
from mofa.store.records import CampaignRecords, TaskRecord
from mofa.store.spans import TaskSpan, spans_of

Json = dict[str, Any]
UNFINISHED = "unfinished"
CUT_OFF = "cut_off"
"""The session ended while the task ran; it ran again later."""
MAX_COUNTER_POINTS = 10_000
"""A counter that changes more often is sampled at this many moments."""
_CAMPAIGN_PID = 1
_FEEDS = {Stage.OPTIMIZE: Stage.VALIDATE, Stage.CHARGES: Stage.OPTIMIZE, Stage.ADSORB: Stage.CHARGES}


def write_tasks(records: CampaignRecords, path: Path) -> None:
    """Write one JSON object per task, in order of submission.

    Raises:
        StoreError: full disk, no permission.
    """
    encode = json.JSONEncoder(allow_nan=False).encode
    lines = "".join(encode(row) + "\n" for row in task_rows(records))
    write_durably(path, lines.encode())


def write_trace(records: CampaignRecords, path: Path) -> None:
    """Write the trace.

    Raises:
        StoreError: full disk, no permission.
    """
    write_durably(path, json.dumps(trace(records), allow_nan=False, separators=(",", ":")).encode())


def task_rows(records: CampaignRecords) -> Iterator[Json]:
    """Tasks as JSON values; null is what has not happened or was not noted. Times are Unix times, s."""
    for task in records.tasks.values():
        yield {
            "id": task.id,
            "kind": task.kind.value,
            "subject": task.subject,
            "pool": task.pool or None,
            "worker": task.worker or None,
            "model_version": task.model_version,
            "judge": task.judge,
            "status": UNFINISHED if task.status is None else task.status.value,
            "attempts_lost": task.attempts_lost,
            "created_unix_s": task.submitted_s,
            "received_unix_s": task.received_s or None,
            "started_unix_s": task.started_s or None,
            "ended_unix_s": task.ended_s or None,
            "sent_unix_s": task.sent_s or None,
            "arrived_unix_s": task.arrived_s or None,
            "recorded_unix_s": task.recorded_s,
            "input_bytes": task.bytes_in,
            "output_bytes": task.bytes_out,
            "cpu_s": task.cpu_s,
        }


def trace(records: CampaignRecords) -> Json:
    """The campaign in the Trace Event Format; time stamps count from its first event, in microseconds."""
    origin_s = records.started_s or 0.0
    by_pool: dict[str, list[TaskSpan]] = {name: [] for session in records.sessions for name in session.pools}
    for span in spans_of(records):
        by_pool.setdefault(span.pool, []).append(span)
    names = [_process(_CAMPAIGN_PID, "campaign")]
    events = _sessions(records, origin_s) + _waiting(records, origin_s)
    for pid, (pool, spans) in enumerate(by_pool.items(), start=_CAMPAIGN_PID + 1):
        names.append(_process(pid, f"slots: {pool}" if pool else "tasks"))
        slots = _pool_events(records, spans, pid, origin_s)
        names += [_thread(pid, lane) for lane in sorted({event["tid"] for event in slots})]
        events += slots + _busy(spans, pid, origin_s)
    return {
        "traceEvents": [event for group in names for event in group] + sorted(events, key=lambda event: event["ts"]),
        "displayTimeUnit": "ms",
        "otherData": {"began_unix_s": origin_s, "tasks": len(records.tasks), "written_by": "MOFA"},
    }


def _pool_events(records: CampaignRecords, spans: Iterable[TaskSpan], pid: int, origin_s: float) -> list[Json]:
    """Complete events of a slot kind's tasks, each on a lane where nothing else runs meanwhile."""
    timed = sorted(
        ((_us(span.started_s, origin_s), _us(span.ended_s, origin_s), records.tasks[span.id], span) for span in spans),
        key=lambda entry: (entry[0], entry[1], entry[3].id),
    )
    found = lanes([(begin, end, task.worker) for begin, end, task, _ in timed])
    return [
        _task_event(task, span, begin, max(0, end - begin), pid, lane + 1)
        for (begin, end, task, span), lane in zip(timed, found, strict=True)
    ]


def _task_event(task: TaskRecord, span: TaskSpan, ts: int, dur: int, pid: int, tid: int) -> Json:
    """A task as a complete event."""
    status = UNFINISHED if task.status is None else task.status.value if span.recorded_s is not None else CUT_OFF
    remarks = ["judge"] * task.judge + [status.replace("_", " ")] * (status != "done")
    shown = f"{task.kind.value} ({', '.join(remarks)})" if remarks else task.kind.value
    facts: Json = {
        "id": task.id,
        "subject": task.subject,
        "status": status,
        "worker": task.worker,
        "model_version": task.model_version,
        "attempts_lost": task.attempts_lost,
    }
    if span.recorded_s is not None:
        facts |= {
            "cpu_s": task.cpu_s,
            "input_bytes": task.bytes_in,
            "output_bytes": task.bytes_out,
            "submitted_to_started_s": round(span.started_s - span.submitted_s, 6),
            "ended_to_recorded_s": round(span.recorded_s - span.ended_s, 6),
        }
    return {
        "name": shown, "cat": task.kind.value, "ph": "X", "ts": ts, "dur": dur, "pid": pid, "tid": tid, "args": facts,
    }  # fmt: skip


def lanes(intervals: Sequence[tuple[int, int, str]]) -> list[int]:
    """A lane for each interval such that no two that overlap share one; no more lanes than needed.

    A worker keeps its lane as long as that is free.

    Args:
        intervals: begin, end and worker, in order of begin.

    Returns:
        Lane of each interval, from 0.
    """
    ends: list[tuple[int, int]] = []
    """Heap of end and lane of what runs."""
    free: set[int] = set()
    lowest: list[int] = []
    """Heap of free lanes; may also name some that were taken since."""
    home: dict[str, int] = {}
    n_lanes, found = 0, []
    for begin, end, worker in intervals:
        while ends and ends[0][0] <= begin:
            lane = heappop(ends)[1]
            free.add(lane)
            heappush(lowest, lane)
        lane = home.get(worker, -1)
        if lane not in free:
            while lowest and lowest[0] not in free:
                heappop(lowest)
            lane = heappop(lowest) if lowest else n_lanes
            n_lanes = max(n_lanes, lane + 1)
        free.discard(lane)
        if worker:
            home[worker] = lane
        heappush(ends, (max(begin, end), lane))
        found.append(lane)
    return found


def _sessions(records: CampaignRecords, origin_s: float) -> list[Json]:
    """Where each run or resume began."""
    return [
        {
            "name": f"session {number} ({session.server})", "cat": "session", "ph": "i", "s": "g",
            "ts": _us(session.started_s, origin_s), "pid": _CAMPAIGN_PID, "tid": 0,
            "args": {"slots": dict(session.pools)},
        }
        for number, session in enumerate(records.sessions, start=1)
    ]  # fmt: skip


def _busy(spans: Sequence[TaskSpan], pid: int, origin_s: float) -> list[Json]:
    """How many slots of a kind are busy."""
    changes = [(span.started_s, 1) for span in spans] + [(span.ended_s, -1) for span in spans]
    return counter("busy slots", changes, pid, origin_s)


def _waiting(records: CampaignRecords, origin_s: float) -> list[Json]:
    """How many batches or MOFs each stage has not taken yet; what a full queue dropped waits for ever."""
    changes: dict[Stage, list[tuple[float, int]]] = {
        Stage.PROCESS: [(batch.time_s, 1) for batch in records.batches],
        Stage.VALIDATE: [(mof.time_s, 1) for mof in records.mofs.values()],
        Stage.OPTIMIZE: [],
        Stage.CHARGES: [],
        Stage.ADSORB: [],
    }
    recorded = {(task.kind, task.subject): task.recorded_s for task in records.tasks.values()}
    for stage, feeder in _FEEDS.items():
        for mof in records.mofs.values():
            passed = {Stage.VALIDATE: mof.trainable, Stage.OPTIMIZE: mof.optimized, Stage.CHARGES: mof.charges}[feeder]
            time_s = recorded.get((feeder, mof.id))
            if passed and time_s is not None:
                changes[stage].append((time_s, 1))
    for task in records.tasks.values():
        if task.kind in changes and not task.judge:
            changes[task.kind].append((task.submitted_s, -1))
    return [
        event
        for stage, found in changes.items()
        for event in counter(f"waiting for {stage.value}", found, _CAMPAIGN_PID, origin_s)
    ]


def counter(name: str, changes: Sequence[tuple[float, int]], pid: int, origin_s: float) -> list[Json]:
    """Counter events for a number that starts at zero."""
    if not changes:
        return []
    times_s, steps = np.array(changes, dtype=float).T
    times_us = np.maximum(np.rint((times_s - origin_s) * 1e6), 0).astype(np.int64)
    moments, index = np.unique(times_us, return_inverse=True)
    values = np.maximum(np.cumsum(np.bincount(index, weights=steps)), 0).astype(np.int64)
    if len(moments) > MAX_COUNTER_POINTS:
        grid = np.linspace(moments[0], moments[-1], MAX_COUNTER_POINTS).astype(np.int64)
        values = values[np.searchsorted(moments, grid, side="right") - 1]
        moments = grid
    return [
        {"name": name, "ph": "C", "ts": int(ts), "pid": pid, "tid": 0, "args": {"n": int(value)}}
        for ts, value in zip(moments, values, strict=True)
    ]


def _process(pid: int, name: str) -> list[Json]:
    """Name and place of a process."""
    common = {"ph": "M", "ts": 0, "pid": pid, "tid": 0}
    return [
        {"name": "process_name", **common, "args": {"name": name}},
        {"name": "process_sort_index", **common, "args": {"sort_index": pid}},
    ]


def _thread(pid: int, tid: int) -> list[Json]:
    """Name and place of a thread."""
    common = {"ph": "M", "ts": 0, "pid": pid, "tid": tid}
    return [
        {"name": "thread_name", **common, "args": {"name": f"slot {tid}"}},
        {"name": "thread_sort_index", **common, "args": {"sort_index": tid}},
    ]


def _us(time_s: float, origin_s: float) -> int:
    """Microseconds since the origin; what a disagreeing clock puts before it happens at it."""
    return max(0, round((time_s - origin_s) * 1e6))
