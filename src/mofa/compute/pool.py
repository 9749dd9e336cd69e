"""The task server of one machine: pools of long-lived worker processes that can crash and be killed one by one."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Self

from mofa.compute.protocols import Cause, Completed, Lost, Report, ServerSettings, StreamItem

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mofa.compute.worker import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_END_S = 5.0
_LOG_TAIL_BYTES = 4000
_Call = tuple[str, bytes]


@dataclass(eq=False)
class _Worker:
    """A worker process as the pool sees it: where calls go, and the guardian that it lives and dies with."""

    name: str
    pool: str
    guardian: subprocess.Popen[bytes]
    exited: int
    """Process descriptor of the guardian; readable when it has ended."""
    calls: Connection
    lifeline: int | None
    """Closing it ends the worker and all that it has started."""
    log_path: Path | None
    log_start: int = 0
    """Where the log of the present call begins, bytes."""
    key: str | None = None
    """The call that it runs."""
    cancelled: bool = False

    def end(self) -> None:
        """Ask the guardian to kill everything; returns at once."""
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None

    def release(self) -> int:
        """Wait for the guardian, close what belongs to the worker, and give the exit code."""
        self.end()
        try:
            code = self.guardian.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.guardian.kill()
            code = self.guardian.wait()
        os.close(self.exited)
        self.calls.close()
        return code


@dataclass
class _Pool:
    """Workers of one sort and the calls that wait for one."""

    size: int
    workers: list[_Worker] = field(default_factory=list)
    waiting: deque[_Call] = field(default_factory=deque)


class PoolServer:
    """Runs calls in worker processes; see `mofa.compute.protocols.TaskServer`.

    Workers start when they are first needed and live on. One that dies is reported and replaced. Each has its own
    session (Ctrl-C does not reach it), its own scratch folder as working directory and TMPDIR, and one thread for
    numerical libraries. They end with this process, however that ends, and so does all that they have started.

    Args:
        pools: number of workers of each pool by name.
        settings: where workers print, and their threads.
    """

    def __init__(self, pools: Mapping[str, int], settings: ServerSettings | None = None) -> None:
        chosen = settings or ServerSettings()
        self._pools = {name: _Pool(size) for name, size in pools.items()}
        self._log_dir = chosen.log_dir
        threads = dict.fromkeys(_THREAD_VARIABLES, str(chosen.threads))
        self._environment = {**os.environ, **threads, "RASPALIB_QUIET": "1"}
        self._keys: set[str] = set()
        self._reports: list[Report] = []
        self._started = 0

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Run a call; see `TaskServer.submit`."""
        if pool not in self._pools:
            raise ValueError(f"there is no pool {pool!r}")
        if key in self._keys:
            raise ValueError(f"the key {key!r} is in use")
        self._keys.add(key)
        self._pools[pool].waiting.append((key, pickle.dumps((fn, args))))
        self._dispatch(pool)

    def wait(self, timeout_s: float) -> list[Report]:
        """What has happened; see `TaskServer.wait`."""
        deadline = time.monotonic() + timeout_s
        while not self._reports:
            left = deadline - time.monotonic()
            self._look(max(left, 0.0))
            if left <= 0:
                break
        reports, self._reports = self._reports, []
        return reports

    def cancel(self, key: str) -> None:
        """End a call; see `TaskServer.cancel`."""
        for pool in self._pools.values():
            for call in pool.waiting:
                if call[0] == key:
                    pool.waiting.remove(call)
                    self._lose(key, Cause.CANCELLED, "cancelled before it ran")
                    return
            for worker in pool.workers:
                if worker.key == key:
                    worker.cancelled = True
                    worker.end()
                    return

    def shutdown(self) -> None:
        """End all workers; see `TaskServer.shutdown`."""
        workers = [worker for pool in self._pools.values() for worker in pool.workers]
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.release()
        for pool in self._pools.values():
            pool.workers.clear()
            pool.waiting.clear()
        self._keys.clear()
        self._reports.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _look(self, timeout_s: float) -> None:
        """Wait for messages and deaths, and act on them."""
        workers = [worker for pool in self._pools.values() for worker in pool.workers]
        sources: dict[Any, _Worker] = {}
        for worker in workers:
            sources[worker.calls] = worker
            sources[worker.exited] = worker
        if not sources:
            time.sleep(timeout_s)
            return
        ready = wait(list(sources), timeout_s)
        for worker in dict.fromkeys(sources[source] for source in ready):
            self._receive(worker)
            if worker.exited in ready:
                self._bury(worker)

    def _receive(self, worker: _Worker) -> None:
        """Take in all messages that a worker has sent."""
        with suppress(EOFError, ConnectionError):
            while worker.calls.poll():
                kind, *content = worker.calls.recv()
                key = worker.key
                if key is None:  # emitted by a thread that outlived its call
                    continue
                if kind == "item":
                    self._reports.append(StreamItem(key, content[0]))
                    continue
                worker.key = None
                if kind == "value":
                    self._keys.discard(key)
                    self._reports.append(Completed(key, pickle.loads(content[0]), content[1]))
                else:
                    self._lose(key, Cause.RAISED, content[0], content[1])
                self._dispatch(worker.pool)
            return
        # The connection ended before the guardian did: make sure that it follows.
        worker.end()

    def _bury(self, worker: _Worker) -> None:
        """A worker has ended: report its call and make room for another."""
        code = worker.release()
        pool = self._pools[worker.pool]
        pool.workers.remove(worker)
        if worker.key is not None and worker.cancelled:
            self._lose(worker.key, Cause.CANCELLED, "cancelled while it ran")
        elif worker.key is not None:
            how = f"signal {code - 128}" if code > 128 else f"exit code {code}"
            self._lose(worker.key, Cause.WORKER_DIED, f"the worker process ended ({how})\n{_log_tail(worker)}")
        self._dispatch(worker.pool)

    def _lose(self, key: str, cause: Cause, detail: str, error: Exception | None = None) -> None:
        self._keys.discard(key)
        self._reports.append(Lost(key, cause, detail, error))

    def _dispatch(self, name: str) -> None:
        """Give waiting calls to idle workers; start workers where there is room."""
        pool = self._pools[name]
        while pool.waiting:
            worker = next(
                (worker for worker in pool.workers if worker.key is None and worker.lifeline is not None), None
            )
            if worker is None:
                if len(pool.workers) >= pool.size:
                    return
                worker = self._start(name)
                pool.workers.append(worker)
            worker.key, message = pool.waiting.popleft()
            worker.log_start = worker.log_path.stat().st_size if worker.log_path else 0
            # A worker that is dead by now is found by its process descriptor, and its call reported as lost.
            with suppress(ConnectionError):
                worker.calls.send_bytes(message)

    def _start(self, pool: str) -> _Worker:
        """Start a worker process; does not wait until it is ready."""
        self._started += 1
        name = f"{pool}-{self._started:04d}"
        ours, theirs = socket.socketpair()
        lifeline_end, lifeline = os.pipe()
        log_path = self._log_dir / f"worker-{name}.log" if self._log_dir else None
        path = json.dumps([os.path.abspath(entry) for entry in sys.path])
        with open(log_path or os.devnull, "ab") as log, theirs:
            guardian = subprocess.Popen(
                [sys.executable, "-c", _BOOT, path, str(theirs.fileno()), str(lifeline_end), f"mofa-worker-{name}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno(), lifeline_end],
                env=self._environment,
                start_new_session=True,
            )
        os.close(lifeline_end)
        exited = os.pidfd_open(guardian.pid)
        return _Worker(name, pool, guardian, exited, Connection(ours.detach()), lifeline, log_path)


def _log_tail(worker: _Worker) -> str:
    """What the worker printed last during its present call."""
    if worker.log_path is None:
        return ""
    with worker.log_path.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(worker.log_start, end - _LOG_TAIL_BYTES))
        return stream.read().decode(errors="replace").strip()
