"""The seam between the optimisation task and the methods that relax a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mofa.chemistry import Framework, Optimized, Rejected
from mofa.registry import EngineEntry, Registry

OPTIMIZERS = Registry(
    "cell optimizer",
    {"xtb": EngineEntry("mofa.optimize.xtb:Gfn1Optimizer", "pip install tblite", ("tblite",))},
)


class CellOptimizer(Protocol):
    """A method that relaxes cell and atoms together; `mofa.testing.optimize` checks one."""

    def relax(
        self,
        framework: Framework,
        *,
        max_steps: int,
        fmax_ev_per_ang: float,
        time_limit_s: float,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> Optimized | Rejected:
        """The relaxed framework: same atoms in the same order, not wrapped, same bonds.

        Reaching `max_steps`, or the end of the time limit, without converging is no refusal: the last geometry is
        returned with `converged=False`. Whether the bonds survived is checked by the task, not here.

        Raises:
            TimeLimitError: not even one step fitted into the time limit.
            EngineError: the engine broke.
            EngineMissingError: what the engine needs is not installed.
        """
