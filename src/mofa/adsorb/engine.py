"""The seam between the adsorption task and the programs that simulate it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mofa.adsorb.gases import Guest
from mofa.chemistry import Framework
from mofa.registry import EngineEntry, Registry

ENGINES = Registry(
    "adsorption",
    {"raspa3": EngineEntry("mofa.adsorb.raspa3:Raspa3", "pip install raspalib", ("raspalib",))},
)


@dataclass(frozen=True)
class AdsorptionJob:
    """One grand-canonical simulation, checked and complete: an engine may trust every field.

    The framework is rigid and neutral, carries its charges, and every element has UFF Lennard-Jones parameters.
    """

    framework: Framework
    """One unit cell."""
    guest: Guest
    pressure_pa: float
    temperature_k: float
    fugacity_coefficient: float
    supercell: tuple[int, int, int]
    """Unit cells along a, b and c: perpendicular widths of at least twice the cut-off."""
    cutoff_ang: float
    """Lennard-Jones (truncated, no tail correction) and real-space Ewald cut-off."""
    initialization_cycles: int
    min_cycles: int
    max_cycles: int
    target_relative_error: float
    """Production ends between the two cycle numbers as soon as the relative error is this small."""
    seed: int


@dataclass(frozen=True)
class Loading:
    """What a simulation found; errors are 95 % confidence half-widths."""

    molecules: float
    """Mean number of guest molecules in the supercell."""
    molecules_error: float
    heat_kj_per_mol: float
    """Isosteric heat, positive when adsorption gives off heat; NaN if the loading never fluctuated."""
    heat_error_kj_per_mol: float
    cycles: int
    """Production cycles that were averaged."""
    converged: bool
    cpu_s: float


class AdsorptionEngine(Protocol):
    """A program that simulates adsorption in a rigid framework; `mofa.testing.adsorb` checks one."""

    @property
    def method(self) -> str:
        """One line for the record: program, version, force field."""

    def simulate(
        self,
        job: AdsorptionJob,
        *,
        time_limit_s: float,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> Loading:
        """Run the simulation.

        An engine that runs out of time after `min_cycles` returns what it has, not converged; before, it raises.

        Raises:
            TimeLimitError: too little was sampled within the time limit.
            EngineError: the engine broke.
            EngineMissingError: what the engine needs is not installed.
        """
