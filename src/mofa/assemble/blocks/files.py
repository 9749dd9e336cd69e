"""Node files: TOML to `Node` and back, with every mistake named by its field.

A file gives the atoms in full (as the shipped ones do) or names a geometry beside it; see docs/nodes.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.cutting import Cluster, Exit, cut_out, marked, named
from mofa.assemble.blocks.fragments import Fragment, make_fragment, read_fragment
from mofa.chemistry import AnchorKind, Bond, ConnectionPoint, Node
from mofa.chemistry.elements import is_metal
from mofa.errors import InputError

_FIELDS = frozenset("name source description geometry kind metal symbols positions bonds points".split())
_POINT_FIELDS = frozenset("kind atom direction towards normal length_ang".split())
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LENGTHS_ANG = (1.0, 3.5)
_DECIMALS = 9


def read_node(path: Path) -> Node:
    """The node of a TOML file, or of a CIF or XYZ file that needs no more to be said, centred at the origin.

    Raises:
        InputError: the file or one of its fields is wrong; the message names it and says what to do.
    """
    if path.suffix.lower() in (".cif", ".xyz"):
        return _node({"geometry": path.name}, where=str(path), folder=path.parent, name=path.stem)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=path, action="Check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not valid TOML ({error})", where=path, action="Correct the line") from error
    return _node(data, where=str(path), folder=path.parent, name=path.stem)


def _node(data: Mapping[str, Any], *, where: str, folder: Path, name: str) -> Node:
    """The node that the table of a file describes; `name` is taken where it has none."""
    _refuse_unknown(data, _FIELDS, where)
    cluster = _cluster(data, where, folder)
    if not cluster.exits:
        raise InputError(
            "the node has no connection points",
            where=where,
            action="Add [[points]], or dummy atoms X where the linkers' atoms go",
        )
    given = data.get("points") or [{}] * len(cluster.exits)
    centre = cluster.positions[[found.atom for found in cluster.exits]].mean(axis=0)
    points = tuple(
        _point(cluster, found, fields, data.get("kind"), f"{where}: point {number}")
        for number, (found, fields) in enumerate(zip(cluster.exits, given, strict=True), 1)
    )
    chosen = _text(data, "name", where) or name
    if not _NAME.fullmatch(chosen):
        raise InputError(
            f"{chosen!r} cannot be a node's name",
            where=f"{where}: name",
            action="Give up to 40 letters, digits, - or _ as `name`",
        )
    return Node(
        name=chosen,
        symbols=cluster.symbols,
        positions=cluster.positions - centre,
        bonds=cluster.bonds,
        points=points,
        source=_text(data, "source", where),
        description=_text(data, "description", where),
    )


def _cluster(data: Mapping[str, Any], where: str, folder: Path) -> Cluster:
    """Atoms, bonds and exits, from the table or its geometry file."""
    points = data.get("points", [])
    if not isinstance(points, list) or not all(isinstance(fields, Mapping) for fields in points):
        raise InputError("is not a list of tables", where=f"{where}: points", action="Write [[points]] for each")
    fragment = _fragment(data, where, folder)
    if points and len(fragment.dummies):
        raise InputError(
            "points are given twice, by [[points]] and by dummy atoms", where=where, action="Leave one of them out"
        )
    if points:
        return named(fragment, [_end(fields, f"{where}: point {number}") for number, fields in enumerate(points, 1)])
    if len(fragment.dummies):
        return marked(fragment)
    if "geometry" in data:
        return cut_out(fragment, metal=_text(data, "metal", where) or None)
    return Cluster(fragment.symbols, fragment.positions, (), ())


def _fragment(data: Mapping[str, Any], where: str, folder: Path) -> Fragment:
    inline = [key for key in ("symbols", "positions", "bonds") if key in data]
    if "geometry" in data:
        if inline:
            raise InputError(
                f"both geometry and {inline[0]} are given", where=where, action="Give either a geometry file or atoms"
            )
        return read_fragment(folder / _text(data, "geometry", where))
    symbols, rows = data.get("symbols"), data.get("positions")
    if not isinstance(symbols, list) or not symbols or not all(isinstance(symbol, str) for symbol in symbols):
        raise InputError(
            "there are no atoms", where=where, action="Give `geometry`, or `symbols` (texts) and `positions` (Å)"
        )
    positions = _numbers(rows, (len(symbols), 3), f"{where}: positions")
    bonds = _bonds(data["bonds"], len(symbols), f"{where}: bonds") if "bonds" in data else ()
    return make_fragment(tuple(symbols), positions, None, bonds=bonds, where=where)


def _end(fields: Mapping[str, Any], where: str) -> tuple[int, int | NDArray[np.float64]]:
    """A point's atom and what it looks at."""
    _refuse_unknown(fields, _POINT_FIELDS, where)
    atom = fields.get("atom")
    if not isinstance(atom, int) or isinstance(atom, bool):
        raise InputError("there is no number", where=f"{where}, atom", action="Number the node's atom, from 0")
    looks = [key for key in ("direction", "towards") if key in fields]
    if len(looks) != 1:
        raise InputError(
            "give one of `direction` and `towards`",
            where=where,
            action="Say where the linker leaves: a vector, or the number of its atom",
        )
    toward = fields[looks[0]]
    if looks[0] == "towards" and isinstance(toward, int) and not isinstance(toward, bool):
        return atom, toward
    vector = _numbers(toward, (3,), f"{where}, {looks[0]}")
    if np.linalg.norm(vector) < 1e-6:
        raise InputError("the vector has no length", where=f"{where}, {looks[0]}", action="Give a direction")
    return atom, vector


