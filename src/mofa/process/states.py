"""What every atom of a bare linker may be, and what the geometry says against it.

A state is a closed shell of one atom: hydrogens, formal charge, and the order of every bond. Costs are negative log
likelihoods: of bond lengths by kind (`mofa.process.bond_kinds`), of angles and pyramidality by hybridisation, and
priors against what chemistry seldom does (a CH2 in a flat six-ring, a cumulene).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import RawLinker
from mofa.chemistry.rings import planar_rings
from mofa.process.bond_kinds import length_window_of_kind_ang
from mofa.process.geometry import angle_deg

Point = tuple[float, float, float]

# Valences of neutral atoms; more than the first only for oxidised sulfur, selenium and phosphorus.
VALENCES: dict[str, tuple[int, ...]] = {
    "C": (4,), "N": (3,), "O": (2,), "S": (2, 4, 6), "Se": (2, 4, 6), "P": (3, 5), "B": (3,), "Si": (4,),
    "F": (1,), "Cl": (1,), "Br": (1,), "I": (1,),
}  # fmt: skip
LENGTH_SIGMA_ANG = 0.065
ANGLE_SIGMA_DEG = 6.0
PYRAMID_SIGMA = 0.25
TWIST_SIGMA_DEG = 20.0
SMALLEST_NORMAL_ANG4 = 1e-3
"""Below this a torsion is not defined: product of the areas spanned by the bond and its two neighbours."""
COST_CAP = 12.0
LINEAR_MIN_DEG = 140.0
"""An atom bent further is not sp; down to here it is the less likely the more it is bent."""
LINEAR_SIGMA_DEG = 12.0
NH_IN_FIVE_RING_DEG = 109.0
N_IN_FIVE_RING_DEG = 105.0
CHARGE_PAIR_COST = 1.0
CH2_IN_FLAT_RING_COST = {5: 3.0, 6: 8.0}
"""By ring size: fluorenes have one, aromatic six-rings none."""
CH_BETWEEN_THREE_IN_FLAT_RING_COST = 6.0
NH_IN_FLAT_SIX_RING_COST = 5.0
NH_BESIDE_O_OR_S_IN_FLAT_RING_COST = 4.0
EXOCYCLIC_DOUBLE_COST = 2.0
"""Of C=C and C=N for each end in a flat ring that does not hold the other: the ring cannot be aromatic there."""
HYDRAZINE_COST = 3.0
CUMULENE_COST = 4.0
FLAT_DOUBLE_BOND_GAIN = 1.3
"""A single bond may have any torsion; one that looks flat is the likelier a double bond: log ratio of the densities."""
TERMINAL_DOUBLE_COST = {"C": 3.0, "N": 3.0}
"""Prior against =CH2 and =NH; =O is as usual as OH."""


@dataclass(frozen=True)
class State:
    """One way for an atom to be."""

    hydrogens: int
    charge: int
    orders: tuple[int, ...]
    """Of the bonds to the neighbours, in the order of `Surroundings.neighbors`."""
    partner: int
    """Index of the neighbour with the opposite charge, -1 for neutral atoms."""
    cost: float

    @property
    def multiplicity(self) -> int:
        """By how much the orders exceed the number of bonds."""
        return sum(self.orders) - len(self.orders)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The bare geometry, as the likelihoods look at it."""

    raw: RawLinker
    pairs: Sequence[tuple[int, int]]
    """Bonded atoms, i < j."""

    @cached_property
    def points(self) -> list[Point]:
        """Positions, Å, as plain numbers: faster than arrays for single bonds and angles."""
        return [(x, y, z) for x, y, z in self.raw.positions.tolist()]

    @cached_property
    def neighbors(self) -> list[list[int]]:
        """Of each atom."""
        around: list[list[int]] = [[] for _ in self.raw.symbols]
        for i, j in self.pairs:
            around[i].append(j)
            around[j].append(i)
        return around

    @cached_property
    def flat_rings(self) -> list[frozenset[int]]:
        """Five- and six-rings that lie flat."""
        return [frozenset(ring) for ring in planar_rings(self.pairs, self.raw.positions)]

    def ring_size(self, atom: int) -> int:
        """Size of the largest flat ring the atom is in, 0 for none."""
        return max((len(ring) for ring in self.flat_rings if atom in ring), default=0)

    def share_flat_ring(self, i: int, j: int) -> bool:
        """Whether two atoms are in one flat ring."""
        return any(i in ring and j in ring for ring in self.flat_rings)


