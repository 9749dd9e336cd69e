"""Ways to take a framework apart and to put wrong things into it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from mofa.chemistry import BondGraph, Framework

METHANE = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.629
WATER = np.array([[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.0]])


def moved(framework: Framework, atom: int, position: ArrayLike) -> Framework:
    positions = np.array(framework.positions)
    positions[atom] = position
    return framework.with_geometry(positions, framework.cell)


def shifted(framework: Framework, atoms: Iterable[int], by: ArrayLike) -> Framework:
    positions = np.array(framework.positions)
    positions[list(atoms)] += np.asarray(by)
    return framework.with_geometry(positions, framework.cell)


def deformed(framework: Framework, strain: ArrayLike) -> Framework:
    """Cell and atoms together, by a factor or a matrix."""
    matrix = np.asarray(strain) * np.eye(3) if np.ndim(strain) == 0 else np.asarray(strain)
    return framework.with_geometry(framework.positions @ matrix, framework.cell @ matrix)


def renamed(framework: Framework, symbols: dict[int, str]) -> Framework:
    return replace(framework, symbols=tuple(symbols.get(k, symbol) for k, symbol in enumerate(framework.symbols)))


def without(framework: Framework, atoms: Iterable[int]) -> Framework:
    """The framework with some atoms and their bonds gone."""
    gone = set(atoms)
    keep = [k for k in range(len(framework)) if k not in gone]
    symbols = tuple(framework.symbols[k] for k in keep)
    bonds = None
    if framework.bonds is not None:
        graph = framework.bonds
        new = np.full(len(framework), -1)
        new[keep] = np.arange(len(keep))
        stay = (new[graph.i] >= 0) & (new[graph.j] >= 0)
        bonds = BondGraph(len(keep), new[graph.i[stay]], new[graph.j[stay]], graph.shift[stay], graph.order[stay])
    return replace(framework, symbols=symbols, positions=framework.positions[keep], bonds=bonds)


def joined(framework: Framework, symbols: Iterable[str], positions: ArrayLike) -> Framework:
    """The framework with more atoms; bonds are left to be perceived."""
    both = np.concatenate([framework.positions, np.asarray(positions)])
    return replace(framework, symbols=framework.symbols + tuple(symbols), positions=both, bonds=None)


def bonded(framework: Framework, i: int, symbol: str, position: ArrayLike) -> Framework:
    """The framework with one more atom on atom `i`, the bond known."""
    graph, new = framework.bonds, len(framework)
    bonds = BondGraph(
        new + 1,
        np.append(graph.i, i),
        np.append(graph.j, new),
        np.concatenate([graph.shift, np.zeros((1, 3), dtype=int)]),
        np.append(graph.order, 1.0),
    )
    return replace(joined(framework, (symbol,), [position]), bonds=bonds)


def unbonded(framework: Framework, i: int, j: int) -> Framework:
    """The framework without the bond between two atoms."""
    graph = framework.bonds
    keep = ~((graph.i == i) & (graph.j == j)) & ~((graph.i == j) & (graph.j == i))
    bonds = BondGraph(len(framework), graph.i[keep], graph.j[keep], graph.shift[keep], graph.order[keep])
    return framework.with_bonds(bonds)


def reordered(framework: Framework, i: int, j: int, order: float) -> Framework:
    """The framework with another bond order between two atoms."""
    graph = framework.bonds
    orders = np.array(graph.order)
    orders[((graph.i == i) & (graph.j == j)) | ((graph.i == j) & (graph.j == i))] = order
    return framework.with_bonds(BondGraph(len(framework), graph.i, graph.j, graph.shift, orders))


def first(framework: Framework, symbol: str, *neighbors: str) -> int:
    """The first atom of an element whose neighbours are these elements."""
    for atom, row in enumerate(framework.bonds.neighbors):
        if framework.symbols[atom] == symbol and sorted(framework.symbols[k] for k, _, _ in row) == sorted(neighbors):
            return atom
    raise LookupError(f"no {symbol} with {neighbors}")


def beside(framework: Framework, atom: int, symbol: str) -> int:
    """The first neighbour of an atom that is of this element."""
    return next(k for k, _, _ in framework.bonds.neighbors[atom] if framework.symbols[k] == symbol)


def bond(framework: Framework, i: int, j: int) -> np.ndarray:
    """Unit vector along the bond from atom `i` to atom `j`, to the right image."""
    shift = next(shift for k, shift, _ in framework.bonds.neighbors[i] if k == j)
    vector = framework.positions[j] + np.array(shift) @ framework.cell - framework.positions[i]
    return vector / np.linalg.norm(vector)


def molecule_with(framework: Framework, atom: int, *, stop: frozenset[str] = frozenset({"Zn", "Cu", "Zr"})) -> set[int]:
    """Atoms that are reached from an atom without passing an element of `stop`."""
    found, stack = {atom}, [atom]
    while stack:
        for k, _, _ in framework.bonds.neighbors[stack.pop()]:
            if k not in found and framework.symbols[k] not in stop:
                found.add(k)
                stack.append(k)
    return found


def perpendicular(vector: np.ndarray) -> np.ndarray:
    """A unit vector at a right angle."""
    other = np.cross(vector, np.eye(3)[int(np.argmin(np.abs(vector)))])
    return other / np.linalg.norm(other)


def turned(
    framework: Framework, atoms: Iterable[int], centre: np.ndarray, axis: np.ndarray, degrees: float
) -> Framework:
    """The framework with some atoms turned about an axis through a centre."""
    rows, angle = list(atoms), np.radians(degrees)
    positions = np.array(framework.positions)
    arm = positions[rows] - centre
    along = (arm @ axis)[:, None] * axis
    positions[rows] = centre + along + np.cos(angle) * (arm - along) + np.sin(angle) * np.cross(axis, arm)
    return framework.with_geometry(positions, framework.cell)
