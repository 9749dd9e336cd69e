"""Physical constants and the unit conversions that MOFA prints.

MOFA computes in Å, K, Pa, e, kJ/mol (adsorption), eV (electronic energies) and kcal/mol (force field). CODATA 2018.
"""

from __future__ import annotations

AVOGADRO = 6.02214076e23
GAS_CONSTANT_J_PER_MOL_K = 8.31446261815324
KCAL_PER_MOL_TO_K = 4184.0 / GAS_CONSTANT_J_PER_MOL_K
K_TO_KJ_PER_MOL = GAS_CONSTANT_J_PER_MOL_K / 1000.0
EV_PER_ANG3_TO_GPA = 160.21766208
HARTREE_TO_EV = 27.211386245988
BOHR_TO_ANG = 0.529177210903
HARTREE_PER_BOHR_TO_EV_PER_ANG = HARTREE_TO_EV / BOHR_TO_ANG
PA_PER_BAR = 1.0e5
PA_PER_ATM = 101325.0
# One mole of ideal gas at 273.15 K and 101325 Pa, the STP of the adsorption literature.
CM3_STP_PER_MOL = 1.0e6 * GAS_CONSTANT_J_PER_MOL_K * 273.15 / PA_PER_ATM
# g/cm3 of one g/mol in one cubic ångström.
G_PER_MOL_PER_ANG3_TO_G_PER_CM3 = 1.0e24 / AVOGADRO


def mol_per_kg_to_mg_per_g(uptake_mol_per_kg: float, molar_mass_g_per_mol: float) -> float:
    """Uptake in mg of gas per g of framework."""
    return uptake_mol_per_kg * molar_mass_g_per_mol


def mol_per_kg_to_cm3_stp_per_g(uptake_mol_per_kg: float) -> float:
    """Uptake in cm3 of gas (273.15 K, 1 atm) per g of framework."""
    return uptake_mol_per_kg * CM3_STP_PER_MOL / 1000.0


def format_measured(value: float, error: float | None = None, unit: str = "") -> str:
    """A value with its error, rounded to two digits of the error: ``1.24 ± 0.13 mol/kg``."""
    from math import floor, isfinite, log10

    suffix = f" {unit}" if unit else ""
    if error is None or not isfinite(error) or error <= 0:
        return f"{value:.3g}{suffix}"
    digits = max(0, 1 - floor(log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}{suffix}"
