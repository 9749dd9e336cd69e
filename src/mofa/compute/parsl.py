"""The task server on Parsl: one HighThroughputExecutor for each pool, on this machine or on the nodes of a cluster."""

from __future__ import annotations

import logging
import queue
import shutil
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self

from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

from mofa.compute.calls import Call, CallBook
from mofa.compute.control import Control
from mofa.compute.htex import Lane, MakeBlocks, WorkersLostError, local_blocks
from mofa.compute.objects import Packing
from mofa.compute.protocols import Cause, Report, ServerSettings, Stream
from mofa.compute.remote import Session, run_call
from mofa.compute.streams import STREAMS
from mofa.compute.worker_process import module_path

logger = logging.getLogger(__name__)

_REPEAT_KILL_S = 0.5
_STREAM_POLL_S = 0.2


class ParslServer:
    """Runs calls on workers that Parsl starts; see `mofa.compute.protocols.TaskServer`.

    Workers, managers and interchanges that die are replaced, and their calls reported as lost. Nothing outlives this
    process. No more calls are handed to Parsl than a pool has workers, so that those which wait can be cancelled.

    Args:
        pools: number of workers of each pool by name.
        settings: folders, object store, stream, address, signs of life.
        make_blocks: where workers come from; see `mofa.compute.htex`.

    Raises:
        EngineMissingError: an object store or stream is not known, or what it needs is not installed.
    """

    def __init__(
        self,
        pools: Mapping[str, int],
        settings: ServerSettings | None = None,
        *,
        make_blocks: MakeBlocks = local_blocks,
    ) -> None:
        chosen = settings or ServerSettings()
        run_dir = chosen.run_dir or Path(tempfile.mkdtemp(prefix="mofa-parsl-"))
        self._folder = _fresh_folder(run_dir)
        self._to_remove = self._folder if chosen.run_dir else run_dir
        self._packing = Packing.open(chosen)
        self._stream: Stream = STREAMS.load(chosen.stream)(chosen)
        self._control = Control(chosen)
        self._session = self._folder / "session"
        log_dir = chosen.log_dir.absolute() if chosen.log_dir else None
        Session(
            self._stream.address, self._control.address, self._packing, log_dir, chosen.threads, tuple(module_path())
        ).write(self._session)
        self._book = CallBook(self._packing)
        self._events: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._lanes = {
            name: Lane(name, size, chosen, self._folder / f"pool-{number}", make_blocks)
            for number, (name, size) in enumerate(pools.items())
        }
        self._waiting: dict[str, deque[Call]] = {name: deque() for name in pools}
        self._busy = dict.fromkeys(pools, 0)
        self._kills: dict[str, float] = {}
        """When the order to kill a call is to be given again, by its token, monotonic s."""
        self._closed = threading.Event()
        with ThreadPoolExecutor(max(len(pools), 1)) as threads:
            list(threads.map(Lane.start, self._lanes.values()))
        self._threads = [
            threading.Thread(target=target, name=f"mofa-{target.__name__}", daemon=True)
            for target in (self._listen, self._look_after)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Run a call; see `TaskServer.submit`."""
        if pool not in self._lanes:
            raise ValueError(f"there is no pool {pool!r}")
        self._waiting[pool].append(self._book.open(key, pool, fn, args))
        self._dispatch(pool)

    def wait(self, timeout_s: float) -> list[Report]:
        """What has happened; see `TaskServer.wait`."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._drain()
            self._repeat_kills()
            reports = self._book.take()
            left = deadline - time.monotonic()
            if reports or left <= 0:
                return reports
            pause = min(left, self._book.due_s(), _REPEAT_KILL_S if self._kills else left)
            try:
                self._events.get(timeout=pause)()
            except queue.Empty:
                continue

    def cancel(self, key: str) -> None:
        """End a call; see `TaskServer.cancel`."""
        call = self._book.by_key(key)
        if call is None:
            return
        if call in self._waiting[call.pool]:
            self._waiting[call.pool].remove(call)
            self._book.lost(call, Cause.CANCELLED, "cancelled before it ran")
            return
        call.cancelled = True
        self._kills[call.token] = 0.0
        self._repeat_kills()

    def shutdown(self) -> None:
        """End all workers; see `TaskServer.shutdown`."""
        if self._closed.is_set():
            return
        self._closed.set()
        for thread in self._threads:
            thread.join()
        with ThreadPoolExecutor(max(len(self._lanes), 1)) as threads:
            list(threads.map(Lane.stop, self._lanes.values()))
        self._book.clear()
        for waiting in self._waiting.values():
            waiting.clear()
        self._kills.clear()
        self._control.close()
        self._stream.close()
        self._packing.close()
        shutil.rmtree(self._to_remove, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _drain(self) -> None:
        """Act on everything that has happened."""
        while True:
            try:
                self._events.get_nowait()()
            except queue.Empty:
                return

    def _dispatch(self, pool: str) -> None:
        """Hand waiting calls to Parsl while there are free workers."""
        lane, waiting = self._lanes[pool], self._waiting[pool]
        while waiting and self._busy[pool] < lane.workers:
            call = waiting[0]
            future = lane.submit(run_call, str(self._session), pool, call.token, call.packed)
            if future is None:
                return
            waiting.popleft()
            self._busy[pool] += 1
            future.add_done_callback(partial(self._when_done, call))

    def _when_done(self, call: Call, future: Future[Any]) -> None:
        """In a thread of Parsl."""
        self._events.put(partial(self._on_done, call, future))

    def _on_done(self, call: Call, future: Future[Any]) -> None:
        """Parsl is through with a call."""
        self._busy[call.pool] -= 1
        self._kills.pop(call.token, None)
        error = future.exception()
        if error is None:
            self._lanes[call.pool].worked()
            self._book.outcome(call, future.result())
        elif isinstance(error, WorkersLostError | WorkerLost | ManagerLost):
            where = f" on {call.worker}" if call.worker else ""
            self._book.lost(call, Cause.WORKER_DIED, f"the call was lost{where}: {error}")
        else:
            trace = "".join(traceback.format_exception(error))
            self._book.lost(call, Cause.RAISED, trace, error if isinstance(error, Exception) else None)
        self._dispatch(call.pool)

    def _repeat_kills(self) -> None:
        """Have cancelled calls killed; again and again, since a worker that starts may miss it."""
        now = time.monotonic()
        for token, due in self._kills.items():
            if due <= now:
                self._kills[token] = now + _REPEAT_KILL_S
                self._control.kill(token)

    def _listen(self) -> None:
        """Thread: pass on what workers send by the stream."""
        while not self._closed.is_set():
            for token, message in self._stream.receive(_STREAM_POLL_S):
                self._events.put(partial(self._book.item, token, message))

    def _look_after(self) -> None:
        """Thread: replace interchanges and blocks that have died."""
        while not self._closed.wait(0.5):
            for lane in self._lanes.values():
                if lane.look_after():
                    self._events.put(partial(self._dispatch, lane.pool))


def _fresh_folder(parent: Path) -> Path:
    """A folder of this server under its run folder, without what a killed one has left there."""
    folder = parent.absolute() / "parsl"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    return folder
