"""Verbs on building blocks: the metal nodes, listed, checked and drawn."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mofa.cli.common import Answer, JsonOption, note, say, show

if TYPE_CHECKING:
    from mofa.chemistry import Node

_COLUMNS = "{:<22} {:<14} {:<30} {:<30} {}"
_SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Metal nodes</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 24px; background: #fff; color: #26292e }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 20px }}
article {{ border: 1px solid #dfe2e6; border-radius: 8px; padding: 12px }}
svg {{ display: block; width: 100%; height: 300px }}
h2 {{ font-size: 17px; margin: 8px 0 2px }} p {{ margin: 2px 0 }} small {{ color: #666c75 }}
</style>
<h1>Metal nodes</h1>
<main>
{}
</main>
</html>
"""


def nodes(
    node: Annotated[
        list[str] | None,
        typer.Option("--node", help="Only this node: a name, or your own file (TOML, CIF or XYZ); repeat for more."),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option("--draw", metavar="DIR", help="Draw each as SVG into this folder, and all of them in nodes.html."),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """List the metal nodes that MOFs can be assembled from, check your own, and draw them."""
    from mofa.assemble import load_node
    from mofa.assemble import nodes as names
    from mofa.textfiles import make_writable_folder

    chosen = [load_node(name) for name in node or names()]
    if draw is not None:
        make_writable_folder(draw)
    if not json_output:
        say(_COLUMNS.format("node", "formula", "connection points", "source", "what it is").rstrip())
    for known in chosen:
        facts = _facts(known)
        if draw is not None:
            facts["drawing"] = str(_draw(known, draw))
        points = ", ".join(f"{count} x {kind}" for kind, count in facts["connections"].items())
        text = _COLUMNS.format(known.key, known.formula, points, known.source, known.description)
        show(Answer(facts, text.rstrip()), as_json=json_output)
    if draw is not None:
        note(f"Drawn: {_contact_sheet(chosen, draw)}")


def _facts(node: Node) -> dict[str, Any]:
    """A node as JSON."""
    kinds = [str(point.kind) for point in node.points]
    return {
        "name": node.name,
        "key": node.key,
        "formula": node.formula,
        "connections": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "source": node.source,
        "description": node.description,
    }


def _draw(node: Node, folder: Path) -> Path:
    from mofa.chemistry.picture import structure_svg
    from mofa.textfiles import write_text

    return write_text(folder / f"{node.key}.svg", structure_svg(node, title=node.name))


def _contact_sheet(nodes: list[Node], folder: Path) -> Path:
    """All nodes on one page."""
    from mofa.chemistry.picture import structure_svg
    from mofa.textfiles import write_text

    cards = [
        f"<article>{structure_svg(node, width_px=420)}<h2>{escape(node.key)}</h2><p>{escape(node.description)}</p>"
        f"<small>{escape(node.formula)} · {escape(node.source)}</small></article>"
        for node in nodes
    ]
    return write_text(folder / "nodes.html", _SHEET.format("\n".join(cards)))
