"""Cell optimisation by GFN1-xTB: tblite for energies, ASE's Frechet cell filter and L-BFGS for the steps."""

from __future__ import annotations

import time
from importlib import metadata
from typing import Any

import numpy as np

from mofa import gfn1
from mofa.chemistry import Framework, Optimized, Reason, Rejected, Stage
from mofa.isolate import Progress, run_isolated
from mofa.optimize.engine import Relaxation
from mofa.units import EV_PER_ANG3_TO_GPA

# No step is started after this fraction of the time limit, so that the work done is not lost to the kill at its end.
SOFT_LIMIT = 0.9
MAX_STEP_ANG = 0.2


class Gfn1Optimizer:
    """The `CellOptimizer` of GFN1-xTB."""

    def relax(
        self,
        framework: Framework,
        job: Relaxation,
        *,
        time_limit_s: float,
        on_progress: Progress | None = None,
    ) -> Optimized | Rejected:
        """Relax in a child process; see `CellOptimizer.relax`."""
        refusal = gfn1.refuse(framework, Stage.OPTIMIZE)
        if refusal is not None:
            return refusal
        return run_isolated(
            relax_here,
            framework,
            job.max_steps,
            job.fmax_ev_per_ang,
            SOFT_LIMIT * time_limit_s,
            time_limit_s=time_limit_s,
            on_progress=on_progress,
        )


def relax_here(
    framework: Framework, max_steps: int, fmax_ev_per_ang: float, stop_after_s: float, *, on_progress: Progress
) -> Optimized | Rejected:
    """Relax in this process.

    Args:
        framework: what `gfn1.refuse` let pass.
        max_steps: most L-BFGS steps.
        fmax_ev_per_ang: largest force, and cell gradient per atom, at convergence, eV/Å.
        stop_after_s: no further step is started after this time.
        on_progress: told after every step.
    """
    deadline = time.monotonic() + stop_after_s
    atoms = gfn1.atoms_with_calculator(framework)

    from ase.calculators.calculator import CalculationFailed
    from ase.filters import FrechetCellFilter
    from ase.optimize import LBFGS

    steps = LBFGS(FrechetCellFilter(atoms), logfile=None, maxstep=MAX_STEP_ANG)
    converged = False
    try:
        for done in steps.irun(fmax=fmax_ev_per_ang, steps=max_steps):
            converged = bool(done)
            largest = _max_force(atoms)
            on_progress(min(1.0, steps.nsteps / max_steps), f"step {steps.nsteps}, fmax {largest:.3f} eV/Å")
            if time.monotonic() > deadline:
                break
    except CalculationFailed as error:
        detail = f"GFN1-xTB failed at step {steps.nsteps}: {error}"
        return Rejected(Stage.OPTIMIZE, Reason.NOT_CONVERGED, detail)
    return _optimized(framework, atoms, steps.nsteps, converged)


def _optimized(framework: Framework, atoms: Any, steps: int, converged: bool) -> Optimized:
    """The result of the last single point, its charges included."""
    relaxed = framework.with_geometry(atoms.get_positions(), atoms.cell.array)
    pressure = -float(np.mean(atoms.get_stress(voigt=True)[:3])) * EV_PER_ANG3_TO_GPA
    return Optimized(
        framework=relaxed.with_charges(atoms.get_charges(), gfn1.METHOD),
        energy_ev=float(atoms.get_potential_energy()),
        max_force_ev_per_ang=_max_force(atoms),
        pressure_gpa=pressure,
        steps=steps,
        converged=converged,
        method=f"GFN1-xTB, tblite {metadata.version('tblite')}, cell and atoms by L-BFGS",
        cpu_s=time.process_time(),
    )


def _max_force(atoms: Any) -> float:
    return float(np.linalg.norm(atoms.get_forces(), axis=1).max())
