"""Cheapest joint choices on a graph: exact, in order of cost.

Every variable takes one of a few values; values cost something, and so do the pairs of values at the two ends of an
edge. Variables are eliminated one by one (minimising over their values gives a table on their neighbours); the tables
tell for every partial choice what the best completion costs, so that a best-first search walks straight to the optimum
and from there to the second best, the third, and so on. The work grows exponentially only with the largest number of
neighbours met in the elimination, two to four in molecules. DOI 10.1016/S0004-3702(99)00059-4.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_TABLE = 500_000
"""Entries; beyond this the graph is too entangled."""


class EntangledError(ValueError):
    """The tables would not fit: the graph has too many rings through the same atoms."""


@dataclass(frozen=True)
class _Bucket:
    """What was known of a variable when it was eliminated."""

    scope: tuple[int, ...]
    """The variable first, then the later ones its choice depends on."""
    regret: NDArray[np.float64]
    """What each value costs beyond the best one, axes in the order of `scope`."""


def cheapest(
    costs: Sequence[NDArray[np.float64]], pair_costs: Mapping[tuple[int, int], NDArray[np.float64]]
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Joint choices of finite cost, the cheapest first: total cost, value of each variable.

    Args:
        costs: for each variable ``[n_values]``; infinite where a value is impossible.
        pair_costs: for some pairs of variables ``[n_values_of_first, n_values_of_second]``; infinite where two values
            exclude each other.

    Raises:
        EntangledError: a table would have more than `LARGEST_TABLE` entries.
    """
    buckets, least = _eliminate(costs, pair_costs)
    if not np.isfinite(least):
        return
    # Ties are broken by depth (deeper first, so that equals do not all unfold) and then by age.
    heap: list[tuple[float, int, int, tuple[int, ...]]] = [(least, 0, 0, ())]
    age = 0
    order = [bucket.scope[0] for bucket in reversed(buckets)]
    place = {variable: depth for depth, variable in enumerate(order)}
    while heap:
        total, _, _, chosen = heapq.heappop(heap)
        depth = len(chosen)
        if depth == len(order):
            yield total, tuple(chosen[place[variable]] for variable in range(len(costs)))
            continue
        bucket = buckets[-1 - depth]
        at: list[Any] = [slice(None), *(chosen[place[variable]] for variable in bucket.scope[1:])]
        regret = bucket.regret[tuple(at)]
        for value, more in enumerate(regret.tolist()):
            if more < np.inf:
                age += 1
                heapq.heappush(heap, (total + more, -depth - 1, age, (*chosen, value)))


def _eliminate(
    costs: Sequence[NDArray[np.float64]], pair_costs: Mapping[tuple[int, int], NDArray[np.float64]]
) -> tuple[list[_Bucket], float]:
    """Buckets in order of elimination, and the least total cost."""
    neighbors: list[set[int]] = [set() for _ in costs]
    factors: list[list[tuple[tuple[int, ...], NDArray[np.float64]]]] = [[((k,), cost)] for k, cost in enumerate(costs)]
    for (i, j), table in pair_costs.items():
        neighbors[i].add(j)
        neighbors[j].add(i)
        factors[i].append(((i, j), table))
    left = set(range(len(costs)))
    buckets: list[_Bucket] = []
    least = 0.0
    while left:
        variable = min(left, key=lambda k: (len(neighbors[k]), k))
        left.remove(variable)
        around = sorted(neighbors[variable])
        scope = (variable, *around)
        if math.prod(len(costs[k]) for k in scope) > LARGEST_TABLE:
            raise EntangledError(f"one choice depends on {len(around)} others")
        touching = [*factors[variable]]
        for k in around:
            touching += [factor for factor in factors[k] if variable in factor[0]]
            factors[k] = [factor for factor in factors[k] if variable not in factor[0]]
        table = _sum(touching, scope, costs)
        best = table.min(axis=0)
        with np.errstate(invalid="ignore"):
            regret = np.where(np.isfinite(table), table - best, np.inf)
        buckets.append(_Bucket(scope, regret))
        if around:
            factors[around[0]].append((tuple(around), best))
        else:
            least += float(best)
        for k in around:
            neighbors[k] |= set(around)
            neighbors[k] -= {k, variable}
    return buckets, least


def _sum(
    factors: Sequence[tuple[tuple[int, ...], NDArray[np.float64]]],
    scope: tuple[int, ...],
    costs: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """All factors added up over the variables of `scope`, axes in its order."""
    axis = {variable: k for k, variable in enumerate(scope)}
    total = np.zeros([len(costs[variable]) for variable in scope])
    for variables, table in factors:
        order = sorted(range(len(variables)), key=lambda k: axis[variables[k]])
        shape = [1] * len(scope)
        for variable in variables:
            shape[axis[variable]] = len(costs[variable])
        total += table.transpose(order).reshape(shape)
    return total
