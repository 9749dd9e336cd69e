"""Metal nodes: the ones that come with MOFA, by name, and a user's own, by file."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from mofa.assemble.blocks.files import read_node
from mofa.chemistry import Node
from mofa.errors import InputError

_DATA = files("mofa.assemble") / "data" / "nodes"
_SUFFIXES = frozenset({".toml", ".cif", ".xyz"})


@cache
def nodes() -> list[str]:
    """Names of the nodes that come with MOFA."""
    return sorted(entry.name.removesuffix(".toml") for entry in _DATA.iterdir() if entry.name.endswith(".toml"))


def load_node(name_or_path: str | Path) -> Node:
    """A node with its connection points, centred at the origin.

    Args:
        name_or_path: one of `nodes`; or a file of the user's: TOML, or a CIF or XYZ from which the points are plain.

    Raises:
        InputError: there is no such node, or the file is wrong; the message names the field and what to do.
    """
    if isinstance(name_or_path, str) and name_or_path in nodes():
        return _shipped(name_or_path)
    path = Path(name_or_path)
    if path.suffix.lower() in _SUFFIXES:
        return read_node(path)
    raise InputError(
        f"no node is called {str(name_or_path)!r}",
        where="node",
        action=f"Choose one of {', '.join(nodes())}, or give the path of a node file (.toml, .cif, .xyz)",
    )


@cache
def _shipped(name: str) -> Node:
    with as_file(_DATA / f"{name}.toml") as path:
        return replace(read_node(path), shipped=True)
