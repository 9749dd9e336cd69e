"""The thinker: one event loop that owns the policy, the worker slots and the store.

Control comes before data. When tasks have ended, the slots that need not know the results get their next tasks first;
then the results are read, committed together and told to the policy, and the other slots are filled.

Nothing that was computed is lost, whoever dies when. A worker writes its result to the outbox before it reports; the
thinker commits it as an event, which tells the policy, and only then clears the outbox. A task's submission is an
event too, committed before the task is sent, so that on resume the same task runs again under the same id, or, when
its result lies in the outbox, does not.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from mofa import __version__
from mofa.campaign.collector import Collector, Found, make_event
from mofa.campaign.crashes import clear_scratch
from mofa.campaign.interrupts import Interrupts
from mofa.campaign.losses import LostTasks
from mofa.campaign.policy import Policy
from mofa.campaign.progress import Listener, RunningTask, RunSummary, Snapshot, StopReason
from mofa.campaign.settings import CampaignPlan
from mofa.campaign.slots import SlotBoard
from mofa.campaign.state import CampaignState
from mofa.campaign.tasks import LISTED, Task, TaskKind
from mofa.campaign.work import perform
from mofa.campaign.workplace import BatchReady, Begun, Progress, Workplace
from mofa.compute import Completed, Lost, Report, StreamItem, TaskServer
from mofa.store.durable import remove_temporaries
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind

if TYPE_CHECKING:
    from mofa.store.events import EventStore

logger = logging.getLogger(__name__)

TICK_S = 0.25
CANCEL_S = 10.0


@dataclass
class _Running:
    """A task on a worker."""

    task: Task
    pool: str
    since_s: float = field(default_factory=time.monotonic)
    begun_s: float | None = None
    """When its worker said that it had begun; before, it may wait for a node."""
    timed_out: bool = False
    stopped: bool = False
    """It was asked to end with its next batch."""
    progress: Progress | None = None


class Thinker:
    """Runs a campaign until it ends; use one for one session.

    Args:
        policy: a fresh policy; the events are replayed into it.
        server: where tasks run.
        folder: the campaign's folder, locked.
        events: its event store.
        workplace: what workers need to know.
        plan: slots, stop rules and limits.
        listener: is told of every event.
    """

    def __init__(
        self,
        policy: Policy,
        server: TaskServer,
        folder: CampaignFolder,
        events: EventStore,
        workplace: Workplace,
        plan: CampaignPlan,
        listener: Listener,
    ) -> None:
        self.state = CampaignState(policy, plan.limits)
        self._server = server
        self._folder = folder
        self._outbox = folder.outbox
        self._events = events
        self._workplace = workplace
        self._plan = plan
        self._listener = listener
        self._slots = SlotBoard(plan.slots)
        self._collector = Collector(folder.outbox, self.state.batches)
        self._running: dict[str, _Running] = {}
        self._losses = LostTasks(self.state, folder, plan)
        self._finished: Counter[TaskKind] = Counter()
        self._interrupts = Interrupts()
        self._stopping: StopReason | None = None
        self._stopped_at_s = 0.0
        self._cancelled = False
        self._started_s = time.monotonic()
        self._ticked_s = float("-inf")

    def run(self) -> RunSummary:
        """Run until a stop rule holds, nothing is left to do, or a signal comes.

        When there are enough uptakes, those that are due for the judge are still simulated by it.
        The first SIGINT or SIGTERM ends the campaign in order: no new tasks, a grace period for running ones, every
        finished result committed. The second ends it at once; what is finished by then is committed on resume.

        Raises:
            EngineMissingError: a task needs an engine that is not installed.
            EngineError: tasks of one kind crash one after another.
            StoreError: the disk is full or the store is damaged.
        """
        self._started_s = time.monotonic()
        self._recover()
        with self._interrupts.handled():
            try:
                self._loop()
            except KeyboardInterrupt:
                self._stop(StopReason.INTERRUPTED)
        self._listener.on_tick(self.snapshot())
        stopped = self._stopping or StopReason.EXHAUSTED
        elapsed_s = time.monotonic() - self._started_s
        summary = RunSummary(stopped, elapsed_s, self.state.projection.funnel(), len(self.state.unfinished))
        logger.info("campaign ended after %.0f s: %s, %d tasks cut off", elapsed_s, stopped, summary.unfinished)
        return summary

    def snapshot(self) -> Snapshot:
        """The campaign now."""
        now_s = time.monotonic()
        hours = max(now_s - self._started_s, 1e-9) / 3600.0
        running = (
            RunningTask(
                entry.task.id,
                entry.task.kind,
                entry.task.subject,
                now_s - entry.since_s,
                entry.progress.fraction if entry.progress else None,
                entry.progress.text if entry.progress else "",
            )
            for entry in self._running.values()
        )
        return Snapshot(
            elapsed_s=now_s - self._started_s,
            funnel=self.state.projection.funnel(),
            running=tuple(running),
            waiting=self.state.policy.waiting(),
            best=self.state.projection.best,
            objective=self._plan.objective,
            rates_per_h={kind: n / hours for kind, n in self._finished.items()},
            stopping=self._stopping,
            limits=self._plan.limits,
        )

    def _loop(self) -> None:
        """Fill slots, wait for reports, act on them."""
        while True:
            self._check_stop_rules()
            self._fill(self._slots.idle)
            self._stop_outdated()
            if not self._running or self._given_up_waiting():
                return
            self._enforce_limits()
            self._take_in(self._server.wait(TICK_S))
            self._tick()

    # Slots

    def _fill(self, pools: Iterable[str]) -> None:
        """Give idle slots of some pools something to do: all submissions are committed together, then sent."""
        begun: list[tuple[Task, str]] = []
        events: list[Event] = []
        for pool in pools:
            while self._slots.free[pool]:
                task = self._next_again(pool)
                if task is None:
                    task = self._choose(pool)
                    if task is None:
                        break
                    task = self._by_reference(task)
                    event = make_event(task, EventKind.SUBMITTED, {**task.to_json(), "pool": pool})
                    # Takes effect before it is committed, for the next choice depends on it; if the commit fails,
                    # the campaign ends and nothing has been sent.
                    self.state.apply(event)
                    events.append(event)
                self._slots.take(pool)
                begun.append((task, pool))
        self._events.append_all(events)
        for task, pool in begun:
            self._running[task.id] = _Running(task, pool)
            careful = self.state.attempts[task.id] > 0
            self._server.submit(task.id, pool, perform, task, self._workplace, self.state.batches[task.id], careful)
        for event in events:
            self._listener.on_event(event)

    def _next_again(self, pool: str) -> Task | None:
        """A task to be run again that this pool serves."""
        for task in self._losses.again:
            if self._slots.serves(pool, task.kind) and self._goes_on(task):
                self._losses.again.remove(task)
                return task
        return None

    def _choose(self, pool: str) -> Task | None:
        """What an idle slot of a pool should do next."""
        if self._stopping is None:
            return self._slots.choose(pool, self.state.policy)
        task = self.state.policy.choose_judge() if self._slots.serves(pool, TaskKind.ADSORB) else None
        return task if task is not None and self._goes_on(task) else None

    def _goes_on(self, task: Task) -> bool:
        """Whether a task has its place still: after the last uptake only the judge's."""
        return self._stopping is None or (self._stopping is StopReason.MAX_UPTAKES and task.is_judge)

    def _by_reference(self, task: Task) -> Task:
        """A training on thousands of linkers names one file that lists them: events and messages stay small."""
        if task.kind is not TaskKind.TRAIN:
            return task
        ref = self._folder.files.put(json.dumps(task.inputs).encode(), ".json")
        return replace(task, inputs=(ref,), options={**task.options, LISTED: True})

    def _stop_outdated(self) -> None:
        """Have generate tasks of an older model end with their next batch; slots then generate with the new one."""
        for task_id in self.state.policy.outdated():
            running = self._running.get(task_id)
            if running is not None and not running.stopped:
                running.stopped = True
                self._server.stop(task_id)

    # Results

    def _take_in(self, reports: Sequence[Report]) -> None:
        """Act on what the server reports: free slots first, then data."""
        arrived_s = time.time()
        streaming: dict[str, Task] = {}
        ended: list[tuple[_Running, Completed | Lost]] = []
        for report in reports:
            running = self._running.get(report.key)
            if running is None:
                continue
            match report:
                case StreamItem(item=BatchReady()):
                    streaming[report.key] = running.task
                case StreamItem(item=Begun()):
                    running.begun_s = time.monotonic()
                case StreamItem(item=Progress() as progress):
                    running.progress = progress
                case Completed() | Lost():
                    del self._running[report.key]
                    self._slots.release(running.pool)
                    ended.append((running, report))
        self._fill(pool for pool in dict.fromkeys(running.pool for running, _ in ended) if self._slots.eager(pool))
        founds = [self._collector.batches(task) for key, task in streaming.items() if key in self._running]
        for running, report in ended:
            completed = report if isinstance(report, Completed) else None
            found = self._collector.result(running.task, completed, arrived_s=arrived_s, pool=running.pool)
            founds.append(found)
            if found.ended:
                self._finished[running.task.kind] += 1
                self._losses.ended_well(running.task.kind)
            else:
                stopping = not self._goes_on(running.task)
                found.events += self._losses.take(running.task, report, running.timed_out, stopping)
        self._commit(founds)
        self._losses.give_up_on_crashes()

    def _commit(self, founds: Sequence[Found]) -> None:
        """Make events last, all in one transaction; then let them take effect, then clear the outbox."""
        events = [event for found in founds for event in found.events]
        for event, new in zip(events, self._events.append_all(events), strict=True):
            if new:
                self.state.apply(event)
                self._listener.on_event(event)
        for found in founds:
            for name in found.names:
                self._outbox.clear(name)

    # Beginning and end

    def _recover(self) -> None:
        """Get the state back from the events and the outbox."""
        remove_temporaries(self._folder.root / "files")
        remove_temporaries(self._outbox.root)
        clear_scratch(self._folder)
        self.state.replay(self._events.read())
        self._begin_session()
        self._commit([self._collector.result(task) for task in self.state.unfinished.values()])
        for name in self._outbox.names():
            if name.task_id in self.state.known:  # committed before, or to be computed again
                self._outbox.clear(name)
            else:
                logger.warning("the outbox holds a result of an unknown task, now in %s", self._outbox.set_aside(name))
        self._losses.again.extend(self.state.unfinished.values())
        if self.state.known:
            logger.info("resumed: %d tasks, %d to run again", len(self.state.known), len(self._losses.again))

    def _begin_session(self) -> None:
        """Record that a session begins, before all else: the time since the last one belongs to neither."""
        slots = {name: pool.count for name, pool in self._plan.slots.pools.items()}
        facts = {
            "server": self._plan.server,
            "pools": slots,
            "limits": asdict(self._plan.limits),
            "objective": asdict(self._plan.objective),
            "host": os.uname().nodename,
            "mofa": __version__,
        }
        serial = self.state.projection.n_sessions
        session = Event(f"session-{serial}", time.time(), EventKind.SESSION, "", "", facts)
        self._commit([Found([session])])

    def _check_stop_rules(self) -> None:
        """Stop when it is time; while the judge still works, a signal or the end of the minutes stops it too."""
        rules, funnel = self._plan.stop, self.state.projection.funnel()
        elapsed_s = time.monotonic() - self._started_s
        reason: StopReason | None = None
        if self._interrupts.count:
            reason = StopReason.INTERRUPTED
        elif rules.max_minutes is not None and elapsed_s >= rules.max_minutes * 60.0:
            reason = StopReason.MAX_MINUTES
        elif self._stopping:
            return
        elif rules.max_uptakes is not None and funnel.uptakes >= rules.max_uptakes:
            reason = StopReason.MAX_UPTAKES
        elif rules.max_validated is not None and funnel.simulated >= rules.max_validated:
            reason = StopReason.MAX_VALIDATED
        if reason and (self._stopping is None or self._judging):
            self._stop(reason)

    @property
    def _judging(self) -> bool:
        """Whether all that is left is the judge's."""
        running = any(entry.task.is_judge for entry in self._running.values())
        return self._stopping is StopReason.MAX_UPTAKES and (running or self.state.policy.choose_judge() is not None)

    def _stop(self, reason: StopReason) -> None:
        """Begin no more tasks."""
        logger.info("stopping: %s, %d tasks running", reason, len(self._running))
        self._stopping = reason
        self._stopped_at_s = time.monotonic()
        self._cancelled = False

    def _given_up_waiting(self) -> bool:
        """After the grace period cancel what still runs, but for the judge; True when even that takes too long."""
        if not self._stopping:
            return False
        over_s = time.monotonic() - self._stopped_at_s - self._plan.stop.grace_s
        if over_s >= 0 and not self._cancelled:
            self._cancelled = True
            for key, running in self._running.items():
                if not self._goes_on(running.task):
                    self._server.cancel(key)
        return over_s > CANCEL_S and not any(self._goes_on(running.task) for running in self._running.values())

    def _enforce_limits(self) -> None:
        """Kill tasks that run beyond the hard limit of their kind; waiting for a worker does not count."""
        now_s = time.monotonic()
        for running in self._running.values():
            limit_s = self._plan.hard_limits_s.get(running.task.kind)
            if limit_s is None or running.begun_s is None or running.timed_out:
                continue
            if now_s - running.begun_s > limit_s:
                running.timed_out = True
                self._server.cancel(running.task.id)

    def _tick(self) -> None:
        now_s = time.monotonic()
        if now_s - self._ticked_s >= TICK_S:
            self._ticked_s = now_s
            self._listener.on_tick(self.snapshot())
