"""How far a cell went: the linear Lagrangian strain of the MOFA paper.

``e = R2 R1^-1 - I``, ``S = (e + e^T) / 2``, and the metric is the largest absolute eigenvalue of S, where R1 and R2
hold the lattice vectors of the first and the last cell as *columns*. The formula is not free of rotation, so both
cells are first brought into the orientation in which molecular dynamics keeps them: a along x, b in the xy plane.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def standard_cell(cell: ArrayLike) -> NDArray[np.float64]:
    """The right-handed cell turned so that a lies along x and b in the xy plane.

    Args:
        cell: lattice vectors as rows, Å, ``[3, 3]``.

    Returns:
        The same vectors as rows of a lower-triangular matrix with a positive diagonal, Å, ``[3, 3]``.
    """
    rows = np.asarray(cell, dtype=float)
    return np.linalg.cholesky(rows @ rows.T)


def strain_tensor(first_cell: ArrayLike, last_cell: ArrayLike) -> NDArray[np.float64]:
    """S from the first cell to the last, ``[3, 3]``; cells as rows, Å."""
    R1 = standard_cell(first_cell).T
    R2 = standard_cell(last_cell).T
    e = R2 @ np.linalg.inv(R1) - np.eye(3)
    return np.asarray((e + e.T) / 2.0, dtype=np.float64)


def strain(first_cell: ArrayLike, last_cell: ArrayLike) -> float:
    """The paper's metric: the largest absolute eigenvalue of `strain_tensor`; 0.1 is 10 %."""
    return float(np.abs(np.linalg.eigvalsh(strain_tensor(first_cell, last_cell))).max())


def inverted_strain(first_cell: ArrayLike, last_cell: ArrayLike) -> float:
    """The metric from ``R1 R2^-1 - I``, as other codes have it; reads higher than `strain` on contraction."""
    return strain(last_cell, first_cell)
