"""Element facts that every room needs. Masses and radii come from ASE's tables (IUPAC 2016, Cordero 2008)."""

from __future__ import annotations

from functools import lru_cache

from ase.data import atomic_masses, atomic_numbers, covalent_radii

DUMMIES = frozenset({"At", "Fr", "X"})

NONMETALS = frozenset("H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn".split())


@lru_cache(maxsize=256)
def atomic_number(symbol: str) -> int:
    """Atomic number of an element symbol.

    Raises:
        KeyError: not an element.
    """
    return int(atomic_numbers[symbol])


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
