"""Bond orders and hydrogens of a linker that comes as bare heavy atoms.

The most likely molecule is an integer programme. Every bond takes one order, every atom one state (formal charge,
valence, hydrogens); at each atom the orders must add up to valence minus hydrogens, and the charges must cancel. Each
choice costs what the geometry says against it: bond lengths against the reference of that order, angles and
pyramidality against that number of hydrogens. The optimum is exact, always a neutral closed shell, and found in
milliseconds; the solver has a time limit. Coordinates are never changed here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from mofa.chemistry import AnchorKind, Bond, Family, RawLinker, Reason, Rejected, Stage
from mofa.chemistry.anchors import anchor_groups
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.chemistry.rings import planar_rings
from mofa.process.geometry import angle_deg, connected_pairs, reference_length_ang

# (formal charge, valence) that an element may show in a linker; see `_allowed` for the surroundings that some need.
_STATES: dict[str, tuple[tuple[int, int], ...]] = {
    "C": ((0, 4),),
    "N": ((0, 3), (1, 4)),
    "O": ((0, 2), (-1, 1)),
    "S": ((0, 2), (0, 4), (0, 6)),
    "Se": ((0, 2), (0, 4), (0, 6)),
    "P": ((0, 3), (0, 5)),
    "B": ((0, 3),),
    "Si": ((0, 4),),
    "F": ((0, 1),),
    "Cl": ((0, 1),),
    "Br": ((0, 1),),
    "I": ((0, 1),),
}
LENGTH_SIGMA_ANG = 0.05
ANGLE_SIGMA_DEG = 5.0
PYRAMID_SIGMA = 0.25
COST_CAP = 12.0
CHARGE_COST = 1.0
CH2_IN_FLAT_RING_COST = 8.0
CH_BETWEEN_THREE_IN_FLAT_RING_COST = 6.0
NH_IN_FLAT_SIX_RING_COST = 5.0
LINEAR_MIN_DEG = 155.0


@dataclass(frozen=True)
class _State:
    """One way for an atom to be."""

    charge: int
    valence: int
    hydrogens: int
    cost: float


def perceive(raw: RawLinker, *, time_limit_s: float) -> RawLinker | Rejected:
    """The same linker with `bonds`, `hydrogens` and `formal_charges` filled in.

    Args:
        raw: heavy atoms only; `hydrogens`, where given, are kept as they are.
        time_limit_s: of the solver, s.
    """
    pairs = connected_pairs(raw.symbols, raw.positions)
    foreign = tuple(k for k, symbol in enumerate(raw.symbols) if symbol not in _STATES)
    if foreign:
        names = ", ".join(sorted({raw.symbols[k] for k in foreign}))
        detail = f"bond orders of {names} cannot be perceived; give the bonds (SDF or SMILES)"
        return Rejected(Stage.PROCESS, Reason.UNKNOWN_ELEMENT, detail, foreign)
    around: list[list[int]] = [[] for _ in raw.symbols]
    for i, j in pairs:
        around[i].append(j)
        around[j].append(i)
    lone = tuple(k for k, neighbors in enumerate(around) if not neighbors)
    if lone:
        return Rejected(Stage.PROCESS, Reason.FRAGMENTED, f"{len(lone)} atoms have no bond", lone)
    rings = planar_rings(pairs, raw.positions)
    states = [_states(raw, k, around, rings) for k in range(len(raw.symbols))]
    crowded = tuple(k for k, options in enumerate(states) if not options)
    if crowded:
        k = crowded[0]
        detail = f"{raw.symbols[k]}{k + 1} has {len(around[k])} bonds; no closed shell fits"
        return Rejected(Stage.PROCESS, Reason.VALENCE, detail, crowded)
    orders = _with_anchors(raw, pairs, states, [_order_costs(raw, i, j) for i, j in pairs])
    return _solve(raw, pairs, orders, states, around, time_limit_s)


def _order_costs(raw: RawLinker, i: int, j: int) -> dict[int, float]:
    """Cost of each order of the bond i-j by its length."""
    length = float(np.linalg.norm(raw.positions[i] - raw.positions[j]))
    costs = {}
    for order in (1, 2, 3):
        reference = reference_length_ang(raw.symbols[i], raw.symbols[j], order)
        if reference is not None:
            costs[order] = _penalty(length - reference, LENGTH_SIGMA_ANG)
    return costs


def _with_anchors(
    raw: RawLinker, pairs: Sequence[tuple[int, int]], states: list[list[_State]], orders: list[dict[int, float]]
) -> list[dict[int, float]]:
    """Order costs with the ends held to what they are.

    C(=O)O and C#N hang on a single bond; which oxygen is doubly bonded stays open. Where the generator names its
    anchors, neither their carboxyl carbons nor their pyridyl and amine nitrogens (in `states`) bear a hydrogen.
    """
    kind = ENDS_OF_FAMILY[raw.family].kind
    unknown = [Bond(i, j, 0.0) for i, j in pairs]
    fixed: dict[frozenset[int], int] = {}
    bare: set[int] = set()
    if kind is AnchorKind.CARBOXYLATE or raw.family is Family.BZN:
        for group in anchor_groups(raw.family, raw.symbols, unknown, raw.positions):
            carbon = group[1] if raw.family is Family.BZN else group[0]
            bare.add(carbon)
            fixed[frozenset((carbon, group[-1]))] = 1
            if raw.family is Family.BZN:
                fixed[frozenset(group[:2])] = 3
    elif kind is AnchorKind.N_DONOR:
        bare = {anchor[0] for anchor in raw.anchors if anchor}
    for k in bare:
        states[k] = [state for state in states[k] if state.hydrogens == 0] or states[k]
    held = []
    for pair, costs in zip(pairs, orders, strict=True):
        order = fixed.get(frozenset(pair))
        held.append(costs if order is None else {order: costs[order]})
    return held


def _allowed(
    symbols: Sequence[str], k: int, around: Sequence[Sequence[int]], charge: int, valence: int, hydrogens: int
) -> bool:
    """Whether the surroundings admit a state: charges only in N+-O- pairs, high valences only in oxidised S and P."""
    degree = len(around[k])
    if valence < degree + hydrogens or (charge and hydrogens):
        return False
    if symbols[k] == "N":
        terminal_oxygens = sum(symbols[j] == "O" and len(around[j]) == 1 for j in around[k])
        is_nitro = terminal_oxygens > 1
        return charge == 1 if is_nitro else charge == 0 or terminal_oxygens == 1
    if charge < 0:
        return degree == 1 and symbols[around[k][0]] == "N"
    usual = _STATES[symbols[k]][0][1]
    return valence == usual or (hydrogens == 0 and degree == valence // 2 + 1)


def _states(raw: RawLinker, k: int, around: Sequence[Sequence[int]], rings: Sequence[tuple[int, ...]]) -> list[_State]:
    """What atom k may be, with the cost of its hydrogens by the angles around it and the flat rings it is in."""
    found = []
    ring_size = max((len(ring) for ring in rings if k in ring), default=0)
    given = None if raw.hydrogens is None else raw.hydrogens[k]
    for charge, valence in _STATES[raw.symbols[k]]:
        for hydrogens in range(4) if given is None else (given,):
            if not _allowed(raw.symbols, k, around, charge, valence, hydrogens):
                continue
            cost = CHARGE_COST * abs(charge)
            if given is None:
                cost += _hydrogen_cost(raw, k, around[k], hydrogens, ring_size)
            found.append(_State(charge, valence, hydrogens, cost))
    return found


def _hydrogen_cost(raw: RawLinker, k: int, neighbors: Sequence[int], hydrogens: int, ring_size: int) -> float:
    """What the local geometry says against that number of hydrogens; bond lengths speak for themselves elsewhere.

    `ring_size` is that of the largest flat ring the atom is in, 0 for none.
    """
    if raw.symbols[k] not in ("C", "N", "Si"):
        return 0.0
    x = raw.positions
    if len(neighbors) == 3 and raw.symbols[k] != "N":
        arms = np.array([(x[j] - x[k]) / np.linalg.norm(x[j] - x[k]) for j in neighbors])
        pyramid = float(np.linalg.norm(arms.sum(axis=0)))
        in_ring = CH_BETWEEN_THREE_IN_FLAT_RING_COST * hydrogens if ring_size else 0.0
        return in_ring + _penalty(pyramid - (1.0 if hydrogens else 0.0), PYRAMID_SIGMA)
    if len(neighbors) == 2 and raw.symbols[k] == "C":
        angle = angle_deg(x[neighbors[0]], x[k], x[neighbors[1]])
        if angle > LINEAR_MIN_DEG:
            return COST_CAP * hydrogens
        if hydrogens == 0:
            return COST_CAP
        if ring_size:
            return CH2_IN_FLAT_RING_COST * (hydrogens == 2)
        return _penalty(angle - (122.0 if hydrogens == 1 else 112.0), ANGLE_SIGMA_DEG) / 2
    if len(neighbors) == 2 and raw.symbols[k] == "N" and ring_size == 6:
        return NH_IN_FLAT_SIX_RING_COST * hydrogens
    return 0.0


def _penalty(deviation: float, sigma: float) -> float:
    return min(0.5 * (deviation / sigma) ** 2, COST_CAP)


def _solve(
    raw: RawLinker,
    pairs: Sequence[tuple[int, int]],
    orders: Sequence[dict[int, float]],
    states: Sequence[Sequence[_State]],
    around: Sequence[Sequence[int]],
    time_limit_s: float,
) -> RawLinker | Rejected:
    """Choose orders and states of least cost that satisfy every valence and cancel the charges."""
    bond_choices = [(b, order) for b, costs in enumerate(orders) for order in costs]
    state_choices = [(k, s) for k, options in enumerate(states) for s in range(len(options))]
    first = len(bond_choices)
    cost = np.array([orders[b][o] for b, o in bond_choices] + [states[k][s].cost for k, s in state_choices])
    rows = _Rows(len(cost))
    valence_row = rows.block(len(states), 0.0, 0.0)
    one_order = rows.block(len(pairs), 1.0, 1.0)
    one_state = rows.block(len(states), 1.0, 1.0)
    one_multiple = rows.block(len(states), 0.0, 1.0)
    neutral = rows.block(1, 0.0, 0.0)
    bent = [_is_bent(raw, k, around[k]) for k in range(len(states))]
    for column, (b, order) in enumerate(bond_choices):
        rows.add(one_order + b, column, 1.0)
        for atom in pairs[b]:
            rows.add(valence_row + atom, column, float(order))
            if bent[atom] and order > 1:
                # No cumulenes and no triple bonds at a bent atom: at most one double bond.
                rows.add(one_multiple + atom, column, 1.0 if order == 2 else 2.0)
    for offset, (k, s) in enumerate(state_choices):
        state = states[k][s]
        rows.add(valence_row + k, first + offset, float(state.hydrogens - state.valence))
        rows.add(one_state + k, first + offset, 1.0)
        rows.add(neutral, first + offset, float(state.charge))
    result = milp(
        cost,
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        constraints=rows.constraint(),
        options={"time_limit": time_limit_s},
    )
    if result.status == 1:
        return Rejected(Stage.PROCESS, Reason.TIME_LIMIT, f"bond orders took longer than {time_limit_s:.1f} s")
    if result.x is None:
        detail = "no neutral closed-shell molecule fits this geometry's connectivity"
        return Rejected(Stage.PROCESS, Reason.VALENCE, detail)
    chosen = np.flatnonzero(result.x > 0.5).tolist()
    bonds = tuple(Bond(*pairs[b], float(order)) for b, order in (bond_choices[c] for c in chosen if c < first))
    picked = {k: states[k][s] for k, s in (state_choices[c - first] for c in chosen if c >= first)}
    return replace(
        raw,
        bonds=bonds,
        hydrogens=tuple(picked[k].hydrogens for k in range(len(states))),
        formal_charges=tuple(picked[k].charge for k in range(len(states))),
    )


def _is_bent(raw: RawLinker, k: int, neighbors: Sequence[int]) -> bool:
    """Whether C or N with two or more neighbours is not linear, so that it has room for one double bond at most."""
    if raw.symbols[k] not in ("C", "N") or len(neighbors) < 2:
        return False
    if len(neighbors) > 2:
        return True
    x = raw.positions
    return angle_deg(x[neighbors[0]], x[k], x[neighbors[1]]) < LINEAR_MIN_DEG


class _Rows:
    """Sparse constraint rows, collected entry by entry."""

    def __init__(self, n_columns: int) -> None:
        self._n_columns = n_columns
        self._low: list[float] = []
        self._high: list[float] = []
        self._entries: dict[tuple[int, int], float] = defaultdict(float)

    def block(self, n: int, low: float, high: float) -> int:
        """Open `n` rows with these bounds; returns the first."""
        first = len(self._low)
        self._low += [low] * n
        self._high += [high] * n
        return first

    def add(self, row: int, column: int, value: float) -> None:
        self._entries[row, column] += value

    def constraint(self) -> LinearConstraint:
        index: NDArray[np.int64] = np.array(list(self._entries), dtype=np.int64)
        shape = (len(self._low), self._n_columns)
        matrix = coo_array((list(self._entries.values()), (index[:, 0], index[:, 1])), shape=shape)
        return LinearConstraint(matrix.tocsc(), self._low, self._high)
