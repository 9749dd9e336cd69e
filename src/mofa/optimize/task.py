"""Task 5: relax cell and atoms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mofa.chemistry import Framework, Optimized, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.errors import InputError
from mofa.isolate import TimeLimitError
from mofa.optimize.bonding import n_compared_bonds, refuse_changed_bonds
from mofa.optimize.engine import OPTIMIZERS, CellOptimizer, Relaxation


def optimize(
    framework: Framework,
    *,
    method: str = "xtb",
    max_steps: int = 30,
    fmax_ev_per_ang: float = 0.05,
    charge_e: int = 0,
    multiplicity: int = 1,
    command: str = "",
    threads: int = 0,
    template: str | Path = "",
    cutoff_ry: float = 0.0,
    basis_set: str = "",
    folder: str | Path = "",
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Optimized | Rejected:
    """The framework with cell and atoms relaxed together.

    Running into `max_steps` or towards the time limit is not a refusal: `Optimized.converged` is then false. A
    relaxation that loses or forms a bond is refused with the atoms named. Where the method yields charges in the same
    call, the returned framework carries them.

    Args:
        framework: any periodic framework.
        method: name of the cell optimiser; `xtb` is GFN1-xTB, `cp2k` density-functional theory.
        max_steps: most optimisation steps.
        fmax_ev_per_ang: converged when no force (and no cell gradient per atom) is larger, eV/Å.
        charge_e: net charge of the cell, e.
        multiplicity: spin multiplicity of the cell, 1 for a closed shell.
        command: of `cp2k`: its command line, an MPI launcher included, for example ``mpirun -n 8 cp2k.psmp``.
        threads: of `cp2k`: OpenMP threads of each of its processes; 0: 1.
        template: of `cp2k`: input template to use instead of MOFA's.
        cutoff_ry: of `cp2k`: plane-wave cut-off, Ry; 0: 300.
        basis_set: of `cp2k`: Gaussian basis set of all elements; empty: DZVP-MOLOPT-SR-GTH.
        folder: where the run keeps what it needs to go on after an interruption (geometry, wave function), and what it
            leaves (the electron density of `cp2k`); a run in the folder of an interrupted one goes on where that was.
            Empty: a scratch folder, which stays only when an external program fails.
        time_limit_s: wall-clock limit, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        InputError: a wrong option.
        EngineMissingError: no such method, or it is not installed.
        EngineError: the engine broke.
    """
    optimizer: CellOptimizer = OPTIMIZERS.build(
        method,
        where="optimize",
        command=command,
        threads=threads,
        template=str(template),
        cutoff_ry=cutoff_ry,
        basis_set=basis_set,
    )
    if max_steps < 1 or not (math.isfinite(fmax_ev_per_ang) and fmax_ev_per_ang > 0):
        raise InputError(
            f"max_steps is {max_steps} and fmax_ev_per_ang {fmax_ev_per_ang}",
            where="optimize",
            action="Give at least one step and a positive force",
        )
    if multiplicity < 1:
        raise InputError(
            f"multiplicity is {multiplicity}", where="optimize", action="Give the number of unpaired electrons and one"
        )
    refusal = inspect(framework, Stage.OPTIMIZE)
    if refusal is not None:
        return refusal
    job = Relaxation(
        max_steps=max_steps,
        fmax_ev_per_ang=fmax_ev_per_ang,
        charge_e=charge_e,
        multiplicity=multiplicity,
        folder=Path(folder).absolute() if folder else None,
    )
    try:
        result = optimizer.relax(framework, job, time_limit_s=time_limit_s, on_progress=on_progress)
    except TimeLimitError as error:
        return Rejected(Stage.OPTIMIZE, Reason.TIME_LIMIT, error.what)
    if isinstance(result, Rejected):
        return result
    changed = refuse_changed_bonds(framework, result.framework)
    return changed or replace(result, bonds_kept=n_compared_bonds(framework))
