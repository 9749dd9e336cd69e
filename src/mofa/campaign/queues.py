"""The policy's queues: newest first, most stable first, and the shelf of linkers that assembly draws from."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import Counter, OrderedDict
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

    _entries: OrderedDict[str, Entry] = field(default_factory=OrderedDict)

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
    _entries: OrderedDict[str, Entry] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Put an entry on top."""
        self._entries[entry.key] = entry
        if len(self._entries) > self.size:
            self._entries.popitem(last=False)

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
class _Bag:
    """Entries to draw from at random; any can be taken out. All steps take the same time however many there are."""

    entries: list[Entry] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def add(self, entry: Entry) -> None:
        """Put an entry in."""
        self._places[entry.key] = len(self.entries)
        self.entries.append(entry)

    def take(self, key: str) -> None:
        """Remove an entry, the last one takes its place; no error if it is not there."""
        place = self._places.pop(key, None)
        if place is None:
            return
        last = self.entries.pop()
        if place < len(self.entries):
            self.entries[place] = last
            self._places[last.key] = place


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
    _newest: dict[str, OrderedDict[str, Entry]] = field(default_factory=dict)
    _usable: dict[str, _Bag] = field(default_factory=dict)
    """The newest of each family that are not used up."""
    _uses: dict[str, int] = field(default_factory=dict)
    """How often every linker that was ever seen has been used."""
    _key_of_ref: dict[str, str] = field(default_factory=dict)
    _tried: set[tuple[str, ...]] = field(default_factory=set)
    _none_for: tuple[int, int] | None = field(default=None, compare=False)
    """Arguments of `pick` for which nothing was found, as long as nothing has changed since."""

    def add(self, family: str, entry: Entry) -> bool:
        """Put a linker on the shelf; False if its key is known already."""
        key = entry.key
        if key in self._uses:
            return False
        self._uses[key] = 0
        self._key_of_ref[entry.ref] = key
        self._seen[family] += 1
        if family not in self._newest:
            self._newest[family], self._usable[family] = OrderedDict(), _Bag()
        newest, usable = self._newest[family], self._usable[family]
        newest[key] = entry
        usable.add(entry)
        if len(newest) > self.window:
            oldest, _ = newest.popitem(last=False)
            usable.take(oldest)
        self._none_for = None
        return True

    def __len__(self) -> int:
        """Linkers that may still be used."""
        return sum(len(self._usable[family].entries) for family in dict.fromkeys(self.recipe) if family in self._usable)

    def pick(self, n: int, seed: int) -> list[Combination]:
        """Up to `n` new combinations of the newest linkers; changes nothing.

        Drawn at random; where few are left, the first untried ones, newest linkers first.
        """
        if self._none_for == (n, seed) or any(self._seen[family] < self.min_per_family for family in self.recipe):
            return []
        choices = [self._usable[family].entries for family in self.recipe]
        if not all(choices):
            return []
        draw = random.Random(seed).random
        drawn = (
            tuple([entries[int(draw() * len(entries))] for entries in choices]) for _ in range(_SAMPLES_PER_MOF * n)
        )
        found = self._fresh(drawn, n) or self._fresh(islice(self._enumerate(), _MOST_ENUMERATED), n)
        if not found:
            self._none_for = (n, seed)
        return found

    def use(self, refs: Sequence[str]) -> None:
        """Note that combinations, given by the files of their linkers one after another, are being assembled."""
        self._none_for = None
        size = len(self.recipe)
        for start in range(0, len(refs), size):
            keys = sorted([self._key_of_ref.get(ref, ref) for ref in refs[start : start + size]])
            self._tried.add(tuple(keys))
            for key in set(keys):
                uses = self._uses[key] = self._uses.get(key, 0) + 1
                if uses >= self.max_uses:
                    for usable in self._usable.values():
                        usable.take(key)

    def _fresh(self, candidates: Iterable[Combination], n: int) -> list[Combination]:
        """The first `n` that are new and whose linkers have uses left, those of the others found included."""
        found: dict[tuple[str, ...], Combination] = {}
        left: dict[str, int] = {}
        for candidate in candidates:
            # Linkers of one family may change places: it is the same MOF.
            identity = tuple(sorted([entry.key for entry in candidate]))
            if identity in self._tried or identity in found:
                continue
            for key in identity:
                if key not in left:
                    left[key] = self.max_uses - self._uses[key]
            if min([left[key] for key in identity]) > 0:
                found[identity] = candidate
                for key in set(identity):
                    left[key] -= 1
                if len(found) == n:
                    break
        return list(found.values())

    def _enumerate(self) -> Iterator[Combination]:
        """All combinations of linkers that are not used up, in the order of the recipe, newest linkers first."""
        families = dict.fromkeys(self.recipe)
        usable = {
            family: [entry for key, entry in reversed(self._newest[family].items()) if key in self._usable[family]]
            for family in families
        }
        choices = (combinations_with_replacement(usable[family], self.recipe.count(family)) for family in families)
        for groups in product(*choices):
            supply = {family: iter(group) for family, group in zip(families, groups, strict=True)}
            yield tuple(entry for family in self.recipe for entry in islice(supply[family], 1))
