"""Periodic graphs in disguise: other cells, other numbers, and MOFs that are bonds without a geometry."""

from __future__ import annotations

import numpy as np

from mofa.assemble.topology.quotient import QuotientGraph
from mofa.chemistry import BondGraph, Framework

# Two vertices of six edges with the coordination sequence of pcu, 6 18 38 66 102 ..., through ten shells and more.
PCU_LOOKALIKE = QuotientGraph(
    2,
    np.array([[0, 0], [1, 1], [0, 1], [0, 1], [0, 1], [0, 1]]),
    np.array([[0, 0, -1], [0, 0, 1], [0, 0, 0], [0, 0, -1], [0, 1, 1], [-1, 0, -1]]),
)
SQUARES_IN_A_SHEET = QuotientGraph(1, np.array([[0, 0], [0, 0]]), np.array([[1, 0, 0], [0, 1, 0]]))


def in_another_cell(graph: QuotientGraph, rng: np.random.Generator) -> QuotientGraph:
    """The same graph: other lattice vectors, vertices moved to other cells, everything in another order."""
    n = graph.n_vertices
    number, cells = rng.permutation(n), rng.integers(-2, 3, (n, 3))
    shifts = (graph.shifts + cells[graph.ends[:, 1]] - cells[graph.ends[:, 0]]) @ _unimodular(rng)
    ends = number[graph.ends]
    flip = rng.random(len(ends)) < 0.5
    ends[flip], shifts[flip] = ends[flip, ::-1], -shifts[flip]
    order = rng.permutation(len(ends))
    return QuotientGraph(n, ends[order], shifts[order])


def _unimodular(rng: np.random.Generator) -> np.ndarray:
    matrix = np.eye(3, dtype=np.int64)[rng.permutation(3)]
    for _ in range(4):
        i, j = rng.choice(3, 2, replace=False)
        matrix[i] += rng.integers(-2, 3) * matrix[j]
    return matrix


def supercell(graph: QuotientGraph, times: tuple[int, int, int]) -> QuotientGraph:
    """The same graph in a cell that is so many times longer along its three vectors."""
    corners = np.array(list(np.ndindex(*times)))
    number = {tuple(corner): k for k, corner in enumerate(corners.tolist())}
    ends, shifts = [], []
    for k, corner in enumerate(corners):
        for (i, j), shift in zip(graph.ends.tolist(), graph.shifts, strict=True):
            cell, inside = np.divmod(corner + shift, times)
            ends.append((k * graph.n_vertices + i, number[tuple(inside.tolist())] * graph.n_vertices + j))
            shifts.append(cell)
    return QuotientGraph(graph.n_vertices * len(corners), np.array(ends), np.array(shifts))


def catenated(graph: QuotientGraph, copies: int) -> QuotientGraph:
    """So many disjoint copies of the graph in one cell."""
    ends = np.concatenate([graph.ends + k * graph.n_vertices for k in range(copies)])
    return QuotientGraph(copies * graph.n_vertices, ends, np.tile(graph.shifts, (copies, 1)))


class Atoms:
    """Atoms and bonds of a MOF as they are added."""

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self.bonds: list[tuple[int, int, tuple[int, ...]]] = []

    def add(self, symbol: str, *bonded: int) -> int:
        """An atom, with bonds to others of the same cell."""
        self.symbols.append(symbol)
        self.bonds += [(other, len(self.symbols) - 1, (0, 0, 0)) for other in bonded]
        return len(self.symbols) - 1

    def bond(self, i: int, j: int, shift: tuple[int, ...] = (0, 0, 0)) -> None:
        self.bonds.append((i, j, shift))

    def framework(self, rng: np.random.Generator | None = None) -> Framework:
        """The MOF, its atoms in random order and cells where a generator is given; all positions are the origin."""
        n = len(self.symbols)
        number, cells = np.arange(n), np.zeros((n, 3), dtype=np.int64)
        if rng is not None:
            number, cells = rng.permutation(n), rng.integers(-1, 2, (n, 3))
        symbols = [""] * n
        for k, symbol in enumerate(self.symbols):
            symbols[number[k]] = symbol
        i, j, shift = (np.array(column, dtype=np.int64) for column in zip(*self.bonds, strict=True))
        shift = shift + cells[i] - cells[j]
        graph = BondGraph(n, number[i], number[j], shift, np.ones(len(i)))
        return Framework("test", tuple(symbols), np.zeros((n, 3)), np.eye(3), graph)


def carboxylate(atoms: Atoms, *metals: int) -> int:
    """A carboxylate on one or two metals; its carbon."""
    oxygens = [atoms.add("O", metals[k % len(metals)]) for k in range(2)]
    return atoms.add("C", *oxygens)


def as_mof(graph: QuotientGraph, ligands: frozenset[int] = frozenset()) -> Atoms:
    """A MOF of this net: metals with carboxylates on the vertices, but ligands on some; ligands on other edges."""
    atoms = Atoms()
    centre = [atoms.add("C" if k in ligands else "Zn") for k in range(graph.n_vertices)]
    for (i, j), shift in zip(graph.ends.tolist(), graph.shifts.tolist(), strict=True):
        start = atoms.add("C", centre[i] if i in ligands else carboxylate(atoms, centre[i]))
        end = atoms.add("C", centre[j] if j in ligands else carboxylate(atoms, centre[j]))
        atoms.bond(start, end, tuple(shift))
    return atoms
