"""Chains of ring systems and spacers: counted in closed form, drawn by weight, never the same molecule twice.

A linker is a chain ring (spacer ring)*, read from either end. The parts are distinct and oriented, no ring system
contains another joined by a spacer, and anchors sit on the outer exits only (or are part of the outer rings); so two
chains are the same molecule exactly when they are equal or each other's reversal. That makes the library's size a sum
over sizes, and a stream's distinctness a comparison of tuples, without building a molecule.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import Any

from mofa.chemistry import Family
from mofa.generate.building import chain_molecule
from mofa.generate.fragments import END_CORES, LONG_RING_COUNT_WEIGHTS, RING_COUNT_WEIGHTS
from mofa.generate.spaces import Design, Weighted, convolve, distinct, times
from mofa.generate.units import Choice, ChoiceKind, Part, ring_parts, spacer_parts

_ANCHOR_SMILES = {Family.BCA: "C(=O)O", Family.BZN: "C#N"}
"""Of families whose anchors hang on ring systems."""
_ANCHOR_HEAVY_ATOMS = {Family.BCA: 3, Family.BZN: 2}

Chain = Design
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
    def ring_count_weights(self) -> Mapping[int, float]:
        """Numbers of ring systems that a chain may have, and how often it does."""
        return LONG_RING_COUNT_WEIGHTS if self.family in END_CORES else RING_COUNT_WEIGHTS

    @property
    def anchor_atoms(self) -> int:
        """Heavy atoms of both anchors; none where the anchors are part of the outer rings."""
        return 2 * _ANCHOR_HEAVY_ATOMS.get(self.family, 0)

    @property
    def max_core_atoms(self) -> int:
        """Heavy atoms left for rings, spacers and substituents."""
        return self.max_heavy_atoms - self.anchor_atoms

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
        """Heavy atoms of the chain, without anchors that hang on it."""
        return sum(self.part(chain, place).n_heavy for place in range(len(chain)))

    def rings_at(self, *, end: bool, n_rings: int) -> list[int]:
        """Ring systems that fit at an end, or in the middle, of a chain of so many, the others being the smallest.

        Empty for all places when there is no such chain within the size limit.
        """
        least_end = min(part.n_heavy for part in self.rings if part.terminal)
        least_inner = min(part.n_heavy for part in self.rings if part.inner)
        least = min(n_rings, 2) * least_end + max(n_rings - 2, 0) * least_inner
        room = self.max_core_atoms - least + (least_end if end else least_inner)
        if least > self.max_core_atoms:
            return []
        allowed = ((k, part) for k, part in enumerate(self.rings) if (part.terminal if end else part.inner))
        return [k for k, part in allowed if part.n_heavy <= room]

    def ring_counts(self) -> list[int]:
        """Numbers of ring systems for which there are chains within the size limit."""
        return [n for n in self.ring_count_weights if self.rings_at(end=True, n_rings=n)]

    def size(self) -> int:
        """Number of distinct linkers, in closed form: (chains + palindromes) / 2."""
        return sum((self._n_chains(n) + self._n_palindromes(n)) // 2 for n in self.ring_count_weights)

    def choices(self, chain: Chain) -> Iterator[Choice]:
        """The building choices that made the chain, one that was made twice twice."""
        yield ring_count(len(chain) // 2 + 1)
        for place in range(len(chain)):
            yield from self.part(chain, place).choices

    def draws(self, seed: int, factors: Factors = PRE_TRAINED) -> Iterator[Chain]:
        """Distinct chains in an order that favours large weights; the same for the same seed and factors.

        Args:
            seed: of the order.
            factors: by which training has changed the weight of each choice.
        """
        rng = random.Random(f"library {self.family} {self.max_heavy_atoms} {seed}")
        sampler = _Sampler(self, factors)
        if not sampler.ring_counts:
            return iter(())
        return distinct(
            lambda: self.canonical(sampler.draw(rng)), lambda chain: self.n_core_atoms(chain) <= self.max_core_atoms
        )

    def molecule(self, chain: Chain) -> Any:
        """The RDKit molecule of a chain, no coordinates; open-chain double bonds are E."""
        parts = [self.part(chain, place).smiles for place in range(len(chain))]
        anchor = _ANCHOR_SMILES.get(self.family)
        if anchor is not None:
            parts = [f"[2*]{anchor}", *parts, f"[1*]{anchor}"]
        return chain_molecule(parts)

    def _n_chains(self, n_rings: int) -> int:
        """Oriented chains of `n_rings` ring systems within the size limit."""
        ends = _size_counts(part for part in self.rings if part.terminal)
        inner = _size_counts(part for part in self.rings if part.inner)
        sizes = ends
        for k in range(1, n_rings):
            ring = ends if k == n_rings - 1 else inner
            sizes = convolve(convolve(sizes, _size_counts(self.spacers)), ring)
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
            sizes = convolve(times(2, ends), symmetric_spacers)
        else:
            middle = _size_counts(part for part in symmetric_rings if part.inner)
            sizes = convolve(times(2, convolve(ends, spacers)), middle)
        return sum(count for size, count in sizes.items() if size <= self.max_core_atoms)


@lru_cache(maxsize=16)
def chain_space(family: Family, max_heavy_atoms: int = 38) -> ChainSpace:
    """The chains of one family of linkers with two like ends up to `max_heavy_atoms` heavy atoms, anchors included."""
    return ChainSpace(family, ring_parts(family), spacer_parts(), max_heavy_atoms)


class _Sampler:
    """Draws oriented chains by weight; sizes are left to the caller to check."""

    def __init__(self, space: ChainSpace, factors: Factors) -> None:
        def weights(parts: Sequence[Part]) -> list[float]:
            return [part.weight * prod(factors.get(choice, 1.0) for choice in part.choices) for part in parts]

        self.ring_counts = space.ring_counts()
        prior = space.ring_count_weights
        count_weights = {n: prior[n] * factors.get(ring_count(n), 1.0) for n in self.ring_counts}
        self._ring_count = Weighted(self.ring_counts, count_weights)
        ring_weights = weights(space.rings)
        self._rings = {
            n: tuple(Weighted(space.rings_at(end=end, n_rings=n), ring_weights) for end in (True, False))
            for n in self.ring_counts
        }
        self._spacer = Weighted(range(len(space.spacers)), weights(space.spacers))

    def draw(self, rng: random.Random) -> Chain:
        (n_rings,) = self._ring_count.draw(rng, 1)
        end, middle = self._rings[n_rings]
        first, *last = end.draw(rng, min(n_rings, 2))
        inner = middle.draw(rng, max(n_rings - 2, 0))
        chain = [first]
        for spacer, ring in zip(self._spacer.draw(rng, n_rings - 1), [*inner, *last], strict=True):
            chain += [spacer, ring]
        return tuple(chain)


def _size_counts(parts: Iterable[Part]) -> Counter[int]:
    return Counter(part.n_heavy for part in parts)