def _point(cluster: Cluster, found: Exit, fields: Mapping[str, Any], default: Any, where: str) -> ConnectionPoint:
    """The point of an exit; its own kind goes before what is plain from the atoms, and that before the default."""
    kind = _kind(fields.get("kind", found.kind or default), cluster.symbols[found.atom], where)
    direction = found.toward / np.linalg.norm(found.toward)
    if "normal" in fields:
        normal = _numbers(fields["normal"], (3,), f"{where}, normal")
        if abs(float(normal @ direction)) > 1e-3 * max(1.0, float(np.linalg.norm(normal))):
            raise InputError(
                "it is not perpendicular to the direction",
                where=f"{where}, normal",
                action="Correct it or leave it out",
            )
    else:
        normal = _carboxylate_normal(cluster, found.atom) if kind is AnchorKind.CARBOXYLATE else np.zeros(3)
    normal = normal - (normal @ direction) * direction
    size = float(np.linalg.norm(normal))
    length = fields.get("length_ang", found.length_ang if kind is not AnchorKind.CARBOXYLATE else None)
    if length is not None:
        length = float(_numbers(length, (), f"{where}, length_ang"))
        if not _LENGTHS_ANG[0] <= length <= _LENGTHS_ANG[1]:
            raise InputError(
                f"no bond to a linker is {length:g} Å long",
                where=f"{where}, length_ang",
                action=f"Give {_LENGTHS_ANG[0]:g} to {_LENGTHS_ANG[1]:g} Å",
            )
    return ConnectionPoint(kind, found.atom, direction, normal / size if size > 1e-6 else np.zeros(3), length)


def _kind(kind: Any, symbol: str, where: str) -> AnchorKind:
    """The kind of a point at an atom of this element."""
    known = ", ".join(AnchorKind)
    if kind is None:
        raise InputError("it is not known what binds there", where=f"{where}, kind", action=f"Give one of {known}")
    if kind not in tuple(AnchorKind):
        raise InputError(f"{kind!r} is no kind of point", where=f"{where}, kind", action=f"Give one of {known}")
    at_carbon = kind == AnchorKind.CARBOXYLATE
    if at_carbon != (not is_metal(symbol)):
        wanted = "the carbon of a carboxylate" if at_carbon else "a metal"
        raise InputError(
            f"a point of kind {kind} needs {wanted}, its atom is {symbol}",
            where=f"{where}, kind",
            action="Correct the kind or the atom",
        )
    return AnchorKind(kind)


