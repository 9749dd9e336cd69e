"""The thinker: one event loop that owns the policy, the worker slots and the store.

Nothing that was computed is lost, whoever dies when. A worker writes its result to the outbox before it reports; the
thinker commits it as an event, which tells the policy, and only then clears the outbox. A task's submission is an
event too, committed before the task is sent, so that on resume the same task runs again under the same id, or, when
its result lies in the outbox, does not.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mofa.campaign.policy import Policy
from mofa.campaign.progress import Listener, RunningTask, RunSummary, Snapshot, StopReason
from mofa.campaign.settings import CampaignPlan
from mofa.campaign.state import CampaignState
from mofa.campaign.tasks import Task, TaskKind, event_id
from mofa.campaign.work import BatchReady, Progress, Workplace, perform
from mofa.compute import Cause, Completed, Lost, Report, StreamItem, TaskServer
from mofa.errors import CampaignError, ConfigError, EngineError, EngineMissingError, StoreError
from mofa.store.durable import remove_temporaries
from mofa.store.folder import CampaignFolder
from mofa.store.outbox import DamagedResultError, OutboxName
from mofa.store.payloads import Event, EventKind, Status, TaskResult

if TYPE_CHECKING:
    from mofa.store.events import EventStore

logger = logging.getLogger(__name__)

TICK_S = 0.25
CANCEL_S = 10.0
_FATAL = (EngineMissingError, StoreError, ConfigError, CampaignError)
"""No task of the campaign will fare better: stop and say so."""


@dataclass
class _Running:
    """A task on a worker."""

    task: Task
    pool: str
    since_s: float = field(default_factory=time.monotonic)
    timed_out: bool = False
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
        self.state = CampaignState(policy)
        self._server = server
        self._folder = folder
        self._outbox = folder.outbox
        self._events = events
        self._workplace = workplace
        self._plan = plan
        self._listener = listener
        self._free = {name: pool.count for name, pool in plan.slots.pools.items()}
        self._running: dict[str, _Running] = {}
        self._again: deque[Task] = deque()
        """Tasks to run again: cut off in an earlier session, or lost with their worker."""
        self._finished: Counter[TaskKind] = Counter()
        self._crashes_in_a_row: Counter[TaskKind] = Counter()
        self._signals = 0
        self._stopping: StopReason | None = None
        self._stopped_at_s = 0.0
        self._cancelled = False
        self._started_s = time.monotonic()
        self._ticked_s = float("-inf")

    def run(self) -> RunSummary:
        """Run until a stop rule holds, nothing is left to do, or a signal comes.

        The first SIGINT or SIGTERM ends the campaign in order: no new tasks, a grace period for running ones, every
        finished result committed. The second ends it at once; what is finished by then is committed on resume.

        Raises:
            EngineMissingError: a task needs an engine that is not installed.
            EngineError: tasks of one kind crash one after another.
            StoreError: the disk is full or the store is damaged.
        """
        self._started_s = time.monotonic()
        self._recover()
        with self._signal_handlers():
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
            rates_per_h={kind: n / hours for kind, n in self._finished.items()},
            stopping=self._stopping,
        )

    def _loop(self) -> None:
        """Fill slots, wait for reports, act on them."""
        while True:
            self._check_stop_rules()
            self._fill()
            if not self._running or self._given_up_waiting():
                return
            self._enforce_limits()
            for report in self._server.wait(TICK_S):
                self._handle(report)
            self._tick()

    def _handle(self, report: Report) -> None:
        running = self._running.get(report.key)
        if running is None:
            return
        match report:
            case StreamItem(item=BatchReady()):
                self._collect_batches(running.task)
                self._fill()
            case StreamItem(item=Progress() as progress):
                running.progress = progress
            case Completed():
                self._on_completed(running)
            case Lost():
                self._on_lost(running, report)

    # Slots

    def _fill(self) -> None:
        """Give every idle slot something to do."""
        for pool in self._free:
            while self._fill_slot(pool):
                pass

    def _fill_slot(self, pool: str) -> bool:
        """Begin one task in a pool; False if no slot is idle or there is nothing to do."""
        if self._stopping or not self._free[pool]:
            return False
        task = self._next_again(pool)
        if task is None:
            kinds = self._plan.slots.pools[pool].kinds
            task = next((task for kind in kinds if (task := self.state.policy.choose(kind)) is not None), None)
            if task is None:
                return False
            self._record(task, EventKind.SUBMITTED, task.to_json())
        self._free[pool] -= 1
        self._running[task.id] = _Running(task, pool)
        self._server.submit(task.id, pool, perform, task, self._workplace, self.state.batches[task.id])
        return True

    def _next_again(self, pool: str) -> Task | None:
        """A task to be run again that this pool serves."""
        for task in self._again:
            if task.kind in self._plan.slots.pools[pool].kinds:
                self._again.remove(task)
                return task
        return None

    def _release(self, running: _Running) -> None:
        """A task has left its slot; where results do not bear on what comes next, the slot goes on at once."""
        del self._running[running.task.id]
        self._free[running.pool] += 1
        if self._plan.slots.pools[running.pool].eager:
            self._fill_slot(running.pool)

    # Results

    def _on_completed(self, running: _Running) -> None:
        self._release(running)
        if self._collect(running.task):
            self._count(running.task.kind)
        else:
            self._run_again(running.task, "its result is missing or damaged", "")
        self._fill()

    def _on_lost(self, running: _Running, lost: Lost) -> None:
        """A task has ended without a report; it may still have left its result."""
        task = running.task
        self._release(running)
        if self._collect(task):
            self._count(task.kind)
        elif isinstance(lost.error, _FATAL):
            raise lost.error
        elif running.timed_out:
            limit_s = self._plan.hard_limits_s[task.kind]
            self._record_result(task, TaskResult(Status.TIMED_OUT, detail=f"killed after {limit_s:g} s"))
        elif not self._stopping and lost.cause is not Cause.CANCELLED:
            last_line = lost.detail.strip().rpartition("\n")[2]
            self._run_again(task, f"{lost.cause}: {last_line}", lost.detail)
        self._fill()

    def _count(self, kind: TaskKind) -> None:
        """A task has ended well."""
        self._finished[kind] += 1
        self._crashes_in_a_row[kind] = 0

    def _run_again(self, task: Task, why: str, detail: str) -> None:
        """Give a lost task another try, or record that it crashes.

        Raises:
            EngineError: too many tasks of its kind have crashed in a row.
        """
        attempt = self.state.attempts[task.id] + 1
        text = f"{task.id} ({task.subject}) was lost, attempt {attempt}: {why}"
        logger.warning("%s", text)
        self._record(task, EventKind.NOTE, {"text": text, "attempt": attempt}, serial=attempt)
        if attempt <= self._plan.retries:
            self._again.append(task)
            return
        ref = self._folder.files.put((detail or why).encode(), ".txt")
        self._record_result(task, TaskResult(Status.CRASHED, detail=why, detail_ref=ref))
        self._crashes_in_a_row[task.kind] += 1
        crashes = self._crashes_in_a_row[task.kind]
        if crashes >= self._plan.stop.max_crashes_in_a_row:
            raise EngineError(
                f"{crashes} {task.kind} tasks in a row crashed, the last with: {why}",
                where=self._folder.files.path(ref),
                action="Read that file and run `mofa doctor`; then continue with `mofa resume`",
            )

    def _collect(self, task: Task) -> bool:
        """Move what a task has left in the outbox into the store; False if its result is not there."""
        self._collect_batches(task)
        name = OutboxName(task.id)
        payload = self._read_outbox(name)
        if payload is None:
            return False
        result = TaskResult.from_json(payload)
        complete = result.n_batches == self.state.batches[task.id]
        if complete:
            self._record_result(task, result)
        self._outbox.clear(name)
        return complete

    def _collect_batches(self, task: Task) -> None:
        """Record the batches of a task that lie in the outbox, in order."""
        while (payload := self._read_outbox(name := OutboxName(task.id, self.state.batches[task.id]))) is not None:
            self._record(task, EventKind.BATCH, payload, serial=name.batch)
            self._outbox.clear(name)

    def _read_outbox(self, name: OutboxName) -> dict[str, object] | None:
        """A result from the outbox; a damaged one is set aside and counts as missing."""
        try:
            return self._outbox.read(name)
        except DamagedResultError as error:
            logger.warning("%s", error)
            return None

    def _record_result(self, task: Task, result: TaskResult) -> None:
        self._record(task, EventKind.RESULT, result.to_json())

    def _record(self, task: Task, kind: EventKind, payload: dict[str, object], *, serial: int | None = None) -> None:
        """Commit an event, then let it take effect."""
        event = Event(event_id(task.id, kind, serial), time.time(), kind, task.id, task.kind, payload)
        if self._events.append(event):
            self.state.apply(event)
            self._listener.on_event(event)

    # Beginning and end

    def _recover(self) -> None:
        """Get the state back from the events and the outbox."""
        remove_temporaries(self._folder.root / "files")
        remove_temporaries(self._outbox.root)
        self.state.replay(self._events.read())
        for task in list(self.state.unfinished.values()):
            self._collect(task)
        for name in self._outbox.names():
            if name.task_id in self.state.known:  # committed before, or to be computed again
                self._outbox.clear(name)
            else:
                logger.warning("the outbox holds a result of an unknown task, now in %s", self._outbox.set_aside(name))
        self._again.extend(self.state.unfinished.values())
        if self.state.known:
            logger.info("resumed: %d tasks, %d to run again", len(self.state.known), len(self._again))

    def _check_stop_rules(self) -> None:
        if self._stopping:
            return
        rules, funnel = self._plan.stop, self.state.projection.funnel()
        elapsed_s = time.monotonic() - self._started_s
        if self._signals:
            self._stop(StopReason.INTERRUPTED)
        elif rules.max_uptakes is not None and funnel.uptakes >= rules.max_uptakes:
            self._stop(StopReason.MAX_UPTAKES)
        elif rules.max_validated is not None and funnel.simulated >= rules.max_validated:
            self._stop(StopReason.MAX_VALIDATED)
        elif rules.max_minutes is not None and elapsed_s >= rules.max_minutes * 60.0:
            self._stop(StopReason.MAX_MINUTES)

    def _stop(self, reason: StopReason) -> None:
        """Begin no more tasks."""
        logger.info("stopping: %s, %d tasks running", reason, len(self._running))
        self._stopping = reason
        self._stopped_at_s = time.monotonic()

    def _given_up_waiting(self) -> bool:
        """After the grace period cancel what still runs; True when even that takes too long."""
        if not self._stopping:
            return False
        over_s = time.monotonic() - self._stopped_at_s - self._plan.stop.grace_s
        if over_s >= 0 and not self._cancelled:
            self._cancelled = True
            for key in self._running:
                self._server.cancel(key)
        return over_s > CANCEL_S

    def _enforce_limits(self) -> None:
        """Kill tasks that run beyond the hard limit of their kind."""
        now_s = time.monotonic()
        for running in self._running.values():
            limit_s = self._plan.hard_limits_s.get(running.task.kind)
            if limit_s is not None and now_s - running.since_s > limit_s and not running.timed_out:
                running.timed_out = True
                self._server.cancel(running.task.id)

    def _tick(self) -> None:
        now_s = time.monotonic()
        if now_s - self._ticked_s >= TICK_S:
            self._ticked_s = now_s
            self._listener.on_tick(self.snapshot())

    @contextmanager
    def _signal_handlers(self) -> Iterator[None]:
        """Count SIGINT and SIGTERM; the second is a KeyboardInterrupt. Only the main thread can have handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def count(*_: object) -> None:
            self._signals += 1
            if self._signals > 1:
                raise KeyboardInterrupt

        before = {number: signal.signal(number, count) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
