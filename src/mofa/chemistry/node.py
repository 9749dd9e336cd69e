"""Metal nodes: what linkers are joined to, with typed and oriented connection points."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats
from mofa.chemistry.elements import formula
from mofa.chemistry.linker import AnchorKind, Bond

_DIGEST_BYTES = 6


@dataclass(frozen=True, eq=False)
class ConnectionPoint:
    """A typed, oriented place where a linker's end joins a node."""

    kind: AnchorKind
    atom: int
    """Index of the node atom that bonds to the linker: carboxylate carbon, metal."""
    direction: NDArray[np.float64]
    """Unit vector along which the linker leaves, ``[3]``."""
    normal: NDArray[np.float64]
    """Unit vector perpendicular to the plane that an aryl ring should lie in, ``[3]``; zero where free."""
    length_ang: float | None = None
    """Length of the bond to the linker's atom, Å; None takes the distance between the linker's atom and its dummy."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", frozen_floats(self.direction, (3,)))
        object.__setattr__(self, "normal", frozen_floats(self.normal, (3,)))


@dataclass(frozen=True, eq=False)
class Node:
    """A metal node with the carboxylate groups of its linkers, centred at the origin."""

    name: str
    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n_atoms, 3]``."""
    bonds: tuple[Bond, ...]
    points: tuple[ConnectionPoint, ...]
    source: str
    """Where the geometry comes from (DOI)."""
    description: str = ""
    """One line for `mofa nodes`."""
    shipped: bool = False
    """Whether MOFA brings it: only then is its name enough to tell it from all others."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", frozen_floats(self.positions, (len(self.symbols), 3)))

    @property
    def formula(self) -> str:
        """All atoms of the node, such as Zn4C6O13: metals, C, H, then the others by name."""
        return formula(Counter(self.symbols))

    @cached_property
    def key(self) -> str:
        """Identity of the node: its name; for a user's node with a digest of elements, bonds and points.

        The order of the atoms, their coordinates and the bond orders are no part of it.
        """
        return self.name if self.shipped else f"{self.name}-{self._digest()}"

    def _digest(self) -> str:
        """Weisfeiler-Lehman colours of the atoms, refined until their number of classes stands, in hexadecimal."""
        neighbors: list[list[int]] = [[] for _ in self.symbols]
        for bond in self.bonds:
            neighbors[bond.i].append(bond.j)
            neighbors[bond.j].append(bond.i)
        kinds = [sorted(point.kind for point in self.points if point.atom == k) for k in range(len(self.symbols))]
        colors = [_hash(f"{symbol}:{','.join(ends)}") for symbol, ends in zip(self.symbols, kinds, strict=True)]
        classes = 0
        while classes != len(set(colors)):
            classes = len(set(colors))
            colors = [
                _hash("|".join([color, *sorted(colors[j] for j in row)]))
                for color, row in zip(colors, neighbors, strict=True)
            ]
        return _hash("|".join(sorted(colors)))


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
