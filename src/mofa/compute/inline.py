"""The task server without processes: calls run in the caller, one after another. For debugging and for tests."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Self

from mofa.compute.protocols import Cause, Completed, Lost, Report, ServerSettings, StreamItem, Transit

logger = logging.getLogger(__name__)


class InlineServer:
    """Runs one call in every `wait`, in order of submission: the same calls give the same reports.

    A call cannot be cancelled once it runs, and one that kills its process kills the caller.

    Args:
        pools: names of the pools; the number of workers is not used.
        settings: not used; what calls print goes where the caller prints.
    """

    def __init__(self, pools: Mapping[str, int], settings: ServerSettings | None = None) -> None:
        self._pools = frozenset(pools)
        self._queue: deque[tuple[str, Callable[..., object], tuple[object, ...]]] = deque()
        self._reports: list[Report] = []
        self._stopped: set[str] = set()

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Queue a call; see `TaskServer.submit`."""
        if pool not in self._pools:
            raise ValueError(f"there is no pool {pool!r}")
        if any(key == other for other, _, _ in self._queue):
            raise ValueError(f"the key {key!r} is in use")
        self._queue.append((key, fn, args))

    def wait(self, timeout_s: float) -> list[Report]:
        """Run the call that has waited longest and report it."""
        if self._queue and not self._reports:
            self._run(*self._queue.popleft())
        reports, self._reports = self._reports, []
        return reports

    def cancel(self, key: str) -> None:
        """Drop a call that has not run yet."""
        for waiting in self._queue:
            if waiting[0] == key:
                self._queue.remove(waiting)
                self._stopped.discard(key)
                self._reports.append(Lost(key, Cause.CANCELLED, "cancelled before it ran"))
                return

    def stop(self, key: str) -> None:
        """Have a call that has not run yet told to end when it first emits."""
        if any(key == waiting for waiting, _, _ in self._queue):
            self._stopped.add(key)

    def shutdown(self) -> None:
        """Forget what has not run."""
        self._queue.clear()
        self._stopped.clear()
        self._reports.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _run(self, key: str, fn: Callable[..., object], args: tuple[object, ...]) -> None:
        started_s = time.time()

        def emit(item: object) -> bool:
            self._reports.append(StreamItem(key, item))
            return key in self._stopped

        try:
            value = fn(emit, *args)
        except Exception as error:
            logger.exception("call %s raised", key)
            self._reports.append(Lost(key, Cause.RAISED, traceback.format_exc(), error))
        else:
            ended_s = time.time()
            transit = Transit(f"{os.uname().nodename}:{os.getpid()}", started_s, started_s, ended_s, ended_s)
            self._reports.append(Completed(key, value, transit))
        finally:
            self._stopped.discard(key)
