"""Dynamics in several lengths: short runs for all, longer ones for the best of their survivors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mofa.campaign.queues import Ranking
from mofa.campaign.tasks import Product


class Due(NamedTuple):
    """A run that may be prolonged."""

    entry: Product
    """The MOF as assembled, its linkers as parts."""
    rung: int
    """Of the lengths, from 0, that it goes on to."""


@dataclass
class Fidelity:
    """Which runs are prolonged, by asynchronous successive halving (arXiv 1810.05934).

    A MOF that comes through a run of one length waits, and may go on to the next length when it is among the best
    share of all that came through so far, by its strain. Nothing is ever accepted before the last length.

    Args:
        lengths: steps of the whole run, ascending; empty or one: nothing is prolonged.
        share: of the survivors of each length that go on to the next while there are new MOFs to be looked at.
    """

    lengths: tuple[int, ...] = ()
    share: float = 0.5
    _waiting: list[Ranking] = field(init=False)
    _survived: list[int] = field(init=False)
    _prolonged: list[int] = field(init=False)

    def __post_init__(self) -> None:
        n = max(0, len(self.lengths) - 1)
        self._waiting = [Ranking() for _ in range(n)]
        self._survived, self._prolonged = [0] * n, [0] * n

    def __len__(self) -> int:
        """Runs that wait to be prolonged."""
        return sum(map(len, self._waiting))

    def options(self, rung: int) -> Mapping[str, Any]:
        """Options of a validate task on a rung; none where all runs have the one length of the configuration."""
        if len(self.lengths) < 2:
            return {}
        after = self.lengths[rung - 1] if rung else 0
        last = rung == len(self.lengths) - 1
        return {"steps": self.lengths[rung], "rung": rung, "after_steps": after, "prolongable": not last}

    def due(self, *, idle: bool) -> Due | None:
        """The run that should be prolonged now, of the longest first.

        Args:
            idle: whether there is nothing else to simulate; then the best one goes on whatever its rank.
        """
        for rung in reversed(range(len(self._waiting))):
            best = self._waiting[rung].best()
            allowed = self._prolonged[rung] + 1 <= self.share * self._survived[rung]
            if best is not None and (allowed or idle):
                return Due(best, rung + 1)
        return None

    def begin(self, key: str, rung: int) -> None:
        """A run has been submitted."""
        if rung:
            self._waiting[rung - 1].take(key)
            self._prolonged[rung - 1] += 1

    def survived(self, entry: Product, rung: int, strain: float) -> bool:
        """A run has ended well; whether there is a longer one, for which it now waits."""
        if rung >= len(self._waiting):
            return False
        self._survived[rung] += 1
        self._waiting[rung].add(entry, strain)
        return True
