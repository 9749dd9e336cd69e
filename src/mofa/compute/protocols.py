"""What a task server does, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

Emit = Callable[[object], bool]
"""The worker's end of a stream: sends a small picklable value to the submitter while the task still runs, and says
whether the submitter wants the task to come to an early end (`TaskServer.stop`)."""


class Cause(StrEnum):
    """Why a task has no result."""

    RAISED = "raised"
    """The function raised."""
    WORKER_DIED = "worker_died"
    """The worker process ended: a crash in compiled code, out of memory, a kill."""
    NODE_LOST = "node_lost"
    """What ran the worker was lost: its node, manager, interchange or task server. The task is not to blame."""
    CANCELLED = "cancelled"
    """`TaskServer.cancel` was called."""


@dataclass(frozen=True)
class Transit:
    """Where a call was when, as far as its server knows. Unix times, s; 0 where unknown."""

    worker: str = ""
    """Host and process id, ``node17:4242``."""
    received_s: float = 0.0
    """The worker took the call in."""
    started_s: float = 0.0
    """The function was called, its arguments at hand."""
    ended_s: float = 0.0
    """The function returned."""
    sent_s: float = 0.0
    """The report left the worker."""
    bytes_in: int = 0
    """Pickled size of the arguments, whichever way they went."""
    bytes_out: int = 0
    """Pickled size of the value, whichever way it went."""


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
    """What it returned. A large one is a proxy: the data are fetched when it is first touched, not before."""
    transit: Transit = field(default=Transit(), compare=False)


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

    def stop(self, key: str) -> None:
        """Ask a call to come to an early end of its own: from now on its `emit` says so, at the latest when it runs.

        A call that does not listen runs to its end. An unknown key is ignored.
        """

    def shutdown(self) -> None:
        """End all workers and everything they started, at once; unreported calls are forgotten. May be repeated."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True)
class ServerSettings:
    """How a task server does its work; the same for all, and each takes what concerns it."""

    log_dir: Path | None = None
    """Folder for what workers print; None discards it."""
    run_dir: Path | None = None
    """Folder for the server's own files, shared with all nodes; None for a temporary one."""
    threads: int = 1
    """Threads of numerical libraries in every worker."""
    objects: str = "none"
    """Where bulky arguments and values go, apart from the control messages; see `mofa.compute.OBJECT_STORES`."""
    threshold_bytes: int = 100_000
    """Arguments and values whose pickled size reaches this go through the object store, bytes."""
    stream: str = "zmq"
    """What carries the items that running tasks emit; see `mofa.compute.STREAMS`."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis server, for whatever uses one."""
    address: str = "127.0.0.1"
    """Under which workers on other nodes reach this machine."""
    heartbeat_s: float = 1.0
    """Interval of the signs of life between this process, its helpers and the nodes, s."""
    heartbeat_limit_s: float = 10.0
    """Silence after which a node or a helper process counts as dead, s."""


class ObjectStore(Protocol):
    """Keeps bulky values apart from control messages: what travels with the messages is a small stand-in.

    Picklable: a copy in another process reaches the same objects, and closing it removes none of them.
    """

    def put(self, data: bytes) -> str:
        """Store bytes and return a key that any process that has this store's configuration can use."""

    def get(self, key: str) -> bytes:
        """The bytes of a key.

        Raises:
            LookupError: there are none.
        """

    def evict(self, key: str) -> None:
        """Forget a key; no error if it is gone."""

    def close(self) -> None:
        """Forget everything that this store has put, and let go of it."""


class Stream(Protocol):
    """The submitter's end of the channel on which running calls send items."""

    @property
    def address(self) -> str:
        """What a worker needs to send; a small string without spaces, secret included."""

    def receive(self, timeout_s: float) -> list[tuple[str, Any]]:
        """Pairs of key and item that have arrived, in order for each key; waits up to `timeout_s` for the first."""

    def close(self) -> None:
        """Stop listening."""
