"""Enumeration: one stream for one seed, cores of the right sizes and elements, each with one name."""

from __future__ import annotations

from itertools import islice

import pytest
from rdkit import Chem

from mofa.generate.moflinker.enumeration import CAP_ATOMS, capped, core_atoms, cores, fits, has_usual_rings, identity
from mofa.generate.moflinker.vocabulary import ELEMENTS, MAX_CORE_ATOMS, MIN_CORE_ATOMS

ENUMERATED = list(islice(cores("names"), 200))


def test_a_seed_gives_one_stream_and_another_seed_another() -> None:
    first = [core.smiles for core in islice(cores(3), 20)]
    assert [core.smiles for core in islice(cores(3), 20)] == first
    assert [core.smiles for core in islice(cores("3"), 20)] == first
    assert [core.smiles for core in islice(cores(4), 20)] != first


def test_cores_are_of_the_sizes_and_elements_that_the_models_know() -> None:
    sizes = set()
    for core in ENUMERATED:
        atoms = [core.molecule.GetAtomWithIdx(k) for k in core_atoms(core.molecule)]
        sizes.add(len(atoms))
        assert {atom.GetSymbol() for atom in atoms} <= set(ELEMENTS), core.smiles
        assert Chem.MolFromSmiles(core.smiles).GetNumAtoms() == len(atoms) + 2
    assert MIN_CORE_ATOMS <= min(sizes) <= 8
    assert 18 <= max(sizes) <= MAX_CORE_ATOMS


def test_a_core_keeps_its_name_when_it_is_capped_again() -> None:
    for core in ENUMERATED:
        assert core.smiles.count("*") == 2
        again = capped(core.smiles)
        assert again is not None, core.smiles
        assert identity(again) == identity(core.molecule) == core.smiles
        assert fits(again)


def test_the_caps_come_first_and_last() -> None:
    for core in ENUMERATED[:50]:
        n = core.molecule.GetNumAtoms()
        for anchor in (0, n - CAP_ATOMS):
            cap = set(range(anchor, anchor + CAP_ATOMS))
            outside = [a.GetIdx() for a in core.molecule.GetAtomWithIdx(anchor).GetNeighbors() if a.GetIdx() not in cap]
            assert len(outside) == 1
            assert outside[0] in core_atoms(core.molecule)
            assert all(core.molecule.GetAtomWithIdx(k).GetIsAromatic() for k in cap)


def test_every_open_chain_double_bond_of_a_drawn_core_is_marked_e() -> None:
    trans = 0
    for core in ENUMERATED:
        stiff = [bond for bond in core.molecule.GetBonds() if _could_be_e_or_z(bond)]
        trans += len(stiff)
        assert {bond.GetStereo() for bond in stiff} <= {Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS}
        assert not set("/\\@") & set(core.smiles)
    assert trans > 20


def _could_be_e_or_z(bond: Chem.Bond) -> bool:
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    return bond.GetBondTypeAsDouble() == 2 and not bond.IsInRing() and all(end.GetDegree() == 2 for end in ends)


@pytest.mark.parametrize(
    "smiles",
    [
        "*c1ccccc1",
        "*c1cc(*)cc(*)c1",
        "**",
        "*=CC=*",
        "not a molecule",
        "c1ccccc1",
        "*c1ccc(*)c(c1)-*",
    ],
)
def test_what_has_no_two_ends_is_no_core(smiles: str) -> None:
    assert capped(smiles) is None


def test_sizes_elements_and_rings_outside_the_vocabulary_do_not_fit() -> None:
    for smiles in ("*C#C*", "*c1ccc(*)c(I)c1", "*" + 21 * "C" + "*", "*c1ccc(*)c([SiH3])c1"):
        assert not fits(capped(smiles)), smiles
    assert has_usual_rings(capped("*c1ccc(*)cc1"))
    assert not has_usual_rings(capped("*c1ccc2c(c1)-c1ccc(*)cc1-2"))
    assert not has_usual_rings(capped("*C1CC1c1ccc(*)cc1"))
