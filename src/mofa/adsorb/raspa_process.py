"""Running RASPA2 or gRASPA: one process, followed by its output, and ended when there is enough or no more time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mofa.adsorb.engine import AdsorptionJob, Loading
from mofa.adsorb.raspa_sampling import Reader, Sampling
from mofa.adsorb.statistics import Averages
from mofa.errors import EngineError
from mofa.isolate import Progress, TimeLimitError
from mofa.programs import end, guard, session_cpu_s
from mofa.textfiles import make_writable_folder

POLL_S = 0.05
REPORT_EVERY_S = 0.5
OUTPUT = "output.txt"
"""Where the program's standard output and error go, in the folder of the run."""
TAIL_LINES = 20


@dataclass(frozen=True)
class Program:
    """How a program is run."""

    name: str
    """Of the engine, for errors."""
    words: tuple[str, ...]
    """The command line."""
    environment: Mapping[str, str]
    outputs: tuple[str, ...]
    """Patterns of the file with the samples, in the folder of the run; the first that exists is read."""


@contextmanager
def run_folder(keep: Path | None, job: AdsorptionJob) -> Iterator[Path]:
    """The folder of a run: a scratch folder, or one that stays, by framework, gas, conditions and seed.

    Raises:
        OutputError: it cannot be made.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="mofa-", ignore_cleanup_errors=True) as scratch:
            yield Path(scratch)
        return
    fractions = len(job.species) > 1
    gas = "_".join(s.guest.name + (f"-{s.mole_fraction:.4g}" if fractions else "") for s in job.species)
    conditions = f"{gas}_{job.pressure_pa:.6g}Pa_{job.temperature_k:.6g}K_seed{job.seed}"
    folder = keep.absolute() / re.sub(r"[^\w.+-]+", "_", job.framework.id or "framework") / conditions
    make_writable_folder(folder)
    yield folder


class ProgramRun:
    """One run of a program in its folder."""

    def __init__(self, program: Program, folder: Path, job: AdsorptionJob, reader: Reader) -> None:
        self._program = program
        self._folder = folder
        self._job = job
        self._reader = reader
        self._sampling = Sampling(job, program.name)
        self._output: Path | None = None
        self._offset, self._rest = 0, b""
        self._cpu_s = 0.0

    def loading(self, *, time_limit_s: float, on_progress: Progress | None) -> Loading:
        """Run the program until the error target is met, its cycles are done, or the time is up.

        Raises:
            TimeLimitError: `min_cycles` were not done within the time limit.
            EngineError: the program failed.
        """
        deadline_s = time.monotonic() + time_limit_s
        for pattern in self._program.outputs:  # of an earlier run in a folder that stays
            for old in self._folder.glob(pattern):
                old.unlink()
        child = self._start()
        guardian = guard(child)
        try:
            averages = self._follow(child, deadline_s, on_progress)
        finally:
            end(guardian)
            if child.returncode is None:
                self._cpu_s = session_cpu_s(child.pid)
            end(child)
        return self._sampling.loading(averages, cpu_s=self._cpu_s)

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / OUTPUT).open("wb") as output:
            return subprocess.Popen(
                self._program.words,
                cwd=self._folder,
                env=self._program.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _follow(self, child: subprocess.Popen[bytes], deadline_s: float, on_progress: Progress | None) -> Averages:
        reported_s = 0.0
        while True:
            ended = self._has_ended(child)
            self._read()
            averages = self._sampling.enough()
            if averages is not None:
                return averages
            now_s = time.monotonic()
            if ended or now_s > deadline_s:
                self._check_cycles(child, ended)
                return self._sampling.averages()
            if on_progress is not None and now_s - reported_s > REPORT_EVERY_S:
                on_progress(*self._sampling.progress())
                reported_s = now_s
            time.sleep(POLL_S)

    def _has_ended(self, child: subprocess.Popen[bytes]) -> bool:
        """Whether it has, and if so what CPU time it and its own children took."""
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            self._cpu_s = usage.ru_utime + usage.ru_stime
        return bool(pid)

    def _read(self) -> None:
        """Take in the whole lines that are new in the output."""
        path = next((p for pattern in self._program.outputs for p in sorted(self._folder.glob(pattern))), None)
        if path is None:
            return
        if path != self._output:
            self._output, self._offset, self._rest = path, 0, b""
        with path.open("rb") as stream:
            stream.seek(self._offset)
            new = stream.read()
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self._reader.read(line.decode("utf-8", "replace"), self._sampling.samples)

    def _check_cycles(self, child: subprocess.Popen[bytes], ended: bool) -> None:
        """Raise if a run that has ended, or is out of time, has done too little."""
        done = self._sampling.cycles
        if ended and done < self._job.max_cycles:
            raise self._failure(child.returncode)
        if done < self._job.min_cycles:
            raise TimeLimitError(
                f"{done} of at least {self._job.min_cycles} cycles within the time limit",
                where=self._program.name,
                action="Give a longer time limit or fewer cycles",
            )

    def _failure(self, code: int) -> EngineError:
        """The error of a program that ended too early; many end so with code 0."""
        how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        lines = (self._folder / OUTPUT).read_text(errors="replace").strip().splitlines()
        last = f"; its last words: {lines[-1].strip()!r}" if lines else ""
        error = EngineError(
            f"the program {how} after {self._sampling.cycles} of {self._job.max_cycles} cycles{last}",
            where=self._program.name,
            action="Keep its files (input_files) and run it on them in a terminal",
        )
        if lines:
            error.add_note("\n".join(["Last output of the program:", *lines[-TAIL_LINES:]]))
        return error
