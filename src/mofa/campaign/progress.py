"""What a running campaign shows: a listener is told of every event and gets a snapshot several times a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from mofa.campaign.tasks import TaskKind
from mofa.store.payloads import Event
from mofa.store.records import Funnel, MofRecord, ObjectiveRecord, StrainLimits


class StopReason(StrEnum):
    """Why a campaign ended."""

    MAX_UPTAKES = "max_uptakes"
    MAX_VALIDATED = "max_validated"
    MAX_MINUTES = "max_minutes"
    EXHAUSTED = "exhausted"
    """Nothing is left to do: the generator has given all it can."""
    INTERRUPTED = "interrupted"
    """Ctrl-C or SIGTERM."""


@dataclass(frozen=True)
class RunningTask:
    """A task that runs now."""

    id: str
    kind: TaskKind
    subject: str
    since_s: float
    """Seconds since it was submitted."""
    fraction: float | None = None
    """Done so far, 0 to 1, where the task says so."""
    text: str = ""
    """What it says of itself."""


@dataclass(frozen=True)
class Snapshot:
    """The campaign at one moment."""

    elapsed_s: float
    """Since this session began, s."""
    funnel: Funnel
    running: tuple[RunningTask, ...]
    waiting: Mapping[TaskKind, int]
    """Length of the queue before each kind of task."""
    best: MofRecord | None
    """Highest objective so far."""
    rates_per_h: Mapping[TaskKind, float] = field(default_factory=dict)
    """Tasks finished per hour in this session."""
    stopping: StopReason | None = None
    """Set once no new tasks are begun."""
    limits: StrainLimits = field(default_factory=StrainLimits)
    """What counts as stable, and as good enough to go on."""
    objective: ObjectiveRecord = field(default_factory=ObjectiveRecord)
    """What MOFs are ranked by."""


class Listener(Protocol):
    """Who watches a campaign. Called in the campaign's own loop: be quick, never raise."""

    def on_event(self, event: Event) -> None:
        """An event has been committed."""

    def on_tick(self, snapshot: Snapshot) -> None:
        """Some time has passed."""


class Silent:
    """A listener that does nothing."""

    def on_event(self, event: Event) -> None:
        """Ignore it."""

    def on_tick(self, snapshot: Snapshot) -> None:
        """Ignore it."""


@dataclass(frozen=True)
class RunSummary:
    """How a session of a campaign ended."""

    stopped: StopReason
    elapsed_s: float
    """Of this session, s."""
    funnel: Funnel
    unfinished: int
    """Tasks that were cut off; `mofa resume` runs them again."""
