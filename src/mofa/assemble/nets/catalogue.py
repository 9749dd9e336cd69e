"""Nets by RCSR symbol, from the file that is shipped or from a user's own `.cgd` file (a whole RCSR download, say)."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import as_file, files
from pathlib import Path

from mofa.assemble.nets.cgd import CgdFile, read_cgd
from mofa.chemistry import Net
from mofa.errors import InputError

_SHIPPED = files("mofa.assemble") / "data" / "nets.cgd"
_MAX_LISTED = 60
_MAX_NEAR = 8
_KEY_BYTES = 6


def nets(file: str | Path | None = None) -> list[str]:
    """Names of the nets in a file.

    Args:
        file: a `.cgd` file; None for the nets that are shipped.

    Raises:
        InputError: the file cannot be read or holds no net.
    """
    return sorted(_open(file).names)


def load_net(name: str, *, file: str | Path | None = None) -> Net:
    """The net of this name, in a primitive cell.

    Only its own block of the file is read, so mistakes in others do not matter. Nets are kept: the same name and file
    give the same object, until the file changes.

    Args:
        name: RCSR symbol, or whatever the file calls it.
        file: a `.cgd` file; None for the nets that are shipped.

    Raises:
        InputError: there is no such net, or its block has a mistake (file and line are named).
    """
    content = _open(file)
    if name not in content:
        names = sorted(content.names)
        near = names if len(names) <= _MAX_LISTED else get_close_matches(name, names, n=_MAX_NEAR, cutoff=0.5)
        command = "mofa nets" if file is None else f"mofa nets --file {file}"
        action = f"Choose one of {', '.join(near)}" if near else f"Choose one that `{command}` lists"
        raise InputError(f"no net is called {name!r}", where="net" if file is None else str(file), action=action)
    return _load(content, name)


@lru_cache(maxsize=1024)
def _load(content: CgdFile, name: str) -> Net:
    net = content.net(name)
    return net if content is _shipped() else replace(net, key=_key_of_user_net(net))


def _key_of_user_net(net: Net) -> str:
    """The name, if the shipped net of that name is the same, else the name and a digest of the net's graph."""
    from mofa.assemble.topology.check import same_net
    from mofa.assemble.topology.quotient import quotient_graph

    graph, shipped = quotient_graph(net), _shipped()
    if net.name in shipped and same_net(graph, quotient_graph(_load(shipped, net.name))):
        return net.name
    facts = repr((sorted(graph.coordination_sequence(k) for k in range(net.n_vertices)), sorted(net.connectivity)))
    return f"{net.name}-{blake2b(facts.encode(), digest_size=_KEY_BYTES).hexdigest()}"


def _open(file: str | Path | None) -> CgdFile:
    """The index of a file, read again only when the file has changed."""
    if file is None:
        return _shipped()
    path = Path(file)
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, action="Give a .cgd file") from error
    return _indexed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _shipped() -> CgdFile:
    with as_file(_SHIPPED) as path:
        return read_cgd(path)


@lru_cache(maxsize=8)
def _indexed(path: Path, _modified_ns: int, _size: int) -> CgdFile:
    return read_cgd(path)
