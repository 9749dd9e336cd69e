"""From whole linkers back to their cores."""

from __future__ import annotations

import pytest
from rdkit import Chem

from mofa.chemistry import Family
from mofa.generate.moflinker.enumeration import capped, identity
from mofa.generate.moflinker.linkers import core_of
from tests.generate.graph.cores import enumerated, whole


@pytest.mark.parametrize("family", [Family.BCA, Family.BZN])
def test_every_core_is_found_again_between_its_prompts(family: Family) -> None:
    for core in enumerated(120):
        assert core_of(whole(core, family), family) == core == identity(capped(core))


def test_double_bond_geometry_and_the_way_of_writing_do_not_matter() -> None:
    smiles = "OC(=O)c1ccc(cc1)/C=C/c1ccc(cc1)-c1ccc(cc1)C(=O)O"
    core = "*C=Cc1ccc(*)cc1"
    assert core_of(smiles, Family.BCA) == core
    molecule = Chem.MolFromSmiles(smiles)
    assert core_of(Chem.MolToSmiles(molecule, doRandom=True), Family.BCA) == core


def test_of_three_prompts_the_two_farthest_apart_are_the_ends() -> None:
    third = "c5ccc(cc5)C(=O)O"
    core = core_of(f"OC(=O)c1ccc(cc1)-c1c(-{third})cc(cc1)C#Cc1ccc(cc1)C(=O)O", Family.BCA)
    assert core == "*C#Cc1ccc(*)c(-c2ccc(C(=O)O)cc2)c1"


@pytest.mark.parametrize(
    ("smiles", "family", "why"),
    [
        ("OC(=O)c1ccc(cc1)C(=O)O", Family.BCA, "one ring holds both acids"),
        ("OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O", Family.BCA, "no core"),
        ("OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O", Family.BCA, "two core atoms"),
        ("OC(=O)c1cccc(c1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O", Family.BCA, "joined in meta"),
        ("OC(=O)c1ccc(c(F)c1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O", Family.BCA, "a substituted prompt"),
        ("OC(=O)c1ccc(cc1)-c1ccc([Si](C)(C)C)c(c1)-c1ccc(cc1)C(=O)O", Family.BCA, "an element that is not known"),
        ("OC(=O)c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O", Family.BZN, "the other family"),
        ("OC(=O)c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O", Family.PYR, "a family without prompts"),
        ("N#Cc1ccc(cc1)" + "-c1ccc(cc1)" * 4 + "-c1ccc(cc1)C#N", Family.BZN, "24 core atoms"),
        ("not a molecule", Family.BCA, "no molecule"),
    ],
)
def test_what_is_no_core_between_two_prompts_is_not_taken(smiles: str, family: Family, why: str) -> None:
    assert core_of(smiles, family) is None, why
