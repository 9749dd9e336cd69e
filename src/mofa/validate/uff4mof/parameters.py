"""Atom types of UFF and UFF4MOF: one row an element, one short entry a type.

UFF: Rappe et al., J. Am. Chem. Soc. 114, 10024 (1992), DOI 10.1021/ja00051a040. UFF4MOF: Addicoat et al., J. Chem.
Theory Comput. 10, 880 (2014), DOI 10.1021/ct400952t, and Coupry et al., ibid. 12, 5215 (2016),
DOI 10.1021/acs.jctc.6b00664. UFF4MOF gives each new type its own bond radius and angle and, but for the effective
charge of four, leaves everything else to the element, so the table is split the same way. The Lennard-Jones numbers
are `mofa.chemistry.lennard_jones`.

A type's name is the element in two characters, then its geometry: 1 linear, 2 trigonal, 3 tetrahedral, 4 square,
6 octahedral, 8 eightfold, R resonant; the rest is the oxidation state or UFF4MOF's ``f``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mofa.chemistry.elements import atomic_number

# element, effective charge Z (e), electronegativity X (GMP, eV), sp3 torsional barrier V (kcal/mol)
_ELEMENTS = """
H 0.712 4.528 0; He 0.098 9.66 0; Li 1.026 3.006 0; Be 1.565 4.877 0; B 1.755 5.11 0; C 1.912 5.343 2.119;
N 2.544 6.899 0.45; O 2.3 8.741 0.018; F 1.735 10.874 0; Ne 0.194 11.04 0; Na 1.081 2.843 0; Mg 1.787 3.951 0;
Al 1.792 4.06 0; Si 2.323 4.168 1.225; P 2.863 5.463 2.4; S 2.703 6.928 0.484; Cl 2.348 8.564 0; Ar 0.3 9.465 0;
K 1.165 2.421 0; Ca 2.141 3.231 0; Sc 2.592 3.395 0; Ti 2.659 3.47 0; V 2.679 3.65 0; Cr 2.463 3.415 0;
Mn 2.43 3.325 0; Fe 2.43 3.76 0; Co 2.43 4.105 0; Ni 2.43 4.465 0; Cu 1.756 4.2 0; Zn 1.308 5.106 0; Ga 1.821 3.641 0;
Ge 2.789 4.051 0.701; As 2.864 5.188 1.5; Se 2.764 6.428 0.335; Br 2.519 7.79 0; Kr 0.452 8.505 0; Rb 1.592 2.331 0;
Sr 2.449 3.024 0; Y 3.257 3.83 0; Zr 3.667 3.4 0; Nb 3.618 3.55 0; Mo 3.4 3.465 0; Tc 3.4 3.29 0; Ru 3.4 3.575 0;
Rh 3.5 3.975 0; Pd 3.21 4.32 0; Ag 1.956 4.436 0; Cd 1.65 5.034 0; In 2.07 3.506 0; Sn 2.961 3.987 0.199;
Sb 2.704 4.899 1.1; Te 2.882 5.816 0.3; I 2.65 6.822 0; Xe 0.556 7.595 0; Cs 1.573 2.183 0; Ba 2.727 2.814 0;
La 3.3 2.8355 0; Ce 3.3 2.774 0; Pr 3.3 2.858 0; Nd 3.3 2.8685 0; Pm 3.3 2.881 0; Sm 3.3 2.9115 0; Eu 3.3 2.8785 0;
Gd 3.3 3.1665 0; Tb 3.3 3.018 0; Dy 3.3 3.0555 0; Ho 3.416 3.127 0; Er 3.3 3.1865 0; Tm 3.3 3.2514 0;
Yb 2.618 3.2889 0; Lu 3.271 2.9629 0; Hf 3.921 3.7 0; Ta 4.075 5.1 0; W 3.7 4.63 0; Re 3.7 3.96 0; Os 3.7 5.14 0;
Ir 3.731 5.0 0; Pt 3.382 4.79 0; Au 2.625 4.894 0; Hg 1.75 6.27 0; Tl 2.068 3.2 0; Pb 2.846 3.9 0.1; Bi 2.47 4.69 1.0;
Po 2.33 4.21 0.3; At 2.24 4.75 0; Rn 0.583 5.37 0; Fr 1.847 2.0 0; Ra 2.92 2.843 0; Ac 3.9 2.835 0; Th 4.202 3.175 0;
Pa 3.9 2.985 0; U 3.9 3.341 0; Np 3.9 3.549 0; Pu 3.9 3.243 0; Am 3.9 2.9895 0; Cm 3.9 2.8315 0; Bk 3.9 3.1935 0;
Cf 3.9 3.197 0; Es 3.9 3.333 0; Fm 3.9 3.4 0; Md 3.9 3.47 0; No 3.9 3.475 0; Lr 3.9 3.5 0
"""

# type, bond radius r (Å), natural angle theta (degrees)
_UFF = """
H_ 0.354 180; H_b 0.46 83.5; He4+4 0.849 90; Li 1.336 180; Be3+2 1.074 109.47; B_2 0.828 120; B_3 0.838 109.47;
C_3 0.757 109.47; C_R 0.729 120; C_2 0.732 120; C_1 0.706 180; N_3 0.7 106.7; N_R 0.699 120; N_2 0.685 111.2;
N_1 0.656 180; O_3 0.658 104.51; O_3_z 0.528 146; O_R 0.68 110; O_2 0.634 120; O_1 0.639 180; F_ 0.668 180;
Ne4+4 0.92 90; Na 1.539 180; Mg3+2 1.421 109.47; Al3 1.244 109.47; Si3 1.117 109.47; P_3+3 1.101 93.8;
P_3+5 1.056 109.47; P_3+q 1.056 109.47; S_3+2 1.064 92.1; S_3+4 1.049 103.2; S_3+6 1.027 109.47; S_R 1.077 92.2;
S_2 0.854 120; Cl 1.044 180; Ar4+4 1.032 90; K_ 1.953 180; Ca6+2 1.761 90; Sc3+3 1.513 109.47; Ti3+4 1.412 109.47;
Ti6+4 1.412 90; V_3+5 1.402 109.47; Cr6+3 1.345 90; Mn6+2 1.382 90; Fe3+2 1.27 109.47; Fe6+2 1.335 90; Co6+3 1.241 90;
Ni4+2 1.164 90; Cu3+1 1.302 109.47; Zn3+2 1.193 109.47; Ga3+3 1.26 109.47; Ge3 1.197 109.47; As3+3 1.211 92.1;
Se3+2 1.19 90.6; Br 1.192 180; Kr4+4 1.147 90; Rb 2.26 180; Sr6+2 2.052 90; Y_3+3 1.698 109.47; Zr3+4 1.564 109.47;
Nb3+5 1.473 109.47; Mo6+6 1.467 90; Mo3+6 1.484 109.47; Tc6+5 1.322 90; Ru6+2 1.478 90; Rh6+3 1.332 90;
Pd4+2 1.338 90; Ag1+1 1.386 180; Cd3+2 1.403 109.47; In3+3 1.459 109.47; Sn3 1.398 109.47; Sb3+3 1.407 91.6;
Te3+2 1.386 90.25; I_ 1.382 180; Xe4+4 1.267 90; Cs 2.57 180; Ba6+2 2.277 90; La3+3 1.943 109.47; Ce6+3 1.841 90;
Pr6+3 1.823 90; Nd6+3 1.816 90; Pm6+3 1.801 90; Sm6+3 1.78 90; Eu6+3 1.771 90; Gd6+3 1.735 90; Tb6+3 1.732 90;
Dy6+3 1.71 90; Ho6+3 1.696 90; Er6+3 1.673 90; Tm6+3 1.66 90; Yb6+3 1.637 90; Lu6+3 1.671 90; Hf3+4 1.611 109.47;
Ta3+5 1.511 109.47; W_6+6 1.392 90; W_3+4 1.526 109.47; W_3+6 1.38 109.47; Re6+5 1.372 90; Re3+7 1.314 109.47;
Os6+6 1.372 90; Ir6+3 1.371 90; Pt4+2 1.364 90; Au4+3 1.262 90; Hg1+2 1.34 180; Tl3+3 1.518 120; Pb3 1.459 109.47;
Bi3+3 1.512 90; Po3+2 1.5 90; At 1.545 180; Rn4+4 1.42 90; Fr 2.88 180; Ra6+2 2.512 90; Ac6+3 1.983 90;
Th6+4 1.721 90; Pa6+4 1.711 90; U_6+4 1.684 90; Np6+4 1.666 90; Pu6+4 1.657 90; Am6+4 1.66 90; Cm6+3 1.801 90;
Bk6+3 1.761 90; Cf6+3 1.75 90; Es6+3 1.724 90; Fm6+3 1.712 90; Md6+3 1.689 90; No6+3 1.679 90; Lr6+3 1.698 90
"""

_UFF4MOF = """
O_3_f 0.634 109.47; O_2_z 0.528 120; S_3_f 0.854 109.47; Cl_f 1.044 90; Al6+3 1.22 90; Sc6+3 1.44 90; Ti4+2 1.38 90;
V_4+2 1.18 90; V_6+3 1.3 90; Cr4+2 1.1 90; Cr6f3 1.28 90; Mn6+3 1.34 90; Mn4+2 1.26 90; Fe6+3 1.32 90; Fe4+2 1.1 90;
Co3+2 1.24 109.47; Co4+2 1.16 90; Cu4+2 1.28 90; Zn4+2 1.34 90; Zn3f2 1.24 109.47; Li3f2 1.28 109.47;
Na3f2 1.623 109.47; Na4f2 1.79 90; Mg6f3 1.525 90; Al3f2 1.28 109.47; K_3f2 2.38 109.47; K_4f2 2.01 90;
Ca1f1 1.56 180; Ca3f2 1.705 109.47; Ti8f4 1.46 109.47; V_3f2 1.12 109.47; Mn1f1 1.38 180; Mn3f2 1.18 109.47;
Mn8f4 1.52 109.47; Fe1f1 1.38 180; Co1f1 1.28 180; Cu1f1 1.24 180; Cu2f2 1.11 120; Cu3f2 1.19 109.47; Zn1f1 1.3 180;
Zn2f2 1.3 120; Ga3f2 1.15 109.47; Ga6f3 1.48 90; Sr8f4 1.82 109.47; Y_6f3 1.6 90; Y_8f4 1.68 109.47;
Zr8f4 1.68 109.47; Nb8f4 1.37 109.47; Mo3f2 1.24 109.47; Mo4f2 1.4 90; Mo8f4 1.28 109.47; Tc4f2 1.32 90;
Ru4f2 1.32 90; Pd6f3 1.19 90; Ag1f1 1.22 180; Ag2f2 1.34 120; Ag3f2 1.48 109.47; Ag4f2 1.51 90; Cd1f1 1.4 180;
Cd3f2 1.29 109.47; Cd4f2 1.46 90; Cd8f4 1.64 109.47; In3f2 1.33 109.47; In6f3 1.53 90; In8f4 1.53 109.47;
Ba3f2 2.04 109.47; La8f4 1.66 109.47; Ce8f4 1.76 109.47; Pr8f4 1.83 109.47; Nd8f4 1.78 109.47; Sm8f4 1.78 109.47;
Eu6f3 1.6 90; Eu8f4 1.74 109.47; Gd6f3 1.55 90; Gd8f4 1.7 109.47; Tb8f4 1.64 109.47; Dy6f3 1.58 90; Dy8f4 1.7 109.47;
Ho8f4 1.7 109.47; Er8f4 1.64 109.47; Tm8f4 1.67 109.47; Yb6f3 1.45 90; Yb8f4 1.62 109.47; Lu1f1 1.65 180;
Lu8f4 1.66 109.47; Hf8f4 1.46 109.47; W_3f4 1.16 109.47; W_4f2 1.345 90; W_8f4 1.27 109.47; Re6f3 1.23 90;
Os4f2 1.24 90; Pt4f2 1.125 90; Au1f1 1.11 180; Hg3f2 1.248 109.47; Pb4f2 1.67 90; U_6f3 1.65 90; U_8f4 1.73 109.47
"""

# Types to which UFF4MOF gives another effective charge (e) than UFF gives to the element
_OTHER_CHARGES = {"Sc6+3": 2.595, "Co3+2": 1.308, "Co4+2": 1.308, "Cu4+2": 2.43}

# sp2 torsional constant U (kcal/mol), by the last atomic number of each period from the second on
_U_BY_PERIOD = ((10, 2.0), (18, 1.25), (36, 0.7), (54, 0.2), (86, 0.1), (118, 0.0))


@dataclass(frozen=True)
class AtomType:
    """One UFF or UFF4MOF atom type."""

    name: str
    symbol: str
    radius_ang: float
    """Single-bond radius, Å."""
    angle_deg: float
    """Natural angle, degrees."""
    charge_e: float
    """Effective charge Z of the force constants, e."""
    electronegativity: float
    sp3_barrier_kcal_per_mol: float
    sp2_barrier_kcal_per_mol: float

    @property
    def geometry(self) -> str:
        """The third character of the name: ``1 2 3 4 6 8 R``, or empty."""
        return self.name[2:3]


@lru_cache(maxsize=1)
def atom_types() -> dict[str, AtomType]:
    """Every type by name; those of UFF4MOF stand after those of UFF."""
    elements = {symbol: (float(z), float(x), float(v)) for symbol, z, x, v in _rows(_ELEMENTS)}
    found = {}
    for name, radius, angle in (*_rows(_UFF), *_rows(_UFF4MOF)):
        symbol = name[:2].rstrip("_")
        charge, electronegativity, barrier = elements[symbol]
        number = atomic_number(symbol)
        u = 0.0 if number < 3 else next(value for last, value in _U_BY_PERIOD if number <= last)
        charge = _OTHER_CHARGES.get(name, charge)
        found[name] = AtomType(name, symbol, float(radius), float(angle), charge, electronegativity, barrier, u)
    return found


def _rows(table: str) -> list[list[str]]:
    return [entry.split() for entry in table.replace("\n", " ").split(";")]


@lru_cache(maxsize=128)
def metal_type(symbol: str, geometries: str) -> str | None:
    """The element's type of the first geometry in `geometries` it has, UFF4MOF's before UFF's; None if none."""
    for geometry in geometries:
        names = [name for name, kind in atom_types().items() if kind.symbol == symbol and kind.geometry == geometry]
        if names:
            return names[-1]
    return None
