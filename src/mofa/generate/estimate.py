"""How often each building choice is expected, and the factors that make it as often as in the examples.

A chain's probability is the product of the weights of its choices, among the chains within the size limit. Training
looks for the distribution of that form whose expected use of every choice equals a target. Among all distributions
with that use it is the one with the least relative entropy to the pre-trained one: nothing is learnt but the use of
the choices (Csiszár, 10.1214/aop/1176996454). It is found by scaling each weight with target over expectation
until both agree (Darroch and Ratcliff, 10.1214/aoms/1177692379).

Where a substituent sits is chosen last and changes no size, so its probabilities follow without iteration: from the
positions seen on the same core with as many substituents. Most cores are rare, and the prior holds for those.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.generate.chains import Chain, ChainSpace, Factors, ring_count
from mofa.generate.units import Choice, ChoiceKind, Part

Floats = NDArray[np.float64]

USE_TOLERANCE = 1e-5
"""Largest difference between expected use and target, uses per linker."""
MAX_SWEEPS = 500


@dataclass(frozen=True)
class Fit:
    """Trained factors of one family."""

    factors: Factors
    divergence_nats: float
    """Relative entropy of the trained to the pre-trained distribution."""
    gain_nats: float
    """Log-probability of the examples that training has brought, mean per example."""
    use_error: float
    """Largest difference left between expected use and target, uses per linker."""


@dataclass(frozen=True)
class _Expectation:
    """What is expected of a linker drawn with certain weights."""

    use: Floats
    """Mean number of times that each choice is made in a linker, ``[n_choices]``."""
    log_normalizers: Floats
    """Log of what the product of weights is divided by, for each number of rings, ``[n_ring_counts]``."""


class ChoiceModel:
    """The choices of one family, and what is expected of them; a closed form over sizes, no sampling."""

    def __init__(self, space: ChainSpace) -> None:
        self._space = space
        self._ring_counts = space.ring_counts()
        self._limit = space.max_core_atoms
        chosen = {choice: None for part in (*space.rings, *space.spacers) for choice in part.choices}
        self.choices: tuple[Choice, ...] = (*map(ring_count, space.ring_count_weights), *chosen)
        index = {choice: k for k, choice in enumerate(self.choices)}
        self._rings, self._spacers = (_Table(parts, index) for parts in (space.rings, space.spacers))
        self._fitting = {
            n: [np.isin(np.arange(len(space.rings)), space.rings_at(end=end, n_rings=n)) for end in (True, False)]
            for n in self._ring_counts
        }
        self._counts = np.array([index[ring_count(n)] for n in self._ring_counts])
        self.blocks = [
            np.array([k for k, (found, _) in enumerate(self.choices) if found is kind])
            for kind in ChoiceKind
            if kind is not ChoiceKind.POSITION
        ]
        """Choices of the kinds that are learnt by iteration, kind by kind."""
        self.position_groups = [
            np.array(sorted(index[position] for position in group)) for group in _position_groups(space.rings)
        ]
        """Positions that exclude one another: those on one core with one number of substituents."""

    def mean_use(self, space: ChainSpace, chains: Sequence[Chain], weights: Sequence[float] | None = None) -> Floats:
        """How often each choice is made in these chains, per chain, ``[n_choices]``; chains count by their weights."""
        counts = dict.fromkeys(self.choices, 0.0)
        for chain, weight in zip(chains, weights or [1.0] * len(chains), strict=True):
            for choice in space.choices(chain):
                counts[choice] += weight
        return np.array(list(counts.values())) / (sum(weights) if weights else len(chains))

    def expectation(self, log_factors: Floats) -> _Expectation:
        """What is expected of a linker when the choices' weights are changed by these factors, ``[n_choices]``."""
        rings, spacers = self._rings.weights(log_factors), self._spacers.weights(log_factors)
        prior = np.array([self._space.ring_count_weights[n] for n in self._ring_counts])
        count_weights = prior * np.exp(log_factors[self._counts])
        use = np.zeros(len(self.choices))
        masses, log_norms = [], []
        for weight, n_rings in zip(count_weights / count_weights.sum(), self._ring_counts, strict=True):
            end, middle = (rings * fitting for fitting in self._fitting[n_rings])
            places = [(self._rings, end)]
            for k in range(1, n_rings):
                places += [(self._spacers, spacers), (self._rings, end if k == n_rings - 1 else middle)]
            log_norms.append(sum(np.log(weights.sum()) for _, weights in places))
            mass, used = self._uses([(table, weights / weights.sum()) for table, weights in places])
            masses.append(weight * mass)
            use += weight * used
        total = sum(masses)
        use[self._counts] = masses
        log_normalizers = np.array(log_norms) + np.log(count_weights.sum()) + np.log(total)
        return _Expectation(use / total, log_normalizers)

    def _uses(self, places: Sequence[tuple[_Table, Floats]]) -> tuple[float, Floats]:
        """Probability to stay within the size limit, and use of the choices times that probability."""
        by_size = [table.by_size(probabilities, self._limit) for table, probabilities in places]
        mass, use = 0.0, np.zeros(len(self.choices))
        for place, (table, probabilities) in enumerate(places):
            others = _convolved(by_size[:place] + by_size[place + 1 :], self._limit)
            room = self._limit - table.sizes
            fits = np.where(room >= 0, np.cumsum(others).take(room, mode="clip"), 0.0)
            mass = float(probabilities @ fits)
            use += (probabilities * fits) @ table.made_by
        return mass, use


