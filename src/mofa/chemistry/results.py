"""What the simulations say: frozen, with value, error, conditions, method and whether it converged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats
from mofa.chemistry.framework import Framework
from mofa.units import mol_per_kg_to_cm3_stp_per_g, mol_per_kg_to_mg_per_g

# The paper's limits of the strain metric.
STABLE_STRAIN = 0.10
TRAINABLE_STRAIN = 0.25


@dataclass(frozen=True, eq=False)
class Stability:
    """How far a framework's cell went in molecular dynamics."""

    framework: Framework
    """The last structure, quenched in the cell that the dynamics ended with: one unit cell of the supercell."""
    strain: float
    """Largest absolute eigenvalue of the paper's strain tensor, mean over the last part of the run."""
    strain_inverted: float
    """The same from ``R1 R2^-1 - I``, which other codes report; larger on contraction."""
    strain_trace: tuple[float, ...]
    """Mean strain of every chunk."""
    steps: int
    steps_per_chunk: int
    timestep_fs: float
    temperature_k: float
    pressure_pa: float
    supercell: tuple[int, int, int]
    volume_ratio: float
    """Volume of the last structure over the initial one."""
    method: str
    cpu_s: float
    volume_trace: tuple[float, ...] = ()
    """Mean volume of every chunk over the initial one."""

    @property
    def density_g_per_cm3(self) -> float:
        """Crystal density of the last structure, g/cm3."""
        return self.framework.density_g_per_cm3

    @property
    def stable(self) -> bool:
        """Whether the strain is below the paper's limit of a stable MOF, 10 %."""
        return self.strain < STABLE_STRAIN

    @property
    def trainable(self) -> bool:
        """Whether the strain is below the paper's limit for training and further simulation, 25 %."""
        return self.strain < TRAINABLE_STRAIN

    @property
    def verdict(self) -> str:
        """The two limits in one word: stable, trainable or unstable."""
        return "stable" if self.stable else "trainable" if self.trainable else "unstable"


@dataclass(frozen=True, eq=False)
class Optimized:
    """A relaxed cell."""

    framework: Framework
    """Relaxed structure, with charges where the method gives them in the same call."""
    energy_ev: float
    max_force_ev_per_ang: float
    pressure_gpa: float
    steps: int
    converged: bool
    """Whether forces and cell gradient are below the limit, and every self-consistent field on the way converged."""
    method: str
    cpu_s: float
    charge_e: int = 0
    """Net charge of the cell, e."""
    multiplicity: int = 1
    """Spin multiplicity of the cell."""
    energy_trace_ev: tuple[float, ...] = ()
    """Energy of the start and after every step, eV."""
    pressure_trace_gpa: tuple[float, ...] = ()
    """Pressure of the same, GPa."""
    resumed_at_step: int = 0
    """Step of an interrupted run that this one went on from; 0 for one that began anew."""
    density_cube: str = ""
    """File with the valence electron density of the relaxed structure, where the method leaves one."""
    bonds_kept: int = 0
    """Bonds before and after that were compared and found to be the same, metal-metal contacts left out; 0: none."""


@dataclass(frozen=True)
class ModelRef:
    """A retrained linker generator. Its weights, put into a file, are the `weights` of `mofa.generate.generate`."""

    generator: str
    """Name of the generator that was trained, and that alone can use them."""
    weights: bytes
    """The whole file, in a format that says what it is and that reading cannot make run code: JSON, safetensors."""
    suffix: str
    """Ending of the file's name, with its dot."""
    n_examples: int
    """Examples that the generator learnt from."""
    method: str
    metrics: Mapping[str, float]
    """What the training came to, by name; the generator's documentation says what each is."""
    cpu_s: float


@dataclass(frozen=True)
class ChargeGate:
    """Verdict of the charge gate, with the extremes it saw."""

    passed: bool
    sum_e: float
    min_e: float
    max_e: float
    metal_min_e: float | None
    reasons: tuple[str, ...] = ()
    equivalent_spread_e: float | None = None
    """Largest distance of a charge from the median of the atoms with the same surroundings; None if none are alike."""


