"""All measures of one sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from mofa.evaluate.costs import Costs, costs_of
from mofa.evaluate.diversity import Diversity, diversity_of
from mofa.evaluate.outcomes import Counts, Sample
from mofa.evaluate.properties import Composition, Property, compositions_of, properties_of
from mofa.evaluate.reference import Reference
from mofa.evaluate.shares import Share
from mofa.evaluate.yields import Yields, yields_of

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Evaluation:
    """What was measured; see ``docs/evaluation.md`` for the definitions."""

    title: str
    """Generator or file."""
    n_asked: int
    n_linkers: int
    """Delivered, and put through the gate."""
    yields: Yields
    diversity: Diversity
    properties: tuple[Property, ...]
    """Of the linkers that passed."""
    compositions: tuple[Composition, ...]
    costs: Costs
    draws: Counts | None
    reference: str
    """What the properties are compared with."""
    n_reference: int
    n_training: int | None
    """Linkers of the training set that novelty refers to; None where it is not known."""
    format_version: int = FORMAT_VERSION

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; null for what is not known."""
        plain: dict[str, Any] = _plain(self)
        return plain


def evaluate(sample: Sample, reference: Reference) -> Evaluation:
    """Measure a sample.

    Args:
        sample: from `mofa.evaluate.sampling.Workers.sample`.
        reference: what to compare it with.
    """
    data = reference.sample.sound
    return Evaluation(
        title=sample.title,
        n_asked=sample.n_asked,
        n_linkers=len(sample.outcomes),
        yields=yields_of(sample),
        diversity=diversity_of(sample, reference.training),
        properties=properties_of(sample.sound, data),
        compositions=compositions_of(sample.sound, data),
        costs=costs_of(sample),
        draws=sample.counts,
        reference=reference.sample.title,
        n_reference=len(data),
        n_training=None if reference.training is None else len(reference.training),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Share):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)
