"""Uptakes in words: one in a line, an isotherm in a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mofa.units import format_measured

if TYPE_CHECKING:
    from mofa.adsorb import Isotherm
    from mofa.chemistry import Uptake


def uptake_in_words(uptake: Uptake) -> str:
    """One uptake in a line."""
    amount = format_measured(uptake.uptake_mol_per_kg, uptake.error_mol_per_kg, "mol/kg")
    known = math.isfinite(uptake.heat_kj_per_mol)
    heat = format_measured(uptake.heat_kj_per_mol, uptake.heat_error_kj_per_mol, "kJ/mol") if known else "unknown"
    others = "".join(
        f" and {format_measured(other.uptake_mol_per_kg, other.error_mol_per_kg)} {other.gas}"
        for other in uptake.coadsorbed
    )
    selectivity = f"; selectivity {format_measured(uptake.selectivity, uptake.selectivity_error)}" if others else ""
    return (
        f"{amount} {uptake.gas}{others} at {uptake.pressure_pa:g} Pa and {uptake.temperature_k:g} K"
        f" ({uptake.uptake_mg_per_g:.3g} mg/g, {uptake.uptake_cm3_stp_per_cm3:.3g} cm3(STP)/cm3){selectivity};"
        f" isosteric heat {heat}; {charges_in_words(uptake)}{'' if uptake.converged else '; error target not met'}"
    )


def charges_in_words(uptake: Uptake) -> str:
    """Method and extremes of the charges: ``gfn1-xtb charges, -0.65 to +0.79 e, metal at least +0.79 e``."""
    text = f"{uptake.charge_method} charges"
    if math.isfinite(uptake.charge_min_e) and math.isfinite(uptake.charge_max_e):
        text += f", {uptake.charge_min_e:+.2f} to {uptake.charge_max_e:+.2f} e"
    if math.isfinite(uptake.charge_metal_min_e):
        text += f", metal at least {uptake.charge_metal_min_e:+.2f} e"
    return text


def isotherm_lines(isotherm: Isotherm) -> list[str]:
    """An isotherm in lines."""
    first = isotherm.points[0]
    lines = [
        f"{first.gas} at {first.temperature_k:g} K; {charges_in_words(first)}",
        f"{'Pa':>10}  {'mol/kg':>18}  {'kJ/mol':>14}",
    ]
    for point in isotherm.points:
        amount = format_measured(point.uptake_mol_per_kg, point.error_mol_per_kg)
        heat = format_measured(point.heat_kj_per_mol, point.heat_error_kj_per_mol)
        mark = "" if point.converged else "  error target not met"
        lines.append(f"{point.pressure_pa:10.0f}  {amount:>18}  {heat:>14}{mark}")
    fit = isotherm.langmuir
    if fit is None:
        lines.append("no Langmuir fit: the points do not bend towards a saturation")
    else:
        lines.append(
            f"Langmuir: q_max {fit.saturation_mol_per_kg:.3g} mol/kg, b {fit.affinity_per_pa:.3g} 1/Pa,"
            f" largest deviation {fit.largest_deviation:.1f} error bars"
        )
    return lines
