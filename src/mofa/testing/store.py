"""Conformance kit for event stores: call it in the tests of your plug-in with an empty store.

Example:
    >>> def test_my_store():
    ...     check_event_store(MyEventStore())
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

from mofa.store.payloads import Event, EventKind

_KINDS = [EventKind.SUBMITTED] * 20 + [EventKind.RESULT]


class RecordStore(Protocol):
    """What a campaign needs of an event store."""

    def append(self, event: Event) -> bool:
        """Add an event to the end; False, and nothing changed, if its id is already there."""

    def append_all(self, events: Sequence[Event]) -> list[bool]:
        """Add events to the end, all or none; for each whether it is new."""

    def read(self, after_seq: int = 0) -> Iterator[Event]:
        """Events in order, those after `after_seq`."""


def _payload(n: int) -> dict[str, Any]:
    """Whatever JSON can hold, also what crashed programs print."""
    return {"é": [n, None, {}, True, -1.5e-300, 0.1 * n], "output": "\x00 \ud800 \n"}


def check_event_store(store: RecordStore) -> None:
    """Assert that an empty event store appends in order, refuses doubles, and gives back what it was given.

    Args:
        store: an empty one; 1100 events lie in it afterwards.
    """
    assert list(store.read()) == []
    events = [
        Event(f"event-{n}", 1.7e9 + n / 7, _KINDS[n % len(_KINDS)], f"validate-{n}", "validate", _payload(n))
        for n in range(1, 1101)
    ]
    assert all(store.append(event) for event in events[:100])
    assert not store.append(events[0]), "an event is appended once"
    assert store.append_all([]) == []
    assert store.append_all([*events[98:103], events[101]]) == [False, False, True, True, True, False]
    assert all(store.append_all(events[103:])), "many events are appended at once"
    assert not any(store.append_all(events)), "an event is appended once, also among many"
    found = list(store.read())
    assert [event.event_id for event in found] == [event.event_id for event in events]
    assert [event.payload for event in found] == [dict(event.payload) for event in events]
    assert all(a.seq < b.seq for a, b in pairwise(found))
    assert found[0].time_s == events[0].time_s
    assert [event.kind for event in found] == [event.kind for event in events]
    assert list(store.read(found[-2].seq)) == found[-1:]
