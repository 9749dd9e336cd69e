"""Rigid guest molecules, by name: sites, Lennard-Jones parameters, charges and critical constants.

Every model is a published one, with its DOI in `Guest.model`. Critical constants and acentric factors are those of the
reference equations of state that NIST's Chemistry WebBook uses (DOI 10.18434/T4D303); kinetic diameters are Breck's
(Zeolite Molecular Sieves, 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mofa.errors import InputError

QUANTUM_BELOW_K = 200.0
"""Below this temperature light guests get the Feynman-Hibbs correction; above, it changes uptakes by under 2 %."""


@dataclass(frozen=True)
class GuestSite:
    """One interaction site of a rigid guest."""

    label: str
    """Unique per kind of site; sites of one kind share their parameters."""
    element: str
    """Chemical symbol; empty for a charge without mass, as between the atoms of N2."""
    position_ang: tuple[float, float, float]
    """Relative to the centre about which the molecule turns."""
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
    light: bool = False
    """Whether it is delocalised enough at low temperature to need the Feynman-Hibbs correction."""

    def is_quantum(self, temperature_k: float) -> bool:
        """Whether the Feynman-Hibbs correction belongs to the model at this temperature."""
        return self.light and temperature_k < QUANTUM_BELOW_K

    @cached_property
    def is_polar(self) -> bool:
        """Whether it has a dipole moment."""
        moment = sum(site.charge_e * np.array(site.position_ang) for site in self.sites)
        return bool(np.linalg.norm(moment) > 1e-3)

    @cached_property
    def radius_ang(self) -> float:
        """Distance of the farthest site from the centre, Å."""
        return float(max(np.linalg.norm(site.position_ang) for site in self.sites))


def _atom(
    name: str,
    epsilon_k: float,
    sigma_ang: float,
    element: str = "",
    label: str = "",
    charge_e: float = 0.0,
    z: float = 0.0,
) -> GuestSite:
    element = element or name
    return GuestSite(label or f"{element}_{name.lower()}", element, (0.0, 0.0, z), epsilon_k, sigma_ang, charge_e)


def _charge(name: str, charge_e: float, position: tuple[float, float, float], element: str = "") -> GuestSite:
    return GuestSite(f"{element or 'q'}_{name.lower()}", element, position, 0.0, 1.0, charge_e)


def _linear(
    name: str, element: str, half_length_ang: float, *, epsilon_k: float, sigma_ang: float, charge_e: float
) -> tuple[GuestSite, ...]:
    """A homonuclear diatomic with a balancing charge at its centre."""
    up, down = (
        _atom(name, epsilon_k, sigma_ang, element, charge_e=charge_e, z=z) for z in (half_length_ang, -half_length_ang)
    )
    return (up, _charge(name, -2.0 * charge_e, (0.0, 0.0, 0.0)), down)


_TRAPPE_CO2 = "DOI 10.1002/aic.690470719"
_NOBLE = "one-centre model, DOI 10.1021/jp012542o"
# TIP4P/2005: the oxygen is the centre; hydrogens at 0.9572 Å and 104.52 degrees, the negative charge 0.1546 Å away.
_OH_X, _OH_Z = 0.756950, 0.585882

_TABLE = (
    Guest(
        "CO2",
        (
            _atom("CO2", 79.0, 3.05, "O", charge_e=-0.35, z=1.16),
            _atom("CO2", 27.0, 2.80, "C", charge_e=0.70),
            _atom("CO2", 79.0, 3.05, "O", charge_e=-0.35, z=-1.16),
        ),
        44.0095,
        304.1282,
        7.3773e6,
        0.22394,
        3.3,
        f"TraPPE CO2, {_TRAPPE_CO2}",
    ),
    Guest(
        "N2",
        _linear("N2", "N", 0.55, epsilon_k=36.0, sigma_ang=3.31, charge_e=-0.482),
        28.0134,
        126.192,
        3.3958e6,
        0.0372,
        3.64,
        f"TraPPE N2, {_TRAPPE_CO2}",
    ),
    Guest(
        "O2",
        _linear("O2", "O", 0.605, epsilon_k=49.0, sigma_ang=3.02, charge_e=-0.113),
        31.9988,
        154.581,
        5.0430e6,
        0.0222,
        3.46,
        "TraPPE O2, DOI 10.1007/s00214-005-0073-1",
    ),
    Guest(
        "CH4",
        (_atom("CH4", 148.0, 3.73, "C", "CH4"),),
        16.0425,
        190.564,
        4.5992e6,
        0.01142,
        3.8,
        "TraPPE-UA CH4, DOI 10.1021/jp972543+",
    ),
    Guest(
        "H2",
        (
            _charge("H2", 0.468, (0.0, 0.0, 0.3705), "H"),
            GuestSite("com_h2", "", (0.0, 0.0, 0.0), 36.7, 2.958, -0.936),
            _charge("H2", 0.468, (0.0, 0.0, -0.3705), "H"),
        ),
        2.01588,
        33.145,
        1.2964e6,
        -0.219,
        2.89,
        "Darkrim-Levesque H2, DOI 10.1063/1.477109",
        light=True,
    ),
    Guest(
        "H2O",
        (
            _atom("H2O", 93.2, 3.1589, "O"),
            _charge("H2O", 0.5564, (_OH_X, 0.0, _OH_Z), "H"),
            _charge("H2O", 0.5564, (-_OH_X, 0.0, _OH_Z), "H"),
            _charge("H2O", -1.1128, (0.0, 0.0, 0.1546)),
        ),
        18.0153,
        647.096,
        22.064e6,
        0.3443,
        2.65,
        "TIP4P/2005 H2O, DOI 10.1063/1.2121687",
    ),
    Guest("Ar", (_atom("Ar", 116.79, 3.3952),), 39.948, 150.687, 4.8630e6, -0.00219, 3.40, f"Ar, {_NOBLE}"),
    Guest("Kr", (_atom("Kr", 162.58, 3.6274),), 83.798, 209.48, 5.5250e6, -0.00090, 3.60, f"Kr, {_NOBLE}"),
    Guest("Xe", (_atom("Xe", 227.55, 3.9011),), 131.293, 289.733, 5.8420e6, 0.00363, 3.96, f"Xe, {_NOBLE}"),
    Guest(
        "He",
        (_atom("He", 10.9, 2.64),),
        4.002602,
        5.1953,
        0.22746e6,
        -0.382,
        2.6,
        "He, DOI 10.1002/aic.690470521",
        light=True,
    ),
)

GASES: dict[str, Guest] = {entry.name: entry for entry in _TABLE}
"""Guests by name."""


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
