"""When tasks held their slots, and the clock that performance is measured by. A simulation makes the same spans."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry import Reason, Stage
from mofa.store.payloads import Status
from mofa.store.records import CampaignRecords, SessionRecord, TaskRecord

DYNAMICS_REASONS = frozenset({Reason.UNSTABLE, Reason.BLEW_UP, Reason.TIME_LIMIT, Reason.CRASHED, Reason.NOT_CONVERGED})
"""Refusals of validation that come from molecular dynamics; the others come from the checks before it."""


@dataclass(frozen=True, slots=True)
class TaskSpan:
    """A task's time on a slot. Times in s on any one scale; a worker's and the thinker's clock are taken to agree."""

    id: str
    kind: Stage
    pool: str
    """The slot kind that it held."""
    submitted_s: float
    started_s: float
    """When the worker began to compute."""
    ended_s: float
    """When the worker had computed; for a task without a result when it was cut off or last known to be at work."""
    recorded_s: float | None = None
    """When its result was stored; None if it has none."""
    arrived_s: float | None = None
    """When its report reached the thinker; where nobody noted it, None."""
    items: int = 0
    """What it gave, in the unit of its stage: accepted linkers (process), MOFs (assemble), dynamics runs (validate),
    results (others). Those of generate tasks are counted by their batches."""
    subject: str = ""
    """Framework id, or batch of a process task: what links the stages."""
    model_version: int = 0
    """Generate: the model that it used; train: the model that it made."""


class Clock:
    """Time at work: the wall clock with the gaps between the periods of work taken out.

    Args:
        periods: begin and end of each, s, in order; where they overlap the earlier one counts.
    """

    def __init__(self, periods: Sequence[tuple[float, float]]) -> None:
        self.periods = _without_overlap(periods)
        """Begin and end of each, wall clock, s."""
        lengths = [end - begin for begin, end in self.periods]
        self.bounds: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(lengths)])
        """Time at work at the begin of each period and at the end of the last, s; ``[n_periods + 1]``."""
        self._origin_s = self.periods[0][0] if self.periods else 0.0
        self._wall = np.array(self.periods).reshape(-1) - self._origin_s
        self._work = np.repeat(self.bounds, 2)[1:-1]

    @property
    def total_s(self) -> float:
        """Time at work in all, s."""
        return float(self.bounds[-1])

    def at(self, times_s: ArrayLike) -> NDArray[np.float64]:
        """Time at work, s, at times of the wall clock, s; constant in the gaps, before the first and after the last."""
        wall = np.asarray(times_s, dtype=float) - self._origin_s
        return np.interp(wall, self._wall, self._work) if self.periods else np.zeros_like(wall)


def _without_overlap(periods: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same periods, each beginning when the one before has ended: clocks of two machines may disagree."""
    trimmed: list[tuple[float, float]] = []
    for begin, end in periods:
        begin = max(begin, trimmed[-1][1]) if trimmed else begin
        trimmed.append((begin, max(begin, end)))
    return trimmed


def spans_of(records: CampaignRecords) -> list[TaskSpan]:
    """The spans of a campaign's tasks.

    A task that has ended spans the time from start to end on its worker. Without these times (it crashed, or was
    killed at its time limit) it held its slot from its submission until that was recorded. A task that was at work
    when a session ended held its slot until then; if it ran again in a later session that is a second span. Attempts
    that were lost within a session have left no times and are not counted.
    """
    counts = _Counts(records)
    sessions, beginnings = records.sessions, [session.started_s for session in records.sessions]
    spans: list[TaskSpan] = []
    for task in records.tasks.values():
        index = bisect_right(beginnings, task.submitted_s) - 1
        held = sessions[index] if index >= 0 else None
        began_s = _began_s(task)
        if held is not None and (began_s is None or began_s > held.updated_s):
            spans.append(_cut_off(task, held, task.submitted_s))
            if began_s is None and held is not sessions[-1]:
                spans.append(_cut_off(task, sessions[-1], sessions[-1].started_s))
        if began_s is not None and task.recorded_s is not None:
            spans.append(
                TaskSpan(
                    task.id,
                    task.kind,
                    _pool(task, held),
                    task.submitted_s,
                    began_s,
                    task.ended_s or task.recorded_s,
                    task.recorded_s,
                    task.arrived_s,
                    counts.items(task),
                    task.subject,
                    task.model_version,
                )
            )
    return spans


def _began_s(task: TaskRecord) -> float | None:
    """When a task that has ended began; None for one without a result."""
    return None if task.recorded_s is None else task.started_s or task.submitted_s


def _cut_off(task: TaskRecord, session: SessionRecord, since_s: float) -> TaskSpan:
    """The span of a task that was at work when a session ended."""
    return TaskSpan(
        task.id,
        task.kind,
        _pool(task, session),
        task.submitted_s,
        since_s,
        max(since_s, session.updated_s),
        subject=task.subject,
        model_version=task.model_version,
    )


def _pool(task: TaskRecord, session: SessionRecord | None) -> str:
    """The slot kind of a task; where it was not noted and there was only one, that one."""
    if not task.pool and session is not None and len(session.pools) == 1:
        return next(iter(session.pools))
    return task.pool


class _Counts:
    """What the tasks of a campaign gave."""

    def __init__(self, records: CampaignRecords) -> None:
        self._made = Counter(linker.task_id for linker in records.linkers.values())
        self._made.update(mof.task_id for mof in records.mofs.values())
        mofs = records.mofs.values()
        self._with_result = {
            Stage.VALIDATE: {mof.id for mof in mofs if mof.stability is not None},
            Stage.OPTIMIZE: {mof.id for mof in mofs if mof.optimized is not None},
            Stage.CHARGES: {mof.id for mof in mofs if mof.charges is not None},
            Stage.ADSORB: {mof.id for mof in mofs if mof.uptake is not None},
        }
        self._with_result[Stage.VALIDATE].update(
            refusal.key
            for refusal in records.rejections
            if refusal.stage is Stage.VALIDATE and refusal.reason in DYNAMICS_REASONS
        )

    def items(self, task: TaskRecord) -> int:
        """The number for `TaskSpan.items`."""
        subjects = self._with_result.get(task.kind)
        if subjects is not None:
            return int(task.subject in subjects and not task.judge)
        if task.kind is Stage.TRAIN:
            return int(task.status is Status.DONE)
        return self._made.get(task.id, 0)
