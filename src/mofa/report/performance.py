"""How busy the campaign was, as panels: a strip per slot kind, a curve per stage, the five latencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Stage
from mofa.report.figures import Chart, Guide, x_axis, y_axis
from mofa.store.performance import (
    BEST_WINDOW_S,
    ITEMS,
    Fit,
    Latency,
    LatencyStatistics,
    Performance,
    Throughput,
    Utilisation,
)

PAPER_LATENCIES = {
    Latency.PROCESS_LINKERS: "about 10 s",
    Latency.VALIDATE_STRUCTURES: "56 to 195 ms",
    Latency.RETRAIN: "2.3 to 42 s",
    Latency.NEW_LINKERS: "",
    Latency.COMPUTE_CHARGES: "about 1 s",
    Latency.ESTIMATE_ADSORPTION: "about 1 s",
}
"""From 32 to 450 nodes, figure 6 and section V-B; empty where it gives none."""
PAPER_ITEMS_PER_H = {
    Stage.GENERATE: "1.65 million",
    Stage.ASSEMBLE: "280\u202f000",
    Stage.VALIDATE: "24\u202f400",
    Stage.ADSORB: "75 to 114",
}
"""On 450 nodes."""
_LATENCY_TEXTS = {
    Latency.PROCESS_LINKERS: ("Process linkers", "batch generated, until it arrives processed"),
    Latency.VALIDATE_STRUCTURES: ("Validate structures", "dynamics ended, until the result is stored"),
    Latency.RETRAIN: ("Retrain", "training ended, until a generate task begins with the new model"),
    Latency.NEW_LINKERS: ("New linkers", "training ended, until the first batch of the new model"),
    Latency.COMPUTE_CHARGES: ("Compute charges", "cell optimised, until its charges are begun"),
    Latency.ESTIMATE_ADSORPTION: ("Estimate adsorption", "charges assigned, until adsorption is begun"),
}
_CHARTED = (Stage.GENERATE, Stage.ASSEMBLE, Stage.VALIDATE, Stage.OPTIMIZE, Stage.ADSORB, Stage.TRAIN)
STRIP_WIDTH, STRIP_HEIGHT = 600, 34
_LINE_POINTS = 240
_WIDTH_PX, _HEIGHT_PX = 360, 230
_UNITS = ((180.0, 1.0, "s"), (3 * 3600.0, 60.0, "min"), (72 * 3600.0, 3600.0, "h"), (np.inf, 86400.0, "days"))
_SCALES = ((2e7, 1e6, "million "), (2e4, 1e3, "thousand "), (0.0, 1.0, ""))


@dataclass(frozen=True)
class Strip:
    """The slots of one kind over the run."""

    use: Utilisation
    path: str
    """Outline of the busy share, as an SVG path in a box of `STRIP_WIDTH` by `STRIP_HEIGHT`."""

    @property
    def best_is_whole(self) -> bool:
        """Whether the run of this kind is shorter than the window that the paper looks for."""
        return self.use.best_window_s < BEST_WINDOW_S


@dataclass(frozen=True)
class LatencyRow:
    """One latency beside the paper's."""

    label: str
    definition: str
    found: LatencyStatistics | None
    paper: str


@dataclass(frozen=True)
class ThroughputRow:
    """One stage beside the paper's."""

    label: str
    found: Throughput
    paper: str


@dataclass(frozen=True)
class BusySection:
    """What the page shows of a campaign's performance."""

    work_s: float
    strips: tuple[Strip, ...]
    resumes: tuple[float, ...]
    """Where the campaign was resumed, as shares of its time at work."""
    rates: tuple[ThroughputRow, ...]
    charts: tuple[Chart, ...]
    latencies: tuple[LatencyRow, ...]
    excess_share: float
    """Task time that no slot accounts for, as a share of all task time."""

    @property
    def all_shorter_than_window(self) -> bool:
        """Whether the best hour of every slot kind is all of its time."""
        return all(strip.best_is_whole for strip in self.strips)


