"""Run one function in a child process that can be killed: for engines that hold the GIL, exit, or never return.

Compiled engines cannot be interrupted from Python, some call `exit()`, and some print to the terminal. Here each
call gets a fresh interpreter in its own session and scratch folder; what it prints is kept aside and quoted only when
it fails. The child dies with its caller, however that ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, TypeVar

from mofa.errors import EngineError, MofaError

T = TypeVar("T")
Progress = Callable[[float, str], None]
"""Receives the fraction done (0 to 1) and a short text."""

HEARTBEAT_S = 0.5
OUTPUT_TAIL_LINES = 20
_PR_SET_PDEATHSIG = 1
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from mofa.isolate import serve_one_call; serve_one_call(int(sys.argv[1]), int(sys.argv[2]))"
)


class TimeLimitError(EngineError):
    """The isolated call was killed because its time limit ran out."""


class ChildDiedError(EngineError):
    """The isolated process ended without an answer: a crash, an `exit()` inside the engine, or a kill."""


def run_isolated(
    function: Callable[..., T],
    *args: object,
    time_limit_s: float | None = None,
    on_progress: Callable[..., None] | None = None,
    threads: int = 1,
) -> T:
    """What ``function(*args, on_progress=report)`` returns, computed in a child process.

    Works in the main process, in a thread, and in a worker of a process pool. The child is killed when the time limit
    runs out, when `on_progress` raises, on Ctrl-C, and (on Linux) when this process dies in any way.

    Args:
        function: importable by name. It takes `args` and the keyword `on_progress`, a callback that it may call as
            often as it likes, at some microseconds each. Its working directory is an empty scratch folder.
        *args: picklable arguments; give absolute paths.
        time_limit_s: wall-clock limit, start-up of the child (about 0.3 s) included; None for no limit.
        on_progress: called here, in the caller's thread, with what the child reports: by custom a `Progress`, but
            any picklable arguments pass. An exception that it raises cancels the call and passes through.
        threads: OpenMP and BLAS threads of the child. Tasks are run one a core, so the default is 1.

    Raises:
        TimeLimitError: the limit ran out; the child is dead.
        ChildDiedError: the child died by itself; exit code or signal and its last output line are named.
        EngineError: the function raised something else than a `MofaError`; its traceback is attached as a note.
        MofaError: raised by the function, as it was.
    """
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    where = f"{function.__module__}.{function.__qualname__}"
    payload = pickle.dumps((function, args))
    with tempfile.TemporaryDirectory(prefix="mofa-", ignore_cleanup_errors=True) as scratch:
        output = Path(scratch, "output.txt")
        ours, theirs = Pipe()
        with ours:
            with theirs:
                child = _spawn(theirs, Path(scratch), output, threads)
            try:
                answer = _converse(ours, child, payload, deadline, on_progress)
            except EOFError:
                raise _died(child, where, output) from None
            except TimeoutError:
                raise TimeLimitError(
                    f"stopped after its time limit of {time_limit_s:g} s",
                    where=where,
                    action="Give a longer time limit or less work",
                ) from None
            finally:
                _kill(child)
        result: T = _unpack(answer, where, output)
        return result


def _spawn(theirs: Connection, scratch: Path, output: Path, threads: int) -> subprocess.Popen[bytes]:
    """Start the child with its end of the pipe; it finds modules where this process does."""
    path = [os.path.abspath(entry) for entry in sys.path]
    limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}
    with output.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(theirs.fileno()), str(os.getpid()), json.dumps(path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            cwd=scratch,
            env={**os.environ, **limits},
            start_new_session=True,
        )


def _converse(
    ours: Connection,
    child: subprocess.Popen[bytes],
    payload: bytes,
    deadline: float | None,
    on_progress: Callable[..., None] | None,
) -> tuple[str, Any]:
    """Send the call and pass progress on until the answer comes.

    Raises:
        EOFError: the child is gone.
        TimeoutError: the deadline has passed.
    """
    try:
        ours.send_bytes(payload)
        while True:
            wait = HEARTBEAT_S if deadline is None else min(HEARTBEAT_S, deadline - time.monotonic())
            if wait <= 0:
                raise TimeoutError
            if not ours.poll(wait):
                # A process forked elsewhere may hold the pipe open, so an end of file is not the only sign of death.
                if child.poll() is not None and not ours.poll(0):
                    raise EOFError
                continue
            kind, content = ours.recv()
            if kind != "progress":
                return kind, content
            if on_progress is not None:
                on_progress(*content)
    except ConnectionError as error:
        raise EOFError from error


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and what it started, at once, and reap it."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _died(child: subprocess.Popen[bytes], where: str, output: Path) -> ChildDiedError:
    with suppress(subprocess.TimeoutExpired):
        child.wait(HEARTBEAT_S)
    code = child.poll()
    if code is None:
        how = "closed its pipe"
    elif code < 0:
        how = f"was ended by signal {signal.Signals(-code).name}"
    else:
        how = f"exited with code {code}"
    tail = _tail(output)
    last = f" after printing {tail[-1].strip()!r}" if tail else ""
    error = ChildDiedError(
        f"the engine's process {how}{last}", where=where, action="Check the structure; run it again with --debug"
    )
    if tail:
        error.add_note("\n".join(["Last output of the engine:", *tail]))
    return error


def _unpack(answer: tuple[str, Any], where: str, output: Path) -> Any:
    """The function's result, or its exception raised here."""
    kind, content = answer
    if kind == "result":
        return content
    if kind == "error":
        raise content
    summary, trace = content
    error = EngineError(summary, where=where, action="Check the input; run it again with --debug")
    error.add_note("\n".join([trace.rstrip(), *_tail(output)]))
    raise error


def _tail(output: Path) -> list[str]:
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.strip()][-OUTPUT_TAIL_LINES:]


def serve_one_call(descriptor: int, parent_pid: int) -> None:
    """The child's side: read one call from the pipe, run it, answer. Not for direct use."""
    die_with_parent(parent_pid)
    with Connection(descriptor) as pipe:
        try:
            function, args = pickle.loads(pipe.recv_bytes())
            pipe.send(("result", function(*args, on_progress=lambda *report: pipe.send(("progress", report)))))
        except MofaError as error:
            pipe.send(("error", error))
        except Exception as error:  # noqa: BLE001  the parent raises it again, with this traceback
            summary = f"{type(error).__name__}: {error}"
            pipe.send(("exception", (summary, traceback.format_exc())))


def die_with_parent(parent_pid: int) -> None:
    """Ask Linux to kill this process when the thread that started it ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # the parent died before the request
        os._exit(1)
