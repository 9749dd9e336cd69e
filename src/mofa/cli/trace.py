"""The verb that says what every task did when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mofa.cli.common import Answer, JsonOption, show

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the campaign.", show_default=False)]


def trace(
    folder: Folder,
    out: Annotated[
        Path | None, typer.Option("--out", help="Trace file. [default: DIR/report/trace.json]", show_default=False)
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help="Task file. [default: DIR/report/tasks.jsonl]", show_default=False)
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Write every task with its times: a trace for ui.perfetto.dev or chrome://tracing, and JSON lines.

    The campaign may be running.
    """
    from mofa.report.page import REPORT_FOLDER, TASKS_JSONL, TRACE
    from mofa.report.trace import write_tasks, write_trace
    from mofa.store.folder import CampaignFolder
    from mofa.store.records import load
    from mofa.textfiles import make_writable_folder

    report = CampaignFolder.open(folder).root / REPORT_FOLDER
    records = load(folder)
    trace_path, tasks_path = out or report / TRACE, jsonl or report / TASKS_JSONL
    for path in (trace_path, tasks_path):
        make_writable_folder(path.parent)
    write_trace(records, trace_path)
    write_tasks(records, tasks_path)
    facts = {
        "trace": str(trace_path),
        "tasks": str(tasks_path),
        "n_tasks": len(records.tasks),
        "n_unfinished": len(records.unfinished()),
    }
    text = f"Trace: {trace_path} (open it at https://ui.perfetto.dev)\nTasks: {tasks_path}"
    show(Answer(facts, text), as_json=json_output)
