"""From the network's last guess to a molecule: the most likely bonds and hydrogens that make sense together.

Where the likeliest class of every bond already gives a sound molecule, that is it. Otherwise an integer
programme (HiGHS) finds the most likely choice for which every valence is exact, each anchor has one single bond, no
carbon or nitrogen two double bonds, and the whole is connected; rings of other sizes than five to seven are cut off and
the programme is solved again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.special import log_softmax

from mofa.generate.moflinker.graphs import bad_rings, components, is_sound
from mofa.generate.moflinker.vocabulary import BOND_ORDERS, CHARGES, ELEMENTS, MAX_HYDROGENS, N_ANCHORS

_VALENCE = {"C": 4, "N": 3, "O": 2, "F": 1, "S": 2, "Cl": 1, "Br": 1}
_CHARGED = {("N", 1): 4, ("O", -1): 1}
_SIX_VALENT_COST = 2.0
"""What a sulphur of valence six costs, nats."""
_HYDROGEN_WEIGHT = 0.5
_UNLIKELY = 0.0003
_LIKELY, _NEAR_ANG, _FAR_ANG = 0.03, 1.7, 2.6
_PAIR_ANG = 1.8
"""Nitrogen and oxygen that share a pair of charges are at most this far apart."""
_MAX_ROUNDS = 6
_TIME_LIMIT_S = 0.3

Bonds = list[tuple[int, int, float]]
"""Two atoms and the order; atoms 0 and 1 are the anchors."""


class Fault(StrEnum):
    """Why a guess gives no molecule."""

    EMPTY = "empty"
    """No atoms are left, or too few."""
    UNSOUND = "unsound"
    """The likeliest bonds make none."""
    INFEASIBLE = "infeasible"
    """No choice of bonds gives every atom its valence."""
    DISCONNECTED = "disconnected"
    RINGS = "rings"
    """Rings of other sizes than five to seven stay."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What the network says of one linker, as numbers; the core without fake atoms and padding."""

    elements: NDArray[np.int64]
    """``[n]``"""
    positions: NDArray[np.float64]
    """Å, anchors first, ``[n + 2, 3]``."""
    bonds: NDArray[np.float64]
    """Log-probabilities of the bond classes, ``[n + 2, n + 2, 5]``."""
    hydrogens: NDArray[np.float64]
    """Log-probabilities, ``[n, 4]``."""
    charges: NDArray[np.float64]
    """Log-probabilities, ``[n, 3]``."""

    @classmethod
    def of_logits(
        cls,
        elements: NDArray[np.int64],
        positions: NDArray[np.float64],
        bonds: NDArray[np.float64],
        hydrogens: NDArray[np.float64],
        charges: NDArray[np.float64],
    ) -> Scores:
        """From the network's logits."""
        return cls(elements, positions, *(log_softmax(x, axis=-1) for x in (bonds, hydrogens, charges)))

    @property
    def symbols(self) -> list[str]:
        """Element symbols of the core."""
        return [ELEMENTS[k] for k in self.elements]


@dataclass(frozen=True)
class Decoded:
    """Bonds, hydrogens and charges of a core that make a molecule."""

    bonds: Bonds
    hydrogens: list[int]
    charges: list[int]
    exact: bool
    """Whether every choice is the network's likeliest; False where the integer programme had to change some."""


def decode(scores: Scores, *, least_atoms: int = 1, repair: bool = True) -> Decoded | Fault:
    """The most likely molecule.

    Args:
        scores: of one linker.
        least_atoms: fewest atoms of the core.
        repair: whether the integer programme is tried where the likeliest bonds make no molecule.
    """
    if len(scores.elements) < least_atoms:
        return Fault.EMPTY
    return _likeliest(scores) or (_programme(scores) if repair else Fault.UNSOUND)


def _likeliest(scores: Scores) -> Decoded | None:
    """Every bond as the network likes it best, hydrogens too or else as the bonds leave room, if that is a molecule."""
    kinds = scores.bonds.argmax(-1)
    pairs = zip(*np.nonzero(np.triu(kinds, 1)), strict=True)
    bonds = [(int(i), int(j), BOND_ORDERS[kinds[i, j]]) for i, j in pairs]
    charges = _neutral_charges(scores)
    liked = scores.hydrogens.argmax(-1).tolist()
    for hydrogens in (liked, _room(scores.symbols, bonds, charges, liked)):
        if min(hydrogens) >= 0 and is_sound(scores.symbols, bonds, hydrogens, charges):
            return Decoded(bonds, hydrogens, charges, exact=hydrogens == liked)
    return None


