"""Copying a unit cell's terms and folding a supercell's atoms back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mofa.chemistry import Framework
from mofa.chemistry.bond_orders import with_orders
from mofa.validate.supercell import Supercell
from mofa.validate.uff4mof import parametrise
from tests.validate.frameworks import paddlewheel, sheared

repeats = st.tuples(*(st.integers(1, 3),) * 3)


def _framework(seed):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(8, 15, 3)) @ (np.eye(3) + rng.uniform(-0.2, 0.2, (3, 3)))
    cell = cell @ Rotation.random(rng=rng).as_matrix()
    return Framework("random", ("C",) * 5, rng.uniform(-20, 20, (5, 3)), cell)


@given(st.integers(0, 10_000), repeats)
def test_fold_back_undoes_the_supercell(seed, times):
    framework = _framework(seed)
    supercell = Supercell(framework, times)
    back = supercell.fold_back(supercell.positions, supercell.cell)
    np.testing.assert_allclose(back.cell, framework.cell, atol=1e-8)
    np.testing.assert_allclose(back.positions, framework.positions, atol=1e-7)


@given(st.integers(0, 10_000), st.floats(0.9, 1.1))
@settings(max_examples=30)
def test_fold_back_follows_the_cell_and_forgets_drift(seed, scale):
    framework = _framework(seed)
    supercell = Supercell(framework, (2, 2, 2))
    moved = supercell.positions * scale + [3.0, -2.0, 1.0]
    back = supercell.fold_back(moved, scale * supercell.cell)
    np.testing.assert_allclose(back.cell, scale * framework.cell, atol=1e-7)
    np.testing.assert_allclose(back.positions, scale * framework.positions, atol=1e-6)


def test_fold_back_gives_a_real_copy_also_when_rings_have_turned_differently():
    framework = paddlewheel()
    framework = framework.with_bonds(with_orders(framework))
    supercell = Supercell(framework, (2, 2, 2))
    ring = [k for k in range(len(framework)) if framework.symbols[k] in "CH"][2:12]
    positions = supercell.positions.reshape(8, len(framework), 3).copy()
    for copy in range(8):
        for atom in ring:
            x, y, z = positions[copy, atom] - positions[copy, ring].mean(axis=0)
            turn = Rotation.from_rotvec([copy * np.pi / 8, 0, 0])
            positions[copy, atom] = positions[copy, ring].mean(axis=0) + turn.apply([x, y, z])
    back = supercell.fold_back(positions.reshape(-1, 3), supercell.cell)
    before = np.linalg.norm(framework.bonds.vectors(framework.positions, framework.cell), axis=1)
    after = np.linalg.norm(back.bonds.vectors(back.positions, back.cell), axis=1)
    np.testing.assert_allclose(after, before, atol=0.02)


def test_fold_back_prefers_the_copy_that_fits_its_own_images():
    framework = paddlewheel()
    framework = framework.with_bonds(with_orders(framework))
    supercell = Supercell(framework, (2, 2, 2))
    noise = np.random.default_rng(1).normal(0, 0.1, (8, len(framework), 3))
    noise[5] = 0.0
    noise -= noise.mean(axis=(0, 1))  # drift is taken out in any case
    back = supercell.fold_back(supercell.positions + noise.reshape(-1, 3), supercell.cell)
    moved = back.positions - framework.positions
    np.testing.assert_allclose(moved - moved.mean(axis=0), 0.0, atol=1e-9)


def test_copied_terms_keep_their_geometry():
    framework = sheared(paddlewheel())
    terms = parametrise(framework, with_orders(framework))
    supercell = Supercell(framework, (2, 3, 1))
    for name, width, table in terms.tables():
        atoms, shifts = table.arrays(width)
        if name != "bond":
            continue
        copies = supercell.copies(atoms, shifts)
        vectors = supercell.positions[copies[:, 1]] - supercell.positions[copies[:, 0]]
        fractional = np.linalg.solve(supercell.cell.T, vectors.T).T
        lengths = np.linalg.norm((fractional - np.round(fractional)) @ supercell.cell, axis=1)
        expected = np.linalg.norm(with_orders(framework).vectors(framework.positions, framework.cell), axis=1)
        np.testing.assert_allclose(lengths, np.tile(expected, 6), atol=1e-9)
        assert len({tuple(sorted(row)) for row in copies.tolist()}) == len(copies)


def test_every_copy_of_an_atom_carries_the_same_number_of_bonds():
    framework = paddlewheel()
    bonds = with_orders(framework)
    supercell = Supercell(framework, (2, 2, 2))
    table = parametrise(framework, bonds).bonds
    copies = supercell.copies(*table.arrays(2))
    counts = np.bincount(copies.ravel(), minlength=8 * len(framework)).reshape(8, -1)
    assert (counts == bonds.coordination).all()
    assert counts.sum() == pytest.approx(2 * 8 * len(bonds))
