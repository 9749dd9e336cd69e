"""The task: does a framework keep its shape in molecular dynamics?"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.framework import Framework
from mofa.chemistry.inspection import inspect
from mofa.chemistry.lennard_jones import has_lennard_jones
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.chemistry.results import Stability
from mofa.errors import InputError
from mofa.units import PA_PER_ATM
from mofa.validate.engine import ENGINES, Dynamics, ForceFieldEngine
from mofa.validate.strain import inverted_strain, strain

# The strain of a run is the mean over its last quarter, of 5000 steps at most.
TAIL_FRACTION = 0.25
TAIL_STEPS = 5000
# A strain beyond the limit counts as lost once it has held for this many chunks: shorter excursions came back.
CHUNKS_BEYOND_LIMIT = 3

OnProgress = Callable[[float, str], None]


def validate(
    framework: Framework,
    *,
    engine: str = "lammps",
    steps: int = 20_000,
    supercell: tuple[int, int, int] = (2, 2, 2),
    temperature_k: float = 300.0,
    pressure_pa: float = PA_PER_ATM,
    timestep_fs: float = 0.5,
    chunk_steps: int = 500,
    early_reject_strain: float | None = 0.40,
    seed: int = 1,
    time_limit_s: float = 3600.0,
    on_progress: OnProgress | None = None,
) -> Stability | Rejected:
    """Strain of a framework in molecular dynamics at constant pressure and temperature.

    A run that reaches its last step is a `Stability`, however far the cell went: ask its `stable` and `trainable`.

    Args:
        framework: any periodic structure; bonds and bond orders that are not known are perceived.
        engine: name of a force-field engine, see `mofa.validate.ENGINES`.
        steps: length of the run; the paper runs 1 000 000.
        supercell: repeats of the cell along a, b, c.
        temperature_k: of the thermostat, K.
        pressure_pa: of the barostat, Pa; all six cell parameters are free.
        timestep_fs: fs.
        chunk_steps: steps per entry of the strain trace and between two looks at limits.
        early_reject_strain: end a run whose strain stays beyond this for three chunks; None runs on.
        seed: of velocities and rattling; the same seed gives the same run on the same machine.
        time_limit_s: wall-clock limit, s.
        on_progress: called with the fraction done (0 to 1) and a short text after every chunk.

    Returns:
        The strain with its trace, or a refusal: input that no engine should see (inspection), UNTYPED,
        CELL_TOO_SMALL, UNSTABLE (`rejected_early`), BLEW_UP, TIME_LIMIT, CRASHED.

    Raises:
        InputError: an option out of range.
        EngineMissingError: the engine is not known or not installed.
        EngineError: the engine broke on valid input.
    """
    started = time.process_time()
    dynamics = Dynamics(
        steps=steps,
        supercell=supercell,
        temperature_k=temperature_k,
        pressure_pa=pressure_pa,
        timestep_fs=timestep_fs,
        chunk_steps=chunk_steps,
        seed=seed,
        time_limit_s=time_limit_s,
    )
    check_options(dynamics)
    if early_reject_strain is not None and not early_reject_strain > 0:
        what = f"early_reject_strain is {early_reject_strain}"
        raise InputError(what, where="validate", action="Give a positive strain, or None to run on")
    md: ForceFieldEngine = ENGINES.load(engine)()
    ready = prepare_framework(framework)
    if isinstance(ready, Rejected):
        return ready
    watch = _StrainWatch(ready, dynamics, early_reject_strain, on_progress)
    trajectory = md.run(ready, dynamics, on_chunk=watch)
    if isinstance(trajectory, Rejected):
        return trajectory
    return Stability(
        framework=trajectory.framework,
        strain=watch.final(watch.trace),
        strain_inverted=watch.final(watch.inverted_trace),
        strain_trace=tuple(watch.trace),
        steps=steps,
        steps_per_chunk=chunk_steps,
        timestep_fs=timestep_fs,
        temperature_k=temperature_k,
        pressure_pa=pressure_pa,
        supercell=supercell,
        volume_ratio=trajectory.framework.volume_ang3 / framework.volume_ang3,
        method=trajectory.method,
        cpu_s=trajectory.cpu_s + time.process_time() - started,
    )


def prepare_framework(framework: Framework) -> Framework | Rejected:
    """The framework with all bond orders, or why it should not be simulated."""
    refused = inspect(framework, Stage.VALIDATE)
    if refused:
        return refused
    unknown = tuple(k for k, symbol in enumerate(framework.symbols) if not has_lennard_jones(symbol))
    if unknown:
        names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
        return Rejected(Stage.VALIDATE, Reason.UNKNOWN_ELEMENT, f"UFF has no parameters for {names}", unknown)
    bonds = with_orders(framework)
    if not any(rank == 3 for _, rank in bonds.components()):
        detail = "the bonds do not extend in three directions: no framework, or bonds that were not recognised"
        return Rejected(Stage.VALIDATE, Reason.NOT_PERIODIC, detail)
    return framework.with_bonds(bonds)


def check_options(dynamics: Dynamics) -> None:
    """Raise `InputError` for an option that no engine can run."""
    positive = ("steps", "temperature_k", "timestep_fs", "chunk_steps", "time_limit_s")
    for name in positive:
        value = getattr(dynamics, name)
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value}", where="validate", action="Give a positive number")
    if not np.isfinite(dynamics.pressure_pa):
        raise InputError(f"pressure_pa is {dynamics.pressure_pa}", where="validate", action="Give a finite pressure")
    if len(dynamics.supercell) != 3 or min(dynamics.supercell) < 1:
        action = "Give three repeats of at least 1"
        raise InputError(f"supercell is {dynamics.supercell}", where="validate", action=action)


class _StrainWatch:
    """Follows the cell: keeps the strain of every chunk, reports progress, refuses a lost run."""

    def __init__(
        self,
        framework: Framework,
        dynamics: Dynamics,
        limit: float | None,
        on_progress: OnProgress | None,
    ) -> None:
        self.cell = framework.cell
        self.dynamics = dynamics
        self.limit = limit
        self.on_progress = on_progress
        self.trace: list[float] = []
        self.inverted_trace: list[float] = []

    def __call__(self, step: int, cells: NDArray[np.float64]) -> Rejected | None:
        self.trace.append(float(np.mean([strain(self.cell, cell) for cell in cells])))
        self.inverted_trace.append(float(np.mean([inverted_strain(self.cell, cell) for cell in cells])))
        if self.on_progress:
            self.on_progress(step / self.dynamics.steps, f"step {step}, strain {self.trace[-1]:.3f}")
        last = self.trace[-CHUNKS_BEYOND_LIMIT:]
        if self.limit is None or len(last) < CHUNKS_BEYOND_LIMIT or min(last) <= self.limit:
            return None
        detail = (
            f"rejected_early at step {step} of {self.dynamics.steps}: strain {np.mean(last):.3f},"
            f" strain_inverted {np.mean(self.inverted_trace[-CHUNKS_BEYOND_LIMIT:]):.3f},"
            f" beyond {self.limit:.2f} for {CHUNKS_BEYOND_LIMIT} chunks"
        )
        return Rejected(Stage.VALIDATE, Reason.UNSTABLE, detail)

    def final(self, trace: list[float]) -> float:
        """Mean over the last quarter of the run, of 5000 steps at most and one chunk at least."""
        tail = min(TAIL_STEPS, TAIL_FRACTION * self.dynamics.steps)
        return float(np.mean(trace[-max(1, round(tail / self.dynamics.chunk_steps)) :]))
