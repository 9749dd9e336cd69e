"""Options of the verbs that run CP2K."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mofa.errors import InputError

ThreadsOption = Annotated[int, typer.Option("--threads", min=0, help="OpenMP threads of each CP2K process; 0: 1.")]
TemplateOption = Annotated[str, typer.Option("--template", help="CP2K input template instead of MOFA's.")]
CutoffOption = Annotated[float, typer.Option("--cutoff-ry", min=0, help="CP2K's plane-wave cut-off, Ry; 0: 300.")]
BasisOption = Annotated[
    str, typer.Option("--basis-set", help="CP2K's basis set of all elements; DZVP-MOLOPT-SR-GTH without it.")
]


def folders_of(folder: Path | None, files: list[Path]) -> dict[Path, str]:
    """Where each file's run keeps its state: the folder itself for one, a folder of the file's name in it for many.

    Raises:
        InputError: two files would share one.
    """
    if folder is None:
        return dict.fromkeys(files, "")
    if len(files) == 1:
        return {files[0]: str(folder)}
    if len({path.stem for path in files}) < len(files):
        action = "Give files of different names, or one command for each"
        raise InputError("two structures would share a folder", where="--folder", action=action)
    return {path: str(folder / path.stem) for path in files}
