"""The ranking: MOFs with an uptake, the best first, in the units of the adsorption literature."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import isfinite

from mofa.chemistry import Uptake
from mofa.chemistry.elements import atomic_mass, is_element
from mofa.store.records import CampaignRecords, MofRecord, ObjectiveRecord, StrainLimits
from mofa.units import PA_PER_BAR, format_measured, mol_per_kg_to_cm3_stp_per_g, mol_per_kg_to_mg_per_g

NO_VALUE = "–"
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+")


@dataclass(frozen=True)
class RankedMof:
    """A MOF with an uptake and its place."""

    rank: int
    """From 1."""
    mof: MofRecord
    uptake: Uptake
    limits: StrainLimits
    """Which strain counts as stable in its campaign."""
    ranked_by: ObjectiveRecord = field(default_factory=ObjectiveRecord)
    """What the MOFs of its campaign are ranked by; `mof.objective` is the value."""
    judge_agrees: bool | None = None
    """See `MofRecord.judge_agrees`."""

    @property
    def objective(self) -> str:
        """The value that it is ranked by, without unit."""
        return NO_VALUE if self.mof.objective is None else f"{self.mof.objective:.4g}"

    @property
    def judge(self) -> str:
        """The engine of the second opinion; empty if there is none."""
        return "" if self.mof.judged is None else self.mof.judged.engine or "judge"

    @property
    def verdict(self) -> str:
        """Whether both engines `agree` or `differ`; empty if that is not known."""
        return {True: "agree", False: "differ", None: ""}[self.judge_agrees]

    @property
    def mg_per_g(self) -> float | None:
        """Uptake, mg of gas per g of framework; None if its molar mass is not known."""
        if isfinite(self.uptake.uptake_mg_per_g):
            return self.uptake.uptake_mg_per_g
        molar_mass = molar_mass_g_per_mol(self.uptake.gas)
        return None if molar_mass is None else mol_per_kg_to_mg_per_g(self.uptake.uptake_mol_per_kg, molar_mass)

    @property
    def cm3_stp_per_g(self) -> float:
        """Uptake, cm3 of gas (273.15 K, 1 atm) per g of framework."""
        return mol_per_kg_to_cm3_stp_per_g(self.uptake.uptake_mol_per_kg)

    @property
    def strain(self) -> float | None:
        """Strain from molecular dynamics."""
        return self.mof.stability.strain if self.mof.stability is not None else None

    @property
    def stability(self) -> str:
        """`stable`, `trainable`, `unstable` or `unknown`."""
        return stability_class(self.strain, self.limits)

    @property
    def file_name(self) -> str:
        """Name of its CIF in the report."""
        return f"{self.rank:03d}-{self.mof.id}.cif"


def ranking(records: CampaignRecords) -> list[RankedMof]:
    """MOFs with an uptake, the best first."""
    return [
        RankedMof(rank, mof, mof.uptake, records.limits, records.objective, mof.judge_agrees)
        for rank, mof in enumerate(records.ranking(), start=1)
        if mof.uptake is not None
    ]


def stability_class(strain: float | None, limits: StrainLimits) -> str:
    """`stable` or `trainable` (below these limits), `unstable`, or `unknown`."""
    if strain is None:
        return "unknown"
    return "stable" if strain < limits.stable else "trainable" if strain < limits.trainable else "unstable"


def molar_mass_g_per_mol(formula: str) -> float | None:
    """Molar mass of a formula such as CO2; None if it is not one."""
    if not _FORMULA.fullmatch(formula):
        return None
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if not all(is_element(symbol) for symbol, _ in parts):
        return None
    return sum(atomic_mass(symbol) * int(count or 1) for symbol, count in parts)


def measured(value: float, error: float | None = None, unit: str = "") -> str:
    """A value with its error and unit; a dash for what is not known (NaN), such as the heat at zero uptake."""
    return format_measured(value, error, unit) if isfinite(value) else NO_VALUE


def headline(records: CampaignRecords) -> str:
    """The result in one sentence."""
    found = ranking(records)
    if not found:
        return f"No uptake yet: {records.funnel.simulated} MOFs simulated, {records.funnel.stable} of them stable."
    best = found[0]
    amount = f"{amount_of(best.uptake)} {conditions(best.uptake)}"
    if best.mof.judged is not None:
        amount += f" ({second_opinion(best)})"
    if not best.ranked_by.is_uptake:
        amount = f"{best.ranked_by.expression} = {with_unit(best.objective, best.ranked_by.unit)}; {amount}"
    return f"Best of {len(found)} MOFs: {amount} ({best.mof.name or best.mof.id})."


def amount_of(uptake: Uptake) -> str:
    """An uptake with its error and unit."""
    return measured(uptake.uptake_mol_per_kg, uptake.error_mol_per_kg, "mol/kg")


def second_opinion(mof: RankedMof) -> str:
    """What the judge found: ``raspa3: 1.21 ± 0.05 mol/kg, agree``; empty if it has not been asked."""
    if mof.mof.judged is None:
        return ""
    return ", ".join(filter(None, (f"{mof.judge}: {amount_of(mof.mof.judged)}", mof.verdict)))


def with_unit(value: str, unit: str) -> str:
    """A value with its unit, where it has one."""
    return f"{value} {unit}".rstrip()


def conditions(uptake: Uptake) -> str:
    """Gas, pressure and temperature: ``CO2 at 0.1 bar and 300 K``, ``CO2 (15 %) with N2 (85 %) at 1 bar and 298 K``."""
    gas = uptake.gas
    if uptake.coadsorbed:
        others = " and ".join(f"{other.gas} ({100 * other.mole_fraction:g} %)" for other in uptake.coadsorbed)
        gas = f"{gas} ({100 * uptake.mole_fraction:g} %) with {others}"
    return f"{gas} at {uptake.pressure_pa / PA_PER_BAR:g} bar and {uptake.temperature_k:g} K"


def charge_extremes(uptake: Uptake) -> str:
    """The charges of an uptake: ``gfn1-xtb, −0.55 to +0.79 e, metal at least +0.78 e``; empty if they are not known."""
    if not (isfinite(uptake.charge_min_e) and isfinite(uptake.charge_max_e)):
        return ""
    lowest, highest = (signed(value) for value in (uptake.charge_min_e, uptake.charge_max_e))
    text = f"{uptake.charge_method}, {lowest} to {highest} e"
    metal = uptake.charge_metal_min_e
    return f"{text}, metal at least {signed(metal)} e" if isfinite(metal) else text


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, a true minus included."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "\u2212")
