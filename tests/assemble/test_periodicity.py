"""Pieces and nets of periodic graphs, against cases that are known by construction."""

from itertools import product

import numpy as np
import pytest

from mofa.assemble.topology.periodicity import n_nets, pieces
from mofa.chemistry import BondGraph


def graph(n_atoms: int, bonds: list[tuple[int, int, tuple[int, int, int]]]) -> BondGraph:
    i, j, shift = zip(*bonds, strict=True)
    return BondGraph(n_atoms, np.array(i), np.array(j), np.array(shift), np.zeros(len(bonds)))


def cubic(steps: list[tuple[int, int, int]]) -> BondGraph:
    return graph(1, [(0, 0, step) for step in steps])


def test_a_molecule_a_chain_a_layer_and_a_net() -> None:
    molecule = graph(2, [(0, 1, (0, 0, 0))])
    chain = cubic([(0, 1, 0)])
    layer = cubic([(1, 0, 0), (1, 1, 0)])
    net = cubic([(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    assert [[p.rank for p in pieces(g)] for g in (molecule, chain, layer, net)] == [[0], [1], [2], [3]]
    assert [n_nets(g) for g in (molecule, chain, layer, net)] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("steps", "copies"),
    [
        ([(1, 0, 0), (0, 1, 0), (0, 0, 2)], 2),
        ([(0, 1, 1), (1, 0, 1), (1, 1, 0)], 2),
        ([(-1, 1, 1), (1, -1, 1), (1, 1, -1)], 4),
        ([(2, 3, 0), (1, 1, 0), (0, 0, 1), (0, 0, 3)], 1),
    ],
)
def test_nets_that_only_a_translation_tells_apart_are_counted(steps: list[tuple[int, int, int]], copies: int) -> None:
    assert n_nets(cubic(steps)) == copies
    assert copies in (1, abs(round(np.linalg.det(np.array(steps[:3])))))


def test_the_number_of_nets_does_not_depend_on_the_cell() -> None:
    """The doubled cell of two interpenetrating nets, in which they are two pieces."""
    primitive = [(0, 1, 1), (1, 0, 1), (1, 1, 0)]
    corners = list(product((0, 1), repeat=3))
    bonds = []
    for number, corner in enumerate(corners):
        for step in primitive:
            there = np.add(corner, step)
            inside = tuple(int(x) for x in there % 2)
            bonds.append((number, corners.index(inside), tuple(int(x) for x in there // 2)))
    doubled = graph(8, bonds)
    assert n_nets(doubled) == n_nets(cubic(primitive)) == 2
    assert len(pieces(doubled)) == 2
