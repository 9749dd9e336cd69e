"""How far uptakes, and the ranking of MOFs by them, hang on the charges that they were simulated with.

Charges are the least certain input of an adsorption simulation: each method has its own, and they can change an uptake
by a factor of thirty. What can be trusted is what all methods agree on, beyond the errors of the simulations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from mofa.chemistry import Uptake


@dataclass(frozen=True)
class Exchange:
    """Two MOFs that change places between two methods, by more than the errors under both."""

    first: str
    """The MOF that takes up more under the first method."""
    second: str
    """The MOF that takes up more under the second method."""


@dataclass(frozen=True)
class Agreement:
    """How two charge methods rank the MOFs that have an uptake under both."""

    methods: tuple[str, str]
    mofs: int
    kendall_tau: float
    """Kendall's tau-b of the uptakes: 1 for the same order, -1 for the reversed one; NaN for fewer than two MOFs."""
    exchanges: tuple[Exchange, ...]
    within_errors: int
    """Pairs of MOFs that change places too, but by less than the errors under one of the methods."""


@dataclass(frozen=True)
class RankingSensitivity:
    """The ranking of several MOFs under several charge methods."""

    ranks: Mapping[str, Mapping[str, int]]
    """By method, then by MOF; the highest uptake has rank 1, and a MOF without an uptake has none."""
    agreements: tuple[Agreement, ...]
    """Of every two methods, in their order."""


def ratio_of(uptake: Uptake, reference: Uptake) -> tuple[float, float]:
    """Uptake over that of another method, and its 95 % half-width; NaN where there is nothing to divide by.

    Args:
        uptake: the numerator.
        reference: the denominator; the two simulations are taken as independent.
    """
    if not reference.uptake_mol_per_kg > 0:
        return math.nan, math.nan
    ratio = uptake.uptake_mol_per_kg / reference.uptake_mol_per_kg
    own = uptake.error_mol_per_kg / reference.uptake_mol_per_kg
    return ratio, math.hypot(own, ratio * reference.error_mol_per_kg / reference.uptake_mol_per_kg)


def ranking_sensitivity(uptakes: Mapping[str, Mapping[str, Uptake]]) -> RankingSensitivity:
    """Ranks under every charge method, and how far every two of them agree.

    Args:
        uptakes: by method, then by MOF, at one condition; a MOF may lack an uptake under some methods.
    """
    ranks = {method: _ranks(found) for method, found in uptakes.items()}
    pairs = combinations(uptakes.items(), 2)
    return RankingSensitivity(ranks, tuple(_agreement(one, other) for one, other in pairs))


def _ranks(found: Mapping[str, Uptake]) -> dict[str, int]:
    order = sorted(found, key=lambda mof: -found[mof].uptake_mol_per_kg)
    return {mof: place for place, mof in enumerate(order, start=1)}


def _agreement(one: tuple[str, Mapping[str, Uptake]], other: tuple[str, Mapping[str, Uptake]]) -> Agreement:
    (first, by_first), (second, by_second) = one, other
    shared = [mof for mof in by_first if mof in by_second]
    exchanges, within_errors = [], 0
    for a, b in combinations(shared, 2):
        before = by_first[a].uptake_mol_per_kg - by_first[b].uptake_mol_per_kg
        after = by_second[a].uptake_mol_per_kg - by_second[b].uptake_mol_per_kg
        if before * after >= 0:
            continue
        if _differ(by_first[a], by_first[b]) and _differ(by_second[a], by_second[b]):
            exchanges.append(Exchange(a, b) if before > 0 else Exchange(b, a))
        else:
            within_errors += 1
    tau = _kendall_tau(
        [by_first[mof].uptake_mol_per_kg for mof in shared], [by_second[mof].uptake_mol_per_kg for mof in shared]
    )
    return Agreement((first, second), len(shared), tau, tuple(exchanges), within_errors)


def _differ(one: Uptake, other: Uptake) -> bool:
    """Whether two uptakes differ by more than their joint 95 % error."""
    joint = math.hypot(one.error_mol_per_kg, other.error_mol_per_kg)
    return abs(one.uptake_mol_per_kg - other.uptake_mol_per_kg) > joint


def _kendall_tau(first: Sequence[float], second: Sequence[float]) -> float:
    if len(first) < 2:
        return math.nan
    from scipy.stats import kendalltau

    return float(kendalltau(first, second).statistic)
