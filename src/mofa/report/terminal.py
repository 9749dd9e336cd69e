"""The ranking as a table for terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from mofa.report.ranking import NO_VALUE, RankedMof, measured, ranking
from mofa.store.records import CampaignRecords, MofRecord, ObjectiveRecord

if TYPE_CHECKING:
    from rich.table import Table

SHORT_ID = 8
_STABILITY = {"stable": "green", "trainable": "yellow", "unstable": "red", "unknown": "dim"}
_VERDICT = {"agree": "green", "differ": "red", "": ""}


class _Column(NamedTuple):
    """A column of numbers."""

    heading: str
    cell: Callable[[RankedMof], str]
    style: Callable[[RankedMof], str] = lambda mof: ""


def ranking_table(records: CampaignRecords, *, top: int = 10) -> Table:
    """The ranking as a rich table, for terminals.

    Args:
        records: of the campaign.
        top: how many MOFs to show.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    found = ranking(records)
    shown = found[:top]
    notes = [] if records.objective.is_uptake else [f"objective: {records.objective.expression}"]
    if len(found) > top:
        notes.append(f"and {len(found) - top} more")
    if not all(mof.uptake.converged for mof in shown):
        notes.append("* error target not met")
    notes += _charges(shown)
    caption = "; ".join(notes) or None
    table = Table(box=SIMPLE_HEAD, caption=caption, caption_justify="left", pad_edge=False, collapse_padding=True)
    columns = list(_columns(shown, records.objective))
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    table.add_column("linkers", overflow="fold")
    table.add_column("id", no_wrap=True)
    for mof in shown:
        cells = [Text(column.cell(mof), style=column.style(mof)) for column in columns]
        table.add_row(*cells, Text(_linkers(mof.mof)), Text(mof.mof.id[:SHORT_ID]))
    return table


def _columns(shown: Sequence[RankedMof], objective: ObjectiveRecord) -> Iterator[_Column]:
    """The numbers of a MOF; objective and second opinion where the campaign has them."""
    yield _Column("", lambda mof: str(mof.rank))
    if not objective.is_uptake:
        yield _Column(f"objective\n{objective.unit}", lambda mof: mof.objective)
    yield _Column("uptake\nmol/kg", _uptake)
    judges = sorted({mof.judge for mof in shown} - {""})
    if judges:
        yield _Column(f"{', '.join(judges)}\nmol/kg", _judged, lambda mof: _VERDICT[mof.verdict])
    yield _Column("strain\n%", _strain, lambda mof: _STABILITY[mof.stability])
    yield _Column("heat\nkJ/mol", lambda mof: measured(mof.uptake.heat_kj_per_mol, mof.uptake.heat_error_kj_per_mol))
    yield _Column("PLD\nÅ", _pore_limit)


def _charges(shown: Sequence[RankedMof]) -> list[str]:
    """The charges that the uptakes rest on, and the extremes of all: ``gfn1-xtb charges, -0.65 to +0.79 e``."""
    known = [mof.uptake for mof in shown if isfinite(mof.uptake.charge_min_e) and isfinite(mof.uptake.charge_max_e)]
    if not known:
        return []
    methods = ", ".join(sorted({uptake.charge_method for uptake in known}))
    lowest, highest = min(uptake.charge_min_e for uptake in known), max(uptake.charge_max_e for uptake in known)
    return [f"{methods} charges, {lowest:+.2f} to {highest:+.2f} e"]


def _uptake(mof: RankedMof) -> str:
    uptake = mof.uptake
    return measured(uptake.uptake_mol_per_kg, uptake.error_mol_per_kg) + ("" if uptake.converged else " *")


def _judged(mof: RankedMof) -> str:
    judged = mof.mof.judged
    if judged is None:
        return ""
    return f"{measured(judged.uptake_mol_per_kg, judged.error_mol_per_kg)}\n{mof.verdict}".rstrip()


def _strain(mof: RankedMof) -> str:
    return NO_VALUE if mof.strain is None else f"{100 * mof.strain:.1f}"


def _pore_limit(mof: RankedMof) -> str:
    pores = mof.uptake.pores
    return NO_VALUE if pores is None else f"{pores.pore_limiting_diameter_ang:.1f}"


def _linkers(mof: MofRecord) -> str:
    """The linkers' part of the name node.linkers.net.cat; the rest is the same for a whole campaign."""
    parts = mof.name.split(".")
    return parts[-3] if len(parts) >= 4 else mof.name or NO_VALUE