def _carboxylate_normal(cluster: Cluster, carbon: int) -> NDArray[np.float64]:
    """Normal of the plane through a carboxylate's atoms, ``[3]``; zero where there is no carboxylate."""
    partners = [bond.j if bond.i == carbon else bond.i for bond in cluster.bonds if carbon in (bond.i, bond.j)]
    oxygens = [k for k in partners if cluster.symbols[k] == "O"]
    if len(oxygens) != 2:
        return np.zeros(3)
    a, b = cluster.positions[oxygens] - cluster.positions[carbon]
    return np.asarray(np.cross(a, b), dtype=np.float64)


def _bonds(rows: Any, n_atoms: int, where: str) -> tuple[Bond, ...]:
    """Bonds as given, each (atom, atom, order)."""
    if not rows:
        return ()
    table = _numbers(rows, (len(rows), 3) if isinstance(rows, list) else (1, 3), where)
    atoms = table[:, :2]
    wrong = (atoms != np.rint(atoms)).any(axis=1) | (atoms < 0).any(axis=1) | (atoms >= n_atoms).any(axis=1)
    wrong |= (atoms[:, 0] == atoms[:, 1]) | (table[:, 2] <= 0.0)
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"bond {k + 1} is {rows[k]}, not two atoms from 0 to {n_atoms - 1} and an order",
            where=where,
            action="Correct it, or leave all bonds out to have them found",
        )
    return tuple(Bond(int(i), int(j), float(order)) for i, j, order in table.tolist())


def _numbers(value: Any, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    """Finite numbers of this shape."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.full(0, np.nan)
    if array.shape != shape:
        wanted = " x ".join(map(str, shape)) or "one"
        raise InputError(f"is not {wanted} numbers", where=where, action="Correct the field")
    if not np.isfinite(array).all():
        raise InputError("holds NaN or infinity", where=where, action="Correct the field")
    return array


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"{value!r} is not a text", where=f"{where}: {key}", action="Put it in quotes")
    return value


def _refuse_unknown(data: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise InputError(
            f"there is no field {unknown[0]!r}", where=where, action=f"Use some of {', '.join(sorted(known))}"
        )


def to_toml(node: Node) -> str:
    """The node as the text of a node file, coordinates to 1e-9 Å."""
    lines = [
        f"name = {_quoted(node.name)}",
        f"source = {_quoted(node.source)}",
        f"description = {_quoted(node.description)}",
        "",
        f"symbols = [{', '.join(map(_quoted, node.symbols))}]",
        "positions = [",
        *(f"  {_vector_text(row)}," for row in node.positions.tolist()),
        "]",
        "# atom, atom, order: 0.25 metal-metal, 0.5 metal-nonmetal, 1.5 within a carboxylate",
        "bonds = [",
    ]
    for _, group in groupby(sorted(node.bonds, key=lambda bond: (bond.i, bond.j)), key=lambda bond: bond.i):
        lines.append("  " + " ".join(f"[{bond.i}, {bond.j}, {bond.order:g}]," for bond in group))
    lines.append("]")
    for point in node.points:
        lines += [
            "",
            "[[points]]",
            f"kind = {_quoted(str(point.kind))}",
            f"atom = {point.atom}",
            f"direction = {_vector_text(point.direction.tolist())}",
            f"normal = {_vector_text(point.normal.tolist())}",
        ]
        if point.length_ang is not None:
            lines.append(f"length_ang = {round(point.length_ang, _DECIMALS)}")
    return "\n".join(lines) + "\n"


def _vector_text(values: Sequence[float]) -> str:
    return f"[{', '.join(repr(round(value, _DECIMALS) + 0.0) for value in values)}]"


def _quoted(text: str) -> str:
    """A basic TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c for c in escaped) + '"'
