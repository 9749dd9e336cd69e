"""The page: gathers what is shown, fills the templates, and writes page, tables and structures."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mofa import __version__
from mofa.chemistry import Uptake
from mofa.report.cards import LINKER_HEIGHT_PX, LINKER_WIDTH_PX, MofCard, cards
from mofa.report.charts import linker_chart, objective_chart, pore_chart, strain_chart, uptake_chart
from mofa.report.export import write_cifs, write_mofs_csv, write_rejected_csv
from mofa.report.figures import Chart
from mofa.report.funnel import PAPER, funnel
from mofa.report.performance import STRIP_HEIGHT, STRIP_WIDTH, busy_section, grouped, rate
from mofa.report.ranking import (
    RankedMof,
    amount_of,
    charge_extremes,
    conditions,
    headline,
    measured,
    ranking,
    second_opinion,
    signed,
    with_unit,
)
from mofa.report.refusals import COURSE_HEIGHT, COURSE_WIDTH, MAX_ROWS, refusals
from mofa.report.timings import timeline, timings
from mofa.report.trace import write_tasks, write_trace
from mofa.store.durable import store_error, write_durably
from mofa.store.folder import CampaignFolder
from mofa.store.performance import measure, spans_of
from mofa.store.records import CampaignRecords, ObjectiveRecord, StabilityRecord, load

PAGE, MOFS_CSV, REJECTED_CSV = "index.html", "mofs.csv", "rejected.csv"
TASKS_JSONL, TRACE = "tasks.jsonl", "trace.json"
REPORT_FOLDER = "report"
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MAX_SCENES = 100
"""MOFs of the ranking whose structure is embedded in the page."""


def write_report(folder: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the report of a campaign, which may be running, and return the path of the page.

    Beside the page (`index.html`, self-contained) lie `mofs.csv`, `rejected.csv`, `tasks.jsonl`, `trace.json` and
    `mofs/<rank>-<id>.cif`. An older report in the same place is replaced file by file; no file is ever half-written.

    Args:
        folder: the campaign's folder.
        out: folder of the report; ``report`` inside the campaign's folder by default.

    Raises:
        CampaignError: there is no campaign in `folder`, or a newer MOFA wrote it.
        StoreError: the campaign cannot be read or the report cannot be written.
    """
    campaign = CampaignFolder.open(folder)
    records = load(campaign.root)
    target = campaign.root / REPORT_FOLDER if out is None else Path(out).resolve()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error("made", target, error) from error
    found = cards(ranking(records), campaign.files, max_scenes=MAX_SCENES)
    write_cifs(found, campaign.files, target)
    write_mofs_csv(records, found, target / MOFS_CSV)
    write_rejected_csv(records, target / REJECTED_CSV)
    write_tasks(records, target / TASKS_JSONL)
    write_trace(records, target / TRACE)
    page = target / PAGE
    write_durably(page, render(campaign, records, found, target).encode())
    return page


def render(campaign: CampaignFolder, records: CampaignRecords, found: list[MofCard], target: Path) -> str:
    """The page as HTML.

    Args:
        campaign: the campaign's folder.
        records: its records.
        found: cards of the ranked MOFs.
        target: folder of the report; links are relative to it.
    """
    settings = Settings.read(campaign)
    steps = funnel(records.funnel, records.limits)
    ranked = [card.ranked for card in found]
    simulated = next((row.entered for row in steps if row.step == "dynamics"), 0)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            name=settings.name,
            state=_state(campaign, records),
            headline=headline(records),
            facts=_facts(settings, records),
            cards=found,
            objective=records.objective,
            drawings={use.drawing.id: use.drawing for card in found for use in card.linkers}.values(),
            drawing_box=(LINKER_WIDTH_PX, LINKER_HEIGHT_PX),
            funnel=steps,
            counts=records.funnel,
            limits=records.limits,
            paper=PAPER,
            refusals=refusals(records, campaign.files, target),
            max_rows=MAX_ROWS,
            course_box=(COURSE_WIDTH, COURSE_HEIGHT),
            charts=_charts(records, ranked, simulated),
            busy=busy_section(measure(spans_of(records), records.sessions, records.batches)),
            recorded=bool(records.sessions),
            strip_box=(STRIP_WIDTH, STRIP_HEIGHT),
            timings=timings(records),
            timeline=timeline(records),
            notes=[*settings.problems, *records.notes],
            places=_places(campaign, target),
            campaign_path=str(campaign.root),
            report_path=str(target),
            written=_moment(datetime.now(UTC).timestamp()),
            version=__version__,
        )
    )


def _charts(records: CampaignRecords, ranked: list[RankedMof], n_simulated: int) -> list[Chart]:
    """The panels for which there are data."""
    found = (
        objective_chart(ranked),
        uptake_chart(ranked),
        pore_chart(ranked),
        strain_chart(records, n_simulated),
        linker_chart(records),
    )
    return [chart for chart in found if chart is not None]


@dataclass(frozen=True)
class Settings:
    """What the campaign file says, as far as the report shows it; defaults are not filled in."""

    name: str
    tables: dict[str, Any]
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, campaign: CampaignFolder) -> Settings:
        """From `campaign.toml`; a file that was damaged since is named on the page and otherwise left out."""
        try:
            tables = tomllib.loads(campaign.config_text())
        except tomllib.TOMLDecodeError as error:
            return cls(campaign.root.name, {}, (f"campaign.toml is no longer valid TOML ({error}).",))
        name = _table(tables, "campaign").get("name", campaign.root.name)
        return cls(str(name), tables)

    def get(self, table: str, key: str) -> Any:
        """A value of the file; None if it is not there."""
        return _table(self.tables, table).get(key)


def _table(tables: dict[str, Any], name: str) -> dict[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, dict) else {}


