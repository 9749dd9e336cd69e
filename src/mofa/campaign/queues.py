"""The policy's queues: newest first, most stable first, and the shelf of linkers that assembly draws from."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations_with_replacement, islice, product

from mofa.campaign.tasks import Product
from mofa.chemistry import Family


@dataclass
class Line:
    """First come, first served; any entry can be taken out."""

    _entries: OrderedDict[str, Product] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Product) -> None:
        """Append an entry."""
        self._entries[entry.key] = entry

    def first(self) -> Product | None:
        """The entry that has waited longest."""
        return next(iter(self._entries.values())) if self._entries else None

    def take(self, key: str) -> None:
        """Remove an entry; no error if it is not there."""
        self._entries.pop(key, None)


@dataclass
class Stack:
    """Last in, first out, bounded: where there is no room the oldest entry is dropped.

    Entries that come together lie in the order of their scores, the lowest uppermost.
    """

    size: int
    _entries: deque[Product] = field(init=False)

    def __post_init__(self) -> None:
        self._entries = deque(maxlen=self.size)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entries: Iterable[Product]) -> None:
        """Put entries on top, the one with the lowest score uppermost; without scores, or with equal ones, the last."""
        self._entries.extend(sorted(entries, key=lambda entry: entry.score or 0.0, reverse=True))

    def top(self) -> Product | None:
        """The newest entry."""
        return self._entries[-1] if self._entries else None

    def take(self, key: str) -> None:
        """Remove an entry; no error if it is not there."""
        entry = next((entry for entry in reversed(self._entries) if entry.key == key), None)
        if entry is None:
            return
        if entry is self._entries[-1]:
            self._entries.pop()
        else:
            self._entries.remove(entry)


@dataclass
class Ranking:
    """Lowest score first; of equal scores the oldest."""

    _order: list[tuple[float, int, Product]] = field(default_factory=list)
    _places: dict[str, tuple[float, int]] = field(default_factory=dict)
    _serial: int = 0

    def __len__(self) -> int:
        return len(self._order)

    def add(self, entry: Product, score: float) -> None:
        """Insert an entry in its place."""
        self._serial += 1
        self._places[entry.key] = (score, self._serial)
        insort(self._order, (score, self._serial, entry))

    def best(self) -> Product | None:
        """The entry with the lowest score."""
        return self._order[0][2] if self._order else None

    def take(self, key: str) -> None:
        """Remove an entry; no error if it is not there."""
        place = self._places.pop(key, None)
        if place is not None:
            del self._order[bisect_left(self._order, place, key=lambda item: item[:2])]


Combination = tuple[str, ...]
"""Files of the linkers of one MOF, in the order of the recipe."""
_SAMPLES_PER_MOF = 20
_MOST_ENUMERATED = 500


@dataclass
class _Window:
    """The newest linkers of a family; of these, all that are not used up can be drawn at random.

    Every step takes the same time, however many there are.
    """

    size: int
    usable: list[str] = field(default_factory=list)
    """Files, in no order."""
    _newest: deque[str] = field(default_factory=deque)
    _places: dict[str, int] = field(default_factory=dict)
    """Where in `usable` a file is."""

    def add(self, refs: Iterable[str]) -> list[str]:
        """Put linkers in; gives those that are pushed out."""
        newest, usable, places = self._newest, self.usable, self._places
        out = []
        for ref in refs:
            newest.append(ref)
            place = None
            if len(newest) > self.size:
                oldest = newest.popleft()
                out.append(oldest)
                place = places.pop(oldest, None)
            if place is None:
                places[ref] = len(usable)
                usable.append(ref)
            else:
                places[ref] = place
                usable[place] = ref
        return out

    def use_up(self, ref: str) -> None:
        """A linker is not to be drawn any more; no error if it is not there. The last one takes its place."""
        place = self._places.pop(ref, None)
        if place is None:
            return
        last = self.usable.pop()
        if last != ref:
            self.usable[place] = last
            self._places[last] = place

    def newest_first(self) -> list[str]:
        """All that can be drawn."""
        return [ref for ref in reversed(self._newest) if ref in self._places]


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
    _known: set[str] = field(default_factory=set)
    """Keys of all linkers that were ever seen."""
    _seen: Counter[str] = field(default_factory=Counter)
    _windows: dict[str, _Window] = field(default_factory=dict)
    _uses: dict[str, int] = field(default_factory=dict)
    """How often each of the newest has been used, by file."""
    _tried: set[Combination] = field(default_factory=set)
    """Combinations, each sorted, for linkers of one family may change places."""
    _history: deque[Combination] = field(default_factory=deque)
    """The same in order; what begins with a linker that is no longer among the newest cannot come again, and is
    forgotten."""
    _none_for: tuple[int, int] | None = field(default=None, compare=False)
    """Arguments of `pick` for which nothing was found, as long as nothing has changed since."""

    def add(self, linkers: Iterable[Product]) -> None:
        """Put linkers on the shelf; those whose key is known are passed over."""
        known, fresh = self._known, dict[str, list[str]]()
        for key, ref, family, *_ in linkers:
            if key not in known:
                known.add(key)
                fresh.setdefault(family, []).append(ref)
        for family, refs in fresh.items():
            self._seen[family] += len(refs)
            self._uses.update(dict.fromkeys(refs, 0))
            for oldest in self._windows.setdefault(family, _Window(self.window)).add(refs):
                del self._uses[oldest]
        self._none_for = None

    def __len__(self) -> int:
        """Linkers that may still be used."""
        return sum(len(window.usable) for family, window in self._windows.items() if family in self.recipe)

    def pick(self, n: int, seed: int) -> list[Combination]:
        """Up to `n` new combinations of the newest linkers; changes nothing.

        Drawn at random; where few are left, the first untried ones, newest linkers first.
        """
        if self._none_for == (n, seed) or any(self._seen[family] < self.min_per_family for family in self.recipe):
            return []
        choices = [self._windows[family].usable for family in self.recipe]
        if not all(choices):
            return []
        found = self._fresh(_draw(choices, n, random.Random(seed)), n)
        found = found or self._fresh(islice(self._enumerate(), _MOST_ENUMERATED), n)
        if not found:
            self._none_for = (n, seed)
        return found

    def use(self, refs: Sequence[str], size: int) -> None:
        """Note that combinations are being assembled.

        Args:
            refs: files of their linkers, one combination after another.
            size: linkers of a combination; not that of the recipe where a campaign goes on with another one.
        """
        self._none_for = None
        uses, tried, history = self._uses, self._tried, self._history
        combinations = zip(*[iter(refs)] * size, strict=True)
        identities = list(map(tuple, map(sorted, combinations)))
        tried.update(identities)
        history.extend(identities)
        for ref in chain.from_iterable(map(set, identities)):
            if ref in uses:
                uses[ref] = n = uses[ref] + 1
                if n == self.max_uses:
                    for window in self._windows.values():
                        window.use_up(ref)
        while history and history[0][0] not in uses:
            tried.discard(history.popleft())

    def _fresh(self, candidates: Iterable[Combination], n: int) -> list[Combination]:
        """The first `n` that are new and whose linkers have uses left, those of the others found included.

        Candidates are of linkers that are not used up.
        """
        found: dict[Combination, Combination] = {}
        picked: dict[str, int] = {}
        tried, uses, max_uses = self._tried, self._uses, self.max_uses
        for candidate in candidates:
            identity = tuple(sorted(candidate))
            if identity in tried or identity in found:
                continue
            for ref in identity:
                if ref in picked and uses[ref] + picked[ref] >= max_uses:
                    break
            else:
                found[identity] = candidate
                for ref in set(identity):
                    picked[ref] = picked.get(ref, 0) + 1
                if len(found) == n:
                    break
        return list(found.values())

    def _enumerate(self) -> Iterator[Combination]:
        """All combinations of linkers that are not used up, in the order of the recipe, newest linkers first."""
        families = dict.fromkeys(self.recipe)
        usable = {family: self._windows[family].newest_first() for family in families}
        choices = (combinations_with_replacement(usable[family], self.recipe.count(family)) for family in families)
        for groups in product(*choices):
            supply = {family: iter(group) for family, group in zip(families, groups, strict=True)}
            yield tuple(ref for family in self.recipe for ref in islice(supply[family], 1))


def _draw(choices: Sequence[Sequence[str]], n: int, rng: random.Random) -> Iterator[Combination]:
    """Random combinations, more than `n` at a time."""
    at_once = n + n // 8
    for _ in range(_SAMPLES_PER_MOF):
        yield from zip(*[rng.choices(refs, k=at_once) for refs in choices], strict=True)
