"""Metal nodes: what linkers are joined to, with typed and oriented connection points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats
from mofa.chemistry.linker import AnchorKind, Bond


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", frozen_floats(self.positions, (len(self.symbols), 3)))
