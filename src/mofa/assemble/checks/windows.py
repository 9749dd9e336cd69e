"""What chemistry allows: bond lengths, contacts, angles and neighbours by element.

Windows follow the idea of OChemDb (DOI 10.1107/S1600576718008166): per pair of elements the shortest and the longest
bond that crystal structures show. Limits are set by hand around the tabulated means of
DOI 10.1039/P298700000S1 (organic) and DOI 10.1039/DT9890000S1 (metal complexes), wide enough for X-ray hydrogens and
force-field geometries.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mofa.chemistry.elements import covalent_radius_ang, is_metal, van_der_waals_radius_ang

_BONDS_ANG = """
H B 1.00 1.40; H C 0.72 1.28; H N 0.78 1.18; H O 0.72 1.20; H Si 1.30 1.62; H P 1.20 1.52; H S 1.10 1.48;
B B 1.55 1.95; B C 1.40 1.74; B N 1.28 1.74; B O 1.22 1.62; B F 1.22 1.54;
C C 1.04 1.70; C N 1.00 1.64; C O 1.04 1.60; C F 1.20 1.50; C Si 1.70 2.04; C P 1.56 2.00; C S 1.48 1.96;
C Cl 1.57 1.92; C Se 1.68 2.09; C Br 1.74 2.09; C I 1.92 2.28;
N N 1.00 1.60; N O 1.06 1.56; N F 1.26 1.52; N Si 1.56 1.90; N P 1.46 1.85; N S 1.42 1.86; N Cl 1.56 1.89;
O O 1.12 1.60; O Si 1.46 1.80; O P 1.38 1.76; O S 1.32 1.76; O Cl 1.32 1.79;
F Si 1.46 1.82; F P 1.44 1.76; F S 1.46 1.76; Si Si 2.16 2.59; P P 1.96 2.39; P S 1.81 2.24; S S 1.85 2.24;
O Zn 1.72 2.45; N Zn 1.75 2.45; Zn Zn 2.40 3.20; O Cu 1.76 2.70; N Cu 1.76 2.60; Cu Cu 2.30 3.20;
O Zr 1.86 2.60; O Hf 1.86 2.60; O Al 1.65 2.15; O Fe 1.65 2.45; O Cr 1.65 2.35; O In 1.95 2.55; O Co 1.75 2.45;
N Co 1.76 2.40; O Ni 1.75 2.45; N Ni 1.72 2.40; O Mg 1.85 2.40
"""
# Where bond orders came with the structure: narrower, by the order (1 stands for single and the shared bonds beside
# it). Bond lengths by order overlap, so these are still wide.
_BONDS_BY_ORDER_ANG = """
C C 1 1.22 1.70; C C 1.5 1.22 1.62; C C 2 1.15 1.58; C C 3 1.04 1.38;
C N 1 1.20 1.64; C N 1.5 1.15 1.54; C N 2 1.10 1.48; C N 3 1.00 1.34
"""
# Mean of the aromatic C-C bonds of a framework, 1.39 give or take 4 %, where there are at least so many.
AROMATIC_MEAN_ANG = (1.335, 1.445)
FEWEST_AROMATIC_BONDS = 6
# Half-widths for pairs that the table does not hold, around the sum of covalent radii (DOI 10.1039/b801115j).
_ORGANIC_SPREAD_ANG = 0.25
_METAL_SHRINK_ANG = 0.40
_METAL_STRETCH_ANG = 0.45

# Contacts as a fraction of the radii's sum: where repulsion is felt; the closest for two atoms that only the crystal
# brings together; the closest for two that the molecule holds together (rings, cages, ortho groups).
SOFT_FRACTION = 0.88
FAR_FRACTION = 0.80
NEAR_FRACTION = 0.70
# Bonds between two atoms up to which the molecule is taken to hold them together.
NEAR_BONDS = 6
# A hydrogen on N, O, F or S, which may form a hydrogen bond down to these lengths.
POLAR_HYDROGEN = "H+"
POLAR = frozenset({"N", "O", "F", "S"})
_HYDROGEN_BOND_ANG = {"N": 1.45, "O": 1.40, "F": 1.50, "S": 1.90, "Cl": 1.90, "Br": 2.00}

# Neighbours other than a metal's metals: fewest and most.
_NEIGHBORS = {
    "H": (1, 1),
    "B": (2, 6),
    "C": (2, 4),
    "N": (1, 4),
    "O": (1, 6),
    "Si": (3, 6),
    "P": (2, 6),
    "S": (1, 6),
}
# The usual coordination numbers in frameworks, set by hand; sites that lost their solvent are among them.
_METAL_NEIGHBORS_USUAL = """
Li 2 6; Na 3 9; K 4 12; Rb 4 12; Cs 4 12; Be 3 4; Mg 4 7; Ca 5 10; Sr 6 12; Ba 6 12;
Al 4 6; Ga 4 6; In 4 8; Tl 2 12; Sn 2 8; Pb 2 12; Bi 3 10;
Sc 5 9; Ti 4 8; V 4 7; Cr 4 6; Mn 4 8; Fe 4 7; Co 3 6; Ni 4 6; Cu 2 6; Zn 4 6;
Y 6 10; Zr 6 9; Nb 4 8; Mo 4 8; Ru 4 7; Rh 4 6; Pd 2 6; Ag 2 7; Cd 4 8;
Hf 6 9; Ta 4 8; W 4 8; Re 4 7; Os 4 7; Ir 4 6; Pt 4 6; Au 2 6; Hg 2 8;
La 6 12; Ce 6 12; Pr 6 12; Nd 6 12; Sm 6 10; Eu 6 10; Gd 6 10; Tb 6 10; Dy 6 10; Ho 6 10; Er 6 10; Tm 6 10; Yb 6 10;
Lu 6 10; Th 6 12; U 5 9; Np 5 9; Pu 5 10
"""
# Metals with oxo groups that bind to nothing else: V=O, Mo=O, uranyl.
BARE_OXYGEN_METALS = tuple("Ti V Nb Ta Mo W Tc Re Ru Os U Np Pu Am Pa".split())
HALOGENS = frozenset({"F", "Cl", "Br", "I"})
_HALOGEN_ON_METAL_MOST = 4
_OTHER_NEIGHBORS = (1, 14)

# An angle at a nonmetal is never sharper (three-membered rings have 60); a metal chelated by a carboxylate has 55.
SHARPEST_ANGLE_DEG = {False: 54.0, True: 45.0}
# Two donors that are no chelate, at a metal of at most six.
NARROWEST_AT_METAL_DEG = 66.0
MOST_DONORS_OF_WIDE_METALS = 6
# Narrowest and widest angle at a carbon, by its number of neighbours: linear, planar, tetrahedral.
CARBON_ANGLES_DEG = {2: (150.0, 180.0), 3: (96.0, 152.0), 4: (82.0, 138.0)}
# The same where the carbon is in a ring of three or four.
STRAINED_CARBON_ANGLES_DEG = {3: (54.0, 170.0), 4: (54.0, 145.0)}
# C-N-metal at a nitrile that binds through its lone pair.
NITRILE_AT_METAL_DEG = (140.0, 180.0)


@cache
def _table() -> dict[frozenset[str], tuple[float, float]]:
    rows = (entry.split() for entry in _BONDS_ANG.replace("\n", " ").split(";"))
    return {frozenset((a, b)): (float(low), float(high)) for a, b, low, high in rows}


@cache
def _table_by_order() -> dict[tuple[frozenset[str], float], tuple[float, float]]:
    rows = (entry.split() for entry in _BONDS_BY_ORDER_ANG.replace("\n", " ").split(";"))
    return {(frozenset((a, b)), float(order)): (float(low), float(high)) for a, b, order, low, high in rows}


@cache
def bond_window_ang(a: str, b: str, order: float = 0.0) -> tuple[float, float]:
    """Shortest and longest bond between two elements, Å.

    Args:
        a: element of one atom.
        b: element of the other.
        order: bond order, 0 where it is not known.
    """
    pair = frozenset((a, b))
    known = _table_by_order().get((pair, order)) or _table().get(pair)
    if known is not None:
        return known
    total = covalent_radius_ang(a) + covalent_radius_ang(b)
    if is_metal(a) or is_metal(b):
        return total - _METAL_SHRINK_ANG, total + _METAL_STRETCH_ANG
    return total - _ORGANIC_SPREAD_ANG, total + _ORGANIC_SPREAD_ANG


def contact_kind(symbol: str, neighbors: Iterable[str]) -> str:
    """The element, or `POLAR_HYDROGEN`: what an atom counts as in `contact_ang`, given what it is bonded to."""
    return POLAR_HYDROGEN if symbol == "H" and any(other in POLAR for other in neighbors) else symbol


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
    return fraction * (van_der_waals_radius_ang(a) + van_der_waals_radius_ang(b))


@cache
def longest_contact_ang(symbols: frozenset[str]) -> float:
    """The largest of `contact_ang` among these elements, Å."""
    return max(contact_ang(a, b, FAR_FRACTION) for a in symbols for b in symbols)


@cache
def neighbor_range(symbol: str, *, on_metal: bool) -> tuple[int, int]:
    """Fewest and most bonds of an atom, metal-metal bonds left out.

    Args:
        symbol: element.
        on_metal: whether one of the neighbours is a metal.
    """
    if symbol in HALOGENS:
        return (1, _HALOGEN_ON_METAL_MOST) if on_metal else (1, 4 if symbol in ("Cl", "I") else 1)
    return _neighbors().get(symbol, _OTHER_NEIGHBORS)


@cache
def _neighbors() -> dict[str, tuple[int, int]]:
    rows = (entry.split() for entry in _METAL_NEIGHBORS_USUAL.replace("\n", " ").split(";"))
    return _NEIGHBORS | {symbol: (int(least), int(most)) for symbol, least, most in rows}
