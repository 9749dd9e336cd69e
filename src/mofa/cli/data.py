"""`mofa data`: the data that generators are trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.build import linkers_of
from mofa.cli.common import Answer, JsonOption, SeedOption, note, progress, show
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder

if TYPE_CHECKING:
    from mofa.generate.moflinker.dataset import Named

app = typer.Typer(help="Build data to train generators on.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    """Data to train generators on."""


@app.command("linkers")
def linkers(
    n: Annotated[
        int, typer.Option("--n", min=1, help="Cores; each stands for a dicarboxylic acid and a dinitrile.")
    ] = 50_000,
    out: Annotated[Path, typer.Option("--out", help="File to write (.npz).")] = Path("linkers.npz"),
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="FILE|SMILES", help="Your own linkers: SMILES, SDF or XYZ.", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 2,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Enumerate linkers, find a conformer of each, pack them; goes on where it was stopped."""
    from mofa.generate.moflinker import dataset, examples

    if out.suffix != ".npz":
        raise InputError("training data are written as .npz", where=out, action="Give a name that ends in .npz")
    make_writable_folder(out.parent)
    added, refused = _added(add or [], seed)
    parts = out.with_name(f"{out.stem}.parts")
    with progress("building linkers") as on_progress:
        packed, smiles = dataset.build(
            n, seed=seed, folder=parts, workers=workers, added=added, on_progress=on_progress
        )
    examples.save(packed, out, smiles)
    payload = {
        "file": str(out),
        "cores": len(packed),
        "linkers": 2 * len(packed),
        "held_out": int(packed.held_out.sum()),
        "added": len(added),
        "refused": refused,
        "bytes_per_core": packed.n_bytes / len(packed),
        "seed": seed,
    }
    text = f"Wrote {len(packed)} cores ({2 * len(packed)} linkers) to {out}; {parts} can be removed"
    show(Answer(payload, text), as_json=json_output)


def _added(sources: list[str], seed: int) -> tuple[list[Named], int]:
    """The user's own linkers as cores, each once, and how many could not be used."""
    from mofa.chemistry import RawLinker, Rejected
    from mofa.generate.moflinker.dataset import named_core
    from mofa.process import process

    found: dict[str, Named] = {}
    refused = 0
    for source in sources:
        for number, entry in enumerate(linkers_of(source, seed), start=1):
            linker = process(entry) if isinstance(entry, RawLinker) else entry
            named = linker if isinstance(linker, Rejected) else named_core(linker.smiles, linker.family, seed=seed)
            if isinstance(named, Rejected):
                refused += 1
                note(f"{source}#{number}: left out, {named}")
            else:
                found.setdefault(named.smiles, named)
    return list(found.values()), refused
