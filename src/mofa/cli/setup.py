"""Verbs around a campaign: a first file, a look at the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mofa.cli.common import Answer, JsonOption, say, show
from mofa.errors import InputError
from mofa.textfiles import write_text


def init(
    file: Annotated[Path, typer.Argument(help="Where to write the campaign file.")] = Path("campaign.toml"),
    out: Annotated[Path | None, typer.Option("--out", help="The same as the argument.", show_default=False)] = None,
    json_output: JsonOption = False,
) -> None:
    """Write a campaign file with every key, its default, its unit and its meaning."""
    from mofa.config import template

    file = out or file
    if file.exists():
        raise InputError("there is such a file already", where=file, action="Choose another name or delete it")
    write_text(file, template())
    show(Answer({"file": str(file)}, f"Wrote {file}. Next: mofa run {file}"), as_json=json_output)


def doctor(json_output: JsonOption = False) -> None:
    """Say which engines are here, in which version, what a missing one costs and how to install it."""
    from mofa.cli.engines import examine, machine

    facts = machine()
    found = examine()
    missing = [engine for engine in found if engine.version is None]
    broken = [engine for engine in missing if not engine.optional]
    if json_output:
        payload = {"machine": facts, "engines": found, "ready": not broken}
        show(Answer(payload, ""), as_json=True)
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("", "engine", "version", "what it does", title="Engines", title_justify="left")
        for engine in found:
            here = engine.version is not None
            table.add_row(
                "[green]✓[/]" if here else "[red]✗[/]", engine.name, engine.version or "missing", engine.purpose
            )
        console = Console()
        console.print(table)
        for engine in missing:
            say(f"{engine.name}: {engine.problem}. Without it: {engine.cost}. Install: {engine.install}")
        say("  ".join(f"{name}: {value}" for name, value in facts.items()))
        say("Everything is here." if not missing else f"{len(missing)} of {len(found)} engines are missing.")
    if broken:
        raise typer.Exit(1)
