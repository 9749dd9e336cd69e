"""The ranking: MOFs with an uptake, highest first, in the units of the adsorption literature and as terminal tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from mofa.chemistry import Uptake
from mofa.chemistry.elements import atomic_mass, is_element
from mofa.store.records import CampaignRecords, MofRecord, StrainLimits
from mofa.units import PA_PER_BAR, format_measured, mol_per_kg_to_cm3_stp_per_g, mol_per_kg_to_mg_per_g

if TYPE_CHECKING:
    from rich.table import Table

NO_VALUE = "–"
SHORT_ID = 8
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+")
_STYLES = {"stable": "green", "trainable": "yellow", "unstable": "red", "unknown": "dim"}


@dataclass(frozen=True)
class RankedMof:
    """A MOF with an uptake and its place."""

    rank: int
    """From 1."""
    mof: MofRecord
    uptake: Uptake
    limits: StrainLimits
    """Which strain counts as stable in its campaign."""

    @property
    def mg_per_g(self) -> float | None:
        """Uptake, mg of gas per g of framework; None if the gas is not named by its formula."""
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
    """MOFs with an uptake, highest first."""
    return [
        RankedMof(rank, mof, mof.uptake, records.limits)
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
    amount = measured(best.uptake.uptake_mol_per_kg, best.uptake.error_mol_per_kg, "mol/kg")
    return f"Best of {len(found)} MOFs: {amount} {conditions(best.uptake)} ({best.mof.name or best.mof.id})."


def conditions(uptake: Uptake) -> str:
    """Gas, pressure and temperature: ``CO2 at 0.1 bar and 300 K``."""
    return f"{uptake.gas} at {uptake.pressure_pa / PA_PER_BAR:g} bar and {uptake.temperature_k:g} K"


def ranking_table(records: CampaignRecords, *, top: int = 10) -> Table:
    """The ranking as a rich table, for terminals.

    Args:
        records: of the campaign.
        top: how many MOFs to show.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    found = ranking(records)
    notes = [f"and {len(found) - top} more"] if len(found) > top else []
    if not all(mof.uptake.converged for mof in found[:top]):
        notes.append("* error target not met")
    caption = "; ".join(notes) or None
    table = Table(box=SIMPLE_HEAD, caption=caption, caption_justify="left", pad_edge=False, collapse_padding=True)
    for heading in ("", "uptake\nmol/kg", "strain\n%", "heat\nkJ/mol", "PLD\nÅ"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("linkers", overflow="fold")
    table.add_column("id", no_wrap=True)
    for mof in found[:top]:
        rank, uptake, strain, *others = _cells(mof)
        table.add_row(rank, uptake, Text(strain, style=_STYLES[mof.stability]), *map(Text, others))
    return table


def _cells(mof: RankedMof) -> tuple[str, ...]:
    uptake = mof.uptake
    pores = uptake.pores
    return (
        str(mof.rank),
        measured(uptake.uptake_mol_per_kg, uptake.error_mol_per_kg) + ("" if uptake.converged else " *"),
        NO_VALUE if mof.strain is None else f"{100 * mof.strain:.1f}",
        measured(uptake.heat_kj_per_mol, uptake.heat_error_kj_per_mol),
        NO_VALUE if pores is None else f"{pores.pore_limiting_diameter_ang:.1f}",
        _linkers(mof.mof),
        mof.mof.id[:SHORT_ID],
    )


def _linkers(mof: MofRecord) -> str:
    """The linkers' part of the name node.linkers.net.cat; the rest is the same for a whole campaign."""
    parts = mof.name.split(".")
    return parts[-3] if len(parts) >= 4 else mof.name or NO_VALUE
