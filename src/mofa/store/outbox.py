"""The outbox: results that workers have finished and the thinker has not yet committed.

A worker writes its result here, durably, before it reports; the thinker commits it as an event and only then clears
it. Whoever dies in between, the result is found again on resume.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mofa.errors import StoreError
from mofa.store.durable import RESUME, store_error, write_durably

SUFFIX = ".json"
DAMAGED = "damaged"


class DamagedResultError(StoreError):
    """A result file whose checksum does not match; it has been set aside."""


@dataclass(frozen=True)
class OutboxName:
    """Whose result a file holds: a task's end, or one of the batches that it streamed."""

    task_id: str
    batch: int | None = None
    """Index of a streamed batch; None for the result that ends the task."""

    def __str__(self) -> str:
        return self.task_id if self.batch is None else f"{self.task_id}.batch-{self.batch:06d}"

    @classmethod
    def parse(cls, text: str) -> OutboxName:
        """The inverse of ``str``."""
        task_id, found, index = text.partition(".batch-")
        return cls(task_id, int(index)) if found and index.isdecimal() else cls(text)


class Outbox:
    """A folder of fresh results, one small JSON file each, guarded by a checksum.

    Args:
        root: an existing folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: OutboxName, payload: Mapping[str, Any]) -> None:
        """Leave a result, durably.

        Raises:
            StoreError: full disk or no permission.
        """
        body = json.dumps(payload, allow_nan=False, separators=(",", ":")).encode()
        write_durably(self._path(name), _digest(body) + b"\n" + body, then=RESUME)

    def read(self, name: OutboxName) -> dict[str, Any] | None:
        """A result, or None if there is none.

        Raises:
            DamagedResultError: the file is damaged; it has been moved to ``damaged/``.
            StoreError: the file cannot be read.
        """
        where = self._path(name)
        try:
            content = where.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise store_error("read", where, error, then=RESUME) from error
        digest, _, body = content.partition(b"\n")
        if digest != _digest(body):
            aside = self.set_aside(name)
            raise DamagedResultError(
                "the result file is damaged (its checksum does not match)",
                where=aside,
                action="It was set aside; the task will run again",
            )
        payload: dict[str, Any] = json.loads(body)
        return payload

    def names(self) -> list[OutboxName]:
        """What lies here: batches before the result of their task, in order."""
        found = []
        for path in self.root.glob(f"[!.]*{SUFFIX}"):
            name = OutboxName.parse(path.name.removesuffix(SUFFIX))
            if self._path(name) == path:  # what no worker has written is none of ours
                found.append(name)
        return sorted(found, key=lambda name: (name.task_id, name.batch is None, name.batch or 0))

    def clear(self, name: OutboxName) -> None:
        """Remove a result that has been committed; no error if it is gone."""
        where = self._path(name)
        try:
            where.unlink(missing_ok=True)
        except OSError as error:
            raise store_error("removed", where, error, then=RESUME) from error

    def set_aside(self, name: OutboxName) -> Path:
        """Move a file that nobody can use to ``damaged/``, under a name that is free there; where it is now."""
        where = self._path(name)
        folder = self.root / DAMAGED
        target = folder / where.name
        serial = 1
        try:
            folder.mkdir(exist_ok=True)
            while target.exists():
                target = folder / f"{where.name}.{serial}"
                serial += 1
            where.rename(target)
        except OSError as error:
            raise store_error("set aside", where, error, then=RESUME) from error
        return target

    def _path(self, name: OutboxName) -> Path:
        return self.root / f"{name}{SUFFIX}"


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).hexdigest().encode()
