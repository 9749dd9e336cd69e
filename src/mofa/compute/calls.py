"""The submitter's book of remote calls: which are open, what has arrived of them, and what may be reported.

Items come by the stream and ends come by another way, so either may be first. An end is held back until the items
that it counts have arrived, for `PATIENCE_S` at most; the end of a call whose worker died, which counts nothing, waits
`GRACE_S`. So a call's end is reported after all that it emitted.
"""

from __future__ import annotations

import itertools
import logging
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass

from mofa.compute.objects import Packed, Packing
from mofa.compute.protocols import Cause, Lost, Report, StreamItem
from mofa.compute.remote import Outcome
from mofa.compute.worker import STARTED
from mofa.compute.worker_process import read_report

logger = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""How long an end waits for items that are under way, s."""
GRACE_S = 0.3
"""How long the end of a call that cannot have counted its items waits for them, s."""


@dataclass(eq=False)
class Call:
    """A call under way."""

    key: str
    pool: str
    token: str
    """Names it in the stream and in orders; no other call of this book has it, a second try of its key neither."""
    packed: Packed
    """Function and arguments."""
    worker: str = ""
    """Where it runs, host and process id; empty before it starts."""
    n_items: int = 0
    """Items that have arrived."""
    cancelled: bool = False


@dataclass(eq=False)
class _Held:
    """An end that waits for the items before it."""

    call: Call
    n_items: int | None
    report: Callable[[], Report]
    deadline: float


class CallBook:
    """Open calls and their reports. For one thread.

    Args:
        packing: how arguments and values travel.
    """

    def __init__(self, packing: Packing) -> None:
        self._packing = packing
        self._tokens = itertools.count(1)
        self._keys: dict[str, Call] = {}
        self._calls: dict[str, Call] = {}
        self._held: dict[str, _Held] = {}
        self._reports: list[Report] = []

    def open(self, key: str, pool: str, fn: Callable[..., object], args: tuple[object, ...]) -> Call:
        """Enter a call and pack it.

        Raises:
            ValueError: the key is in use.
        """
        if key in self._keys:
            raise ValueError(f"the key {key!r} is in use")
        call = Call(key, pool, str(next(self._tokens)), self._packing.pack((fn, args)))
        self._keys[key] = self._calls[call.token] = call
        return call

    def by_key(self, key: str) -> Call | None:
        """The open call of a key."""
        return self._keys.get(key)

    def has_ended(self, call: Call) -> bool:
        """Whether an open call has come to its end, which waits for items before it."""
        return call.token in self._held

    def item(self, token: str, message: bytes) -> Call | None:
        """Take in what a worker has sent by the stream; the call that it concerns, if that is still open."""
        call = self._calls.get(token)
        if call is None:
            return None
        if message[:1] == STARTED:
            call.worker = message[1:].decode()
            return call
        call.n_items += 1
        self._reports.append(StreamItem(call.key, pickle.loads(memoryview(message)[1:])))
        held = self._held.get(token)
        if held is not None and held.n_items == call.n_items:
            self._release(held)
        return call

    def outcome(self, call: Call, outcome: Outcome) -> None:
        """Take in the end that a worker has sent."""
        self._hold(call, outcome.n_items, lambda: read_report(call.key, outcome.report, self._packing), PATIENCE_S)

    def lost(self, call: Call, cause: Cause, detail: str, error: Exception | None = None) -> None:
        """Take in that a call has no value. One that was to be cancelled has been."""
        if call.cancelled:
            cause, detail, error = Cause.CANCELLED, "cancelled while it ran", None
        self._hold(call, None, lambda: Lost(call.key, cause, detail, error), GRACE_S if call.worker else 0.0)

    def take(self) -> list[Report]:
        """What may be reported now."""
        now = time.monotonic()
        for held in list(self._held.values()):
            if held.deadline <= now:
                self._release(held)
        reports, self._reports = self._reports, []
        return reports

    def due_s(self) -> float:
        """Time until `take` may have more even if nothing arrives, s; infinite if there is nothing to wait for."""
        if self._reports:
            return 0.0
        first = min((held.deadline for held in self._held.values()), default=float("inf"))
        return max(first - time.monotonic(), 0.0)

    def clear(self) -> None:
        """Forget all calls."""
        self._keys.clear()
        self._calls.clear()
        self._held.clear()
        self._reports.clear()

    def _hold(self, call: Call, n_items: int | None, report: Callable[[], Report], wait_s: float) -> None:
        if self._calls.get(call.token) is not call or call.token in self._held:
            return
        held = _Held(call, n_items, report, time.monotonic() + wait_s)
        self._held[call.token] = held
        if n_items == call.n_items or not wait_s:
            self._release(held)

    def _release(self, held: _Held) -> None:
        """Report an end and forget the call; its arguments are needed no more."""
        call = held.call
        if held.n_items is not None and held.n_items != call.n_items:
            logger.warning("%s: %d of %d streamed items were lost", call.key, held.n_items - call.n_items, held.n_items)
        del self._held[call.token], self._calls[call.token], self._keys[call.key]
        self._packing.evict(call.packed)
        self._reports.append(held.report())
