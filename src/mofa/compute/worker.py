"""The worker process of the pool, and its guardian.

A worker is two processes. The guardian, first started and idle, forks the one that works, and outlives it to clean
up: when the worker ends, however it ends, or the pool's process does, the guardian kills every process that the
worker has started, directly or not, and removes the worker's scratch folder. So a cancelled task or a killed campaign
leaves neither processes nor files behind. Linux only: it uses subreapers, process descriptors and parent-death
signals.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import pickle
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from mofa.compute.protocols import Transit

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CLEANUP_S = 5.0


def main(calls_fd: int, lifeline_fd: int) -> NoReturn:
    """Become a guardian and its worker.

    Args:
        calls_fd: socket on which calls arrive and reports leave.
        lifeline_fd: pipe that the pool's process holds open as long as the worker shall live.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminated_fd = _terminated_fd()
    # The lifeline tells of the pool's end; this also holds if something else keeps a copy of it open.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    scratch = tempfile.mkdtemp(prefix="mofa-worker-")
    guardian = os.getpid()
    worker = os.fork()
    if worker == 0:
        os.close(lifeline_fd)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        faulthandler.enable()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:
            os._exit(1)
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        os.chdir(scratch)
        _serve(Connection(calls_fd))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    os.close(calls_fd)
    status = _guard(worker, [lifeline_fd, terminated_fd])
    _kill_descendants()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(status)


def _guard(worker: int, ends: list[int]) -> int:
    """Wait until the worker ends or is no longer wanted; its exit code, 128 + n for signal n."""
    process = os.pidfd_open(worker)
    readable, _, _ = select.select([process, *ends], [], [])
    if process not in readable:
        return 0
    _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _terminated_fd() -> int:
    """A descriptor that becomes readable on SIGTERM, which then does nothing else: no clean-up is cut short."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda *_: None)
    return reader


def _kill_descendants() -> None:
    """Kill children until there are none: grandchildren become children when their parent dies (subreaper)."""
    deadline = time.monotonic() + _CLEANUP_S
    while time.monotonic() < deadline:
        for child in _children(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _children(parent: int) -> list[int]:
    """Process ids of the direct children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            # pid (name) state ppid ...; the name may hold blanks and parentheses.
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def _serve(calls: Connection) -> None:
    """Run calls one after another until the pool closes the connection."""
    while True:
        try:
            message = calls.recv_bytes()
        except (EOFError, ConnectionError):
            return
        report = _call(message, calls)
        try:
            calls.send_bytes(report)
        except ConnectionError:
            return


def _call(message: bytes, calls: Connection) -> bytes:
    """Run one call and pickle its report: ("value", value, transit) or ("raised", traceback, exception)."""
    received_s = time.time()
    try:
        fn, args = pickle.loads(message)
        started_s = time.time()
        value = pickle.dumps(fn(lambda item: calls.send(("item", item)), *args))
        ended_s = time.time()
        worker = f"{os.uname().nodename}:{os.getpid()}"
        transit = Transit(worker, received_s, started_s, ended_s, time.time(), len(message), len(value))
        return pickle.dumps(("value", value, transit))
    except Exception as error:
        logger.exception("the call raised")
        return _raised(traceback.format_exc(), error)


def _raised(trace: str, error: Exception) -> bytes:
    """The report of an exception; without the exception itself if that does not survive pickling."""
    with suppress(pickle.PicklingError, TypeError, AttributeError, ValueError):
        report = pickle.dumps(("raised", trace, error))
        pickle.loads(report)
        return report
    return pickle.dumps(("raised", trace, None))


def _prctl(option: int, value: int) -> None:
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
