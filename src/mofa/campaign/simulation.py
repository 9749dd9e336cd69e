"""A campaign on a virtual clock: the policy and the slots of a real one, work that only takes its time.

`simulate` is a thinker in small. It owns the same `Policy` and the same `SlotBoard`, in front of a `SimulatedServer`
whose calls come from a table of durations and outcomes. It keeps no store and no files, so three hours on 450 nodes,
some 190 000 tasks, pass in seconds: to plan a campaign, and to see what a change of the policy would do.

Like the thinker it is one loop that does one thing at a time. Every message costs time (`ThinkerCosts`), in which
others wait; every message travels for some milliseconds.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from mofa.campaign.durations import PAPER, WorkTable
from mofa.campaign.policy import Policy
from mofa.campaign.settings import CampaignPlan
from mofa.campaign.simulated_work import World, duration_s
from mofa.campaign.slots import SlotBoard
from mofa.campaign.tasks import Batch, Task, TaskKind
from mofa.compute import Completed, Report, StreamItem
from mofa.compute.simulated import SimulatedServer
from mofa.store.performance import Performance, measure
from mofa.store.records import BatchRecord, SessionRecord
from mofa.store.spans import TaskSpan

SAMPLE_S = 60.0
"""How often the length of the queues is noted, s."""
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class ThinkerCosts:
    """What messages cost, s: of the order that ``benchmarks/results.md`` shows; the cost of an item is an estimate."""

    submit_s: float = 1.0e-3
    """To choose, record and send a task."""
    batch_s: float = 1.0e-3
    """To record a streamed batch."""
    result_s: float = 1.5e-3
    """To read and record a result."""
    item_s: float = 0.05e-3
    """For each linker or MOF in it besides."""
    latency_s: float = 3.0e-3
    """Travelling time of a message, one way."""


@dataclass(frozen=True)
class QueueSample:
    """Length of the queues at one moment."""

    time_s: float
    waiting: Mapping[TaskKind, int]
    busy: Mapping[str, int]
    """Slots at work, by pool."""


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """A simulated campaign. Times are seconds since its start."""

    duration_s: float
    """How long it ran: as asked for, or until nothing was left to do."""
    slots: Mapping[str, int]
    """By name of the pool."""
    spans: tuple[TaskSpan, ...]
    """Every task that was begun, in order of submission; those still at work at the end are cut off there."""
    batches: tuple[BatchRecord, ...]
    """Every batch of linkers that was streamed."""
    made: Mapping[TaskKind, int]
    """What the tasks gave: raw linkers (generate), accepted linkers (process), MOFs, strains, and so on."""
    stable_s: tuple[float, ...]
    """When every stable MOF was recorded."""
    queues: tuple[QueueSample, ...]
    dropped_mofs: int
    """MOFs that fell out of the full queue, never to be validated."""
    n_submitted: int
    n_running: int
    """Tasks at work at the end."""
    thinker_busy: float
    """Share of the time in which the thinker's loop was at work, 0 to 1."""
    source: str
    """Where durations and outcomes come from."""
    retrained: bool
    """Whether the generator was retrained."""
    learning: tuple[float, ...]
    """What retraining does to the strain in this simulation; empty: nothing."""

    @property
    def session(self) -> SessionRecord:
        """When the slots were there, as for a real campaign."""
        return SessionRecord(0.0, self.duration_s, "simulated", dict(self.slots))

    def performance(self) -> Performance:
        """Utilisation, throughput and latencies, measured as those of a real campaign."""
        return measure(self.spans, [self.session], self.batches)

    def per_hour(self, kind: TaskKind) -> float:
        """What tasks of a kind gave per hour, start and all: the whole count over the whole time."""
        return self.made[kind] * SECONDS_PER_HOUR / self.duration_s

    def stable_after(self, time_s: float) -> int:
        """Stable MOFs found up to a time."""
        return sum(found_s <= time_s for found_s in self.stable_s)


class _Begun(NamedTuple):
    """A task on a slot."""

    task: Task
    pool: str
    submitted_s: float


