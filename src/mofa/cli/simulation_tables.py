"""Tables of a simulated campaign for the terminal, beside what was published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from mofa.campaign.polaris import PUBLISHED, PUBLISHED_STABLE_AFTER_S
from mofa.campaign.tasks import TaskKind
from mofa.report.page import duration, percent
from mofa.report.performance import PAPER_LATENCIES
from mofa.store.performance import ITEMS

if TYPE_CHECKING:
    from mofa.campaign.simulation import SimulationResult
    from mofa.store.performance import Performance


def utilisation(performance: Performance) -> Table:
    """How busy the slots were."""
    table = _table("Slots", "count", "busy, whole run", "busy, best hour")
    for name, use in performance.utilisation.items():
        table.add_row(name, str(use.slots), percent(use.whole_run), percent(use.best_window))
    return table


def rates(result: SimulationResult, performance: Performance, nodes: int | None) -> Table:
    """What came out per hour."""
    published = PUBLISHED.get(nodes) if nodes is not None else None
    known = {}
    if published is not None:
        known = {
            TaskKind.GENERATE: _span(published.linkers),
            TaskKind.ASSEMBLE: f"{published.mofs:,.0f}",
            TaskKind.VALIDATE: f"{published.simulated:,.0f}",
            TaskKind.ADSORB: _span(published.uptakes) if published.uptakes else "",
        }
    last = f"published, {nodes} nodes" if known else ""
    table = _table("What", "in all", "per hour, mean", "per hour, sustained", last)
    for kind, found in performance.throughput.items():
        sustained = f"{found.items_fit.per_h:,.0f}" if found.items_fit else "–"
        table.add_row(
            ITEMS[kind], f"{result.made[kind]:,}", f"{result.per_hour(kind):,.0f}", sustained, known.get(kind, "")
        )
    return table


def latencies(performance: Performance) -> Table:
    """The latencies of the paper, and one more."""
    table = _table("Latency", "median", "mean", "middle half", "paper, 32 to 450 nodes")
    for latency, found in performance.latencies.items():
        shown = ("–", "–", "–")
        if found is not None:
            middle = f"{duration(found.lower_quartile_s)} to {duration(found.upper_quartile_s)}"
            shown = (duration(found.median_s), duration(found.mean_s), middle)
        table.add_row(latency.value.replace("_", " "), *shown, PAPER_LATENCIES[latency])
    return table


def stable(counts: Sequence[tuple[float, int]], nodes: int | None) -> Table:
    """Stable MOFs over time."""
    published = PUBLISHED.get(nodes) if nodes is not None else None
    known = published.stable_per_node_hour if published is not None else None
    table = _table("After", "stable MOFs", "per node-hour" if nodes else "per hour", "published" if known else "")
    for time_s, n in counts:
        compare = f"{known:.1f}" if known and time_s == PUBLISHED_STABLE_AFTER_S else ""
        table.add_row(duration(time_s), f"{n:,}", f"{n / (time_s / 3600.0) / (nodes or 1):.3g}", compare)
    return table


def _span(ends: tuple[float, float]) -> str:
    """A published figure, or the range of several."""
    low, high = ends
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _table(*titles: str) -> Table:
    """A table whose columns but the first are numbers; columns without a title are left out of sight."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), caption_justify="left")
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number else "left", no_wrap=True)
    return table
