from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.chemistry import Stage
from mofa.store.records import SessionRecord
from mofa.store.spans import Clock, TaskSpan
from mofa.store.utilisation import utilisation

START_S = 1_790_000_000.0


def span(begin, end, pool="md", submitted=None, **changes) -> TaskSpan:
    """A task; times in s since the start."""
    at = START_S + (begin if submitted is None else submitted)
    return TaskSpan("t", Stage.VALIDATE, pool, at, START_S + begin, START_S + end, START_S + end, **changes)


def session(begin, end, **pools) -> SessionRecord:
    return SessionRecord(START_S + begin, START_S + end, "pool", pools)


def test_the_clock_leaves_out_the_time_between_periods():
    clock = Clock([(100.0, 110.0), (200.0, 230.0)])
    assert clock.total_s == 40.0
    np.testing.assert_allclose(clock.at([90, 100, 105, 150, 200, 215, 999]), [0, 0, 5, 10, 10, 25, 40])
    assert Clock([]).at([3.0]) == [0.0]


def test_the_clock_counts_no_moment_twice():
    clock = Clock([(0.0, 10.0), (8.0, 12.0), (9.0, 11.0)])
    assert clock.periods == [(0.0, 10.0), (10.0, 12.0), (12.0, 12.0)]
    assert clock.total_s == 12.0


def test_two_slots_worked_out_by_hand():
    # Slot one is busy from 10 to 60, slot two from 20 to 40 and 50 to 100, of 100 s.
    tasks = [span(10, 60), span(20, 40), span(50, 100, submitted=45)]
    found = utilisation(tasks, [session(0, 100, md=2)])["md"]
    assert (found.slots, found.available_slot_s, found.busy_slot_s) == (2, 200.0, 120.0)
    assert found.whole_run == pytest.approx(0.6)
    assert (found.best_window, found.best_window_s) == (pytest.approx(0.6), 100.0)
    # All busy for the first time at 20, last submission at 45: 25 s of two slots, 45 s of them busy.
    assert (found.steady, found.steady_s) == (pytest.approx(45 / 50), pytest.approx(25))
    assert found.excess_slot_s == pytest.approx(0.0, abs=1e-6)


def test_time_between_sessions_is_left_out():
    tasks = [span(0, 50), span(10_000, 10_100)]
    found = utilisation(tasks, [session(0, 100, md=1), session(10_000, 10_100, md=1)])["md"]
    assert found.available_slot_s == 200.0
    assert found.whole_run == pytest.approx(0.75)


def test_slots_may_change_from_session_to_session():
    tasks = [span(0, 100), span(200, 300), span(200, 300), span(200, 300, pool="ml")]
    found = utilisation(tasks, [session(0, 100, md=1), session(200, 300, md=3, ml=1)])
    assert found["md"].slots == 3
    assert found["md"].whole_run == pytest.approx(300 / 400)
    assert found["ml"].whole_run == 1.0
    assert np.isnan(found["ml"].series[:59]).all()
    np.testing.assert_allclose(found["ml"].series[60:], 1.0)
    np.testing.assert_allclose(found["md"].series[:60], 1.0)
    np.testing.assert_allclose(found["md"].series[60:], 2 / 3)


def test_the_best_hour_is_found_wherever_it_begins():
    # Busy from 1000 to 4500 s of three hours: the best hour holds all of it.
    found = utilisation([span(1000, 4500)], [session(0, 10_800, md=1)])["md"]
    assert found.best_window_s == 3600.0
    assert found.best_window == pytest.approx(3500 / 3600)
    assert found.whole_run == pytest.approx(3500 / 10_800)


def test_more_tasks_than_slots_are_set_apart():
    found = utilisation([span(0, 10), span(0, 10), span(-5, 0)], [session(0, 10, md=1)])["md"]
    assert found.whole_run == 1.0
    assert found.excess_slot_s == pytest.approx(15.0)


def test_slots_without_work_are_idle_and_slots_without_time_are_nothing():
    assert utilisation([], [session(0, 10, md=1)])["md"].whole_run == 0.0
    assert utilisation([], [session(0, 0, md=1)]) == {}
    assert utilisation([span(0, 1)], []) == {}


times = st.floats(0.0, 20_000.0, allow_subnormal=False)
intervals = st.lists(st.tuples(times, times).map(sorted), max_size=30)
breaks = st.lists(times, min_size=2, max_size=6, unique=True).map(sorted)


@settings(deadline=None)
@given(intervals, breaks, st.integers(1, 4))
def test_shares_lie_between_none_and_all_and_no_time_is_lost(tasks, edges, slots):
    sessions = [session(begin, end, md=slots) for begin, end in zip(edges[::2], edges[1::2], strict=False)]
    spans = [span(begin, end) for begin, end in tasks]
    found = utilisation(spans, sessions)
    for use in found.values():
        held = sum(one.ended_s - one.started_s for one in spans)
        assert use.busy_slot_s + use.excess_slot_s == pytest.approx(held, abs=1e-3)
        assert 0 <= use.busy_slot_s <= use.available_slot_s * (1 + 1e-9)
        shares = [use.whole_run, use.best_window, *use.series]
        assert all(0 <= share <= 1 for share in shares)
        assert use.steady is None or 0 <= use.steady <= 1
        widths = np.diff(use.edges_s) * slots
        assert float((use.series * widths).sum()) == pytest.approx(use.busy_slot_s, abs=1e-3)


@settings(deadline=None)
@given(intervals.filter(bool), st.floats(3700.0, 20_000.0))
def test_no_hour_is_better_than_the_best(tasks, end):
    found = utilisation([span(*one) for one in tasks], [session(0, end, md=2)])["md"]
    begins = np.linspace(0, end - 3600, 50)
    busy = np.zeros(50)
    changes = sorted({0.0, end, *(t for one in tasks for t in one if t < end)})
    for left, right in pairwise(changes):
        middle = (left + right) / 2
        active = min(2, sum(begin <= middle < stop for begin, stop in tasks))
        busy += active * np.clip(np.minimum(right, begins + 3600) - np.maximum(left, begins), 0, None)
    assert found.best_window >= (busy / 7200).max() - 1e-6
