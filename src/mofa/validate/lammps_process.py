"""Running a LAMMPS executable: one process for each stretch from checkpoint to checkpoint, followed by its log."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason
from mofa.errors import EngineError
from mofa.programs import end, guard
from mofa.validate.engine import Checkpoint, Dynamics
from mofa.validate.following import Follower, RunEndedError
from mofa.validate.lammps_log import CELL_COLUMNS, Log, read_dump
from mofa.validate.lammps_worker import without_mpi
from mofa.validate.supercell import Supercell
from mofa.validate.uff4mof import Terms
from mofa.validate.uff4mof.writer import (
    data_file,
    ensemble_commands,
    quench_commands,
    resume_commands,
    setup_commands,
    start_commands,
)

POLL_S = 0.05
_DUMP = "write_dump all custom final.dump id xu yu zu modify sort id format float %.12g"


class ProcessRun:
    """One run, in one folder, in as many processes as it has checkpoints."""

    def __init__(
        self,
        command: tuple[str, ...],
        variables: Mapping[str, str],
        folder: Path,
        terms: Terms,
        supercell: Supercell,
        dynamics: Dynamics,
        follower: Follower,
        deadline_s: float,
    ) -> None:
        self.command = command
        self.environment = {**without_mpi(os.environ), **variables}
        self.folder = folder
        self.terms = terms
        self.supercell = supercell
        self.dynamics = dynamics
        self.follower = follower
        self.cpu_s = 0.0
        self.deadline_s = deadline_s

    def to_the_end(self, start: Checkpoint | None) -> Framework:
        """Run what is left; the last structure.

        Raises:
            RunEndedError: the run has ended with a refusal.
            EngineError: LAMMPS refused its input.
        """
        d = self.dynamics
        step = start.step if start else 0
        begin = [*setup_commands(self.terms, "mof.data"), *start_commands(d)]
        if start:
            (self.folder / "mof.restart").write_bytes(start.state)
        else:
            (self.folder / "mof.data").write_text(data_file(self.terms, self.supercell))
        resume = resume_commands(self.terms, "mof.restart")
        while step < d.steps:
            end = min(d.steps, (step // d.segment_steps + 1) * d.segment_steps)
            if step < d.last_whole_chunk < end:
                end = d.last_whole_chunk
            self._stretch([*(begin if step == 0 else resume), *ensemble_commands(d)], step, end)
            step = end
        self._process([*resume, *ensemble_commands(d), "run 0", *quench_commands(), _DUMP], None)
        positions, cell = read_dump(self.folder / "final.dump", len(self.supercell.positions))
        if not np.isfinite(positions).all():
            raise RunEndedError(self.follower.refused(Reason.BLEW_UP, "positions are not finite"))
        return self.supercell.fold_back(positions, cell)

    def _stretch(self, commands: list[str], first: int, last: int) -> None:
        """Dynamics from one checkpoint to the next, chunk by chunk as the log grows."""
        d = self.dynamics
        # A line at the end of every chunk, and as many between as divide it.
        samples = max(n for n in range(1, d.samples_per_chunk + 1) if d.chunk_steps % n == 0)
        script = [
            *commands,
            f"thermo_style custom step {' '.join(CELL_COLUMNS)}",
            "thermo_modify flush yes line one format float %.12g",
            f"thermo {d.chunk_steps // samples}",
            f"run {last - first} post no",
            "write_restart mof.restart",
        ]
        self._process(script, Log(first, last, d.chunk_steps))

    def _process(self, script: list[str], log: Log | None) -> None:
        """Run a script, telling the follower of every chunk.

        Raises:
            RunEndedError: time ran out, the follower ended the run, or LAMMPS failed in the middle of it.
            EngineError: LAMMPS failed before its first step.
        """
        folder = self.folder
        (folder / "in.mofa").write_text("\n".join(script) + "\n")
        (folder / "log.lammps").unlink(missing_ok=True)
        words = [*self.command, "-in", "in.mofa", "-log", "log.lammps", "-screen", "none", "-nocite"]
        with (folder / "output.txt").open("wb") as output:
            child = subprocess.Popen(
                words,
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        guardian = guard(child)
        cpu_before_s = _children_cpu_s()
        try:
            while child.poll() is None:
                if time.monotonic() > self.deadline_s:
                    raise RunEndedError(self.follower.out_of_time())
                self._report(log, ended=False)
                time.sleep(POLL_S)
        finally:
            end(guardian)
            end(child)
        self.cpu_s += _children_cpu_s() - cpu_before_s
        if child.returncode:
            self._report(log, ended=False)
            raise self._failure(child.returncode, begun=log is not None and log.begun)
        self._report(log, ended=True)
        if log is not None and log.step < log.last:
            what = f"LAMMPS' log ends at step {log.step} of {log.last}"
            raise EngineError(what, where="command", action="Leave -log and thermo settings out of the command")

    def _report(self, log: Log | None, *, ended: bool) -> None:
        if log is None:
            return
        for step, cells in log.chunks(self.folder / "log.lammps"):
            is_last = step == log.last
            if is_last and not ended:
                log.put_back(step, cells)
                return
            whole = step % self.dynamics.chunk_steps == 0
            state = (self.folder / "mof.restart").read_bytes() if is_last and whole else b""
            self.follower(step, cells, state, self.cpu_s)

    def _failure(self, code: int, *, begun: bool) -> Exception:
        """What LAMMPS' failure means: after the first step dynamics that blew up, or a crash."""
        text = ""
        with suppress(OSError):
            text = (self.folder / "log.lammps").read_text(errors="replace")
        errors = [line for line in text.splitlines() if line.startswith("ERROR")]
        if code < 0:
            why = f"LAMMPS was ended by signal {signal.Signals(-code).name}"
            return RunEndedError(self.follower.refused(Reason.CRASHED, why))
        why = errors[-1] if errors else f"LAMMPS ended with code {code}"
        if begun and errors:
            return RunEndedError(self.follower.refused(Reason.BLEW_UP, why))
        output = (self.folder / "output.txt").read_text(errors="replace").strip().splitlines()
        detail = why if errors or not output else output[-1]
        return EngineError(
            f"LAMMPS refused its input ({detail})", where="command", action="Try the command in a terminal"
        )


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system
