"""Other cells of the same crystal: larger ones, and the rectangular one that people know it by."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.bonds import BondGraph, perceive
from mofa.chemistry.framework import Framework

# A conventional cell holds at most this many primitive ones (face-centred).
_MOST_CELLS = 4
_RIGHT_ANGLE_COSINE = np.cos(np.radians(89.5))


def rectangular(framework: Framework) -> Framework:
    """The conventional cell of a face-centred, body-centred or base-centred crystal given in its primitive one.

    Any other framework is given back as it is: also one with two right angles, such as a hexagonal one.
    """
    unit = framework.cell / np.linalg.norm(framework.cell, axis=1)[:, None]
    if sum(abs(float(unit[i] @ unit[j])) < _RIGHT_ANGLE_COSINE for i, j in combinations(range(3), 2)) >= 2:
        return framework
    steps = np.array([step for step in product((0, 1, -1), repeat=3) if step > (0, 0, 0)], dtype=np.int64)
    vectors = steps @ framework.cell
    directions = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    square = np.abs(directions @ directions.T) < _RIGHT_ANGLE_COSINE
    found = []
    for rows in combinations(range(len(steps)), 3):
        if all(square[i, j] for i, j in combinations(rows, 2)):
            transform = steps[list(rows)]
            n_cells = round(float(np.linalg.det(transform)))
            if 1 < abs(n_cells) <= _MOST_CELLS:
                lengths = np.round(np.linalg.norm(vectors[list(rows)], axis=1), 1)
                rank = (len(set(lengths.tolist())), abs(n_cells), rows)  # cubic goes before the smaller tetragonal one
                found.append((rank, transform if n_cells > 0 else transform[[1, 0, 2]]))
    return supercell(framework, min(found, key=lambda one: one[0])[1]) if found else framework


def supercell(framework: Framework, transform: NDArray[np.int64]) -> Framework:
    """The same crystal in a larger cell; atoms of one old cell after those of another.

    Args:
        framework: bonds are perceived where it has none.
        transform: rows are the new lattice vectors in the old ones, integers with a positive determinant, ``[3, 3]``.
    """
    n_cells = round(float(np.linalg.det(transform)))
    adjugate = np.rint(np.linalg.inv(transform) * n_cells).astype(np.int64)
    reach = int(np.abs(transform).sum(axis=0).max())
    corners = np.array(list(product(range(-reach, reach + 1), repeat=3)), dtype=np.int64)
    scaled = corners @ adjugate
    corners = corners[((scaled >= 0) & (scaled < n_cells)).all(axis=1)]
    number = {tuple(corner): k for k, corner in enumerate(corners.tolist())}
    graph = framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)
    n = len(framework)
    rows = []
    for k, corner in enumerate(corners):
        beyond = corner + graph.shift
        shift = (beyond @ adjugate) // n_cells
        home = np.array([number[tuple(cell)] for cell in (beyond - shift @ transform).tolist()], dtype=np.int64)
        rows.append((graph.i + k * n, graph.j + home * n, shift, graph.order))
    i, j, shift, order = (np.concatenate(column) for column in zip(*rows, strict=True))
    return replace(
        framework,
        symbols=framework.symbols * n_cells,
        positions=np.concatenate([framework.positions + corner @ framework.cell for corner in corners]),
        cell=transform @ framework.cell,
        bonds=BondGraph(n * n_cells, i, j, shift, order),
        charges=None if framework.charges is None else np.tile(framework.charges, n_cells),
    )
