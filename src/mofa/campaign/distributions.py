"""Probability distributions from which simulated campaigns draw: small, exact, without numpy."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from statistics import NormalDist
from typing import Protocol


class Distribution(Protocol):
    """Something that numbers can be drawn from."""

    def draw(self, rng: random.Random) -> float:
        """The next number."""


@dataclass(frozen=True)
class Uniform:
    """Equally likely between two ends."""

    low: float
    high: float

    def draw(self, rng: random.Random) -> float:
        """The next number."""
        return rng.uniform(self.low, self.high)


@dataclass(frozen=True)
class Normal:
    """The normal distribution, cut off below."""

    mean: float
    deviation: float
    low: float = 0.0

    def draw(self, rng: random.Random) -> float:
        """The next number."""
        return max(self.low, rng.gauss(self.mean, self.deviation))


@dataclass(frozen=True)
class Lognormal:
    """The logarithm is normally distributed."""

    log_mean: float
    log_deviation: float

    @classmethod
    def through(cls, first: tuple[float, float], second: tuple[float, float]) -> Lognormal:
        """The one for which given shares lie below two values.

        Args:
            first: a value and the share of numbers below it, 0 to 1 (both exclusive).
            second: another value and its share.
        """
        (x, p), (y, q) = first, second
        z, w = NormalDist().inv_cdf(p), NormalDist().inv_cdf(q)
        deviation = math.log(y / x) / (w - z)
        return cls(math.log(x) - z * deviation, deviation)

    def share_below(self, value: float) -> float:
        """Share of numbers below a value."""
        return NormalDist(self.log_mean, self.log_deviation).cdf(math.log(value))

    def draw(self, rng: random.Random) -> float:
        """The next number."""
        return rng.lognormvariate(self.log_mean, self.log_deviation)


@dataclass(frozen=True)
class Quartiles:
    """What is known of many published durations: five numbers and the mean.

    Uniform between the quartiles. In the upper quarter, where most of the spread is, the density is exponential
    (truncated at the maximum) and falls or rises as the mean demands: the least that can be assumed.

    Raises:
        ValueError: no distribution with these quartiles has this mean.
    """

    minimum: float
    lower: float
    median: float
    upper: float
    maximum: float
    mean: float

    def __post_init__(self) -> None:
        if not 0.0 < self._excess < self.maximum - self.upper:
            raise ValueError(f"no distribution with these quartiles has the mean {self.mean}")

    @property
    def _excess(self) -> float:
        """By how much the mean of the upper quarter lies above the upper quartile."""
        return 4.0 * self.mean - 0.5 * (self.minimum + self.upper) - self.lower - self.median - self.upper

    @cached_property
    def _decay(self) -> float:
        """Rate of the truncated exponential, per unit: bisection, its mean falls with the rate."""
        width = self.maximum - self.upper
        low, high = -200.0 / width, 200.0 / width
        for _ in range(100):
            rate = 0.5 * (low + high)
            low, high = (rate, high) if _truncated_mean(rate, width) > self._excess else (low, rate)
        return 0.5 * (low + high)

    def draw(self, rng: random.Random) -> float:
        """The next number."""
        quarter, place = divmod(4.0 * rng.random(), 1.0)
        match quarter:
            case 0.0:
                return self.minimum + place * (self.lower - self.minimum)
            case 1.0:
                return self.lower + place * (self.median - self.lower)
            case 2.0:
                return self.median + place * (self.upper - self.median)
        rate, width = self._decay, self.maximum - self.upper
        if abs(rate * width) < 1e-6:
            return self.upper + place * width
        return self.upper - math.log1p(place * math.expm1(-rate * width)) / rate


def _truncated_mean(rate: float, width: float) -> float:
    """Mean of the density proportional to exp(-rate x) on 0 to `width`."""
    if abs(rate * width) < 1e-6:
        return 0.5 * width
    return 1.0 / rate - width / math.expm1(rate * width)


def binomial(n: int, share: float, rng: random.Random) -> int:
    """How many of `n` succeed when each does so with probability `share`."""
    return min(n, bisect_left(_binomial_shares(n, share), rng.random()))


@lru_cache(maxsize=4096)
def _binomial_shares(n: int, share: float) -> tuple[float, ...]:
    """Probability of at most 0, 1, ..., n successes."""
    if share <= 0.0 or share >= 1.0:
        return (1.0,) if share <= 0.0 else (*([0.0] * n), 1.0)
    log_odds = (math.log(share), math.log1p(-share))
    terms = (
        math.exp(
            math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_odds[0] + (n - k) * log_odds[1]
        )
        for k in range(n + 1)
    )
    return tuple(accumulate(terms))
