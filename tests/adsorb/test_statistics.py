"""Error bars that cover the truth as often as they claim, and heats that are right where theory is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mofa.adsorb.statistics import (
    Chain,
    average,
    chain_ratio,
    equilibration,
    evenly_spaced,
    isosteric_heats,
    loading,
    statistical_inefficiency,
)
from mofa.units import K_TO_KJ_PER_MOL


def correlated(rng: np.random.Generator, n: int, memory: float) -> np.ndarray:
    """Autoregressive noise around 5 with unit variance."""
    kicks = rng.normal(size=n) * math.sqrt(1 - memory**2)
    x = np.empty(n)
    x[0] = rng.normal()
    for k in range(1, n):
        x[k] = memory * x[k - 1] + kicks[k]
    return 5.0 + x


def test_error_bars_cover_the_truth_in_correlated_data() -> None:
    rng = np.random.default_rng(1)
    estimates = [loading([correlated(rng, 1000, 0.9)]) for _ in range(150)]
    covered = np.mean([abs(e.value - 5.0) < e.error for e in estimates])
    assert 0.88 < covered < 0.99


def test_error_falls_with_the_square_root_of_the_samples() -> None:
    rng = np.random.default_rng(2)
    errors = [np.mean([loading([rng.poisson(2.0, n).astype(float)]).error for _ in range(60)]) for n in (400, 6400)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)


def test_none_seen_is_not_none() -> None:
    estimate = loading([np.zeros(300)])
    assert (estimate.value, estimate.error) == (0.0, 0.01)
    assert not estimate.meets(0.5)


def test_heat_of_independent_molecules_is_their_energy_plus_rt() -> None:
    rng = np.random.default_rng(3)
    number = rng.poisson(3.0, 20_000)
    energy = np.array([rng.normal(-1500.0, 200.0, n).sum() for n in number])
    (heat,) = isosteric_heats([number[:, None].astype(float)], [energy], temperature_k=300.0)
    assert heat.value == pytest.approx(1800.0 * K_TO_KJ_PER_MOL, abs=2 * heat.error)
    assert 0 < heat.error < 0.3


def test_heat_is_not_a_number_when_the_loading_never_changed() -> None:
    (heat,) = isosteric_heats([np.ones((100, 1))], [np.full(100, -900.0)], temperature_k=300.0)
    assert math.isnan(heat.value)
    assert math.isnan(heat.error)


def test_too_few_samples_are_an_error() -> None:
    with pytest.raises(ValueError, match="5 samples cannot make 10 blocks"):
        loading([np.ones(5)])


def test_heats_of_a_mixture_are_those_of_its_gases() -> None:
    rng = np.random.default_rng(4)
    numbers = np.stack([rng.poisson(3.0, 40_000), rng.poisson(1.0, 40_000)], axis=1).astype(float)
    energy = numbers @ [-1500.0, -700.0] + rng.normal(0.0, 100.0, 40_000)
    heats = isosteric_heats([numbers], [energy], temperature_k=300.0)
    for heat, binding in zip(heats, (1500.0, 700.0), strict=True):
        assert heat.value == pytest.approx((binding + 300.0) * K_TO_KJ_PER_MOL, abs=2 * heat.error)


def test_correlation_time_of_a_known_process() -> None:
    """1 + 2 tau of an autoregressive series is (1 + memory) / (1 - memory)."""
    series = correlated(np.random.default_rng(5), 200_000, 0.8)
    assert statistical_inefficiency(series) == pytest.approx(9.0, rel=0.1)
    assert statistical_inefficiency(np.ones(50)) == 1.0


def chains(rng: np.random.Generator, n: int, *, starts: list[float]) -> list[Chain]:
    """Chains that approach 5 from somewhere within about 100 cycles."""
    fall = np.exp(-np.arange(n) / 100.0)
    series = [correlated(rng, n, 0.5) + start * fall for start in starts]
    return [Chain(x[:, None], -1000.0 * x) for x in series]


def test_equilibration_is_found_and_left_out() -> None:
    rng = np.random.default_rng(6)
    cold = chains(rng, 2000, starts=[-5.0, -5.0, -5.0, -5.0])
    assert 200 <= equilibration(cold) <= 800
    averages = average(cold, temperature_k=300.0)
    amount = averages.amounts[0]
    assert amount.molecules == pytest.approx(5.0, abs=1.5 * amount.molecules_error)
    assert equilibration(chains(rng, 2000, starts=[0.0] * 4)) <= 400


def test_chains_that_disagree_are_not_converged() -> None:
    rng = np.random.default_rng(7)
    apart = [Chain(x[:, None], x) for x in (correlated(rng, 1000, 0.5), correlated(rng, 1000, 0.5) + 3.0)]
    together = chains(rng, 1000, starts=[0.0, 0.0])
    assert chain_ratio([chain.molecules[:, 0] for chain in apart]) > 1.5
    assert chain_ratio([chain.molecules[:, 0] for chain in together]) == pytest.approx(1.0, abs=0.02)
    assert not average(apart, temperature_k=300.0).meets(10.0)
    assert average(together, temperature_k=300.0).meets(0.1)


def test_the_shortest_runs_still_have_an_average() -> None:
    rng = np.random.default_rng(8)
    for n_chains, n in ((1, 10), (4, 5), (4, 7)):
        series = [Chain(x[:, None], x) for x in rng.poisson(3.0, (n_chains, n)).astype(float)]
        assert average(series, temperature_k=300.0).amounts[0].molecules_error > 0


def test_samples_after_cycles_of_varying_length_are_spread_evenly() -> None:
    """An ideal gas of 30 molecules, sampled after every max(20, N) exchanges as RASPA does: 3 % too thin as it is."""
    rng = np.random.default_rng(9)
    n, samples = 30, []
    for _ in range(30_000):
        for _ in range(max(20, n)):
            if rng.random() < 0.5:
                n += rng.random() < 30.0 / (n + 1)
            elif n:
                n -= rng.random() < n / 30.0
        samples.append(n)
    molecules = np.array(samples, dtype=float)
    chain = Chain(molecules[:, None], -1000.0 * molecules)
    even = evenly_spaced(chain, np.maximum(20.0, np.append(molecules[:1], molecules[:-1])))
    assert len(even) == len(chain)
    assert molecules.mean() < 29.6
    assert even.molecules.mean() == pytest.approx(30.0, abs=0.35)
    assert even.molecules.var() == pytest.approx(30.0, rel=0.08)
