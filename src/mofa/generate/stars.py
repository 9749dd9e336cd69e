"""Stars: a centre with three or four equal arms, each a chain (spacer ring)* with a carboxylic acid at its end.

A centre is the only ring system or atom with so many exits, and the arms are equal, so two stars are the same molecule
exactly when centre and arm are the same. Where a centre cannot carry an acid or a spacer (an amine, an ethylene), its
arms begin with a ring.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from mofa.chemistry import Family
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.generate.building import Assembly
from mofa.generate.fragments import ARM_RING_WEIGHTS, CENTRES
from mofa.generate.spaces import Design, Weighted, convolve, distinct, times
from mofa.generate.units import Part, ring_parts, spacer_parts, substituted

_ACID = "[1*]C(=O)O"
_ACID_HEAVY_ATOMS = 3


@dataclass(frozen=True)
class Hub:
    """A centre, substituted in one way; all its exits are ``[1*]``."""

    smiles: str
    n_heavy: int
    weight: float
    bears_rings_only: bool


@dataclass(frozen=True)
class StarSpace:
    """All stars of one family up to a size. A design is hub, spacer, ring, spacer, ring, ...: one arm is told."""

    family: Family
    hubs: tuple[Hub, ...]
    rings: tuple[Part, ...]
    spacers: tuple[Part, ...]
    max_heavy_atoms: int

    @property
    def n_arms(self) -> int:
        """Three or four."""
        return ENDS_OF_FAMILY[self.family].count

    def n_heavy(self, star: Design) -> int:
        """Heavy atoms of the molecule."""
        arm = sum((self.rings if k % 2 else self.spacers)[part].n_heavy for k, part in enumerate(star[1:]))
        return self.hubs[star[0]].n_heavy + self.n_arms * (arm + _ACID_HEAVY_ATOMS)

    def size(self) -> int:
        """Number of stars: a sum over the sizes of hubs and arms."""
        total = 0
        for n_rings in ARM_RING_WEIGHTS:
            for bears_rings_only in (False, True):
                hubs = Counter(hub.n_heavy for hub in self.hubs if hub.bears_rings_only == bears_rings_only)
                arms = times(self.n_arms, self._arm_sizes(n_rings, bears_rings_only=bears_rings_only))
                total += sum(count for size, count in convolve(hubs, arms).items() if size <= self.max_heavy_atoms)
        return total

    def draws(self, seed: int) -> Iterator[Design]:
        """Distinct stars in an order that favours large weights; the same for the same seed."""
        rng = random.Random(f"stars {self.family} {self.max_heavy_atoms} {seed}")
        counts = [n for n in ARM_RING_WEIGHTS if self._room(n) >= 0]
        if not counts:
            return iter(())
        hub, spacer = Weighted(range(len(self.hubs)), _weights(self.hubs)), self._all_spacers
        count = Weighted(counts, ARM_RING_WEIGHTS)
        rings = {n: self._rings_within(self._room(n)) for n in counts if n}

        def draw() -> Design:
            (n_rings,) = count.draw(rng, 1)
            star = hub.draw(rng, 1)
            for k in range(n_rings):
                inner, last = rings[n_rings]
                star += [*spacer.draw(rng, 1), *(last if k == n_rings - 1 else inner).draw(rng, 1)]
            if n_rings and self.hubs[star[0]].bears_rings_only:
                star[1] = self._direct
            return tuple(star)

        return distinct(draw, lambda star: self._is_possible(star) and self.n_heavy(star) <= self.max_heavy_atoms)

    def molecule(self, star: Design) -> Any:
        """The RDKit molecule of a star, no coordinates; open-chain double bonds are E."""
        arm = [(self.rings if k % 2 else self.spacers)[part].smiles for k, part in enumerate(star[1:])]
        assembly = Assembly()
        for atom in assembly.add(self.hubs[star[0]].smiles)[1]:
            assembly.add_chain([*arm, _ACID], atom)
        return assembly.finished()

    @cached_property
    def _direct(self) -> int:
        """The spacer that is a bond."""
        return next(k for k, spacer in enumerate(self.spacers) if not spacer.smiles)

    @cached_property
    def _all_spacers(self) -> Weighted:
        return Weighted(range(len(self.spacers)), _weights(self.spacers))

    def _is_possible(self, star: Design) -> bool:
        return not self.hubs[star[0]].bears_rings_only or (len(star) > 1 and star[1] == self._direct)

    def _room(self, n_rings: int) -> int:
        """Heavy atoms that an arm of so many rings has beyond the least, on the smallest hub that can bear it."""
        least_hub = min(hub.n_heavy for hub in self.hubs if n_rings or not hub.bears_rings_only)
        arm = (self.max_heavy_atoms - least_hub) // self.n_arms - _ACID_HEAVY_ATOMS
        return arm - n_rings * min(ring.n_heavy for ring in self.rings)

    def _rings_within(self, room: int) -> tuple[Weighted, Weighted]:
        """Rings of so many atoms more than the smallest: all of them, and those that may be the last of an arm."""
        largest = room + min(ring.n_heavy for ring in self.rings)
        inner = [k for k, ring in enumerate(self.rings) if ring.n_heavy <= largest]
        last = [k for k in inner if self.rings[k].terminal]
        return Weighted(inner, _weights(self.rings)), Weighted(last, _weights(self.rings))

    def _arm_sizes(self, n_rings: int, *, bears_rings_only: bool) -> Counter[int]:
        """Number of arms by heavy atoms, the acid included."""
        if not n_rings:
            return Counter({} if bears_rings_only else {_ACID_HEAVY_ATOMS: 1})
        spacers = Counter(spacer.n_heavy for spacer in self.spacers)
        sizes = Counter({_ACID_HEAVY_ATOMS: 1})
        for k in range(n_rings):
            last = k == n_rings - 1
            sizes = convolve(sizes, Counter({0: 1}) if bears_rings_only and k == 0 else spacers)
            sizes = convolve(sizes, Counter(ring.n_heavy for ring in self.rings if ring.terminal or not last))
        return sizes


@lru_cache(maxsize=8)
def star_space(family: Family, max_heavy_atoms: int) -> StarSpace:
    """The stars of a family with three or four carboxylic acids."""
    return StarSpace(family, _hubs(family), ring_parts(Family.BCA), spacer_parts(), max_heavy_atoms)


def _hubs(family: Family) -> tuple[Hub, ...]:
    """Every centre, substituted in every distinct way."""
    found = {
        made.form.smiles: Hub(made.form.smiles, made.form.n_heavy, made.weight, centre.bears_rings_only)
        for centre in CENTRES[family]
        for made in substituted(centre, with_nitriles=True)
    }
    return tuple(found[smiles] for smiles in sorted(found))


def _weights(parts: Sequence[Part] | Sequence[Hub]) -> list[float]:
    return [part.weight for part in parts]
