"""What becomes of tasks that end without a result: run again, with care or elsewhere, or given up."""

from __future__ import annotations

import logging
from collections import Counter, deque

from mofa.campaign.collector import make_event, result_event
from mofa.campaign.crashes import keep_crash
from mofa.campaign.settings import CampaignPlan
from mofa.campaign.state import CampaignState
from mofa.campaign.tasks import Task, TaskKind
from mofa.compute import Cause, Completed, Lost
from mofa.errors import CampaignError, ConfigError, EngineError, EngineMissingError, StoreError
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind, Status, TaskResult

logger = logging.getLogger(__name__)

NODE_LOSSES = 5
"""A task may be lost with its node so often before it counts as what kills nodes."""
_FATAL = (EngineMissingError, StoreError, ConfigError, CampaignError)
"""No task of the campaign will fare better: stop and say so."""


class LostTasks:
    """Judges lost tasks, and holds those that are to run again.

    Args:
        state: of the campaign, for how often a task was lost before.
        folder: where crashed tasks are kept.
        plan: limits and retries.
    """

    def __init__(self, state: CampaignState, folder: CampaignFolder, plan: CampaignPlan) -> None:
        self.again: deque[Task] = deque()
        """Tasks to run again: cut off in an earlier session, or lost."""
        self._state = state
        self._folder = folder
        self._plan = plan
        self._crashes_in_a_row: Counter[TaskKind] = Counter()
        self._last_crash = ""

    def ended_well(self, kind: TaskKind) -> None:
        """A task of this kind has its result."""
        self._crashes_in_a_row[kind] = 0

    def take(self, task: Task, report: Completed | Lost, timed_out: bool, stopping: bool) -> list[Event]:
        """What is to be noted of a task that has ended and left no result.

        Args:
            task: an unfinished task.
            report: how it ended.
            timed_out: it was killed for its time limit.
            stopping: the campaign ends, and tasks are cut off on purpose.

        Raises:
            MofaError: no other task will fare better.
        """
        if isinstance(report, Completed):
            return self._run_again(task, "its result is missing or damaged", "")
        if isinstance(report.error, _FATAL):
            raise report.error
        if timed_out:
            limit_s = self._plan.hard_limits_s[task.kind]
            return self._refuse(task, Status.TIMED_OUT, f"killed after {limit_s:g} s", report.detail)
        if stopping or report.cause is Cause.CANCELLED:
            return []
        # The last line of a traceback says what happened; after a death the server says it first.
        lines = report.detail.strip().splitlines() or [""]
        what = lines[-1] if report.cause is Cause.RAISED else lines[0]
        if report.cause is Cause.NODE_LOST and self._state.node_losses[task.id] < NODE_LOSSES:
            return self._run_elsewhere(task, what)
        return self._run_again(task, f"{report.cause}: {what}", report.detail)

    def _run_elsewhere(self, task: Task, why: str) -> list[Event]:
        """Run a task again that was lost with its node, which is not held against it."""
        losses = self._state.node_losses[task.id] + 1
        text = f"{task.id} ({task.subject}) was lost with its node: {why}"
        logger.warning("%s", text)
        self.again.append(task)
        serial = losses + self._state.attempts[task.id]
        return [make_event(task, EventKind.NOTE, {"text": text, "node_loss": losses}, serial=serial)]

    def _run_again(self, task: Task, why: str, detail: str) -> list[Event]:
        """Give a lost task another try, or record that it crashes."""
        attempt = self._state.attempts[task.id] + 1
        text = f"{task.id} ({task.subject}) was lost, attempt {attempt}: {why}"
        logger.warning("%s", text)
        serial = attempt + self._state.node_losses[task.id]
        note = make_event(task, EventKind.NOTE, {"text": text, "attempt": attempt}, serial=serial)
        if attempt <= self._plan.retries:
            self.again.append(task)
            return [note]
        self._crashes_in_a_row[task.kind] += not task.is_judge
        self._last_crash = why
        return [note, *self._refuse(task, Status.CRASHED, why, detail)]

    def _refuse(self, task: Task, status: Status, why: str, detail: str) -> list[Event]:
        """A task that is given up; all that helps to find out why is kept."""
        ref = self._folder.files.put((detail or why).encode(), ".txt")
        kept = keep_crash(self._folder, task, detail or why)
        logger.warning("gave up on %s: %s; see %s", task.id, why, kept)
        why = f"{why}; kept in {kept.relative_to(self._folder.root)}"
        return [result_event(task, TaskResult(status, detail=why, detail_ref=ref))]

    def give_up_on_crashes(self) -> None:
        """End the campaign when an engine only crashes; a training that fails leaves the old model in use.

        Raises:
            EngineError: too many tasks of one kind have crashed in a row.
        """
        for kind, crashes in self._crashes_in_a_row.items():
            if kind is not TaskKind.TRAIN and crashes >= self._plan.stop.max_crashes_in_a_row:
                raise EngineError(
                    f"{crashes} {kind} tasks in a row crashed, the last with: {self._last_crash}",
                    where=self._folder.root / "crashed",
                    action="Look there and run `mofa doctor`; then continue with `mofa resume`",
                )
