"""The verb that makes MOFs: linkers and nodes into a net."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.cli.common import Answer, JsonOption, SeedOption, refusal, show
from mofa.cli.linkers import linkers_of
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder

if TYPE_CHECKING:
    from mofa.chemistry import Linker, Rejected


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

    make_writable_folder(out)
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
    target = write_cif(result, out / f"{result.id}.cif")
    cell = result.cell_parameters()
    payload = {"id": result.id, "name": result.name, "cif": str(target), "cell": cell, "n_atoms": len(result)}
    lengths = " x ".join(f"{x:.2f}" for x in cell[:3])
    show(Answer(payload, f"{result.name}: {len(result)} atoms, {lengths} Å -> {target}"), as_json=json_output)


def _sound_linker(source: str, seed: int) -> Linker | Rejected:
    """The first linker of a file or a SMILES, processed unless it already is."""
    from mofa.chemistry import RawLinker
    from mofa.process import process as run

    first = next(linkers_of(source, seed), None)
    if first is None:
        raise InputError("there is no linker in it", where=source, action="Give a file with one linker or a SMILES")
    return run(first) if isinstance(first, RawLinker) else first
