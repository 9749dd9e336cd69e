from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mofa.report.figures import cumulative, histogram, ticks, x_axis


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4), st.integers(2, 10), st.booleans())
def test_ticks_enclose_the_values_and_are_few(low, span, about, whole):
    marks = ticks(low, low + span, about, whole=whole)
    assert marks[0] <= low + 1e-6 * span
    assert marks[-1] >= low + span - 1e-6 * span
    assert 2 <= len(marks) <= about + 3
    if whole:
        assert all(mark == int(mark) for mark in marks)


def test_tick_labels_tell_the_ticks_exactly():
    axis = x_axis("x", 0, 10, about=4)
    assert [axis.text(tick) for tick in axis.ticks] == ["0.0", "2.5", "5.0", "7.5", "10.0"]
    assert axis.px(0) == axis.start_px
    assert axis.px(99) == axis.end_px


def test_a_histogram_loses_nothing():
    bars = histogram([0, 1, 1.5, 2, 4], [0, 1, 2, 3, 4])
    assert [(bar.left, bar.height) for bar in bars] == [(0, 1), (1, 2), (2, 1), (3, 1)]


def test_the_cumulative_line_ends_below_one_when_some_are_beyond():
    line = cumulative([0.1, 0.3], n_all=4, high=0.5)
    assert line[-1] == (0.5, 0.5)
    assert (0.3, pytest.approx(0.25)) in line
