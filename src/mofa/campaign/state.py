"""What a campaign knows, as a function of its events: live and on resume the same code takes them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mofa.campaign.policy import Policy
from mofa.campaign.tasks import Batch, Outcome, Task
from mofa.store.payloads import Event, EventKind, TaskResult
from mofa.store.projection import Projection
from mofa.store.records import StrainLimits


class CampaignState:
    """Policy, records and unfinished tasks. Only `apply` changes it.

    Args:
        policy: a fresh one.
        limits: what counts as stable, for the records.
    """

    def __init__(self, policy: Policy, limits: StrainLimits | None = None) -> None:
        self.policy = policy
        self.projection = Projection(limits)
        self.unfinished: dict[str, Task] = {}
        """Tasks that have been submitted and have no result."""
        self.batches: Counter[str] = Counter()
        """Batches recorded of each unfinished generate task."""
        self.attempts: Counter[str] = Counter()
        """How often each unfinished task was lost, and may be to blame."""
        self.node_losses: Counter[str] = Counter()
        """How often each unfinished task was lost with its node."""
        self.known: set[str] = set()
        """Every task that was ever submitted."""

    def replay(self, events: Iterable[Event]) -> None:
        """Take in a history."""
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Take in the next event.

        Raises:
            StoreError: its payload cannot be read.
        """
        self.projection.apply(event)
        match event.kind:
            case EventKind.SUBMITTED:
                task = Task.from_event(event)
                self.known.add(task.id)
                self.unfinished[task.id] = task
                self.policy.begin(task)
            case EventKind.BATCH:
                self.batches[event.task_id] += 1
                self.policy.on_stream(self.unfinished[event.task_id], Batch.from_event(event))
            case EventKind.RESULT:
                self._end(self.unfinished.pop(event.task_id), TaskResult.from_json(event.payload))
            case EventKind.NOTE:
                self.attempts[event.task_id] += "attempt" in event.payload
                self.node_losses[event.task_id] += "node_loss" in event.payload

    def _end(self, task: Task, result: TaskResult) -> None:
        """A task has its result."""
        del self.batches[task.id], self.attempts[task.id], self.node_losses[task.id]
        self.policy.on_result(task, Outcome.of(result))
