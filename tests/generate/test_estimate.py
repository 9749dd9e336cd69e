"""The closed form against enumeration, and the fit against what it promises."""

from __future__ import annotations

import math
import time
from collections import Counter
from itertools import islice, product

import numpy as np
import pytest

from mofa.chemistry import Family
from mofa.generate.chains import Chain, ChainSpace, Factors, chain_space, ring_count
from mofa.generate.estimate import ChoiceModel, Smoothing, fit
from mofa.generate.units import Choice, ChoiceKind, Part

SMOOTHING = Smoothing(32.0, 0.1)


def later() -> float:
    return time.monotonic() + 60.0


def distribution(space: ChainSpace, factors: Factors) -> dict[Chain, float]:
    """Probability of every oriented chain within the limit, by enumeration."""

    def weights(parts: tuple[Part, ...]) -> list[float]:
        return [part.weight * math.prod(factors.get(choice, 1.0) for choice in part.choices) for part in parts]

    by_place = (weights(space.rings), weights(space.spacers))
    found: dict[Chain, float] = {}
    for n_rings in space.ring_counts():
        end, middle = (space.rings_at(end=outer, n_rings=n_rings) for outer in (True, False))
        tables = [end]
        for k in range(1, n_rings):
            tables += [list(range(len(space.spacers))), end if k == n_rings - 1 else middle]
        norm = math.prod(sum(by_place[place % 2][k] for k in table) for place, table in enumerate(tables))
        share = space.ring_count_weights[n_rings] * factors.get(ring_count(n_rings), 1.0) / norm
        for chain in product(*tables):
            if space.n_core_atoms(chain) <= space.max_core_atoms:
                found[chain] = share * math.prod(by_place[place % 2][k] for place, k in enumerate(chain))
    total = sum(found.values())
    return {chain: weight / total for chain, weight in found.items()}


@pytest.mark.parametrize(("family", "max_heavy_atoms"), [(Family.BCA, 17), (Family.BZN, 15), (Family.PYR, 18)])
def test_the_expected_use_is_that_of_an_enumeration(family: Family, max_heavy_atoms: int) -> None:
    space = chain_space(family, max_heavy_atoms)
    model = ChoiceModel(space)
    rng = np.random.default_rng(0)
    for spread in (0.0, 1.0):
        log_factors = rng.normal(0.0, spread, len(model.choices))
        factors = {choice: math.exp(value) for choice, value in zip(model.choices, log_factors, strict=True)}
        expected = Counter[Choice]()
        for chain, probability in distribution(space, factors).items():
            for choice in space.choices(chain):
                expected[choice] += probability
        found = dict(zip(model.choices, model.expectation(log_factors).use.tolist(), strict=True))
        assert found == pytest.approx({choice: expected[choice] for choice in model.choices}, abs=1e-12)


def chains_with(space: ChainSpace, kind: ChoiceKind, name: str, n: int) -> list[Chain]:
    wanted = (kind, name)
    return list(islice((chain for chain in space.draws(5) if wanted in space.choices(chain)), n))


@pytest.mark.parametrize("max_heavy_atoms", [18, 38])
@pytest.mark.parametrize("n_examples", [1, 50])
def test_the_fit_reaches_its_target_and_excludes_nothing(max_heavy_atoms: int, n_examples: int) -> None:
    space = chain_space(Family.BCA, max_heavy_atoms)
    model = ChoiceModel(space)
    chains = chains_with(space, ChoiceKind.SUBSTITUENT, "F", n_examples)
    fitted = fit(space, chains, SMOOTHING, deadline=later())
    assert fitted is not None
    assert fitted.use_error < 1e-5
    assert fitted.gain_nats > fitted.divergence_nats > 0.0
    before = model.expectation(np.zeros(len(model.choices))).use
    after = model.expectation(np.log([fitted.factors[choice] for choice in model.choices])).use
    share = SMOOTHING.prior_weight(len(chains))
    assert share == max(0.1, 32 / (32 + n_examples))
    target = share * before + (1 - share) * model.mean_use(space, chains)
    learnt = np.concatenate(model.blocks)
    np.testing.assert_allclose(after[learnt], target[learnt], atol=2e-5)
    assert (after[learnt] >= share * before[learnt] - 2e-5).all()
    assert all(factor > 0.0 for factor in fitted.factors.values())


def test_the_gain_and_the_divergence_are_those_of_the_distributions() -> None:
    space = chain_space(Family.BZN, 15)
    chains = chains_with(space, ChoiceKind.PATTERN, "mono", 40)
    fitted = fit(space, chains, SMOOTHING, deadline=later())
    assert fitted is not None
    before, after = distribution(space, {}), distribution(space, fitted.factors)
    gain = sum(math.log(after[chain] / before[chain]) for chain in chains) / len(chains)
    divergence = sum(p * math.log(p / before[chain]) for chain, p in after.items())
    assert fitted.gain_nats == pytest.approx(gain, abs=1e-9)
    assert fitted.divergence_nats == pytest.approx(divergence, abs=1e-9)


@pytest.mark.parametrize("max_heavy_atoms", [18, 38])
def test_examples_that_are_distributed_like_the_prior_change_next_to_nothing(max_heavy_atoms: int) -> None:
    space = chain_space(Family.BCA, max_heavy_atoms)
    chains = [chain for seed in range(100) for chain in islice(space.draws(seed), 16)]
    like_the_prior = fit(space, chains, SMOOTHING, deadline=later())
    fluorinated = chains_with(space, ChoiceKind.SUBSTITUENT, "F", 50)
    assert like_the_prior is not None
    assert like_the_prior.divergence_nats < 0.06
    assert abs(like_the_prior.gain_nats) < 0.09
    selected = fit(space, fluorinated, SMOOTHING, deadline=later())
    assert selected is not None
    assert selected.divergence_nats > 10 * like_the_prior.divergence_nats


def test_positions_are_learnt_where_they_are_seen_and_uniform_elsewhere() -> None:
    space = chain_space(Family.BCA)
    position = "[1*]c1cc([2*])c([3*])cc1[3*]"
    chains = chains_with(space, ChoiceKind.POSITION, position, 12)
    fitted = fit(space, chains, SMOOTHING, deadline=later())
    assert fitted is not None
    model = ChoiceModel(space)
    for group in model.position_groups:
        factors = np.array([fitted.factors[model.choices[k]] for k in group])
        assert factors.mean() == pytest.approx(1.0)
        if any(model.choices[k][1] == position for k in group):
            assert fitted.factors[ChoiceKind.POSITION, position] == factors.max() > 1.3


def test_the_deadline_is_kept() -> None:
    space = chain_space(Family.BCA, 18)
    assert fit(space, list(islice(space.draws(1), 20)), SMOOTHING, deadline=time.monotonic()) is None
