"""The worker process: runs calls one after another, in a scratch folder of its own, under a guardian.

A worker is two processes. The guardian, first started and idle, forks the one that works and cleans up after it:
processes and scratch folder (see `mofa.compute.guardian`). Calls and reports go through a socket, framed by one byte
that says what follows. `mofa.compute.worker_process` is the other end.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import get_ident
from typing import Any, NoReturn

from mofa.compute.guardian import die_with_parent, guard
from mofa.compute.objects import Packed, Packing
from mofa.compute.protocols import Emit, Transit

logger = logging.getLogger(__name__)

STARTED, ITEM, VALUE, RAISED, LOST = b"s", b"i", b"v", b"r", b"x"
"""First byte of what a worker sends: STARTED and its name; ITEM and a pickled item; then either VALUE and pickled
(`Packed` value, `Transit`) or RAISED and pickled (traceback, exception or None). LOST and pickled (`Cause`, detail)
comes from whoever saw the worker die."""
STOP = b"stop"
"""What a worker gets beside calls: the call that runs is to come to an early end. Without one it means nothing."""


def main(calls_fd: int, lifeline_fd: int) -> NoReturn:
    """Become a guardian and its worker.

    Args:
        calls_fd: socket on which calls arrive and reports leave.
        lifeline_fd: pipe that whoever started this holds open as long as the worker shall live.
    """
    # The lifeline tells of the starter's end; this also holds if something else keeps a copy of it open.
    die_with_parent(os.getppid(), signal.SIGTERM)
    scratch = tempfile.mkdtemp(prefix="mofa-worker-")

    def run() -> NoReturn:
        faulthandler.enable()
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        os.chdir(scratch)
        _serve(Connection(calls_fd))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    status = guard(run, [lifeline_fd])
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(status)


def name() -> str:
    """Host and process id of this process, as reports give them."""
    return f"{os.uname().nodename}:{os.getpid()}"


def _serve(calls: Connection) -> None:
    """Run calls one after another until the connection closes."""
    with suppress(EOFError, ConnectionError):
        while True:
            message = calls.recv_bytes()
            received_s = time.time()
            if message == STOP:  # for a call that has ended since
                continue
            calls.send_bytes(STARTED + name().encode())
            calls.send_bytes(_call(message, received_s, _Emitter(calls)))


class _Emitter:
    """Sends the items of one call, and notices the order to stop it.

    The next call comes only after the end of this one, so that whatever arrives before is that order. Only the thread
    of the call looks: another one may outlive it.
    """

    def __init__(self, calls: Connection) -> None:
        self._calls = calls
        self._thread = get_ident()
        self._stopped = False

    def __call__(self, item: object) -> bool:
        self._calls.send_bytes(ITEM + pickle.dumps(item))
        if get_ident() == self._thread and not self._stopped and self._calls.poll():
            self._calls.recv_bytes()
            self._stopped = True
        return self._stopped


def _call(message: bytes, received_s: float, emit: Emit) -> bytes:
    """Run one call, pickled (`Packing`, `Packed` function and arguments), and give its report."""
    try:
        packing: Packing
        packed: Packed
        packing, packed = pickle.loads(message)
        fn, args = packing.unpack(packed)
        started_s = time.time()
        value: Any = fn(emit, *args)
        ended_s = time.time()
        out = packing.pack(value)
        transit = Transit(name(), received_s, started_s, ended_s, time.time(), packed.size, out.size)
        return VALUE + pickle.dumps((out, transit))
    except Exception as error:
        logger.exception("the call raised")
        return RAISED + _raised(traceback.format_exc(), error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _raised(trace: str, error: Exception) -> bytes:
    """The report of an exception; without the exception itself if that does not survive pickling."""
    with suppress(pickle.PicklingError, TypeError, AttributeError, ValueError):
        report = pickle.dumps((trace, error))
        pickle.loads(report)
        return report
    return pickle.dumps((trace, None))
