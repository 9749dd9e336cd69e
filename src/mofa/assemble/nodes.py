"""Metal nodes: read from data files, one TOML a node, named by its file."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from mofa.chemistry import AnchorKind, Bond, ConnectionPoint, Node
from mofa.errors import InputError

_DATA = files("mofa.assemble") / "data" / "nodes"


def nodes() -> list[str]:
    """Names of the nodes that `assemble` knows."""
    return sorted(entry.name.removesuffix(".toml") for entry in _DATA.iterdir() if entry.name.endswith(".toml"))


@cache
def load_node(name: str) -> Node:
    """The node of this name, centred at the origin.

    Raises:
        InputError: there is no such node.
    """
    if name not in nodes():
        raise InputError(f"no node is called {name!r}", where="node", action=f"Choose one of {', '.join(nodes())}")
    data = tomllib.loads((_DATA / f"{name}.toml").read_text(encoding="utf-8"))
    return Node(
        name=data["name"],
        symbols=tuple(data["symbols"]),
        positions=data["positions"],
        bonds=tuple(Bond(int(i), int(j), float(order)) for i, j, order in data["bonds"]),
        points=tuple(
            ConnectionPoint(
                AnchorKind(point["kind"]),
                int(point["atom"]),
                point["direction"],
                point["normal"],
                point.get("length_ang"),
            )
            for point in data["points"]
        ),
        source=data["source"],
        description=data["description"],
    )
