"""Conformance kit for task servers and object stores: call it in the tests of your plug-in.

Example:
    >>> def test_my_server():
    ...     check_task_server(lambda: MyServer({"cpu": 2}), pool="cpu", isolated=True)
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

from mofa.compute import Cause, Completed, Emit, Lost, ObjectStore, Report, StreamItem, TaskServer

PATIENCE_S = 60.0
BULK_BYTES = 2_000_000
"""Size of the arguments and values that `check_task_server` calls large."""


def check_task_server(make_server: Callable[[], TaskServer], *, pool: str, isolated: bool) -> None:
    """Assert that a task server keeps the contract of `mofa.compute.TaskServer`.

    Args:
        make_server: gives a fresh server.
        pool: name of one of its pools, with one or two workers.
        isolated: whether calls run in processes of their own, which may die and be killed while they run.
    """
    with make_server() as server:
        assert server.wait(0.0) == []
        for check in (
            _check_values_and_streams,
            _check_time_stamps,
            _check_bulk,
            _check_failures,
            _check_refusals,
            _check_cancelling,
            _check_stopping_before_the_start,
        ):
            check(server, pool)
        if isolated:
            _check_early_items(server, pool)
            _check_death(server, pool)
            _check_killing(server, pool)
            _check_stopping(server, pool)
        server.submit("left behind", pool, sleep, 600.0 if isolated else 0.0)
    server.shutdown()
    with make_server() as server:
        server.submit("left behind", pool, echo, 1)
        assert collect(server, ["left behind"]) == [Completed("left behind", 1)], "servers can follow each other"


def check_object_store(store: ObjectStore) -> None:
    """Assert that an object store keeps the contract of `mofa.compute.ObjectStore`; it is closed at the end."""
    for data in (b"", b"some bytes", bytes(range(256)) * 4096):
        key = store.put(data)
        assert store.get(key) == data
        store.evict(key)
        store.evict(key)
        try:
            store.get(key)
        except LookupError:
            continue
        raise AssertionError("an evicted key must raise a LookupError")
    copy: ObjectStore = pickle.loads(pickle.dumps(store))
    key = copy.put(b"from elsewhere")
    copy.close()
    assert store.get(key) == b"from elsewhere", "copies reach the same objects and remove none when they are closed"
    store.put(b"left behind")
    store.close()


def echo(emit: Emit, value: object) -> object:
    """Give the value back."""
    return value


def count(emit: Emit, n: int) -> str:
    """Emit 0 to n - 1, then end."""
    for number in range(n):
        emit(number)
    return "end"


def count_until_stopped(emit: Emit, n: int, pause_s: float) -> str:
    """Emit 0 to n - 1 with pauses, but end when that is wanted."""
    for number in range(n):
        if emit(number):
            break
        time.sleep(pause_s)
    return "end"


def fail(emit: Emit, message: str) -> None:
    """Raise a ValueError."""
    raise ValueError(message)


def fail_unpicklably(emit: Emit) -> None:
    """Raise an exception that cannot be sent."""
    error = ValueError("cannot be sent")
    error.baggage = lambda: None  # type: ignore[attr-defined]
    raise error


def die(emit: Emit) -> None:
    """End the process as a crash in compiled code does."""
    emit("about to die")
    os.abort()


def sleep(emit: Emit, seconds: float) -> str:
    """Say that it has begun, then sleep."""
    emit("asleep")
    time.sleep(seconds)
    return "awake"


def double(emit: Emit, data: bytes) -> dict[str, bytes]:
    """Emit how much has come and give back twice as much."""
    emit(len(data))
    return {"doubled": data + data}


def collect(server: TaskServer, keys: Sequence[str]) -> list[Report]:
    """Reports until every key has ended, in order of arrival; asserts that each ends once."""
    reports: list[Report] = []
    open_keys = set(keys)
    deadline = time.monotonic() + PATIENCE_S
    while open_keys:
        assert time.monotonic() < deadline, f"no end reported for {sorted(open_keys)}"
        for report in server.wait(0.5):
            assert report.key in open_keys, f"a report after the end of {report.key}"
            reports.append(report)
            if not isinstance(report, StreamItem):
                open_keys.discard(report.key)
    return reports


def _check_values_and_streams(server: TaskServer, pool: str) -> None:
    for number in range(5):
        server.submit(f"echo-{number}", pool, echo, {"number": number})
    ended = {report.key: report for report in collect(server, [f"echo-{number}" for number in range(5)])}
    assert ended == {f"echo-{n}": Completed(f"echo-{n}", {"number": n}) for n in range(5)}
    server.submit("count", pool, count, 20)
    reports = collect(server, ["count"])
    assert reports == [*(StreamItem("count", n) for n in range(20)), Completed("count", "end")]
    server.submit("count", pool, echo, 1)
    assert collect(server, ["count"]) == [Completed("count", 1)], "a key is free again after its end"
    assert server.wait(0.0) == []


def _check_time_stamps(server: TaskServer, pool: str) -> None:
    server.submit("nap", pool, sleep, 0.01)
    *_, completed = collect(server, ["nap"])
    assert isinstance(completed, Completed)
    transit = completed.transit
    assert transit.worker, "the worker is named"
    assert 0 < transit.received_s <= transit.started_s <= transit.ended_s <= transit.sent_s
    assert transit.ended_s - transit.started_s > 0.009


def _check_bulk(server: TaskServer, pool: str) -> None:
    data = os.urandom(BULK_BYTES)
    keys = [f"bulk-{number}" for number in range(3)]
    for key in keys:
        server.submit(key, pool, double, data)
    reports = collect(server, keys)
    values: dict[str, Any] = {report.key: report.value for report in reports if isinstance(report, Completed)}
    for key in keys:
        assert values[key] == {"doubled": data + data}
        assert StreamItem(key, len(data)) in reports


def _check_early_items(server: TaskServer, pool: str) -> None:
    server.submit("warm", pool, echo, 1)
    collect(server, ["warm"])
    server.submit("sleep", pool, sleep, 1.0)
    first = server.wait(PATIENCE_S)
    seen_s = time.monotonic()
    assert first == [StreamItem("sleep", "asleep")], "items arrive while the call still runs"
    assert collect(server, ["sleep"]) == [Completed("sleep", "awake")]
    assert time.monotonic() - seen_s > 0.5


def _check_failures(server: TaskServer, pool: str) -> None:
    server.submit("fail", pool, fail, "on purpose")
    (lost,) = collect(server, ["fail"])
    assert isinstance(lost, Lost)
    assert lost.cause is Cause.RAISED
    assert "on purpose" in lost.detail
    assert isinstance(lost.error, ValueError)
    server.submit("unpicklable", pool, fail_unpicklably)
    (lost,) = collect(server, ["unpicklable"])
    assert isinstance(lost, Lost)
    assert "cannot be sent" in lost.detail
    server.submit("after", pool, echo, 1)
    assert collect(server, ["after"]) == [Completed("after", 1)], "a failure harms no other call"


def _check_refusals(server: TaskServer, pool: str) -> None:
    server.submit("twice", pool, echo, 1)
    for key, name in (("twice", pool), ("other", "no such pool")):
        try:
            server.submit(key, name, echo, 2)
        except ValueError:
            continue
        raise AssertionError(f"submit({key!r}, {name!r}) must raise a ValueError")
    assert collect(server, ["twice"]) == [Completed("twice", 1)]


def _check_cancelling(server: TaskServer, pool: str) -> None:
    keys = [f"sleep-{number}" for number in range(4)]
    for key in keys:
        server.submit(key, pool, sleep, 0.05)
    server.cancel(keys[-1])
    server.cancel("unknown")
    ends = [report for report in collect(server, keys) if not isinstance(report, StreamItem)]
    causes = {report.key: report.cause for report in ends if isinstance(report, Lost)}
    assert causes in ({keys[-1]: Cause.CANCELLED}, {})


def _check_death(server: TaskServer, pool: str) -> None:
    server.submit("die", pool, die)
    server.submit("live", pool, echo, 1)
    started = time.monotonic()
    reports = collect(server, ["die", "live"])
    assert Completed("live", 1) in reports, "a dead worker is replaced"
    assert StreamItem("die", "about to die") in reports, "what was emitted before is not lost"
    (lost,) = (report for report in reports if isinstance(report, Lost))
    assert (lost.key, lost.cause) == ("die", Cause.WORKER_DIED)
    assert time.monotonic() - started < PATIENCE_S / 2


def _check_killing(server: TaskServer, pool: str) -> None:
    server.submit("hang", pool, sleep, 600.0)
    while not server.wait(0.5):
        pass
    server.cancel("hang")
    (lost,) = collect(server, ["hang"])
    assert isinstance(lost, Lost)
    assert lost.cause is Cause.CANCELLED
    server.submit("after", pool, echo, 1)
    assert collect(server, ["after"]) == [Completed("after", 1)]


def _check_stopping_before_the_start(server: TaskServer, pool: str) -> None:
    server.stop("unknown")
    server.submit("stop", pool, count_until_stopped, 200, 0.02)
    server.stop("stop")
    server.stop("stop")
    reports = collect(server, ["stop"])
    assert reports[-1] == Completed("stop", "end"), "a call that is stopped ends by itself"
    assert reports[:-1] == [StreamItem("stop", number) for number in range(len(reports) - 1)]
    assert 0 < len(reports) - 1 < 200, "a call that was asked to stop ran to its end"
    server.submit("stop", pool, count_until_stopped, 20, 0.0)
    assert len(collect(server, ["stop"])) == 21, "an order to stop holds for one call"


def _check_stopping(server: TaskServer, pool: str) -> None:
    server.submit("stop", pool, count_until_stopped, 2000, 0.02)
    while not server.wait(0.5):
        pass
    started = time.monotonic()
    server.stop("stop")
    reports = collect(server, ["stop"])
    assert reports[-1] == Completed("stop", "end")
    assert time.monotonic() - started < 10.0, "a running call was not told to stop"
    server.submit("deaf", pool, sleep, 0.2)
    server.stop("deaf")
    assert collect(server, ["deaf"])[-1] == Completed("deaf", "awake"), "who does not listen runs to the end"
    server.submit("after", pool, count_until_stopped, 20, 0.0)
    assert len(collect(server, ["after"])) == 21, "an order that comes late concerns no other call"
