"""Cell optimisation by density-functional theory: CP2K's L-BFGS on atoms and cell, with its own stress tensor."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework, Optimized, Reason, Rejected, Stage
from mofa.cp2k.cubes import CUBE, adopt_cube, shows, written_cubes
from mofa.cp2k.datafiles import refuse_missing
from mofa.cp2k.folders import RunFolder, run_folder
from mofa.cp2k.inputs import Task, input_text
from mofa.cp2k.kinds import refuse
from mofa.cp2k.outputs import Output, parse_output
from mofa.cp2k.process import Run, run_cp2k
from mofa.cp2k.program import Program, find_program
from mofa.cp2k.restarts import History, claim_folder, project_name, read_history, read_restart, standard_axes
from mofa.cp2k.settings import Cp2kSettings
from mofa.cp2k.single_point import method_label
from mofa.errors import EngineError
from mofa.isolate import Progress, TimeLimitError
from mofa.optimize.engine import Relaxation
from mofa.textfiles import write_text
from mofa.units import HARTREE_PER_BOHR_TO_EV_PER_ANG, HARTREE_TO_EV


class Cp2kOptimizer:
    """The `CellOptimizer` of CP2K: PBE-D3(BJ) with MOLOPT basis sets unless a template says otherwise.

    CP2K judges the components of the gradient of atoms and cell, so that it is given the limit of a force over the
    root of three; the pressure must be within 0.05 GPa of zero, too. The number of grid points stays that of the first
    cell. Files of an interrupted run of another structure, or at another level of theory, are refused, never reused.

    Args:
        command: command line of CP2K, an MPI launcher included; empty: ``cp2k.psmp``.
        threads: OpenMP threads of each process; 0: 1.
        template: path of an input template of the user's own; empty: MOFA's.
        cutoff_ry: plane-wave cut-off, Ry; 0: 300.
        basis_set: Gaussian basis set of all elements; empty: DZVP-MOLOPT-SR-GTH.

    Raises:
        InputError: an option that makes no sense.
    """

    def __init__(
        self, command: str = "", threads: int = 0, template: str = "", cutoff_ry: float = 0.0, basis_set: str = ""
    ) -> None:
        self.settings = Cp2kSettings.of(
            command=command, threads=threads, template=template, cutoff_ry=cutoff_ry, basis_set=basis_set
        )

    def relax(
        self,
        framework: Framework,
        job: Relaxation,
        *,
        time_limit_s: float,
        on_progress: Progress | None = None,
    ) -> Optimized | Rejected:
        """Relax atoms and cell; see `CellOptimizer.relax`.

        CP2K is stopped after a step when another one like the longest so far would not fit into the time limit.

        Raises:
            InputError: the template or the basis set cannot be used, or the folder belongs to another run.
        """
        deadline_s = time.monotonic() + time_limit_s
        settings = replace(self.settings, charge_e=job.charge_e, multiplicity=job.multiplicity)
        refusal = refuse(framework, settings, Stage.OPTIMIZE)
        if refusal is not None:
            return refusal
        program = find_program(settings)
        with run_folder(job.folder) as folder:
            relaxing = _Relaxing(framework, job, settings, program, folder)
            return relaxing.result(deadline_s, time_limit_s, on_progress)


class _Relaxing:
    """One relaxation, from where its folder left off."""

    def __init__(
        self, framework: Framework, job: Relaxation, settings: Cp2kSettings, program: Program, folder: RunFolder
    ) -> None:
        self.framework = framework
        self.job = job
        self.settings = settings
        self.program = program
        self.folder = folder
        self.first_cell, self.rotation = standard_axes(framework.cell)

    def result(self, deadline_s: float, time_limit_s: float, on_progress: Progress | None) -> Optimized | Rejected:
        path = self.folder.path
        text = self._input(History())
        refusal = refuse_missing(self.framework, text, folder=path, data=self.program.data, stage=Stage.OPTIMIZE)
        if refusal is not None:
            return refusal
        claim_folder(path, self.framework, self.settings)
        before = read_history(path, self.framework)
        if self._is_over(before):
            return self._conclude(before, before.steps)
        run = self._run(before, deadline_s, on_progress)
        after = read_history(path, self.framework)
        if after.steps == 0 and run.out_of_time:
            raise TimeLimitError(
                f"CP2K had not finished a step at its time limit of {time_limit_s:g} s ({run.output.scf_step}"
                f" iterations of its self-consistent field, last output {run.silent_s:.0f} s before); its files are"
                f" kept in {path}",
                where="cp2k",
                action="Give a longer time limit or more processes",
            )
        if after.steps == 0:
            action = "Its files are kept there; a template must write restart files and run the $run_type"
            raise EngineError("CP2K ended without a step of the cell", where=path, action=action)
        return self._conclude(after, before.steps)

    def _is_over(self, history: History) -> bool:
        """Whether nothing is left to do: all steps are done, or it has converged to the limit that is asked for."""
        if history.steps >= self.job.max_steps:
            return True
        last = history.evaluation
        force = math.inf if last is None else last.max_force_ha_per_bohr * HARTREE_PER_BOHR_TO_EV_PER_ANG
        return history.optimised and history.all_converged and force <= self.job.fmax_ev_per_ang

    def _input(self, history: History, *, with_wave_function: bool = True) -> str:
        geometry = history.geometry
        task = Task(
            project=project_name(history.stretches + 1),
            run_type="CELL_OPT",
            cell=self.first_cell if geometry is None else geometry.cell,
            fractional=self.framework.fractional if geometry is None else geometry.fractional,
            reference_cell=self.first_cell,
            restart_file=history.wave_function if with_wave_function else "",
            max_steps=max(1, self.job.max_steps - history.steps),
            max_force_ha_per_bohr=self.job.fmax_ev_per_ang / HARTREE_PER_BOHR_TO_EV_PER_ANG / math.sqrt(3.0),
        )
        return input_text(self.framework, self.settings, task, self.program.version)

    def _run(self, before: History, deadline_s: float, on_progress: Progress | None) -> Run:
        """One stretch; a second attempt without the wave function, if that turns out to be damaged."""
        path, project = self.folder.path, project_name(before.stretches + 1)
        attempts = [True, False] if before.wave_function else [False]
        while True:
            with_wave_function = attempts.pop(0)
            write_text(path / f"{project}.inp", self._input(before, with_wave_function=with_wave_function))
            follower = _Follower(self, project, before.steps, deadline_s, on_progress)
            try:
                run = run_cp2k(self.program, path, project, deadline_s=deadline_s, follow=follower)
            except EngineError:
                if not attempts or parse_output(path / f"{project}.out").scf_step:
                    raise
            else:
                return run

    def _conclude(self, history: History, resumed_at: int) -> Optimized | Rejected:
        geometry, last, path = history.geometry, history.evaluation, self.folder.path
        if geometry is None or last is None:
            raise EngineError("no step of the cell was done", where=path, action="Give at least one step")
        if not last.converged:
            self.folder.keep()
            detail = (
                f"no self-consistent field after {last.scf_steps} iterations at step {history.steps};"
                f" CP2K's files are kept in {path}"
            )
            return Rejected(Stage.OPTIMIZE, Reason.NOT_CONVERGED, detail)
        cell = geometry.cell @ self.rotation
        relaxed = self.framework.with_geometry(geometry.fractional @ cell, cell)
        return Optimized(
            framework=relaxed,
            energy_ev=last.energy_ha * HARTREE_TO_EV,
            max_force_ev_per_ang=last.max_force_ha_per_bohr * HARTREE_PER_BOHR_TO_EV_PER_ANG,
            pressure_gpa=last.pressure_gpa,
            steps=history.steps,
            converged=history.optimised and history.all_converged,
            method=f"{method_label(self.settings, self.program)}, cell and atoms by L-BFGS",
            cpu_s=history.cpu_s,
            charge_e=self.job.charge_e,
            multiplicity=self.job.multiplicity,
            energy_trace_ev=tuple(energy * HARTREE_TO_EV for energy in history.energies_ha),
            pressure_trace_gpa=tuple(history.pressures_gpa),
            resumed_at_step=resumed_at,
            density_cube=self._cube(relaxed.positions, cell, history),
        )

    def _cube(self, positions: NDArray[np.float64], cell: NDArray[np.float64], history: History) -> str:
        """Path of the density of the last geometry; empty where it does not stay, or a killed run left another's."""
        path = self.folder.path
        if not self.folder.stays:
            return ""
        kept = path / CUBE
        cubes = [cube for k in range(history.stretches) for cube in written_cubes(path, project_name(k + 1))]
        adopted = next(
            (new for cube in reversed(cubes) if (new := adopt_cube(cube, positions, cell, self.rotation))), None
        )
        if adopted is None and kept.is_file() and shows(kept, positions, cell):
            adopted = kept
        for cube in cubes if adopted else [*cubes, kept]:
            cube.unlink(missing_ok=True)
        return str(adopted) if adopted else ""


