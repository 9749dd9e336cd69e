"""Cell optimisation by GFN1-xTB: tblite for energies, ASE's Frechet cell filter for the cell, L-BFGS for the steps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa import gfn1
from mofa.chemistry import Framework, Optimized, Reason, Rejected, Stage
from mofa.chemistry.bonds import perceive
from mofa.isolate import Progress, run_isolated
from mofa.optimize import restart
from mofa.optimize.engine import Relaxation
from mofa.optimize.lbfgs import Lbfgs
from mofa.optimize.model_hessian import model_solver
from mofa.textfiles import make_writable_folder
from mofa.units import EV_PER_ANG3_TO_GPA

# No step is started after this fraction of the time limit, so that the work done is not lost to the kill at its end.
SOFT_LIMIT = 0.9
# Of an atom, and of the edge of a cube as large as the cell.
MAX_STEP_ANG = 0.2
# GPa per eV/Å: with the usual 0.05 eV/Å no stress is above 0.02 GPa. A framework of 16 GPa is then 0.04 % off its edge,
# where ASE's criterion, the gradient of the cell per atom, would allow ten times as much.
STRESS_PER_FORCE = 0.4

Array = NDArray[np.float64]


class Gfn1Optimizer:
    """The `CellOptimizer` of GFN1-xTB.

    Converged is a geometry when no force is above `fmax_ev_per_ang` and no component of the stress above 0.4 GPa per
    eV/Å of it. The folder of a run that did not converge keeps a restart file (`mofa.optimize.restart.FILE`), written
    after every step.
    """

    def relax(
        self,
        framework: Framework,
        job: Relaxation,
        *,
        time_limit_s: float,
        on_progress: Progress | None = None,
    ) -> Optimized | Rejected:
        """Relax in a child process; see `CellOptimizer.relax`.

        Raises:
            InputError: the restart file in the folder is damaged, or of another structure, charge or spin.
            OutputError: the folder cannot be written.
        """
        refusal = gfn1.refuse(framework, Stage.OPTIMIZE, charge_e=job.charge_e, multiplicity=job.multiplicity)
        if refusal is not None:
            return refusal
        if job.folder is not None:
            folder = job.folder.absolute()
            make_writable_folder(folder)
            job = replace(job, folder=folder)
        return run_isolated(
            relax_here,
            framework,
            job,
            time.monotonic() + SOFT_LIMIT * time_limit_s,
            time_limit_s=time_limit_s,
            on_progress=on_progress,
        )


def relax_here(
    framework: Framework, job: Relaxation, deadline_s: float, *, on_progress: Progress
) -> Optimized | Rejected:
    """Relax in this process.

    Args:
        framework: what `gfn1.refuse` let pass.
        job: what to do; its folder is there.
        deadline_s: of the monotonic clock, which all processes of a machine share: no step is started after it.
        on_progress: told after every step.
    """
    surface = Surface(framework, job)
    course = _begin_or_go_on(framework, job, surface)

    from ase.calculators.calculator import CalculationFailed

    while True:
        try:
            largest = course.see(surface)
        except CalculationFailed as error:
            detail = f"GFN1-xTB failed at step {len(course.energy_trace_ev)}: {error}"
            return Rejected(Stage.OPTIMIZE, Reason.NOT_CONVERGED, detail)
        converged = largest <= job.fmax_ev_per_ang and surface.stress_gpa() <= STRESS_PER_FORCE * job.fmax_ev_per_ang
        course.keep(converged)
        text = f"step {course.n_steps}, force {largest:.3f} eV/Å, pressure {surface.pressure_gpa():+.3f} GPa"
        on_progress(min(1.0, course.n_steps / job.max_steps), text)
        if converged or course.n_steps >= job.max_steps or time.monotonic() > deadline_s:
            return _optimized(framework, job, surface, course, converged)
        course.x = course.minimiser.next()


class Surface:
    """Energy and its gradient as functions of positions and cell together."""

    def __init__(self, framework: Framework, job: Relaxation) -> None:
        self.atoms = gfn1.atoms_with_calculator(framework, charge_e=job.charge_e, multiplicity=job.multiplicity)

        from ase.filters import FrechetCellFilter

        # With this factor a step of the cell is a length, as one of an atom is.
        self.cell_scale_ang = framework.volume_ang3 ** (1.0 / 3.0)
        self.filter = FrechetCellFilter(self.atoms, exp_cell_factor=self.cell_scale_ang)

    def start(self) -> Array:
        """The filter's coordinates of the given geometry, Å, ``[3 n_atoms + 9]``."""
        return np.asarray(self.filter.get_positions().ravel())

    def gradient(self, x: Array) -> Array:
        """Energy gradient at `x`, eV/Å, ``[3 n_atoms + 9]``; the other methods then speak of that geometry."""
        self.filter.set_positions(x.reshape(-1, 3))
        return np.asarray(-self.filter.get_forces().ravel())

    def energy_ev(self) -> float:
        """Of the cell."""
        return float(self.atoms.get_potential_energy())

    def force_ev_per_ang(self) -> float:
        """The largest on any atom."""
        return float(np.linalg.norm(self.atoms.get_forces(), axis=1).max())

    def stress_gpa(self) -> float:
        """Size of the largest component of the stress."""
        return float(np.abs(self.atoms.get_stress(voigt=True)).max()) * EV_PER_ANG3_TO_GPA

    def pressure_gpa(self) -> float:
        """Mean of the three normal ones, positive where the cell would expand."""
        return -float(np.mean(self.atoms.get_stress(voigt=True)[:3])) * EV_PER_ANG3_TO_GPA


