"""What is drawn of a structure: balls, sticks and the cell's edges, whole building blocks at a time.

The report's viewer and the pictures draw the same scene.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.bonds import BondGraph, perceive
from mofa.chemistry.elements import covalent_radius_ang, is_metal
from mofa.chemistry.framework import Framework
from mofa.chemistry.linker import AnchorKind
from mofa.chemistry.node import Node

# A unit whose centre lies this far outside the cell (fraction of a cell edge) is still drawn, so that nodes and linkers
# on the cell's faces appear on both sides although dynamics has moved them a little.
BORDER = 0.16
MAX_ATOMS = 2500
_Unit = dict[int, tuple[int, int, int]]
"""Atoms of a building block, each with the cell that makes it whole."""
_MARK_LENGTH_ANG = 1.3
_OTHER_METAL, _OTHER = "#8288ae", "#a08c6a"
# Muted CPK colours; metals near the hue that Jmol gives them.
_COLORS = {
    "H": "#d4d7db",
    "C": "#6f757e",
    "N": "#4a70b8",
    "O": "#c4524c",
    "F": "#77b386",
    "Cl": "#5a9e55",
    "Br": "#9a5c42",
    "I": "#7d4f92",
    "S": "#cfa63a",
    "P": "#d08239",
    "B": "#d3a391",
    "Si": "#b39c78",
    "Mg": "#7fae5b",
    "Al": "#a99aa4",
    "Ti": "#9499a3",
    "V": "#8f93a8",
    "Cr": "#7c8fb5",
    "Mn": "#8d78b3",
    "Fe": "#c2703c",
    "Co": "#c67f93",
    "Ni": "#6da873",
    "Zn": "#7f86b8",
    "Cu": "#be7f50",
    "Zr": "#5f9f9c",
    "Hf": "#5d93b0",
    "Cd": "#c2ad7a",
    "In": "#a0757c",
}


@dataclass(frozen=True)
class Look:
    """How one element, or one kind of connection point, is drawn."""

    name: str
    """Symbol of the element, or the kind of point."""
    color: str
    radius_ang: float
    element: bool = True


_MARKS = {
    AnchorKind.CARBOXYLATE: Look("carboxylate", "#d9932f", 0.2, element=False),
    AnchorKind.N_DONOR: Look("N donor", "#3f8fd0", 0.2, element=False),
    AnchorKind.AZOLATE: Look("azolate", "#9a62c7", 0.2, element=False),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """Balls, the sticks between them, and the edges of the cell."""

    looks: tuple[Look, ...]
    look: NDArray[np.int64]
    """Of every ball the index into `looks`, ``[n]``."""
    atom: NDArray[np.int64]
    """Of every ball the atom of the structure, ``[n]``; -1 for the mark of a connection point."""
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n, 3]``."""
    bonds: NDArray[np.int64]
    """Pairs of balls, ``[n_bonds, 2]``."""
    edges: NDArray[np.float64]
    """Start and end of the cell's edges, Å, ``[12, 2, 3]``; ``[0, 2, 3]`` without a cell."""


@cache
def element_look(symbol: str) -> Look:
    """Colour and size of an element's ball; radii grow with the covalent radius."""
    color = _COLORS.get(symbol, _OTHER_METAL if is_metal(symbol) else _OTHER)
    return Look(symbol, color, round(0.15 + 0.3 * covalent_radius_ang(symbol), 3))


def framework_scene(framework: Framework) -> Scene:
    """One closed unit cell of a framework.

    Whole units (metal nodes with their carboxylates; the linkers between) are drawn wherever their centre lies in the
    closed cell, so that a net's cell shows all its corners and edges.
    """
    graph = framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)
    nodes, links = _units(framework.symbols, graph)
    centred = _centred(framework, nodes[0]) if nodes else framework
    atom, shift = _images(centred, nodes + links)
    symbols = sorted(set(centred.symbols))
    number = {symbol: k for k, symbol in enumerate(symbols)}
    return Scene(
        looks=tuple(map(element_look, symbols)),
        look=np.array([number[centred.symbols[k]] for k in atom.tolist()], dtype=np.int64),
        atom=atom,
        positions=centred.positions[atom] + shift @ centred.cell,
        bonds=_bonds(graph, atom, shift),
        edges=_cell_edges(centred.cell),
    )


