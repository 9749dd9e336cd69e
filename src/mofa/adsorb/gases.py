"""Rigid guest molecules: sites, Lennard-Jones parameters, charges, and their Peng-Robinson equation of state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mofa.errors import InputError


@dataclass(frozen=True)
class GuestSite:
    """One interaction site of a rigid guest."""

    label: str
    """Unique per kind of site; sites of one kind share their parameters."""
    element: str
    position_ang: tuple[float, float, float]
    epsilon_k: float
    sigma_ang: float
    charge_e: float


@dataclass(frozen=True)
class Guest:
    """A rigid guest molecule and what a grand-canonical simulation needs to know of it."""

    name: str
    sites: tuple[GuestSite, ...]
    molar_mass_g_per_mol: float
    critical_temperature_k: float
    critical_pressure_pa: float
    acentric_factor: float
    kinetic_diameter_ang: float
    model: str
    """Name of the molecular model, with its reference."""

    def fugacity_coefficient(self, *, pressure_pa: float, temperature_k: float) -> float:
        """Fugacity over pressure of the bulk gas, by the Peng-Robinson equation. DOI 10.1021/i160057a011.

        Where the equation has a vapour and a liquid root, the one of lower fugacity, the stable phase, counts.
        """
        reduced = temperature_k / self.critical_temperature_k
        omega = self.acentric_factor
        kappa = 0.37464 + 1.54226 * omega - 0.26992 * omega**2
        alpha = (1.0 + kappa * (1.0 - np.sqrt(reduced))) ** 2
        p = pressure_pa / self.critical_pressure_pa
        A = 0.45724 * alpha * p / reduced**2
        B = 0.07780 * p / reduced
        roots = np.roots([1.0, B - 1.0, A - 3.0 * B**2 - 2.0 * B, -(A * B - B**2 - B**3)])
        z = np.array([root.real for root in roots if abs(root.imag) < 1e-9 and root.real > B])
        root_2 = np.sqrt(2.0)
        attraction = A / (2.0 * root_2 * B) * np.log((z + (1.0 + root_2) * B) / (z + (1.0 - root_2) * B))
        return float(np.exp(np.min(z - 1.0 - np.log(z - B) - attraction)))


GASES: dict[str, Guest] = {
    "CO2": Guest(
        name="CO2",
        sites=(
            GuestSite("O_co2", "O", (0.0, 0.0, 1.16), 79.0, 3.05, -0.35),
            GuestSite("C_co2", "C", (0.0, 0.0, 0.0), 27.0, 2.80, 0.70),
            GuestSite("O_co2", "O", (0.0, 0.0, -1.16), 79.0, 3.05, -0.35),
        ),
        molar_mass_g_per_mol=44.0095,
        critical_temperature_k=304.1282,
        critical_pressure_pa=7.3773e6,
        acentric_factor=0.22394,
        kinetic_diameter_ang=3.3,
        model="TraPPE CO2, DOI 10.1002/aic.690470719",
    ),
}
"""Guests by name. Critical constants of CO2: Span and Wagner, DOI 10.1063/1.555991."""


def guest(name: str) -> Guest:
    """The guest called `name`.

    Raises:
        InputError: there is no such guest.
    """
    try:
        return GASES[name]
    except KeyError:
        raise InputError(
            f"no gas is called {name!r}", where="gas", action=f"Choose one of {', '.join(sorted(GASES))}"
        ) from None
