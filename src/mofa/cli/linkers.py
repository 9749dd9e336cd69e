"""Verbs on linkers: generate them, make them sound, put them into a MOF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.cli.common import Answer, JsonOption, SeedOption, note, progress, refusal, show
from mofa.errors import InputError

if TYPE_CHECKING:
    from mofa.chemistry import Linker, RawLinker, Rejected

FAMILIES = "BCA (dicarboxylic acids) or BZN (dinitriles)"


def generate(
    family: Annotated[str, typer.Option("--family", help=f"Linker family: {FAMILIES}.")] = "BCA",
    n: Annotated[int, typer.Option("--n", min=1, help="How many linkers.")] = 100,
    kind: Annotated[str, typer.Option("--kind", help="Generator; `library` enumerates known chemistry.")] = "library",
    max_heavy_atoms: Annotated[
        int, typer.Option("--max-heavy-atoms", min=1, help="Largest linker, heavy atoms of the whole molecule.")
    ] = 38,
    out: Annotated[Path, typer.Option("--out", help="SDF file to write.")] = Path("linkers.sdf"),
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Propose linkers in 3-D, heavy atoms only; `mofa process` makes them sound."""
    from mofa.chemistry.molfiles import write_sdf
    from mofa.generate import generate as stream

    linkers: list[RawLinker] = []
    with progress(f"generating {family} linkers") as on_progress:
        for batch in stream(family, n=n, seed=seed, generator=kind, max_heavy_atoms=max_heavy_atoms):
            linkers += batch
            on_progress(len(linkers) / n, f"{len(linkers)} of {n}")
    write_sdf(linkers, out)
    if len(linkers) < n:
        note(f"Only {len(linkers)} such linkers exist within {max_heavy_atoms} heavy atoms.")
    payload = {"n": len(linkers), "family": family, "kind": kind, "seed": seed, "file": str(out)}
    show(Answer(payload, f"Wrote {len(linkers)} {family} linkers to {out}"), as_json=json_output)


def process(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE|SMILES...", help="SDF, XYZ or SMILES files, or SMILES.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="SDF file for the sound linkers, dummies included.", show_default=False)
    ] = None,
    time_limit_s: Annotated[float, typer.Option("--time-limit-s", min=0.01, help="Time limit per linker, s.")] = 5.0,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Make linkers sound: hydrogens, bond orders, relaxation, dummy atoms; or say why not."""
    from mofa.chemistry import RawLinker, Rejected
    from mofa.chemistry.molfiles import write_sdf
    from mofa.process import process as run

    sound: list[Linker] = []
    refused = False
    for source in files:
        for number, raw in enumerate(_linkers_of(source, seed), start=1):
            result = run(raw, time_limit_s=time_limit_s) if isinstance(raw, RawLinker) else raw
            where = f"{source}#{number}"
            if isinstance(result, Rejected):
                refused = True
                answer = refusal(result, where)
                family = str(raw.family) if isinstance(raw, RawLinker) else None
                show(
                    Answer({"smiles": None, "family": family, **answer.payload}, answer.text, refused=True),
                    as_json=json_output,
                )
                continue
            sound.append(result)
            payload = {
                "smiles": result.smiles,
                "family": str(result.family),
                "reason": None,
                "file": where,
                "inchikey": result.inchikey,
                "n_atoms": result.n_atoms,
            }
            show(Answer(payload, f"{where}: {result.family} {result.smiles}"), as_json=json_output)
    if out is not None and sound:
        write_sdf(sound, out)
        note(f"Wrote {len(sound)} linkers to {out}")
    if refused:
        raise typer.Exit(1)


def _linkers_of(source: str, seed: int) -> Iterator[RawLinker | Linker | Rejected]:
    """Linkers of a file, or the one that a SMILES describes; a file of processed linkers gives them as they are."""
    from mofa.chemistry.molecules import from_smiles
    from mofa.chemistry.molfiles import read_linkers

    path = Path(source)
    if path.exists() or path.suffix.lower() in (".sdf", ".mol", ".xyz", ".smi", ".smiles", ".txt"):
        yield from read_linkers(path, seed=seed)
    else:
        yield from_smiles(source, seed=seed)


def assemble(
    linker: Annotated[
        list[str],
        typer.Option("--linker", help="SMILES, or an SDF/SMILES/XYZ file (its first linker); repeat for each linker."),
    ],
    node: Annotated[str, typer.Option("--node", help="Metal node; see `mofa nodes`.")] = "zn-paddlewheel-pillar",
    net: Annotated[str, typer.Option("--net", help="RCSR symbol of the net; see `mofa nets`.")] = "pcu",
    out: Annotated[Path, typer.Option("--out", help="Folder for the CIF.")] = Path("."),
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Put linkers and a metal node into a net, and check the MOF."""
    from mofa.assemble import assemble as run
    from mofa.chemistry import Rejected
    from mofa.chemistry.cif import write_cif

    linkers = []
    for source in linker:
        sound = _sound_linker(source, seed)
        if isinstance(sound, Rejected):
            show(refusal(sound, source), as_json=json_output)
            raise typer.Exit(1)
        linkers.append(sound)
    result = run(linkers, node=node, net=net)
    if isinstance(result, Rejected):
        show(refusal(result, " + ".join(known.smiles for known in linkers)), as_json=json_output)
        raise typer.Exit(1)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made ({error.strerror})", where=out, action="Choose another --out"
        ) from error
    target = write_cif(result, out / f"{result.id}.cif")
    cell = result.cell_parameters()
    payload = {"id": result.id, "name": result.name, "cif": str(target), "cell": cell, "n_atoms": len(result)}
    lengths = " x ".join(f"{x:.2f}" for x in cell[:3])
    show(Answer(payload, f"{result.name}: {len(result)} atoms, {lengths} Å -> {target}"), as_json=json_output)


def _sound_linker(source: str, seed: int) -> Linker | Rejected:
    """The first linker of a file or a SMILES, processed unless it already is."""
    from mofa.chemistry import RawLinker
    from mofa.process import process as run

    first = next(_linkers_of(source, seed), None)
    if first is None:
        raise InputError("there is no linker in it", where=source, action="Give a file with one linker or a SMILES")
    return run(first) if isinstance(first, RawLinker) else first
