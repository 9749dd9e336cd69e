"""The verb that measures a generator, or the linkers of another tool."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.cli.common import Answer, JsonOption, SeedOption, note, progress, show, size_range
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder, write_text

if TYPE_CHECKING:
    from mofa.evaluate.outcomes import Sample
    from mofa.evaluate.sources import Source

DEFAULT_KIND = "flow"
DEFAULT_N = 2000
_FEWEST_TO_COMPARE = 200
"""Linkers of the data, however few are measured."""


def evaluate_generator(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...", help="Whole linkers of another tool: SMILES, SDF or XYZ files.", show_default=False
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Generator to measure: flow, graph or library.", show_default=DEFAULT_KIND),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Weights that `mofa train` or a campaign wrote.", show_default="pre-trained"),
    ] = None,
    family: Annotated[str, typer.Option("--family", help="BCA, BZN or both.")] = "both",
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="How many linkers.", show_default="2000; files: all")
    ] = None,
    core_atoms: Annotated[
        str | None,
        typer.Option("--core-atoms", metavar="MIN-MAX", help="Heavy atoms between the two ends, such as 8-14."),
    ] = None,
    max_heavy_atoms: Annotated[
        int, typer.Option("--max-heavy-atoms", min=1, help="Largest linker, heavy atoms of the whole molecule.")
    ] = 38,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Training set (.npz of `mofa data linkers`, or SMILES) for novelty and to compare with.",
            show_default="500 enumerated linkers, no novelty",
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 2,
    out: Annotated[Path, typer.Option("--out", help="Folder for the numbers and figures.")] = Path("evaluation"),
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Measure a generator: yield by reason, diversity, novelty, properties against data, cost; with figures."""
    if files and (kind or weights):
        raise InputError("files and a generator are both given", action="Give either files, or --kind and --weights")
    from mofa.evaluate import Workers, evaluate, reference_of
    from mofa.evaluate.figures import write_figures
    from mofa.evaluate.reference import N_OF_DATA
    from mofa.evaluate.sources import families_of
    from mofa.evaluate.tables import table

    families = families_of(family)
    sources = _sources(files or [], kind or DEFAULT_KIND, weights, family, n, seed, core_atoms, max_heavy_atoms)
    make_writable_folder(out)
    with Workers(workers) as pool:
        with progress("preparing the data to compare with") as on_progress:
            most = N_OF_DATA if n is None else min(N_OF_DATA, max(_FEWEST_TO_COMPARE, n))
            reference = reference_of(data, families, pool, seed=seed, most=most, on_progress=on_progress)
        for source in sources:
            with progress(f"measuring {source.title}") as on_progress:
                sample = pool.sample(source, on_progress=on_progress)
            _check(sample, source)
            evaluation = evaluate(sample, reference)
            folder = out if len(sources) == 1 else out / source.title
            make_writable_folder(folder)
            payload = {**evaluation.to_json(), "families": list(families), "seed": seed, "out": str(folder)}
            write_text(folder / "evaluation.json", json.dumps(payload, indent=1) + "\n")
            write_text(folder / "refused.csv", _refused_csv(sample))
            write_figures(evaluation, sample, reference.sample, folder)
            show(Answer(payload, table(evaluation)), as_json=json_output)
            note(f"Wrote evaluation.json, refused.csv and figures to {folder}")


def _sources(
    files: list[Path],
    kind: str,
    weights: Path | None,
    family: str,
    n: int | None,
    seed: int,
    core_atoms: str | None,
    max_heavy_atoms: int,
) -> list[Source]:
    from mofa.evaluate import from_file, streamed
    from mofa.evaluate.sources import families_of
    from mofa.generate.conditions import Conditions

    families = families_of(family)
    only = families[0] if len(families) == 1 else None
    if files:
        if len({path.name for path in files}) < len(files):
            raise InputError("two files have the same name", action="Give files of different names")
        return [from_file(path, family=only, seed=seed, n=n) for path in files]
    conditions = Conditions(core_atoms=size_range(core_atoms))
    return [
        streamed(
            kind,
            families,
            n=n or DEFAULT_N,
            seed=seed,
            weights=weights,
            max_heavy_atoms=max_heavy_atoms,
            conditions=conditions,
        )
    ]


def _check(sample: Sample, source: Source) -> None:
    """Refuse what nothing can be measured on.

    Raises:
        InputError: no linkers, or none that passes the gate.
    """
    if not sample.outcomes:
        raise InputError("there are no linkers", where=source.title, action="Allow larger ones with --max-heavy-atoms")
    if not sample.sound:
        first = sample.outcomes[0].refusal
        detail = f", the first for: {first.detail}" if first else ""
        raise InputError(
            f"none of {len(sample.outcomes)} linkers passes the gate{detail}",
            where=source.title,
            action="See why with `mofa process`",
        )


def _refused_csv(sample: Sample) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("linker", "family", "reason", "detail"))
    for outcome in sample.outcomes:
        if outcome.refusal is not None:
            rows.writerow((outcome.text, outcome.family or "", outcome.refusal.reason, outcome.refusal.detail))
    return text.getvalue()
