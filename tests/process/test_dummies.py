"""Dummy atoms: where the metal goes at every sort of end, whatever way the linker lies; conformer classes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mofa.chemistry import AnchorKind, Family, Linker, RawLinker
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.chemistry.molecules import from_smiles
from mofa.process import process
from mofa.process.dummies import conformer_class

LINKERS = {
    "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1": (Family.TCA, "planar"),
    "O=C(O)c1ccc(-c2cc(-c3ccc(C(=O)O)cc3)cc(-c3ccc(C(=O)O)cc3)c2)cc1": (Family.TCA, "planar"),
    "O=C(O)CN(CC(=O)O)CC(=O)O": (Family.TCA, "pyramidal"),
    "O=C(O)c1cc(C(=O)O)c(C(=O)O)cc1C(=O)O": (Family.QCA, "planar"),
    "O=C(O)c1ccc(C(c2ccc(C(=O)O)cc2)(c2ccc(C(=O)O)cc2)c2ccc(C(=O)O)cc2)cc1": (Family.QCA, "tetrahedral"),
    "O=C(O)c1cc(C(=O)O)cc(-c2cc(C(=O)O)cc(C(=O)O)c2)c1": (Family.QCA, "twisted"),
    "c1cc(-c2ccncc2)ccn1": (Family.PYR, "linear"),
    "C1CN2CCN1CC2": (Family.AMN, "linear"),
    "c1c[nH]cn1": (Family.IMD, "ring"),
    "c1nc[nH]n1": (Family.IMD, "ring"),
}


@lru_cache
def linker_of(smiles: str) -> Linker:
    raw = from_smiles(smiles, seed=1)
    assert isinstance(raw, RawLinker), raw
    linker = process(raw)
    assert isinstance(linker, Linker), linker
    return linker


@pytest.mark.parametrize("smiles", LINKERS)
def test_every_end_has_its_dummy_on_the_right_atom(smiles: str) -> None:
    family, conformer = LINKERS[smiles]
    linker = linker_of(smiles)
    ends = ENDS_OF_FAMILY[family]
    assert linker.family is family
    assert linker.conformer == conformer
    assert [anchor.kind for anchor in linker.anchors] == [ends.kind] * ends.count
    for anchor in linker.anchors:
        dummy, atom = linker.symbols[anchor.dummy], linker.symbols[anchor.neighbor]
        assert (dummy, atom) == (("At", "C") if ends.kind is AnchorKind.CARBOXYLATE else ("Fr", "N"))
    assert "O" not in linker.symbols


@pytest.mark.parametrize("smiles", [s for s, (family, _) in LINKERS.items() if family in ("PYR", "AMN", "IMD")])
def test_francium_lies_on_the_lone_pair_of_its_nitrogen(smiles: str) -> None:
    linker = linker_of(smiles)
    dummies = {anchor.dummy for anchor in linker.anchors}
    for anchor in linker.anchors:
        nitrogen = linker.positions[anchor.neighbor]
        outward = linker.positions[anchor.dummy] - nitrogen
        assert np.linalg.norm(outward) == pytest.approx(2.0)
        around = [b.i + b.j - anchor.neighbor for b in linker.bonds if anchor.neighbor in (b.i, b.j)]
        arms = [linker.positions[k] - nitrogen for k in around if k not in dummies]
        angles = [np.degrees(np.arccos(outward @ arm / (2.0 * np.linalg.norm(arm)))) for arm in arms]
        assert max(angles) - min(angles) < 4.0
        assert min(angles) > 100.0


@pytest.mark.parametrize("smiles", ["c1c[nH]cn1", "c1nc[nH]n1", "c1ncc2nc[nH]c2n1"])
def test_the_proton_of_an_azole_is_gone(smiles: str) -> None:
    linker = linker_of(smiles)
    on_nitrogen = [b for b in linker.bonds if {linker.symbols[b.i], linker.symbols[b.j]} == {"N", "H"}]
    assert not on_nitrogen
    assert linker.smiles.count("[nH]") == 1


@pytest.mark.parametrize("smiles", LINKERS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_conformer_class_stands_turns_renumbering_and_noise(smiles: str, seed: int) -> None:
    linker = linker_of(smiles)
    rng = np.random.default_rng(seed)
    positions = Rotation.random(rng=rng).apply(np.array(linker.positions)) + rng.normal(0.0, 5.0, 3)
    anchors = tuple(linker.anchors[k] for k in rng.permutation(len(linker.anchors)))
    shaken = positions + rng.normal(0.0, 0.03, positions.shape)
    assert conformer_class(positions, anchors) == linker.conformer
    assert conformer_class(shaken, anchors) == linker.conformer


def test_exits_that_rise_to_both_sides_are_a_class_of_their_own() -> None:
    linker = linker_of("O=C(O)CN(CC(=O)O)CC(=O)O")
    dummies = linker.positions[[anchor.dummy for anchor in linker.anchors]]
    normal = np.cross(dummies[1] - dummies[0], dummies[2] - dummies[0])
    normal /= np.linalg.norm(normal)
    positions = np.array(linker.positions)
    last = linker.anchors[2]
    # The third neighbour mirrored through the plane of the dummies: its exit now rises to the other side.
    positions[last.neighbor] -= 2.0 * ((positions[last.neighbor] - dummies[0]) @ normal) * normal
    assert conformer_class(positions, linker.anchors) == "mixed"
    assert conformer_class(positions, replace(linker, positions=positions).anchors[::-1]) == "mixed"
