"""Shares with their 95 % intervals, and summaries of measured values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

Z_95 = 1.959964


@dataclass(frozen=True)
class Share:
    """A count among many, with the 95 % Wilson interval. DOI 10.1080/01621459.1927.10502953."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.count / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % interval; 0 to 1 of nothing."""
        if not self.n:
            return 0.0, 1.0
        p, n, z2 = self.value, self.n, Z_95**2
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z_95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f} to {high:.3f}, n = {self.n})" if self.n else "none of none"

    def to_json(self) -> dict[str, object]:
        """As a JSON object."""
        low, high = self.interval
        return {"value": self.value if self.n else None, "low": low, "high": high, "count": self.count, "n": self.n}


@dataclass(frozen=True)
class Spread:
    """How a quantity is distributed."""

    n: int
    mean: float
    sd: float
    """Standard deviation of the values (not of their mean)."""
    p05: float
    p50: float
    p95: float


def spread_of(values: Sequence[float]) -> Spread | None:
    """The summary of some values; None of none."""
    if not len(values):
        return None
    x = np.asarray(values, dtype=float)
    low, middle, high = np.quantile(x, (0.05, 0.5, 0.95)).tolist()
    return Spread(len(x), float(x.mean()), float(x.std(ddof=1)) if len(x) > 1 else 0.0, low, middle, high)
