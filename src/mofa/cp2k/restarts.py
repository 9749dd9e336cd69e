"""What an interrupted cell optimisation left in its folder: geometry, wave function, and what its steps came to.

A run and all that went on from it are stretches ``cell-opt-1``, ``cell-opt-2``, ... with files of their own. The last
geometry is read from CP2K's restart file, which has all digits. CP2K's L-BFGS keeps its history nowhere, so that a
new input with that geometry is as good as CP2K's own restart, and works with any template.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.cp2k.outputs import Evaluation, Output, Step, parse_output
from mofa.cp2k.process import read_cpu_s
from mofa.cp2k.settings import Cp2kSettings
from mofa.errors import InputError
from mofa.textfiles import write_text

STATE = "mofa-run.json"
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Geometry:
    """A geometry in CP2K's axes: a along x, b in the xy plane."""

    step: int
    """Steps that led to it."""
    fractional: NDArray[np.float64]
    """Not wrapped, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``."""


@dataclass
class History:
    """What the stretches of a run have come to, together."""

    stretches: int = 0
    steps: int = 0
    geometry: Geometry | None = None
    """The last one; None before the first step."""
    evaluation: Evaluation | None = None
    """Of the last geometry."""
    energies_ha: list[float] = field(default_factory=list)
    """Of the start and after every step, hartree."""
    pressures_gpa: list[float] = field(default_factory=list)
    """Of the same, GPa."""
    all_converged: bool = True
    """Whether every self-consistent field up to the last geometry converged."""
    optimised: bool = False
    """Whether CP2K found its last stretch converged."""
    wave_function: str = ""
    """Name of the last file with one."""
    cpu_s: float = 0.0
    """Of all stretches."""


def project_name(stretch: int) -> str:
    """Stem of the files of a stretch, counted from 1."""
    return f"cell-opt-{stretch}"


def standard_axes(cell: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A cell turned so that a lies along x and b in the xy plane, as CP2K's cell optimisation has it.

    Args:
        cell: right-handed lattice vectors as rows, Å, ``[3, 3]``.

    Returns:
        The turned cell, and the rotation by which its vectors are multiplied to get those of `cell`, ``[3, 3]``.
    """
    if np.allclose(cell, np.tril(cell), rtol=0, atol=1e-12) and (np.diag(cell) > 0).all():
        return np.array(cell), np.eye(3)
    rotation, upper = np.linalg.qr(cell.T)
    signs = np.sign(np.diag(upper))
    return np.tril(upper.T * signs), (rotation * signs).T


def read_history(folder: Path, framework: Framework) -> History:
    """What the folder's stretches have come to; an empty history where there are none.

    Raises:
        EngineError: see `parse_output`.
    """
    history = History()
    while (folder / f"{project_name(history.stretches + 1)}.inp").is_file():
        history.stretches += 1
        project = project_name(history.stretches)
        history.cpu_s += read_cpu_s(folder, project)
        if (folder / f"{project}-RESTART.wfn").is_file():
            history.wave_function = f"{project}-RESTART.wfn"
        geometry = read_restart(folder / f"{project}-1.restart", framework.symbols)
        output = parse_output(folder / f"{project}.out")
        if geometry is not None:
            _add(history, geometry, output)
    return history


def _add(history: History, geometry: Geometry, output: Output) -> None:
    """Take in a stretch, up to the step that its restart file belongs to."""
    steps = output.steps[: geometry.step]
    if len(steps) < geometry.step and output.evaluations:  # killed between writing the one and the other
        steps = [*steps, Step(output.evaluations[-1], len(output.evaluations))]
    if not steps or len(steps) < geometry.step:
        return
    whole = output.optimised and geometry.step >= len(output.steps)
    seen = output.evaluations if whole else output.evaluations[: steps[-1].evaluations_done]
    added = [step.evaluation for step in steps]
    if not history.steps:
        added = [output.evaluations[0], *added]
    history.energies_ha += [evaluation.energy_ha for evaluation in added]
    history.pressures_gpa += [evaluation.pressure_gpa for evaluation in added]
    history.steps += len(steps)
    history.geometry = geometry
    # CP2K evaluates the energy at the minimum once more, without forces; the density is that of this last field.
    history.evaluation = steps[-1].evaluation if seen[-1].converged else seen[-1]
    history.all_converged &= all(evaluation.converged for evaluation in seen)
    history.optimised = whole


def read_restart(path: Path, symbols: tuple[str, ...]) -> Geometry | None:
    """The geometry in a CP2K restart file; None where there is none of these atoms after a step."""
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    step = re.search(r"STEP_START_VAL\s+(\d+)", text)
    cell = re.search(r"&CELL\s(.*?)&(?:END CELL|CELL_REF)", text, re.DOTALL)
    coordinates = re.search(r"&COORD\s(.*?)&END COORD", text, re.DOTALL)
    if step is None or int(step[1]) < 1 or cell is None or coordinates is None:
        return None
    vectors = [re.search(rf"^\s*{name}\s+(.+)$", cell[1], re.MULTILINE) for name in "ABC"]
    rows = [line.split() for line in coordinates[1].splitlines() if len(line.split()) >= 4]
    if None in vectors or [row[0].lower() for row in rows] != [symbol.lower() for symbol in symbols]:
        return None
    lattice = np.array([[float(x) for x in vector[1].split()[:3]] for vector in vectors if vector])
    positions = np.array([[float(x) for x in row[1:4]] for row in rows])
    if re.search(r"SCALED\s+T", coordinates[1]) is None:
        positions = np.linalg.solve(lattice.T, positions.T).T
    return Geometry(int(step[1]), positions, lattice)


def claim_folder(folder: Path, framework: Framework, settings: Cp2kSettings) -> None:
    """Mark a folder as that of this framework at this level of theory, or find it so marked.

    Raises:
        InputError: it holds a run of another structure or with other settings.
        OutputError: it cannot be written.
    """
    template = Path(settings.template).read_bytes() if settings.template else b""
    state = {
        "structure": _fingerprint(framework),
        "basis_set": settings.basis_set,
        "cutoff_ry": settings.cutoff_ry,
        "rel_cutoff_ry": settings.rel_cutoff_ry,
        "eps_scf": settings.eps_scf,
        "charge_e": settings.charge_e,
        "multiplicity": settings.multiplicity,
        "template": hashlib.sha256(template).hexdigest() if template else "",
    }
    path = folder / STATE
    if not path.is_file():
        write_text(path, json.dumps(state, indent=1) + "\n")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        before = {}
    other = [name for name, value in state.items() if before.get(name) != value]
    if other:
        what = f"the folder holds a run with another {', '.join(other)}"
        raise InputError(what, where=folder, action="Choose another folder, or empty this one to start anew")


def _fingerprint(framework: Framework) -> str:
    """The same for the same atoms, in the same order, at the same places in the same cell."""
    lattice, _ = standard_axes(framework.cell)
    numbers = [np.round(framework.fractional, _DIGITS) + 0.0, np.round(lattice, _DIGITS) + 0.0]
    content = " ".join(framework.symbols).encode() + b"".join(array.tobytes() for array in numbers)
    return hashlib.sha256(content).hexdigest()
