"""Ends of linkers: which groups bind, which family follows, and what a molecule with too few is told."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mofa.chemistry import Bond, Family, Linker, RawLinker, Reason, Rejected
from mofa.chemistry.anchors import anchor_groups, choose_anchors, detect_family
from mofa.chemistry.molecules import from_smiles
from mofa.chemistry.molfiles import read_linkers, write_sdf
from mofa.process import process

FAMILIES = {
    "O=C(O)c1ccc(C(=O)O)cc1": Family.BCA,
    "N#Cc1ccc(C#N)cc1": Family.BZN,
    "c1cc(-c2ccncc2)ccn1": Family.PYR,
    "c1cnccn1": Family.PYR,
    "c1cn(-c2ccc(-n3ccnc3)cc2)cn1": Family.PYR,
    "C1CN2CCN1CC2": Family.AMN,
    "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1": Family.TCA,
    "O=C(O)CN(CC(=O)O)CC(=O)O": Family.TCA,
    "O=C(O)c1cc(C(=O)O)cc(-c2cc(C(=O)O)cc(C(=O)O)c2)c1": Family.QCA,
    "O=C(O)c1c(C(=O)O)c(C(=O)O)c(C(=O)O)c(C(=O)O)c1C(=O)O": Family.BCA,
    "c1c[nH]cn1": Family.IMD,
    "c1ccc2[nH]cnc2c1": Family.IMD,
    "c1nc[nH]n1": Family.IMD,
    "c1nnn[nH]1": Family.IMD,
    "c1ncc2nc[nH]c2n1": Family.IMD,
    "c1cc(-c2nnc(-c3ccncc3)[nH]2)ccn1": Family.PYR,
}
N_ENDS = {Family.TCA: 3, Family.QCA: 4}


@lru_cache
def raw(smiles: str, family: Family | None = None) -> RawLinker:
    linker = from_smiles(smiles, family=family, seed=1)
    assert isinstance(linker, RawLinker), linker
    return linker


@pytest.mark.parametrize(("smiles", "family"), FAMILIES.items())
def test_the_family_follows_from_the_groups_that_bind(smiles: str, family: Family) -> None:
    linker = raw(smiles)
    assert linker.family is family
    assert len(linker.anchors) == N_ENDS.get(family, 2)


@pytest.mark.parametrize("smiles", FAMILIES)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_ends_depend_on_neither_numbering_nor_orientation(smiles: str, data: st.DataObject) -> None:
    linker = raw(smiles)
    n = len(linker.symbols)
    order = data.draw(st.permutations(range(n)))
    turn = Rotation.random(rng=np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))))
    place = {old: new for new, old in enumerate(order)}
    symbols = tuple(linker.symbols[k] for k in order)
    bonds = tuple(Bond(place[b.i], place[b.j], b.order) for b in linker.bonds or ())
    hydrogens = tuple((linker.hydrogens or ())[k] for k in order)
    positions = turn.apply(linker.positions[list(order)]) + 5.0
    assert detect_family(symbols, bonds, positions, hydrogens) is linker.family
    groups = anchor_groups(linker.family, symbols, bonds, positions, hydrogens)
    before = anchor_groups(linker.family, linker.symbols, linker.bonds or (), linker.positions, linker.hydrogens)
    assert {frozenset(order[k] for k in group) for group in groups} == {frozenset(group) for group in before}
    chosen = choose_anchors(linker.family, groups, symbols, positions)
    assert chosen is not None
    assert len(chosen) == len(linker.anchors)


@pytest.mark.parametrize("smiles", ["c1cc(-c2ccncc2)ccn1", "C1CN2CCN1CC2", "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1"])
def test_ends_are_found_by_shape_where_bonds_have_no_orders(smiles: str) -> None:
    linker = raw(smiles)
    unknown = [replace(bond, order=0.0) for bond in linker.bonds or ()]
    assert detect_family(linker.symbols, unknown, linker.positions) is linker.family


def test_a_forced_family_binds_through_the_groups_farthest_apart() -> None:
    linker = raw("O=C(O)c1cc(C(=O)O)cc(-c2cc(C(=O)O)cc(C(=O)O)c2)c1", Family.BCA)
    first, second = (linker.positions[anchor[0]] for anchor in linker.anchors)
    assert np.linalg.norm(first - second) > 8.0


def test_an_azole_binds_through_two_nitrogens_of_one_ring_with_a_carbon_between() -> None:
    linker = raw("c1ccc2[nH]cnc2c1")
    first, second = linker.anchors
    between = set(first[1:]) & set(second[1:])
    assert [linker.symbols[k] for k in between] == ["C"]


@pytest.mark.parametrize(
    ("smiles", "family", "said"),
    [
        ("O=C(O)c1ccccc1", None, "1 carboxylic acid on carbon (C2)"),
        ("O=C(O)c1ccccc1", Family.BCA, "has 1 carboxylic acid on carbon (C2); BCA needs 2"),
        ("c1ccncc1", None, "1 aromatic N without H (N4)"),
        ("O=C(O)c1ccc(C(=O)O)cc1", Family.TCA, "2 carboxylic acids on carbon (C2, C8); TCA needs 3"),
        ("N#Cc1ccc(C(=O)O)cc1", None, "1 carboxylic acid on carbon (C7), 1 nitrile on carbon (N1)"),
        ("CN(C)C", None, "1 tertiary amine (N2)"),
        ("c1cc[nH]c1", Family.IMD, "no nitrogens of an NH azole; IMD needs 2"),
        ("c1ccccc1", None, "no group that binds a metal"),
    ],
)
def test_a_molecule_with_too_few_ends_is_told_what_was_found_where(
    smiles: str, family: Family | None, said: str
) -> None:
    answer = from_smiles(smiles, family=family)
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.NO_ANCHORS
    assert said in answer.detail


@pytest.mark.parametrize("smiles", FAMILIES)
def test_linkers_of_every_family_come_back_from_sdf(smiles: str, tmp_path: Path) -> None:
    given = raw(smiles)
    linker = process(given)
    assert isinstance(linker, Linker), linker
    path = tmp_path / "both.sdf"
    write_sdf([given, linker], path)
    raw_again, again = read_linkers(path)
    assert isinstance(raw_again, RawLinker)
    assert (raw_again.family, raw_again.anchors, raw_again.hydrogens) == (given.family, given.anchors, given.hydrogens)
    assert isinstance(again, Linker)
    assert (again.key, again.family, again.anchors) == (linker.key, linker.family, linker.anchors)
    assert set(again.bonds) == set(linker.bonds)
    assert again.positions == pytest.approx(linker.positions, abs=1e-4)
