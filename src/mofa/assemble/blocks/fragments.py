"""Geometry files of building blocks: XYZ and CIF, with dummy atoms where linkers go, or whole crystals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Bond, BondGraph, Reason, Stage
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import read_cif
from mofa.chemistry.elements import DUMMIES, is_element, is_metal
from mofa.chemistry.framework import Framework
from mofa.chemistry.inspection import inspect
from mofa.errors import InputError

CARBOXYLATE_ORDER = 1.5
_DUMMY_NAMES = DUMMIES | {"Xx"}
# Empty space around a molecule, so that its images do not touch.
_MARGIN_ANG = 20.0


@dataclass(frozen=True, eq=False)
class Fragment:
    """A molecule or crystal without its dummy atoms, and where those stood."""

    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``; a box with room to spare for a molecule."""
    bonds: BondGraph
    dummies: NDArray[np.float64]
    """Cartesian, Å, ``[n_dummies, 3]``."""
    numbers: tuple[int, ...]
    """Number of every atom in its file, from 0, dummies counted."""
    where: str
    """The file, for messages."""

    def label(self, atom: int) -> str:
        """How messages call an atom: its element and its number in the file, from 0."""
        return f"{self.symbols[atom]} (atom {self.numbers[atom]})"


def read_fragment(path: Path) -> Fragment:
    """The atoms of an XYZ or CIF file, dummies set apart, with bonds found in the geometry.

    Raises:
        InputError: the file cannot be read, is of another kind, holds unknown elements, numbers that are not finite,
            or two atoms on one place.
    """
    if path.suffix.lower() == ".cif":
        framework = read_cif(path, dummies=True)
        return make_fragment(framework.symbols, framework.positions, framework.cell, where=str(path))
    if path.suffix.lower() == ".xyz":
        symbols, positions = _read_xyz(path)
        return make_fragment(symbols, positions, None, where=str(path))
    raise InputError(
        f"files of the kind {path.suffix or 'without a suffix'!r} hold no geometry that is read here",
        where=path,
        action="Give an XYZ or CIF file",
    )


def make_fragment(
    symbols: tuple[str, ...],
    positions: NDArray[np.float64],
    cell: NDArray[np.float64] | None,
    *,
    bonds: tuple[Bond, ...] = (),
    where: str,
) -> Fragment:
    """Atoms as a fragment, with bonds.

    Args:
        symbols: elements and dummies.
        positions: Cartesian, Å, ``[n_atoms, 3]``.
        cell: lattice vectors as rows, Å, ``[3, 3]``; None for a molecule.
        bonds: of a molecule; none has them perceived, those of dummies are passed over.
        where: file or field that the atoms come from, for messages.

    Raises:
        InputError: no atoms, unknown elements, numbers that are not finite, or two atoms on one place.
    """
    real = [k for k, symbol in enumerate(symbols) if symbol not in _DUMMY_NAMES]
    if not real:
        raise InputError("there are no atoms", where=where, action="Give the atoms of the node")
    unknown = [f"{symbols[k]!r} (atom {k})" for k in real if not is_element(symbols[k])]
    if unknown:
        raise InputError(
            f"no element is called {', '.join(unknown[:5])}",
            where=where,
            action="Correct the symbol; X, At and Fr mark connection points",
        )
    if not np.isfinite(positions).all():
        bad = int(np.flatnonzero(~np.isfinite(positions).all(axis=1))[0])
        raise InputError(
            f"atom {bad} has a coordinate that is NaN or infinite", where=where, action="Repair the coordinates"
        )
    if cell is None:
        cell = np.diag(np.ptp(positions, axis=0) + _MARGIN_ANG)
    dummies = np.array([k for k in range(len(symbols)) if symbols[k] in _DUMMY_NAMES], dtype=np.int64)
    kept = tuple(symbols[k] for k in real)
    atoms = Framework("node", kept, positions[real], cell)
    refused = inspect(atoms, Stage.ASSEMBLE)
    if refused is not None:
        action = "Leave one of them out" if refused.reason is Reason.OVERLAP else "Repair the geometry"
        detail = refused.detail if refused.reason is not Reason.OVERLAP else _overlap(kept, atoms.positions, real)
        raise InputError(detail, where=where, action=action)
    graph = _given_bonds(real, bonds) if bonds else with_orders(kept, perceive(kept, atoms.positions, cell))
    return Fragment(kept, atoms.positions, cell, graph, positions[dummies], tuple(real), where)