def node_scene(node: Node) -> Scene:
    """A node, with a mark in the colour of its kind where each linker leaves."""
    kinds = [kind for kind in AnchorKind if any(point.kind is kind for point in node.points)]
    symbols = sorted(set(node.symbols))
    looks = [element_look(symbol) for symbol in symbols]
    looks += [_MARKS[kind] for kind in kinds]
    marks = [node.positions[p.atom] + (p.length_ang or _MARK_LENGTH_ANG) * p.direction for p in node.points]
    n = len(node.symbols)
    bonds = [(bond.i, bond.j) for bond in node.bonds] + [(p.atom, n + k) for k, p in enumerate(node.points)]
    look = [symbols.index(symbol) for symbol in node.symbols]
    look += [len(symbols) + kinds.index(point.kind) for point in node.points]
    return Scene(
        looks=tuple(looks),
        look=np.array(look, dtype=np.int64),
        atom=np.concatenate([np.arange(n), np.full(len(marks), -1)]).astype(np.int64),
        positions=np.concatenate([node.positions, np.array(marks).reshape(-1, 3)]),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
        edges=np.zeros((0, 2, 3)),
    )


def _units(symbols: tuple[str, ...], graph: BondGraph) -> tuple[list[_Unit], list[_Unit]]:
    """Metal nodes with their carboxylates and inorganic ligands, and what links them, each whole."""
    metals = frozenset(k for k, symbol in enumerate(symbols) if is_metal(symbol))
    node = set(metals)
    for piece in graph.unwrapped_components(metals):
        if all(symbols[k] != "C" for k in piece):
            node |= piece.keys() if any(j in metals for k in piece for j, _, _ in graph.neighbors[k]) else set()
            continue
        for k in piece:
            oxygens = [j for j, _, _ in graph.neighbors[k] if symbols[j] == "O"]
            if len(oxygens) == 2 and all(any(m in metals for m, _, _ in graph.neighbors[j]) for j in oxygens):
                node |= {k, *oxygens}
    linking = frozenset(range(len(symbols))) - node
    return graph.unwrapped_components(linking), graph.unwrapped_components(frozenset(node))


def _centred(framework: Framework, node: _Unit) -> Framework:
    """The framework moved so that the metals of a node sit at the origin."""
    metals = [k for k in node if is_metal(framework.symbols[k])]
    at = framework.positions[metals] + np.array([node[k] for k in metals]) @ framework.cell
    return replace(framework, positions=framework.positions - at.mean(axis=0))


def _images(framework: Framework, units: list[_Unit]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Atoms to draw and their cell offsets, ``[n]`` and ``[n, 3]``."""
    border = BORDER if len(framework) <= MAX_ATOMS // 4 else 0.0
    atoms: list[int] = []
    shifts: list[NDArray[np.int64]] = []
    for unit in units:
        members = list(unit)
        offset = np.array(list(unit.values()), dtype=np.int64)
        centre = (framework.fractional[members] + offset).mean(axis=0)
        home = np.floor(centre + border)
        for image in product((0, 1), repeat=3):
            move = np.array(image) - home
            if np.all(centre + move <= 1 + border):
                atoms += members
                shifts.append(offset + move.astype(np.int64))
    return np.array(atoms, dtype=np.int64), np.concatenate(shifts)


def _bonds(graph: BondGraph, atom: NDArray[np.int64], shift: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of drawn atoms that are bonded, ``[n, 2]``."""
    drawn = {(a, *s): k for k, (a, s) in enumerate(zip(atom.tolist(), shift.tolist(), strict=True))}
    pairs: list[tuple[int, int]] = []
    for (a, x, y, z), k in drawn.items():
        for neighbor, (dx, dy, dz), _ in graph.neighbors[a]:
            other = drawn.get((neighbor, x + dx, y + dy, z + dz))
            if other is not None and k < other:
                pairs.append((k, other))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _cell_edges(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start and end of the twelve edges of the cell, ``[12, 2, 3]``."""
    edges = []
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        for u, v in product((0, 1), repeat=2):
            start = np.zeros(3)
            start[others] = u, v
            end = start.copy()
            end[axis] = 1
            edges.append((start @ cell, end @ cell))
    return np.array(edges)
