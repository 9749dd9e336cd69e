"""The least and the most charge that the gate lets an atom have, by its element and role, and how far equals differ.

Bounds that hold for any method lie outside of what these sets gave, by 0.1 e or more on the side where chemistry
allows more (e). What our own methods gave is known well enough for a few roles to have bounds of their own.

- DDEC6 of 23 MOFs (Zn and Zr; benchmarks/charges_dataset.json.gz) and MOF-5: C(aryl) -0.24 to 0.16, C(carboxylate)
  0.53 to 0.68, H on C 0.05 to 0.17, O(carboxylate) -0.60 to -0.51, oxide -1.11 to -0.98, hydroxide -1.04, Zn 0.79 to
  0.96, Zr 2.2; what is usual elsewhere: C(CH3) down to -0.7, N(amine) -0.8, N(nitro) 0.7, Zn 0.7 to 1.2, Zr up to
  2.8, hydroxide down to -1.2, H(O) 0.5, S(sulfone) 1.2.
- GFN1-xTB (Mulliken) of 40 MOFs (Zn, Cu, Zr, Al and azolate nodes; 20 substituents), and of six of them with every
  atom displaced by 0.10 and 0.15 Å, more than heat at 300 K does to bonds: C(aryl) -0.11 to 0.05, C(carboxylate) 0.53
  to 0.62, C(CF3) 0.64 to 0.81, H(C) 0.01 to 0.10, H(O) 0.29 to 0.41, O(carboxylate) -0.63 to -0.31, oxide -0.65 to
  -0.54, N(nitrile) -0.33 to -0.12, N(nitro) 0.67 to 0.82.
- EQeq of the same: C(carboxylate) 0.31 to 0.57, H on C -0.05 to 0.14, H(O) 0.16 to 0.33, O(carboxylate) -0.69 to
  -0.37, oxide -1.42 to -0.95, N(nitro) -0.01, O(nitro) -0.10, Zn 1.2, Al 2.4, Zr 3.2: the largest metal charges.
- Mulliken charges of PBE, DZVP-MOLOPT: the smallest of all, C(carboxylate) 0.20, O(carboxylate) -0.30 to -0.26, Zn
  0.39, N(nitro) 0.12.

Not sane, and refused: Hirshfeld charges of CP2K 2023.1 with its default reference atoms (H(C) 0.45, oxide +0.73, Zn
-1.0 in MOF-5), and 5 of 26 EQeq sets of Open Babel (O -15).
"""

from __future__ import annotations

from dataclasses import dataclass

from mofa.chemistry.elements import is_metal

METAL_LEAST_E = 0.05
"""Of a metal that is not named below. In a paddlewheel GFN1 gives Fe 0.17, Ni 0.43, Cd 0.70 and Cu 0.81."""
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
    ("H", "on unsaturated C"): (-0.15, 0.40),
    ("H", "on saturated C"): (-0.15, 0.40),
    ("H", "on N"): (-0.05, 0.65),
    ("H", "on O"): (0.05, 0.75),
    ("H", "on others"): (-0.60, 0.45),
    ("C", "carboxylate"): (0.10, 1.30),
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

_Bounds = dict[tuple[str, str], tuple[float, float]]
_DDEC6_E: _Bounds = {
    ("H", "on unsaturated C"): (-0.05, 0.40),
    ("H", "on saturated C"): (-0.10, 0.40),
    ("C", "carboxylate"): (0.35, 1.10),
    ("C", "aryl"): (-0.50, 0.40),
    ("O", "oxide"): (-1.50, -0.60),
    ("O", "hydroxide, water"): (-1.40, -0.50),
    ("O", "carboxylate"): (-0.85, -0.30),
    ("Zn", "metal"): (0.50, 1.50),
    ("Zr", "metal"): (1.50, 3.20),
}
_GFN1_E: _Bounds = {
    ("H", "on unsaturated C"): (-0.05, 0.30),
    ("H", "on saturated C"): (-0.10, 0.30),
    ("C", "carboxylate"): (0.35, 0.90),
    ("C", "aryl"): (-0.35, 0.30),
    ("O", "oxide"): (-1.00, -0.35),
    ("O", "hydroxide, water"): (-1.00, -0.35),
    ("O", "carboxylate"): (-0.85, -0.20),
    ("Zn", "metal"): (0.40, 1.30),
    ("Zr", "metal"): (0.90, 1.90),
}
_EQEQ_E: _Bounds = {
    ("C", "carboxylate"): (0.15, 0.90),
    ("O", "oxide"): (-1.90, -0.50),
    ("O", "carboxylate"): (-1.00, -0.20),
    ("Zn", "metal"): (0.80, 1.60),
}
# Corrected charges are those of DDEC6 where an environment is known, those of GFN1 elsewhere.
_EITHER_E: _Bounds = {
    key: (min(bounds[0], _GFN1_E[key][0]), max(bounds[1], _GFN1_E[key][1])) for key, bounds in _DDEC6_E.items()
}
METHOD_BOUNDS_E: dict[str, _Bounds] = {
    "ddec6": _DDEC6_E,
    "ddec6-chargemol": _DDEC6_E,
    "gfn1-xtb": _GFN1_E,
    "gfn1-xtb-corrected": _EITHER_E,
    "eqeq": _EQEQ_E,
}
"""By method, (element, role): they go before `BOUNDS_E`."""


@dataclass(frozen=True)
class Spread:
    """How far the charges of atoms with the same surroundings may be from their median, e."""

    atom_e: float
    """Of any atom."""
    class_e: float
    """Root mean square over the atoms of one class."""


SPREADS = {
    "ddec6": Spread(0.12, 0.08),
    "ddec6-chargemol": Spread(0.12, 0.08),
    "gfn1-xtb": Spread(0.25, 0.10),
    "gfn1-xtb-corrected": Spread(0.25, 0.10),
}
"""By method. Largest in sane sets, atom and class: 0.04 and 0.02 in relaxed MOFs with DDEC6, GFN1 and corrected
charges, 0.06 and 0.03 with EQeq or as assembled; 0.21 and 0.07 after displacing every atom by 0.15 Å (GFN1)."""
OTHER_SPREAD = Spread(0.25, 0.18)
"""Of other methods: 0.17 and 0.14 for an EQeq whose lattice sum is coarse."""


def bounds_e(symbol: str, role: str, method: str) -> tuple[float, float]:
    """Least and most charge that the gate lets pass, e.

    Args:
        symbol: element.
        role: from `mofa.charges.roles.roles`.
        method: name of the charge method; some have narrower bounds than others.
    """
    own = METHOD_BOUNDS_E.get(method, {}).get((symbol, role))
    if own is not None:
        return own
    if is_metal(symbol):
        return METAL_LEAST_E, _FORMAL_E.get(symbol, METAL_MOST_E)
    return BOUNDS_E.get((symbol, role)) or _ROLE_E.get(role, _OTHER_E)
