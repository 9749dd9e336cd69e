"""A framework with what its checks ask of it, each computed once: pairs, bonds by atom, angles, roles of neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.checks.windows import longest_contact_ang
from mofa.chemistry import BondGraph, Framework
from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.bonds import Pairs, neighbor_pairs, perceive, perception_reach_ang
from mofa.chemistry.elements import METALS, atomic_number, symbol_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def among(values: Ints, pool: Ints) -> Mask:
    """Which values occur in the pool; for the few hundred numbers met here faster than `numpy.isin`."""
    if not len(pool):
        return np.zeros(len(values), dtype=np.bool_)
    pool = np.sort(pool)
    return np.asarray(pool[np.minimum(np.searchsorted(pool, values), len(pool) - 1)] == values, dtype=np.bool_)


class Ends(NamedTuple):
    """Every bond twice, once from each of its atoms, sorted by the atom that it is seen from; ``[2 * n_bonds]``."""

    bond: Ints
    centre: Ints
    outer: Ints
    shift: Ints
    """Cell offset of the outer atom, ``[2 * n_bonds, 3]``."""
    unit: Floats
    """Direction from the centre, ``[2 * n_bonds, 3]``."""


class Angles(NamedTuple):
    """Every pair of bonds at every atom, as rows of `Ends`; ``[n_angles]``."""

    one: Ints
    two: Ints


@dataclass(frozen=True, eq=False)
class Structure:
    """What the checks look at. Masks and counts are ``[n_atoms]``."""

    framework: Framework
    pairs: Pairs
    """All pairs near enough for a bond or a clash."""
    graph: BondGraph
    """The framework's bonds; those seen in the geometry where it has none."""

    @classmethod
    def of(cls, framework: Framework) -> Structure:
        """Look at a framework of known elements, finite coordinates and a cell with volume."""
        symbols = framework.symbols
        reach = max(perception_reach_ang(symbols), longest_contact_ang(frozenset(symbols)))
        pairs = neighbor_pairs(symbols, framework.positions, framework.cell, reach)
        graph = framework.bonds
        if graph is None:
            graph = perceive(symbols, framework.positions, framework.cell, pairs=pairs)
        return cls(framework, pairs, graph)

    def label(self, atom: int) -> str:
        """Element and number from 1, as in a CIF."""
        return f"{self.framework.symbols[atom]}{atom + 1}"

    def formula(self, atoms: Sequence[int]) -> str:
        """Elements and numbers in Hill's order: carbon and hydrogen first, the rest by name."""
        counts = Counter(self.framework.symbols[atom] for atom in atoms)
        first = [symbol for symbol in ("C", "H") if symbol in counts] if "C" in counts else []
        order = first + sorted(symbol for symbol in counts if symbol not in first)
        return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order)

    @cached_property
    def numbers(self) -> Ints:
        """Atomic numbers."""
        return self.framework.numbers

    @cached_property
    def elements(self) -> tuple[tuple[str, ...], Ints]:
        """The elements by atomic number, and for every atom the place of its own among them."""
        numbers, place = np.unique(self.numbers, return_inverse=True)
        return tuple(symbol_of(number) for number in numbers.tolist()), place

    @cached_property
    def metal(self) -> Mask:
        """Atoms that are metals."""
        return METALS[self.numbers]

    def are(self, *symbols: str) -> Mask:
        """Atoms of these elements."""
        return _element_table(symbols)[self.numbers]

    @cached_property
    def seen(self) -> BondGraph:
        """The bonds that the geometry shows."""
        if self.framework.bonds is None:
            return self.graph
        return perceive(self.framework.symbols, self.framework.positions, self.framework.cell, pairs=self.pairs)

    @cached_property
    def vectors(self) -> Floats:
        """Bond vectors, Å, ``[n_bonds, 3]``."""
        return self.graph.vectors(self.framework.positions, self.framework.cell)

    @cached_property
    def lengths(self) -> Floats:
        """Bond lengths, Å, ``[n_bonds]``."""
        return np.asarray(np.sqrt((self.vectors**2).sum(axis=1)), dtype=np.float64)

    @cached_property
    def ends(self) -> Ends:
        """Bonds by atom."""
        graph = self.graph
        centre = np.concatenate([graph.i, graph.j])
        rows = np.argsort(centre, kind="stable")
        unit = self.vectors / np.maximum(self.lengths, np.finfo(float).tiny)[:, None]
        return Ends(
            rows % max(len(graph), 1),
            centre[rows],
            np.concatenate([graph.j, graph.i])[rows],
            np.concatenate([graph.shift, -graph.shift])[rows],
            np.concatenate([unit, -unit])[rows],
        )

    @cached_property
    def angles(self) -> Angles:
        """All pairs of bonds that share an atom."""
        counts = self.graph.coordination
        first = np.cumsum(counts) - counts
        one, two = [], []
        for count in range(2, int(counts.max(initial=0)) + 1):
            start = first[counts == count]
            if len(start):
                a, b = _PAIRS_OF[count] if count < len(_PAIRS_OF) else np.triu_indices(count, 1)
                one.append((start[:, None] + a).ravel())
                two.append((start[:, None] + b).ravel())
        if not one:
            return Angles(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        return Angles(np.concatenate(one), np.concatenate(two))

    def neighbors_that_are(self, mask: Mask) -> Ints:
        """How many neighbours of every atom are in the mask."""
        return self.bonds_that_are(mask[self.ends.outer])

    def bonds_that_are(self, mask: Mask) -> Ints:
        """How many rows of `ends` in the mask every atom has."""
        return np.bincount(self.ends.centre[mask], minlength=len(self.numbers)).astype(np.int64)

    @cached_property
    def n_metal(self) -> Ints:
        """Metals bonded to every atom."""
        return self.neighbors_that_are(self.metal)

    @cached_property
    def n_nonmetal(self) -> Ints:
        """Nonmetals, hydrogen among them, bonded to every atom."""
        return self.graph.coordination - self.n_metal

    @cached_property
    def n_hydrogen(self) -> Ints:
        """Hydrogens bonded to every atom."""
        return self.neighbors_that_are(self.are("H"))

    @cached_property
    def nitrile_nitrogen(self) -> Mask:
        """Nitrogens of R-C≡N, whatever else they are bonded to: one heavy nonmetal beside them, a carbon with two."""
        carbon_of_two = self.are("C") & (self.graph.coordination == 2)
        alone = self.n_nonmetal - self.n_hydrogen == 1
        return np.asarray(self.are("N") & alone & (self.neighbors_that_are(carbon_of_two) == 1), dtype=np.bool_)

    @cached_property
    def orders_given(self) -> bool:
        """Whether the bond orders came with the framework rather than from its geometry."""
        return self.framework.bonds is not None and bool((self.graph.order > 0.0).all())

    @cached_property
    def orders(self) -> Floats:
        """Bond orders, perceived where they were not given, ``[n_bonds]``."""
        if self.orders_given:
            return self.graph.order
        return with_orders(self.framework.with_bonds(self.graph)).order

    @cached_property
    def organic_orders(self) -> Floats:
        """Orders of `ends`, 0 where one of the atoms is a metal, ``[2 * n_bonds]``."""
        organic = ~self.metal[self.graph.i] & ~self.metal[self.graph.j]
        return np.asarray(np.where(organic, self.orders, 0.0)[self.ends.bond], dtype=np.float64)

    @cached_property
    def aromatic(self) -> Mask:
        """Rows of `ends` that are aromatic bonds, not those of groups that share charge (carboxylate, nitro)."""
        shared = self.organic_orders == 1.5
        inside = self.bonds_that_are(shared) >= 2
        return np.asarray(shared & inside[self.ends.centre] & inside[self.ends.outer], dtype=np.bool_)

    @cached_property
    def valence(self) -> Floats:
        """Bond orders to nonmetals of every atom, summed.

        At a carbon two or three aromatic bonds are counted as its part of a Kekulé structure: one of them is double,
        unless a double bond leaves the ring there.
        """
        total = np.bincount(self.ends.centre, weights=self.organic_orders, minlength=len(self.numbers))
        shared = self.bonds_that_are(self.aromatic)
        multiple = self.bonds_that_are(self.organic_orders >= 2.0)
        carbon = self.are("C") & (shared >= 2)
        total[carbon] += (1.0 * (multiple == 0) - 0.5 * shared)[carbon]
        return np.asarray(total, dtype=np.float64)

    @cached_property
    def bond_keys(self) -> Ints:
        """`keys` of the bonds, ``[n_bonds]``."""
        return self.keys(self.graph.i, self.graph.j, self.graph.shift)

    @cached_property
    def angle_keys(self) -> Ints:
        """`keys` of the outer atoms of all angles, ``[n_angles]``."""
        ends, (one, two) = self.ends, self.angles
        return self.keys(ends.outer[one], ends.outer[two], ends.shift[two] - ends.shift[one])

    @cached_property
    def closed(self) -> Mask:
        """Angles in rings of three or four: their outer atoms are bonded or share another neighbour, ``[n_angles]``."""
        keys = self.angle_keys
        _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray((count[place] > 1) | among(keys, self.bond_keys), dtype=np.bool_)

    def keys(self, i: Ints, j: Ints, shift: Ints) -> Ints:
        """One number for every pair of atoms, the same from either side, ``[n_pairs]``."""
        n, span = len(self.numbers), self._shift_span
        place = np.array([span * span, span, 1], dtype=np.int64)
        image = shift @ place
        # From the other side the atoms are exchanged and the offset is reversed; the smaller number is taken.
        middle = (span // 2) * int(place.sum())
        there = (i * n + j) * span**3 + middle + image
        back = (j * n + i) * span**3 + middle - image
        return np.minimum(there, back)

    @cached_property
    def _shift_span(self) -> int:
        """Number of different cell offsets along an axis that pairs, bonds and pairs of bonds can have."""
        longest = max(int(np.abs(shift).max(initial=0)) for shift in (self.pairs.shift, self.graph.shift))
        return 4 * longest + 3


@cache
def _element_table(symbols: tuple[str, ...]) -> Mask:
    """Whether an atomic number is one of these elements."""
    table = np.zeros(len(METALS), dtype=np.bool_)
    table[[atomic_number(symbol) for symbol in symbols]] = True
    return table


_PAIRS_OF = [np.triu_indices(count, 1) for count in range(9)]
