"""Sources through the gate, lot by lot, on several cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from mofa.evaluate.gate import MAX_SA_SCORE
from mofa.evaluate.outcomes import Counts, Outcome, Sample, examine
from mofa.evaluate.sources import Lot, Source
from mofa.isolate import die_with_parent

ProgressCallback = Callable[[float, str], None]


@dataclass(frozen=True)
class _Done:
    outcomes: tuple[Outcome, ...]
    counts: Counts | None


class Workers:
    """Processes that work on lots; results do not depend on how many there are.

    A single one is this process itself. Others start with the first sample and end with the `with` block.
    """

    def __init__(self, n: int = 1) -> None:
        self._n = n
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        if self._n > 1:
            # Fresh processes: a fork of one that runs threads may hang.
            self._pool = ProcessPoolExecutor(
                self._n, mp_context=get_context("spawn"), initializer=die_with_parent, initargs=(os.getpid(),)
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def sample(
        self, source: Source, *, max_sa_score: float = MAX_SA_SCORE, on_progress: ProgressCallback | None = None
    ) -> Sample:
        """All linkers of a source after the gate, in order."""
        outcomes: list[Outcome] = []
        counted: list[Counts | None] = []
        for done in self._results(source.lots, max_sa_score):
            outcomes += done.outcomes
            counted.append(done.counts)
            if on_progress is not None:
                on_progress(len(outcomes) / max(source.n, 1), f"{len(outcomes)} of {source.n}")
        known = [counts for counts in counted if counts is not None]
        total = sum(known, Counts(0, 0, 0)) if known and len(known) == len(counted) else None
        return Sample(source.title, tuple(outcomes), total, source.n)

    def _results(self, lots: Sequence[Lot], max_sa_score: float) -> Iterator[_Done]:
        work = partial(_examine_all, max_sa_score=max_sa_score)
        return map(work, lots) if self._pool is None else self._pool.map(work, lots)


def _examine_all(lot: Lot, *, max_sa_score: float) -> _Done:
    outcomes = tuple(examine(candidate, max_sa_score=max_sa_score) for candidate in lot.candidates())
    return _Done(outcomes, lot.counts())
