"""Reads nets from `.cgd` files, the format of RCSR and Systre. DOI 10.1107/S0108767303012017.

A file is a row of blocks, each from its kind to END. Only CRYSTAL blocks hold an embedding:

    CRYSTAL
      NAME dia
      GROUP Fd-3m:2
      CELL 2.3094 2.3094 2.3094 90 90 90
      NODE 1 4  1/8 1/8 1/8
      EDGE 1  -1/8 3/8 3/8
    END

As in Systre, ATOM is NODE and ID is NAME, an EDGE's end is a node's id or a point, a line that starts with a number
goes on with the keyword before it, and a space group of two settings has the second origin or hexagonal axes unless
``:1`` or ``:R`` says otherwise. Opening a file lists its blocks; a block is read when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.nets.symmetry import NodeOrbit, SpaceGroup, space_group, unfold
from mofa.chemistry import Net
from mofa.errors import InputError

_KINDS = frozenset({"CRYSTAL", "PERIODIC_GRAPH", "NET", "QUOTIENT_GRAPH", "TILING"})
_CLASS_OF_KEYWORD = {"ATOM": "NODE", "NODES": "NODE", "ATOMS": "NODE", "ID": "NAME", "EDGES": "EDGE"}
_IGNORED = frozenset({"EDGE_CENTER", "EDGE_CENTERS", "COORDINATION_SEQUENCE"})
_CELL_NUMBERS = 6


@dataclass(frozen=True)
class _Block:
    """The lines of a block, numbered as in the file, its kind's line first and END last."""

    kind: str
    lines: tuple[tuple[int, str], ...]
    ended: bool
    name: str
    planar: bool
    """Whether its group is one of the plane, which start with a small letter."""


@dataclass(frozen=True)
class _Line:
    """A keyword and its values, with the number of the line."""

    number: int
    keyword: str
    values: tuple[str, ...]


@dataclass
class _Crystal:
    """What a CRYSTAL block says."""

    group: _Line | None = None
    cell: _Line | None = None
    nodes: dict[str, tuple[int, NodeOrbit]] = field(default_factory=dict)
    edges: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)


