"""Cheapest joint choices: against trying everything."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.process.elimination import EntangledError, cheapest


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[np.ndarray], dict[tuple[int, int], np.ndarray]]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = [int(rng.integers(1, 4)) for _ in range(draw(st.integers(1, 6)))]
    costs = [rng.integers(0, 20, size).astype(float) for size in sizes]
    edges = [pair for pair in combinations(range(len(sizes)), 2) if rng.random() < 0.5]
    tables = {}
    for i, j in edges:
        table = rng.integers(0, 20, (sizes[i], sizes[j])).astype(float)
        table[rng.random(table.shape) < 0.2] = np.inf
        tables[i, j] = table
    return costs, tables


@given(problem=problems())
@settings(max_examples=150, deadline=None)
def test_all_choices_come_once_and_in_order_of_cost(
    problem: tuple[list[np.ndarray], dict[tuple[int, int], np.ndarray]],
) -> None:
    costs, tables = problem

    def total(choice: tuple[int, ...]) -> float:
        alone = sum(cost[s] for cost, s in zip(costs, choice, strict=True))
        return float(alone + sum(table[choice[i], choice[j]] for (i, j), table in tables.items()))

    expected = {choice: total(choice) for choice in product(*(range(len(cost)) for cost in costs))}
    possible = {choice: cost for choice, cost in expected.items() if np.isfinite(cost)}
    found = list(cheapest(costs, tables))
    assert [cost for cost, _ in found] == pytest.approx(sorted(possible.values()))
    assert {choice for _, choice in found} == set(possible)
    assert all(cost == pytest.approx(expected[choice]) for cost, choice in found)


def test_a_graph_where_everything_depends_on_everything_is_refused() -> None:
    costs = [np.zeros(4) for _ in range(20)]
    tables = {pair: np.zeros((4, 4)) for pair in combinations(range(20), 2)}
    with pytest.raises(EntangledError):
        next(cheapest(costs, tables))