def _given_bonds(real: list[int], bonds: tuple[Bond, ...]) -> BondGraph:
    number = {atom: k for k, atom in enumerate(real)}
    rows = [(number[b.i], number[b.j], b.order) for b in bonds if b.i in number and b.j in number]
    i, j, order = zip(*rows, strict=True) if rows else ((), (), ())
    return BondGraph(len(real), np.array(i), np.array(j), np.zeros((len(rows), 3), dtype=np.int64), np.array(order))


def _overlap(symbols: tuple[str, ...], positions: NDArray[np.float64], numbers: list[int]) -> str:
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1) + np.diag(np.full(len(symbols), np.inf))
    a, b = np.unravel_index(int(np.argmin(distance)), distance.shape)
    if not distance[a, b] < 1.0:
        return "an atom lies on the periodic image of another"
    names = f"{symbols[a]} (atom {numbers[a]}) and {symbols[b]} (atom {numbers[b]})"
    return f"{names} are {distance[a, b]:.2f} Å apart"


def with_orders(symbols: tuple[str, ...], graph: BondGraph) -> BondGraph:
    """The same bonds with orders: 1.5 in a carboxylate, 1 among other nonmetals, 0.5 and 0.25 at metals."""
    orders = []
    oxygens = [sum(symbols[j] == "O" for j, _, _ in row) for row in graph.neighbors]
    for i, j, order in zip(graph.i.tolist(), graph.j.tolist(), graph.order.tolist(), strict=True):
        if is_metal(symbols[i]) or is_metal(symbols[j]):
            orders.append(order)
        else:
            carbon = i if symbols[i] == "C" else j
            carboxylate = {symbols[i], symbols[j]} == {"C", "O"} and oxygens[carbon] == 2
            orders.append(CARBOXYLATE_ORDER if carboxylate else 1.0)
    return BondGraph(graph.n_atoms, graph.i, graph.j, graph.shift, np.array(orders, dtype=float))


def _read_xyz(path: Path) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Symbols and positions of the first frame of an XYZ file; further columns are passed over."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=path, action="Check the path") from error
    head = lines[0].split() if lines else []
    if len(head) != 1 or not head[0].isdecimal() or int(head[0]) < 1:
        raise InputError(
            f"line 1 is {' '.join(head)!r}, not the number of atoms",
            where=path,
            action="Give an XYZ file: the number of atoms, a comment, and a line an atom",
        )
    count = int(head[0])
    if len(lines) < count + 2:
        raise InputError(
            f"line 1 says {count} atoms, the file holds {max(0, len(lines) - 2)} lines of them",
            where=path,
            action="Correct the number or add the missing atoms",
        )
    rows = [_xyz_row(path, number, lines[number - 1]) for number in range(3, count + 3)]
    return tuple(symbol for symbol, _ in rows), np.array([xyz for _, xyz in rows])


def _xyz_row(path: Path, number: int, line: str) -> tuple[str, list[float]]:
    """One atom of an XYZ file."""
    words = line.split()
    try:
        symbol, xyz = words[0], [float(word) for word in words[1:4]]
    except (IndexError, ValueError):
        symbol, xyz = "", []
    if len(xyz) != 3:
        raise InputError(
            f"line {number} is {line.strip()!r}, not an element and three coordinates",
            where=path,
            action="Correct the line",
        )
    return symbol.capitalize(), xyz


def is_whole(fragment: Fragment, piece: dict[int, tuple[int, int, int]]) -> bool:
    """Whether a piece from `BondGraph.unwrapped_components` is finite: no bond of it leads to its own image."""
    for i, neighbors in ((atom, fragment.bonds.neighbors[atom]) for atom in piece):
        for j, shift, _ in neighbors:
            if j in piece and any(piece[j][k] != piece[i][k] + shift[k] for k in range(3)):
                return False
    return True


def carboxylate_oxygens(fragment: Fragment, atom: int) -> list[int]:
    """The two oxygens of a carboxylate carbon; none for any other atom."""
    if fragment.symbols[atom] != "C":
        return []
    oxygens = [j for j, _, _ in fragment.bonds.neighbors[atom] if fragment.symbols[j] == "O"]
    return oxygens if len(oxygens) == 2 and fragment.bonds.coordination[atom] <= 3 else []


def share_ring_of_five(fragment: Fragment, atom: int) -> set[int]:
    """Atoms that are in a five-membered ring of nonmetals with `atom`, itself left out."""
    graph, found = fragment.bonds, set()
    light = [j for j, _, _ in graph.neighbors[atom] if not is_metal(fragment.symbols[j])]
    around = {a: {j for j, _, _ in graph.neighbors[a]} - {atom} for a in light}
    for a, b in combinations(light, 2):
        for c in around[a]:
            for d in around[b] - {c}:
                if any(j == d for j, _, _ in graph.neighbors[c]):
                    found |= {a, b, c, d}
    return found
