"""The report of a campaign: one HTML page that needs no network, tables, structures with charges, and a trace.

    from mofa.report import write_report

    page = write_report("runs/demo")                # runs/demo/report/index.html

Everything is read from the store (`mofa.store.records`); no chemistry is computed here. `funnel` and `ranking` give
the same content as values, `ranking_table` and `headline` as text for a terminal.
"""

from __future__ import annotations

from pathlib import Path

from mofa.report.funnel import FunnelRow, funnel
from mofa.report.ranking import RankedMof, headline, ranking
from mofa.report.terminal import ranking_table

__all__ = [
    "FunnelRow",
    "RankedMof",
    "funnel",
    "headline",
    "ranking",
    "ranking_table",
    "write_report",
]


def write_report(folder: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the report of a campaign and return the path of its page; see `mofa.report.page.write_report`."""
    from mofa.report.page import write_report as write

    return write(folder, out=out)
