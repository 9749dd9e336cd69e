"""The bonded terms of UFF for a periodic bond graph, in the form LAMMPS evaluates.

Equations and constants: Rappe et al., DOI 10.1021/ja00051a040 (with the electronegativity correction *subtracted*, as
its published bond lengths demand). Energies are in kcal/mol, lengths in Å, angles in degrees.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.bonds import BondGraph
from mofa.validate.uff4mof.parameters import AtomType, atom_types

# kcal Å / (mol e2): the Coulomb constant of UFF's force constants, twice 332.06
COULOMB_TWICE = 664.12
BOND_ORDER_SCALE = 0.1332
SP2_INVERSION_KCAL_PER_MOL = 6.0
CARBONYL_INVERSION_KCAL_PER_MOL = 50.0
PYRAMID_INVERSION_KCAL_PER_MOL = 22.0
# Angle between an arm and the plane of the other two at the pyramid's minimum, degrees
_PYRAMID_ANGLE_DEG = {"P": 84.4339, "As": 86.9735, "Sb": 87.7047, "Bi": 90.0}
_CHALCOGENS = ("O", "S", "Se", "Te")
# Natural angles that UFF describes by one cosine of this period
_PERIODICITY = {120.0: 3, 90.0: 4}

Image = tuple[int, tuple[int, int, int]]
_HOME = (0, 0, 0)


@dataclass(frozen=True)
class Coefficients:
    """One LAMMPS coefficient line: style, numbers, and the atom types it stands for."""

    style: str
    values: tuple[float, ...]
    label: str


@dataclass(eq=False)
class TermTable:
    """Interactions of one kind in the unit cell: their atoms with cell offsets, and their coefficients."""

    coefficients: list[Coefficients] = field(default_factory=list)
    members: list[tuple[Image, ...]] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    """Index into `coefficients` of each member."""
    _known: dict[Coefficients, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.members)

    def add(self, members: tuple[Image, ...], coefficients: Coefficients) -> None:
        """Add one interaction; equal coefficients share a line."""
        kind = self._known.setdefault(coefficients, len(self.coefficients))
        if kind == len(self.coefficients):
            self.coefficients.append(coefficients)
        self.members.append(members)
        self.kinds.append(kind)

    def arrays(self, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Atoms ``[n, width]`` and their cell offsets ``[n, width, 3]``."""
        atoms = np.array([[atom for atom, _ in row] for row in self.members], dtype=np.int64)
        shifts = np.array([[shift for _, shift in row] for row in self.members], dtype=np.int64)
        return atoms.reshape(-1, width), shifts.reshape(-1, width, 3)


@dataclass(frozen=True, eq=False)
class Terms:
    """The typed unit cell: a type for every atom and all bonded interactions."""

    types: tuple[str, ...]
    bonds: TermTable
    angles: TermTable
    dihedrals: TermTable
    impropers: TermTable

    def tables(self) -> Iterator[tuple[str, int, TermTable]]:
        """LAMMPS name, number of atoms and table of every kind of interaction."""
        yield "bond", 2, self.bonds
        yield "angle", 3, self.angles
        yield "dihedral", 4, self.dihedrals
        yield "improper", 4, self.impropers


def build_terms(types: tuple[str, ...], graph: BondGraph) -> Terms:
    """All bonded interactions of one unit cell.

    Args:
        types: UFF4MOF type of every atom.
        graph: bonds with UFF's orders (see `resonance.force_field_orders`).
    """
    kinds = [atom_types()[name] for name in types]
    return Terms(types, _bonds(kinds, graph), _angles(kinds, graph), _dihedrals(kinds, graph), _impropers(kinds, graph))


def bond_length_ang(a: AtomType, b: AtomType, order: float) -> float:
    """UFF's natural length of a bond, Å."""
    ri, rj = a.radius_ang, b.radius_ang
    by_order = -BOND_ORDER_SCALE * (ri + rj) * math.log(order)
    root = math.sqrt(a.electronegativity) - math.sqrt(b.electronegativity)
    by_polarity = ri * rj * root**2 / (a.electronegativity * ri + b.electronegativity * rj)
    return ri + rj + by_order - by_polarity