@dataclass
class _Counts:
    """What has come of it so far."""

    spans: list[TaskSpan] = field(default_factory=list)
    batches: list[BatchRecord] = field(default_factory=list)
    linkers: int = 0
    made: Counter[TaskKind] = field(default_factory=Counter)
    stable_s: list[float] = field(default_factory=list)
    queues: list[QueueSample] = field(default_factory=list)
    submitted: Counter[TaskKind] = field(default_factory=Counter)


class _Loop:
    """The thinker's loop."""

    def __init__(
        self, plan: CampaignPlan, table: WorkTable, learning: Sequence[float], seed: int, costs: ThinkerCosts
    ) -> None:
        self.policy = Policy(plan.policy, seed=seed)
        self.board = SlotBoard(plan.slots)
        self.slots = {name: pool.count for name, pool in plan.slots.pools.items()}
        self.server = SimulatedServer(self.slots, duration=duration_s, latency_s=costs.latency_s, start_s=0.0)
        self.counts = _Counts()
        self.running: dict[str, _Begun] = {}
        self.stopped: set[str] = set()
        """Generate tasks that were asked to end with their next batch."""
        self.spent_s = 0.0
        self._work = World(table, learning, seed).perform
        self._costs = costs
        self._stable_strain = plan.stable_strain

    def run(self, end_s: float, on_progress: Callable[[float, str], None] | None) -> None:
        """Run until the end, or until nothing is left to do."""
        server, sample_s = self.server, 0.0
        while server.now_s < end_s:
            self._fill(self.board.idle)
            self._stop_outdated()
            if not self.running:
                return
            if server.now_s >= sample_s:
                self._sample()
                sample_s += SAMPLE_S
                if on_progress is not None:
                    on_progress(server.now_s / end_s, f"{len(self.counts.spans)} tasks")
            self._take_in(server.wait(max(0.0, min(end_s, sample_s) - server.now_s)))

    def _fill(self, pools: Iterable[str]) -> None:
        """Give idle slots of some pools something to do: all is recorded together, then sent."""
        begun: list[_Begun] = []
        for pool in pools:
            while self.board.free[pool]:
                task = self.board.choose(pool, self.policy)
                if task is None:
                    break
                self.policy.begin(task)
                self.board.take(pool)
                begun.append(_Begun(task, pool, self.server.now_s))
        self._spend(self._costs.submit_s * len(begun))
        for one in begun:
            self.counts.submitted[one.task.kind] += 1
            self.running[one.task.id] = one
            self.server.submit(one.task.id, one.pool, self._work, one.task)

    def _stop_outdated(self) -> None:
        """Have generate tasks of an older model end with their next batch."""
        outdated = self.policy.outdated()
        for key in outdated:
            if key not in self.stopped:
                self.server.stop(key)
        self.stopped = set(outdated)

    def _take_in(self, reports: list[Report]) -> None:
        """Slots that need not know the results go on; then the results are read and recorded together."""
        arrived_s = self.server.now_s
        batches: list[tuple[Task, Batch]] = []
        ended: list[tuple[_Begun, Completed]] = []
        for report in reports:
            match report:
                case StreamItem(key=key, item=Batch() as batch):
                    batches.append((self.running[key].task, batch))
                case Completed(key=key):
                    begun = self.running.pop(key)
                    self.board.release(begun.pool)
                    ended.append((begun, report))
        if ended:
            self._fill({begun.pool: None for begun, _ in ended if self.board.eager(begun.pool)})
        costs = self._costs
        items = sum(report.value.items for _, report in ended)
        self._spend(costs.batch_s * len(batches) + costs.result_s * len(ended) + costs.item_s * items)
        for task, batch in batches:
            self._on_batch(task, batch, arrived_s)
        for begun, report in ended:
            self._on_result(begun, report, arrived_s)

    def _on_batch(self, task: Task, batch: Batch, arrived_s: float) -> None:
        self.policy.on_stream(task, batch)
        self.counts.linkers += batch.n
        made_s = arrived_s - self._costs.latency_s
        self.counts.batches.append(BatchRecord(batch.key, batch.n, made_s, self.server.now_s))

    def _on_result(self, begun: _Begun, report: Completed, arrived_s: float) -> None:
        task, end, now_s = begun.task, report.value, self.server.now_s
        self.policy.on_result(task, end.outcome)
        self.counts.made[task.kind] += end.items
        if task.kind is TaskKind.VALIDATE and end.items and end.outcome.products[0].score < self._stable_strain:
            self.counts.stable_s.append(now_s)
        transit = report.transit
        self.counts.spans.append(
            TaskSpan(
                task.id,
                task.kind,
                begun.pool,
                begun.submitted_s,
                transit.started_s,
                transit.ended_s,
                now_s,
                arrived_s,
                end.items,
                task.subject,
                task.options.get("model_version", 0),
            )
        )

    def _spend(self, seconds: float) -> None:
        self.server.spend(seconds)
        self.spent_s += seconds

    def _sample(self) -> None:
        busy = {name: n - self.board.free[name] for name, n in self.slots.items()}
        self.counts.queues.append(QueueSample(self.server.now_s, dict(self.policy.waiting()), busy))

    def cut_off(self, end_s: float) -> list[TaskSpan]:
        """Spans of the tasks that have no result at the end."""
        started = self.server.running
        return [
            TaskSpan(
                key,
                task.kind,
                pool,
                submitted_s,
                min(started.get(key, end_s), end_s),
                end_s,
                subject=task.subject,
                model_version=task.options.get("model_version", 0),
            )
            for key, (task, pool, submitted_s) in self.running.items()
        ]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of small objects that no cycle holds together: looking for cycles costs a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def simulate(
    plan: CampaignPlan,
    table: WorkTable = PAPER,
    *,
    hours: float,
    seed: int = 1,
    learning: Sequence[float] = (),
    costs: ThinkerCosts | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> SimulationResult:
    """Run a campaign on the virtual clock.

    The same arguments give the same result. Stop rules of the plan, its retries and its time limits play no part: no
    task crashes here, but for what the table says of failures.

    Args:
        plan: policy and slots.
        table: durations and outcomes.
        hours: how long, h.
        seed: of every random choice, in place of the plan's.
        learning: what retraining does, which no table knows: factors on the strain of MOFs whose linkers come from
            model version 0 (pre-trained), 1, 2, ...; the last holds for all that follow. Empty: nothing, and then
            a simulation with retraining differs from one without only by the training tasks themselves.
        costs: of the thinker's work and of messages.
        on_progress: is told the share that is done, 0 to 1, and a short text.

    Raises:
        ValueError: `hours` or a factor is not positive.
    """
    if hours <= 0 or any(factor <= 0 for factor in learning):
        raise ValueError("hours and the factors of learning must be positive")
    loop = _Loop(plan, table, learning, seed, costs or ThinkerCosts())
    end_s = hours * SECONDS_PER_HOUR
    with _no_garbage_collection():
        loop.run(end_s, on_progress)
    lasted_s = min(end_s, loop.server.now_s)
    counts, waiting = loop.counts, loop.policy.waiting()
    mofs = counts.made[TaskKind.ASSEMBLE]
    return SimulationResult(
        duration_s=lasted_s,
        slots=loop.slots,
        spans=tuple(sorted([*counts.spans, *loop.cut_off(lasted_s)], key=attrgetter("submitted_s"))),
        batches=tuple(counts.batches),
        made={kind: counts.made[kind] for kind in TaskKind} | {TaskKind.GENERATE: counts.linkers},
        stable_s=tuple(counts.stable_s),
        queues=tuple(counts.queues),
        dropped_mofs=mofs - counts.submitted[TaskKind.VALIDATE] - waiting[TaskKind.VALIDATE],
        n_submitted=counts.submitted.total(),
        n_running=len(loop.running),
        thinker_busy=loop.spent_s / max(lasted_s, 1e-9),
        source=table.source,
        retrained=plan.policy.retrain,
        learning=tuple(learning),
    )
