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
            answer = Answer(
                {"status": "failed", "file": str(path), "error": str(error)}, f"Error: {error}", refused=True
            )
        failed |= answer.refused
        show(answer, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def output_path(out: Path | None, source: Path, suffix: str, *, many: bool) -> Path:
    """Where the result for `source` goes: beside it, at `--out`, or into the folder `--out`.

    Raises:
        InputError: the folder cannot be made.
    """
    name = f"{source.stem}{suffix}"
    if out is None:
        return source.with_name(name)
    target = out if not many and out.suffix else out / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the output folder cannot be made ({error.strerror})", where=target.parent, action="Choose another --out"
        ) from error
    return target


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
