"""A LAMMPS of the user's own, run by its command line: for builds with KOKKOS or GPU, or with MPI.

The command gets ``-in``, ``-log`` and ``-screen`` from us, one process for each stretch from checkpoint to checkpoint;
we follow its log file. ``lmp -k on g 1 -sf kk -pk kokkos newton on neigh half`` runs on a GPU; with ``gpus`` the runs
of a machine spread over its GPUs, two on each. Atom order, force field and protocol are those of `lammps`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.validate.engine import Checkpoint, Dynamics, OnCheckpoint, OnChunk, Trajectory
from mofa.validate.following import Follower, RunEndedError
from mofa.validate.gpus import one_gpu
from mofa.validate.lammps import prepare
from mofa.validate.lammps_log import CELL_COLUMNS, Log, read_dump
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

NEEDED = ("MOLECULE", "EXTRA-MOLECULE")
# Packages that the switches of a command line ask for.
_ACCELERATORS = {"kk": "KOKKOS", "gpu": "GPU", "opt": "OPT", "omp": "OPENMP", "intel": "INTEL"}
POLL_S = 0.05
HELP_LIMIT_S = 60.0


class LammpsCommandEngine:
    """UFF4MOF with a LAMMPS executable (a `ForceFieldEngine`).

    Args:
        command: command line without ``-in``.
        gpus: GPUs of this machine that the runs share, two on each; 0 leaves the choice to the command.

    Raises:
        EngineMissingError: the program does not exist, or lacks a package.
        InputError: no command, one with ``-in``, or a negative number of GPUs.
    """

    def __init__(self, command: str = "", gpus: int = 0) -> None:
        if gpus < 0:
            raise InputError(f"gpus is {gpus}", where="validate", action="Give a number of GPUs, or 0")
        self.gpus = gpus
        self.command = split_command(command)
        self.version = check_command(self.command)

    def run(
        self,
        framework: Framework,
        dynamics: Dynamics,
        *,
        on_chunk: OnChunk,
        start: Checkpoint | None = None,
        on_checkpoint: OnCheckpoint | None = None,
    ) -> Trajectory | Rejected:
        """See `ForceFieldEngine`."""
        prepared = prepare(framework, dynamics.supercell)
        if isinstance(prepared, Rejected):
            return prepared
        follower = Follower(dynamics, on_chunk, start, on_checkpoint)
        deadline_s = time.monotonic() + dynamics.time_limit_s
        with tempfile.TemporaryDirectory(prefix="mofa-lammps-", ignore_cleanup_errors=True) as folder:
            try:
                with one_gpu(self.gpus, deadline_s=deadline_s) as variables:
                    run = _Run(self.command, variables, Path(folder), *prepared, dynamics, follower, deadline_s)
                    final = run.to_the_end(start)
            except RunEndedError as end:
                return end.refused
            except TimeoutError:
                return follower.refused(Reason.TIME_LIMIT, "no GPU became free in time")
        return Trajectory(final, f"UFF4MOF, LAMMPS {self.version}", follower.cpu_before_s + run.cpu_s)


def split_command(command: str) -> tuple[str, ...]:
    """The words of a command line.

    Raises:
        InputError: none, unbalanced quotes, or an input of its own.
    """
    action = "Give a command line such as: lmp -k on g 1 -sf kk"
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InputError(f"{command!r} cannot be read ({error})", where="command", action=action) from error
    if not words:
        raise InputError("no command for LAMMPS", where="command", action=action)
    if {"-in", "-i"} & set(words):
        raise InputError("the command has an input of its own", where="command", action="Leave -in away")
    return words


@lru_cache(maxsize=8)
def check_command(command: tuple[str, ...]) -> str:
    """LAMMPS' version, once it is sure that the program can run our input.

    Raises:
        EngineMissingError: it does not exist, does not start, or lacks a package.
    """
    program = command[0]
    if shutil.which(program) is None:
        action = "Install LAMMPS, or give the whole path of its program"
        raise EngineMissingError(f"there is no program {program!r}", where="command", action=action)
    try:
        done = subprocess.run(
            [*command, "-h"],
            capture_output=True,
            text=True,
            timeout=HELP_LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        what = f"{program} does not start ({error})"
        raise EngineMissingError(
            what, where="command", action="Try it in a terminal: `-h` should list its packages"
        ) from error
    found = re.search(r"Simulator.*?- (\d+ \w+ \d{4})", done.stdout)
    if done.returncode or found is None:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise EngineMissingError(
            f"{' '.join(command)} is no working LAMMPS ({last})", where="command", action="Correct it"
        )
    packages = set(
        re.findall(r"[A-Z][A-Z0-9-]+", done.stdout.partition("Installed packages:")[2].partition("List of")[0])
    )
    missing = sorted({*NEEDED, *_accelerators(command)} - packages)
    if missing:
        raise EngineMissingError(
            f"{program} lacks the packages {', '.join(missing)}",
            where="command",
            action=f"Build LAMMPS with -D PKG_{missing[0]}=yes, or use the engine `lammps`",
        )
    return found[1]


def _accelerators(command: tuple[str, ...]) -> set[str]:
    """Packages that ``-sf`` and ``-k`` ask for."""
    asked = set()
    for word, after in pairwise(command):
        if word in ("-sf", "-suffix") and after in _ACCELERATORS:
            asked.add(_ACCELERATORS[after])
        if word in ("-k", "-kokkos") and after == "on":
            asked.add("KOKKOS")
    return asked


class _Run:
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
        self.environment = {**os.environ, **variables}
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
            self._stretch([*(begin if step == 0 else resume), *ensemble_commands(d)], step, end)
            step = end
        self._process([*resume, *ensemble_commands(d), "run 0", *quench_commands(), *self._dump()], None)
        positions, cell = read_dump(self.folder / "final.dump", len(self.supercell.positions))
        if not np.isfinite(positions).all():
            raise RunEndedError(self.follower.refused(Reason.BLEW_UP, "positions are not finite"))
        return self.supercell.fold_back(positions, cell)

    def _stretch(self, commands: list[str], first: int, last: int) -> None:
        """Dynamics from one checkpoint to the next, chunk by chunk as the log grows."""
        d = self.dynamics
        every = max(1, d.chunk_steps // d.samples_per_chunk)
        script = [
            *commands,
            f"thermo_style custom step {' '.join(CELL_COLUMNS)}",
            "thermo_modify flush yes line one format float %.12g",
            f"thermo {every}",
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
        guard = _guard(child)
        cpu_before_s = _children_cpu_s()
        try:
            while child.poll() is None:
                if time.monotonic() > self.deadline_s:
                    why = f"the limit of {self.dynamics.time_limit_s:g} s ran out"
                    raise RunEndedError(self.follower.refused(Reason.TIME_LIMIT, why))
                self._report(log, ended=False)
                time.sleep(POLL_S)
        finally:
            _end(guard)
            _end(child)
        self.cpu_s += _children_cpu_s() - cpu_before_s
        if child.returncode:
            raise self._failure(child.returncode, begun=log is not None and log.begun)
        self._report(log, ended=True)

    def _report(self, log: Log | None, *, ended: bool) -> None:
        if log is None:
            return
        for step, cells in log.chunks(self.folder / "log.lammps"):
            is_last = step == log.last
            if is_last and not ended:
                log.put_back(step, cells)
                return
            state = (self.folder / "mof.restart").read_bytes() if is_last else b""
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

    def _dump(self) -> list[str]:
        return ["write_dump all custom final.dump id xu yu zu modify sort id format float %.12g"]


def _guard(child: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A process that ends LAMMPS when this one dies, however it dies: only then does its input end."""
    words = ["sh", "-c", f"cat >/dev/null; kill -9 -{child.pid}"]
    return subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End LAMMPS and what it started; the program is often a wrapper of the real one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system
