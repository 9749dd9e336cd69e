"""Lessons: a linker that was processed gives back the core that it was made of."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from mofa.build import linkers_of
from mofa.chemistry import Family, Linker, RawLinker
from mofa.generate.moflinker.conformers import conformer, example_of
from mofa.generate.moflinker.enumeration import capped, core_atoms
from mofa.generate.moflinker.examples import Example
from mofa.generate.moflinker.graphs import core_smiles
from mofa.generate.moflinker.lessons import example_of_linker
from mofa.generate.moflinker.prompts import raw_linker_of
from mofa.generate.moflinker.vocabulary import BOND_ORDERS, ELEMENTS, FAMILIES
from mofa.process import process
from tests.generate.linkers import flat_linker
from tests.generate.moflinker.small import known


def name_of(example: Example) -> str:
    bonds = [(int(i), int(j), BOND_ORDERS[kind]) for i, j, kind in example.bonds]
    symbols = [ELEMENTS[k] for k in example.elements]
    return core_smiles(symbols, bonds, example.hydrogens.tolist(), example.charges.tolist())


def processed(example: Example, family: Family) -> Linker:
    linker = process(raw_linker_of(example, family, source="test/1"))
    assert isinstance(linker, Linker), str(linker)
    return linker


@pytest.mark.parametrize("family", FAMILIES)
def test_a_processed_linker_gives_back_its_core(family: Family) -> None:
    for k, example in enumerate(known().examples):
        if k % 2 == FAMILIES.index(family):
            continue
        back = example_of_linker(processed(example, family))
        assert back is not None, known().smiles[k]
        assert name_of(back) == known().smiles[k]
        assert sorted(back.elements) == sorted(example.elements)
        assert back.hydrogens.sum() == example.hydrogens.sum()
        assert sorted(back.charges) == sorted(example.charges)
        assert np.abs(_anchors(back) - _anchors(example)).max() < 0.5
        assert np.linalg.norm(back.context[1] - back.context[0]) == pytest.approx(1.40, abs=0.03)
        assert np.abs(back.context[[0, 3]].mean(0)).max() < 1e-5


def _anchors(example: Example) -> np.ndarray:
    return example.context[[0, 3]]


@pytest.mark.parametrize(
    "core",
    [
        "*c1cc(F)c(*)[nH]1",
        "*c1ccc2[nH]c(*)cc2c1",
        "*c1n[nH]c(*)c1C",
        "*c1ccc(*)c([N+](=O)[O-])c1",
        "*n1cc(*)cc1C",
        "*N1C(=O)c2cc3c(cc2C1=O)C(=O)N(*)C3=O",
        "*c1ccc(*)[n+]([O-])c1",
        "*C1CCN(*)CC1",
    ],
)
def test_nitrogen_has_the_charge_that_it_has(core: str) -> None:
    molecule = capped(core)
    whole = conformer(molecule, seed=3)
    assert whole is not None
    example = example_of(whole, core_atoms(molecule))
    assert example is not None
    back = example_of_linker(processed(example, Family.BCA))
    assert back is not None
    assert name_of(back) == name_of(example) == Chem.CanonSmiles(core)


@pytest.mark.parametrize(
    ("smiles", "family"),
    [
        ("OC(=O)c1ccc(C(=O)O)cc1", Family.BCA),
        ("OC(=O)CCC(=O)O", Family.BCA),
        ("N#CCCC#N", Family.BZN),
        ("OC(=O)c1cccc(-c2ccc(-c3ccc(C(=O)O)cc3)cc2)c1", Family.BCA),
        ("OC(=O)c1ccc(-c2ccc(C(=O)O)cc2)cc1", Family.BCA),
        ("OC(=O)c1ccc(cc1F)-c1ccc(cc1)-c1ccc(C(=O)O)cc1", Family.BCA),
        ("OC(=O)c1ccc(cn1)-c1ccc(cc1)-c1ccc(C(=O)O)cc1", Family.BCA),
    ],
)
def test_what_is_no_core_between_two_prompts_gives_no_example(smiles: str, family: Family) -> None:
    (raw,) = linkers_of(smiles, 1)
    assert isinstance(raw, RawLinker)
    assert raw.family is family
    linker = process(raw)
    assert isinstance(linker, Linker), str(linker)
    assert example_of_linker(linker) is None


def test_other_families_and_linkers_without_3d_give_no_example() -> None:
    assert example_of_linker(flat_linker("c1cc(-c2ccncc2)ccn1", Family.PYR)) is None
    assert example_of_linker(flat_linker("OC(=O)c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O", Family.BCA)) is None
