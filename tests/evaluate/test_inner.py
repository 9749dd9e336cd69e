"""The inside of linkers: prompts found and cut off, and what makes two linkers the same."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from rdkit import Chem

from mofa.chemistry import Family, Linker, RawLinker
from mofa.chemistry.molecules import from_smiles
from mofa.evaluate import gate
from mofa.evaluate.features import features_of
from mofa.evaluate.inner import identity_of, inner_of
from mofa.generate.moflinker.conformers import featurize
from mofa.generate.moflinker.enumeration import cores
from mofa.generate.moflinker.prompts import raw_linker_of


def sound(smiles: str) -> tuple[RawLinker, Linker]:
    raw = from_smiles(smiles)
    assert isinstance(raw, RawLinker)
    linker = gate(raw)
    assert isinstance(linker, Linker)
    return raw, linker


@pytest.mark.parametrize("family", [Family.BCA, Family.BZN])
def test_the_identity_of_a_whole_linker_is_that_of_its_core(family: Family) -> None:
    seen = 0
    for core in islice(cores("inner"), 6):
        example = featurize(core.molecule, seed=1)
        if example is None:
            continue
        raw = raw_linker_of(example, family, source="test")
        linker = gate(raw)
        if not isinstance(linker, Linker):
            continue
        seen += 1
        features = features_of(raw, linker)
        assert features.key == core.smiles == identity_of(linker.smiles) == identity_of(core.smiles)
        assert features.core_atoms == example.n_atoms == sum(count for _, count in features.elements)
        meant = float(np.linalg.norm(example.context[3] - example.context[0]))
        assert features.anchor_distance_ang == pytest.approx(meant, abs=0.35)
        assert features.relaxation_rmsd_ang is not None
        assert features.relaxation_rmsd_ang < 0.3
    assert seen >= 4


@pytest.mark.parametrize(
    "smiles",
    [
        "OC(=O)c1ccc(cc1)C(=O)O",  # one ring cannot be two prompts
        "OC(=O)c1ccc(c(F)c1)C#Cc1ccc(C(=O)O)cc1",  # a prompt has nothing else on it
        "OC(=O)c1ccc2cc(C(=O)O)ccc2c1",
    ],
)
def test_other_ends_are_no_prompts(smiles: str) -> None:
    raw, linker = sound(smiles)
    inner = inner_of(Chem.MolFromSmiles(smiles), Family.BCA)
    assert not inner.has_prompts
    assert "*" not in inner.key
    assert len(inner.atoms) == Chem.MolFromSmiles(smiles).GetNumAtoms() - 6  # without the acids
    assert features_of(raw, linker).anchor_distance_ang is None


def test_geometry_of_a_straight_and_a_bent_linker() -> None:
    straight = features_of(*sound("N#Cc1ccc(cc1)C#Cc1ccc(C#N)cc1"))
    bent = features_of(*sound("N#Cc1ccc(cc1)c1cccc(c1)c1ccc(C#N)cc1"))
    assert straight.exit_angle_deg == pytest.approx(180, abs=5)
    assert bent.exit_angle_deg == pytest.approx(120, abs=10)
    assert straight.anchor_distance_ang == pytest.approx(4.05, abs=0.1)
    assert straight.ring_sizes == ((6, 2),)


def test_rotatable_bonds_and_tetrahedral_carbons() -> None:
    assert features_of(*sound("OC(=O)c1ccc(cc1)C(=O)O")).rotatable_bonds == 0
    chain = features_of(*sound("OC(=O)c1ccc(cc1)CCNc1ccc(C(=O)O)cc1"))
    assert chain.rotatable_bonds == 4
    assert chain.sp3_fraction == 1.0
    assert chain.polar_atoms == 1