@dataclass
class Course:
    """A relaxation under way."""

    minimiser: Lbfgs
    x: Array
    """Where it looks next, Å."""
    file: Path | None
    key: str
    resumed_at_step: int = 0
    cpu_before_s: float = 0.0
    """CPU time of earlier sittings."""
    energy_trace_ev: list[float] = field(default_factory=list)
    pressure_trace_gpa: list[float] = field(default_factory=list)

    @property
    def n_steps(self) -> int:
        """Steps done, those of earlier sittings included."""
        return len(self.energy_trace_ev) - 1

    def see(self, surface: Surface) -> float:
        """Compute energy and gradient at `x` and learn from them; the largest force on an atom, eV/Å."""
        self.minimiser.learn(self.x, surface.gradient(self.x))
        self.energy_trace_ev.append(surface.energy_ev())
        self.pressure_trace_gpa.append(surface.pressure_gpa())
        return surface.force_ev_per_ang()

    def cpu_s(self) -> float:
        """CPU time of all sittings."""
        return self.cpu_before_s + time.process_time()

    def keep(self, converged: bool) -> None:
        """Write the restart file, or remove it when there is nothing left to do."""
        if self.file is None:
            return
        if converged:
            self.file.unlink(missing_ok=True)
            return
        memory = self.minimiser
        state = restart.Interrupted(
            x=self.x,
            gradient=np.asarray(memory.gradient),
            steps=np.array(memory.steps).reshape(-1, self.x.size),
            changes=np.array(memory.changes).reshape(-1, self.x.size),
            energy_trace_ev=tuple(self.energy_trace_ev),
            pressure_trace_gpa=tuple(self.pressure_trace_gpa),
            cpu_s=self.cpu_s(),
        )
        restart.write_restart(self.file, self.key, state)


def _begin_or_go_on(framework: Framework, job: Relaxation, surface: Surface) -> Course:
    """The course from its first step, or from where an interrupted run in the same folder was.

    The last geometry of that run is computed again, since its electronic state is not kept.
    """
    bonds = framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)
    minimiser = Lbfgs(model_solver(framework, bonds, surface.cell_scale_ang), MAX_STEP_ANG)
    key = restart.identity(framework, gfn1.METHOD, job.charge_e, job.multiplicity)
    file = None if job.folder is None else job.folder / restart.FILE
    state = None if file is None else restart.read_restart(file, key)
    if state is None:
        return Course(minimiser, surface.start(), file, key)
    minimiser.x, minimiser.gradient = state.x, state.gradient
    minimiser.steps, minimiser.changes = list(state.steps), list(state.changes)
    return Course(
        minimiser,
        state.x,
        file,
        key,
        resumed_at_step=len(state.energy_trace_ev) - 1,
        cpu_before_s=state.cpu_s,
        energy_trace_ev=list(state.energy_trace_ev[:-1]),
        pressure_trace_gpa=list(state.pressure_trace_gpa[:-1]),
    )


def _optimized(framework: Framework, job: Relaxation, surface: Surface, course: Course, converged: bool) -> Optimized:
    """The result of the last single point; a neutral cell carries its charges."""
    atoms = surface.atoms
    relaxed = framework.with_geometry(atoms.get_positions(), atoms.cell.array)
    if job.charge_e == 0:
        relaxed = relaxed.with_charges(atoms.get_charges(), gfn1.METHOD)
    return Optimized(
        framework=relaxed,
        energy_ev=surface.energy_ev(),
        max_force_ev_per_ang=surface.force_ev_per_ang(),
        pressure_gpa=surface.pressure_gpa(),
        steps=course.n_steps,
        converged=converged,
        method=f"GFN1-xTB, tblite {metadata.version('tblite')}, cell and atoms by L-BFGS",
        cpu_s=course.cpu_s(),
        charge_e=job.charge_e,
        multiplicity=job.multiplicity,
        energy_trace_ev=tuple(course.energy_trace_ev),
        pressure_trace_gpa=tuple(course.pressure_trace_gpa),
        resumed_at_step=course.resumed_at_step,
    )
