"""A cheap guess at the strain of a framework: it ranks what is to be simulated first, and refuses nothing.

Short dynamics of the smallest supercell that can be simulated, mostly a single cell. What it is worth, and what other
guesses are, is measured in `benchmarks/stability.md`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected
from mofa.errors import InputError
from mofa.units import PA_PER_ATM
from mofa.validate.engine import Dynamics, force_field
from mofa.validate.stability import prepare_framework
from mofa.validate.strain import strain

LOST = 1.0
"""What is expected of a framework whose dynamics broke off."""
_REPEATS = ((1, 1, 1), (2, 2, 2), (4, 4, 4))


def expected_strain(
    framework: Framework, *, steps: int = 4000, seed: int = 1, time_limit_s: float = 120.0
) -> float | Rejected:
    """The strain that a framework will probably have after long dynamics; comparable among MOFs of one kind only.

    About one second of CPU time for 150 atoms. A single cell lacks the slow modes of a large one and cannot relax
    them either: stable frameworks can read high, so nothing should be refused by it.

    Args:
        framework: any periodic structure.
        steps: of 0.5 fs at 300 K and 1 atm; the strain is the mean over the second half.
        seed: of velocities and rattling.
        time_limit_s: wall-clock limit, s.

    Returns:
        The strain, `LOST` if the dynamics broke off; or why the framework cannot be simulated at all.

    Raises:
        EngineMissingError: LAMMPS is not installed.
        InputError: no steps.
    """
    if steps < 1:
        raise InputError(f"steps is {steps}", where="prescreen", action="Give a positive number")
    ready = prepare_framework(framework)
    if isinstance(ready, Rejected):
        return ready
    trace: list[float] = []

    def on_chunk(step: int, cells: NDArray[np.float64]) -> None:
        trace.append(float(np.mean([strain(ready.cell, cell) for cell in cells])))

    for repeats in _REPEATS:
        trace.clear()
        dynamics = Dynamics(
            steps=steps,
            supercell=repeats,
            temperature_k=300.0,
            pressure_pa=PA_PER_ATM,
            timestep_fs=0.5,
            chunk_steps=max(1, steps // 8),
            checkpoint_steps=steps,
            seed=seed,
            time_limit_s=time_limit_s,
        )
        outcome = force_field("lammps").run(ready, dynamics, on_chunk=on_chunk)
        if not isinstance(outcome, Rejected):
            return float(np.mean(trace[len(trace) // 2 :]))
        if outcome.reason is Reason.UNTYPED:
            return outcome
        if outcome.reason is not Reason.CELL_TOO_SMALL:
            break
    return LOST
