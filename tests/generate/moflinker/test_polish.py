"""Positions that are brought to the bonds."""

from __future__ import annotations

import numpy as np
import pytest

from mofa.generate.moflinker.examples import Example
from mofa.generate.moflinker.polish import Drawing, polish
from mofa.generate.moflinker.vocabulary import BOND_ORDERS, ELEMENTS
from tests.generate.moflinker.small import known


def drawing(example: Example, shift: np.ndarray | float = 0.0) -> Drawing:
    bonds = [(int(i), int(j), BOND_ORDERS[kind]) for i, j, kind in example.bonds]
    positions = example.positions.astype(float) + shift
    return Drawing([ELEMENTS[k] for k in example.elements], bonds, positions, example.context.astype(float))


def bond_lengths(of: Drawing, positions: np.ndarray) -> np.ndarray:
    x = np.vstack([of.context[[0, 3]], positions])
    return np.array([np.linalg.norm(x[i] - x[j]) for i, j, _ in of.bonds])


def examples(n: int) -> list[Example]:
    return list(known().examples[:n])


@pytest.mark.parametrize("noise_ang", [0.0, 0.2, 0.4])
def test_bonds_come_back_to_their_lengths(noise_ang: float) -> None:
    rng = np.random.default_rng(1)
    true = examples(12)
    drawn = [drawing(e, rng.normal(0.0, noise_ang, e.positions.shape)) for e in true]
    for of, example, moved in zip(drawn, true, polish(drawn), strict=True):
        off = np.abs(bond_lengths(of, moved) - bond_lengths(of, example.positions.astype(float)))
        assert off.max() < 0.35, "process would refuse a bond that is further off"
        assert np.sqrt(((moved - example.positions) ** 2).sum(1).mean()) < 0.3 + 1.5 * noise_ang


def test_atoms_on_one_spot_part() -> None:
    (example,) = examples(1)
    shift = np.zeros_like(example.positions)
    shift[0] = example.positions[1] - example.positions[0]
    (moved,) = polish([drawing(example, shift)])
    assert np.linalg.norm(moved[0] - moved[1]) > 1.0


def test_a_linker_does_not_feel_the_others_of_its_batch() -> None:
    drawn = [drawing(example) for example in examples(3)]
    for k, together in enumerate(polish(drawn)):
        np.testing.assert_allclose(together, polish(drawn[k : k + 1])[0], atol=1e-9)


def test_nothing_gives_nothing() -> None:
    assert polish([]) == []
