"""Which MOFs the generator learns from, and when: the paper's rule, without clock or files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter

from mofa.chemistry.results import TRAINABLE_STRAIN


class Regime(StrEnum):
    """What the MOFs to learn from are ranked by."""

    STRAIN = "strain"
    OBJECTIVE = "uptake"
    """The campaign's objective; events call it by what it is by default."""


@dataclass(frozen=True)
class Example:
    """A MOF with what is known of it."""

    key: str
    """Framework id."""
    strain: float
    objective: float | None = None
    """The higher the better; None while there is no uptake, or where it has none."""
    linkers: tuple[str, ...] = ()
    """Files of its linkers."""


@dataclass(frozen=True)
class CurriculumSettings:
    """Thresholds of the rule; the defaults are the paper's."""

    strain_limit: float = TRAINABLE_STRAIN
    """Only MOFs with a strain below this are learnt from."""
    first_after: int = 64
    """MOFs below the limit before the first training."""
    keep_fraction: float = 0.5
    """The better part of the candidates that is kept."""
    uptakes_to_switch: int = 64
    """From this many values of the objective on it says which are the best."""
    growth: float = 0.0
    """Share by which the candidates must have grown since the last training; 0: any growth will do."""
    min_examples: int = 32
    max_examples: int = 8192


def training_set(examples: Iterable[Example], settings: CurriculumSettings | None = None) -> tuple[Example, ...]:
    """The MOFs to learn from, best first; empty while there are too few.

    Candidates have a strain below 25 %. At first the half with the lowest strain is taken; once 64 have a value of the
    objective (the paper's: the uptake), the half of these with the highest. At most 8192, and none if fewer than 32
    remain. Ties go by key.
    """
    rule = settings or CurriculumSettings()
    candidates = [example for example in examples if example.strain < rule.strain_limit]
    valued = [example for example in candidates if example.objective is not None]
    if len(valued) >= rule.uptakes_to_switch:
        ranked = sorted(valued, key=lambda example: (-(example.objective or 0.0), example.key))
    else:
        ranked = sorted(candidates, key=attrgetter("strain", "key"))
    kept = ranked[: min(int(len(ranked) * rule.keep_fraction), rule.max_examples)]
    return tuple(kept) if len(kept) >= rule.min_examples else ()


class Curriculum:
    """Remembers the examples of a campaign and says when it is time to train.

    First when 64 MOFs have a strain below the limit; then whenever the last training has ended and the set has grown
    since it began, or is ranked by another measure. A training that fails is not repeated on the same set.

    Args:
        settings: thresholds.
    """

    def __init__(self, settings: CurriculumSettings) -> None:
        self._settings = settings
        self._examples: dict[str, Example] = {}
        self._valued: dict[str, Example] = {}
        """Those with a value of the objective."""
        self._training = False
        self._learnt: tuple[Regime, int] | None = None
        """Ranking and number of candidates of the last training."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Curriculum) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def add_strain(self, key: str, strain: float, linkers: Sequence[str]) -> None:
        """A MOF has come through dynamics."""
        if strain < self._settings.strain_limit:
            self._examples[key] = Example(key, strain, None, tuple(linkers))

    def strain(self, key: str) -> float | None:
        """The strain of a MOF; None if it has none below the limit."""
        example = self._examples.get(key)
        return None if example is None else example.strain

    def add_objective(self, key: str, objective: float) -> None:
        """A MOF has a value of the objective."""
        example = self._examples.get(key)
        if example is not None:
            self._examples[key] = self._valued[key] = replace(example, objective=objective)

    @property
    def candidates(self) -> tuple[Regime, int]:
        """What MOFs are ranked by now, and how many there are."""
        if len(self._valued) >= self._settings.uptakes_to_switch:
            return Regime.OBJECTIVE, len(self._valued)
        return Regime.STRAIN, len(self._examples)

    def due(self) -> tuple[Example, ...]:
        """The MOFs to train on now, best first; empty if it is not time."""
        if self._training or len(self._examples) < self._settings.first_after:
            return ()
        regime, n = self.candidates
        if self._learnt is not None and regime is self._learnt[0]:
            before = self._learnt[1]
            if n <= before or n < before * (1.0 + self._settings.growth):
                return ()
        ranked = self._valued if regime is Regime.OBJECTIVE else self._examples
        return training_set(ranked.values(), self._settings)

    def begin(self, regime: Regime, n: int) -> None:
        """A training on `n` candidates has been submitted."""
        self._training = True
        self._learnt = (regime, n)

    def end(self) -> None:
        """The training has ended, well or not."""
        self._training = False