def _room(symbols: Sequence[str], bonds: Bonds, charges: Sequence[int], liked: Sequence[int]) -> list[int]:
    """Hydrogens that fill the valences, negative where there is too much; as liked where aromatic bonds do not tell."""
    hydrogens = []
    for atom, (symbol, charge) in enumerate(zip(symbols, charges, strict=True), start=N_ANCHORS):
        orders = [order for i, j, order in bonds if atom in (i, j)]
        if 1.5 in orders:
            hydrogens.append(3 - len(orders) if symbol == "C" else liked[atom - N_ANCHORS])
            continue
        valence = _CHARGED.get((symbol, charge), _VALENCE[symbol])
        full = 6 if symbol == "S" and sum(orders) > valence else valence
        hydrogens.append(int(full - sum(orders)))
    return hydrogens


def _programme(scores: Scores) -> Decoded | Fault:
    """The most likely molecule by integer programming, with cuts until it is one piece with sound rings."""
    deadline = time.monotonic() + 4 * _TIME_LIMIT_S
    for least in (_UNLIKELY, 0.0):
        found = _with_cuts(_Problem(scores, least), deadline)
        if isinstance(found, Decoded):
            break
    return found


def _with_cuts(problem: _Problem, deadline: float) -> Decoded | Fault:
    fault = Fault.INFEASIBLE
    for _ in range(_MAX_ROUNDS):
        found = problem.solve()
        if found is None or time.monotonic() > deadline:
            return fault
        pieces = components(len(problem.symbols) + N_ANCHORS, found.bonds)
        if len(pieces) > 1:
            fault = Fault.DISCONNECTED
            problem.connect(pieces)
            continue
        rings = bad_rings(problem.symbols, found.bonds)
        if not rings:
            return found
        fault = Fault.RINGS
        problem.forbid(rings)
    return fault


class _Problem:
    """The integer programme: bonds by order and hydrogens by number as binary variables.

    Args:
        scores: of one linker.
        least_likely: orders and numbers of hydrogens of smaller probability are left out, which is faster.
    """

    def __init__(self, scores: Scores, least_likely: float) -> None:
        self._scores = scores
        self.symbols = scores.symbols
        self._least = np.log(max(least_likely, 1e-300))
        self._n = len(scores.elements)
        self._charges = _neutral_charges(scores)
        separation = np.linalg.norm(scores.positions[:, None] - scores.positions[None], axis=-1)
        likely = (np.exp(scores.bonds[..., 0]) < 1.0 - _LIKELY) & (separation < _FAR_ANG)
        near = np.triu(likely | (separation < _NEAR_ANG), 1)
        near[:N_ANCHORS, :N_ANCHORS] = False
        self._separation = separation
        self._pairs: list[tuple[int, int]] = [(int(i), int(j)) for i, j in zip(*np.nonzero(near), strict=True)]
        self._pieces: list[frozenset[int]] = []
        self._forbidden: list[frozenset[tuple[int, int]]] = []

    def connect(self, pieces: Sequence[set[int]]) -> None:
        """Each of these sets of atoms must have a bond to the others."""
        for piece in pieces:
            if not any((i in piece) != (j in piece) for i, j in self._pairs):
                outside = [k for k in range(self._n + N_ANCHORS) if k not in piece]
                ways = [(a, b) for a in piece for b in outside if a >= N_ANCHORS or b >= N_ANCHORS]
                if ways:
                    a, b = min(ways, key=lambda way: self._separation[way])
                    self._pairs.append((min(a, b), max(a, b)))
            self._pieces.append(frozenset(piece))

    def forbid(self, rings: Iterable[Sequence[int]]) -> None:
        """None of these rings may be closed."""
        for ring in rings:
            edges = zip(ring, (*ring[1:], ring[0]), strict=True)
            self._forbidden.append(frozenset((min(edge), max(edge)) for edge in edges))

    def solve(self) -> Decoded | None:
        """The best choice under all constraints so far, or None where there is none."""
        rows = _Rows()
        costs: list[float] = []
        orders: list[dict[int, int]] = []
        for i, j in self._pairs:
            gains = _order_gains(self._scores.bonds[i, j])
            possible = self._scores.bonds[i, j, 1:4] >= self._least
            possible[:2] |= self._scores.bonds[i, j, 4] >= self._least
            allowed = (1,) if i < N_ANCHORS else tuple(k + 1 for k in range(3) if possible[k]) or (1,)
            orders.append({order: len(costs) + k for k, order in enumerate(allowed)})
            costs += [-gains[order - 1] for order in allowed]
            rows.add(dict.fromkeys(orders[-1].values(), 1.0), 0, 1)
        hydrogens: list[dict[int, int]] = []
        for row in self._scores.hydrogens:
            numbers = [k for k in range(MAX_HYDROGENS + 1) if row[k] >= self._least]
            hydrogens.append({number: len(costs) + k for k, number in enumerate(numbers)})
            costs += [-_HYDROGEN_WEIGHT * row[k] for k in numbers]
        at: list[list[tuple[int, int]]] = [[] for _ in range(self._n + N_ANCHORS)]
        for pair, (i, j) in enumerate(self._pairs):
            for order, variable in orders[pair].items():
                at[i].append((order, variable))
                at[j].append((order, variable))
        for anchor in range(N_ANCHORS):
            rows.add({variable: 1.0 for _, variable in at[anchor]}, 1, 1)
        for atom, symbol in enumerate(self.symbols):
            mine = at[atom + N_ANCHORS]
            counts = {variable: float(number) for number, variable in hydrogens[atom].items()}
            rows.add(dict.fromkeys(counts, 1.0), 1, 1)
            valence = _CHARGED.get((symbol, self._charges[atom]), _VALENCE[symbol])
            terms = {variable: float(order) for order, variable in mine} | counts
            if symbol == "S":
                terms[len(costs)] = -4.0
                # Sulphones and their like have no hydrogen and no triple bond on sulphur.
                odd = [variable for order, variable in mine if order == 3]
                odd += [variable for variable, number in counts.items() if number]
                for variable in odd:
                    rows.add({len(costs): 1.0, variable: 1.0}, 0, 1)
                costs.append(_SIX_VALENT_COST)
            rows.add(terms, valence, valence)
            rows.add({variable: 1.0 for _, variable in mine}, 1, 4)
            if symbol in ("C", "N"):
                rows.add({variable: 1.0 for order, variable in mine if order == 2}, 0, 1)
        for piece in self._pieces:
            crossing = [k for k, (i, j) in enumerate(self._pairs) if (i in piece) != (j in piece)]
            rows.add({variable: 1.0 for k in crossing for variable in orders[k].values()}, 1, np.inf)
        for ring in self._forbidden:
            edges = [k for k, pair in enumerate(self._pairs) if pair in ring]
            rows.add({variable: 1.0 for k in edges for variable in orders[k].values()}, 0, len(ring) - 1)
        chosen = rows.best(costs)
        if chosen is None:
            return None
        bonds = [(*pair, float(order)) for pair, of in zip(self._pairs, orders, strict=True)
                 for order, variable in of.items() if chosen[variable]]  # fmt: skip
        counted = [next(k for k, variable in of.items() if chosen[variable]) for of in hydrogens]
        return Decoded(bonds, counted, self._charges, exact=False)


