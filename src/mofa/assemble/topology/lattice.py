"""Lattices that integer vectors span."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lattice_basis(vectors: NDArray[np.int64]) -> NDArray[np.int64]:
    """A basis of the lattice that integer vectors span, in echelon form, by Euclid's algorithm.

    Args:
        vectors: ``[n, 3]``.

    Returns:
        ``[rank, 3]``; for rank 3 the product of the diagonal is the lattice's index.
    """
    rows = [list(row) for row in {tuple(row) for row in vectors.tolist()} if any(row)]
    basis: list[list[int]] = []
    for column in range(3):
        while True:
            live = sorted((row for row in rows if row[column]), key=lambda row: abs(row[column]))
            if len(live) < 2:
                break
            pivot = live[0]
            for row in live[1:]:
                times = row[column] // pivot[column]
                row[:] = [a - times * b for a, b in zip(row, pivot, strict=True)]
        if live:
            basis.append(live[0])
            rows = [row for row in rows if row is not live[0]]
    return np.array(basis, dtype=np.int64).reshape(-1, 3)