def states_of(known: Surroundings, atom: int) -> list[State]:
    """Every closed shell of an atom with its neighbours; those that contradict `raw.hydrogens` are left out."""
    symbol, around = known.raw.symbols[atom], known.neighbors[atom]
    given = None if known.raw.hydrogens is None else known.raw.hydrogens[atom]
    shape = _shape(known, atom)
    linear = len(around) == 2 and shape > LINEAR_MIN_DEG
    found = []
    for hydrogens in range(4) if given is None else (given,):
        base = 0.0 if given is not None else _hydrogen_cost(known, atom, hydrogens, shape)
        for valence in VALENCES[symbol]:
            extra = valence - len(around) - hydrogens
            if extra < 0 or (symbol == "N" and len(_terminal_oxygens(known, atom)) > 1):
                continue  # two oxygens on one nitrogen are a nitro group
            if valence != VALENCES[symbol][0] and (hydrogens or len(around) != (valence + 3) // 2):
                continue  # high valences belong to sulfoxides, sulfones and phosphine oxides
            for orders in _distributions(symbol, len(around), extra, linear):
                cost = base + _order_prior(symbol, orders)
                found.append(State(hydrogens, 0, orders, -1, cost))
    return found + (_charged_states(known, atom) if not given else [])


def _charged_states(known: Surroundings, atom: int) -> list[State]:
    """N+ with its O- (nitro, N-oxide), and that O-."""
    symbols, neighbors = known.raw.symbols, known.neighbors
    around = neighbors[atom]
    if symbols[atom] == "O" and len(around) == 1 and _may_be_cation(known, around[0]):
        return [State(0, -1, (1,), around[0], CHARGE_PAIR_COST)]
    if not _may_be_cation(known, atom):
        return []
    return [
        State(0, 1, tuple(2 if k == double else 1 for k in around), oxide, 0.0)
        for oxide in _terminal_oxygens(known, atom)
        for double in around
        if double != oxide
    ]


def _may_be_cation(known: Surroundings, atom: int) -> bool:
    return known.raw.symbols[atom] == "N" and len(known.neighbors[atom]) == 3 and bool(_terminal_oxygens(known, atom))


def _terminal_oxygens(known: Surroundings, atom: int) -> list[int]:
    return [k for k in known.neighbors[atom] if known.raw.symbols[k] == "O" and len(known.neighbors[k]) == 1]


def _distributions(symbol: str, n_bonds: int, extra: int, linear: bool) -> list[tuple[int, ...]]:
    """Orders of the bonds when `extra` is to be spread over them: triple bonds and cumulenes only at linear atoms."""
    single = (1,) * n_bonds
    if extra == 0:
        return [single]
    if extra == 1:
        return [tuple(2 if k == j else 1 for k in range(n_bonds)) for j in range(n_bonds)]
    if extra > 2 or (symbol in ("C", "N") and n_bonds > 1 and not linear):
        return []
    spread = []
    if symbol in ("C", "N"):
        spread += [tuple(3 if k == j else 1 for k in range(n_bonds)) for j in range(n_bonds)]
    spread += [tuple(2 if k in pair else 1 for k in range(n_bonds)) for pair in combinations(range(n_bonds), 2)]
    return spread


def _order_prior(symbol: str, orders: tuple[int, ...]) -> float:
    if symbol == "C" and orders == (2, 2):
        return CUMULENE_COST
    return TERMINAL_DOUBLE_COST.get(symbol, 0.0) if orders == (2,) else 0.0


def _hydrogen_cost(known: Surroundings, atom: int, hydrogens: int, shape: float) -> float:
    """What angles and flat rings say against that number of hydrogens; `shape` as from `_shape`."""
    symbol, around = known.raw.symbols[atom], known.neighbors[atom]
    if symbol not in ("C", "N", "Si"):
        return 0.0
    ring_size = known.ring_size(atom)
    if len(around) == 3 and symbol != "N":
        in_ring = CH_BETWEEN_THREE_IN_FLAT_RING_COST * hydrogens if ring_size else 0.0
        return in_ring + penalty(shape - (1.0 if hydrogens else 0.0), PYRAMID_SIGMA)
    if len(around) == 2 and symbol == "C":
        if hydrogens == 0:
            return penalty(180.0 - shape, LINEAR_SIGMA_DEG)
        if ring_size:
            return CH2_IN_FLAT_RING_COST[ring_size] * (hydrogens == 2)
        return penalty(shape - (122.0 if hydrogens == 1 else 112.0), ANGLE_SIGMA_DEG)
    if len(around) == 2 and symbol == "N" and ring_size:
        if ring_size == 6:
            return NH_IN_FLAT_SIX_RING_COST * hydrogens
        beside = any(known.raw.symbols[k] in ("O", "S") for k in around)
        usual = NH_IN_FIVE_RING_DEG if hydrogens else N_IN_FIVE_RING_DEG
        return NH_BESIDE_O_OR_S_IN_FLAT_RING_COST * hydrogens * beside + penalty(shape - usual, ANGLE_SIGMA_DEG)
    return 0.0


def table_of_pair(
    known: Surroundings, i: int, j: int, of_i: Sequence[State], of_j: Sequence[State]
) -> NDArray[np.float64]:
    """Cost of each pair of states at the ends of a bond, ``[n_states_of_i, n_states_of_j]``; infinite where they clash.

    Both must mean the same order, charges must meet their partner, and the length must suit the kind of the bond.
    """
    at_i, at_j = known.neighbors[i].index(j), known.neighbors[j].index(i)
    length = math.dist(known.points[i], known.points[j])
    symbols = (known.raw.symbols[i], known.raw.symbols[j])
    flat = known.share_flat_ring(i, j)
    rings_left = 0 if flat or "O" in symbols else sum(known.ring_size(k) > 0 for k in (i, j))
    twist = 0.0 if flat else _twist_cost(known, i, j)
    nitrogens = symbols == ("N", "N")
    against_double = twist + EXOCYCLIC_DOUBLE_COST * rings_left
    table = np.full((len(of_i), len(of_j)), np.inf)
    for row, a in enumerate(of_i):
        for column, b in enumerate(of_j):
            order = a.orders[at_i]
            if order != b.orders[at_j] or (a.partner == j) != (b.partner == i):
                continue
            window = length_window_of_kind_ang(symbols[0], a.multiplicity, symbols[1], b.multiplicity, order, flat)
            if window is not None:
                outside = max(window[0] - length, length - window[1], 0.0)
                table[row, column] = penalty(outside, LENGTH_SIGMA_ANG)
                if order == 2:
                    table[row, column] += against_double
                if nitrogens and a.hydrogens and b.hydrogens:
                    table[row, column] += HYDRAZINE_COST
    return table


def _twist_cost(known: Surroundings, i: int, j: int) -> float:
    """What the torsions about a bond say against a double bond: its substituents lie in one plane."""
    x = known.points
    axis = _minus(x[j], x[i])
    left = [_cross(_minus(x[k], x[i]), axis) for k in known.neighbors[i] if k != j]
    right = [_cross(_minus(x[k], x[j]), axis) for k in known.neighbors[j] if k != i]
    sizes = [math.hypot(*a) * math.hypot(*b) for a, b in product(left, right)]
    sines = [
        math.hypot(*_cross(a, b)) / size
        for (a, b), size in zip(product(left, right), sizes, strict=True)
        if size > SMALLEST_NORMAL_ANG4
    ]
    if not sines:
        return 0.0
    return penalty(math.degrees(math.asin(min(max(sines), 1.0))), TWIST_SIGMA_DEG) - FLAT_DOUBLE_BOND_GAIN


def penalty(deviation: float, sigma: float) -> float:
    """Negative log likelihood of a deviation, up to `COST_CAP`."""
    return min(0.5 * (deviation / sigma) ** 2, COST_CAP)


def _shape(known: Surroundings, atom: int) -> float:
    """Of an atom with two neighbours the angle, degrees; with three the pyramidality, 0 when flat, 1 tetrahedral."""
    x = known.points
    arms = [_minus(x[k], x[atom]) for k in known.neighbors[atom]]
    if len(arms) == 3:
        units = [tuple(component / math.hypot(*arm) for component in arm) for arm in arms]
        return math.hypot(*(sum(components) for components in zip(*units, strict=True)))
    return angle_deg(arms[0], (0.0, 0.0, 0.0), arms[1]) if len(arms) == 2 else 0.0


def _minus(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _cross(a: Point, b: Point) -> Point:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
