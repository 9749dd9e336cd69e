"""How busy the slots were: busy over available slot-seconds, for each slot kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.store.records import SessionRecord
from mofa.store.spans import Clock, TaskSpan

BEST_WINDOW_S = 3600.0
"""The paper gives the highest mean over one hour."""
SERIES_BINS = 120
_NO_TIME_S = 1e-9


@dataclass(frozen=True, eq=False)
class Utilisation:
    """How busy the slots of one kind were. Shares are 0 to 1; time between sessions counts for nothing."""

    pool: str
    slots: int
    """The most that any session had."""
    busy_slot_s: float
    """Time in which a task was computed, summed over the slots, s."""
    available_slot_s: float
    """Time that the slots were there for, summed over the slots, s."""
    excess_slot_s: float
    """Time of tasks that no slot accounts for, s: outside the sessions, or more at once than there are slots, as
    where the clocks of the machines disagree. It is not part of the busy time."""
    whole_run: float
    """Share of the available time that was busy."""
    best_window: float
    """The same over the best `best_window_s` without a break."""
    best_window_s: float
    """One hour, or the whole run where that is shorter."""
    best_window_begin_s: float
    """Where the best window begins, s of this slot kind's time at work."""
    steady: float | None
    """The same between warm-up and drain: in every session from the moment when all slots are busy for the first time
    to the last submission. None if that never was, or was no time."""
    steady_s: float
    """How long that was, s."""
    edges_s: NDArray[np.float64]
    """Edges of the bins of `series`, s of the run's time at work, ``[n_bins + 1]``."""
    series: NDArray[np.float64]
    """Busy share of each bin, ``[n_bins]``; NaN where the kind had no slots."""


def utilisation(
    spans: Sequence[TaskSpan], sessions: Sequence[SessionRecord], *, n_bins: int = SERIES_BINS
) -> dict[str, Utilisation]:
    """Utilisation of every slot kind that had slots for any time, in the order in which the sessions name them.

    Args:
        spans: tasks, in any order.
        sessions: when the slots were there, in order.
        n_bins: resolution of the series.
    """
    run = Clock([(session.started_s, session.updated_s) for session in sessions])
    names = dict.fromkeys(name for session in sessions for name in session.pools)
    found = {}
    for pool in names:
        periods = [
            (period, session.pools[pool])
            for period, session in zip(run.periods, sessions, strict=True)
            if session.pools.get(pool)
        ]
        load = _Load([span for span in spans if span.pool == pool], periods)
        if load.available[-1] > 0:
            found[pool] = _utilisation(pool, load, run, n_bins)
    return found


def _utilisation(pool: str, load: _Load, run: Clock, n_bins: int) -> Utilisation:
    window_s = min(BEST_WINDOW_S, load.clock.total_s)
    begin_s, best = load.best_window(window_s)
    steady = load.steady()
    steady_busy, steady_available = (amounts.sum() for amounts in load.amounts(steady[:, 0], steady[:, 1]))
    edges = np.linspace(0.0, run.total_s, n_bins + 1)
    # From the run's time at work to that of this kind, which may have had no slots in some sessions.
    own = np.interp(edges, run.bounds, load.clock.at([begin for begin, _ in run.periods] + [run.periods[-1][1]]))
    return Utilisation(
        pool=pool,
        slots=int(load.slots.max()),
        busy_slot_s=float(load.busy[-1]),
        available_slot_s=float(load.available[-1]),
        excess_slot_s=max(0.0, load.held_slot_s - float(load.busy[-1])),
        whole_run=float(load.busy[-1] / load.available[-1]),
        best_window=best,
        best_window_s=window_s,
        best_window_begin_s=begin_s,
        steady=min(1.0, float(steady_busy / steady_available)) if steady_available > 0 else None,
        steady_s=float((steady[:, 1] - steady[:, 0]).sum()),
        edges_s=edges,
        series=load.share(own[:-1], own[1:]),
    )


class _Load:
    """Busy and available slot-seconds of one kind as functions of its time at work.

    Args:
        spans: its tasks.
        periods: begin, end and number of slots of each period in which it had slots.
    """

    def __init__(self, spans: Sequence[TaskSpan], periods: Sequence[tuple[tuple[float, float], int]]) -> None:
        self.clock = Clock([period for period, _ in periods])
        self.slots = np.array([count for _, count in periods], dtype=float)
        self._submitted = np.array([span.submitted_s for span in spans])
        started = np.array([span.started_s for span in spans])
        ended = np.maximum(started, [span.ended_s for span in spans])
        self.held_slot_s = float((ended - started).sum())
        """Time of all tasks, whether a slot accounts for it or not."""
        changes = np.concatenate([self.clock.at(started), self.clock.at(ended), self.clock.bounds])
        steps = np.concatenate([np.ones(len(spans)), -np.ones(len(spans)), np.zeros(len(self.clock.bounds))])
        order = np.argsort(changes, kind="stable")
        self.times = changes[order]
        """When a task began or ended, or a period did, s."""
        lengths = np.diff(self.times)
        period = np.searchsorted(self.clock.bounds[:-1], self.times[:-1], side="right") - 1
        slots = self.slots[period]
        active = np.cumsum(steps[order])[:-1]
        self._full = (active >= slots) & (lengths > 0)
        self.busy = _running_sum(np.minimum(active, slots) * lengths)
        """Up to each of `times`, slot-seconds."""
        self.available = _running_sum(slots * lengths)
        """Up to each of `times`, slot-seconds."""

    def amounts(
        self, begin_s: NDArray[np.float64], end_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Busy and available slot-seconds between two times at work, s; arrays of any one shape."""
        busy = np.interp(end_s, self.times, self.busy) - np.interp(begin_s, self.times, self.busy)
        available = np.interp(end_s, self.times, self.available) - np.interp(begin_s, self.times, self.available)
        return busy, available

    def share(self, begin_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Busy share between two times at work; NaN where nothing was available."""
        busy, available = self.amounts(begin_s, end_s)
        shares: NDArray[np.float64] = np.full(busy.shape, np.nan)
        np.divide(np.maximum(busy, 0.0), available, out=shares, where=available > _NO_TIME_S)
        return np.minimum(shares, 1.0)  # but for the rounding it never is above

    def best_window(self, length_s: float) -> tuple[float, float]:
        """Begin, s, and busy share of the window of a length that has the highest.

        Between two changes the share of a sliding window is a ratio of linear functions, hence monotone: the maximum
        has a change at one of its ends.
        """
        begins = np.concatenate([self.times, self.times - length_s])
        begins = np.unique(np.clip(begins, 0.0, self.clock.total_s - length_s))
        shares = self.share(begins, begins + length_s)
        best = int(np.nanargmax(shares))
        return float(begins[best]), float(shares[best])

    def steady(self) -> NDArray[np.float64]:
        """Begin and end of the time between warm-up and drain in every period that has it, s; ``[n, 2]``."""
        found = []
        for k, (begin, end) in enumerate(self.clock.periods):
            inside = slice(*np.searchsorted(self.times[:-1], self.clock.bounds[k : k + 2]))
            full = np.flatnonzero(self._full[inside])
            submitted = self._submitted[(self._submitted >= begin) & (self._submitted <= end)]
            if len(full) and len(submitted):
                first, last = float(self.times[inside][full[0]]), float(self.clock.at(submitted.max()))
                found += [(first, last)] if last > first else []
        return np.array(found, dtype=float).reshape(-1, 2)


def _running_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(values)])
