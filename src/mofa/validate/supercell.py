"""A supercell's atoms and interactions from those of the unit cell, and back again.

The unit cell is typed once; its interactions carry exact cell offsets, so that copying them is unambiguous for any
cell, also where a bond leads to the atom's own image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry.framework import Framework
from mofa.validate.strain import standard_cell


@dataclass(frozen=True)
class Supercell:
    """``na x nb x nc`` copies of a framework's cell, in the orientation of molecular dynamics.

    Atom k of the copy at offset o has index ``copy(o) * n_atoms + k``.
    """

    framework: Framework
    repeats: tuple[int, int, int]

    @property
    def n_copies(self) -> int:
        """Number of unit cells."""
        return self.repeats[0] * self.repeats[1] * self.repeats[2]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Cell offset of every copy, ``[n_copies, 3]``."""
        return np.stack(np.unravel_index(np.arange(self.n_copies), self.repeats), axis=1).astype(np.int64)

    @property
    def cell(self) -> NDArray[np.float64]:
        """Lattice vectors as rows, lower-triangular, Å, ``[3, 3]``."""
        return np.array(self.repeats)[:, None] * standard_cell(self.framework.cell)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Cartesian, Å, ``[n_copies * n_atoms, 3]``."""
        fractional = self.framework.fractional[None] + self.offsets[:, None]
        return np.asarray(fractional.reshape(-1, 3) @ standard_cell(self.framework.cell), dtype=np.float64)

    def copies(self, atoms: NDArray[np.int64], shifts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Supercell indices of unit-cell interactions, copy after copy.

        Args:
            atoms: unit-cell atoms, ``[n, width]``.
            shifts: their cell offsets, ``[n, width, 3]``.

        Returns:
            Indices ``[n_copies * n, width]``.
        """
        where = (self.offsets[:, None, None] + shifts[None]) % np.array(self.repeats)
        copy = np.ravel_multi_index(tuple(np.moveaxis(where, -1, 0)), self.repeats)
        return np.asarray((copy * len(self.framework) + atoms[None]).reshape(-1, atoms.shape[1]), dtype=np.int64)

    def fold_back(self, positions: ArrayLike, cell: ArrayLike) -> Framework:
        """One unit cell of a supercell, in the framework's orientation and atom order.

        It is a copy as it stands, not the mean of all: rings turn independently, and the mean of two orientations is
        no molecule. Of all copies it is the one that fits its own periodic images best: whose bond lengths, taken
        to the images of its own atoms, are nearest to those of the framework.

        Args:
            positions: unwrapped, Å, ``[n_copies * n_atoms, 3]``.
            cell: supercell's lattice vectors as rows, in any orientation, Å, ``[3, 3]``.
        """
        n = len(self.framework)
        repeats = np.array(self.repeats)
        rows = np.asarray(cell, dtype=float)
        fractional = np.linalg.solve(rows.T, np.asarray(positions, dtype=float).T).T * repeats
        moved = fractional.reshape(-1, n, 3) - self.offsets[:, None] - self.framework.fractional[None]
        moved -= moved.mean(axis=(0, 1))
        # Q turns the orientation of molecular dynamics back into the framework's own.
        Q = np.linalg.solve(standard_cell(self.framework.cell), self.framework.cell)
        unit = standard_cell(rows / repeats[:, None]) @ Q
        copies = [self.framework.with_geometry((self.framework.fractional + shift) @ unit, unit) for shift in moved]
        return min(copies, key=self._misfit)

    def _misfit(self, copy: Framework) -> float:
        """Sum of squared changes of bond lengths against the framework, Å2; 0 where bonds are not known."""
        bonds = self.framework.bonds
        if bonds is None:
            return 0.0
        before = np.linalg.norm(bonds.vectors(self.framework.positions, self.framework.cell), axis=1)
        after = np.linalg.norm(bonds.vectors(copy.positions, copy.cell), axis=1)
        return float(((after - before) ** 2).sum())


def wide_enough(framework: Framework, repeats: tuple[int, int, int], min_width_ang: float) -> tuple[int, int, int]:
    """The repeats, or more where the supercell would be narrower than asked for.

    Args:
        framework: the cell that is repeated.
        repeats: fewest repeats along a, b, c.
        min_width_ang: least distance between opposite faces of the supercell, Å.
    """
    needed = np.ceil(min_width_ang / framework.perpendicular_widths_ang() - 1e-9).astype(int).tolist()
    a, b, c = (max(have, need) for have, need in zip(repeats, needed, strict=True))
    return (a, b, c)
