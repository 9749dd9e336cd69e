"""What the simulations say: frozen, with value, error, conditions, method and whether it converged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats
from mofa.chemistry.framework import Framework

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
    method: str
    cpu_s: float


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


@dataclass(frozen=True, eq=False)
class Charges:
    """Partial charges of every atom of a framework."""

    values: NDArray[np.float64]
    """e, ``[n_atoms]``, in the order of the framework's atoms."""
    method: str
    converged: bool
    gate: ChargeGate
    cpu_s: float

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


@dataclass(frozen=True)
class Uptake:
    """Gas adsorption at one condition."""

    uptake_mol_per_kg: float
    error_mol_per_kg: float
    """95 % confidence half-width from block averages."""
    heat_kj_per_mol: float
    """Isosteric heat of adsorption, positive for exothermic adsorption."""
    heat_error_kj_per_mol: float
    gas: str
    pressure_pa: float
    temperature_k: float
    method: str
    charge_method: str
    supercell: tuple[int, int, int]
    cycles: int
    converged: bool
    """Whether the relative error met the target."""
    cpu_s: float
    pores: PoreGeometry | None = None