class _Follower:
    """Reports steps as they are done, clears away older densities, and stops CP2K where time runs short."""

    def __init__(
        self, relaxing: _Relaxing, project: str, steps_before: int, deadline_s: float, on_progress: Progress | None
    ) -> None:
        self._folder = relaxing.folder.path
        self._symbols = relaxing.framework.symbols
        self._max_steps = relaxing.job.max_steps
        self._project = project
        self._before = steps_before
        self._deadline_s = deadline_s
        self._on_progress = on_progress
        self._seen = (0, 0)
        self._step_began_s = time.monotonic()
        self._longest_s = 0.0

    def __call__(self, output: Output) -> bool:
        now_s = time.monotonic()
        seen = (len(output.steps), output.scf_step)
        if seen[0] > self._seen[0]:
            self._longest_s = max(self._longest_s, now_s - self._step_began_s)
            self._step_began_s = now_s
            self._clear()
        if seen != self._seen:
            self._seen = seen
            self._report(output)
        if not output.steps or now_s + self._longest_s < self._deadline_s:
            return False
        saved = read_restart(Path(self._folder, f"{self._project}-1.restart"), self._symbols)
        return saved is not None and saved.step >= len(output.steps)

    def _clear(self) -> None:
        """Remove the densities before that of the geometry from which an interrupted run would go on."""
        saved = read_restart(Path(self._folder, f"{self._project}-1.restart"), self._symbols)
        cubes = written_cubes(self._folder, self._project)
        while saved is not None and cubes:
            if shows(cubes.pop(), saved.fractional @ saved.cell, saved.cell):
                for old in (*cubes, self._folder / CUBE):
                    old.unlink(missing_ok=True)
                return

    def _report(self, output: Output) -> None:
        if self._on_progress is None:
            return
        done = self._before + len(output.steps)
        text = f"step {done}, SCF iteration {output.scf_step}"
        if output.steps:
            last = output.steps[-1].evaluation
            force = last.max_force_ha_per_bohr * HARTREE_PER_BOHR_TO_EV_PER_ANG
            text += f", fmax {force:.3f} eV/Å, {last.pressure_gpa:+.2f} GPa"
        self._on_progress(min(1.0, done / self._max_steps), text)