def bond_coefficients(a: AtomType, b: AtomType, order: float) -> Coefficients:
    """``K (r - r0)^2``: K in kcal/(mol Å2), r0 in Å."""
    length = bond_length_ang(a, b, order)
    constant = 0.5 * COULOMB_TWICE * a.charge_e * b.charge_e / length**3
    return Coefficients("harmonic", (constant, length), _label((a, b), f"order {order:.2f}"))


def angle_coefficients(a: AtomType, centre: AtomType, b: AtomType, order_a: float, order_b: float) -> Coefficients:
    """A cosine of period 1, 3 or 4 about linear, trigonal and square centres, else a cosine series."""
    rij, rjk = bond_length_ang(a, centre, order_a), bond_length_ang(centre, b, order_b)
    theta = math.radians(centre.angle_deg)
    cosine = math.cos(theta)
    rik_squared = rij**2 + rjk**2 - 2.0 * rij * rjk * cosine
    constant = COULOMB_TWICE * a.charge_e * b.charge_e / rik_squared**2.5
    constant *= 3.0 * rij * rjk * (1.0 - cosine**2) - rik_squared * cosine
    label = _label((a, centre, b), f"orders {order_a:.2f} {order_b:.2f}")
    if centre.angle_deg == 180.0:
        return Coefficients("fourier", (constant, 1.0, 1.0, 0.0), label)
    period = _PERIODICITY.get(centre.angle_deg)
    if period:
        return Coefficients("cosine/periodic", (constant / 2.0, (-1) ** period, period), label)
    c2 = 1.0 / (4.0 * math.sin(theta) ** 2)
    return Coefficients("fourier", (constant, c2 * (2.0 * cosine**2 + 1.0), -4.0 * c2 * cosine, c2), label)


def torsion(a: AtomType, b: AtomType, order: float, *, ends_on_sp2: bool) -> tuple[float, int, int] | None:
    """Barrier V (kcal/mol) about the whole bond a-b, period n and sign d of ``V/2 (1 + d cos(n phi))``.

    Args:
        a: type of one central atom.
        b: type of the other.
        order: order of the bond between them.
        ends_on_sp2: whether the outer atom on the side of an sp2 centre is itself sp2 (the propene rule).

    Returns:
        None where UFF has no torsion: about metals, linear atoms and halogens.
    """
    kinds = {_hybridisation(a), _hybridisation(b)}
    if kinds == {3}:
        if a.symbol in _CHALCOGENS and b.symbol in _CHALCOGENS:
            va, vb = (2.0 if atom.symbol == "O" else 6.8 for atom in (a, b))
            return math.sqrt(va * vb), 2, 1
        return math.sqrt(a.sp3_barrier_kcal_per_mol * b.sp3_barrier_kcal_per_mol), 3, 1
    double = 5.0 * math.sqrt(a.sp2_barrier_kcal_per_mol * b.sp2_barrier_kcal_per_mol) * (1.0 + 4.18 * math.log(order))
    if kinds == {2}:
        return double, 2, -1
    if kinds == {2, 3}:
        sp3, sp2 = (a, b) if _hybridisation(a) == 3 else (b, a)
        if sp3.symbol in _CHALCOGENS and sp2.symbol not in _CHALCOGENS and order == 1.0:
            return double, 2, 1
        return (2.0, 3, 1) if ends_on_sp2 else (1.0, 6, -1)
    return None


def inversion(centre: AtomType, *, carbonyl: bool) -> tuple[float, float, float, float] | None:
    """K (kcal/mol) and C0, C1, C2 of ``K (C0 + C1 cos w + C2 cos 2w)`` for the whole centre; None without one."""
    if centre.symbol in ("C", "N") and centre.geometry in ("2", "R"):
        constant = CARBONYL_INVERSION_KCAL_PER_MOL if carbonyl else SP2_INVERSION_KCAL_PER_MOL
        return constant, 1.0, -1.0, 0.0
    angle = _PYRAMID_ANGLE_DEG.get(centre.symbol)
    if angle is None:
        return None
    cosine = math.cos(math.radians(angle))
    c1, c2 = -4.0 * cosine, 1.0
    c0 = -(c1 * cosine + c2 * math.cos(2.0 * math.radians(angle)))
    return PYRAMID_INVERSION_KCAL_PER_MOL / (c0 + c1 + c2), c0, c1, c2


