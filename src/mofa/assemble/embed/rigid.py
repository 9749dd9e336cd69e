"""Rigid blocks joined at points: the positions, turns and cell that close all joins as well as they can be closed.

Every join puts points on one another in pairs: the end atom of one block where the other block wants it, the other way
round, and, where planes are to coincide, a point above the plane. The sum of squared gaps is minimised over
translations, rotations and the cell by damped Gauss-Newton steps (Levenberg-Marquardt, DOI 10.1137/0111030), which end
after one or two for straight linkers in fitting nets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_STEPS = 60
_CONVERGED_ANG = 1e-4
_FIRST_DAMPING = 1e-4
_STALLED = 1e-4


@dataclass(frozen=True, eq=False)
class Joins:
    """Joins between blocks, in the blocks' own coordinates; one row per join."""

    a: NDArray[np.int64]
    """Block at the near side, ``[n_joins]``."""
    b: NDArray[np.int64]
    """Block at the far side, ``[n_joins]``."""
    shift: NDArray[np.float64]
    """Cell that the far block is in, ``[n_joins, 3]``."""
    points_a: NDArray[np.float64]
    """End atom of the near block, where it wants the far block's end atom, and a point 1 Å above its own, Å,
    ``[n_joins, 3, 3]``."""
    points_b: NDArray[np.float64]
    """Where the far block wants the near block's end atom, its own end atom, and a point 1 Å above the former, Å,
    ``[n_joins, 3, 3]``."""
    weights: NDArray[np.float64]
    """Of the three pairs of points, 0 for the last where there is no plane, ``[n_joins, 3]``."""


@dataclass(frozen=True, eq=False)
class Pose:
    """Where all blocks are."""

    translations: NDArray[np.float64]
    """``[n_blocks, 3]``, Å."""
    rotations: NDArray[np.float64]
    """Multiplied from the right, ``[n_blocks, 3, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``."""

    def gaps(self, joins: Joins) -> NDArray[np.float64]:
        """Vectors that are zero where the joins are closed, Å, ``[n_joins, 3, 3]``."""
        near, far = self.arms(joins)
        far = far + (self.translations[joins.b] + joins.shift @ self.cell)[:, None, :]
        return np.asarray(near + self.translations[joins.a][:, None, :] - far, dtype=np.float64)

    def arms(self, joins: Joins) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The joins' points on both blocks, turned but not moved, Å, each ``[n_joins, 3, 3]``."""
        return joins.points_a @ self.rotations[joins.a], joins.points_b @ self.rotations[joins.b]


def close_joins(joins: Joins, start: Pose) -> Pose:
    """The pose near `start` in which the joins are closed best.

    Args:
        joins: what is to be joined.
        start: a first guess; the blocks need not be close, but turned about right.
    """
    pose, damping = start, _FIRST_DAMPING
    weights = joins.weights[..., None]
    gaps = pose.gaps(joins) * weights
    square = float((gaps**2).sum())
    for _ in range(MAX_STEPS):
        if np.abs(gaps).max() < _CONVERGED_ANG:
            break
        jacobian = _jacobian(joins, pose)
        normal, slope = jacobian.T @ jacobian, jacobian.T @ gaps.ravel()
        scale = np.diag(normal) + 1e-6
        while damping < 1e6:
            step = np.asarray(np.linalg.solve(normal + np.diag(damping * scale), -slope), dtype=np.float64)
            trial = _moved(pose, step)
            trial_gaps = trial.gaps(joins) * weights
            trial_square = float((trial_gaps**2).sum())
            if trial_square < square:
                break
            damping *= 10.0
        else:
            break
        stalled = square - trial_square < _STALLED * square
        pose, gaps, square, damping = trial, trial_gaps, trial_square, max(damping * 0.1, 1e-9)
        if stalled:
            break
    return pose


def _jacobian(joins: Joins, pose: Pose) -> NDArray[np.float64]:
    """Change of the gaps with translations, turns and cell, ``[9 n_joins, 6 n_blocks + 9]``."""
    n, n_blocks = len(joins.a), len(pose.translations)
    near, far = pose.arms(joins)
    jacobian = np.zeros((n, 3, 3, 6 * n_blocks + 9))
    row = np.arange(n)
    for axis in range(3):
        jacobian[row, :, axis, 3 * joins.a + axis] += 1.0
        jacobian[row, :, axis, 3 * joins.b + axis] -= 1.0
        for k in range(3):
            jacobian[row, :, axis, 6 * n_blocks + 3 * k + axis] = -joins.shift[:, k, None]
    turned_near, turned_far = _cross_matrices(near), _cross_matrices(far)
    for k in range(3):
        jacobian[row, :, :, 3 * (n_blocks + joins.a) + k] += turned_near[..., k]
        jacobian[row, :, :, 3 * (n_blocks + joins.b) + k] -= turned_far[..., k]
    jacobian *= joins.weights[..., None, None]
    return jacobian.reshape(9 * n, -1)


def _cross_matrices(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrices M with ``M w = w x v`` for vectors v, ``[..., 3, 3]``."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    zero = np.zeros_like(x)
    rows = [np.stack(row, axis=-1) for row in ((zero, z, -y), (-z, zero, x), (y, -x, zero))]
    return np.stack(rows, axis=-2)


def _moved(pose: Pose, step: NDArray[np.float64]) -> Pose:
    """The pose after a step of translations, turns and cell."""
    n = len(pose.translations)
    turns = rotations(step[3 * n : 6 * n].reshape(n, 3))
    return Pose(
        pose.translations + step[: 3 * n].reshape(n, 3), pose.rotations @ turns, pose.cell + step[6 * n :].reshape(3, 3)
    )


def rotations(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices (multiplied from the right) of rotation vectors ``[n, 3]``, radians; Rodrigues' formula."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    k = _cross_matrices(vectors)  # w x v as a matrix on w; rows act from the right as the rotation by w does
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1.0, np.sin(safe) / safe)
    cosine = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    return np.asarray(np.eye(3) + sine * k + cosine * (k @ k), dtype=np.float64)
