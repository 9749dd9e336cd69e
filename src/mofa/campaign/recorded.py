"""Durations and outcomes from a campaign's own records: a table that draws its tasks again at random."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mofa.campaign.durations import Drawn
from mofa.campaign.tasks import TaskKind
from mofa.errors import CampaignError
from mofa.store.payloads import Status
from mofa.store.records import CampaignRecords, MofRecord, TaskRecord, load

MIN_TASKS = dict.fromkeys(TaskKind, 3) | {TaskKind.GENERATE: 1, TaskKind.TRAIN: 0}
"""Ended tasks of each kind that a campaign must have before it can serve as a table."""
_SCALED = frozenset({TaskKind.GENERATE, TaskKind.PROCESS, TaskKind.ASSEMBLE})
"""They work on several things at once, and take a time in proportion."""


@dataclass(frozen=True)
class _Sample:
    """A task that has run: what it worked on, how long, and what came out."""

    n: int
    drawn: Drawn


@dataclass(frozen=True)
class RecordedTable:
    """The tasks of a campaign that has run, drawn again at random: durations together with their outcomes.

    What works on several things at once (linkers of a batch, MOFs of an assembly) is scaled to their number.
    """

    source: str
    _samples: Mapping[TaskKind, Sequence[_Sample]] = field(repr=False)
    _batches: Sequence[Sequence[int]] = field(repr=False)

    @property
    def can_train(self) -> bool:
        """Whether a training has been recorded."""
        return bool(self._samples.get(TaskKind.TRAIN))

    def batches(self, rng: random.Random) -> Sequence[int]:
        """See `WorkTable.batches`."""
        return rng.choice(self._batches)

    def draw(self, kind: TaskKind, n: int, rng: random.Random) -> Drawn:
        """See `WorkTable.draw`."""
        sample = rng.choice(self._samples[kind])
        if kind not in _SCALED:
            return sample.drawn
        scale = n / max(1, sample.n)
        made = sample.drawn.made * scale
        whole = int(made)
        return Drawn(sample.drawn.duration_s * scale, whole + (rng.random() < made - whole))


def load_table(folder: str | Path) -> RecordedTable:
    """The table of a campaign's folder.

    Raises:
        CampaignError: there is no campaign, or too few of its tasks have ended.
        StoreError: it cannot be read.
    """
    return from_records(load(folder), source=f"records of {folder}")


def from_records(records: CampaignRecords, *, source: str = "records of a campaign") -> RecordedTable:
    """A table of what a campaign has recorded.

    Linkers and MOFs that had been there before do not count as made.

    Raises:
        CampaignError: too few tasks of a kind have ended.
    """
    made, refused = _counts(records)
    sizes = {batch.key: batch.n for batch in records.batches}
    streamed: dict[str, list[int]] = {}
    for batch in records.batches:
        streamed.setdefault(batch.key.rpartition("/")[0], []).append(batch.n)
    samples: dict[TaskKind, list[_Sample]] = {kind: [] for kind in TaskKind}
    for task in records.tasks.values():
        if task.status is None or task.judge:
            continue
        n = {
            TaskKind.GENERATE: sum(streamed.get(task.id, ())),
            TaskKind.PROCESS: sizes.get(task.subject, made[task.id] + refused[task.id]),
            TaskKind.ASSEMBLE: made[task.id] + refused[task.id],
        }.get(task.kind, 1)
        if n:
            samples[task.kind].append(_Sample(n, _drawn(task, records.mofs.get(task.subject), made[task.id])))
    few = [f"{kind} ({len(samples[kind])} of {n})" for kind, n in MIN_TASKS.items() if len(samples[kind]) < n]
    if few:
        raise CampaignError(
            f"too few tasks have ended to draw from: {', '.join(few)}",
            where=source,
            action="Let it run longer, or leave --campaign out to use the published durations",
        )
    ended = [sample for task_id, sample in streamed.items() if records.tasks[task_id].status is Status.DONE]
    return RecordedTable(source, samples, ended)


def _counts(records: CampaignRecords) -> tuple[Counter[str], Counter[str]]:
    """What each task made and what it refused."""
    made = Counter(linker.task_id for linker in records.linkers.values())
    made.update(mof.task_id for mof in records.mofs.values())
    return made, Counter(rejection.task_id for rejection in records.rejections)


def _drawn(task: TaskRecord, mof: MofRecord | None, made: int) -> Drawn:
    """How a recorded task went."""
    duration_s = _duration_s(task)
    match task.kind:
        case TaskKind.PROCESS | TaskKind.ASSEMBLE:
            return Drawn(duration_s, made)
        case TaskKind.VALIDATE:
            stability = mof.stability if mof is not None else None
            return Drawn(duration_s, 0) if stability is None else Drawn(duration_s, 1, stability.strain)
        case TaskKind.OPTIMIZE:
            return Drawn(duration_s, int(mof is not None and mof.optimized is not None))
        case TaskKind.CHARGES:
            return Drawn(duration_s, int(mof is not None and mof.charges is not None))
        case TaskKind.ADSORB:
            uptake = mof.uptake if mof is not None else None
            return Drawn(duration_s, 0) if uptake is None else Drawn(duration_s, 1, uptake.uptake_mol_per_kg)
        case _:
            return Drawn(duration_s, int(task.status is Status.DONE))


def _duration_s(task: TaskRecord) -> float:
    """Time on the worker; of a task that left no times the time from its submission to its record."""
    if task.started_s and task.ended_s:
        return max(0.0, task.ended_s - task.started_s)
    return max(0.0, (task.recorded_s or task.submitted_s) - task.submitted_s)
