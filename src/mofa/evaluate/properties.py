"""What the linkers are like, beside the data that they should be like."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import wasserstein_distance

from mofa.evaluate.features import Features
from mofa.evaluate.shares import Spread, spread_of

Counted = tuple[tuple[str, int], ...] | tuple[tuple[int, int], ...]
"""Kinds (elements, ring sizes) with their numbers in one linker."""


@dataclass(frozen=True)
class Quantity:
    """Something that every linker has a number of."""

    name: str
    label: str
    unit: str
    value: Callable[[Features], float | None]
    whole: bool = False
    """Whether it is a count."""

    def values(self, sound: Sequence[Features]) -> list[float]:
        """Of those linkers that have it."""
        return [float(value) for features in sound if (value := self.value(features)) is not None]


QUANTITIES = (
    Quantity("core_atoms", "heavy atoms between the prompts", "atoms", lambda f: f.core_atoms, whole=True),
    Quantity("heavy_atoms", "heavy atoms of the linker", "atoms", lambda f: f.n_heavy_atoms, whole=True),
    Quantity("anchor_distance_ang", "distance of the anchor carbons", "Å", lambda f: f.anchor_distance_ang),
    Quantity("exit_angle_deg", "angle between the exits", "°", lambda f: f.exit_angle_deg),
    Quantity("sa_score", "synthetic accessibility (1 easy, 10 hard)", "", lambda f: f.sa_score),
    Quantity("sp3_fraction", "sp3 carbons among the core's carbons", "", lambda f: f.sp3_fraction),
    Quantity("rotatable_bonds", "rotatable bonds", "bonds", lambda f: f.rotatable_bonds, whole=True),
    Quantity("polar_atoms", "N and O atoms between the prompts", "atoms", lambda f: f.polar_atoms, whole=True),
    Quantity("relaxation_rmsd_ang", "move on relaxation (RMSD)", "Å", lambda f: f.relaxation_rmsd_ang),
)


@dataclass(frozen=True)
class Property:
    """One quantity of the sample and of the data."""

    name: str
    unit: str
    sample: Spread | None
    data: Spread | None
    wasserstein: float | None
    """Distance of the two distributions, in the quantity's unit. None where either is empty."""
    wasserstein_of_data_halves: float | None
    """The same between two halves of the data: what chance alone gives."""


@dataclass(frozen=True)
class Composition:
    """Shares of kinds (elements, ring sizes) among all atoms or rings."""

    name: str
    sample: Mapping[str, float]
    data: Mapping[str, float]
    total_variation: float | None
    """Half the sum of the absolute differences, 0 (alike) to 1. None where either is empty."""
    total_variation_of_data_halves: float | None
    """The same between two halves of the data: what chance alone gives."""


def properties_of(sound: Sequence[Features], data: Sequence[Features]) -> tuple[Property, ...]:
    """Every quantity of `QUANTITIES`."""
    mixed = _mixed(data)
    return tuple(_property(quantity, quantity.values(sound), quantity.values(mixed)) for quantity in QUANTITIES)


def compositions_of(sound: Sequence[Features], data: Sequence[Features]) -> tuple[Composition, ...]:
    """Elements of the heavy atoms between the prompts, and sizes of the rings."""
    mixed = _mixed(data)
    return (
        _composition("elements", [f.elements for f in sound], [f.elements for f in mixed]),
        _composition("ring_sizes", [f.ring_sizes for f in sound], [f.ring_sizes for f in mixed]),
    )


def _mixed(data: Sequence[Features]) -> list[Features]:
    """The data in an order that has to do with nothing, so that both halves are of one kind."""
    return random.Random(0).sample(list(data), len(data))


def _property(quantity: Quantity, sample: Sequence[float], data: Sequence[float]) -> Property:
    return Property(
        quantity.name,
        quantity.unit,
        spread_of(sample),
        spread_of(data),
        float(wasserstein_distance(sample, data)) if sample and data else None,
        float(wasserstein_distance(data[::2], data[1::2])) if len(data) > 1 else None,
    )


def _composition(name: str, sample: Sequence[Counted], data: Sequence[Counted]) -> Composition:
    of_sample, of_data = composition_shares(sample), composition_shares(data)
    halves = composition_shares(data[::2]), composition_shares(data[1::2])
    return Composition(name, of_sample, of_data, _total_variation(of_sample, of_data), _total_variation(*halves))


def composition_shares(counted: Sequence[Counted]) -> dict[str, float]:
    """Share of each kind among all that were counted, most frequent first."""
    total: Counter[str] = Counter()
    for one in counted:
        for kind, count in one:
            total[str(kind)] += count
    return {kind: count / total.total() for kind, count in sorted(total.items(), key=lambda item: (-item[1], item[0]))}


def _total_variation(a: Mapping[str, float], b: Mapping[str, float]) -> float | None:
    if not a or not b:
        return None
    return sum(abs(a.get(kind, 0.0) - b.get(kind, 0.0)) for kind in {*a, *b}) / 2
