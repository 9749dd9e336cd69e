"""Which MOFs the generator learns from: the paper's rule, as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mofa.chemistry.results import TRAINABLE_STRAIN


@dataclass(frozen=True)
class Example:
    """A MOF with what is known of it."""

    key: str
    """Framework id."""
    strain: float
    uptake_mol_per_kg: float | None = None


@dataclass(frozen=True)
class CurriculumSettings:
    """Thresholds of the rule; the defaults are the paper's."""

    strain_limit: float = TRAINABLE_STRAIN
    """Only MOFs with a strain below this are learnt from."""
    keep_fraction: float = 0.5
    """The better part of the candidates that is kept."""
    uptakes_to_switch: int = 64
    """From this many uptakes on, the best are those that adsorb most."""
    min_examples: int = 32
    max_examples: int = 8192


def training_set(examples: Sequence[Example], settings: CurriculumSettings | None = None) -> tuple[Example, ...]:
    """The MOFs to learn from, best first; empty while there are too few.

    Candidates have a strain below 25 %. At first the half with the lowest strain is taken; once 64 uptakes are known,
    the half of these with the highest uptake. At most 8192, and none if fewer than 32 remain. Ties go by key.
    """
    rule = settings or CurriculumSettings()
    candidates = [example for example in examples if example.strain < rule.strain_limit]
    adsorbing = [example for example in candidates if example.uptake_mol_per_kg is not None]
    if len(adsorbing) >= rule.uptakes_to_switch:
        ranked = sorted(adsorbing, key=lambda example: (-(example.uptake_mol_per_kg or 0.0), example.key))
    else:
        ranked = sorted(candidates, key=lambda example: (example.strain, example.key))
    kept = ranked[: min(int(len(ranked) * rule.keep_fraction), rule.max_examples)]
    return tuple(kept) if len(kept) >= rule.min_examples else ()