class _Table:
    """Rings or spacers as arrays."""

    def __init__(self, parts: Sequence[Part], index: dict[Choice, int]) -> None:
        self.sizes = np.array([part.n_heavy for part in parts])
        self._prior = np.array([part.weight for part in parts])
        self.made_by = np.zeros((len(parts), len(index)))
        """1 where a choice made the part, ``[n_parts, n_choices]``."""
        for k, part in enumerate(parts):
            self.made_by[k, [index[choice] for choice in part.choices]] = 1.0

    def weights(self, log_factors: Floats) -> Floats:
        return np.asarray(self._prior * np.exp(self.made_by @ log_factors), dtype=np.float64)

    def by_size(self, probabilities: Floats, limit: int) -> Floats:
        """Probability of each size up to the limit, ``[limit + 1]``."""
        counts = np.bincount(self.sizes, probabilities, minlength=limit + 1)[: limit + 1]
        return np.asarray(counts, dtype=np.float64)


def _convolved(distributions: Iterable[Floats], limit: int) -> Floats:
    """Distribution of a sum of sizes up to the limit, ``[limit + 1]``."""
    result = np.ones(1)
    for distribution in distributions:
        result = np.convolve(result, distribution)[: limit + 1]
    return np.pad(result, (0, limit + 1 - len(result)))


def _position_groups(rings: Sequence[Part]) -> Iterable[set[Choice]]:
    groups: dict[tuple[Choice, ...], set[Choice]] = {}
    for part in rings:
        for choice in part.choices:
            if choice[0] is ChoiceKind.POSITION:
                rest = tuple(c for c in part.choices if c[0] in (ChoiceKind.CORE, ChoiceKind.PATTERN))
                groups.setdefault(rest, set()).add(choice)
    return groups.values()


@dataclass(frozen=True)
class Smoothing:
    """How much the pre-trained distribution weighs against what was seen."""

    examples: float
    """How many observations it counts as, > 0, so that no choice is ever excluded."""
    least_share: float
    """What it weighs at least, however many observations there are."""

    def prior_weight(self, n_observations: float) -> float:
        """Weight of the pre-trained distribution beside so many observations, in (0, 1]."""
        return max(self.least_share, self.examples / (self.examples + n_observations))


def fit(
    space: ChainSpace,
    chains: Sequence[Chain],
    smoothing: Smoothing,
    *,
    deadline: float,
    weights: Sequence[float] | None = None,
) -> Fit | None:
    """Factors that bring the use of the choices to that in the examples, mixed with the pre-trained use.

    Args:
        space: chains of the examples' family, none of them beyond its size limit.
        chains: the examples, at least one.
        smoothing: of the use of the choices, and of the positions on each core.
        deadline: `time.monotonic()` at which to give up, s.
        weights: how much each example counts; None for 1 each.

    Returns:
        The trained factors; None when the time ran out.
    """
    model = ChoiceModel(space)
    seen = model.mean_use(space, chains, weights)
    n_examples = sum(weights) if weights else len(chains)
    log_factors = np.zeros(len(model.choices))
    before = model.expectation(log_factors)
    for group in model.position_groups:
        log_factors[group] = _log_position_factors(seen[group] * n_examples, smoothing)
    now = model.expectation(log_factors)
    prior_weight = smoothing.prior_weight(n_examples)
    target = (1.0 - prior_weight) * seen + prior_weight * before.use
    learnt = np.concatenate(model.blocks)
    for _ in range(MAX_SWEEPS):
        for block in model.blocks:
            possible = block[target[block] > 0.0]
            log_factors[possible] += np.log(target[possible] / now.use[possible])
            now = model.expectation(log_factors)
        if np.abs(now.use - target)[learnt].max() < USE_TOLERANCE:
            break
        if time.monotonic() > deadline:
            return None
    change = now.log_normalizers - before.log_normalizers
    ring_counts = [model.choices.index(ring_count(n)) for n in space.ring_counts()]
    return Fit(
        factors={choice: float(np.exp(value)) for choice, value in zip(model.choices, log_factors, strict=True)},
        divergence_nats=float(now.use @ log_factors - now.use[ring_counts] @ change),
        gain_nats=float(seen @ log_factors - seen[ring_counts] @ change),
        use_error=float(np.abs(now.use - target)[learnt].max()),
    )


def _log_position_factors(counts: Floats, smoothing: Smoothing) -> Floats:
    """Of positions that were equally likely before, ``[n_positions]``."""
    n = counts.sum()
    shares = counts / max(n, 1.0)
    prior_weight = smoothing.prior_weight(n)
    return np.asarray(np.log((1.0 - prior_weight) * shares * len(counts) + prior_weight), dtype=np.float64)
