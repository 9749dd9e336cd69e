"""Task 5: relax cell and atoms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from mofa.chemistry import Framework, Optimized, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.errors import InputError
from mofa.isolate import TimeLimitError
from mofa.optimize.bonding import refuse_changed_bonds
from mofa.optimize.engine import OPTIMIZERS, CellOptimizer


def optimize(
    framework: Framework,
    *,
    method: str = "xtb",
    max_steps: int = 30,
    fmax_ev_per_ang: float = 0.05,
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Optimized | Rejected:
    """The framework with cell and atoms relaxed together.

    Running into `max_steps` or towards the time limit is not a refusal: `Optimized.converged` is then false. A
    relaxation that loses or forms a bond is refused with the atoms named. Where the method yields charges in the same
    call, the returned framework carries them.

    Args:
        framework: any periodic framework.
        method: name of the cell optimiser; `xtb` is GFN1-xTB.
        max_steps: most optimisation steps.
        fmax_ev_per_ang: converged when no force (and no cell gradient per atom) is larger, eV/Å.
        time_limit_s: wall-clock limit, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        InputError: a wrong option.
        EngineMissingError: no such method, or it is not installed.
        EngineError: the engine broke.
    """
    if max_steps < 1 or not (math.isfinite(fmax_ev_per_ang) and fmax_ev_per_ang > 0):
        raise InputError(
            f"max_steps is {max_steps} and fmax_ev_per_ang {fmax_ev_per_ang}",
            where="optimize",
            action="Give at least one step and a positive force",
        )
    optimizer = cast(CellOptimizer, OPTIMIZERS.load(method)())
    refusal = inspect(framework, Stage.OPTIMIZE)
    if refusal is not None:
        return refusal
    try:
        result = optimizer.relax(
            framework,
            max_steps=max_steps,
            fmax_ev_per_ang=fmax_ev_per_ang,
            time_limit_s=time_limit_s,
            on_progress=on_progress,
        )
    except TimeLimitError as error:
        return Rejected(Stage.OPTIMIZE, Reason.TIME_LIMIT, error.what)
    if isinstance(result, Rejected):
        return result
    return refuse_changed_bonds(framework, result.framework) or result
