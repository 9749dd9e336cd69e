"""The task server of one machine: pools of long-lived worker processes that can crash and be killed one by one."""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any, Self

from mofa.compute.objects import Packed, Packing
from mofa.compute.protocols import Cause, Lost, Report, ServerSettings, StreamItem
from mofa.compute.worker import ITEM, STARTED
from mofa.compute.worker_process import WorkerProcess, module_path, read_report


@dataclass(eq=False)
class _Worker:
    """A worker process and the call that it runs."""

    pool: str
    process: WorkerProcess
    key: str | None = None
    packed: Packed | None = None
    """Function and arguments of the call."""
    cancelled: bool = False
    stopped: bool = False
    """Whether the call was asked to come to an early end."""


@dataclass
class _Pool:
    """Workers of one sort and the calls that wait for one."""

    size: int
    workers: list[_Worker] = field(default_factory=list)
    waiting: deque[tuple[str, Packed]] = field(default_factory=deque)


class PoolServer:
    """Runs calls in worker processes; see `mofa.compute.protocols.TaskServer`.

    Workers start when they are first needed and live on. One that dies is reported and replaced. Each has its own
    session (Ctrl-C does not reach it), its own scratch folder as working directory and TMPDIR, and one thread for
    numerical libraries. They end with this process, however that ends, and so does all that they have started.

    Args:
        pools: number of workers of each pool by name.
        settings: where workers print, their threads, and where bulky data go.

    Raises:
        EngineMissingError: there is no such object store, or what it needs is not installed.
    """

    def __init__(self, pools: Mapping[str, int], settings: ServerSettings | None = None) -> None:
        self._settings = settings or ServerSettings()
        self._pools = {name: _Pool(size) for name, size in pools.items()}
        self._packing = Packing.open(self._settings)
        self._keys: set[str] = set()
        self._to_stop: set[str] = set()
        """Waiting calls that are to end as soon as they run."""
        self._reports: list[Report] = []
        self._started = 0

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Run a call; see `TaskServer.submit`."""
        if pool not in self._pools:
            raise ValueError(f"there is no pool {pool!r}")
        if key in self._keys:
            raise ValueError(f"the key {key!r} is in use")
        packed = self._packing.pack((fn, args))
        self._keys.add(key)
        self._pools[pool].waiting.append((key, packed))
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
                    self._end(key, call[1], Lost(key, Cause.CANCELLED, "cancelled before it ran"))
                    return
            for worker in pool.workers:
                if worker.key == key:
                    worker.cancelled = True
                    worker.process.end()
                    return

    def stop(self, key: str) -> None:
        """Ask a call to come to an early end; see `TaskServer.stop`."""
        for pool in self._pools.values():
            if any(key == waiting for waiting, _ in pool.waiting):
                self._to_stop.add(key)
            for worker in pool.workers:
                if worker.key == key and not worker.stopped:
                    worker.stopped = True
                    worker.process.stop()

    def shutdown(self) -> None:
        """End all workers; see `TaskServer.shutdown`."""
        workers = [worker for pool in self._pools.values() for worker in pool.workers]
        for worker in workers:
            worker.process.end()
        for worker in workers:
            worker.process.release()
        for pool in self._pools.values():
            pool.workers.clear()
            pool.waiting.clear()
        self._keys.clear()
        self._to_stop.clear()
        self._reports.clear()
        self._packing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _look(self, timeout_s: float) -> None:
        """Wait for messages and deaths, and act on them."""
        workers = [worker for pool in self._pools.values() for worker in pool.workers]
        sources: dict[Any, _Worker] = {}
        for worker in workers:
            sources[worker.process.calls] = worker
            sources[worker.process.exited] = worker
        if not sources:
            time.sleep(timeout_s)
            return
        ready = wait(list(sources), timeout_s)
        for worker in dict.fromkeys(sources[source] for source in ready):
            self._receive(worker)
            if worker.process.exited in ready:
                self._bury(worker)

    def _receive(self, worker: _Worker) -> None:
        """Take in all messages that a worker has sent."""
        with suppress(EOFError, ConnectionError):
            while worker.process.calls.poll():
                message = worker.process.calls.recv_bytes()
                key, packed = worker.key, worker.packed
                if key is None or packed is None or message[:1] == STARTED:
                    continue  # without a call: emitted by a thread that outlived its call
                if message[:1] == ITEM:
                    self._reports.append(StreamItem(key, pickle.loads(memoryview(message)[1:])))
                    continue
                worker.key = worker.packed = None
                self._end(key, packed, read_report(key, message, self._packing))
                self._dispatch(worker.pool)
            return
        # The connection ended before the guardian did: make sure that it follows.
        worker.process.end()

    def _bury(self, worker: _Worker) -> None:
        """A worker has ended: report its call and make room for another."""
        how = worker.process.release()
        self._pools[worker.pool].workers.remove(worker)
        if worker.key is not None and worker.packed is not None:
            cause, detail = Cause.WORKER_DIED, how
            if worker.cancelled:
                cause, detail = Cause.CANCELLED, "cancelled while it ran"
            self._end(worker.key, worker.packed, Lost(worker.key, cause, detail))
        self._dispatch(worker.pool)

    def _end(self, key: str, packed: Packed, report: Report) -> None:
        """Report the end of a call; its arguments are needed no more."""
        self._keys.discard(key)
        self._to_stop.discard(key)
        self._packing.evict(packed)
        self._reports.append(report)

    def _dispatch(self, name: str) -> None:
        """Give waiting calls to idle workers; start workers where there is room."""
        pool = self._pools[name]
        while pool.waiting:
            worker = next(
                (worker for worker in pool.workers if worker.key is None and worker.process.lifeline is not None), None
            )
            if worker is None:
                if len(pool.workers) >= pool.size:
                    return
                worker = self._start(name)
                pool.workers.append(worker)
            worker.key, worker.packed = pool.waiting.popleft()
            worker.process.send(pickle.dumps((self._packing, worker.packed), pickle.HIGHEST_PROTOCOL))
            worker.stopped = worker.key in self._to_stop
            if worker.stopped:
                worker.process.stop()

    def _start(self, pool: str) -> _Worker:
        """Start a worker process; does not wait until it is ready."""
        self._started += 1
        process = WorkerProcess.start(
            f"{pool}-{self._started:04d}",
            path=module_path(),
            log_dir=self._settings.log_dir,
            threads=self._settings.threads,
        )
        return _Worker(pool, process)