@dataclass(frozen=True, eq=False)
class Charges:
    """Partial charges of every atom of a framework."""

    values: NDArray[np.float64]
    """e, ``[n_atoms]``, in the order of the framework's atoms."""
    method: str
    converged: bool | None
    """Whether the calculation behind them converged; None for a density that was given, of which nobody can tell."""
    gate: ChargeGate
    cpu_s: float
    integration_error_e: float = math.nan
    """Electrons that the density of a partitioning method lacks (negative) or has too many, before it was scaled."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen_floats(self.values, (len(np.asarray(self.values)),)))


@dataclass(frozen=True)
class PoreGeometry:
    """Geometric porosity (Zeo++)."""

    largest_cavity_diameter_ang: float
    pore_limiting_diameter_ang: float
    accessible_surface_m2_per_g: float
    accessible_volume_fraction: float
    """Probe-centre accessible volume fraction, for the probe below."""
    probe_radius_ang: float
    channels: int
    method: str
    inaccessible_volume_fraction: float = math.nan
    """The same of closed pockets, where the probe would fit but does not get to."""
    grid_volume_fraction: float = math.nan
    """Accessible or not, on a grid of our own: a second opinion on the sum of both."""
    pockets: int = 0
    """Closed ones, in the surface analysis."""


@dataclass(frozen=True)
class Coadsorbed:
    """Another gas of a mixture, adsorbed at the same time."""

    gas: str
    mole_fraction: float
    """In the gas phase."""
    uptake_mol_per_kg: float
    error_mol_per_kg: float
    """95 % confidence half-width."""
    heat_kj_per_mol: float
    heat_error_kj_per_mol: float


@dataclass(frozen=True)
class Uptake:
    """Gas adsorption at one condition."""

    uptake_mol_per_kg: float
    error_mol_per_kg: float
    """95 % confidence half-width."""
    heat_kj_per_mol: float
    """Isosteric heat of adsorption, positive for exothermic adsorption."""
    heat_error_kj_per_mol: float
    gas: str
    pressure_pa: float
    """Of the whole gas."""
    temperature_k: float
    method: str
    charge_method: str
    supercell: tuple[int, int, int]
    cycles: int
    """Monte Carlo cycles that were averaged, of all chains together."""
    converged: bool
    """Whether the relative error met the target, and the chains agree."""
    cpu_s: float
    pores: PoreGeometry | None = None
    mole_fraction: float = 1.0
    """Of `gas` in the gas phase."""
    coadsorbed: tuple[Coadsorbed, ...] = ()
    """The other gases of a mixture."""
    fugacity_pa: float = math.nan
    """Of `gas`, by the Peng-Robinson equation of state."""
    molar_mass_g_per_mol: float = math.nan
    """Of `gas`."""
    density_g_per_cm3: float = math.nan
    """Of the framework's crystal."""
    engine: str = ""
    seed: int = 0
    chains: int = 1
    """Independent simulations."""
    chain_ratio: float = 1.0
    """Gelman and Rubin's ratio of the spread of all samples to that within chains; 1 where the chains agree."""
    equilibration_cycles: int = 0
    """Cycles at the start of each chain that were left out of the averages."""
    block_means_mol_per_kg: tuple[float, ...] = ()
    """Uptake in every block of the run that the error comes from."""
    acceptance: Mapping[str, float] = field(default_factory=dict)
    """Share of accepted Monte Carlo moves, by kind of move."""
    charge_min_e: float = math.nan
    """Smallest partial charge of the framework's atoms, e."""
    charge_max_e: float = math.nan
    """Largest partial charge, e."""
    charge_metal_min_e: float = math.nan
    """Smallest partial charge of a metal atom, e."""

    @property
    def uptake_mg_per_g(self) -> float:
        """Mass of gas per mass of framework, mg/g."""
        return mol_per_kg_to_mg_per_g(self.uptake_mol_per_kg, self.molar_mass_g_per_mol)

    @property
    def uptake_cm3_stp_per_g(self) -> float:
        """Volume of the gas at 273.15 K and 1 atm per mass of framework, cm3(STP)/g."""
        return mol_per_kg_to_cm3_stp_per_g(self.uptake_mol_per_kg)

    @property
    def uptake_cm3_stp_per_cm3(self) -> float:
        """Volume of the gas at 273.15 K and 1 atm per volume of framework, cm3(STP)/cm3."""
        return self.uptake_cm3_stp_per_g * self.density_g_per_cm3

    @property
    def selectivity(self) -> float:
        """Of `gas` over all others together: ratio adsorbed over ratio in the gas; NaN for a pure gas."""
        others = sum(other.uptake_mol_per_kg for other in self.coadsorbed)
        if not self.coadsorbed:
            return math.nan
        ratio = self.uptake_mol_per_kg / others if others > 0 else math.inf
        return ratio * (1.0 - self.mole_fraction) / self.mole_fraction

    @property
    def selectivity_error(self) -> float:
        """95 % confidence half-width of the selectivity, its two amounts taken as independent."""
        others = sum(other.uptake_mol_per_kg for other in self.coadsorbed)
        if not self.coadsorbed or others <= 0 or self.uptake_mol_per_kg <= 0:
            return math.nan
        error = math.hypot(*(other.error_mol_per_kg for other in self.coadsorbed))
        return self.selectivity * math.hypot(self.error_mol_per_kg / self.uptake_mol_per_kg, error / others)

    def as_dict(self) -> dict[str, Any]:
        """All of it, with the derived units, as nested plain values."""
        derived = ["uptake_mg_per_g", "uptake_cm3_stp_per_g", "uptake_cm3_stp_per_cm3"]
        if self.coadsorbed:
            derived += ["selectivity", "selectivity_error"]
        return {**asdict(self), **{name: getattr(self, name) for name in derived}}
