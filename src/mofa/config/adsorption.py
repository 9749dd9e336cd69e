"""The sections on adsorption: under which conditions it is simulated, and what a campaign wants of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import Field, field_validator

from mofa.config.base import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Section
from mofa.errors import ConfigError
from mofa.expression import BEFORE_ADSORPTION, Expression, names_with, parse, unfit_as_point

CONDITIONS = ("gas", "pressure_pa", "temperature_k")
_OF_THE_CAMPAIGN = {"points", "keep_input_files"}


class AdsorptionPoint(Section):
    """Further conditions under which adsorption is simulated; what is not given is that of [adsorb]."""

    gas: str | None = None
    """Guest molecule or mixture."""
    pressure_pa: PositiveFloat | None = None
    """Pressure, Pa."""
    temperature_k: PositiveFloat | None = None
    """Temperature, K."""


class Adsorb(Section):
    """Task 6b: gas uptake by grand-canonical Monte Carlo."""

    engine: str = "grid"
    """Adsorption engine: `grid` (MOFA's own, fast), `raspa3`, or your own `raspa2` or `graspa`."""
    gas: str = "CO2"
    """Guest molecule, or a mixture with mole fractions: `CO2:0.15,N2:0.85`; the uptake is that of the first."""
    pressure_pa: PositiveFloat = 1.0e4
    """Pressure of the gas, Pa (0.1 bar = 10 000 Pa)."""
    temperature_k: PositiveFloat = 300.0
    """Temperature, K."""
    initialization_cycles: NonNegativeInt = 2000
    """Least number of Monte Carlo cycles before sampling."""
    min_cycles: PositiveInt = 4000
    """Fewest production cycles, of all chains together."""
    max_cycles: PositiveInt = 100_000
    """Most production cycles, of all chains together, if the error target is not met before."""
    target_relative_error: PositiveFloat = 0.10
    """Sampling ends when the 95 % error is below this share of the uptake."""
    cutoff_ang: PositiveFloat = 12.8
    """Cut-off of the Lennard-Jones and real-space Coulomb terms, Å; the supercell is twice as wide."""
    max_atoms: PositiveInt = 10_000
    """Largest supercell, atoms."""
    min_pore_diameter_ang: NonNegativeFloat | None = None
    """A MOF whose pores are narrower is refused, Å; without it the kinetic diameter of the guest; 0 refuses none."""
    block_pockets: bool = False
    """Whether guests are kept out of cages that are closed for them."""
    grid_spacing_ang: NonNegativeFloat = 0.0
    """Of `grid`: largest distance of grid points, Å; 0: 0.25."""
    chains: NonNegativeInt = 0
    """Of `grid`: independent chains; 0: 4."""
    command: str = ""
    """Of `raspa2` and `graspa`: the program, as a command line; not for the judge of [objective]."""
    keep_input_files: bool = False
    """Of `raspa2` and `graspa`: whether their input and output files are kept, in `adsorption` in the campaign."""
    time_limit_s: PositiveFloat = 1800.0
    """Time limit per MOF and point, s."""
    points: dict[str, AdsorptionPoint] = Field(default_factory=dict)
    """Further points to be simulated, `[adsorb.points.NAME]` with gas, pressure_pa or temperature_k."""

    @field_validator("points")
    @classmethod
    def _named(cls, points: dict[str, AdsorptionPoint]) -> dict[str, AdsorptionPoint]:
        for name, point in points.items():
            if why := unfit_as_point(name):
                raise ValueError(f"the name {name!r} {why}")
            if not point.model_dump(exclude_none=True):
                raise ValueError(f"{name} gives none of {', '.join(CONDITIONS)}")
        return points

    def conditions(self) -> dict[str, dict[str, Any]]:
        """Gas, pressure and temperature of every further point, JSON-able, by its name."""
        own = {name: getattr(self, name) for name in CONDITIONS}
        return {name: {**own, **point.model_dump(exclude_none=True)} for name, point in self.points.items()}

    def task_options(self) -> dict[str, Any]:
        """Keyword options of `mofa.adsorb.adsorb`, JSON-able."""
        return self.model_dump(mode="json", exclude=_OF_THE_CAMPAIGN)


class Objective(Section):
    """What MOFs are ranked by: an expression over results, such as `uptake - desorption.uptake`.

    Names: strain, n_atoms, density (g/cm3), lcd, pld (Å), surface (m2/g), void_fraction,
    uptake (mol/kg), uptake_mg_per_g, uptake_cm3_per_cm3, heat (kJ/mol), selectivity;
    from uptake on also of every further point of [adsorb], after its name and a dot.
    Functions: min, max, abs, sqrt, log, log10, exp.
    """

    expression: str = "uptake"
    """The higher the better; the generator learns from the best."""
    unit: str = "mol/kg"
    """Unit of the expression, for tables and reports."""
    require: str = ""
    """A condition, such as `strain < 0.1 and pld > 3.8`: a MOF that fails it is ranked last and not learnt from."""
    priority: str = "-strain"
    """Which MOFs are optimised and simulated first, the highest; of strain, n_atoms and density."""
    judge: str = "raspa3"
    """Engine that simulates the best once more, for a second opinion; empty: none. None where it is [adsorb]'s own."""
    judge_top: NonNegativeInt = 3
    """A MOF that is among so many best when its uptake arrives is simulated by the judge; 0: none."""

    def parsed(self, key: str, points: Collection[str]) -> Expression | None:
        """One of the expressions; None where `require` is empty.

        Args:
            key: `expression`, `require` or `priority`.
            points: names of the further points.

        Raises:
            ConfigError: it cannot be read.
        """
        text: str = getattr(self, key)
        if key == "require" and not text.strip():
            return None
        known = tuple(BEFORE_ADSORPTION) if key == "priority" else names_with(points)
        return parse(text, known, condition=key == "require")

    def problems(self, points: Collection[str]) -> Iterator[str]:
        """What is wrong with the expressions."""
        for key in ("expression", "require", "priority"):
            try:
                self.parsed(key, points)
            except ConfigError as error:
                yield f"[objective] {key}: {error.what}"
