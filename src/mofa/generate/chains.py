"""Chains of ring systems and spacers: counted in closed form, drawn by weight, never the same molecule twice.

A linker is a chain ring (spacer ring)*, read from either end. The parts are distinct and oriented, no ring system
contains another joined by a spacer, and anchors sit on the outer exits only; so two chains are the same molecule
exactly when they are equal or each other's reversal. That makes the library's size a sum over sizes, and a stream's
distinctness a comparison of tuples, without building a molecule.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import prod
from types import MappingProxyType

from mofa.chemistry import Family
from mofa.generate.fragments import RING_COUNT_WEIGHTS
from mofa.generate.units import Choice, ChoiceKind, Part, ring_parts, spacer_parts

ANCHOR_HEAVY_ATOMS = {Family.BCA: 3, Family.BZN: 2}
# A stream gives up after this many draws in a row have brought no new linker: about half a second.
FRUITLESS_DRAWS = 50_000

Chain = tuple[int, ...]
"""Ring, spacer, ring, ...: indices into the tables of rings and spacers, odd length."""


Factors = Mapping[Choice, float]
"""Weight of building choices relative to the pre-trained weight, > 0; 1 for those that are not named."""
PRE_TRAINED: Factors = MappingProxyType({})


def ring_count(n_rings: int) -> Choice:
    """The choice of how many ring systems a chain has."""
    return (ChoiceKind.RING_COUNT, str(n_rings))


@dataclass(frozen=True)
class ChainSpace:
    """All chains of one family up to a size."""

    family: Family
    rings: tuple[Part, ...]
    spacers: tuple[Part, ...]
    max_heavy_atoms: int

    @property
    def max_core_atoms(self) -> int:
        """Heavy atoms left for rings, spacers and substituents."""
        return self.max_heavy_atoms - 2 * ANCHOR_HEAVY_ATOMS[self.family]

    def part(self, chain: Chain, place: int) -> Part:
        """The part at a place of a chain: rings at even places, spacers at odd ones."""
        return (self.spacers if place % 2 else self.rings)[chain[place]]

    def reversed(self, chain: Chain) -> Chain:
        """The chain read from the other end."""
        return tuple(self.part(chain, place).reverse for place in range(len(chain) - 1, -1, -1))

    def canonical(self, chain: Chain) -> Chain:
        """The smaller of a chain and its reversal."""
        return min(chain, self.reversed(chain))

    def n_core_atoms(self, chain: Chain) -> int:
        """Heavy atoms of the chain, without anchors."""
        return sum(self.part(chain, place).n_heavy for place in range(len(chain)))

    def rooms(self) -> dict[int, int]:
        """Number of ring systems -> heavy atoms left for one of them when the others are the smallest."""
        least = min(part.n_heavy for part in self.rings)
        rooms = {n: self.max_core_atoms - (n - 1) * least for n in RING_COUNT_WEIGHTS}
        return {n: room for n, room in rooms.items() if room >= least}

    def size(self) -> int:
        """Number of distinct linkers, in closed form: (chains + palindromes) / 2."""
        return sum((self._n_chains(n) + self._n_palindromes(n)) // 2 for n in RING_COUNT_WEIGHTS)

    def choices(self, chain: Chain) -> Iterator[Choice]:
        """The building choices that made the chain, one that was made twice twice."""
        yield ring_count(len(chain) // 2 + 1)
        for place in range(len(chain)):
            yield from self.part(chain, place).choices

    def draws(self, seed: int, factors: Factors = PRE_TRAINED) -> Iterator[Chain]:
        """Distinct chains in an order that favours large weights; the same for the same seed and factors.

        Ends when `FRUITLESS_DRAWS` draws in a row brought nothing new.

        Args:
            seed: of the order.
            factors: by which training has changed the weight of each choice.
        """
        rng = random.Random(f"library {self.family} {self.max_heavy_atoms} {seed}")
        sampler = _Sampler(self, factors)
        if not sampler.ring_counts:
            return
        seen: set[Chain] = set()
        fruitless = 0
        while fruitless < FRUITLESS_DRAWS:
            fruitless += 1
            chain = self.canonical(sampler.draw(rng))
            if chain not in seen and self.n_core_atoms(chain) <= self.max_core_atoms:
                seen.add(chain)
                fruitless = 0
                yield chain

    def _n_chains(self, n_rings: int) -> int:
        """Oriented chains of `n_rings` ring systems within the size limit."""
        ends = _size_counts(part for part in self.rings if part.terminal)
        sizes = ends
        for k in range(1, n_rings):
            ring = ends if k == n_rings - 1 else _size_counts(self.rings)
            sizes = _convolve(_convolve(sizes, _size_counts(self.spacers)), ring)
        return sum(count for size, count in sizes.items() if size <= self.max_core_atoms)

    def _n_palindromes(self, n_rings: int) -> int:
        """Oriented chains that read the same from both ends: half is free, the middle part is symmetric."""
        ends = _size_counts(part for part in self.rings if part.terminal)
        spacers = _size_counts(self.spacers)
        symmetric_rings = [part for k, part in enumerate(self.rings) if part.reverse == k]
        symmetric_spacers = _size_counts(part for k, part in enumerate(self.spacers) if part.reverse == k)
        if n_rings == 1:
            sizes = _size_counts(part for part in symmetric_rings if part.terminal)
        elif n_rings == 2:
            sizes = _convolve(_doubled(ends), symmetric_spacers)
        else:
            sizes = _convolve(_doubled(_convolve(ends, spacers)), _size_counts(symmetric_rings))
        return sum(count for size, count in sizes.items() if size <= self.max_core_atoms)


@lru_cache(maxsize=16)
def chain_space(family: Family, max_heavy_atoms: int = 38) -> ChainSpace:
    """The library of one family up to `max_heavy_atoms` heavy atoms, anchors included."""
    return ChainSpace(family, ring_parts(family), spacer_parts(), max_heavy_atoms)


class _Sampler:
    """Draws oriented chains by weight; sizes are left to the caller to check."""

    def __init__(self, space: ChainSpace, factors: Factors) -> None:
        def weights(parts: Sequence[Part]) -> list[float]:
            return [part.weight * prod(factors.get(choice, 1.0) for choice in part.choices) for part in parts]

        rooms = space.rooms()
        self.ring_counts = list(rooms)
        self._count_weights = list(
            accumulate(RING_COUNT_WEIGHTS[n] * factors.get(ring_count(n), 1.0) for n in self.ring_counts)
        )
        ring_weights = weights(space.rings)
        self._tables = {}
        for n, room in rooms.items():
            middles = [k for k, part in enumerate(space.rings) if part.n_heavy <= room]
            ends = [k for k in middles if space.rings[k].terminal]
            self._tables[n] = tuple((ks, list(accumulate(ring_weights[k] for k in ks))) for ks in (ends, middles))
        self._spacers = range(len(space.spacers))
        self._spacer_weights = list(accumulate(weights(space.spacers)))

    def draw(self, rng: random.Random) -> Chain:
        (n_rings,) = rng.choices(self.ring_counts, cum_weights=self._count_weights)
        (ends, end_weights), (middles, middle_weights) = self._tables[n_rings]
        first, *last = rng.choices(ends, cum_weights=end_weights, k=min(n_rings, 2))
        inner = rng.choices(middles, cum_weights=middle_weights, k=max(n_rings - 2, 0))
        spacers = rng.choices(self._spacers, cum_weights=self._spacer_weights, k=n_rings - 1)
        chain = [first]
        for spacer, ring in zip(spacers, [*inner, *last], strict=True):
            chain += [spacer, ring]
        return tuple(chain)


def _size_counts(parts: Iterable[Part]) -> Counter[int]:
    return Counter(part.n_heavy for part in parts)


def _convolve(a: Counter[int], b: Counter[int]) -> Counter[int]:
    result: Counter[int] = Counter()
    for size_a, count_a in a.items():
        for size_b, count_b in b.items():
            result[size_a + size_b] += count_a * count_b
    return result


def _doubled(counts: Counter[int]) -> Counter[int]:
    return Counter({2 * size: count for size, count in counts.items()})
