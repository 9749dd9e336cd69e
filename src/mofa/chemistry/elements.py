"""Element facts that every room needs. Masses and radii come from ASE's tables (IUPAC 2016, Cordero 2008)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from ase.data import atomic_masses, atomic_numbers, chemical_symbols, covalent_radii
from numpy.typing import NDArray

DUMMIES = frozenset({"At", "Fr", "X"})

NONMETALS = frozenset("H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn".split())

_VAN_DER_WAALS_ANG = {
    "H": 1.20,
    "B": 1.92,
    "C": 1.70,
    "N": 1.55,
    "O": 1.52,
    "F": 1.47,
    "Si": 2.10,
    "P": 1.80,
    "S": 1.80,
    "Cl": 1.75,
    "Ge": 2.11,
    "As": 1.85,
    "Se": 1.90,
    "Br": 1.85,
    "Te": 2.06,
    "I": 1.98,
}
_OTHER_VAN_DER_WAALS_ANG = 2.0

# By atomic number, for whole arrays of atoms; number 0 is no element.
COVALENT_RADII_ANG: NDArray[np.float64] = np.array(covalent_radii, dtype=np.float64)
COVALENT_RADII_ANG.setflags(write=False)
METALS: NDArray[np.bool_] = np.array([symbol not in NONMETALS for symbol in chemical_symbols])
METALS.setflags(write=False)


def numbers_of(symbols: Sequence[str]) -> NDArray[np.int64]:
    """Atomic numbers ``[n_atoms]``.

    Raises:
        KeyError: one is not an element.
    """
    return np.array([atomic_numbers[symbol] for symbol in symbols], dtype=np.int64)


@lru_cache(maxsize=256)
def atomic_number(symbol: str) -> int:
    """Atomic number of an element symbol.

    Raises:
        KeyError: not an element.
    """
    return int(atomic_numbers[symbol])


def symbol_of(number: int) -> str:
    """Element symbol of an atomic number."""
    return str(chemical_symbols[number])


@lru_cache(maxsize=256)
def atomic_mass(symbol: str) -> float:
    """Standard atomic mass, g/mol."""
    return float(atomic_masses[atomic_number(symbol)])


@lru_cache(maxsize=256)
def covalent_radius_ang(symbol: str) -> float:
    """Covalent radius, Å. DOI 10.1039/b801115j."""
    return float(covalent_radii[atomic_number(symbol)])


def is_element(symbol: str) -> bool:
    """Whether `symbol` names a real element."""
    return symbol in atomic_numbers and atomic_numbers[symbol] > 0


def is_metal(symbol: str) -> bool:
    """Whether the element coordinates (rather than forms covalent chains) in MOFs."""
    return symbol not in NONMETALS


@lru_cache(maxsize=256)
def van_der_waals_radius_ang(symbol: str) -> float:
    """Van der Waals radius, Å; 2.0 for all elements but the usual nonmetals.

    DOI 10.1021/j100785a001; boron and the rest from DOI 10.1021/jp8111556.
    """
    return _VAN_DER_WAALS_ANG.get(symbol, _OTHER_VAN_DER_WAALS_ANG)


def formula(counts: Mapping[str, int]) -> str:
    """A formula such as Zn4C24H12O13: metals, C, H, then the others by name."""
    order = sorted(counts, key=lambda symbol: (not is_metal(symbol), symbol != "C", symbol != "H", symbol))
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order)
