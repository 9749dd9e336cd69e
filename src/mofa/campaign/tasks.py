"""What the policy speaks of: tasks, batches of raw linkers, and the outcome of a task. Plain values, no chemistry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from mofa.chemistry import Stage
from mofa.errors import EngineError
from mofa.store.payloads import JUDGE, MEASURES, Event, EventKind, Status, TaskResult

TaskKind = Stage
"""The kinds of task are the stages of the work, generate to adsorb, and train."""

LISTED = "inputs_listed"
"""Option of a task whose one input file lists the references of its many inputs."""


@dataclass(frozen=True)
class Task:
    """Something to be computed, fully described: the same task gives the same result wherever it runs."""

    id: str
    """Kind and serial number, ``validate-000017``."""
    kind: TaskKind
    inputs: tuple[str, ...] = ()
    """References of the files that it works on."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of this task alone, JSON-able; those of its kind come from the campaign's configuration."""
    subject: str = ""
    """What it is about: framework id, linker family, or batch."""

    @property
    def is_judge(self) -> bool:
        """Whether it simulates an uptake once more, with another engine."""
        return JUDGE in self.options

    def to_json(self) -> dict[str, Any]:
        """The payload of its ``submitted`` event."""
        return {"inputs": list(self.inputs), "options": dict(self.options), "subject": self.subject}

    @classmethod
    def from_event(cls, event: Event) -> Task:
        """The task of a ``submitted`` event."""
        payload = event.payload
        kind = TaskKind(event.task_kind)
        return cls(event.task_id, kind, tuple(payload["inputs"]), dict(payload["options"]), payload["subject"])


@dataclass(frozen=True)
class Batch:
    """Raw linkers that a generate task streamed."""

    key: str
    """Task and index, ``generate-000003/2``."""
    ref: str
    """File with the raw linkers."""
    n: int
    """How many."""

    @classmethod
    def from_event(cls, event: Event) -> Batch:
        """The batch of a ``batch`` event."""
        return cls(batch_key(event.task_id, event.payload["index"]), event.payload["ref"], event.payload["n"])


class Product(NamedTuple):
    """One thing that a task made or that waits for its next task, as far as decisions need it."""

    key: str
    """`Linker.key` or framework id."""
    ref: str
    """File that holds it."""
    family: str = ""
    """Linker family, for linkers."""
    score: float | None = None
    """Strain (validate), the strain that is expected (assemble), or the objective (adsorb)."""
    parts: tuple[str, ...] = ()
    """Files of what it was made from: the linkers of a MOF."""
    measures: Mapping[str, float] | None = None
    """What else is known of a structure after dynamics, by the names of `mofa.expression`."""


@dataclass(frozen=True)
class Outcome:
    """The end of a task as the policy sees it."""

    ok: bool = True
    """Whether it ran to its end; its items may still have been refused."""
    products: tuple[Product, ...] = ()
    cut_off: bool = False
    """Whether a run was out of time and can be taken up again."""

    @classmethod
    def of(cls, result: TaskResult) -> Outcome:
        """The outcome in a recorded result."""
        products = (
            Product(item.key, item.ref, item.family, item.score, item.parts, (item.value or {}).get(MEASURES))
            for item in result.items
            if item.rejected is None
        )
        cut_off = any(item.goes_on for item in result.items)
        return cls(result.status is Status.DONE, tuple(products), cut_off)


def batch_key(task_id: str, index: int) -> str:
    """Name of a streamed batch."""
    return f"{task_id}/{index}"


def event_id(task_id: str, kind: EventKind, serial: int | None = None) -> str:
    """The idempotent id of an event: what can happen once to a task has one id."""
    return f"{task_id}/{kind}" if serial is None else f"{task_id}/{kind}-{serial}"


def derived_seed(*parts: object) -> int:
    """A 31-bit seed that depends on nothing but `parts`: the same on every machine and in every order of work."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") & 0x7FFF_FFFF


def finite(score: float) -> float:
    """The number itself.

    Raises:
        EngineError: NaN or infinite, which an engine must refuse by itself.
    """
    if score - score != 0.0:
        raise EngineError(f"an engine gave {score} as its result", action="Report this with the MOF's CIF file")
    return float(score)
