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
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from mofa.compute.guardian import die_with_parent, guard
from mofa.compute.objects import Packed, Packing
from mofa.compute.protocols import Transit

logger = logging.getLogger(__name__)

STARTED, ITEM, VALUE, RAISED, LOST = b"s", b"i", b"v", b"r", b"x"
"""First byte of what a worker sends: STARTED and its name; ITEM and a pickled item; then either VALUE and pickled
(`Packed` value, `Transit`) or RAISED and pickled (traceback, exception or None). LOST and pickled (`Cause`, detail)
comes from whoever saw the worker die."""


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
            calls.send_bytes(STARTED + name().encode())
            calls.send_bytes(_call(message, received_s, lambda item: calls.send_bytes(ITEM + pickle.dumps(item))))


def _call(message: bytes, received_s: float, emit: Callable[[object], None]) -> bytes:
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
