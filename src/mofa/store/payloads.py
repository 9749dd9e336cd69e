"""What an event is, and what the result of a task says: the durable format of a campaign.

Schema version 2. Payloads by kind of event:

- ``session``: `server`, `pools` (slots by name), `limits`, `objective`, `host`, `mofa` (version); one for every run or
  resume.
- ``submitted``: `inputs`, `options`, `subject` of the task, and the `pool` whose slot it takes.
- ``batch``: `index`, `ref`, `n`, `family` of a batch that a generate task streamed, and when, `made_s`.
- ``result``: a `TaskResult`.
- ``note``: `text`, and facts about a task's mishaps (`attempt`, `cause`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mofa.chemistry import Rejected
from mofa.store.codec import decode_as, fields_of


class EventKind(StrEnum):
    """What happened to a task, or to the campaign."""

    SESSION = "session"
    SUBMITTED = "submitted"
    BATCH = "batch"
    RESULT = "result"
    NOTE = "note"


@dataclass(frozen=True)
class Event:
    """One line of the campaign's history."""

    event_id: str
    """Unique: an event that is already there is not appended again."""
    time_s: float
    """Unix time, s."""
    kind: EventKind
    task_id: str
    task_kind: str
    payload: Mapping[str, Any]
    seq: int = 0
    """Position in the history, from 1; given by the store."""


class Status(StrEnum):
    """How a task ended."""

    DONE = "done"
    """The task function returned; single items may still have been refused."""
    CRASHED = "crashed"
    """It raised, or its process died, every time it was tried."""
    TIMED_OUT = "timed_out"
    """It went beyond the hard time limit and was killed."""


@dataclass(frozen=True)
class Timing:
    """Where and when a task ran. Times are Unix times, s; 0 where nobody noted them."""

    worker: str = ""
    """Host and process id."""
    started_s: float = 0.0
    """Computing began, on the worker's clock."""
    ended_s: float = 0.0
    """Computing ended, on the worker's clock."""
    cpu_s: float = 0.0
    """CPU time of the worker and of the children it waited for, s."""
    received_s: float = 0.0
    """The worker took the task in, on the worker's clock."""
    sent_s: float = 0.0
    """The report left the worker, on the worker's clock."""
    arrived_s: float = 0.0
    """The report reached the thinker, on the thinker's clock."""
    bytes_in: int = 0
    """Size of the message to the worker, bytes."""
    bytes_out: int = 0
    """Size of the message back, bytes."""
    pool: str = ""
    """The slot kind that it ran on in the end: a task that runs again may change it."""

    @property
    def wall_s(self) -> float:
        """Duration, s."""
        return self.ended_s - self.started_s


JUDGE = "judge"
"""Option of an adsorb task that simulates a MOF with an uptake once more, with another engine."""
MEASURES = "measures"
"""In the value of an item: what is known of a structure beside its score, by the names of `mofa.expression`."""
GOES_ON = "goes_on"
"""In the value of an item: its run is not over."""


@dataclass(frozen=True)
class Item:
    """One thing that a task made or refused."""

    key: str
    """`Linker.key` or framework id; for a refused raw linker its batch and index."""
    ref: str = ""
    """File of the product, or of the input that was refused."""
    family: str = ""
    """Linker family, for linkers."""
    score: float | None = None
    """The number that the policy ranks by: strain (validate), the strain that is expected (assemble), or the
    objective (adsorb)."""
    value: Mapping[str, Any] | None = None
    """The product as JSON, for the records."""
    rejected: Rejected | None = None
    """Why it was refused; None for a product."""
    parts: tuple[str, ...] = ()
    """Files of what it was made from: the linkers of an assembled MOF."""

    @property
    def goes_on(self) -> bool:
        """Whether the refusal is no end: a run that was out of time and is to be taken up again."""
        return self.rejected is not None and self.value is not None and bool(self.value.get(GOES_ON))


@dataclass(frozen=True)
class TaskResult:
    """How a task ended and what it gave."""

    status: Status
    items: tuple[Item, ...] = ()
    timing: Timing = field(default_factory=Timing)
    n_batches: int = 0
    """Batches streamed in all, for generate."""
    detail: str = ""
    """What went wrong, one line."""
    detail_ref: str = ""
    """File with the traceback or the last output."""

    def to_json(self) -> dict[str, Any]:
        """JSON values; scores must be finite."""
        data: dict[str, Any] = fields_of(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TaskResult:
        """The inverse of `to_json`.

        Raises:
            StoreError: a field is missing or of another type.
        """
        return decode_as(cls, data)
