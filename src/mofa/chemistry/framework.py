"""The central object: a periodic framework with its bond graph, charges and lineage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry.arrays import frozen_floats
from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.elements import atomic_mass, formula, numbers_of
from mofa.units import G_PER_MOL_PER_ANG3_TO_G_PER_CM3


@dataclass(frozen=True)
class Lineage:
    """Where a framework comes from."""

    node: str = ""
    net: str = ""
    catenation: int = 0
    """Number of further interpenetrating nets; 0 for a single net."""
    linkers: tuple[str, ...] = ()
    """SMILES of the linkers, one per edge class of the net."""
    linker_keys: tuple[str, ...] = ()
    """`Linker.key` of the same."""
    sources: tuple[str, ...] = ()
    """`Linker.source` of the same."""
    model_versions: tuple[int, ...] = ()
    """`Linker.model_version` of the same; empty where it was not recorded."""


@dataclass(frozen=True, eq=False, repr=False)
class Framework:
    """A periodic framework in P1: every atom of the cell is listed."""

    id: str
    """128 bits of hexadecimal for assembled MOFs, the CIF's data name for a user's."""
    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``."""
    bonds: BondGraph | None = None
    """None until perceived; see `mofa.chemistry.bonds.perceive`."""
    charges: NDArray[np.float64] | None = None
    """Partial charges, e, ``[n_atoms]``."""
    charge_method: str = ""
    name: str = ""
    """Readable name: node.linkers.net.cat."""
    lineage: Lineage = field(default_factory=Lineage)

    def __post_init__(self) -> None:
        n = len(self.symbols)
        object.__setattr__(self, "positions", frozen_floats(self.positions, (n, 3)))
        object.__setattr__(self, "cell", frozen_floats(self.cell, (3, 3)))
        if self.charges is not None:
            object.__setattr__(self, "charges", frozen_floats(self.charges, (n,)))

    def __repr__(self) -> str:
        a, b, c, *angles = (f"{x:.2f}" for x in self.cell_parameters())
        return f"<Framework {self.name or self.id}: {self.formula}, {a} x {b} x {c} Å, {' '.join(angles)} degrees>"

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def volume_ang3(self) -> float:
        """Cell volume, Å3, always positive."""
        return float(abs(np.linalg.det(self.cell)))

    @property
    def mass_g_per_mol(self) -> float:
        """Mass of one mole of cells, g/mol."""
        return float(sum(atomic_mass(symbol) for symbol in self.symbols))

    @property
    def formula(self) -> str:
        """Reduced formula such as Zn4C24H12O13: metals, C, H, then the others by name."""
        counts = Counter(self.symbols)
        unit = gcd(*counts.values())
        return formula({symbol: count // unit for symbol, count in counts.items()})

    @property
    def density_g_per_cm3(self) -> float:
        """Crystal density, g/cm3."""
        return self.mass_g_per_mol / self.volume_ang3 * G_PER_MOL_PER_ANG3_TO_G_PER_CM3

    @cached_property
    def fractional(self) -> NDArray[np.float64]:
        """Fractional coordinates as they stand, not wrapped, ``[n_atoms, 3]``."""
        return np.asarray(np.linalg.solve(self.cell.T, self.positions.T).T, dtype=np.float64)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """Atomic numbers ``[n_atoms]``."""
        return numbers_of(self.symbols)

    def cell_parameters(self) -> tuple[float, float, float, float, float, float]:
        """a, b, c in Å and alpha, beta, gamma in degrees."""
        a, b, c = (float(x) for x in np.linalg.norm(self.cell, axis=1))
        angles = []
        for i, j in ((1, 2), (0, 2), (0, 1)):
            u, v = self.cell[i], self.cell[j]
            cosine = u @ v / (np.linalg.norm(u) * np.linalg.norm(v))
            angles.append(float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))))
        return (a, b, c, angles[0], angles[1], angles[2])

    def perpendicular_widths_ang(self) -> NDArray[np.float64]:
        """Distance between opposite faces of the cell, Å, ``[3]``."""
        return np.asarray(1.0 / np.linalg.norm(np.linalg.inv(self.cell), axis=0), dtype=np.float64)

    def with_geometry(self, positions: ArrayLike, cell: ArrayLike) -> Framework:
        """The same framework, bonds included, in another geometry (atoms must not have been wrapped).

        Charges stay behind: they belong to the geometry that they were computed for.
        """
        return replace(self, positions=np.asarray(positions), cell=np.asarray(cell), charges=None, charge_method="")

    def with_charges(self, charges: ArrayLike, method: str) -> Framework:
        """The same framework with partial charges, e."""
        return replace(self, charges=np.asarray(charges), charge_method=method)

    def with_bonds(self, bonds: BondGraph) -> Framework:
        """The same framework with this bond graph."""
        return replace(self, bonds=bonds)
