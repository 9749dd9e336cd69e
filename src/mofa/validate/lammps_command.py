"""A LAMMPS of the user's own, run by its command line: for builds with KOKKOS or GPU, or with MPI.

The command gets ``-in``, ``-log`` and ``-screen`` from us, one process for each stretch from checkpoint to checkpoint;
we follow its log file. ``lmp -k on g 1 -sf kk -pk kokkos newton on neigh half`` runs on a GPU; with ``gpus`` the runs
of a machine spread over its GPUs, two on each. Atom order, force field and protocol are those of `lammps`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected
from mofa.errors import EngineMissingError, InputError
from mofa.programs import split_command
from mofa.validate.engine import Checkpoint, Dynamics, OnCheckpoint, OnChunk, Trajectory
from mofa.validate.following import Follower, RunEndedError
from mofa.validate.gpus import one_gpu
from mofa.validate.lammps import prepare
from mofa.validate.lammps_process import ProcessRun

NEEDED = ("MOLECULE", "EXTRA-MOLECULE")
# Packages that the switches of a command line ask for.
_ACCELERATORS = {"kk": "KOKKOS", "gpu": "GPU", "opt": "OPT", "omp": "OPENMP", "intel": "INTEL"}
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
        self.command = lammps_words(command)
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
                    run = ProcessRun(self.command, variables, Path(folder), *prepared, dynamics, follower, deadline_s)
                    final = run.to_the_end(start)
            except RunEndedError as end:
                return end.refused
            except TimeoutError:
                return follower.refused(Reason.TIME_LIMIT, "no GPU became free in time")
        return Trajectory(final, f"UFF4MOF, LAMMPS {self.version}", follower.cpu_before_s + run.cpu_s)


def lammps_words(command: str) -> tuple[str, ...]:
    """The words of a command line.

    Raises:
        InputError: none, unbalanced quotes, or an input of its own.
    """
    words = split_command(command, example="lmp -k on g 1 -sf kk", program="LAMMPS")
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
        action = "Correct it, or build LAMMPS with what it asks for"
        raise EngineMissingError(f"{' '.join(command)} is no working LAMMPS ({last})", where="command", action=action)
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
    for k, word in enumerate(command):
        following = list(takewhile(lambda after: not after.startswith("-"), command[k + 1 :]))
        if word in ("-sf", "-suffix"):
            asked |= {_ACCELERATORS[suffix] for suffix in following if suffix in _ACCELERATORS}
        if word in ("-k", "-kokkos") and following[:1] == ["on"]:
            asked.add("KOKKOS")
    return asked
