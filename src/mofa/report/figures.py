"""Figures of the report as numbers: axes with round ticks, marks in data units. The templates draw them as SVG.

Drawn here rather than by a plotting library so that they follow the page's colours (light, dark, print), stay text that
can be selected, and cost no dependency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH_PX, HEIGHT_PX = 420, 270
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 54, 14, 16, 46


@dataclass(frozen=True)
class Axis:
    """Maps values to pixels; `start_px` is where `low` lies."""

    label: str
    low: float
    high: float
    start_px: float
    end_px: float
    ticks: tuple[float, ...]

    def px(self, value: float) -> float:
        """Pixel of a value; values beyond the axis are put on its end."""
        share = min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))
        return round(self.start_px + share * (self.end_px - self.start_px), 2)

    def text(self, tick: float) -> str:
        """Tick label, with as many decimals as tell all ticks apart exactly."""
        decimals = next(n for n in range(10) if all(abs(t - round(t, n)) < 1e-9 for t in self.ticks))
        return f"{tick:.{decimals}f}"


@dataclass(frozen=True)
class Bar:
    """A box from the baseline."""

    left: float
    right: float
    height: float
    kind: str = "plain"
    base: float = 0.0
    title: str = ""
    """Shown where the pointer is."""


@dataclass(frozen=True)
class Point:
    """A measured point; `error` is the half-length of its vertical bar."""

    x: float
    y: float
    error: float = 0.0
    kind: str = "plain"
    title: str = ""
    target: str = ""
    """Id of the element that a click on the point goes to."""


@dataclass(frozen=True)
class Guide:
    """A reference line across the plot at one value."""

    value: float
    label: str
    kind: str = "plain"


@dataclass(frozen=True)
class Key:
    """An entry of the legend."""

    kind: str
    label: str


@dataclass(frozen=True)
class Chart:
    """One panel."""

    title: str
    caption: str
    x: Axis
    y: Axis
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX
    bars: tuple[Bar, ...] = ()
    points: tuple[Point, ...] = ()
    line: tuple[tuple[float, float], ...] = ()
    """Corners of a line, data units."""
    fit: tuple[tuple[float, float], ...] = ()
    """Corners of a second line, drawn dashed."""
    x_guides: tuple[Guide, ...] = ()
    y_guides: tuple[Guide, ...] = ()
    legend: tuple[Key, ...] = ()


def ticks(low: float, high: float, about: int = 5, *, whole: bool = False) -> tuple[float, ...]:
    """Round numbers that enclose `low` to `high`, roughly `about` of them; for counts only `whole` ones."""
    raw = max((high - low) / about, 1.0 if whole else 0.0)
    power = 10.0 ** floor(log10(raw))
    multiples = (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)
    step = next(power * m for m in multiples if power * m >= raw * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(round(k * step, 10) for k in range(first, last + 1))


def x_axis(
    label: str, low: float, high: float, *, width_px: int = WIDTH_PX, about: int = 5, whole: bool = False
) -> Axis:
    """A horizontal axis with round ends."""
    marks = ticks(low, high, about, whole=whole)
    return Axis(label, marks[0], marks[-1], _LEFT_PX, width_px - _RIGHT_PX, marks)


def y_axis(
    label: str, low: float, high: float, *, height_px: int = HEIGHT_PX, about: int = 4, whole: bool = False
) -> Axis:
    """A vertical axis with round ends."""
    marks = ticks(low, high, about, whole=whole)
    return Axis(label, marks[0], marks[-1], height_px - _BOTTOM_PX, _TOP_PX, marks)


def histogram(values: Iterable[float], edges: Sequence[float], kind: str = "plain") -> tuple[Bar, ...]:
    """Counts between the edges (the last bin includes its right end)."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        for k in range(len(counts)):
            if edges[k] <= value < edges[k + 1] or (k == len(counts) - 1 and value == edges[-1]):
                counts[k] += 1
                break
    return tuple(
        Bar(left, right, count, kind) for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True) if count
    )


def cumulative(values: Iterable[float], n_all: int, high: float) -> tuple[tuple[float, float], ...]:
    """Corners of the step line of the share of `n_all` items that lie below each value, from 0 to `high`."""
    corners = [(0.0, 0.0)]
    for k, value in enumerate(sorted(value for value in values if value <= high)):
        corners += [(value, k / n_all), (value, (k + 1) / n_all)]
    return (*corners, (high, corners[-1][1]))
