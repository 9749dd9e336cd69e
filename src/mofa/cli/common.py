"""What all verbs share: options, output as text or JSON, progress, and many files in one call."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mofa.errors import InputError, MofaError
from mofa.textfiles import make_writable_folder

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, one object per input.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
CifFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE.cif...", help="Structures to work on.", show_default=False)
]
ProgressCallback = Callable[[float, str], None]


@dataclass(frozen=True)
class Answer:
    """What a verb says about one input."""

    payload: Mapping[str, Any]
    """The JSON object."""
    text: str
    """The same for people."""
    refused: bool = False


def say(text: str) -> None:
    """A line of results on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A line of progress or advice on stderr."""
    sys.stderr.write(text + "\n")


def show(answer: Answer, *, as_json: bool) -> None:
    """Print one answer."""
    if as_json:
        sys.stdout.write(json.dumps(_plain(answer.payload), allow_nan=False) + "\n")
        sys.stdout.flush()
    else:
        (note if answer.refused else say)(answer.text)


def _plain(value: Any) -> Any:
    """JSON values: arrays as lists, paths as text, and null for a number that is not known (NaN)."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def refusal(rejected: Any, source: str, **facts: Any) -> Answer:
    """The answer for a `Rejected` value, with further facts for the JSON object."""
    payload = {
        "status": "rejected",
        "file": source,
        "stage": str(rejected.stage),
        "reason": str(rejected.reason),
        "detail": rejected.detail,
        "atoms": list(rejected.atoms),
        **facts,
    }
    return Answer(
        payload, f"{source}: rejected by {rejected.stage}: {rejected.reason} ({rejected.detail})", refused=True
    )


def failure(error: MofaError, source: str) -> Answer:
    """The answer for an input that could not be worked on at all."""
    return Answer({"status": "failed", "file": source, "error": str(error)}, f"Error: {error}", refused=True)


def for_each(inputs: Sequence[Path], work: Callable[[Path], Answer], *, as_json: bool) -> None:
    """Work on every input; a bad one is reported and does not stop the others.

    Raises:
        typer.Exit: code 1, if any input was refused or failed.
    """
    failed = False
    for path in inputs:
        try:
            answer = work(path)
        except MofaError as error:
            if len(inputs) == 1:
                raise
            answer = failure(error, str(path))
        failed |= answer.refused
        show(answer, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def output_paths(out: Path | None, sources: Sequence[Path], suffix: str) -> dict[Path, Path]:
    """Where the result for each source goes: beside it, at the file `--out`, or into the folder `--out`.

    Raises:
        InputError: two results would take the same name, or one file is named for many results.
        OutputError: results cannot be written there.
    """
    if out is not None and out.suffix and not out.is_dir():
        if len(sources) > 1:
            raise InputError(
                f"{len(sources)} results do not fit into one file", where=out, action="Give a folder as --out"
            )
        targets = {sources[0]: out}
    else:
        targets = {path: (out or path.parent) / f"{path.stem}{suffix}" for path in sources}
    taken: dict[Path, Path] = {}
    for source, target in targets.items():
        if target in taken:
            raise InputError(
                f"the results for {taken[target]} and {source} would both be {target}",
                action="Give files of different names, or one command for each",
            )
        taken[target] = source
    for folder in {target.parent for target in targets.values()}:
        make_writable_folder(folder)
    return targets


@contextmanager
def progress(title: str) -> Iterator[ProgressCallback]:
    """A progress bar on stderr when it is a terminal; silence in a log."""
    if not sys.stderr.isatty():
        yield lambda fraction, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, text="")
        yield lambda fraction, text: bar.update(task, completed=fraction, text=text)


def size_range(text: str | None) -> tuple[int, int] | None:
    """Fewest and most core atoms, from ``8-14`` or ``12``.

    Raises:
        InputError: it is neither.
    """
    if text is None:
        return None
    least, dash, most = (word.strip() for word in text.partition("-"))
    if not (least.isdecimal() and (most.isdecimal() or not dash)):
        raise InputError(f"--core-atoms is {text!r}", action="Give the fewest and the most, such as 8-14")
    return int(least), int(most if dash else least)
