"""Dynamics in several lengths: short runs for all, longer ones for the best of their survivors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mofa.campaign.queues import Ranking
from mofa.campaign.tasks import Product
from mofa.chemistry.results import TRAINABLE_STRAIN


class Due(NamedTuple):
    """A run that may go on."""

    entry: Product
    """The MOF as assembled, its linkers as parts."""
    rung: int
    """Of the lengths, from 0, that it goes on to."""


@dataclass
class Fidelity:
    """Which runs are prolonged, by asynchronous successive halving (arXiv 1810.05934).

    A MOF that comes through a run of one length waits, and may go on to the next length when it is among the best
    share of all that came through so far, by its rank. Nothing is ever accepted before the last length. A run that
    was out of time goes on before anything else.

    Args:
        lengths: steps of the whole run, ascending; empty or one: nothing is prolonged.
        share: of the survivors of each length that go on to the next while there are new MOFs to be looked at.
        strain_limit: a MOF with a smaller strain has come through.
    """

    lengths: tuple[int, ...] = ()
    share: float = 0.5
    strain_limit: float = TRAINABLE_STRAIN
    _cut_off: dict[str, Due] = field(default_factory=dict)
    _waiting: list[Ranking] = field(init=False)
    _survived: list[int] = field(init=False)
    _prolonged: list[int] = field(init=False)

    def __post_init__(self) -> None:
        n = max(0, len(self.lengths) - 1)
        self._waiting = [Ranking() for _ in range(n)]
        self._survived, self._prolonged = [0] * n, [0] * n

    def __len__(self) -> int:
        """Runs that wait to go on."""
        return len(self._cut_off) + sum(map(len, self._waiting))

    def options(self, rung: int) -> Mapping[str, Any]:
        """Options of a validate task on a rung; none where all runs have the one length of the configuration."""
        if len(self.lengths) < 2:
            return {}
        after = self.lengths[rung - 1] if rung else 0
        keep_below = 0.0 if rung == len(self.lengths) - 1 else self.strain_limit
        return {"steps": self.lengths[rung], "rung": rung, "after_steps": after, "keep_below": keep_below}

    def due(self, *, idle: bool) -> Due | None:
        """The run that should go on now: one that was cut off, or one to be prolonged, of the longest first.

        Args:
            idle: whether there is nothing else to simulate; then the best one goes on whatever its rank.
        """
        if self._cut_off:
            return next(iter(self._cut_off.values()))
        for rung in reversed(range(len(self._waiting))):
            best = self._waiting[rung].best()
            allowed = self._prolonged[rung] + 1 <= self.share * self._survived[rung]
            if best is not None and (allowed or idle):
                return Due(best, rung + 1)
        return None

    def begin(self, key: str, rung: int) -> None:
        """A run has been submitted."""
        if self._cut_off.pop(key, None) is None and rung:
            self._waiting[rung - 1].take(key)
            self._prolonged[rung - 1] += 1

    def cut_off(self, entry: Product, rung: int) -> None:
        """A run was out of time."""
        self._cut_off[entry.key] = Due(entry, rung)

    def survived(self, entry: Product, rung: int, rank: float) -> bool:
        """A run has ended well; whether there is a longer one, for which it now waits. The lowest rank is the best."""
        if rung >= len(self._waiting):
            return False
        self._survived[rung] += 1
        self._waiting[rung].add(entry, rank)
        return True