class CgdFile:
    """The blocks of a file by name; `net` reads one of them."""

    def __init__(self, path: Path, blocks: dict[str, tuple[_Block, ...]]) -> None:
        self._path = path
        self._blocks = blocks

    @property
    def names(self) -> frozenset[str]:
        """Names of all blocks, those with mistakes included, but for nets in two dimensions."""
        return frozenset(name for name, (first, *_) in self._blocks.items() if not first.planar)

    def __contains__(self, name: str) -> bool:
        return name in self._blocks

    def net(self, name: str) -> Net:
        """The net of a block.

        Raises:
            InputError: the block has a mistake; its line is named.
        """
        first, *others = self._blocks[name]
        if others:
            lines = ", ".join(str(block.lines[0][0]) for block in (first, *others))
            raise self._error(others[0].lines[0][0], f"{name} is there {1 + len(others)} times (lines {lines})")
        number = first.lines[0][0]
        if first.kind != "CRYSTAL":
            action = "Give the net as a CRYSTAL block; Systre writes one for it"
            raise self._error(number, f"{name} is a {first.kind} block, which has no embedding", action)
        if first.planar:
            raise self._error(number, f"{name} is a net in two dimensions", "Choose one in three")
        if not first.ended:
            raise self._error(first.lines[-1][0], f"the block of {name} has no END")
        return self._net(name, number, self._crystal(first))

    def _crystal(self, block: _Block) -> _Crystal:
        said = _Crystal()
        for line in _statements(block):
            if line.keyword == "GROUP":
                said.group = line
            elif line.keyword == "CELL":
                said.cell = line
            elif line.keyword == "NODE":
                self._add_node(said, line)
            elif line.keyword == "EDGE":
                said.edges.append((line.number, line.values))
            elif line.keyword != "NAME" and line.keyword not in _IGNORED:
                raise self._error(line.number, f"{line.keyword} is no keyword of a CRYSTAL block")
        return said

    def _add_node(self, said: _Crystal, line: _Line) -> None:
        if len(line.values) != 5:
            raise self._error(line.number, f"a NODE has an id, a connectivity and 3 coordinates, not {line.values}")
        name, connectivity, *coordinates = line.values
        if name in said.nodes:
            raise self._error(line.number, f"node {name} is there already, on line {said.nodes[name][0]}")
        if not connectivity.isdecimal() or not int(connectivity):
            raise self._error(line.number, f"{connectivity!r} is no connectivity of a node")
        orbit = NodeOrbit(name, int(connectivity), self._numbers(line.number, coordinates))
        said.nodes[name] = (line.number, orbit)

    def _net(self, name: str, number: int, said: _Crystal) -> Net:
        if said.cell is None:
            raise self._error(number, f"{name} has no CELL")
        if not said.nodes or not said.edges:
            raise self._error(number, f"{name} has no {'NODE' if not said.nodes else 'EDGE'}")
        group = self._group(number, said.group)
        cell = self._cell(said.cell, group)
        edges = [(line, *self._edge(said, line, values)) for line, values in said.edges]
        nodes = list(said.nodes.values())
        unfolded = unfold(group, cell, [orbit for _, orbit in nodes], [(start, end) for _, start, end in edges])
        if isinstance(unfolded, Net):
            return Net(
                name,
                unfolded.positions,
                unfolded.cell,
                unfolded.edges,
                unfolded.vertex_orbits,
                source=self._path.name,
            )
        at = {"node": [line for line, _ in nodes], "edge": [line for line, *_ in edges], "net": [number]}
        raise self._error(at[unfolded.kind][unfolded.index], unfolded.what)

    def _group(self, number: int, line: _Line | None) -> SpaceGroup:
        if line is None:
            raise self._error(number, "there is no GROUP")
        group = space_group("".join(line.values))
        if group is None:
            action = "Give its Hermann-Mauguin symbol, such as Fm-3m or R-3m:H"
            raise self._error(line.number, f"{' '.join(line.values)!r} is no space group", action)
        return group

    def _cell(self, line: _Line, group: SpaceGroup) -> NDArray[np.float64]:
        if len(line.values) != _CELL_NUMBERS:
            raise self._error(line.number, f"a CELL has 3 lengths and 3 angles, not {len(line.values)} numbers")
        vectors = group.lattice(self._numbers(line.number, list(line.values)))
        if vectors is None:
            raise self._error(line.number, f"the cell does not have the symmetry of {group.name}, or has no volume")
        return vectors

    def _edge(
        self, said: _Crystal, line: int, values: tuple[str, ...]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both ends of an edge: ids of nodes stand for the positions that they were given."""
        ends, rest = [], list(values)
        for _ in range(2):
            by_name = bool(rest) and rest[0] in said.nodes and len(rest) not in (3, 6)
            if by_name:
                ends.append(said.nodes[rest.pop(0)][1].position)
            elif len(rest) >= 3:
                ends.append(self._numbers(line, rest[:3]))
                rest = rest[3:]
            else:
                break
        if len(ends) != 2 or rest:
            raise self._error(
                line, f"an EDGE joins two ends, each a node's id or 3 coordinates, not {' '.join(values)!r}"
            )
        return ends[0], ends[1]

    def _numbers(self, line: int, words: list[str]) -> NDArray[np.float64]:
        values = []
        for word in words:
            try:
                value = float(Fraction(word)) if "/" in word else float(word)
            except (ValueError, ZeroDivisionError):
                value = float("nan")
            if not isfinite(value):
                raise self._error(line, f"{word!r} is no number")
            values.append(value)
        return np.array(values)

    def _error(self, line: int, what: str, action: str = "Correct the file") -> InputError:
        return InputError(what, where=f"{self._path}, line {line}", action=action)


def read_cgd(path: str | Path) -> CgdFile:
    """The blocks of a `.cgd` file, by name.

    Raises:
        InputError: the file cannot be read, or has no block with a name.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, action="Give a .cgd file") from error
    blocks: dict[str, tuple[_Block, ...]] = {}
    for block in _blocks(text):
        if block.name:
            blocks[block.name] = (*blocks.get(block.name, ()), block)
    if not blocks:
        action = "Give a file with nets, each from CRYSTAL to END with its NAME"
        raise InputError("there is no net in it", where=path, action=action)
    return CgdFile(path, blocks)


def _blocks(text: str) -> Iterator[_Block]:
    """Blocks as they follow one another; what stands between them is left out."""
    kind, lines = "", list[tuple[int, str]]()
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.split("#", 1)[0].strip().upper()
        if word in _KINDS:
            if kind:
                yield _block(kind, lines, ended=False)
            kind, lines = word, [(number, line)]
        elif kind:
            lines.append((number, line))
            if word == "END":
                yield _block(kind, lines, ended=True)
                kind = ""
    if kind:
        yield _block(kind, lines, ended=False)


def _block(kind: str, lines: list[tuple[int, str]], *, ended: bool) -> _Block:
    said = {"NAME": "", "GROUP": ""}
    for _, line in lines[1:]:
        words = line.split("#", 1)[0].split(None, 1)
        if len(words) == 2:
            keyword = _CLASS_OF_KEYWORD.get(words[0].upper(), words[0].upper())
            if keyword in said and not said[keyword]:
                said[keyword] = words[1].strip().strip("\"'")
    return _Block(kind, tuple(lines), ended, said["NAME"], said["GROUP"][:1].islower())


def _statements(block: _Block) -> Iterator[_Line]:
    """The lines of a block as keyword and values; a line that starts with no letter keeps the keyword before it."""
    keyword = ""
    for number, line in block.lines[1:-1]:
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if words[0][0].isalpha():
            keyword = _CLASS_OF_KEYWORD.get(words[0].upper(), words[0].upper())
            words = words[1:]
        if words:
            yield _Line(number, keyword, tuple(word.strip("\"'") for word in words))