def _facts(settings: Settings, records: CampaignRecords) -> list[tuple[str, str]]:
    """Label and text of what the head of the page says about the campaign."""
    facts: list[tuple[str, str]] = []
    mofs = list(records.mofs.values())
    uptakes = [mof.uptake for mof in mofs if mof.uptake is not None]
    if not records.objective.is_uptake or records.objective.require:
        facts.append(("Ranked by", _objective(records.objective)))
    if uptakes:
        further = {f"{name}: {conditions(uptake)}" for mof in mofs for name, uptake in mof.points.items()}
        found = sorted({conditions(uptake) for uptake in uptakes}) + sorted(further)
        facts.append(("Conditions", subscripts("; ".join(found))))
    methods = {
        "Stability": _dynamics(mof.stability for mof in mofs if mof.stability),
        "Relaxation": {mof.optimized.method for mof in mofs if mof.optimized},
        "Charges": {mof.charges.method for mof in mofs if mof.charges},
        "Adsorption": _adsorption(uptakes),
        "Second opinion": _adsorption([mof.judged for mof in mofs if mof.judged is not None]),
        "Pores": {uptake.pores.method for uptake in uptakes if uptake.pores},
        "Linkers from": {linker.source for linker in records.linkers.values()},
    }
    facts += [(label, "; ".join(sorted(texts))) for label, texts in methods.items() if texts]
    seed = settings.get("campaign", "seed")
    if seed is not None:
        facts.append(("Seed", str(seed)))
    if records.started_s is not None and records.updated_s is not None:
        facts.append(("Began", _moment(records.started_s)))
        facts.append(("Length", duration(records.updated_s - records.started_s)))
    return facts


def _objective(objective: ObjectiveRecord) -> str:
    """The expression with its unit and what it demands."""
    unit = f" ({objective.unit})" if objective.unit else ""
    return f"{objective.expression}{unit}" + (f", where {objective.require}" if objective.require else "")


def _adsorption(uptakes: list[Uptake]) -> set[str]:
    """Every method with the fewest and most cycles that it took."""
    cycles: dict[str, list[int]] = {}
    for uptake in uptakes:
        cycles.setdefault(uptake.method, []).append(uptake.cycles)
    return {
        f"{method}, {min(n)} cycles" if min(n) == max(n) else f"{method}, {min(n)} to {max(n)} cycles"
        for method, n in cycles.items()
    }


def _dynamics(runs: Iterable[StabilityRecord]) -> set[str]:
    """Every method with the lengths of its runs."""
    lengths: dict[tuple[str, str, float], set[float]] = {}
    for run in runs:
        cell = "×".join(str(n) for n in run.supercell)
        key = run.method, cell, run.temperature_k
        lengths.setdefault(key, set()).add(run.steps * run.timestep_fs / 1000)
    return {
        f"{method}, {cell} cells, {', '.join(f'{ps:g}' for ps in sorted(found))} ps at {temperature_k:g} K"
        for (method, cell, temperature_k), found in lengths.items()
    }


def _state(campaign: CampaignFolder, records: CampaignRecords) -> str:
    """Whether the campaign runs, has ended, or was cut off."""
    unfinished = len(records.unfinished())
    if campaign.is_running():
        return f"running, {unfinished} tasks at work"
    return "ended" if not unfinished else f"stopped, {unfinished} tasks cut off"


def _places(campaign: CampaignFolder, target: Path) -> list[tuple[str, str, str]]:
    """What, where, and link relative to the page."""
    named = (
        ("Ranking and all MOFs as a table", target / MOFS_CSV),
        ("Refusals as a table", target / REJECTED_CSV),
        ("Structures with charges", target / "mofs"),
        ("Tasks as JSON lines", target / TASKS_JSONL),
        ("Tasks as a trace, for Perfetto or Chrome", target / TRACE),
        ("Campaign file", campaign.config_path),
        ("Events (SQLite)", campaign.database_path),
        ("All structures, by content", campaign.files.root),
        ("Logs", campaign.logs_path),
    )
    return [(what, str(path), os.path.relpath(path, target)) for what, path in named]


def _moment(time_s: float) -> str:
    """A Unix time in words, in UTC."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%-d %B %Y, %H:%M UTC")


def duration(seconds: float) -> str:
    """A span in the two largest units that fit: ``2 h 05 min``, ``3 min 20 s``, ``1.4 s``, ``12 ms``, ``0.3 ms``."""
    if abs(seconds) < 0.00995:
        return f"{1000 * seconds:.2g} ms"
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def percent(fraction: float | None) -> str:
    """A share in percent, with a decimal where it matters; a dash for None."""
    if fraction is None:
        return "–"
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 99.95 or value == 0 else f"{value:.1f} %"


def subscripts(text: str) -> str:
    """A text with the numbers of its chemical formulas lowered: ``CO2 at 1 bar`` has CO₂; ``cm3`` is no formula."""
    return re.sub(r"\b[A-Z][A-Za-z]*\d\w*", lambda match: match[0].translate(_LOWERED), text)


def environment() -> Environment:
    """The templates with the filters they use; everything that is not marked safe is escaped."""
    found = Environment(
        loader=PackageLoader("mofa.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        measured=measured,
        amount_of=amount_of,
        conditions=conditions,
        charge_extremes=charge_extremes,
        second_opinion=second_opinion,
        with_unit=with_unit,
        duration=duration,
        percent=percent,
        rate=rate,
        grouped=grouped,
        signed=signed,
        subscripts=subscripts,
        words=lambda reason: str(reason).replace("_", " "),
    )
    found.globals["asset"] = lambda name: _asset(found, name)
    return found


def _asset(environment: Environment, name: str) -> Markup:
    """A style sheet or script as it is."""
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    return Markup(source)
