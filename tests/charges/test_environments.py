"""Names of bond environments."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from mofa.charges.environments import LEVELS, environments
from tests.structures import dry_ice, irmof1


def test_irmof1_has_its_seven_sites() -> None:
    found = Counter(environments(irmof1()))
    assert found == {
        ("Zn4", "Zn(O,O,O,O)", "Zn(O(C,Zn),O(C,Zn),O(C,Zn),O(Zn,Zn,Zn,Zn))"): 8,
        ("O4", "O(Zn,Zn,Zn,Zn)", "O(Zn(O,O,O,O),Zn(O,O,O,O),Zn(O,O,O,O),Zn(O,O,O,O))"): 2,
        ("O2", "O(C,Zn)", "O(C(C,O,O),Zn(O,O,O,O))"): 24,
        ("C3", "C(C,O,O)", "C(C(C,C,C),O(C,Zn),O(C,Zn))"): 12,
        ("C3", "C(C,C,C)", "C(C(C,C,H),C(C,C,H),C(C,O,O))"): 12,
        ("C3", "C(C,C,H)", "C(C(C,C,C),C(C,C,H),H(C))"): 24,
        ("H1", "H(C)", "H(C(C,C,H))"): 24,
    }


def test_finer_levels_refine_coarser_ones() -> None:
    for names in zip(*environments(irmof1()), strict=True):
        assert len(names) == len(irmof1())
    for level in range(1, LEVELS):
        parents: dict[str, set[str]] = {}
        for names in environments(irmof1()):
            parents.setdefault(names[level], set()).add(names[level - 1])
        assert all(len(coarse) == 1 for coarse in parents.values())


def test_names_follow_the_atoms_not_their_order() -> None:
    framework = irmof1()
    order = np.random.default_rng(1).permutation(len(framework))
    moved = replace(
        framework, symbols=tuple(framework.symbols[k] for k in order), positions=framework.positions[order], bonds=None
    )
    plain = environments(framework)
    assert environments(moved) == [plain[k] for k in order]


def test_its_own_bonds_count_where_a_framework_has_some() -> None:
    stretched = dry_ice().with_geometry(dry_ice().positions * 1.6, dry_ice().cell * 1.6)
    assert environments(stretched) == environments(dry_ice())
    assert environments(replace(stretched, bonds=None))[0][0] == "C0"
