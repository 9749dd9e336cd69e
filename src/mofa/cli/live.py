"""What a running campaign looks like: a live display on a terminal, plain lines in a batch log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mofa.campaign import Snapshot, StopReason
from mofa.chemistry import Stage
from mofa.report.funnel import FunnelRow, funnel
from mofa.store.payloads import Event, EventKind, Item, Status, TaskResult
from mofa.units import format_measured

if TYPE_CHECKING:
    from mofa.store.records import MofRecord, ObjectiveRecord

WHY_STOPPED = {
    StopReason.MAX_UPTAKES: "enough MOFs have an uptake ([stop] max_uptakes)",
    StopReason.MAX_VALIDATED: "enough MOFs were simulated ([stop] max_validated)",
    StopReason.MAX_MINUTES: "the time is up ([stop] max_minutes)",
    StopReason.EXHAUSTED: "the generator has nothing more to give",
    StopReason.INTERRUPTED: "it was interrupted",
}
LOG_EVERY_S = 60.0
REASONS_SHOWN = 3
SUBJECT_WIDTH = 12


def funnel_table(rows: list[FunnelRow]) -> Table:
    """The funnel with reasons; what remains of the original linkers or MOFs, beside the paper's Table I."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("step", overflow="fold")
    for heading in ("seen", "passed", "remain\n%", "paper\n%"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        reasons = ", ".join(f"{reason} {count}" for reason, count in row.reasons[:REASONS_SHOWN])
        table.add_row(
            Text.assemble(row.label, (f"\n  {reasons}" if reasons else "", "dim")),
            str(row.entered),
            str(row.survived),
            _percent(row.remaining),
            _percent(row.paper_remaining),
        )
    return table


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.1f}"


def best_line(best: MofRecord | None, objective: ObjectiveRecord) -> str:
    """The best MOF so far in one line."""
    if best is None or best.uptake is None:
        return "no uptake yet"
    uptake, judged = best.uptake, best.judged
    amount = format_measured(uptake.uptake_mol_per_kg, uptake.error_mol_per_kg, f"mol/kg {uptake.gas}")
    if judged is not None:
        verdict = {True: ", agree", False: ", differ", None: ""}[best.judge_agrees]
        second = format_measured(judged.uptake_mol_per_kg, judged.error_mol_per_kg)
        amount += f" ({judged.engine or 'judge'} {second}{verdict})"
    if not objective.is_uptake and best.objective is not None:
        amount = f"{best.objective:.4g} {objective.unit}".rstrip() + f"; {amount}"
    return f"best {amount}  {best.name or best.id}"


def duration(seconds: float) -> str:
    """Time as h:mm:ss."""
    minutes, s = divmod(int(seconds), 60)
    h, m = divmod(minutes, 60)
    return f"{h}:{m:02d}:{s:02d}"


class LiveDisplay:
    """Funnel, running tasks, rates and the best MOF, redrawn in place on stderr. A `mofa.campaign.Listener`."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._title = title
        self._live = Live(console=console or Console(stderr=True), auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def on_event(self, event: Event) -> None:
        """Events are counted in the snapshot; only mishaps get a line of their own."""
        if event.kind is EventKind.NOTE:
            self._live.console.print(Text(f"note: {event.payload.get('text', '')}", style="yellow"))

    def on_tick(self, snapshot: Snapshot) -> None:
        """Redraw."""
        self._live.update(self.render(snapshot), refresh=True)

    def render(self, snapshot: Snapshot) -> RenderableType:
        """The whole display for one moment."""
        state = f"stopping: {WHY_STOPPED[snapshot.stopping]}" if snapshot.stopping else "running"
        rates = "   ".join(f"{kind} {rate:.0f}/h" for kind, rate in snapshot.rates_per_h.items() if rate > 0)
        queues = "   ".join(f"{kind} {n}" for kind, n in snapshot.waiting.items() if n)
        return Group(
            Text(self._title, style="dim"),
            Text(f"{duration(snapshot.elapsed_s)}  {state}", style="bold"),
            funnel_table(funnel(snapshot.funnel, snapshot.limits)),
            _running_table(snapshot),
            Text(f"waiting   {queues or 'nothing'}", style="dim"),
            Text(f"rates     {rates or 'none yet'}", style="dim"),
            Text(best_line(snapshot.best, snapshot.objective), style="bold green" if snapshot.best else "dim"),
        )


def _running_table(snapshot: Snapshot) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, collapse_padding=True)
    for task in snapshot.running:
        subject = task.subject if len(task.subject) <= SUBJECT_WIDTH else task.subject[: SUBJECT_WIDTH - 1] + "…"
        bar = Text("") if task.fraction is None else ProgressBar(total=1.0, completed=task.fraction, width=24)
        table.add_row(str(task.kind), subject, duration(task.since_s), bar, Text(task.text, style="dim"))
    return table


class LogLines:
    """One line per result of a costly task and a summary every minute, on stderr. A `mofa.campaign.Listener`."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last_summary = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def on_event(self, event: Event) -> None:
        """A line for notes and for results of simulations."""
        if event.kind is EventKind.NOTE:
            _log(f"note: {event.payload.get('text', '')}")
        elif event.kind is EventKind.RESULT:
            text = result_line(event)
            if text:
                _log(text)

    def on_tick(self, snapshot: Snapshot) -> None:
        """The title at first, then a summary now and then."""
        if self._title:
            _log(self._title)
            self._title = ""
        if time.monotonic() - self._last_summary < LOG_EVERY_S:
            return
        self._last_summary = time.monotonic()
        counts = snapshot.funnel
        _log(
            f"{duration(snapshot.elapsed_s)}: {counts.stage(Stage.PROCESS).passed} linkers,"
            f" {counts.stage(Stage.ASSEMBLE).passed} MOFs, {counts.simulated} simulated ({counts.stable} stable),"
            f" {counts.uptakes} uptakes; {best_line(snapshot.best, snapshot.objective)}"
        )


def result_line(event: Event) -> str | None:
    """What a finished simulation says of itself; None for the cheap tasks that come by the hundred."""
    if event.task_kind in (Stage.GENERATE, Stage.PROCESS, Stage.ASSEMBLE):
        return None
    result = TaskResult.from_json(event.payload)
    took = f"{result.timing.wall_s:.0f} s"
    if result.status is not Status.DONE:
        return f"{event.task_id} {result.status} after {took}: {result.detail}"
    item = result.items[0] if result.items else None
    if item is None:
        return None
    if item.rejected is not None:
        return f"{event.task_id} refused after {took}: {item.rejected.reason} ({item.rejected.detail})"
    return f"{event.task_id} done in {took}{_outcome(Stage(event.task_kind), item)}"


def _outcome(stage: Stage, item: Item) -> str:
    """The numbers of a result, where it has any."""
    value = item.value or {}
    if stage is Stage.VALIDATE and item.score is not None:
        return f": strain {item.score:.3f}"
    if "judge_note" in value:
        return f": the judge gives no uptake ({value['judge_note']})"
    if stage is not Stage.ADSORB or "uptake_mol_per_kg" not in value:
        return ""
    uptake = f": {'the judge finds ' if 'judged' in value else ''}uptake {value['uptake_mol_per_kg']:.3f} mol/kg"
    if item.score in (None, value["uptake_mol_per_kg"]):
        return uptake
    return f"{uptake}, objective {item.score:.4g}"


def _log(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()
