"""The submitter's half that task servers with remote workers share: queues, cancelling, streams, reports."""

from __future__ import annotations

import logging
import queue
import shutil
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NoReturn, Self

from mofa.compute.calls import Call, CallBook
from mofa.compute.control import Control, Order
from mofa.compute.objects import Packing
from mofa.compute.protocols import Cause, Report, ServerSettings, Stream
from mofa.compute.registries import STREAMS
from mofa.compute.remote import Session
from mofa.compute.worker_process import module_path
from mofa.errors import EngineError

logger = logging.getLogger(__name__)

_REPEAT_S = 0.5
_STREAM_POLL_S = 0.2
_RETRY_S = 1.0


class RemoteServer(ABC):
    """A `mofa.compute.protocols.TaskServer` but for the way in which calls reach workers and outcomes come back.

    No more calls are handed over than a pool has workers, so that those which wait can be cancelled. Everything
    happens in the thread that uses the server; other threads put what is to be done there into `_events`.

    Args:
        pools: number of workers of each pool by name.
        settings: folders, object store, stream, address.
        name: of the folder for this server's files.

    Raises:
        EngineMissingError: an object store or stream is not known, or what it needs is not installed.
        EngineError: the server that one of them needs cannot be reached.
    """

    def __init__(self, pools: Mapping[str, int], settings: ServerSettings, name: str) -> None:
        self._settings = settings
        self._pools = dict(pools)
        run_dir = settings.run_dir or Path(tempfile.mkdtemp(prefix=f"mofa-{name}-"))
        self._folder = _fresh_folder(run_dir / name)
        self._to_remove = self._folder if settings.run_dir else run_dir
        self._packing = Packing.open(settings)
        self._stream: Stream = STREAMS.load(settings.stream)(settings)
        self._control = Control(settings)
        log_dir = settings.log_dir.absolute() if settings.log_dir else None
        self._session = self._folder / "session"
        Session(
            self._stream.address, self._control.address, self._packing, log_dir, settings.threads, tuple(module_path())
        ).write(self._session)
        self._book = CallBook(self._packing)
        self._events: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._waiting: dict[str, deque[Call]] = {pool: deque() for pool in pools}
        self._busy = dict.fromkeys(pools, 0)
        self._orders: dict[str, tuple[Order, float]] = {}
        """Orders about calls under way, by token, and when each is to be given again, monotonic s."""
        self._closed = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="mofa-stream", daemon=True)
        self._listener.start()

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        """Run a call; see `TaskServer.submit`."""
        if pool not in self._pools:
            raise ValueError(f"there is no pool {pool!r}")
        self._waiting[pool].append(self._book.open(key, pool, fn, args))
        self._dispatch(pool)

    def wait(self, timeout_s: float) -> list[Report]:
        """What has happened; see `TaskServer.wait`."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._drain()
            self._repeat_orders()
            reports = self._book.take()
            left = deadline - time.monotonic()
            if reports or left <= 0:
                return reports
            pause = min(left, self._book.due_s(), _REPEAT_S if self._orders else left)
            try:
                self._events.get(timeout=pause)()
            except queue.Empty:
                continue

    def cancel(self, key: str) -> None:
        """End a call; see `TaskServer.cancel`."""
        call = self._book.by_key(key)
        if call is None or self._book.has_ended(call):
            return
        if call in self._waiting[call.pool]:
            self._waiting[call.pool].remove(call)
            self._orders.pop(call.token, None)
            self._book.lost(call, Cause.CANCELLED, "cancelled before it ran")
            return
        call.cancelled = True
        self._order(call, Order.KILL)

    def stop(self, key: str) -> None:
        """Ask a call to come to an early end; see `TaskServer.stop`."""
        call = self._book.by_key(key)
        if call is not None and call.token not in self._orders and not self._book.has_ended(call):
            self._order(call, Order.STOP)

    def shutdown(self) -> None:
        """End all workers; see `TaskServer.shutdown`."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._listener.join()
        self._stop()
        self._book.clear()
        for waiting in self._waiting.values():
            waiting.clear()
        self._orders.clear()
        self._control.close()
        for channel in (self._stream, self._packing):
            try:
                channel.close()
            except EngineError as error:
                logger.warning("left as it is: %s", error)
        shutil.rmtree(self._to_remove, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    @abstractmethod
    def _hand_over(self, call: Call) -> bool:
        """Send a call to the workers of its pool; False if that is not possible now. `_through` ends it."""

    @abstractmethod
    def _stop(self) -> None:
        """End all workers and everything else that was started."""

    def _through(self, call: Call) -> None:
        """A call that was handed over no longer holds its worker."""
        self._busy[call.pool] -= 1
        self._orders.pop(call.token, None)
        self._dispatch(call.pool)

    def _dispatch(self, pool: str) -> None:
        """Hand waiting calls over while there are free workers."""
        waiting = self._waiting[pool]
        while waiting and self._busy[pool] < self._pools[pool] and self._hand_over(waiting[0]):
            waiting.popleft()
            self._busy[pool] += 1

    def _drain(self) -> None:
        """Act on everything that has happened."""
        while True:
            try:
                self._events.get_nowait()()
            except queue.Empty:
                return

    def _order(self, call: Call, order: Order) -> None:
        self._orders[call.token] = (order, 0.0)
        self._repeat_orders()

    def _repeat_orders(self) -> None:
        """Give orders again and again until their calls have ended, since a worker that starts may miss them."""
        now = time.monotonic()
        for token, (order, due) in self._orders.items():
            if due <= now:
                self._orders[token] = (order, now + _REPEAT_S)
                self._control.give(order, token)

    def _listen(self) -> None:
        """Thread: pass on what workers send by the stream."""
        while not self._closed.is_set():
            try:
                items = self._stream.receive(_STREAM_POLL_S)
            except EngineError as error:
                self._events.put(partial(_raise, error))
                self._closed.wait(_RETRY_S)
                continue
            for token, message in items:
                self._events.put(partial(self._book.item, token, message))


def _raise(error: Exception) -> NoReturn:
    raise error


def _fresh_folder(path: Path) -> Path:
    """A folder of this server under its run folder, without what a killed one has left there."""
    folder = path.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    return folder
