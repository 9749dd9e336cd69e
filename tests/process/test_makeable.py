"""What could be drawn but hardly made is refused by name, and known linkers are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem

from mofa.chemistry import Linker, RawLinker, Reason, Rejected
from mofa.chemistry.accessibility import sa_score
from mofa.chemistry.molecules import from_smiles, set_positions
from mofa.process import process
from mofa.process.makeable import cumulene, hard_to_make, strained_ring

FLAT = np.array([[np.cos(2 * np.pi * k / 7), np.sin(2 * np.pi * k / 7), 0.0] for k in range(7)]) * 1.6


def molecule(smiles: str) -> Chem.Mol:
    """Of a SMILES, all atoms on a spiral: the graph decides, not the coordinates."""
    made = Chem.MolFromSmiles(smiles)
    angle = np.arange(made.GetNumAtoms()) * 0.4
    set_positions(made, np.stack([2.0 * np.cos(angle), 2.0 * np.sin(angle), np.zeros(len(angle))], axis=1))
    return made


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("OC(=O)C1=CC1", "3-membered ring"),
        ("C=C1CC1", "unsaturated C2"),
        ("O=C1CC1", "unsaturated C2"),
        ("C1C2CC12", "shares a bond"),
        ("C1CCC2OC2C1", "shares a bond"),
        ("C1#CCCCC1", "triple bond"),
        ("C1=C=CCCCC1", "cumulated"),
        ("C1=CC=C1", "two double bonds"),
        ("C1CC2=CC1CC2", "bridgehead C3"),
        ("C1CC2CCC1=C2", "bridgehead C6"),
    ],
)
def test_strained_rings_are_refused(smiles: str, said: str) -> None:
    refusal = strained_ring(molecule(smiles))
    assert isinstance(refusal, Rejected)
    assert refusal.reason is Reason.STRAINED_RING
    assert said in refusal.detail
    assert refusal.atoms


def test_a_trans_double_bond_in_a_small_ring_is_seen_in_the_coordinates() -> None:
    ring = Chem.MolFromSmiles("C1CCC=CCC1")
    set_positions(ring, FLAT)
    assert strained_ring(ring) is None
    crossed = np.array(FLAT)
    # Atom 5 carries on beyond the double bond 3=4 on the side opposite to atom 2.
    axis = FLAT[4] - FLAT[3]
    across = np.cross([0.0, 0.0, 1.0], axis / np.linalg.norm(axis))
    crossed[5] = FLAT[5] - 2.0 * ((FLAT[5] - FLAT[4]) @ across) * across
    set_positions(ring, crossed)
    refusal = strained_ring(ring)
    assert isinstance(refusal, Rejected)
    assert "trans double bond" in refusal.detail


@pytest.mark.parametrize("smiles", ["C=C=C", "CC=C=CC", "C=C=O", "CC=C=NC", "C=C=C=C"])
def test_cumulenes_are_refused(smiles: str) -> None:
    refusal = cumulene(molecule(smiles))
    assert isinstance(refusal, Rejected)
    assert refusal.reason is Reason.CUMULENE


@pytest.mark.parametrize(
    "smiles",
    [
        "OC(=O)C1CC1C(=O)O",
        "C1CC12CC2",
        "C1OC1",
        "CN=C=O",
        "CN=C=NC",
        "O=S(=O)(C)C",
        "OC(=O)C12CC(C1)(C2)C(=O)O",
        "OC(=O)C12C3C4C1C5C2C3C45C(=O)O",
        "OC1=C(O)C(=O)C1=O",
        "c1ccc2c(c1)c1ccccc21",
        "c1ccc2C3c4ccccc4C(c2c1)c1ccccc13",
        "C1CC2CC1C=C2",
        "C1#CCCCCCC1",
        "C1CCC2CCCCC2=C1",
        "c1cc2ccc3cccc4ccc(c1)c2c34",
        "OC(=O)c1ccc(cc1)-c1c2ccc(n2)c(-c2ccc(cc2)C(=O)O)c2ccc([nH]2)c(-c2ccc(cc2)C(=O)O)c2ccc(n2)"
        "c(-c2ccc(cc2)C(=O)O)c2ccc1[nH]2",
    ],
)
def test_what_chemists_have_made_passes(smiles: str) -> None:
    assert hard_to_make(molecule(smiles), 5.5) is None


def test_the_accessibility_score_is_named_in_the_refusal() -> None:
    hard = molecule("OC(=O)C1OC2(N)SC1C(F)(N=C2O)C1CC2OC1C(C(=O)O)N2")
    assert sa_score(molecule("OC(=O)c1ccc(cc1)C(=O)O")) < 2.0 < 5.5 < sa_score(hard)
    refusal = hard_to_make(hard, 5.5)
    assert isinstance(refusal, Rejected)
    assert refusal.reason is Reason.HARD_TO_MAKE
    assert f"{sa_score(hard):.2f}" in refusal.detail
    assert hard_to_make(hard, 10.0) is None


def test_process_refuses_by_the_limit_it_is_given() -> None:
    raw = from_smiles("OC(=O)c1ccc(cc1)C(=O)O", seed=1)
    assert isinstance(raw, RawLinker)
    assert isinstance(process(raw), Linker)
    refusal = process(raw, max_sa_score=1.2)
    assert isinstance(refusal, Rejected)
    assert refusal.reason is Reason.HARD_TO_MAKE


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("OC(=O)C=C=CC(=O)O", Reason.CUMULENE),
        ("OC(=O)C1=C(C(=O)O)C1", Reason.STRAINED_RING),
        ("OC(=O)c1ccc(cc1)C1C2CC12C(=O)O", Reason.STRAINED_RING),
    ],
)
@pytest.mark.parametrize("bare", [False, True], ids=["with bonds", "heavy atoms only"])
def test_process_refuses_what_cannot_be_made(smiles: str, reason: Reason, bare: bool) -> None:
    raw = from_smiles(smiles, seed=1)
    assert isinstance(raw, RawLinker), raw
    given = replace(raw, bonds=None, hydrogens=None, formal_charges=None) if bare else raw
    refusal = process(given)
    assert isinstance(refusal, Rejected)
    assert refusal.reason is reason
