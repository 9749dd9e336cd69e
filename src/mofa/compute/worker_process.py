"""The other end of a worker process: start one, send it calls, hear of its end, kill it with all that it started."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from mofa.compute.objects import Packing
from mofa.compute.protocols import Cause, Completed, Lost, Report
from mofa.compute.worker import LOST, RAISED, STOP, VALUE

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mofa.compute.worker import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_END_S = 5.0
_LOG_TAIL_BYTES = 4000


def module_path() -> list[str]:
    """Where this process finds modules; absolute, so that other processes find the same."""
    return [os.path.abspath(entry) for entry in sys.path]


@dataclass(eq=False)
class WorkerProcess:
    """A worker as whoever started it sees it. It ends with that process, however that ends."""

    guardian: subprocess.Popen[bytes]
    exited: int
    """Process descriptor of the guardian; readable when everything has ended."""
    calls: Connection
    """Takes calls and gives reports; see `mofa.compute.worker`."""
    lifeline: int | None
    """Closing it ends the worker and all that it has started."""
    log_path: Path | None
    log_start: int = 0
    """Where the log of the present call begins, bytes."""

    @classmethod
    def start(cls, name: str, *, path: list[str], log_dir: Path | None, threads: int) -> Self:
        """Start a worker; does not wait until it is ready.

        It has its own session (Ctrl-C does not reach it) and its own scratch folder as working directory and TMPDIR.

        Args:
            name: for its log file and its command line.
            path: where it finds modules.
            log_dir: folder for what it prints, which is appended to a file; None discards it.
            threads: of numerical libraries.
        """
        ours, theirs = socket.socketpair()
        lifeline_end, lifeline = os.pipe()
        log_path = log_dir / f"worker-{name}.log" if log_dir else None
        limits = dict.fromkeys(_THREAD_VARIABLES, str(threads))
        with open(log_path or os.devnull, "ab") as log, theirs:
            guardian = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _BOOT,
                    json.dumps(path),
                    str(theirs.fileno()),
                    str(lifeline_end),
                    f"mofa-worker-{name}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno(), lifeline_end],
                env={**os.environ, **limits, "RASPALIB_QUIET": "1"},
                start_new_session=True,
            )
        os.close(lifeline_end)
        return cls(guardian, os.pidfd_open(guardian.pid), Connection(ours.detach()), lifeline, log_path)

    def send(self, message: bytes) -> None:
        """Give it a call. If it is dead by now, nothing happens here: `exited` tells."""
        self.log_start = self.log_path.stat().st_size if self.log_path else 0
        with suppress(ConnectionError):
            self.calls.send_bytes(message)

    def stop(self) -> None:
        """Ask the present call to come to an early end; see `mofa.compute.worker.STOP`."""
        with suppress(ConnectionError):
            self.calls.send_bytes(STOP)

    def end(self) -> None:
        """Have everything killed; returns at once."""
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None

    def release(self) -> str:
        """Wait until everything has ended, close what belongs to the worker, and say how it ended."""
        self.end()
        try:
            code = self.guardian.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.guardian.kill()
            code = self.guardian.wait()
        os.close(self.exited)
        self.calls.close()
        how = f"signal {code - 128}" if code > 128 else f"exit code {code}"
        return f"the worker process ended ({how})\n{self._log_tail()}"

    def _log_tail(self) -> str:
        """What the worker printed last during its present call."""
        if self.log_path is None:
            return ""
        with self.log_path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(self.log_start, end - _LOG_TAIL_BYTES))
            return stream.read().decode(errors="replace").strip()


def read_report(key: str, message: bytes, packing: Packing) -> Report:
    """The report of a call's end from the bytes that its worker sent; see `mofa.compute.worker`."""
    kind, body = message[:1], memoryview(message)[1:]
    if kind == VALUE:
        packed, transit = pickle.loads(body)
        try:
            return Completed(key, packing.lazy(packed), transit)
        except Exception as error:  # noqa: BLE001  a value may run any code when it is unpickled
            return Lost(key, Cause.RAISED, f"the value cannot be unpickled: {error!r}", error)
    if kind == RAISED:
        return Lost(key, Cause.RAISED, *pickle.loads(body))
    if kind == LOST:
        return Lost(key, *pickle.loads(body))
    raise ValueError(f"a report that begins with {kind!r}")