class _Rows:
    """Constraints, row by row."""

    def __init__(self) -> None:
        self._terms: list[dict[int, float]] = []
        self._least: list[float] = []
        self._most: list[float] = []

    def add(self, terms: dict[int, float], least: float, most: float) -> None:
        self._terms.append(terms)
        self._least.append(least)
        self._most.append(most)

    def best(self, costs: list[float]) -> NDArray[np.bool_] | None:
        """The cheapest 0/1 choice, or None where there is none, or none in time."""
        starts = np.cumsum([0, *(len(terms) for terms in self._terms)])
        columns = np.fromiter((k for terms in self._terms for k in terms), dtype=np.int64, count=int(starts[-1]))
        values = np.fromiter((x for terms in self._terms for x in terms.values()), dtype=float, count=int(starts[-1]))
        matrix = csr_array((values, columns, starts), shape=(len(self._terms), len(costs)))
        result = milp(
            np.array(costs),
            constraints=LinearConstraint(matrix, self._least, self._most),
            integrality=np.ones(len(costs)),
            bounds=Bounds(0, 1),
            options={"time_limit": _TIME_LIMIT_S, "mip_rel_gap": 1e-3},
        )
        return None if result.x is None else np.asarray(result.x > 0.5)


def _order_gains(log_probabilities: NDArray[np.float64]) -> tuple[float, float, float]:
    """What single, double and triple are likelier than no bond, nats; aromatic counts half for single and double."""
    none, single, double, triple, aromatic = log_probabilities
    half = aromatic + np.log(0.5)
    return (
        float(np.logaddexp(single, half) - none), float(np.logaddexp(double, half) - none), float(triple - none),
    )  # fmt: skip


def _neutral_charges(scores: Scores) -> list[int]:
    """The likeliest charges of nitrogen and oxygen that come in pairs side by side, as in nitro groups."""
    symbols = scores.symbols
    core = scores.positions[N_ANCHORS:]
    charges = [0] * len(symbols)
    gains = scores.charges - scores.charges[:, [CHARGES.index(0)]]
    plus, minus = CHARGES.index(1), CHARGES.index(-1)
    pairs = [
        (float(gains[n, plus] + gains[o, minus]), n, o)
        for n, symbol in enumerate(symbols)
        if symbol == "N"
        for o, other in enumerate(symbols)
        if other == "O" and np.linalg.norm(core[n] - core[o]) < _PAIR_ANG
    ]
    for gain, n, o in sorted(pairs, reverse=True):
        if gain > 0.0 and not charges[n] and not charges[o]:
            charges[n], charges[o] = 1, -1
    return charges
