"""What a periodic bond graph is, whatever order, cell or geometry it is written down in.

Two views that complete one another: colours by the Weisfeiler-Lehman refinement see the bonds around every atom, but
not how they close into rings far away; the graph's own geometry does. A connected periodic graph has one placement, up
to an affine map, in which every vertex is the mean of its neighbours (DOI 10.1107/S0108767303012017), and one
metric in which its edges point evenly in all directions, the standard realization
(DOI 10.1090/S0002-9947-00-02632-5). Distances in it depend on nothing but the graph.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.topology.lattice import lattice_basis
from mofa.assemble.topology.periodicity import Piece
from mofa.chemistry import BondGraph

# Odd constants of a 64-bit mixing function (splitmix64).
_STEP, _MIX = np.uint64(0x9E3779B97F4A7C15), (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
# How far from an atom of the rarest colour the others are seen, in spacings of such atoms.
_REACH_SPACINGS = 2.0
# Decimals kept of an invariant: many fewer than are exact, many more than it takes to tell frameworks apart.
_DECIMALS = 6


def refined_colors(numbers: NDArray[np.int64], graph: BondGraph) -> NDArray[np.uint64]:
    """A colour for every atom: equal where the atoms and bonds around are the same at any distance along the bonds.

    Args:
        numbers: atomic numbers ``[n_atoms]``.
        graph: bonds; only which atoms they join counts.

    Returns:
        64-bit colours ``[n_atoms]`` that do not depend on the order of atoms or on the cell.
    """
    here, there = np.concatenate([graph.i, graph.j]), np.concatenate([graph.j, graph.i])
    colors = _mixed(numbers.astype(np.uint64))
    n_classes = len(np.unique(colors))
    while True:
        around = np.zeros(len(colors), dtype=np.uint64)
        np.add.at(around, here, _mixed(colors[there]))
        colors = _mixed(colors + _mixed(around))
        n_before, n_classes = n_classes, len(np.unique(colors))
        if n_classes == n_before:
            return colors


def proportions(colors: NDArray[np.uint64]) -> str:
    """Colours and how often each comes relative to the others, the same for a supercell."""
    values, counts = np.unique(colors, return_counts=True)
    unit = int(np.gcd.reduce(counts))
    return " ".join(f"{value:x}:{count // unit}" for value, count in zip(values.tolist(), counts.tolist(), strict=True))


def periodic_invariant(graph: BondGraph, piece: Piece, colors: NDArray[np.uint64]) -> str:
    """How a connected, three-periodic piece of a bond graph closes in space, as a few numbers.

    In the standard realization, what is seen from an atom of the rarest colour: how many others there are (each with a
    weight by its colour and a smooth one by its distance), how lopsided they lie, and how unevenly about the axes;
    means over the atoms of that colour.

    Args:
        graph: bonds of the whole structure.
        piece: one of rank 3.
        colors: `refined_colors` of all atoms.
    """
    members = np.asarray(piece.atoms, dtype=np.int64)
    inside = np.isin(graph.i, members)
    number = np.full(graph.n_atoms, -1, dtype=np.int64)
    number[members] = np.arange(len(members))
    i, j, shift = number[graph.i[inside]], number[graph.j[inside]], graph.shift[inside]
    places, metric = _standard_realization(len(members), i, j, shift)
    # The lattice is the cell's own unless a centring translation maps interpenetrating nets onto one another.
    lattice = np.eye(3) if piece.copies == 1 else _closed_walks(len(members), i, j, shift)
    rare, weights = _rarest(colors[members]), _weights(colors[members])
    seen = _surroundings(places @ np.linalg.inv(lattice), lattice @ metric @ lattice.T, rare, weights)
    return " ".join(f"{value:.{_DECIMALS}f}" for value in seen.tolist())


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The values scattered over all 64-bit numbers; sums wrap around."""
    values = values + _STEP
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def _standard_realization(
    n: int, i: NDArray[np.int64], j: NDArray[np.int64], shift: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vertices as means of their neighbours, fractional ``[n, 3]``, and the metric of the lattice ``[3, 3]``."""
    laplacian = np.zeros((n, n))
    np.add.at(laplacian, (i, j), -1.0)
    np.add.at(laplacian, (j, i), -1.0)
    np.fill_diagonal(laplacian, laplacian.diagonal() - laplacian.sum(axis=1))
    pull = np.zeros((n, 3))
    np.add.at(pull, i, shift)
    np.add.at(pull, j, -shift)
    places = np.zeros((n, 3))
    places[1:] = np.linalg.solve(laplacian[1:, 1:], pull[1:])
    edges = places[j] + shift - places[i]
    return places, np.asarray(np.linalg.inv(edges.T @ edges / n), dtype=np.float64)


def _closed_walks(n: int, i: NDArray[np.int64], j: NDArray[np.int64], shift: NDArray[np.int64]) -> NDArray[np.float64]:
    """Basis of the lattice that the closed walks of a connected graph span, as rows in whole cells, ``[3, 3]``."""
    graph = BondGraph(n, i, j, shift, np.zeros(len(i)))
    (tree,) = graph.unwrapped_components()
    offset = np.array([tree[atom] for atom in range(n)], dtype=np.int64)
    loops = offset[i] + shift - offset[j]
    return lattice_basis(loops).astype(np.float64)


def _rarest(colors: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Atoms of the colour that comes least often; of equals, the lowest colour."""
    values, counts = np.unique(colors, return_counts=True)
    return np.flatnonzero(colors == values[np.argmin(counts)])


def _weights(colors: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number from 0.5 to 1.5 for every atom, by its colour."""
    return 0.5 + (colors >> np.uint64(11)).astype(np.float64) / 2.0**53


def _surroundings(
    places: NDArray[np.float64], metric: NDArray[np.float64], rare: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Moments of the atoms around those of `rare`, none negative, ``[5]``; all images within reach are counted."""
    volume = float(np.sqrt(np.linalg.det(metric)))
    reach = _REACH_SPACINGS * (volume / len(rare)) ** (1.0 / 3.0)
    widths = 1.0 / np.sqrt(np.linalg.inv(metric).diagonal())
    images = np.array(list(product(*(range(-k, k + 1) for k in np.floor(reach / widths + 0.5).astype(int).tolist()))))
    axes = np.linalg.cholesky(metric)
    apart = places[None, :] - places[rare][:, None]
    apart = (apart - np.rint(apart)) @ axes / reach
    shifts = images @ axes / reach
    square = (apart**2).sum(axis=-1)[..., None] + (shifts**2).sum(axis=-1) + 2.0 * apart @ shifts.T
    centre, atom, image = np.nonzero(square < 1.0)
    vectors = apart[centre, atom] + shifts[image]
    near = (1.0 - square[centre, atom, image]) ** 2 * weights[atom]
    first = np.searchsorted(centre, np.arange(len(rare)))
    total = np.add.reduceat(near, first)
    moved = np.add.reduceat(near[:, None] * vectors, first) / total[:, None]
    spread = np.add.reduceat(near[:, None, None] * vectors[:, :, None] * vectors[:, None, :], first)
    axial = np.linalg.eigvalsh(spread / total[:, None, None])
    seen = (np.log(total), np.log(total) ** 2, (moved**2).sum(axis=1), (axial**2).sum(axis=1), (axial**3).sum(axis=1))
    return np.array([values.mean() for values in seen])
