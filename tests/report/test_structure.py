from __future__ import annotations

from collections import Counter

import numpy as np

from mofa.report.structure import scene
from tests.structures import irmof1


def _lengths(scene) -> np.ndarray:
    points = np.array(scene["x"]).reshape(-1, 3) / 100
    bonds = np.array(scene["b"]).reshape(-1, 2)
    return np.linalg.norm(points[bonds[:, 0]] - points[bonds[:, 1]], axis=1)


def test_bonds_in_the_scene_have_the_lengths_of_the_structure():
    mof = irmof1()
    expected = np.linalg.norm(mof.bonds.vectors(mof.positions, mof.cell), axis=1)
    drawn = _lengths(scene(mof))
    assert drawn.max() < expected.max() + 0.02
    assert drawn.min() > expected.min() - 0.02


def test_units_are_whole_and_the_cell_shows_all_its_corners():
    mof = irmof1()
    drawn = scene(mof)
    counts = Counter(drawn["e"][k]["symbol"] for k in drawn["a"])
    ours = Counter(mof.symbols)
    assert all(counts[symbol] >= ours[symbol] for symbol in ours)
    assert counts["Zn"] > ours["Zn"]
    # Nodes come with six carboxylates for four zincs, linkers as rings of six carbons and four hydrogens.
    assert counts["C"] == 6 * counts["Zn"] // 4 + 6 * counts["H"] // 4
    assert counts["O"] == 13 * counts["Zn"] // 4


def test_atoms_that_were_wrapped_or_moved_by_cells_give_the_same_picture():
    mof = irmof1()
    moved = mof.with_geometry(mof.positions + mof.cell[0] - 2 * mof.cell[2], mof.cell)
    assert scene(moved)["x"] == scene(mof)["x"]
