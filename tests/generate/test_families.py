"""Families beside dicarboxylic acids and dinitriles: counted right, drawn once each, with the molecules users know."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from mofa.chemistry import Family, Linker, RawLinker
from mofa.generate import generate
from mofa.generate.azoles import azole_space
from mofa.generate.chains import chain_space
from mofa.generate.fragments import AZOLE_FRAMES, CENTRES
from mofa.generate.library import FAMILIES, enumerate_smiles, library_size, library_space
from mofa.generate.spaces import Union
from mofa.generate.stars import star_space
from mofa.process import process

ACID = Chem.MolFromSmarts("[CX3](=O)[OX2H1]")
PYRIDINE_N = Chem.MolFromSmarts("[nX2H0;r6]")
NEW = tuple(family for family in FAMILIES if family not in (Family.BCA, Family.BZN))
ACIDS = {Family.BCA: 2, Family.TCA: 3, Family.QCA: 4}
WELL_KNOWN = {
    Family.PYR: [
        "c1cc(ccn1)-c1ccncc1",
        "c1cc(ccn1)C#Cc1ccncc1",
        "c1cc(ccn1)/C=C/c1ccncc1",
        "c1cc(ccn1)-c1ccc(cc1)-c1ccncc1",
    ],
    Family.TCA: [
        "OC(=O)c1cc(cc(c1)C(O)=O)C(O)=O",
        "OC(=O)c1ccc(cc1)-c1cc(cc(c1)-c1ccc(cc1)C(O)=O)-c1ccc(cc1)C(O)=O",
        "OC(=O)c1ccc(cc1)-c1nc(nc(n1)-c1ccc(cc1)C(O)=O)-c1ccc(cc1)C(O)=O",
        "OC(=O)c1ccc(cc1)N(c1ccc(cc1)C(O)=O)c1ccc(cc1)C(O)=O",
        "OC(=O)c1ccc(cc1)C#Cc1cc(cc(c1)C#Cc1ccc(cc1)C(O)=O)C#Cc1ccc(cc1)C(O)=O",
    ],
    Family.QCA: [
        "OC(=O)c1cc(c(cc1C(O)=O)C(O)=O)C(O)=O",
        "OC(=O)c1cc(cc(c1)-c1cc(cc(c1)C(O)=O)C(O)=O)C(O)=O",
        "OC(=O)c1cc(cc(c1)-c1ccc(cc1)-c1cc(cc(c1)C(O)=O)C(O)=O)C(O)=O",
        "OC(=O)c1ccc(cc1)C(c1ccc(cc1)C(O)=O)=C(c1ccc(cc1)C(O)=O)c1ccc(cc1)C(O)=O",
        "OC(=O)c1ccc(cc1)-c1cc(-c2ccc(cc2)C(O)=O)c2ccc3c(cc(-c4ccc(cc4)C(O)=O)c4ccc1c2c34)-c1ccc(cc1)C(O)=O",
        "OC(=O)c1ccc(cc1)-c1c2ccc(n2)c(-c2ccc(cc2)C(O)=O)c2ccc([nH]2)c(-c2ccc(cc2)C(O)=O)c2ccc(n2)"
        "c(-c2ccc(cc2)C(O)=O)c2ccc1[nH]2",
    ],
    Family.IMD: [
        "c1c[nH]cn1",
        "Cc1ncc[nH]1",
        "O=Cc1ncc[nH]1",
        "[O-][N+](=O)c1ncc[nH]1",
        "Clc1nc[nH]c1Cl",
        "c1ccc2[nH]cnc2c1",
        "Clc1ccc2[nH]cnc2c1",
        "c1ncc2[nH]cnc2n1",
    ],
}


def heavy_atoms(smiles: str) -> int:
    return int(Chem.MolFromSmiles(smiles).GetNumAtoms())


def without_proton(smiles: str) -> str:
    """The azolate, written the same for both tautomers."""
    molecule = Chem.MolFromSmiles(smiles)
    (proton,) = [atom for atom in molecule.GetAtoms() if atom.GetSymbol() == "N" and atom.GetTotalNumHs()]
    forms = []
    for ring in molecule.GetRingInfo().AtomRings():
        if proton.GetIdx() not in ring:
            continue
        for k in ring:
            other = molecule.GetAtomWithIdx(k)
            if other.GetSymbol() == "N":
                anion = Chem.RWMol(molecule)
                for atom, charge in ((anion.GetAtomWithIdx(proton.GetIdx()), 0), (anion.GetAtomWithIdx(k), -1)):
                    atom.SetNumExplicitHs(0)
                    atom.SetNoImplicit(True)
                    atom.SetFormalCharge(charge)
                Chem.SanitizeMol(anion)
                forms.append(Chem.MolToSmiles(anion))
    return min(forms)


@pytest.mark.parametrize(("family", "smiles"), [(f, smiles) for f, several in WELL_KNOWN.items() for smiles in several])
def test_the_well_known_linkers_are_in_the_library(family: Family, smiles: str) -> None:
    wanted = Chem.CanonSmiles(smiles)
    size = heavy_atoms(wanted)
    stream = islice(enumerate_smiles(family, max_heavy_atoms=size, seed=2), 6000)
    if family is Family.IMD:
        assert without_proton(wanted) in map(without_proton, stream)
    else:
        assert wanted in stream


@pytest.mark.parametrize("family", NEW)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), limit=st.integers(30, 60))
def test_streams_hold_distinct_molecules_with_the_right_ends_within_the_limit(
    family: Family, seed: int, limit: int
) -> None:
    space = library_space(family, limit)
    molecules = [space.molecule(design) for design in islice(space.draws(seed), 12)]
    assert len({Chem.MolToSmiles(molecule) for molecule in molecules}) == len(molecules) == 12
    assert all(molecule.GetNumAtoms() <= limit for molecule in molecules)
    for molecule in molecules:
        assert Chem.GetFormalCharge(molecule) == 0
        assert len(Chem.GetMolFrags(molecule)) == 1
        if family in ACIDS:
            assert len(molecule.GetSubstructMatches(ACID)) == ACIDS[family]
        if family is Family.PYR:
            assert len(molecule.GetSubstructMatches(PYRIDINE_N)) >= 2


@pytest.mark.parametrize(
    ("family", "limit"),
    [(Family.PYR, 13), (Family.TCA, 16), (Family.TCA, 24), (Family.QCA, 19), (Family.IMD, 12)],
)
def test_the_size_is_the_number_of_molecules(family: Family, limit: int) -> None:
    space = library_space(family, limit)
    smiles = [Chem.MolToSmiles(space.molecule(design)) for design in space.draws(1)]
    assert len(set(smiles)) == len(smiles) == space.size() == library_size(family, limit) > 0
    assert max(map(heavy_atoms, smiles)) <= limit


def test_there_are_enough_of_each_family() -> None:
    assert library_size(Family.PYR, 38) >= 10_000
    assert library_size(Family.TCA, 60) >= 1_000
    assert library_size(Family.QCA, 60) >= 500
    assert library_size(Family.IMD, 38) >= 500


@pytest.mark.parametrize("family", [Family.TCA, Family.QCA])
def test_centres_have_as_many_exits_as_the_family_has_ends(family: Family) -> None:
    for centre in CENTRES[family]:
        exits = [atom for atom in Chem.MolFromSmiles(centre.smiles).GetAtoms() if atom.GetAtomicNum() == 0]
        assert len(exits) == ACIDS[family]
        assert {atom.GetIsotope() for atom in exits} == {1}


@pytest.mark.parametrize("family", NEW)
def test_the_seed_decides_the_order_and_the_likely_come_early(family: Family) -> None:
    space = library_space(family, 38)
    one, again, other = (list(islice(space.draws(seed), 30)) for seed in (1, 1, 2))
    assert one == again != other


def test_small_limits_end_the_stream() -> None:
    for family, least in ((Family.PYR, 12), (Family.TCA, 15), (Family.QCA, 18), (Family.IMD, 5)):
        assert library_size(family, least - 1) == 0
        assert list(enumerate_smiles(family, max_heavy_atoms=least - 1)) == []
        assert library_size(family, least) >= 1
        assert heavy_atoms(next(enumerate_smiles(family, max_heavy_atoms=least))) == least


def test_both_sorts_of_tetracarboxylic_acids_are_drawn() -> None:
    space = library_space(Family.QCA, 40)
    assert isinstance(space, Union)
    sorts = [design[0] for design in islice(space.draws(1), 60)]
    assert min(sorts.count(0), sorts.count(1)) > 15
    assert space.size() == star_space(Family.QCA, 40).size() + chain_space(Family.QCA, 40).size()


def test_no_two_azoles_are_one_ligand() -> None:
    space = azole_space(38)
    assert len({without_proton(Chem.MolToSmiles(space.molecule(design))) for design in space.draws(1)}) == space.size()


def test_frames_of_azoles_are_described_right() -> None:
    for frame in AZOLE_FRAMES:
        exits = [atom for atom in Chem.MolFromSmiles(frame.smiles).GetAtoms() if atom.GetAtomicNum() == 0]
        assert sorted(atom.GetIsotope() for atom in exits) == list(range(1, frame.n_exits + 1)) == sorted(frame.mirror)
        assert heavy_atoms(frame.smiles) - len(exits) == frame.n_heavy


def test_nothing_hangs_beside_a_pyridyl_nitrogen() -> None:
    crowded = Chem.MolFromSmarts("[nX2H0;r6]1c([!#1;!R])c[c;R](-[*;R])cc1")
    space = chain_space(Family.PYR)
    for chain in islice(space.draws(3), 100):
        molecule = space.molecule((chain[0], chain[1], chain[-1]))
        assert not molecule.HasSubstructMatch(crowded)


@pytest.mark.engine
@pytest.mark.parametrize(("family", "limit"), [(Family.PYR, 38), (Family.TCA, 38), (Family.QCA, 38), (Family.IMD, 20)])
def test_made_linkers_pass_processing_with_their_ends(family: Family, limit: int) -> None:
    raw = [
        linker
        for batch in generate(family, n=12, seed=3, max_heavy_atoms=limit, generator="library")
        for linker in batch
    ]
    assert len(raw) == 12
    sound = [linker for linker in map(process, raw) if isinstance(linker, Linker)]
    assert len(sound) >= 11
    assert len({linker.key for linker in sound}) == len(sound)
    assert all(isinstance(linker, RawLinker) and len(linker.anchors) == len(sound[0].anchors) for linker in raw)


def test_pyridyls_bind_through_their_ends() -> None:
    for batch in generate(Family.PYR, n=8, seed=2, generator="library"):
        for raw in batch:
            ends = [anchor[0] for anchor in raw.anchors]
            distances = [
                float(((raw.positions[a] - raw.positions[b]) ** 2).sum())
                for a in range(len(raw.symbols))
                for b in range(a)
                if raw.symbols[a] == raw.symbols[b] == "N"
            ]
            assert ((raw.positions[ends[0]] - raw.positions[ends[1]]) ** 2).sum() == max(distances)