def _hybridisation(atom: AtomType) -> int | None:
    if atom.geometry in ("2", "R") and atom.symbol in ("B", "C", "N", "O", "S"):
        return 2
    return 3 if atom.sp3_barrier_kcal_per_mol > 0 and atom.geometry == "3" else None


def _bonds(kinds: list[AtomType], graph: BondGraph) -> TermTable:
    table = TermTable()
    for i, j, (x, y, z), order in zip(
        graph.i.tolist(), graph.j.tolist(), graph.shift.tolist(), graph.order.tolist(), strict=True
    ):
        a, b = _sorted(kinds[i], kinds[j])
        table.add(((i, _HOME), (j, (x, y, z))), bond_coefficients(a, b, order))
    return table


def _angles(kinds: list[AtomType], graph: BondGraph) -> TermTable:
    table = TermTable()
    for centre, row in enumerate(graph.neighbors):
        for (i, si, order_i), (k, sk, order_k) in combinations(row, 2):
            ends = sorted(((kinds[i].name, order_i), (kinds[k].name, order_k)))
            (a, order_a), (b, order_b) = ((atom_types()[name], order) for name, order in ends)
            line = angle_coefficients(a, kinds[centre], b, order_a, order_b)
            table.add(((i, si), (centre, _HOME), (k, sk)), line)
    return table


def _dihedrals(kinds: list[AtomType], graph: BondGraph) -> TermTable:
    table = TermTable()
    for j, k, (x, y, z), order in zip(
        graph.i.tolist(), graph.j.tolist(), graph.shift.tolist(), graph.order.tolist(), strict=True
    ):
        here: Image = (j, _HOME)
        there: Image = (k, (x, y, z))
        firsts = [(i, s) for i, s, _ in graph.neighbors[j] if (i, s) != there]
        lasts = [(m, _plus(s, there[1])) for m, s, _ in graph.neighbors[k] if (m, _plus(s, there[1])) != here]
        shares = len(firsts) * len(lasts)
        for first, last in product(firsts, lasts):
            ends_on_sp2 = _propene_like(kinds[first[0]], kinds[j]) or _propene_like(kinds[last[0]], kinds[k])
            found = torsion(kinds[j], kinds[k], order, ends_on_sp2=ends_on_sp2)
            # first and last are one atom in a three-membered ring
            if found is None or found[0] == 0.0 or first == last:
                continue
            barrier, period, sign = found
            label = _label(_sorted(kinds[j], kinds[k]), f"order {order:.2f}, 1 of {shares}")
            line = Coefficients("harmonic", (barrier / 2.0 / shares, sign, period), label)
            table.add((first, here, there, last), line)
    return table


def _propene_like(outer: AtomType, central: AtomType) -> bool:
    return _hybridisation(outer) == 2 and _hybridisation(central) == 2


def _impropers(kinds: list[AtomType], graph: BondGraph) -> TermTable:
    table = TermTable()
    for centre, row in enumerate(graph.neighbors):
        if len(row) != 3:
            continue
        carbonyl = kinds[centre].symbol == "C" and any(kinds[j].name == "O_2" for j, _, _ in row)
        found = inversion(kinds[centre], carbonyl=carbonyl)
        if found is None:
            continue
        constant, *series = found
        label = _label((kinds[centre],), "carbonyl" if carbonyl else "")
        line = Coefficients("fourier", (constant / 3.0, *series, 1), label)
        table.add(((centre, _HOME), *((j, shift) for j, shift, _ in row)), line)
    return table


def _plus(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _sorted(a: AtomType, b: AtomType) -> tuple[AtomType, AtomType]:
    return (a, b) if a.name <= b.name else (b, a)


def _label(kinds: Iterable[AtomType], note: str) -> str:
    return f"{'-'.join(kind.name for kind in kinds)} {note}".strip()
