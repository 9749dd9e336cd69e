"""Guardians: small processes that start something, outlive it, and leave nothing of it behind.

A guardian adopts whatever its descendants leave behind (it is a *subreaper*). When the process that it started ends,
however that ends, or is no longer wanted, it kills every descendant, those in sessions of their own included, and
removes their temporary files. So a cancelled task, a crashed manager or a killed campaign leaves nothing behind. Linux
only: it uses subreapers, process descriptors and parent-death signals.

Two sorts of processes live under one: each worker that runs calls (`mofa.compute.worker`), and whatever is started
with this module's command line, as Parsl's interchange and managers are::

    python -m mofa.compute.guardian --watch node17:4242 -- command ...

That runs the command until it ends, SIGTERM comes, or process 4242 ends, which is watched only on host node17 itself.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CLEANUP_S = 5.0
_POLL_S = 0.002


def guard(run: Callable[[], NoReturn], ends: Sequence[int] = ()) -> int:
    """Run a function in a child process and kill every descendant when it ends or is no longer wanted.

    Ctrl-C is ignored here and by what is started. On SIGTERM everything ends. The child cannot outlive the guardian.

    Args:
        run: called in the child. It must not return.
        ends: descriptors; one that becomes readable says that the child is no longer wanted. They stay open here and
            are closed in the child.

    Returns:
        Exit code of the child, 128 + n for signal n; 0 if it was no longer wanted.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminated = _terminated_fd()
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    guardian = os.getpid()
    child = os.fork()
    if child == 0:
        for end in ends:
            os.close(end)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent(guardian, signal.SIGKILL)
        run()
    status = _wait(child, [terminated, *ends])
    _kill_descendants()
    return status


def die_with_parent(parent: int, signal_number: int) -> None:
    """Get a signal when the thread that started this process ends.

    Args:
        parent: process id that the parent must have; if it is gone already, this process exits.
        signal_number: the signal.
    """
    prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        os._exit(1)


def prctl(option: int, value: int) -> None:
    """Linux ``prctl(2)``.

    Raises:
        OSError: the kernel refuses.
    """
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def this_host() -> str:
    """What tells one set of process ids from another: the host's name and its process-id namespace."""
    return f"{os.uname().nodename}/{Path('/proc/self/ns/pid').stat().st_ino}"


def command_line(python: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` under a guardian that ends with the present process."""
    return [python, "-m", "mofa.compute.guardian", "--watch", f"{this_host()}:{os.getpid()}", "--", *command]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command under a guardian and give its exit code.

    Its temporary files go to a folder that is removed afterwards, since what is killed cannot clean up after itself.
    """
    parser = argparse.ArgumentParser(prog="python -m mofa.compute.guardian", description="Run a command; leave nothing")
    parser.add_argument("--watch", metavar="HOST:PID", help="end with this process, if it is on this host")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    ends = []
    if options.watch:
        host, _, pid = options.watch.rpartition(":")
        if host == this_host():
            try:
                ends.append(os.pidfd_open(int(pid)))
            except ProcessLookupError:
                return 1
    scratch = tempfile.mkdtemp(prefix="mofa-")
    status = guard(lambda: _execute(options.command, scratch), ends)
    shutil.rmtree(scratch, ignore_errors=True)
    return status


def _execute(command: list[str], scratch: str) -> NoReturn:
    os.environ["TMPDIR"] = scratch
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
        os._exit(127)


def _wait(child: int, ends: list[int]) -> int:
    """Wait until the child ends or is no longer wanted; see `guard`."""
    process = os.pidfd_open(child)
    readable, _, _ = select.select([process, *ends], [], [])
    if process not in readable:
        return 0
    _, status = os.waitpid(child, 0)
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
        time.sleep(_POLL_S)


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


if __name__ == "__main__":
    sys.exit(main())
