"""Isotherms, working capacities and Henry coefficients: what several conditions say together."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb import checks
from mofa.adsorb.prepare import Prepared, prepare
from mofa.adsorb.task import adsorb
from mofa.chemistry import Framework, Rejected, Uptake
from mofa.errors import InputError

if TYPE_CHECKING:
    from mofa.adsorb.grid import Henry

DEFAULT_POINTS = 8
DEFAULT_MAX_PRESSURE_PA = 1.0e5
LEAST_COVERAGE = 0.05
"""Of the uptake at the highest pressure, at the lowest pressure of an automatic isotherm."""
_LEAST_BEND = 0.2
"""Coverage at the highest pressure below which points lie on a line, or bend upwards: they know of no saturation."""
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Langmuir:
    """``q = q_max b p / (1 + b p)``, fitted to an isotherm."""

    saturation_mol_per_kg: float
    affinity_per_pa: float
    largest_deviation: float
    """Of any point from the fit, in its 95 % errors: far above 1, the model does not hold."""

    def uptake_mol_per_kg(self, pressure_pa: float) -> float:
        """The fitted uptake."""
        bp = self.affinity_per_pa * pressure_pa
        return self.saturation_mol_per_kg * bp / (1.0 + bp)


@dataclass(frozen=True)
class Isotherm:
    """Uptakes of one gas at one temperature, by rising pressure."""

    points: tuple[Uptake, ...]
    langmuir: Langmuir | None
    """None with fewer than three points, or where they do not bend towards a saturation."""

    def as_dict(self) -> dict[str, Any]:
        """Nested plain values."""
        fit = None if self.langmuir is None else asdict(self.langmuir)
        return {"points": [point.as_dict() for point in self.points], "langmuir": fit}


@dataclass(frozen=True)
class WorkingCapacity:
    """What a cycle of adsorption and desorption delivers."""

    capacity_mol_per_kg: float
    error_mol_per_kg: float
    """95 % confidence half-width."""
    adsorption: Uptake
    desorption: Uptake

    def as_dict(self) -> dict[str, Any]:
        """Nested plain values."""
        return {
            "capacity_mol_per_kg": self.capacity_mol_per_kg,
            "error_mol_per_kg": self.error_mol_per_kg,
            "adsorption": self.adsorption.as_dict(),
            "desorption": self.desorption.as_dict(),
        }


def isotherm(
    framework: Framework,
    *,
    pressures_pa: Sequence[float] = (),
    max_pressure_pa: float = DEFAULT_MAX_PRESSURE_PA,
    n_points: int = DEFAULT_POINTS,
    on_progress: Progress | None = None,
    **options: Any,
) -> Isotherm | Rejected:
    """An adsorption isotherm.

    Without pressures they are chosen: the Henry coefficient and the uptake at `max_pressure_pa` fix a Langmuir
    isotherm, and the points are spread evenly over its uptakes, so they lie dense where the curve bends.

    Args:
        framework: one unit cell with charges.
        pressures_pa: pressures, Pa, in any order.
        max_pressure_pa: the highest pressure where none are given, Pa.
        n_points: how many where none are given, 3 at least.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels.
        options: of `adsorb`: gas, temperature_k, engine, ...

    Raises:
        InputError: a wrong option.
        EngineMissingError: no such engine, or it is not installed.
        EngineError: the engine broke.
    """
    if pressures_pa:
        pressures = sorted(set(pressures_pa))
        for pressure in pressures:
            checks.check_range("pressure_pa", pressure)
        points: dict[float, Uptake] = {}
    else:
        if n_points < 3:
            raise InputError(f"n_points is {n_points}", where="isotherm", action="Give 3 or more")
        checks.check_range("pressure_pa", max_pressure_pa)
        shared = _henry_options(options)
        top = adsorb(framework, pressure_pa=max_pressure_pa, on_progress=_part(on_progress, 0, n_points), **options)
        if isinstance(top, Rejected):
            return top
        slope = henry_coefficient(framework, **shared)
        if isinstance(slope, Rejected):
            return slope
        pressures = spread(slope.coefficient_mol_per_kg_pa, top.uptake_mol_per_kg, max_pressure_pa, n_points)
        points = {max_pressure_pa: top}
    for pressure in pressures:
        if pressure not in points:
            report = _part(on_progress, len(points), len(pressures))
            found = adsorb(framework, pressure_pa=pressure, on_progress=report, **options)
            if isinstance(found, Rejected):
                return found
            points[pressure] = found
    ordered = tuple(points[pressure] for pressure in sorted(points))
    return Isotherm(ordered, fit_langmuir(ordered))


def working_capacity(
    framework: Framework,
    *,
    pressure_pa: float,
    temperature_k: float,
    desorption_pressure_pa: float,
    desorption_temperature_k: float,
    on_progress: Progress | None = None,
    **options: Any,
) -> WorkingCapacity | Rejected:
    """Uptake at adsorption minus uptake at desorption: of a vacuum swing by pressure, of a temperature swing by heat.

    Args:
        framework: one unit cell with charges.
        pressure_pa: at adsorption, Pa.
        temperature_k: at adsorption, K.
        desorption_pressure_pa: at desorption, Pa.
        desorption_temperature_k: at desorption, K.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels.
        options: of `adsorb`.

    Raises:
        InputError: a wrong option.
    """
    for name, value in (("pressure_pa", desorption_pressure_pa), ("temperature_k", desorption_temperature_k)):
        checks.check_range(name, value)
    if desorption_pressure_pa >= pressure_pa and desorption_temperature_k <= temperature_k:
        raise InputError(
            f"nothing desorbs at {desorption_pressure_pa:g} Pa and {desorption_temperature_k:g} K after adsorption at"
            f" {pressure_pa:g} Pa and {temperature_k:g} K",
            where="working capacity",
            action="Give a lower pressure or a higher temperature for desorption",
        )
    conditions = ((pressure_pa, temperature_k), (desorption_pressure_pa, desorption_temperature_k))
    found: list[Uptake] = []
    for number, (pressure, temperature) in enumerate(conditions):
        report = _part(on_progress, number, 2)
        uptake = adsorb(framework, pressure_pa=pressure, temperature_k=temperature, on_progress=report, **options)
        if isinstance(uptake, Rejected):
            return uptake
        found.append(uptake)
    full, empty = found
    error = math.hypot(full.error_mol_per_kg, empty.error_mol_per_kg)
    return WorkingCapacity(full.uptake_mol_per_kg - empty.uptake_mol_per_kg, error, full, empty)


def henry_coefficient(
    framework: Framework,
    *,
    gas: str = "CO2",
    temperature_k: float = 300.0,
    cutoff_ang: float = 12.8,
    max_atoms: int = 10_000,
    min_pore_diameter_ang: float | None = None,
    block_pockets: bool = False,
    target_relative_error: float = 0.02,
    seed: int = 1,
) -> Henry | Rejected:
    """Henry coefficient and heat at zero loading by Widom's insertions on energy grids.

    It tells the slope of the isotherm at its very start. A strong adsorber leaves that slope long before 0.1 bar, where
    it may be a hundred times too high: use it to understand, never to rank.

    Args:
        framework: one unit cell with charges.
        gas: name of one guest.
        temperature_k: temperature, K.
        cutoff_ang: of Lennard-Jones and the real-space Ewald sum, Å.
        max_atoms: a supercell with more atoms is refused.
        min_pore_diameter_ang: see `adsorb`.
        block_pockets: see `adsorb`.
        target_relative_error: insertions end when the 95 % error is below this share.
        seed: of the insertions.

    Raises:
        InputError: a wrong option, or a mixture.
    """
    from mofa.adsorb.grid import henry  # compiled code, not needed to import this module

    prepared = prepare(
        framework,
        gas=gas,
        pressure_pa=1.0,
        temperature_k=temperature_k,
        initialization_cycles=0,
        min_cycles=100,
        max_cycles=100,
        target_relative_error=target_relative_error,
        cutoff_ang=cutoff_ang,
        max_atoms=max_atoms,
        min_pore_diameter_ang=min_pore_diameter_ang,
        block_pockets=block_pockets,
        seed=seed,
    )
    if isinstance(prepared, Prepared):
        if len(prepared.job.species) > 1:
            raise InputError(f"{gas!r} is a mixture", where="henry", action="Give one gas")
        return henry(prepared.job, target_relative_error=target_relative_error)
    return prepared


def helium_void_fraction(framework: Framework, *, temperature_k: float = 298.0) -> float | Rejected:
    """Share of the volume that helium has for itself: its mean Boltzmann factor, as experiments measure it.

    Args:
        framework: one unit cell; it needs no charges.
        temperature_k: temperature, K.
    """
    found = henry_coefficient(
        framework, gas="He", temperature_k=temperature_k, min_pore_diameter_ang=0.0, target_relative_error=0.005
    )
    return found if isinstance(found, Rejected) else found.boltzmann


def spread(slope: float, top_mol_per_kg: float, max_pressure_pa: float, n: int) -> list[float]:
    """Pressures at which a Langmuir isotherm has evenly spread uptakes, Pa, ascending.

    Args:
        slope: of the isotherm at its start, mol/kg/Pa.
        top_mol_per_kg: uptake at the highest pressure.
        max_pressure_pa: the highest pressure.
        n: how many.
    """
    bend = max(0.0, slope * max_pressure_pa / top_mol_per_kg - 1.0) if top_mol_per_kg > 0 else 0.0
    shares = np.linspace(LEAST_COVERAGE, 1.0, n)
    # With uptake and pressure relative to the highest: u = (1 + bend) x / (1 + bend x).
    found = shares / (1.0 + bend * (1.0 - shares)) * max_pressure_pa
    return [float(f"{pressure:.3g}") for pressure in found[:-1]] + [max_pressure_pa]


def fit_langmuir(points: Sequence[Uptake]) -> Langmuir | None:
    """The Langmuir isotherm nearest to the points, each weighed by its error."""
    from scipy.optimize import curve_fit

    if len(points) < 3:
        return None
    p, q, error = (
        np.array([getattr(point, name) for point in points])
        for name in ("pressure_pa", "uptake_mol_per_kg", "error_mol_per_kg")
    )
    sigma = np.maximum(error, 1e-6)

    def model(pressure: NDArray[np.float64], ln_slope: float, ln_affinity: float) -> NDArray[np.float64]:
        return np.asarray(np.exp(ln_slope) * pressure / (1.0 + np.exp(ln_affinity) * pressure))

    start = (math.log(max(q[0], 1e-9) / p[0]), math.log(1.0 / p[-1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no covariance, where the points know of no saturation
            (ln_slope, ln_affinity), _ = curve_fit(model, p, q, p0=start, sigma=sigma)
    except RuntimeError:
        return None
    if math.exp(ln_affinity) * p[-1] < _LEAST_BEND:
        return None
    deviation = float(np.max(np.abs(model(p, ln_slope, ln_affinity) - q) / sigma))
    return Langmuir(math.exp(ln_slope - ln_affinity), math.exp(ln_affinity), deviation)


def _henry_options(options: dict[str, Any]) -> dict[str, Any]:
    """Those that the Henry coefficient shares with the uptake."""
    shared = ("gas", "temperature_k", "cutoff_ang", "max_atoms", "min_pore_diameter_ang", "block_pockets", "seed")
    chosen = {name: options[name] for name in shared if name in options}
    if ":" in str(chosen.get("gas", "")):
        raise InputError(
            "the pressures of a mixture's isotherm are not chosen automatically",
            where="isotherm",
            action="Give pressures_pa",
        )
    return chosen


def _part(on_progress: Progress | None, number: int, of: int) -> Progress | None:
    """A callback for one of several simulations."""
    if on_progress is None:
        return None
    return lambda fraction, text: on_progress((number + fraction) / of, f"point {number + 1} of {of}: {text}")
