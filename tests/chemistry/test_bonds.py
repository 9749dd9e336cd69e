from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.chemistry import BondGraph, Framework
from mofa.chemistry.bonds import neighbor_pairs, perceive
from tests.structures import irmof1


@pytest.fixture(scope="module")
def mof5() -> Framework:
    return irmof1()


def test_irmof1_has_the_coordination_of_the_crystal(mof5: Framework) -> None:
    assert mof5.bonds is not None
    found = {(s, int(n)) for s, n in zip(mof5.symbols, mof5.bonds.coordination, strict=True)}
    assert found == {("Zn", 4), ("O", 4), ("O", 2), ("C", 3), ("H", 1)}


def test_irmof1_is_one_framework_of_rank_three(mof5: Framework) -> None:
    assert mof5.bonds is not None
    (component,) = mof5.bonds.components()
    assert len(component[0]) == 106
    assert component[1] == 3


def test_cutting_the_metal_out_leaves_six_linkers_and_two_oxygens(mof5: Framework) -> None:
    assert mof5.bonds is not None
    metals = frozenset(k for k, s in enumerate(mof5.symbols) if s == "Zn")
    sizes = sorted(len(piece) for piece in mof5.bonds.unwrapped_components(metals))
    assert sizes == [1, 1] + [16] * 6


def test_bond_vectors_have_the_bond_lengths(mof5: Framework) -> None:
    assert mof5.bonds is not None
    lengths = np.linalg.norm(mof5.bonds.vectors(mof5.positions, mof5.cell), axis=1)
    assert lengths.min() > 0.9
    assert lengths.max() < 2.1


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=3, max_size=3), st.integers(0, 10_000))
def test_perception_does_not_depend_on_which_image_an_atom_is_given_in(move: list[int], seed: int) -> None:
    mof5 = irmof1()
    assert mof5.bonds is not None
    rng = np.random.default_rng(seed)
    offset = rng.integers(-1, 2, size=(len(mof5), 3)) + np.array(move)
    moved = mof5.positions + offset @ mof5.cell
    again = perceive(mof5.symbols, moved, mof5.cell)
    # atom k now stands at +offset cells, so a bond's shift changes by offset_i - offset_j
    old = mof5.bonds
    rebased = BondGraph(106, old.i, old.j, old.shift + offset[old.i] - offset[old.j], old.order)
    assert again.keys() == rebased.keys()
    before = np.linalg.norm(mof5.bonds.vectors(mof5.positions, mof5.cell), axis=1)
    after = np.linalg.norm(rebased.vectors(moved, mof5.cell), axis=1)
    np.testing.assert_allclose(before, after, atol=1e-9)


def test_an_atom_bonded_to_its_own_image_is_one_bond() -> None:
    chain = perceive(("C",), [[0.0, 0.0, 0.0]], np.diag([1.4, 10.0, 10.0]))
    assert chain.keys() == {(0, 0, -1, 0, 0)}
    assert chain.components() == [((0,), 1)]


def test_neighbor_pairs_agree_with_a_brute_force_count() -> None:
    rng = np.random.default_rng(3)
    cell = np.array([[6.0, 0.0, 0.0], [1.5, 5.5, 0.0], [-1.0, 0.7, 6.5]])
    positions = rng.random((9, 3)) @ cell
    _, _, distance, _ = neighbor_pairs(("C",) * 9, positions, cell, 4.0)
    shifts = np.array(np.meshgrid(*[range(-2, 3)] * 3)).reshape(3, -1).T @ cell
    every = np.linalg.norm(positions[None, :, None] + shifts[None, None] - positions[:, None, None], axis=-1)
    expected = np.sort(every[(every < 4.0) & (every > 1e-9)])[::2]
    np.testing.assert_allclose(np.sort(distance), expected, atol=1e-9)


def test_hydrogen_bonds_to_its_nearest_neighbour_only() -> None:
    graph = perceive(("O", "H", "O"), [[0, 0, 0], [0.98, 0, 0], [2.1, 0, 0]], np.eye(3) * 12)
    assert graph.keys() == {(0, 1, 0, 0, 0)}


def test_paddlewheel_metals_bond_and_zn4o_metals_do_not(mof5: Framework) -> None:
    symbols = ["Zn", "Zn"]
    positions = [[0.0, 0.0, 1.48], [0.0, 0.0, -1.48]]
    for x, y in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        symbols += ["C", "O", "O"]
        positions += [[2.57 * x, 2.57 * y, 0], [1.98 * x, 1.98 * y, 1.11], [1.98 * x, 1.98 * y, -1.11]]
    graph = perceive(tuple(symbols), np.array(positions), np.eye(3) * 20)
    assert (0, 1, 0, 0, 0) in graph.keys()  # noqa: SIM118 (a method, not a dict)
    assert mof5.bonds is not None
    zinc = {k for k, s in enumerate(mof5.symbols) if s == "Zn"}
    assert not any(i in zinc and j in zinc for i, j, *_ in mof5.bonds.keys())  # noqa: SIM118


def test_arrays_are_read_only(mof5: Framework) -> None:
    with pytest.raises(ValueError, match="read-only"):
        mof5.positions[0, 0] = 1.0
    with pytest.raises(ValueError, match="shape"):
        BondGraph(2, np.array([0]), np.array([1]), np.zeros((2, 3)), np.array([1.0]))


@pytest.mark.parametrize(
    ("heavy", "length_ang", "bonded"),
    [
        ("S", 1.36, True),
        ("Si", 1.50, True),
        ("P", 1.44, True),
        ("C", 1.30, True),
        ("C", 1.40, False),
        ("O", 1.40, False),
    ],
)
def test_bonds_to_hydrogen_are_as_long_as_their_element_makes_them(heavy: str, length_ang: float, bonded: bool) -> None:
    graph = perceive((heavy, "H"), [[0.0, 0.0, 0.0], [0.0, 0.0, length_ang]], 10.0 * np.eye(3))
    assert len(graph) == int(bonded)
