"""What all enumerations of linkers have in common: they can be counted, and drawn from without repetition."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from mofa.chemistry import Family

# A stream gives up after this many draws in a row have brought no new linker: about half a second.
FRUITLESS_DRAWS = 50_000

Design = tuple[int, ...]
"""One linker of a space: indices into the tables of its parts. Two designs of a space are two molecules."""


class Space(Protocol):
    """All linkers of one kind up to a size. Equal designs are equal molecules, so nothing is built to compare them."""

    @property
    def family(self) -> Family:
        """Of all its linkers."""
        ...

    def size(self) -> int:
        """Number of linkers, each counted once."""
        ...

    def draws(self, seed: int) -> Iterator[Design]:
        """Distinct designs in an order that favours large weights; the same for the same seed."""
        ...

    def molecule(self, design: Design) -> Any:
        """The RDKit molecule of a design, no coordinates; open-chain double bonds are E."""
        ...


@dataclass(frozen=True)
class Union:
    """Spaces without a linker in common, as one. A design begins with the number of its space."""

    spaces: tuple[Space, ...]
    weights: tuple[float, ...]
    """How often each is drawn from."""

    @property
    def family(self) -> Family:
        """That of all spaces."""
        return self.spaces[0].family

    def size(self) -> int:
        """Sum of the sizes."""
        return sum(space.size() for space in self.spaces)

    def draws(self, seed: int) -> Iterator[Design]:
        """From all spaces by turns, at random; when one has no more, from the others."""
        rng = random.Random(f"union {self.family} {seed}")
        streams = {number: space.draws(seed) for number, space in enumerate(self.spaces)}
        while streams:
            numbers = list(streams)
            (number,) = rng.choices(numbers, weights=[self.weights[k] for k in numbers])
            design = next(streams[number], None)
            if design is None:
                del streams[number]
            else:
                yield (number, *design)

    def molecule(self, design: Design) -> Any:
        """By the space that the design is of."""
        return self.spaces[design[0]].molecule(design[1:])


def distinct(draw: Callable[[], Design], fits: Callable[[Design], bool]) -> Iterator[Design]:
    """What `draw` gives and what fits, each once; ends when `FRUITLESS_DRAWS` draws in a row brought nothing new."""
    seen: set[Design] = set()
    fruitless = 0
    while fruitless < FRUITLESS_DRAWS:
        fruitless += 1
        design = draw()
        if design not in seen and fits(design):
            seen.add(design)
            fruitless = 0
            yield design


class Weighted:
    """Some indices of a table, to be drawn by weight.

    Args:
        indices: to draw from.
        weights: of the entries of the table, by index.
    """

    def __init__(self, indices: Sequence[int], weights: Sequence[float] | Mapping[int, float]) -> None:
        self.indices = indices
        self._cumulative = list(accumulate(weights[k] for k in indices))

    def draw(self, rng: random.Random, n: int) -> list[int]:
        """So many indices, independently."""
        return rng.choices(self.indices, cum_weights=self._cumulative, k=n)


def convolve(a: Counter[int], b: Counter[int]) -> Counter[int]:
    """Numbers of pairs by the sum of their sizes."""
    result: Counter[int] = Counter()
    for size_a, count_a in a.items():
        for size_b, count_b in b.items():
            result[size_a + size_b] += count_a * count_b
    return result


def times(factor: int, counts: Counter[int]) -> Counter[int]:
    """The same numbers of things that are each so many times as large."""
    return Counter({factor * size: count for size, count in counts.items()})
