"""What runs in a worker of Parsl: `run_call`, which has a call done by a worker process of our own.

Parsl's worker never runs the call itself. It keeps a worker process beside it (`WorkerProcess`, the same as the pool
has), hands calls over and passes on what comes back. So a crash in compiled code, an `exit()` or a hang that holds the
interpreter lock ends only that process: it is reported at once with the last lines of its log, what it emitted before
is not lost, and Parsl's own queues, which a kill at the wrong moment would lock for ever, are never touched by it.
"""

from __future__ import annotations

import functools
import os
import pickle
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import zmq

from mofa.compute.control import Order, Orders
from mofa.compute.objects import Packed, Packing
from mofa.compute.protocols import Cause
from mofa.compute.streams import emitter
from mofa.compute.worker import ITEM, LOST, STARTED
from mofa.compute.worker_process import WorkerProcess, module_path
from mofa.textfiles import write_private

_SHORT_MS = 100


@dataclass(frozen=True)
class Session:
    """What workers must know of the submitter that they serve."""

    stream: str
    """Address of its stream, secret included."""
    control: str
    """Address of its `Control`, secret included."""
    packing: Packing
    log_dir: Path | None = None
    """Folder for what workers print."""
    threads: int = 1
    """Threads of numerical libraries in every worker."""
    path: tuple[str, ...] = ()
    """Where workers find modules."""

    def write(self, path: Path) -> None:
        """Leave this in a file that only its owner can read: it holds secrets, which command lines would show."""
        write_private(path, pickle.dumps(self))

    @classmethod
    def read(cls, path: str) -> Self:
        """What `write` has left."""
        session: Self = pickle.loads(Path(path).read_bytes())
        return session


@dataclass(frozen=True)
class Outcome:
    """How a call has ended, as it travels back."""

    n_items: int
    """Items that it emitted, which travel by the stream and may be slower."""
    report: bytes
    """Framed report; see `mofa.compute.worker_process.read_report`."""


def run_call(session: str, pool: str, token: str, packed: Packed) -> Outcome:
    """Have a call done by the worker process beside this one; for workers of Parsl.

    Args:
        session: path of the `Session` file.
        pool: name of the pool, for the log file.
        token: names the call in the stream and in orders; no other call of the session has it.
        packed: the function and its arguments, ``(fn, args)``.
    """
    return _slot(session, pool).run(token, packed)


@functools.cache
def _slot(session: str, pool: str) -> _Slot:
    return _Slot(Session.read(session), pool)


class _Slot:
    """A worker process and the channels of its submitter."""

    def __init__(self, session: Session, pool: str) -> None:
        self._session = session
        self._name = "-".join([pool, os.uname().nodename, *_parsl_place()])
        self._emit = emitter(session.stream)
        self._orders = Orders(session.control)
        self._parent = os.pidfd_open(os.getppid())
        self._worker = self._start()

    def run(self, token: str, packed: Packed) -> Outcome:
        """Run one call to its end.

        Raises:
            EngineError: the stream was lost. The call has been killed.
        """
        try:
            return self._run(token, packed)
        except BaseException:
            # The worker is at this call still, and its answer would be taken for that of the next one.
            self._replace()
            raise

    def _run(self, token: str, packed: Packed) -> Outcome:
        worker = self._worker
        worker.send(pickle.dumps((self._session.packing, packed), pickle.HIGHEST_PROTOCOL))
        n_items, cancelled, stopped, started = 0, False, False, b""
        poller = zmq.Poller()
        for source in (worker.calls.fileno(), worker.exited, self._orders.socket, self._parent):
            poller.register(source, zmq.POLLIN)
        while True:
            ready = {source for source, _ in poller.poll(_SHORT_MS if started else None)}
            if not ready:  # not worth a message in a short call
                self._emit(token, started)
                started = b""
            if self._parent in ready:  # the manager is gone, and nobody would hear the answer
                os._exit(1)
            orders = self._orders.read() if self._orders.socket in ready else set()
            if (Order.KILL, token) in orders:
                cancelled = True
                worker.end()
            elif (Order.STOP, token) in orders and not stopped:
                stopped = True
                worker.stop()
            messages, open_ = _received(worker)
            for message in messages:
                if message[:1] == STARTED:
                    started = message
                elif message[:1] == ITEM:
                    self._emit(token, message)
                    n_items += 1
                else:
                    if cancelled:  # too late for this call, but the worker is being killed
                        self._replace()
                    return Outcome(n_items, message)
            if not open_ or worker.exited in ready:
                how = self._replace()
                why = (Cause.CANCELLED, "cancelled while it ran") if cancelled else (Cause.WORKER_DIED, how)
                return Outcome(n_items, LOST + pickle.dumps(why))

    def _replace(self) -> str:
        """End the worker, if it has not ended by itself, and start another; how it ended."""
        how = self._worker.release()
        self._worker = self._start()
        return how

    def _start(self) -> WorkerProcess:
        path = [*self._session.path, *module_path()]
        return WorkerProcess.start(self._name, path=path, log_dir=self._session.log_dir, threads=self._session.threads)


def _received(worker: WorkerProcess) -> tuple[deque[bytes], bool]:
    """What a worker has sent, and whether its connection is still open."""
    messages: deque[bytes] = deque()
    try:
        while worker.calls.poll():
            messages.append(worker.calls.recv_bytes())
    except (EOFError, ConnectionError):
        return messages, False
    return messages, True


def _parsl_place() -> list[str]:
    """Block and rank of this Parsl worker, which tell its log file from others."""
    variables = ("PARSL_WORKER_BLOCK_ID", "PARSL_WORKER_RANK")
    return [os.environ[variable] for variable in variables if variable in os.environ]
