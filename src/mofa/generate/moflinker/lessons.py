"""Linkers that did well as training examples: their core between the two prompts, in the geometry that they have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mofa.chemistry import AnchorKind, Linker
from mofa.chemistry.anchors import neighbor_table
from mofa.generate.moflinker.conformers import anchor_frame
from mofa.generate.moflinker.examples import Example
from mofa.generate.moflinker.vocabulary import (
    BOND_ORDERS,
    ELEMENTS,
    FAMILIES,
    MAX_CORE_ATOMS,
    MAX_HYDROGENS,
    MIN_CORE_ATOMS,
    N_ANCHORS,
)

_RING = 6


def example_of_linker(linker: Linker) -> Example | None:
    """The core of a linker, or None where it is not two benzoic acids or benzonitriles with 6 to 20 atoms between."""
    if linker.family not in FAMILIES or len(linker.anchors) != N_ANCHORS:
        return None
    graph = _Graph(linker)
    ends = [graph.prompt(k) for k in range(N_ANCHORS)]
    if ends[0] is None or ends[1] is None:
        return None
    anchors = [end[0] for end in ends if end is not None]
    outside = {atom for end in ends if end is not None for atom in end}
    core = [k for k in graph.heavy if k not in outside]
    if not MIN_CORE_ATOMS <= len(core) <= MAX_CORE_ATOMS or any(graph.symbols[k] not in ELEMENTS for k in core):
        return None
    index = {atom: k for k, atom in enumerate((*anchors, *core))}
    bonds = [
        (index[b.i], index[b.j], BOND_ORDERS.index(b.order))
        for b in linker.bonds
        if b.i in index and b.j in index and b.order in BOND_ORDERS
    ]
    at_anchors = [kind for i, j, kind in bonds if min(i, j) < N_ANCHORS]
    hydrogens = [graph.hydrogens(k) for k in core]
    if at_anchors != [1, 1] or max(hydrogens) > MAX_HYDROGENS:
        return None
    x = np.asarray(linker.positions)
    rotation, origin = anchor_frame(x[anchors[0]], x[anchors[1]])
    context = x[[atom for end in ends if end is not None for atom in end[:3]]]
    return Example(
        elements=np.array([ELEMENTS.index(graph.symbols[k]) for k in core], dtype=np.int8),
        hydrogens=np.array(hydrogens, dtype=np.int8),
        charges=np.array([graph.charge(k) for k in core], dtype=np.int8),
        positions=((x[core] - origin) @ rotation.T).astype(np.float32),
        context=((context - origin) @ rotation.T).astype(np.float32),
        bonds=np.array(bonds, dtype=np.int8),
    )


class _Graph:
    """A linker with hydrogens and dummies as neighbours."""

    def __init__(self, linker: Linker) -> None:
        self.symbols = linker.symbols
        self._anchors = linker.anchors
        dummies = {anchor.dummy for anchor in linker.anchors}
        self.heavy = [k for k, symbol in enumerate(self.symbols) if symbol != "H" and k not in dummies]
        self._neighbors = neighbor_table(len(self.symbols), linker.bonds)
        self._orders = {frozenset((b.i, b.j)): b.order for b in linker.bonds}

    def hydrogens(self, atom: int) -> int:
        """Hydrogens on an atom."""
        return sum(self.symbols[k] == "H" for k in self._neighbors[atom])

    def charge(self, atom: int) -> int:
        """Formal charge: nitro groups and N-oxides are the only charged groups of neutral linkers.

        The nitrogen is told by its oxygen: that of a pyrrole has the same valence by its aromatic bonds.
        """
        if self.symbols[atom] == "O":
            return -1 if self._valence(atom) == 1.0 else 0
        is_cation = self.symbols[atom] == "N" and self._valence(atom) == 4.0
        return int(is_cation and any(self.charge(k) < 0 for k in self._neighbors[atom] if self.symbols[k] == "O"))

    def _valence(self, atom: int) -> float:
        """Sum of the bond orders."""
        return sum(self._orders[frozenset((atom, k))] for k in self._neighbors[atom])

    def prompt(self, end: int) -> list[int] | None:
        """Atoms of a prompt without what binds: anchor carbon, the two beside it, the rest; None where it is none."""
        anchor = self._anchors[end]
        start, beyond = anchor.neighbor, [anchor.dummy]
        if anchor.kind is AnchorKind.N_DONOR:
            carbons = [k for k in self._neighbors[start] if k != anchor.dummy]
            beyond = [*carbons, start, anchor.dummy]
            outer = [k for carbon in carbons for k in self._neighbors[carbon] if k != start]
            if len(carbons) != 1 or len(outer) != 1:
                return None
            start = outer[0]
        ortho = self._ring_neighbors(start, beyond)
        meta = [self._ring_neighbors(k, [start]) for k in ortho]
        if len(ortho) != 2 or any(len(next_ones) != 1 for next_ones in meta):
            return None
        para = [set(self._ring_neighbors(found[0], [k])) for k, found in zip(ortho, meta, strict=True)]
        common = para[0] & para[1]
        if len(common) != 1:
            return None
        (carbon,) = common
        ring = [carbon, meta[0][0], meta[1][0], *ortho, start]
        if any(self.symbols[k] != "C" for k in ring) or any(self.hydrogens(k) != 1 for k in ring[1:5]):
            return None
        bound = [k for k in beyond if k != anchor.dummy]
        return [*ring, *bound]

    def _ring_neighbors(self, atom: int, without: Sequence[int]) -> list[int]:
        """Neighbours by aromatic bonds."""
        return [
            k for k in self._neighbors[atom] if k not in without and self._orders[frozenset((atom, k))] == 1.5
        ]  # fmt: skip
