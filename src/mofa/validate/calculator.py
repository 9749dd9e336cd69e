"""Any ASE calculator as a force-field engine: a machine-learned potential of the user, or a semi-empirical method.

`CalculatorEngine` runs NPT with a fully flexible cell, `CalculatorRelaxation` relaxes atoms and cell. The calculator
is imported and built in a child process, one thread a run; it is named as ``package.module:Class`` with keyword
arguments as ``name=value``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.errors import InputError
from mofa.validate import calculator_worker
from mofa.validate.calculator_worker import CalculatorFailed, CalculatorJob, Value
from mofa.validate.engine import Checkpoint, Dynamics, OnCheckpoint, OnChunk, Trajectory
from mofa.validate.following import Follower
from mofa.validate.supercell import Supercell


class CalculatorEngine:
    """NPT with an ASE calculator (a `ForceFieldEngine`): Langevin dynamics of atoms and cell.

    Args:
        calculator: ``package.module:Class``.
        calculator_options: its keyword arguments, each ``name=value``: numbers, ``true`` and ``false``, else text.

    Raises:
        InputError: the calculator is not named, or an option is not ``name=value``.
    """

    relax = False

    def __init__(self, calculator: str = "", calculator_options: Sequence[str] = ()) -> None:
        module, _, name = calculator.partition(":")
        if not module or not name:
            action = "Give package.module:Class, for example mace.calculators:MACECalculator"
            raise InputError(f"{calculator!r} names no ASE calculator", where="calculator", action=action)
        self.calculator = calculator
        self.options = dict(map(parse_option, calculator_options))

    def run(
        self,
        framework: Framework,
        dynamics: Dynamics,
        *,
        on_chunk: OnChunk,
        start: Checkpoint | None = None,
        on_checkpoint: OnCheckpoint | None = None,
    ) -> Trajectory | Rejected:
        """See `ForceFieldEngine`.

        Raises:
            EngineMissingError: the calculator cannot be imported.
            InputError: it does not take its options.
        """
        supercell = Supercell(framework, dynamics.supercell)
        job = CalculatorJob(
            calculator=self.calculator,
            options=self.options,
            symbols=framework.symbols * supercell.n_copies,
            positions=supercell.positions,
            cell=supercell.cell,
            dynamics=dynamics,
            relax=self.relax,
            start=start,
        )
        follower = Follower(dynamics, on_chunk, start, on_checkpoint)
        outcome = follower.follow(calculator_worker.simulate, job)
        if isinstance(outcome, Rejected):
            return outcome
        if isinstance(outcome, CalculatorFailed):
            if not outcome.elements:
                return follower.refused(Reason.BLEW_UP, outcome.why)
            atoms = tuple(k for k, symbol in enumerate(framework.symbols) if symbol in outcome.elements)
            detail = f"{self.calculator} cannot describe {', '.join(outcome.elements)} ({outcome.why})"
            return Rejected(Stage.VALIDATE, Reason.UNTYPED, detail, atoms)
        if not np.isfinite(outcome.positions).all():
            return follower.refused(Reason.BLEW_UP, "positions are not finite")
        final = supercell.fold_back(outcome.positions, outcome.cell)
        return Trajectory(final, f"{self.calculator}, ASE {outcome.version}", follower.cpu_before_s + outcome.cpu_s)


class CalculatorRelaxation(CalculatorEngine):
    """Relaxation of atoms and cell with an ASE calculator: the steps are those of the optimiser.

    A cell that has found its minimum stays there: the rest of the trace is the relaxed cell's.
    """

    relax = True


def parse_option(text: str) -> tuple[str, Value]:
    """Name and value of ``name=value``.

    Raises:
        InputError: it is none.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name.isidentifier() or not equals:
        action = "Give name=value, for example device=cpu"
        raise InputError(f"{text!r} is no option of a calculator", where="calculator_options", action=action)
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for number in (int, float):
        try:
            return name, number(value)
        except ValueError:
            continue
    return name, value
