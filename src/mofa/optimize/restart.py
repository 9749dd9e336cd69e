"""The file that an interrupted relaxation goes on from: written whole after every step, read without running code."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.errors import InputError
from mofa.textfiles import write_bytes

FILE = "relaxation.npz"
FORMAT = "mofa-relaxation-1"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interrupted:
    """Where a relaxation was."""

    x: Array
    """Coordinates of the last step that was computed, ``[n]``; what they mean is the optimiser's own."""
    gradient: Array
    """Gradient there, ``[n]``."""
    steps: Array
    """Steps that the minimiser remembers, ``[n_steps, n]``."""
    changes: Array
    """Changes of the gradient along them, ``[n_steps, n]``."""
    energy_trace_ev: tuple[float, ...]
    pressure_trace_gpa: tuple[float, ...]
    cpu_s: float
    """CPU time so far, s."""


def identity(framework: Framework, *options: object) -> str:
    """What must be the same for a run to go on: the structure to the last digit, and options that change its energy."""
    parts = json.dumps([framework.symbols, *options]).encode()
    return hashlib.sha256(parts + framework.positions.tobytes() + framework.cell.tobytes()).hexdigest()


def write_restart(path: Path, key: str, state: Interrupted) -> None:
    """Write the file in one step.

    Raises:
        OutputError: full or read-only disk.
    """
    buffer = io.BytesIO()
    np.savez(
        buffer,
        format=np.array(FORMAT),
        key=np.array(key),
        x=state.x,
        gradient=state.gradient,
        steps=state.steps,
        changes=state.changes,
        energy_trace_ev=np.array(state.energy_trace_ev),
        pressure_trace_gpa=np.array(state.pressure_trace_gpa),
        cpu_s=np.array(state.cpu_s),
    )
    write_bytes(path, buffer.getvalue())


def read_restart(path: Path, key: str) -> Interrupted | None:
    """The state of an interrupted run, or None where there is no file.

    Raises:
        InputError: the file is damaged, or belongs to another structure or other options.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if str(arrays["format"]) != FORMAT:
            raise ValueError(str(arrays["format"]))
        found = str(arrays["key"])
        state = Interrupted(
            x=arrays["x"],
            gradient=arrays["gradient"],
            steps=arrays["steps"],
            changes=arrays["changes"],
            energy_trace_ev=tuple(arrays["energy_trace_ev"].tolist()),
            pressure_trace_gpa=tuple(arrays["pressure_trace_gpa"].tolist()),
            cpu_s=float(arrays["cpu_s"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
        action = "Remove it to begin anew"
        raise InputError(f"the restart file is damaged ({error})", where=path, action=action) from error
    if found != key:
        action = "Give every structure its own folder, or remove the file to begin anew"
        raise InputError("the restart file is of another structure, charge or spin", where=path, action=action)
    return state
