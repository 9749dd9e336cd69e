"""The seam between the adsorption task and the programs that simulate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mofa.adsorb.mixture import Species
from mofa.chemistry import Framework
from mofa.registry import EngineEntry, Registry

ENGINES = Registry(
    "adsorption",
    {
        "grid": EngineEntry("mofa.adsorb.grid:GridEngine", "pip install numba", ("numba",)),
        "raspa3": EngineEntry("mofa.adsorb.raspa3:Raspa3", "pip install raspalib", ("raspalib",)),
        "raspa2": EngineEntry("mofa.adsorb.raspa2:Raspa2", "pip install RASPA2"),
        "graspa": EngineEntry("mofa.adsorb.graspa:Graspa", "build https://github.com/snurr-group/gRASPA"),
    },
)


@dataclass(frozen=True)
class Pocket:
    """A sphere that a framework's channels do not reach, kept free of guests."""

    centre: tuple[float, float, float]
    """Fractional coordinates in the unit cell."""
    radius_ang: float


@dataclass(frozen=True)
class AdsorptionJob:
    """One grand-canonical simulation, checked and complete: an engine may trust every field.

    The framework is rigid and neutral, carries its charges, and every element has UFF Lennard-Jones parameters.
    """

    framework: Framework
    """One unit cell."""
    species: tuple[Species, ...]
    """The gases, one or several."""
    pressure_pa: float
    """Of the whole gas."""
    temperature_k: float
    supercell: tuple[int, int, int]
    """Unit cells along a, b and c: perpendicular widths of at least twice the cut-off."""
    cutoff_ang: float
    """Lennard-Jones (truncated, no tail correction) and real-space Coulomb cut-off."""
    initialization_cycles: int
    """Least number of cycles that are not averaged; engines that can detect equilibration leave out more."""
    min_cycles: int
    max_cycles: int
    target_relative_error: float
    """Production ends between the two cycle numbers as soon as the relative error of the first gas is this small."""
    seed: int
    pockets: tuple[Pocket, ...] = ()

    @property
    def quantum(self) -> bool:
        """Whether a guest needs the Feynman-Hibbs correction at this temperature."""
        return any(species.guest.is_quantum(self.temperature_k) for species in self.species)

    def fugacity_pa(self, species: Species) -> float:
        """Fugacity of one of the gases, Pa."""
        return species.fugacity_coefficient * species.mole_fraction * self.pressure_pa


@dataclass(frozen=True)
class Amount:
    """How much of one gas a simulation found in the supercell; errors are 95 % confidence half-widths."""

    molecules: float
    """Mean number of molecules."""
    molecules_error: float
    heat_kj_per_mol: float
    """Isosteric heat, positive when adsorption gives off heat; NaN if the loading never fluctuated."""
    heat_error_kj_per_mol: float
    block_means: tuple[float, ...] = ()
    """Mean number of molecules in every block that the error comes from."""


@dataclass(frozen=True)
class Loading:
    """What a simulation found."""

    amounts: tuple[Amount, ...]
    """Of every gas, in the order of the job."""
    cycles: int
    """Cycles that were averaged, of all chains together."""
    converged: bool
    cpu_s: float
    equilibration_cycles: int = 0
    """Cycles at the start of each chain that were left out of the averages."""
    chains: int = 1
    """Independent simulations."""
    chain_ratio: float = 1.0
    """Gelman and Rubin's ratio of the spread of all samples to that within chains; 1 where the chains agree."""
    acceptance: Mapping[str, float] = field(default_factory=dict)
    """Share of accepted moves, by kind of move."""


def engine_named(name: str, **particulars: str | int | float | Path | None) -> AdsorptionEngine:
    """The engine of that name, ready to run.

    Args:
        name: see `ENGINES`.
        particulars: options of this engine; those that are empty count as not given.

    Raises:
        EngineMissingError: the engine is not known, or what it needs is not installed.
        InputError: it has no such option, lacks one, or cannot use it.
    """
    simulator: AdsorptionEngine = ENGINES.build(name, where="adsorb", **particulars)
    return simulator


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
            InputError: it cannot simulate such a job, a quantum guest for example.
        """
