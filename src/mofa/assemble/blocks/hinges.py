"""Where a linker can turn within itself: single bonds between its ends, which split it into rigid fragments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.graphs import neighbors, side_of
from mofa.chemistry import Node


@dataclass(frozen=True, eq=False)
class Fragments:
    """A block as rigid fragments."""

    atoms: tuple[NDArray[np.int64], ...]
    """Atoms of every fragment, ``[n_atoms_of_fragment]``."""
    of_point: tuple[int, ...]
    """For every connection point the fragment that its atom is in."""
    hinges: tuple[tuple[int, int, int, int], ...]
    """Bonds between fragments: fragment and atom at one side, fragment and atom at the other."""


def rigid(node: Node) -> Fragments:
    """A block as one fragment."""
    return Fragments((np.arange(len(node.symbols)),), (0,) * len(node.points), ())


@lru_cache(maxsize=256)
def hinged(block: Node) -> Fragments:
    """A linker on a vertex, split at the single bonds that turn one of its ends against another.

    Bonds in rings, and bonds to substituents without an end, are no hinges.
    """
    rows = neighbors(block)
    ends = {point.atom for point in block.points}
    hinges = []
    for bond in block.bonds:
        if bond.order == 1.0:
            side = side_of(rows, bond.i, bond.j)
            if bond.j not in side and side & ends and ends - side:
                hinges.append((bond.i, bond.j))
    cut = frozenset(frozenset(pair) for pair in hinges)
    fragment = np.full(len(block.symbols), -1, dtype=np.int64)
    n_fragments = 0
    for atom in range(len(block.symbols)):
        if fragment[atom] < 0:
            for member in side_of(rows, atom, None, cut):
                fragment[member] = n_fragments
            n_fragments += 1
    return Fragments(
        tuple(np.flatnonzero(fragment == k) for k in range(n_fragments)),
        tuple(int(fragment[point.atom]) for point in block.points),
        tuple((int(fragment[i]), i, int(fragment[j]), j) for i, j in hinges),
    )
