"""The seam between the optimisation task and the methods that relax a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mofa.chemistry import Framework, Optimized, Rejected
from mofa.registry import EngineEntry, Registry

OPTIMIZERS = Registry(
    "cell optimizer",
    {
        "xtb": EngineEntry("mofa.optimize.xtb:Gfn1Optimizer", "pip install tblite", ("tblite",)),
        "cp2k": EngineEntry("mofa.optimize.cp2k:Cp2kOptimizer", "apt-get install cp2k"),
    },
)


@dataclass(frozen=True)
class Relaxation:
    """What a relaxation is to do."""

    max_steps: int = 30
    """Most optimisation steps, those of an interrupted run that it goes on from included."""
    fmax_ev_per_ang: float = 0.05
    """Converged when no force is larger, eV/Å; the method's limit of the cell's stress goes with it."""
    charge_e: int = 0
    """Of one cell, e."""
    multiplicity: int = 1
    """Of one cell: number of unpaired electrons and one."""
    folder: Path | None = None
    """Where the run keeps what it needs to go on after an interruption, and what it leaves; None: nothing stays."""


class CellOptimizer(Protocol):
    """A method that relaxes cell and atoms together; `mofa.testing.optimize` checks one."""

    def relax(
        self,
        framework: Framework,
        job: Relaxation,
        *,
        time_limit_s: float,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> Optimized | Rejected:
        """The relaxed framework: same atoms in the same order, not wrapped, same bonds.

        Reaching `max_steps`, or the end of the time limit, without converging is no refusal: the last geometry is
        returned with `converged=False`. Whether the bonds survived is checked by the task, not here. A run with the
        folder of an interrupted one of the same framework goes on where that was.

        Raises:
            TimeLimitError: not even one step fitted into the time limit.
            EngineError: the engine broke.
            EngineMissingError: what the engine needs is not installed.
        """
