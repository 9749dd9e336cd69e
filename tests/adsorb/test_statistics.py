"""Error bars that cover the truth as often as they claim, and heats that are right where theory is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mofa.adsorb.statistics import isosteric_heat, loading
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
    estimates = [loading(correlated(rng, 1000, 0.9)) for _ in range(150)]
    covered = np.mean([abs(e.value - 5.0) < e.error for e in estimates])
    assert 0.88 < covered < 0.99


def test_error_falls_with_the_square_root_of_the_samples() -> None:
    rng = np.random.default_rng(2)
    errors = [np.mean([loading(rng.poisson(2.0, n)).error for _ in range(60)]) for n in (400, 6400)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)


def test_none_seen_is_not_none() -> None:
    estimate = loading(np.zeros(300))
    assert (estimate.value, estimate.error) == (0.0, 0.01)
    assert not estimate.meets(0.5)


def test_heat_of_independent_molecules_is_their_energy_plus_rt() -> None:
    rng = np.random.default_rng(3)
    number = rng.poisson(3.0, 20_000)
    energy = np.array([rng.normal(-1500.0, 200.0, n).sum() for n in number])
    heat = isosteric_heat(number, energy, temperature_k=300.0)
    assert heat.value == pytest.approx(1800.0 * K_TO_KJ_PER_MOL, abs=2 * heat.error)
    assert 0 < heat.error < 0.3


def test_heat_is_not_a_number_when_the_loading_never_changed() -> None:
    heat = isosteric_heat(np.ones(100), np.full(100, -900.0), temperature_k=300.0)
    assert math.isnan(heat.value)
    assert math.isnan(heat.error)


def test_too_few_samples_are_an_error() -> None:
    with pytest.raises(ValueError, match="5 samples cannot make 10 blocks"):
        loading(np.ones(5))
