"""The verb that draws structures."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mofa.cli.common import Answer, JsonOption, for_each, output_paths
from mofa.errors import InputError

if TYPE_CHECKING:
    from mofa.chemistry import Framework, Node

_NODE_FILES = frozenset({".toml", ".xyz"})


class Style(StrEnum):
    """How atoms are drawn."""

    BALL_STICK = "ball-stick"
    SPACE_FILLING = "space-filling"


class Along(StrEnum):
    """Axis of the drawn cell to look along."""

    AUTO = "auto"
    A = "a"
    B = "b"
    C = "c"


class Background(StrEnum):
    """What is behind the structure."""

    LIGHT = "light"
    DARK = "dark"
    TRANSPARENT = "transparent"


class Format(StrEnum):
    """Kind of picture file."""

    SVG = "svg"
    PNG = "png"


def picture(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Structures (CIF), or node files (TOML, XYZ).", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="SVG or PNG file, or a folder for many.", show_default=False)
    ] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="Kind of picture; --out decides where it is a file.")
    ] = None,
    style: Annotated[Style, typer.Option("--style", help="Balls and sticks, or filled space.")] = Style.BALL_STICK,
    along: Annotated[Along, typer.Option("--along", help="Axis of the drawn cell to look along.")] = Along.AUTO,
    background: Annotated[Background, typer.Option("--background", help="Paper.")] = Background.LIGHT,
    title: Annotated[
        str | None, typer.Option("--title", help="Line above the picture; the structure's name if not given.")
    ] = None,
    width_px: Annotated[int, typer.Option("--width-px", min=64, max=4096, help="Width, pixels.")] = 800,
    json_output: JsonOption = False,
) -> None:
    """Draw structures: one closed cell of whole building blocks, as SVG or PNG.

    A primitive cell of a centred crystal is drawn in its rectangular one.
    """
    from mofa.chemistry.picture import structure_png, structure_svg
    from mofa.textfiles import write_bytes, write_text

    suffix = f".{format_ or Format.SVG}"
    targets = output_paths(out, files, suffix)
    for target in targets.values():
        if target.suffix.lower() not in (".svg", ".png") or (format_ and target.suffix.lower() != suffix):
            raise InputError("pictures are SVG or PNG", where=target, action="Give a name that ends in .svg or .png")

    def work(path: Path) -> Answer:
        structure = _structure(path)
        words = structure.name if title is None else title
        view: dict[str, Any] = {"style": style.value, "along": along.value, "background": background.value}
        target = targets[path]
        if target.suffix.lower() == ".png":
            write_bytes(target, structure_png(structure, title=words, width_px=width_px, **view))
        else:
            write_text(target, structure_svg(structure, title=words, width_px=width_px, **view))
        payload = {"file": str(path), "picture": str(target), "n_atoms": len(structure.symbols)}
        return Answer(payload, f"{path} -> {target}")

    for_each(files, work, as_json=json_output)


def _structure(path: Path) -> Framework | Node:
    """The framework of a CIF, or the node of a node file."""
    if path.suffix.lower() in _NODE_FILES:
        from mofa.assemble import load_node

        return load_node(path)
    from mofa.chemistry.cif import read_cif

    return read_cif(path)
