"""The page of a simulated campaign: how busy the slots would be, what would come out, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mofa.report.figures import Chart, x_axis, y_axis
from mofa.report.page import environment
from mofa.report.performance import STRIP_HEIGHT, STRIP_WIDTH, busy_section
from mofa.store.durable import write_durably
from mofa.store.performance import Performance

WIDTH_PX, HEIGHT_PX = 360, 230
POINTS = 240
"""Corners of a line."""
Series = Sequence[tuple[float, float]]
"""Pairs of time, s, and number."""


def write_simulation(
    path: Path,
    *,
    title: str,
    headline: str,
    facts: Sequence[tuple[str, str]],
    performance: Performance,
    series: Mapping[str, Series],
) -> None:
    """Write the page.

    Args:
        path: HTML file.
        title: what was simulated.
        headline: what came out, a sentence.
        facts: label and text of what the head of the page says.
        performance: of the simulation.
        series: numbers over time by title, in order of time.

    Raises:
        StoreError: full disk, no permission.
    """
    charts = [series_chart(name, points, performance.work_s) for name, points in series.items() if points]
    page = (
        environment()
        .get_template("simulation.html.j2")
        .render(
            title=title,
            headline=headline,
            facts=facts,
            busy=busy_section(performance),
            recorded=True,
            strip_box=(STRIP_WIDTH, STRIP_HEIGHT),
            charts=charts,
        )
    )
    write_durably(path, page.encode())


def series_chart(title: str, points: Series, end_s: float) -> Chart:
    """A number over time; of many points only as many as the eye can tell apart.

    Args:
        title: of the panel.
        points: in order of time, at least one.
        end_s: end of the time axis, s.
    """
    step = -(-len(points) // POINTS)
    shown = [*points[::step], points[-1]]
    in_minutes = end_s < 2 * 3600.0
    unit_s = 60.0 if in_minutes else 3600.0
    high = max(1.0, *(number for _, number in points))
    return Chart(
        title=title,
        caption=f"{points[-1][1]:,.0f} at the end.",
        x=x_axis("time (min)" if in_minutes else "time (h)", 0, end_s / unit_s, width_px=WIDTH_PX),
        y=y_axis("number", 0, high, height_px=HEIGHT_PX, whole=True),
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        line=tuple((time_s / unit_s, number) for time_s, number in shown),
    )
