"""Which MOFs are simulated once more, by another engine: the best, once each."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from mofa.campaign.tasks import Product


@dataclass
class Judging:
    """The best MOFs so far, and which of them have been given to the judge.

    A MOF is due while it is among the best and has not been begun: one that better ones push out before is not.

    Args:
        top: how many count as the best; 0: none is due.
    """

    top: int = 0
    _best: list[tuple[float, int, Product]] = field(default_factory=list)
    """Negative score, serial number and MOF, the best first; of equal scores the oldest."""
    _serial: int = 0
    _begun: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        """MOFs that are due."""
        return sum(entry.key not in self._begun for _, _, entry in self._best)

    def add(self, entry: Product, score: float) -> None:
        """A MOF has a score, the higher the better."""
        self._serial += 1
        insort(self._best, (-score, self._serial, entry))
        del self._best[self.top :]

    def due(self) -> Product | None:
        """The best MOF that waits for the judge."""
        return next((entry for _, _, entry in self._best if entry.key not in self._begun), None)

    def begin(self, key: str) -> None:
        """A MOF has been given to the judge."""
        self._begun.add(key)
