"""The least and the most charge that the gate lets an atom have, by its element and role.

Every bound lies outside of what these sets gave, by 0.1 e or more on the side where chemistry allows more (e):

- GFN1-xTB (Mulliken) of 28 MOFs (Zn, Cu, Zr, Al and azolate nodes; 20 substituents), and of six of them with every
  atom displaced by 0.10 and 0.15 Å, more than heat at 300 K does to bonds: C(aryl) -0.11 to 0.05, C(carboxylate) 0.53
  to 0.62, C(CF3) 0.64 to 0.81, H(C) 0.01 to 0.10, H(O) 0.29 to 0.41, O(carboxylate) -0.63 to -0.31, oxide -0.65 to
  -0.54, N(nitrile) -0.33 to -0.12, N(nitro) 0.67 to 0.82.
- EQeq of 21 of them: C(carboxylate) 0.31 to 0.57, H(O) 0.17 to 0.31, oxide -1.40 to -1.32, N(nitro) -0.01,
  O(nitro) -0.10, Zn 1.2, Al 2.4, Zr 3.2: the largest metal charges.
- Mulliken charges of PBE, DZVP-MOLOPT: the smallest of all, C(carboxylate) 0.20, O(carboxylate) -0.30 to -0.26, Zn
  0.39, N(nitro) 0.12.
- DDEC6 of MOF-5 (tests/charges), and what is usual elsewhere: C(CH3) down to -0.7, N(amine) -0.8, N(nitro) 0.7, Zr
  2.2 to 2.8, oxide and hydroxide -1.2, H(O) 0.5, S(sulfone) 1.2.

Not sane, and refused: Hirshfeld charges of CP2K 2023.1 with its default reference atoms (H(C) 0.45, oxide +0.73, Zn
-1.0 in MOF-5), and 5 of 26 EQeq sets of Open Babel (O -15).
"""

from __future__ import annotations

from mofa.chemistry.elements import is_metal

METAL_LEAST_E = 0.05
"""Of a metal that is not named below. In a paddlewheel GFN1 gives Fe 0.17, Ni 0.43, Cd 0.70 and Cu 0.81."""
METAL_MIN_E = {
    ("ddec6", "Zn"): 0.5,
    ("ddec6-chargemol", "Zn"): 0.5,
    ("gfn1-xtb", "Zn"): 0.4,
    ("gfn1-xtb-corrected", "Zn"): 0.4,
}
"""By (method, metal). DDEC6 puts MOF zinc at 0.7 to 1.2, GFN1 at 0.58 (azolates) to 0.80 (MOF-5, paddlewheels)."""

# Highest oxidation state in MOFs: no partition of the electrons takes more from a cation than its ligands got.
_OXIDATION = {
    1: "Li Na K Rb Cs Ag Tl",
    2: "Be Mg Ca Sr Ba Zn Cd Hg Cu Ni Pd Pt Pb",
    3: "Al Ga In Sc Y La Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Cr Fe Co Bi Rh Ir",
    4: "Ti Zr Hf Mn Ce Th Sn Ru",
    5: "V Nb Ta",
    6: "Mo W U Re Os",
}
_FORMAL_E = {symbol: float(state) for state, symbols in _OXIDATION.items() for symbol in symbols.split()}
METAL_MOST_E = 4.0
"""Of a metal without an entry."""

BOUNDS_E: dict[tuple[str, str], tuple[float, float]] = {
    ("H", "on C"): (-0.15, 0.40),
    ("H", "on N"): (-0.05, 0.65),
    ("H", "on O"): (0.05, 0.75),
    ("H", "on others"): (-0.60, 0.45),
    ("C", "carboxylate"): (0.00, 1.30),
    ("C", "of CF2, CF3"): (0.00, 1.70),
    ("C", "nitrile"): (-0.50, 0.70),
    ("C", "aryl"): (-0.70, 0.60),
    ("C", "with O, N, S or halogen"): (-0.60, 1.10),
    ("C", "saturated"): (-1.00, 0.50),
    ("C", "saturated, with O, N, S or halogen"): (-0.80, 0.90),
    ("C", "on metal, B, Si or P"): (-1.30, 0.80),
    ("N", "nitro"): (-0.20, 1.30),
    ("N", "oxide"): (-0.70, 0.90),
    ("N", "nitrile"): (-0.80, 0.05),
    ("N", "pyridine, imine, azo"): (-1.00, 0.15),
    ("N", "between nitrogens"): (-0.60, 0.60),
    ("N", "amine"): (-1.20, 0.40),
    ("N", "ion"): (-2.00, -0.20),
    ("O", "oxide"): (-1.90, -0.25),
    ("O", "hydroxide, water"): (-1.50, -0.25),
    ("O", "carboxylate"): (-1.00, -0.10),
    ("O", "carbonyl"): (-0.90, -0.05),
    ("O", "hydroxyl"): (-1.00, -0.10),
    ("O", "ether"): (-0.80, 0.10),
    ("O", "of nitro, sulfonyl, N-oxide"): (-1.10, 0.05),
    ("O", "on others"): (-1.40, 0.20),
    ("F", "on a nonmetal"): (-0.70, 0.05),
    ("Cl", "on a nonmetal"): (-0.50, 0.35),
    ("Br", "on a nonmetal"): (-0.50, 0.40),
    ("I", "on a nonmetal"): (-0.40, 0.60),
    ("S", "with oxygen"): (-0.30, 2.60),
    ("S", "without oxygen"): (-0.80, 0.80),
    ("P", "with oxygen"): (-0.10, 2.80),
    ("P", "without oxygen"): (-0.80, 1.50),
    ("Si", "with oxygen"): (0.20, 3.00),
    ("Si", "without oxygen"): (-0.30, 2.20),
    ("B", "with oxygen"): (0.00, 2.00),
    ("B", "without oxygen"): (-0.80, 1.50),
}
_ROLE_E = {"ion": (-1.60, -0.05), "in a chain": (-0.80, 1.60)}
_OTHER_E = (-1.60, 3.00)


def bounds_e(symbol: str, role: str, method: str) -> tuple[float, float]:
    """Least and most charge that the gate lets pass, e.

    Args:
        symbol: element.
        role: from `mofa.charges.roles.roles`.
        method: name of the charge method; it decides the least charge of zinc.
    """
    if is_metal(symbol):
        return METAL_MIN_E.get((method, symbol), METAL_LEAST_E), _FORMAL_E.get(symbol, METAL_MOST_E)
    return BOUNDS_E.get((symbol, role)) or _ROLE_E.get(role, _OTHER_E)