def busy_section(performance: Performance) -> BusySection:
    """The panels of a performance."""
    work_s = performance.work_s
    uses = list(performance.utilisation.values())
    held_s = sum(use.busy_slot_s + use.excess_slot_s for use in uses)
    resumes_s = performance.begins_s[1:]
    charts = (
        throughput_chart(performance.throughput[stage], work_s, resumes_s)
        for stage in _CHARTED
        if stage in performance.throughput
    )
    return BusySection(
        work_s=work_s,
        strips=tuple(Strip(use, _outline(use.series)) for use in uses),
        resumes=tuple(begin / work_s for begin in resumes_s) if work_s else (),
        rates=tuple(
            ThroughputRow(ITEMS[stage], found, PAPER_ITEMS_PER_H.get(stage, ""))
            for stage, found in performance.throughput.items()
        ),
        charts=tuple(chart for chart in charts if chart is not None),
        latencies=tuple(
            LatencyRow(*_LATENCY_TEXTS[latency], found, PAPER_LATENCIES[latency])
            for latency, found in performance.latencies.items()
        ),
        excess_share=sum(use.excess_slot_s for use in uses) / held_s if held_s else 0.0,
    )


def throughput_chart(found: Throughput, work_s: float, resumes_s: Sequence[float] = ()) -> Chart | None:
    """What a stage gave, summed up over the time at work, with its sustained rate; None where none can be fitted.

    Args:
        found: the stage.
        work_s: length of the run, s of time at work.
        resumes_s: where it was resumed, s of time at work.
    """
    fit = found.items_fit
    if fit is None:
        return None
    _, second, unit = next(entry for entry in _UNITS if work_s < entry[0])
    highest = max(float(found.counts[-1]), fit.end_count)
    _, scale, prefix = next(entry for entry in _SCALES if highest >= entry[0])
    title = ITEMS[found.stage]
    return Chart(
        title=title[:1].upper() + title[1:],
        caption=f"{rate(fit.per_h)} per hour sustained (dashed), {grouped(found.n_items)} in all.",
        x=x_axis(f"time at work ({unit})", 0, work_s / second, width_px=_WIDTH_PX),
        y=y_axis(f"{prefix}in all", 0, highest / scale, height_px=_HEIGHT_PX, whole=scale == 1.0),
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        line=tuple((t / second, n / scale) for t, n in _staircase(found.times_s, found.counts, work_s)),
        fit=tuple((t / second, n / scale) for t, n in _above_zero(fit)),
        x_guides=tuple(Guide(begin / second, "", "resumed") for begin in resumes_s),
    )


def rate(value: float) -> str:
    """A rate with three digits, thousands apart: ``1 650 000``, ``24.4``, ``0.0310``."""
    if value == 0:
        return "0"
    decimals = 2 - floor(log10(abs(value)))
    rounded = round(value, decimals)
    return grouped(round(rounded)) if decimals <= 0 else f"{rounded:.{decimals}f}"


def grouped(count: int) -> str:
    """A whole number, thousands apart."""
    return f"{count:,}".replace(",", "\u202f")


def _outline(series: NDArray[np.float64]) -> str:
    """The busy share as the outline of an area; bins without slots are left out."""
    width = STRIP_WIDTH / len(series)
    parts, inside = [], False
    for k, share in enumerate(series):
        if np.isnan(share):
            parts += [f"V{STRIP_HEIGHT}Z"] if inside else []
            inside = False
            continue
        if not inside:
            parts.append(f"M{k * width:g} {STRIP_HEIGHT}")
        inside = True
        parts.append(f"V{round(STRIP_HEIGHT * (1 - float(share)), 2):g}H{(k + 1) * width:g}")
    return "".join(parts) + (f"V{STRIP_HEIGHT}Z" if inside else "")


def _staircase(times_s: NDArray[np.float64], counts: NDArray[np.float64], work_s: float) -> list[tuple[float, float]]:
    """Corners of the count over time; of many steps only as many as the eye can tell apart."""
    if len(times_s) > _LINE_POINTS:
        moments = np.linspace(0.0, work_s, _LINE_POINTS + 1)
        heights = np.concatenate([[0.0], counts])[np.searchsorted(times_s, moments, side="right")]
        return [(float(t), float(n)) for t, n in zip(moments, heights, strict=True)]
    corners, height = [(0.0, 0.0)], 0.0
    for time_s, count in zip(times_s.tolist(), counts.tolist(), strict=True):
        corners += [(time_s, height), (time_s, count)]
        height = count
    return [*corners, (work_s, height)]


def _above_zero(fit: Fit) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of the fitted line, from where it leaves zero."""
    begin_s, begin_count = fit.begin_s, fit.begin_count
    if begin_count < 0.0 < fit.end_count:
        share = -begin_count / (fit.end_count - begin_count)
        begin_s, begin_count = begin_s + share * (fit.end_s - begin_s), 0.0
    return (begin_s, begin_count), (fit.end_s, fit.end_count)
