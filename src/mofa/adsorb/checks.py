"""What no adsorption engine should be given: RASPA3 turns every one of these into a plausible number."""

from __future__ import annotations

import math

import numpy as np

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import perceive
from mofa.chemistry.inspection import inspect
from mofa.chemistry.lennard_jones import has_lennard_jones
from mofa.errors import InputError

# Rounded charges of a CIF add up to some 1e-3 e; more is another charge state, and Ewald sums would hide it.
MAX_RESIDUAL_CHARGE_E = 0.05
MAX_CHARGE_E = 5.0
"""Of any atom; no formal charge of a metal in a MOF is larger."""
RANGES = {"pressure_pa": (1e-6, 1e9), "temperature_k": (4.0, 5000.0), "cutoff_ang": (5.0, 100.0)}
"""Within which the models and equations mean something: the equation of state overflows far outside."""


def check_conditions(*, pressure_pa: float, temperature_k: float, cutoff_ang: float) -> None:
    """Refuse conditions that are not positive and finite, or far from any use.

    Raises:
        InputError: names the option.
    """
    for name, value in {"pressure_pa": pressure_pa, "temperature_k": temperature_k, "cutoff_ang": cutoff_ang}.items():
        check_range(name, value)


def check_range(name: str, value: float) -> None:
    """Refuse one condition that is outside its range in `RANGES`.

    Raises:
        InputError: names it.
    """
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} is {value}", where="adsorb", action="Give a positive, finite number")
    low, high = RANGES[name]
    if not low <= value <= high:
        raise InputError(f"{name} is {value:g}", where="adsorb", action=f"Give a number between {low:g} and {high:g}")


def check_sampling(
    *, initialization_cycles: int, min_cycles: int, max_cycles: int, target_relative_error: float, fewest: int
) -> None:
    """Refuse cycle numbers that cannot give an average with an error.

    Raises:
        InputError: says what is wrong.
    """
    if initialization_cycles < 0 or not fewest <= min_cycles <= max_cycles:
        raise InputError(
            f"{initialization_cycles} initialization and {min_cycles} to {max_cycles} production cycles",
            where="adsorb",
            action=f"Give initialization_cycles >= 0 and {fewest} <= min_cycles <= max_cycles",
        )
    if not target_relative_error > 0:
        raise InputError(
            f"target_relative_error is {target_relative_error}", where="adsorb", action="Give a positive number"
        )


def admit(framework: Framework, *, charged: bool = True) -> Framework | Rejected:
    """The framework, exactly neutral, or why it cannot be simulated.

    A sum of charges up to 0.05 e is taken as rounding and spread evenly over the atoms.

    Args:
        framework: one unit cell.
        charged: whether a guest has charges; without, a framework needs none either.
    """
    refusal = inspect(framework, Stage.ADSORB)
    if refusal is not None:
        return refusal
    unknown = tuple(k for k, symbol in enumerate(framework.symbols) if not has_lennard_jones(symbol))
    if unknown:
        names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
        return Rejected(
            Stage.ADSORB, Reason.UNKNOWN_ELEMENT, f"UFF has no Lennard-Jones parameters for {names}", unknown
        )
    bonds = framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)
    if not any(rank for _, rank in bonds.components()):
        detail = "the bonds connect no atom to its periodic images: molecules in a box, not a framework"
        return Rejected(Stage.ADSORB, Reason.NOT_PERIODIC, detail)
    if framework.charges is None and not charged:
        return framework.with_charges(np.zeros(len(framework)), "none")
    if framework.charges is None:
        detail = "the framework carries no partial charges; assign them first (mofa charges)"
        return Rejected(Stage.ADSORB, Reason.UNPHYSICAL_CHARGES, detail)
    largest = int(np.argmax(np.abs(framework.charges)))
    if abs(framework.charges[largest]) > MAX_CHARGE_E:
        detail = f"{framework.symbols[largest]} carries {framework.charges[largest]:+.2f} e; no atom has that much"
        return Rejected(Stage.ADSORB, Reason.UNPHYSICAL_CHARGES, detail, (largest,))
    total = float(framework.charges.sum())
    if abs(total) > MAX_RESIDUAL_CHARGE_E:
        detail = f"the charges add up to {total:+.3f} e; the cell must be neutral"
        return Rejected(Stage.ADSORB, Reason.UNPHYSICAL_CHARGES, detail)
    return framework.with_charges(framework.charges - total / len(framework), framework.charge_method)


def supercell_for(framework: Framework, *, cutoff_ang: float, max_atoms: int) -> tuple[int, int, int] | Rejected:
    """The smallest supercell whose perpendicular widths reach twice the cut-off.

    Args:
        framework: one unit cell.
        cutoff_ang: longest interaction, Å.
        max_atoms: a larger supercell is refused.
    """
    widths = framework.perpendicular_widths_ang()
    na, nb, nc = (int(x) for x in np.ceil(2.0 * cutoff_ang / widths - 1e-9))
    n_atoms = na * nb * nc * len(framework)
    if n_atoms > max_atoms:
        width = ", ".join(f"{w:.1f}" for w in widths)
        detail = (
            f"a cut-off of {cutoff_ang:g} Å needs {na}x{nb}x{nc} cells of widths {width} Å,"
            f" {n_atoms} atoms; the limit is {max_atoms}"
        )
        return Rejected(Stage.ADSORB, Reason.CELL_TOO_SMALL, detail)
    return (na, nb, nc)
