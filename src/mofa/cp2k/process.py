"""Running CP2K: one process, followed by its output, stopped between two steps, gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mofa.cp2k.outputs import Output
from mofa.cp2k.program import Program
from mofa.errors import EngineError, OutputError
from mofa.programs import end, guard, session_cpu_s
from mofa.textfiles import write_text

POLL_S = 0.05
CPU_NOTE_S = 5.0
"""How often the CPU time of a run is noted, which is lost with it where it is killed."""
TAIL_LINES = 20
Follow = Callable[[Output], bool]
"""Sees the output whenever it has grown; true stops the program."""


@dataclass(frozen=True)
class Run:
    """A run that is over without a failure."""

    output: Output
    cpu_s: float
    out_of_time: bool
    """Whether it was ended by its deadline."""
    silent_s: float
    """How long its output had not grown then."""


def run_cp2k(program: Program, folder: Path, project: str, *, deadline_s: float, follow: Follow) -> Run:
    """Run CP2K on ``<project>.inp`` in its folder until it ends, `follow` stops it, or the deadline has passed.

    CP2K writes ``<project>.out``, what its launcher says goes to ``<project>.log``, and the CPU time to
    ``<project>.cpu``, see `read_cpu_s`. Its own way of being stopped,
    a file called EXIT, is looked at every 20 s at most, and often within a step: it is not used.

    Args:
        program: what is run.
        folder: where it runs; its input lies there.
        project: stem of the input's name.
        deadline_s: on the clock of `time.monotonic`.
        follow: told of progress; an exception that it raises ends the program and passes through.

    Raises:
        EngineError: CP2K failed.
    """
    running = _Running(program, folder, project)
    try:
        stopped = running.watch(deadline_s, follow)
    finally:
        running.end()
    if stopped is None and not running.output.ended:
        raise running.failure()
    silent_s = time.monotonic() - running.grown_s
    return Run(running.output, running.cpu_s, stopped == "deadline", silent_s)


def read_cpu_s(folder: Path, project: str) -> float:
    """CPU time of the last run of that name in a folder, up to its last few seconds if it was killed, s; 0: none."""
    try:
        return float(_cpu_file(folder, project).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0.0


def _cpu_file(folder: Path, project: str) -> Path:
    return folder / f"{project}.cpu"


class _Running:
    """The process and what it has written."""

    def __init__(self, program: Program, folder: Path, project: str) -> None:
        self.cpu_s = 0.0
        self.grown_s = self._noted_s = time.monotonic()
        self._folder = folder
        self._project = project
        self._path = folder / f"{project}.out"
        self.output = Output(self._path)
        self._path.unlink(missing_ok=True)  # CP2K would append to it
        self._offset, self._rest = 0, b""
        with (folder / f"{project}.log").open("wb") as log:
            self._child = subprocess.Popen(
                [*program.words, "-i", f"{project}.inp", "-o", f"{project}.out"],
                cwd=folder,
                env=program.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard = guard(self._child)

    def watch(self, deadline_s: float, follow: Follow) -> str | None:
        """Follow the process; why it is to be stopped, or None once it has ended by itself."""
        while True:
            ended = self._has_ended()
            if self._read():
                self.grown_s = time.monotonic()
                if follow(self.output):
                    return None if ended and self.output.ended else "asked"
            if ended:
                return None
            if time.monotonic() > self._noted_s + CPU_NOTE_S:
                self._note_cpu(session_cpu_s(self._child.pid))
            if time.monotonic() > deadline_s:
                return "deadline"
            time.sleep(POLL_S)

    def end(self) -> None:
        """End whatever still runs."""
        end(self._guard)
        if self._child.returncode is None:
            self.cpu_s = session_cpu_s(self._child.pid)
        end(self._child)
        self._note_cpu(self.cpu_s)

    def failure(self) -> EngineError:
        """The error of a CP2K that ended too early."""
        code = self._child.returncode
        how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        lines = [*_last_lines(self._path), *_last_lines(self._folder / f"{self._project}.log")]
        words = self.output.abort or (lines[-1] if lines else "")
        error = EngineError(
            f"CP2K {how} before its end{f': {words}' if words else ''}",
            where=self._folder,
            action=f"Its files are kept there; see {self._project}.out and {self._project}.log",
        )
        if lines:
            error.add_note("\n".join(["Last output of CP2K:", *lines]))
        return error

    def _note_cpu(self, cpu_s: float) -> None:
        self._noted_s = time.monotonic()
        with suppress(OutputError):
            write_text(_cpu_file(self._folder, self._project), f"{cpu_s:.2f}\n")

    def _has_ended(self) -> bool:
        """Whether it has, and if so what CPU time it and its own children took."""
        pid, status, usage = os.wait4(self._child.pid, os.WNOHANG)
        if pid:
            self._child.returncode = os.waitstatus_to_exitcode(status)
            self.cpu_s = usage.ru_utime + usage.ru_stime
        return bool(pid)

    def _read(self) -> bool:
        """Take in the whole lines that are new in the output; whether there were any."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                new = stream.read()
        except FileNotFoundError:
            return False
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self.output.read(line.decode("utf-8", "replace"))
        return bool(lines)


def _last_lines(path: Path) -> list[str]:
    with suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line.rstrip() for line in lines if line.strip(" -*")][-TAIL_LINES:]
    return []
