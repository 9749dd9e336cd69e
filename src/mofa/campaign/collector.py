"""From what tasks leave behind to events: the results in messages, and those that lie in the outbox."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mofa.campaign.tasks import Task, event_id
from mofa.campaign.workplace import Completion
from mofa.compute import Completed
from mofa.errors import MofaError
from mofa.store.outbox import DamagedResultError, Outbox, OutboxName
from mofa.store.payloads import Event, EventKind, TaskResult

logger = logging.getLogger(__name__)


def make_event(task: Task, kind: EventKind, payload: Mapping[str, Any], serial: int | None = None) -> Event:
    """An event of a task, with its idempotent id."""
    return Event(event_id(task.id, kind, serial), time.time(), kind, task.id, task.kind, payload)


def result_event(task: Task, result: TaskResult) -> Event:
    """The event that ends a task."""
    return make_event(task, EventKind.RESULT, result.to_json())


@dataclass
class Found:
    """What a task has left."""

    events: list[Event] = field(default_factory=list)
    """To be committed, in this order."""
    names: list[OutboxName] = field(default_factory=list)
    """Files of the outbox that may go once the events are committed."""
    ended: bool = False
    """Whether its result is among the events."""


class Collector:
    """Looks for the results of tasks; commits nothing and clears nothing.

    Args:
        outbox: where workers leave results before they report.
        recorded: batches of each unfinished generate task that are committed.
    """

    def __init__(self, outbox: Outbox, recorded: Mapping[str, int]) -> None:
        self._outbox = outbox
        self._recorded = recorded

    def batches(self, task: Task) -> Found:
        """The batches of a generate task that lie in the outbox, in order."""
        found = Found()
        index = self._recorded.get(task.id, 0)
        while (payload := self._read(name := OutboxName(task.id, index))) is not None:
            found.events.append(make_event(task, EventKind.BATCH, payload, serial=index))
            found.names.append(name)
            index += 1
        return found

    def result(self, task: Task, report: Completed | None = None, *, arrived_s: float = 0.0, pool: str = "") -> Found:
        """All that a task has left; without its result where that, or a batch before it, is missing or damaged.

        Args:
            task: an unfinished task.
            report: of its server; the result is in it, and fetched here if it is a proxy. Else it is in the outbox.
            arrived_s: when the report came, Unix time.
            pool: whose slot the task had.
        """
        found = self.batches(task)
        name = OutboxName(task.id)
        payload = (self._unpack(report) if report is not None else None) or self._read(name)
        if payload is None:
            return found
        found.names.append(name)
        n_batches = self._recorded.get(task.id, 0) + len(found.events)
        if payload["n_batches"] == n_batches:
            if report is not None:
                known = asdict(report.transit)
                stamps = {key: known[key] for key in ("received_s", "sent_s", "bytes_in", "bytes_out")}
                payload = {**payload, "timing": {**payload["timing"], **stamps, "arrived_s": arrived_s, "pool": pool}}
            found.events.append(make_event(task, EventKind.RESULT, payload))
            found.ended = True
        return found

    def _unpack(self, report: Completed) -> dict[str, Any] | None:
        """The result in a message; None if its data cannot be fetched any more: they are in the outbox too."""
        try:
            completion: Completion = report.value
            if completion.task_id != report.key:
                raise LookupError(f"the message holds the result of {completion.task_id}")
            return dict(completion.result)
        except (LookupError, OSError, MofaError) as error:
            logger.warning("the result of %s is taken from the outbox: %s", report.key, error)
            return None

    def _read(self, name: OutboxName) -> dict[str, Any] | None:
        """A result from the outbox; a damaged one is set aside and counts as missing."""
        try:
            return self._outbox.read(name)
        except DamagedResultError as error:
            logger.warning("%s", error)
            return None
