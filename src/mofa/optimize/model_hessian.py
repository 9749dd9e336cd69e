"""How stiff a framework is, guessed from its bonds: what makes L-BFGS see stiff bonds and soft cells at once.

A framework's stiffest motions (C-C bonds) and its softest (turning linkers, the cell) differ by a factor of a
thousand, and the cell moves through all bonds at once. A minimiser that begins with one stiffness for everything needs
a hundred steps to find that out. Here bonds and angles become springs between atoms, which stretch with the cell, too.
The idea is that of DOI 10.1063/1.4947024, with the cell among the coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import BondGraph, Framework
from mofa.chemistry.elements import is_metal

Array = NDArray[np.float64]

# Force constants, eV/Å2. They need not be right, only of the right order.
BOND = 40.0
"""Of a bond of `BOND_LENGTH_ANG`; others go with the fifth power of their length, from C-C 25 to C=O 100."""
BOND_LENGTH_ANG = 1.4
STIFFEST_BOND = 120.0
BOND_OF_HYDROGEN = 30.0
BOND_OF_METAL = 10.0
SIDEWAYS = 0.1
"""Of a bonded pair across its bond, over that along it."""
ANGLE = 0.1
"""Of the two neighbours of one atom along their line, over that of the bonds."""
EVERY_ATOM = 0.3
"""Holds what has no bonds: torsions, packed molecules."""
# Of the cell without its bonds, eV/Å3: 16 GPa.
ELASTIC = 0.1


def model_solver(framework: Framework, bonds: BondGraph, cell_scale_ang: float) -> Callable[[Array], Array]:
    """A function that applies the inverse of the model Hessian.

    The coordinates are those of a Frechet cell filter: positions in the cell of `framework`, atom by atom, then the
    nine elements of the logarithm of the deformation times `cell_scale_ang`, row by row, and but for a constant.

    Args:
        framework: the geometry that the model is made at.
        bonds: its bonds.
        cell_scale_ang: the filter's ``exp_cell_factor``, Å.

    Returns:
        From a gradient, eV/Å, ``[3 n_atoms + 9]``, to a step, Å, of the same shape.
    """
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(model_hessian(framework, bonds, cell_scale_ang), lower=True, overwrite_a=True)
    return lambda gradient: np.asarray(cho_solve(factor, gradient))


def model_hessian(framework: Framework, bonds: BondGraph, cell_scale_ang: float) -> Array:
    """The model Hessian itself, eV/Å2, ``[3 n_atoms + 9, 3 n_atoms + 9]``; see `model_solver`."""
    n_atoms = len(framework)
    hessian = np.zeros((3 * n_atoms + 9, 3 * n_atoms + 9))
    cell_part = np.arange(3 * n_atoms, 3 * n_atoms + 9)
    unit = np.eye(3)
    for first, second, vector, along, across in _springs(framework, bonds):
        direction = vector / np.linalg.norm(vector)
        line = np.outer(direction, direction)
        constants = along * line + across * (unit - line)
        stretch = [(second, unit), (first, -unit)] if first != second else []
        columns = np.concatenate([*(3 * atom + np.arange(3) for atom, _ in stretch), cell_part])
        moves = np.hstack([*(sign for _, sign in stretch), np.kron(unit, vector / cell_scale_ang)])
        hessian[np.ix_(columns, columns)] += moves.T @ constants @ moves
    diagonal = np.einsum("ii->i", hessian)
    diagonal[: 3 * n_atoms] += EVERY_ATOM
    diagonal[3 * n_atoms :] += ELASTIC * framework.volume_ang3 / cell_scale_ang**2
    return hessian


def _springs(framework: Framework, bonds: BondGraph) -> Iterator[tuple[int, int, Array, float, float]]:
    """Pairs of atoms, the vector from one to the other, Å, and the constants along and across it, eV/Å2."""
    positions, cell = framework.positions, framework.cell
    for atom, row in enumerate(bonds.neighbors):
        ends: list[tuple[int, Array, float]] = []
        for one, shift, _ in row:
            vector = positions[one] + np.array(shift) @ cell - positions[atom]
            bond = _stiffness(framework.symbols[atom], framework.symbols[one], float(np.linalg.norm(vector)))
            # Every bond is met twice, from both of its ends.
            yield atom, one, vector, bond / 2.0, SIDEWAYS * bond / 2.0
            for other, elsewhere, its_bond in ends:
                yield one, other, elsewhere - vector, ANGLE * min(bond, its_bond, BOND), 0.0
            ends.append((one, vector, bond))


def _stiffness(one: str, other: str, length_ang: float) -> float:
    if is_metal(one) or is_metal(other):
        return BOND_OF_METAL
    if "H" in (one, other):
        return BOND_OF_HYDROGEN
    return min(STIFFEST_BOND, BOND * (BOND_LENGTH_ANG / length_ang) ** 5)
