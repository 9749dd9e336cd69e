"""What chemistry allows: bond lengths, contacts, angles and neighbours by element.

Windows follow the idea of OChemDb (DOI 10.1107/S1600576718008166): per pair of elements the shortest and the longest
bond that crystal structures show. Limits are set by hand around the tabulated means of
DOI 10.1039/P298700000S1 (organic) and DOI 10.1039/DT9890000S1 (metal complexes), wide enough for X-ray hydrogens and
force-field geometries.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mofa.chemistry.elements import covalent_radius_ang, is_metal

_BONDS_ANG = """
H B 1.00 1.40; H C 0.88 1.20; H N 0.78 1.15; H O 0.72 1.20; H Si 1.30 1.62; H P 1.20 1.52; H S 1.10 1.45;
B B 1.55 1.95; B C 1.45 1.70; B N 1.32 1.70; B O 1.25 1.58; B F 1.28 1.48;
C C 1.15 1.66; C N 1.10 1.60; C O 1.08 1.56; C F 1.24 1.46; C Si 1.75 2.00; C P 1.60 1.95; C S 1.50 1.92;
C Cl 1.60 1.88; C Se 1.70 2.05; C Br 1.78 2.05; C I 1.95 2.25;
N N 1.05 1.56; N O 1.10 1.52; N F 1.30 1.48; N Si 1.60 1.85; N P 1.50 1.80; N S 1.45 1.82; N Cl 1.60 1.85;
O O 1.15 1.56; O Si 1.50 1.75; O P 1.42 1.72; O S 1.38 1.72; O Cl 1.35 1.75;
F Si 1.50 1.75; F P 1.48 1.72; F S 1.50 1.72; Si Si 2.20 2.55; P P 2.00 2.35; P S 1.85 2.20; S S 1.85 2.20;
O Zn 1.85 2.45; N Zn 1.85 2.45; Zn Zn 2.40 3.20; O Cu 1.80 2.70; N Cu 1.80 2.60; Cu Cu 2.30 3.20
"""
# Half-widths for pairs that the table does not hold, around the sum of covalent radii (DOI 10.1039/b801115j).
_ORGANIC_SPREAD_ANG = 0.25
_METAL_SHRINK_ANG = 0.40
_METAL_STRETCH_ANG = 0.45

# Van der Waals radii, Å. DOI 10.1021/j100785a001; boron and the rest from DOI 10.1021/jp8111556.
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
# Contacts as a fraction of the radii's sum: where repulsion is felt; the closest for two atoms that only the crystal
# brings together; the closest for two that the molecule holds together (rings, cages, ortho groups).
SOFT_FRACTION = 0.88
FAR_FRACTION = 0.80
NEAR_FRACTION = 0.70
# Bonds between two atoms up to which the molecule is taken to hold them together.
NEAR_BONDS = 6
# A hydrogen on N, O, F or S, which may form a hydrogen bond down to these lengths.
POLAR_HYDROGEN = "H+"
_POLAR = frozenset({"N", "O", "F", "S"})
_HYDROGEN_BOND_ANG = {"N": 1.45, "O": 1.40, "F": 1.50, "S": 1.90, "Cl": 1.90, "Br": 2.00}

# Neighbours other than a metal's metals: fewest and most.
_NEIGHBORS = {
    "H": (1, 1),
    "B": (2, 6),
    "C": (2, 4),
    "N": (1, 4),
    "O": (1, 4),
    "Si": (3, 6),
    "P": (2, 6),
    "S": (1, 6),
    "Zn": (3, 6),
    "Cu": (2, 6),
    "Zr": (5, 10),
    "Hf": (5, 10),
    "Al": (3, 6),
}
_HALOGENS = frozenset({"F", "Cl", "Br", "I"})
_HALOGEN_ON_METAL_MOST = 4
_METAL_NEIGHBORS = (1, 14)

# An angle at a nonmetal is never sharper (three-membered rings have 60); a metal chelated by a carboxylate has 55.
SHARPEST_ANGLE_DEG = {False: 54.0, True: 45.0}
# Widest and narrowest angle at a carbon, by its number of neighbours: linear; planar with small rings; tetrahedral.
CARBON_ANGLES_DEG = {2: (150.0, 180.0), 3: (54.0, 158.0), 4: (54.0, 138.0)}


@cache
def _table() -> dict[frozenset[str], tuple[float, float]]:
    rows = (entry.split() for entry in _BONDS_ANG.replace("\n", " ").split(";"))
    return {frozenset((a, b)): (float(low), float(high)) for a, b, low, high in rows}


@cache
def bond_window_ang(a: str, b: str) -> tuple[float, float]:
    """Shortest and longest bond between two elements, Å."""
    known = _table().get(frozenset((a, b)))
    if known is not None:
        return known
    total = covalent_radius_ang(a) + covalent_radius_ang(b)
    if is_metal(a) or is_metal(b):
        return total - _METAL_SHRINK_ANG, total + _METAL_STRETCH_ANG
    return total - _ORGANIC_SPREAD_ANG, total + _ORGANIC_SPREAD_ANG


def contact_kind(symbol: str, neighbors: Iterable[str]) -> str:
    """The element, or `POLAR_HYDROGEN`: what an atom counts as in `contact_ang`, given what it is bonded to."""
    return POLAR_HYDROGEN if symbol == "H" and any(other in _POLAR for other in neighbors) else symbol


@cache
def contact_ang(a: str, b: str, fraction: float) -> float:
    """Closest that two atoms without a bond may come, Å.

    Args:
        a: `contact_kind` of one atom.
        b: `contact_kind` of the other.
        fraction: of the sum of van der Waals radii. Hydrogen bonds and metals have limits of their own.
    """
    if POLAR_HYDROGEN in (a, b):
        other = b if a == POLAR_HYDROGEN else a
        if other in _HYDROGEN_BOND_ANG:
            return _HYDROGEN_BOND_ANG[other]
        a, b = "H", "H" if other == POLAR_HYDROGEN else other
    if is_metal(a) or is_metal(b):
        return covalent_radius_ang(a) + covalent_radius_ang(b)
    return fraction * sum(_VAN_DER_WAALS_ANG.get(symbol, _OTHER_VAN_DER_WAALS_ANG) for symbol in (a, b))


@cache
def neighbor_range(symbol: str, *, on_metal: bool) -> tuple[int, int]:
    """Fewest and most bonds of an atom, metal-metal bonds left out.

    Args:
        symbol: element.
        on_metal: whether one of the neighbours is a metal.
    """
    if symbol in _HALOGENS:
        return (1, _HALOGEN_ON_METAL_MOST) if on_metal else (1, 4 if symbol in ("Cl", "I") else 1)
    return _NEIGHBORS.get(symbol, _METAL_NEIGHBORS)
