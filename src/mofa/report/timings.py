"""Where the time went: totals per kind of task, and who worked on what when."""

from __future__ import annotations

from dataclasses import dataclass

from mofa.chemistry import Stage
from mofa.store.records import CampaignRecords, TaskRecord

TIMELINE_STEPS = 1000
"""Resolution of the timeline: gaps and tasks shorter than one step are merged into their neighbour."""
MAX_WORKERS = 48


@dataclass(frozen=True)
class TaskTiming:
    """All ended tasks of one kind."""

    kind: Stage
    n: int
    mean_wall_s: float
    mean_cpu_s: float
    total_cpu_s: float
    cpu_share: float
    """Of the campaign's CPU time, 0 to 1."""


@dataclass(frozen=True)
class Segment:
    """A time in which one worker did one kind of task; begin and end as shares of the campaign."""

    kind: Stage
    begin: float
    end: float
    n_tasks: int


@dataclass(frozen=True)
class Lane:
    """One worker's time."""

    worker: str
    segments: tuple[Segment, ...]
    busy: float
    """Share of the campaign in which it worked."""


@dataclass(frozen=True)
class Timeline:
    """Who worked on what when."""

    started_s: float
    """Unix time."""
    duration_s: float
    lanes: tuple[Lane, ...]
    n_hidden: int
    """Workers left out to keep the figure readable."""

    @property
    def kinds(self) -> tuple[Stage, ...]:
        """Kinds of task that appear, in the order of the work."""
        seen = {segment.kind for lane in self.lanes for segment in lane.segments}
        return tuple(stage for stage in Stage if stage in seen)


def timings(records: CampaignRecords) -> list[TaskTiming]:
    """Totals per kind of task, in the order of the work."""
    ended = [(task, wall) for task in records.tasks.values() if (wall := task.wall_s) is not None]
    all_cpu_s = sum(task.cpu_s for task, _ in ended)
    found = []
    for kind in Stage:
        walls = [wall for task, wall in ended if task.kind is kind]
        if not walls:
            continue
        cpu_s = sum(task.cpu_s for task, _ in ended if task.kind is kind)
        share = cpu_s / all_cpu_s if all_cpu_s > 0 else 0.0
        found.append(TaskTiming(kind, len(walls), sum(walls) / len(walls), cpu_s / len(walls), cpu_s, share))
    return found


def timeline(records: CampaignRecords) -> Timeline | None:
    """The campaign worker by worker; None while no task has ended."""
    ended = [task for task in records.tasks.values() if task.started_s and task.ended_s]
    if not ended:
        return None
    start = min(task.started_s for task in ended if task.started_s is not None)
    span = max(task.ended_s for task in ended if task.ended_s is not None) - start
    span = max(span, 1e-3)
    by_worker: dict[str, list[TaskRecord]] = {}
    for task in ended:
        by_worker.setdefault(task.worker, []).append(task)
    lanes = [_lane(worker, tasks, start, span) for worker, tasks in sorted(by_worker.items())]
    return Timeline(start, span, tuple(lanes[:MAX_WORKERS]), max(0, len(lanes) - MAX_WORKERS))


def _lane(worker: str, tasks: list[TaskRecord], start: float, span: float) -> Lane:
    """One worker's segments, neighbours of one kind merged where the eye could not tell them apart."""
    segments: list[Segment] = []
    busy = 0.0
    spans = sorted((t.started_s or 0.0, t.ended_s or 0.0, t.kind) for t in tasks)
    for began_s, ended_s, kind in spans:
        begin, end = (began_s - start) / span, (ended_s - start) / span
        busy += end - begin
        last = segments[-1] if segments else None
        if last is not None and last.kind is kind and begin - last.end < 1 / TIMELINE_STEPS:
            segments[-1] = Segment(kind, last.begin, max(end, last.end), last.n_tasks + 1)
        else:
            segments.append(Segment(kind, begin, end, 1))
    return Lane(worker, tuple(segments), min(1.0, busy))
