"""What a task server does, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

Emit = Callable[[object], None]
"""The worker's end of a stream: sends a small picklable value to the submitter while the task still runs."""


class Cause(StrEnum):
    """Why a task has no result."""

    RAISED = "raised"
    """The function raised."""
    WORKER_DIED = "worker_died"
    """The worker process ended: a crash in compiled code, out of memory, a kill."""
    CANCELLED = "cancelled"
    """`TaskServer.cancel` was called."""


@dataclass(frozen=True)
class StreamItem:
    """A value that a running task has emitted."""

    key: str
    item: Any


@dataclass(frozen=True)
class Completed:
    """The function has returned."""

    key: str
    value: Any


@dataclass(frozen=True)
class Lost:
    """The task has ended without a value."""

    key: str
    cause: Cause
    detail: str
    """Traceback, or the last lines that the worker printed."""
    error: Exception | None = None
    """What the function raised, if it could be sent."""


Report = StreamItem | Completed | Lost


class TaskServer(Protocol):
    """Runs function calls on pools of workers.

    Every submitted key is reported exactly once as `Completed` or `Lost`, after all that it emitted. A call that
    raises, or kills its worker, harms no other call. Servers are context managers; leaving shuts them down.
    """

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Run ``fn(emit, *args)`` on a worker of `pool`, as soon as one is free, in order of submission.

        Args:
            key: names the call in reports; not in use.
            pool: name of a pool.
            fn: importable by module and name.
            *args: picklable.

        Raises:
            ValueError: the key is in use, or there is no such pool.
        """

    def wait(self, timeout_s: float) -> list[Report]:
        """What has happened since the last call; waits up to `timeout_s` for something to happen."""

    def cancel(self, key: str) -> None:
        """End a call, running or not: it is reported as lost, or as completed if it was faster.

        An unknown key is ignored.
        """

    def shutdown(self) -> None:
        """End all workers and everything they started, at once; unreported calls are forgotten. May be repeated."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ObjectStore(Protocol):
    """Keeps bytes apart from control messages; what travels with the messages is the reference."""

    def put(self, data: bytes, suffix: str = "") -> str:
        """Store bytes and return a reference; the same bytes give the same reference."""

    def get(self, ref: str) -> bytes:
        """The bytes of a reference.

        Raises:
            OSError: there are none.
        """
