"""A framework as a scene for the viewer: one closed unit cell of whole linkers and nodes, with bonds and cell edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import BondGraph, Framework
from mofa.chemistry.bonds import perceive
from mofa.chemistry.elements import covalent_radius_ang, is_metal

# A unit whose centre lies this far outside the cell (fraction of a cell edge) is still drawn, so that nodes and linkers
# on the cell's faces appear on both sides although dynamics has moved them a little.
BORDER = 0.16
MAX_ATOMS = 2500
_METAL = "#8288ae"
_OTHER = "#a08c6a"
COLORS = {
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
    "Zn": "#7f86b8",
    "Cu": "#be7f50",
    "Zr": "#5f9f9c",
}


@dataclass(frozen=True)
class Element:
    """How one element is drawn."""

    symbol: str
    color: str
    radius_ang: float


def element(symbol: str) -> Element:
    """Muted CPK colours; radii grow with the covalent radius."""
    color = COLORS.get(symbol, _METAL if is_metal(symbol) else _OTHER)
    return Element(symbol, color, round(0.15 + 0.3 * covalent_radius_ang(symbol), 3))


def scene(framework: Framework) -> dict[str, Any]:
    """The framework as the viewer's JSON; see `templates/viewer.js`.

    Whole units (metal clusters; linkers with their carboxylates) are drawn wherever their centre lies in the closed
    cell, so that a net's cell shows all its corners and edges.
    """
    centred, graph = _centred_on_a_node(framework)
    atom, shift = _images(centred, _units(centred, graph))
    positions = centred.positions[atom] + shift @ centred.cell
    symbols = sorted(set(centred.symbols))
    charges = centred.charges if centred.charges is not None else np.zeros(len(centred))
    return {
        "e": [{"symbol": e.symbol, "color": e.color, "radius": e.radius_ang} for e in (element(s) for s in symbols)],
        "a": [symbols.index(centred.symbols[k]) for k in atom.tolist()],
        "x": _hundredths(positions),
        "b": _bonds(graph, atom, shift),
        "c": _hundredths(_cell_edges(centred.cell)),
        "q": np.rint(1000 * charges[atom]).astype(int).tolist(),
        "span": round(max(0.3, float(np.percentile(np.abs(charges), 98))), 3),
    }


def _centred_on_a_node(framework: Framework) -> tuple[Framework, BondGraph]:
    """The framework moved so that its first metal cluster sits at the origin, and its bond graph."""
    bonds = framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)
    organic = frozenset(k for k, symbol in enumerate(framework.symbols) if not is_metal(symbol))
    clusters = bonds.unwrapped_components(organic)
    if not clusters:
        return framework, bonds
    members = clusters[0]
    at = framework.positions[list(members)] + np.array(list(members.values())) @ framework.cell
    return replace(framework, positions=framework.positions - at.mean(axis=0)), bonds


def _units(framework: Framework, graph: BondGraph) -> list[dict[int, tuple[int, int, int]]]:
    """Metal clusters and the organic pieces between them, each whole: atom -> cell offset."""
    metals = frozenset(k for k, symbol in enumerate(framework.symbols) if is_metal(symbol))
    organic = frozenset(range(len(framework))) - metals
    return graph.unwrapped_components(organic) + graph.unwrapped_components(metals)


def _images(
    framework: Framework, units: list[dict[int, tuple[int, int, int]]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def _bonds(graph: BondGraph, atom: NDArray[np.int64], shift: NDArray[np.int64]) -> list[int]:
    """Pairs of drawn atoms that are bonded, flat."""
    drawn = {(a, *s): k for k, (a, s) in enumerate(zip(atom.tolist(), shift.tolist(), strict=True))}
    pairs: list[int] = []
    for (a, x, y, z), k in drawn.items():
        for neighbor, (dx, dy, dz), _ in graph.neighbors[a]:
            other = drawn.get((neighbor, x + dx, y + dy, z + dz))
            if other is not None and k < other:
                pairs += [k, other]
    return pairs


def _cell_edges(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start and end of the twelve edges of the cell, ``[24, 3]``."""
    corners = []
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        for u, v in product((0, 1), repeat=2):
            start = np.zeros(3)
            start[others] = u, v
            end = start.copy()
            end[axis] = 1
            corners += [start @ cell, end @ cell]
    return np.array(corners)


def _hundredths(values: NDArray[np.float64]) -> list[int]:
    """Flat list in 0.01 Å."""
    return [int(v) for v in np.rint(100 * values).ravel()]
