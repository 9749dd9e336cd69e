"""Verbs of a whole campaign: run it, resume it, look at it, report on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mofa.cli.common import Answer, JsonOption, say, show

if TYPE_CHECKING:
    from mofa.campaign import Listener, RunSummary
    from mofa.config import CampaignConfig
    from mofa.store.records import CampaignRecords

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the campaign.", show_default=False)]
LOG_WIDTH = 120
"""Columns of the tables in a file or a batch log."""
INTERRUPTED_EXIT_CODE = 130
"""What shells use for a command that Ctrl-C ended."""
ServerOverride = Annotated[
    str,
    typer.Option(
        "--server", help="Task server instead of the file's: parsl, pool, colmena, inline.", show_default=False
    ),
]
WorkersOverride = Annotated[
    int | None,
    typer.Option("--workers", min=0, help="Workers instead of the file's; 0: one a core.", show_default=False),
]
SeedOverride = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed instead of the file's.", show_default=False)
]


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Campaign file.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to make. [default: runs/NAME]", show_default=False)
    ] = None,
    seed: SeedOverride = None,
    server: ServerOverride = "",
    workers: WorkersOverride = None,
    json_output: JsonOption = False,
) -> None:
    """Run a campaign from linkers to a ranking, and write the report.

    Ctrl-C stops in order; `mofa resume DIR` goes on, also after a crash or `kill -9`.
    """
    from mofa.campaign import start
    from mofa.campaign.configured import check_engines, plan_of
    from mofa.config import load_config, template

    config = load_config(file)
    if seed is not None:
        config = config.model_copy(update={"campaign": config.campaign.model_copy(update={"seed": seed})})
    config = _with_compute(config, server, workers)
    plan = plan_of(config)
    check_engines(config)
    folder = out if out is not None else Path("runs") / config.campaign.name
    with _watching(config, folder) as listener:
        summary = start(folder, plan, template(config), listener=listener)
    _finish(folder, summary, json_output=json_output)


def resume(
    folder: Folder,
    server: ServerOverride = "",
    workers: WorkersOverride = None,
    json_output: JsonOption = False,
) -> None:
    """Go on with a campaign: what finished stays finished, what was cut off runs again.

    Also on another task server, and on another machine that the folder was copied to.
    """
    from mofa.campaign import resume as go_on
    from mofa.campaign.configured import check_engines, plan_of

    config = _with_compute(_config_of(folder), server, workers)
    plan = plan_of(config)
    check_engines(config)
    with _watching(config, folder) as listener:
        summary = go_on(folder, plan, listener=listener)
    _finish(folder, summary, json_output=json_output)


def status(folder: Folder, json_output: JsonOption = False) -> None:
    """Say how far a campaign is; it may be running."""
    from mofa.store.folder import CampaignFolder
    from mofa.store.records import load

    records = load(folder)
    running = CampaignFolder.open(folder).is_running()
    payload = _payload(folder) | {"running": running, "unfinished_tasks": len(records.unfinished())}
    if json_output:
        show(Answer(payload, ""), as_json=True)
        return
    _print_results(records)
    for mishap in records.notes[-5:]:
        say(f"note: {mishap}")
    say("It is running." if running else f"It is not running; go on with: mofa resume {folder}")


def report(
    folder: Folder,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the report. [default: DIR/report]", show_default=False)
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Write the report: one HTML file, mofs.csv, a CIF with charges per MOF, and every task with its times."""
    from mofa.report import write_report

    path = write_report(folder, out=out)
    show(Answer({"report": str(path)}, f"Report: {path}"), as_json=json_output)


def _config_of(folder: Path) -> CampaignConfig:
    """The configuration that a campaign was started with."""
    from mofa.config import parse_config
    from mofa.store.folder import CampaignFolder

    opened = CampaignFolder.open(folder)
    return parse_config(opened.config_text(), where=str(opened.config_path))


def _with_compute(config: CampaignConfig, server: str, workers: int | None) -> CampaignConfig:
    """The configuration with another task server, or with workers that share all kinds of task."""
    changes: dict[str, Any] = {"server": server} if server else {}
    if workers is not None:
        changes |= {"workers": workers, "pools": {}}
    return config.model_copy(update={"compute": config.compute.model_copy(update=changes)})


def _watching(config: CampaignConfig, folder: Path) -> AbstractContextManager[Listener]:
    """The live display on a terminal, log lines otherwise."""
    from mofa.cli.live import LiveDisplay, LogLines

    title = f"Campaign {config.campaign.name!r} in {folder}. Ctrl-C stops in order; `mofa resume {folder}` goes on."
    display: Callable[[str], Any] = LiveDisplay if sys.stderr.isatty() else LogLines
    watching: AbstractContextManager[Listener] = display(title)
    return watching


def _payload(folder: Path) -> dict[str, Any]:
    """Funnel and ranking as JSON values."""
    from mofa.report.funnel import funnel
    from mofa.report.ranking import ranking
    from mofa.store.records import load

    records = load(folder)
    return {
        "folder": str(folder),
        "funnel": funnel(records.funnel, records.limits),
        "ranking": ranking(records),
    }


def _finish(folder: Path, summary: RunSummary, *, json_output: bool) -> None:
    """Write the report, print funnel and ranking, and say where everything lies.

    Raises:
        typer.Exit: the campaign was interrupted.
    """
    from mofa.campaign import StopReason
    from mofa.cli.live import WHY_STOPPED
    from mofa.report import write_report
    from mofa.store.records import load

    path = write_report(folder)
    interrupted = summary.stopped is StopReason.INTERRUPTED
    if json_output:
        facts = {
            "stopped": str(summary.stopped),
            "elapsed_s": summary.elapsed_s,
            "unfinished_tasks": summary.unfinished,
            "report": str(path),
        }
        show(Answer(_payload(folder) | facts, ""), as_json=True)
    else:
        _print_results(load(folder))
        say(f"Ended after {summary.elapsed_s / 60:.1f} min: {WHY_STOPPED[summary.stopped]}.")
        if interrupted:
            say(f"{_tasks(summary.unfinished)} cut off; `mofa resume {folder}` goes on.")
        elif summary.stopped is not StopReason.EXHAUSTED:
            say(f"To go further, raise [stop] in {folder / 'campaign.toml'}, then `mofa resume {folder}`.")
        say(f"Report: {path}")
    if interrupted:
        raise typer.Exit(INTERRUPTED_EXIT_CODE)


def _tasks(n: int) -> str:
    return "1 task was" if n == 1 else f"{n} tasks were"


def _print_results(records: CampaignRecords) -> None:
    """Funnel, ranking and headline on stdout."""
    from rich.console import Console

    from mofa.cli.live import funnel_table
    from mofa.report.funnel import funnel
    from mofa.report.ranking import headline
    from mofa.report.terminal import ranking_table

    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    console.print(funnel_table(funnel(records.funnel, records.limits)))
    if records.ranking():
        console.print(ranking_table(records))
    say(headline(records))
