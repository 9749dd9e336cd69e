"""The verb that makes MOFs: linkers and nodes into a net."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mofa.build import build, first_linker, sound_linkers
from mofa.cli.common import Answer, JsonOption, SeedOption, refusal, show
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder, write_bytes, write_text

if TYPE_CHECKING:
    from mofa.build import Source
    from mofa.chemistry import Framework, Linker, Rejected

    Make: TypeAlias = Callable[[Sequence[Source]], Framework | Rejected]

_PICTURES = frozenset({".svg", ".png"})


def assemble(
    linker: Annotated[
        list[str],
        typer.Option("--linker", help="SMILES, or an SDF/SMILES/XYZ file (its first linker); repeat for each linker."),
    ],
    node: Annotated[
        str, typer.Option("--node", help="Metal node, see `mofa nodes`; or a node file (.toml, .cif, .xyz).")
    ] = "zn-paddlewheel-pillar",
    net: Annotated[str, typer.Option("--net", help="RCSR symbol of the net; see `mofa nets`.")] = "pcu",
    net_file: Annotated[
        Path | None, typer.Option("--net-file", help="File of nets (.cgd) that the net is in.", show_default=False)
    ] = None,
    catenation: Annotated[
        int, typer.Option("--catenation", min=0, max=3, help="Further nets that interpenetrate the first.")
    ] = 0,
    max_bend_deg: Annotated[
        float, typer.Option("--max-bend-deg", help="Most that a linker's exit may bend away from its line, degrees.")
    ] = 15.0,
    torsion_step_deg: Annotated[
        float, typer.Option("--torsion-step-deg", help="Step by which linkers are turned about their axes, degrees.")
    ] = 15.0,
    each: Annotated[
        bool, typer.Option("--each", help="One MOF for every linker of the first --linker; the others go into all.")
    ] = False,
    with_pore_check: Annotated[
        bool, typer.Option("--check-pore", help="Refuse a MOF that CO2 cannot enter (takes about a second).")
    ] = False,
    conventional: Annotated[
        bool,
        typer.Option("--conventional", help="Write the rectangular cell that people know, not the primitive one."),
    ] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="SVG or PNG file to draw the MOF into.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the CIF.")] = Path("."),
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Put linkers and a metal node into a net, and check the MOF."""
    from mofa.assemble import check_pore
    from mofa.chemistry import Rejected
    from mofa.chemistry.cells import rectangular

    make_writable_folder(out)
    if picture is not None:
        _check_picture(picture, each)
    make = partial(
        build,
        node,
        net,
        net_file=net_file or "",
        catenation=catenation,
        max_bend_deg=max_bend_deg,
        torsion_step_deg=torsion_step_deg,
        seed=seed,
    )
    failed = False
    for source, made in _one_each(linker, seed, make) if each else [(" + ".join(linker), make(linker))]:
        result = made if isinstance(made, Rejected) or not with_pore_check else check_pore(made) or made
        if isinstance(result, Rejected):
            answer = refusal(result, source)
        else:
            answer = _written(rectangular(result) if conventional else result, source, out, picture)
        failed |= answer.refused
        show(answer, as_json=json_output)
    if failed:
        raise typer.Exit(1)


def _one_each(sources: list[str], seed: int, make: Make) -> Iterator[tuple[str, Framework | Rejected]]:
    """A MOF for every linker of the first source, with its number; linkers of the others are read once."""
    from mofa.chemistry import Rejected

    pool, *rest = sources
    fixed: list[Linker] = []
    for source in rest:
        linker = first_linker(source, seed=seed)
        if isinstance(linker, Rejected):
            yield source, linker
            return
        fixed.append(linker)
    for number, linker in enumerate(sound_linkers(pool, seed=seed), start=1):
        yield f"{pool}#{number}", linker if isinstance(linker, Rejected) else make([linker, *fixed])


def _check_picture(picture: Path, each: bool) -> None:
    """Find out before the work whether the picture can be drawn."""
    if picture.suffix.lower() not in _PICTURES:
        raise InputError("pictures are SVG or PNG", where=picture, action="Give a name that ends in .svg or .png")
    if each:
        raise InputError("one picture does not show many MOFs", where=picture, action="Leave out --each or --picture")
    make_writable_folder(picture.parent)


def _draw(mof: Framework, picture: Path) -> Path:
    """Draw a MOF in the format that the file's name asks for."""
    from mofa.chemistry.picture import structure_png, structure_svg

    if picture.suffix.lower() == ".png":
        return write_bytes(picture, structure_png(mof, title=mof.name))
    return write_text(picture, structure_svg(mof, title=mof.name))


def _written(mof: Framework, source: str, out: Path, picture: Path | None) -> Answer:
    """The answer for a MOF, whose CIF goes into the folder `out`."""
    from mofa.chemistry.cif import write_cif

    target = write_cif(mof, out / f"{mof.id}.cif")
    cell = mof.cell_parameters()
    payload = {
        "id": mof.id,
        "name": mof.name,
        "file": source,
        "cif": target,
        "formula": mof.formula,
        "node": mof.lineage.node,
        "net": mof.lineage.net,
        "catenation": mof.lineage.catenation,
        "linkers": mof.lineage.linkers,
        "cell": cell,
        "n_atoms": len(mof),
        "density_g_per_cm3": mof.density_g_per_cm3,
        "picture": None if picture is None else _draw(mof, picture),
    }
    lengths, angles = " x ".join(f"{x:.2f}" for x in cell[:3]), ", ".join(f"{x:.1f}" for x in cell[3:])
    text = (
        f"{mof.name}: {mof.formula}, {len(mof)} atoms, {lengths} Å, {angles} degrees, {mof.density_g_per_cm3:.3f} g/cm3"
        f" -> {target}"
    )
    return Answer(payload, text)
