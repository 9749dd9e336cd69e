"""The task server on a virtual clock: calls run in this process, and the time they take is only counted.

Hours of work on thousands of workers pass in seconds. The clock moves in `SimulatedServer.wait`, to the next report,
and in `SimulatedServer.spend`, while the submitter is busy; it never waits for anything.

Example:
    >>> server = SimulatedServer({"gpu": 2}, duration=lambda fn, args, value: 60.0, start_s=0.0)
    >>> for key in "abc":
    ...     server.submit(key, "gpu", fn)
    >>> [report.key for report in server.wait(3600.0)], round(server.now_s, 3)
    (['a', 'b'], 60.004)
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any, Self

from mofa.compute.protocols import Cause, Completed, Lost, Report, ServerSettings, StreamItem, Transit

logger = logging.getLogger(__name__)

Duration = Callable[[Callable[..., object], tuple[object, ...], object], float]
"""How long a call takes, s: asked with its function, its arguments, and what it returned or raised."""


def _keep(items: list[object], item: object) -> bool:
    """Take in what a call emits; nobody can ask it to stop while it is made."""
    items.append(item)
    return False


def one_second(fn: Callable[..., object], args: tuple[object, ...], value: object) -> float:
    """Every call takes a second."""
    return 1.0


@dataclass(slots=True, eq=False)
class _Call:
    """A call from its submission to its report."""

    key: str
    pool: _Workers
    fn: Callable[..., object]
    args: tuple[object, ...]
    worker: int = -1
    """-1 while it waits for one."""
    started_s: float = 0.0
    over: bool = False
    """It has ended or was cancelled; its report may still be on its way."""
    items_s: tuple[float, ...] = ()
    """When it emits."""
    report: Report | None = None
    """How it will end, once it runs."""
    to_stop: bool = False
    """It waits, and is to end as soon as it runs."""


@dataclass(slots=True, eq=False)
class _Workers:
    """The workers of a pool."""

    name: str
    idle: list[int]
    queue: deque[_Call] = field(default_factory=deque)


class SimulatedServer:
    """Runs calls at virtual times: at most as many of a pool at once as it has workers, first come, first served.

    A call is made when it starts; what it emits is spread evenly over its duration, the last item at its end. Every
    message takes `latency_s`, to the worker and back. One that is asked to stop ends with its next item, and with the
    value that was made at its start. A call that kills its process kills the caller.

    Args:
        pools: workers by name of the pool.
        settings: not used; what calls print goes where the caller prints.
        duration: says how long each call takes.
        latency_s: travelling time of a message, s.
        start_s: where the clock begins, s; None for the Unix time at which the server is made.
    """

    def __init__(
        self,
        pools: Mapping[str, int],
        settings: ServerSettings | None = None,
        *,
        duration: Duration = one_second,
        latency_s: float = 0.002,
        start_s: float | None = None,
    ) -> None:
        self._pools = {name: _Workers(name, list(range(n))[::-1]) for name, n in pools.items()}
        self._duration = duration
        self._latency_s = latency_s
        self.now_s = time.time() if start_s is None else start_s
        """The virtual time, s."""
        self._events: list[tuple[float, int, Callable[[float, Any], None], Any]] = []
        """Heap of what will happen: time, serial number, what to call, and with what."""
        self._serial = count()
        self._calls: dict[str, _Call] = {}
        self._reports: list[Report] = []

    @property
    def running(self) -> Mapping[str, float]:
        """When each call that runs now was started, s, by key."""
        return {key: call.started_s for key, call in self._calls.items() if call.worker >= 0 and not call.over}

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Send a call on its way; see `TaskServer.submit`."""
        workers = self._pools.get(pool)
        if workers is None:
            raise ValueError(f"there is no pool {pool!r}")
        if key in self._calls:
            raise ValueError(f"the key {key!r} is in use")
        call = self._calls[key] = _Call(key, workers, fn, args)
        self._at(self.now_s + self._latency_s, self._arrive, call)

    def wait(self, timeout_s: float) -> list[Report]:
        """Move the clock to the next report, `timeout_s` at most, and give all reports that have arrived by then.

        Without an end to wait for (``inf``) the clock stands still when nothing more will happen.
        """
        deadline_s = self.now_s + timeout_s
        events = self._events
        while events:
            time_s = events[0][0]
            if time_s > self.now_s:
                if self._reports or time_s > deadline_s:
                    break
                self.now_s = time_s
            _, _, happen, subject = heappop(events)
            happen(time_s, subject)
        if not self._reports and deadline_s != float("inf"):
            self.now_s = deadline_s
        reports, self._reports = self._reports, []
        return reports

    def spend(self, seconds: float) -> None:
        """Let time pass in which the submitter does something else; reports that come in wait for it."""
        self.now_s += seconds

    def cancel(self, key: str) -> None:
        """Send word that a call is to end; see `TaskServer.cancel`."""
        call = self._calls.get(key)
        if call is not None:
            self._at(self.now_s + self._latency_s, self._stop, call)

    def stop(self, key: str) -> None:
        """Send word that a call is to come to an early end; see `TaskServer.stop`."""
        call = self._calls.get(key)
        if call is not None:
            self._at(self.now_s + self._latency_s, self._curtail, call)

    def shutdown(self) -> None:
        """Forget everything that has not been reported."""
        self._events.clear()
        self._calls.clear()
        self._reports.clear()
        for workers in self._pools.values():
            workers.queue.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _at(self, time_s: float, happen: Callable[[float, Any], None], subject: object) -> None:
        heappush(self._events, (time_s, next(self._serial), happen, subject))

    def _arrive(self, time_s: float, call: _Call) -> None:
        """A call has reached its pool."""
        call.pool.queue.append(call)
        self._start(time_s, call.pool)

    def _start(self, time_s: float, workers: _Workers) -> None:
        """Start the call that has waited longest, if a worker is idle."""
        if not (workers.idle and workers.queue):
            return
        call = workers.queue.popleft()
        call.worker, call.started_s = workers.idle.pop(), time_s
        items: list[object] = []
        try:
            answer = call.fn(partial(_keep, items), *call.args)
        except Exception as error:
            logger.exception("call %s raised", call.key)
            lasts_s = self._duration(call.fn, call.args, error)
            report: Report = Lost(call.key, Cause.RAISED, traceback.format_exc(), error)
        else:
            lasts_s = self._duration(call.fn, call.args, answer)
            ended_s = time_s + lasts_s
            transit = Transit(f"{workers.name}:{call.worker}", time_s, time_s, ended_s, ended_s)
            report = Completed(call.key, answer, transit)
        call.report = report
        call.items_s = tuple(time_s + lasts_s * number / len(items) for number in range(1, len(items) + 1))
        for sent_s, item in zip(call.items_s, items, strict=True):
            self._at(sent_s + self._latency_s, self._deliver, (call, StreamItem(call.key, item)))
        self._at(time_s + lasts_s, self._end, (call, report))
        if call.to_stop:
            self._curtail(time_s, call)

    def _curtail(self, time_s: float, call: _Call) -> None:
        """Word has come that a call is to come to an early end: it does so with its next item, if there is one."""
        if call.report is None:
            call.to_stop = True
        elif isinstance(call.report, Completed):
            end_s = next((sent_s for sent_s in call.items_s if sent_s >= time_s), None)
            if end_s is not None:
                transit = replace(call.report.transit, ended_s=end_s, sent_s=end_s)
                self._at(end_s, self._end, (call, replace(call.report, transit=transit)))

    def _end(self, time_s: float, ending: tuple[_Call, Report]) -> None:
        """A call has ended, unless it was cancelled: its worker goes on, its report is sent."""
        call, report = ending
        if not call.over:
            self._leave(time_s, call)
            self._at(time_s + self._latency_s, self._deliver, (call, report))

    def _stop(self, time_s: float, call: _Call) -> None:
        """Word has come that a call is to end, which it may have done."""
        if call.over:
            return
        if call.worker < 0:
            call.pool.queue.remove(call)
            call.over = True
        else:
            self._leave(time_s, call)
        lost = Lost(call.key, Cause.CANCELLED, "cancelled")
        self._at(time_s + self._latency_s, self._deliver, (call, lost))

    def _leave(self, time_s: float, call: _Call) -> None:
        """A call leaves its worker to the next."""
        call.over = True
        call.pool.idle.append(call.worker)
        self._start(time_s, call.pool)

    def _deliver(self, time_s: float, message: tuple[_Call, Report]) -> None:
        """A report has arrived; what was sent after the call's end was never sent."""
        call, report = message
        if self._calls.get(call.key) is call:
            self._reports.append(report)
            if not isinstance(report, StreamItem):
                del self._calls[call.key]
