"""The policy's queues: newest first, most stable first, and the shelf of linkers that assembly draws from."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, islice, product

from mofa.chemistry import Family


@dataclass(frozen=True)
class Entry:
    """Something that waits: its identity and the file that holds it."""

    key: str
    ref: str
    parts: tuple[str, ...] = ()
    """Files of what it was made from: the linkers of a MOF."""


@dataclass
class Line:
    """First come, first served; any entry can be taken out."""

    _entries: dict[str, Entry] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        self._entries[entry.key] = entry

    def first(self) -> Entry | None:
        """The entry that has waited longest."""
        return next(iter(self._entries.values()), None)

    def take(self, key: str) -> None:
        """Remove an entry; no error if it is not there."""
        self._entries.pop(key, None)


@dataclass
class Stack:
    """Last in, first out, bounded: where there is no room the oldest entry is dropped."""

    size: int
    _entries: dict[str, Entry] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Put an entry on top."""
        self._entries[entry.key] = entry
        if len(self._entries) > self.size:
            del self._entries[next(iter(self._entries))]

    def top(self) -> Entry | None:
        """The newest entry."""
        return next(reversed(self._entries.values()), None)

    def take(self, key: str) -> Entry | None:
        """Remove an entry and give it; None if it is not there."""
        return self._entries.pop(key, None)


@dataclass
class Ranking:
    """Lowest score first; of equal scores the oldest."""

    _order: list[tuple[float, int, Entry]] = field(default_factory=list)
    _places: dict[str, tuple[float, int]] = field(default_factory=dict)
    _serial: int = 0

    def __len__(self) -> int:
        return len(self._order)

    def add(self, entry: Entry, score: float) -> None:
        """Insert an entry in its place."""
        self._serial += 1
        self._places[entry.key] = (score, self._serial)
        insort(self._order, (score, self._serial, entry), key=_place)

    def best(self) -> Entry | None:
        """The entry with the lowest score."""
        return self._order[0][2] if self._order else None

    def take(self, key: str) -> None:
        """Remove an entry; no error if it is not there."""
        place = self._places.pop(key, None)
        if place is not None:
            del self._order[bisect_left(self._order, place, key=_place)]


def _place(item: tuple[float, int, Entry]) -> tuple[float, int]:
    return item[:2]


Combination = tuple[Entry, ...]
"""Linkers of one MOF, in the order of the recipe."""
_SAMPLES_PER_MOF = 20
_MOST_ENUMERATED = 500


@dataclass
class Shelf:
    """The newest linkers of every family, and which combinations of them have been tried.

    Args:
        recipe: family of every linker of a MOF.
        window: newest linkers of each family to draw from.
        min_per_family: linkers of each family before the first combination is given.
        max_uses: combinations that one linker may be part of.
    """

    recipe: tuple[Family, ...]
    window: int
    min_per_family: int
    max_uses: int
    _seen: Counter[str] = field(default_factory=Counter)
    _newest: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _usable: dict[str, dict[str, Entry]] = field(default_factory=dict)
    """The newest of each family that are not used up."""
    _keys: set[str] = field(default_factory=set)
    _key_of_ref: dict[str, str] = field(default_factory=dict)
    _uses: Counter[str] = field(default_factory=Counter)
    _tried: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, family: str, entry: Entry) -> bool:
        """Put a linker on the shelf; False if its key is known already."""
        if entry.key in self._keys:
            return False
        self._keys.add(entry.key)
        self._key_of_ref[entry.ref] = entry.key
        self._seen[family] += 1
        newest, usable = self._newest.setdefault(family, {}), self._usable.setdefault(family, {})
        newest[entry.key] = usable[entry.key] = entry
        if len(newest) > self.window:
            oldest = next(iter(newest))
            del newest[oldest]
            usable.pop(oldest, None)
        return True

    def __len__(self) -> int:
        """Linkers that may still be used."""
        return sum(len(self._usable.get(family, ())) for family in dict.fromkeys(self.recipe))

    def pick(self, n: int, seed: int) -> list[Combination]:
        """Up to `n` new combinations of the newest linkers; changes nothing.

        Drawn at random; where few are left, the first untried ones, newest linkers first.
        """
        if any(self._seen[family] < self.min_per_family for family in self.recipe):
            return []
        usable = {family: list(self._usable[family].values())[::-1] for family in dict.fromkeys(self.recipe)}
        if not all(usable.values()):
            return []
        rng = random.Random(seed)
        drawn = (tuple(rng.choice(usable[family]) for family in self.recipe) for _ in range(_SAMPLES_PER_MOF * n))
        return self._fresh(drawn, n) or self._fresh(islice(self._enumerate(usable), _MOST_ENUMERATED), n)

    def use(self, refs: Sequence[str]) -> None:
        """Note that combinations, given by the files of their linkers one after another, are being assembled."""
        for start in range(0, len(refs), len(self.recipe)):
            keys = [self._key_of_ref.get(ref, ref) for ref in refs[start : start + len(self.recipe)]]
            self._tried.add(self._identity(keys))
            for key in set(keys):
                self._uses[key] += 1
                if self._uses[key] >= self.max_uses:
                    for usable in self._usable.values():
                        usable.pop(key, None)

    def _fresh(self, candidates: Iterable[Combination], n: int) -> list[Combination]:
        """The first `n` that are new and whose linkers have uses left, those of the others found included."""
        found: dict[tuple[str, ...], Combination] = {}
        uses = Counter[str]()
        for candidate in candidates:
            identity = self._identity([entry.key for entry in candidate])
            if identity in self._tried or identity in found:
                continue
            if all(self._uses[key] + uses[key] < self.max_uses for key in identity):
                found[identity] = candidate
                uses.update(set(identity))
            if len(found) == n:
                break
        return list(found.values())

    def _identity(self, keys: Sequence[str]) -> tuple[str, ...]:
        """A combination's name: linkers of one family may change places."""
        return tuple(sorted(keys))

    def _enumerate(self, usable: dict[Family, list[Entry]]) -> Iterator[Combination]:
        """All combinations, in the order of the recipe."""
        families = dict.fromkeys(self.recipe)
        choices = (combinations_with_replacement(usable[family], self.recipe.count(family)) for family in families)
        for groups in product(*choices):
            supply = {family: iter(group) for family, group in zip(families, groups, strict=True)}
            yield tuple(entry for family in self.recipe for entry in islice(supply[family], 1))
