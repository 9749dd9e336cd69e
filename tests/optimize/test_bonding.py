"""A changed bond is found and named; a moved one is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mofa.chemistry import Framework, Reason, Rejected
from mofa.optimize.bonding import refuse_changed_bonds
from tests.structures import irmof1


def moved(framework: Framework, atom: int, by: np.ndarray) -> Framework:
    positions = np.array(framework.positions)
    positions[atom] += by
    return framework.with_geometry(positions, framework.cell)


def test_scaling_and_vibration_keep_the_bonds() -> None:
    framework = irmof1()
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.02, (len(framework), 3))
    after = framework.with_geometry(framework.positions * 1.02 + noise, framework.cell * 1.02)
    assert refuse_changed_bonds(framework, after) is None


def test_lost_hydrogen_is_named() -> None:
    framework = irmof1()
    assert framework.bonds is not None
    hydrogen = framework.symbols.index("H")
    carbon, shift, _ = framework.bonds.neighbors[hydrogen][0]
    bond = framework.positions[hydrogen] - framework.positions[carbon] - np.array(shift) @ framework.cell
    result = refuse_changed_bonds(framework, moved(framework, hydrogen, 0.6 * bond))
    assert isinstance(result, Rejected)
    assert result.reason is Reason.BONDING
    assert result.atoms == tuple(sorted((carbon, hydrogen)))
    assert "lost 1: " in result.detail
    assert "H1" in result.detail


def test_metal_metal_contacts_do_not_count() -> None:
    pair = Framework("pair", ("Zn", "Zn"), np.array([[0.0, 0, 0], [2.9, 0, 0]]), 12.0 * np.eye(3))
    assert refuse_changed_bonds(pair, moved(pair, 1, np.array([0.5, 0, 0]))) is None


def test_a_bond_that_dynamics_had_stretched_may_come_back() -> None:
    relaxed = irmof1()
    assert relaxed.bonds is not None
    zinc = relaxed.symbols.index("Zn")
    oxygen, shift, _ = relaxed.bonds.neighbors[zinc][0]
    bond = relaxed.positions[zinc] - relaxed.positions[oxygen] - np.array(shift) @ relaxed.cell
    stretched = moved(relaxed, zinc, 0.3 * bond)
    assert refuse_changed_bonds(stretched, relaxed) is None
    assert refuse_changed_bonds(replace(stretched, bonds=None), relaxed) is not None
