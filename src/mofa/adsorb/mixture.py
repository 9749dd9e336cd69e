"""What is in the gas: names and mole fractions, and their fugacities by the Peng-Robinson equation of state."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.gases import Guest, guest
from mofa.errors import InputError

FRACTION_TOLERANCE = 1e-3
"""By which mole fractions may miss one."""


@dataclass(frozen=True)
class Species:
    """One gas of a mixture at given conditions."""

    guest: Guest
    mole_fraction: float
    fugacity_coefficient: float
    """Fugacity over partial pressure."""


def parse_gas(text: str) -> tuple[tuple[Guest, float], ...]:
    """Guests with their mole fractions from ``"CO2"`` or ``"CO2:0.15,N2:0.85"``.

    Raises:
        InputError: an unknown or repeated gas, or fractions that are not positive or do not add up to one.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and ":" not in text:
        return ((guest(parts[0]), 1.0),)
    found = []
    for part in parts:
        name, _, number = part.partition(":")
        try:
            fraction = float(number)
        except ValueError:
            fraction = math.nan
        if not 0 < fraction <= 1:
            raise InputError(
                f"{part!r} is no gas with a mole fraction between 0 and 1", where="gas", action=_MIXTURE_EXAMPLE
            )
        found.append((guest(name.strip()), fraction))
    total = sum(fraction for _, fraction in found)
    if abs(total - 1.0) > FRACTION_TOLERANCE:
        raise InputError(f"the mole fractions of {text!r} add up to {total:g}", where="gas", action=_MIXTURE_EXAMPLE)
    if len({molecule.name for molecule, _ in found}) < len(found):
        raise InputError(f"a gas is named twice in {text!r}", where="gas", action=_MIXTURE_EXAMPLE)
    return tuple((molecule, fraction / total) for molecule, fraction in found)


_MIXTURE_EXAMPLE = "Write one gas, or a mixture like CO2:0.15,N2:0.85"


def mixture_at(text: str, *, pressure_pa: float, temperature_k: float) -> tuple[Species, ...]:
    """The species of a gas with their fugacity coefficients; see `parse_gas` and `fugacity_coefficients`."""
    composition = parse_gas(text)
    guests, fractions = zip(*composition, strict=True)
    coefficients = fugacity_coefficients(guests, fractions, pressure_pa=pressure_pa, temperature_k=temperature_k)
    return tuple(
        Species(molecule, fraction, float(phi))
        for (molecule, fraction), phi in zip(composition, coefficients, strict=True)
    )


def fugacity_coefficients(
    guests: tuple[Guest, ...], fractions: tuple[float, ...], *, pressure_pa: float, temperature_k: float
) -> NDArray[np.float64]:
    """Fugacity over partial pressure of every gas in a mixture, ``[n_guests]``. DOI 10.1021/i160057a011.

    Van der Waals mixing without binary interaction parameters: at the pressures of carbon capture they change a
    fugacity by less than 0.1 %. Where the equation has a vapour and a liquid root, the stable phase counts, the one of
    lower Gibbs energy.
    """
    tc, pc, omega = (
        np.array([getattr(molecule, name) for molecule in guests])
        for name in ("critical_temperature_k", "critical_pressure_pa", "acentric_factor")
    )
    y = np.array(fractions)
    reduced = temperature_k / tc
    kappa = 0.37464 + 1.54226 * omega - 0.26992 * omega**2
    # Beyond the temperature where the root of alpha reaches zero the equation means nothing; light gases get there.
    alpha = np.maximum(1.0 + kappa * (1.0 - np.sqrt(reduced)), 0.0) ** 2
    a = 0.45724 * alpha * (pressure_pa / pc) / reduced**2
    b = 0.07780 * (pressure_pa / pc) / reduced
    pairs = np.sqrt(np.outer(a, a))
    A, B = float(y @ pairs @ y), float(y @ b)
    roots = np.roots([1.0, B - 1.0, A - 3.0 * B**2 - 2.0 * B, -(A * B - B**2 - B**3)])
    z = np.array([root.real for root in roots if abs(root.imag) < 1e-9 and root.real > B])[:, None]
    root_2 = np.sqrt(2.0)
    logarithm = np.log((z + (1.0 + root_2) * B) / (z + (1.0 - root_2) * B)) / (2.0 * root_2 * B)
    attraction = (2.0 * pairs @ y - A * b / B) * logarithm
    ln_phi = b / B * (z - 1.0) - np.log(z - B) - attraction
    stable = int(np.argmin(ln_phi @ y))
    coefficients: NDArray[np.float64] = np.exp(ln_phi[stable])
    return coefficients
