"""One self-consistent field of a framework, with its electron density."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.cp2k.cubes import CUBE, adopt_cube, written_cubes
from mofa.cp2k.datafiles import refuse_missing
from mofa.cp2k.folders import RunFolder
from mofa.cp2k.inputs import Task, input_text
from mofa.cp2k.kinds import refuse
from mofa.cp2k.outputs import Output, parse_output
from mofa.cp2k.process import run_cp2k
from mofa.cp2k.program import Program, find_program
from mofa.cp2k.settings import Cp2kSettings
from mofa.errors import EngineError
from mofa.isolate import Progress, TimeLimitError
from mofa.textfiles import write_text
from mofa.units import HARTREE_TO_EV

PROJECT = "density"


@dataclass(frozen=True)
class SinglePoint:
    """A converged self-consistent field."""

    energy_ev: float
    density_cube: Path
    """Valence electron density on the whole grid, as Gaussian cube; with spin: alpha and beta together."""
    scf_steps: int
    cpu_s: float
    version: str
    """Of CP2K, for example ``2023.1``."""
    method: str


def method_label(settings: Cp2kSettings, program: Program) -> str:
    """What results carry as their method."""
    theory = f"template {Path(settings.template).name}" if settings.template else f"PBE-D3(BJ)/{settings.basis_set}"
    return f"{theory}, {settings.cutoff_ry:g} Ry, {program.name}"


def single_point(
    framework: Framework,
    settings: Cp2kSettings,
    *,
    folder: RunFolder,
    stage: Stage = Stage.CHARGES,
    time_limit_s: float = 3600.0,
    on_progress: Progress | None = None,
) -> SinglePoint | Rejected:
    """Energy and valence electron density of a framework as it stands.

    Files are called ``density.*`` and ``valence_density.cube``. Where the folder holds the finished run of this very
    input, that is read instead.

    Args:
        framework: any periodic framework.
        settings: how CP2K is run.
        folder: where; see `run_folder`. It is kept on every failure, and its path is in the message.
        stage: the task that asks, named in refusals.
        time_limit_s: wall-clock limit, s.
        on_progress: told of every iteration; an exception that it raises cancels the run.

    Returns:
        The converged result, or why there is none: elements or electrons that CP2K cannot treat, or a
        self-consistent field that did not converge.

    Raises:
        InputError: a template or basis set that CP2K cannot use.
        EngineMissingError: CP2K is not installed.
        TimeLimitError: the time limit ran out.
        EngineError: CP2K failed, or left no density.
    """
    deadline_s = time.monotonic() + time_limit_s
    refusal = refuse(framework, settings, stage)
    if refusal is not None:
        return refusal
    program = find_program(settings)
    task = Task(PROJECT, "ENERGY", framework.cell, framework.fractional)
    text = input_text(framework, settings, task, program.version)
    refusal = refuse_missing(framework, text, folder=folder.path, data=program.data, stage=stage)
    if refusal is not None:
        return refusal
    output, cpu_s = _finished(folder.path, text), 0.0
    if output is None:
        output, cpu_s = _run(program, folder, text, settings.eps_scf, deadline_s, time_limit_s, on_progress)
    last = output.evaluations[-1]
    if not output.all_converged:
        folder.keep()
        detail = f"no self-consistent field after {last.scf_steps} iterations; CP2K's files are kept in {folder.path}"
        return Rejected(stage, Reason.NOT_CONVERGED, detail)
    return SinglePoint(
        energy_ev=last.energy_ha * HARTREE_TO_EV,
        density_cube=_cube(folder.path, framework),
        scf_steps=last.scf_steps,
        cpu_s=cpu_s,
        version=".".join(str(part) for part in program.version),
        method=method_label(settings, program),
    )


def _finished(folder: Path, text: str) -> Output | None:
    """The output of a finished run of the same input, if the folder holds one with its density."""
    old = folder / f"{PROJECT}.inp"
    if not (old.is_file() and (folder / CUBE).is_file() and old.read_text(encoding="utf-8") == text):
        return None
    output = parse_output(folder / f"{PROJECT}.out")
    return output if output.ended and output.evaluations and output.all_converged else None


def _run(
    program: Program,
    folder: RunFolder,
    text: str,
    eps_scf: float,
    deadline_s: float,
    time_limit_s: float,
    on_progress: Progress | None,
) -> tuple[Output, float]:
    """CP2K's output and CPU time."""
    for old in (folder.path / CUBE, *written_cubes(folder.path, PROJECT)):
        old.unlink(missing_ok=True)
    write_text(folder.path / f"{PROJECT}.inp", text)
    reported = [0.0, -1.0]

    def follow(output: Output) -> bool:
        if on_progress is not None and output.scf_step != reported[1]:
            reported[:] = max(reported[0], _fraction(output, eps_scf)), output.scf_step
            on_progress(reported[0], f"SCF step {output.scf_step}, change {output.scf_change:.1e}")
        return False

    run = run_cp2k(program, folder.path, PROJECT, deadline_s=deadline_s, follow=follow)
    if run.out_of_time:
        raise TimeLimitError(
            f"CP2K had done {run.output.scf_step} iterations of its self-consistent field at its time limit of"
            f" {time_limit_s:g} s, its last output {run.silent_s:.0f} s before; its files are kept in {folder.path}",
            where="cp2k",
            action="Give a longer time limit or more processes",
        )
    if not run.output.evaluations:
        action = "Its files are kept there; see density.out"
        raise EngineError("CP2K ended without an energy", where=folder.path, action=action)
    return run.output, run.cpu_s


def _fraction(output: Output, eps_scf: float) -> float:
    """How far a self-consistent field has come, judged by its convergence figure."""
    change = output.scf_change
    if not (math.isfinite(change) and change > 0):
        return 0.0
    return min(1.0, max(0.0, math.log10(change) / math.log10(eps_scf)))


def _cube(folder: Path, framework: Framework) -> Path:
    """The density of the run, under its final name.

    Raises:
        EngineError: there is none, or it belongs to another structure.
    """
    if (folder / CUBE).is_file():
        return folder / CUBE
    written = written_cubes(folder, PROJECT)
    adopted = adopt_cube(written[-1], framework.positions, framework.cell, np.eye(3)) if written else None
    if adopted is None:
        what = "CP2K wrote a density of another structure" if written else "CP2K wrote no density"
        action = "The template needs &DFT &PRINT &E_DENSITY_CUBE with STRIDE 1 1 1, without a FILENAME"
        raise EngineError(what, where=folder, action=action)
    return adopted
