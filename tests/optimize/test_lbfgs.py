"""Steps go downhill, are capped, and know which motions are stiff."""

from __future__ import annotations

import numpy as np
import pytest

from mofa.chemistry import BondGraph, Framework
from mofa.optimize.lbfgs import Lbfgs
from mofa.optimize.model_hessian import EVERY_ATOM, model_hessian, model_solver
from tests.structures import irmof1


def quadratic(n: int = 12) -> np.ndarray:
    """A symmetric, positive definite matrix with eigenvalues from 1 to 1000."""
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(n, n)))
    return rotation @ np.diag(np.logspace(0, 3, n)) @ rotation.T


def minimise(minimiser: Lbfgs, hessian: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    for _ in range(steps):
        minimiser.learn(x, hessian @ x)
        x = minimiser.next()
    return x


def test_an_exact_model_needs_one_step() -> None:
    hessian = quadratic()
    start = np.full(12, 0.01)
    assert np.abs(minimise(Lbfgs(lambda g: np.linalg.solve(hessian, g), 1.0), hessian, start, 1)).max() < 1e-12


def test_a_poor_model_gets_better_on_the_way() -> None:
    hessian = quadratic()
    start = np.full(12, 0.1)
    end = minimise(Lbfgs(lambda g: g / 1000.0, 1.0), hessian, start, 60)
    assert end @ hessian @ end < 1e-6 * (start @ hessian @ start)


def test_steps_are_capped_by_the_farthest_triple() -> None:
    minimiser = Lbfgs(lambda g: g, 0.2)
    minimiser.learn(np.zeros(6), np.array([3.0, 4.0, 0.0, 0.0, 0.0, 1.0]))
    np.testing.assert_allclose(minimiser.next(), [-0.12, -0.16, 0.0, 0.0, 0.0, -0.04])


def test_negative_curvature_is_not_learnt() -> None:
    minimiser = Lbfgs(lambda g: g, 1.0)
    minimiser.learn(np.zeros(3), np.array([1.0, 0.0, 0.0]))
    minimiser.learn(np.array([-0.1, 0.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    assert minimiser.steps == []
    assert minimiser.next()[0] < -0.1


def test_nothing_learnt() -> None:
    with pytest.raises(ValueError, match="no gradient"):
        Lbfgs(lambda g: g, 1.0).next()


def test_model_hessian_has_no_unstable_motion_and_lets_the_crystal_shift() -> None:
    framework = irmof1()
    assert framework.bonds is not None
    hessian = model_hessian(framework, framework.bonds, 16.0)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    assert np.linalg.eigvalsh(hessian)[0] > 0.5 * EVERY_ATOM
    shift = np.zeros(len(hessian))
    shift[0 : 3 * len(framework) : 3] = 1.0
    assert shift @ hessian @ shift == pytest.approx(EVERY_ATOM * len(framework))


def test_model_hessian_stretches_bonds_with_the_cell() -> None:
    """A bond that reaches over the face of the cell is stretched by the cell, with its atoms at rest."""
    bonds = BondGraph(2, np.array([0]), np.array([1]), np.array([[-1, 0, 0]]), np.array([1.0]))
    chain = Framework("chain", ("C", "C"), np.array([[0.1, 5.0, 5.0], [8.7, 5.0, 5.0]]), 10.0 * np.eye(3), bonds)
    scale, strain = 10.0, 1e-3
    none = BondGraph(2, np.zeros(0), np.zeros(0), np.zeros((0, 3)), np.zeros(0))
    stretch = np.zeros(15)
    stretch[6] = scale * strain
    gained = stretch @ (model_hessian(chain, bonds, scale) - model_hessian(chain, none, scale)) @ stretch
    assert gained == pytest.approx(40.0 * (1.4 * strain) ** 2)


def test_solver_inverts_the_model() -> None:
    framework = irmof1()
    assert framework.bonds is not None
    gradient = np.random.default_rng(0).normal(size=3 * len(framework) + 9)
    step = model_solver(framework, framework.bonds, 16.0)(gradient)
    np.testing.assert_allclose(model_hessian(framework, framework.bonds, 16.0) @ step, gradient, atol=1e-8)
