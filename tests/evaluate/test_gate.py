"""The gate: what it lets pass, and every reason for which it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mofa.chemistry import Bond, Family, Linker, RawLinker, Reason, Rejected
from mofa.chemistry.molecules import from_smiles
from mofa.evaluate import gate

TOLANE = "OC(=O)c1ccc(cc1)C#Cc1ccc(C(=O)O)cc1"


def raw(smiles: str) -> RawLinker:
    found = from_smiles(smiles)
    assert isinstance(found, RawLinker)
    return found


def reason(linker: RawLinker, **limits: float) -> Reason | None:
    result = gate(linker, **limits)
    return result.reason if isinstance(result, Rejected) else None


def test_a_sound_linker_passes() -> None:
    result = gate(raw(TOLANE))
    assert isinstance(result, Linker)
    assert result.family is Family.BCA


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("N#Cc1ccc(cc1)C1CC1c1ccc(C#N)cc1", Reason.RING_SIZE),
        ("N#Cc1ccc(cc1)C1CCC1c1ccc(C#N)cc1", Reason.RING_SIZE),
        ("N#Cc1ccc2c(c1)-c1ccc(C#N)cc1-2", Reason.RING_SIZE),
        ("N#Cc1ccc(cc1)C1CCCCCCC1c1ccc(C#N)cc1", Reason.RING_SIZE),
        ("N#Cc1ccc(cc1)C1CCCCCC1c1ccc(C#N)cc1", None),
        ("N#Cc1ccc(cc1)C1CCCC1c1ccc(C#N)cc1", None),
        ("OC(=O)c1ccc(cc1)C=C=Cc1ccc(C(=O)O)cc1", Reason.CUMULENE),
        ("OC(=O)c1ccc(cc1)C[N+](C)(C)Cc1ccc(C(=O)O)cc1", Reason.CHARGED),
        ("OC(=O)c1ccc(cc1)[CH]c1ccc(C(=O)O)cc1", Reason.RADICAL),
    ],
)  # fmt: skip
def test_rings_cumulenes_charges_and_radicals(smiles: str, expected: Reason | None) -> None:
    assert reason(raw(smiles)) is expected


def test_the_limit_of_the_accessibility_can_be_moved() -> None:
    spiro = raw("N#Cc1ccc(cc1)C1CCC2(CC1)CCC(CC2)c1ccc(C#N)cc1")
    assert reason(spiro) is None
    assert reason(spiro, max_sa_score=2.0) is Reason.HARD_TO_MAKE


def test_a_core_that_hangs_on_one_anchor_only_is_two_molecules() -> None:
    whole = raw(TOLANE)
    assert whole.bonds is not None
    triple = next(bond for bond in whole.bonds if bond.order == 3.0)
    joint = next(b for b in whole.bonds if triple.i in (b.i, b.j) and b.order == 1.0)
    hydrogens = list(whole.hydrogens or ())
    for atom in (joint.i, joint.j):
        hydrogens[atom] += 1
    cut = replace(whole, bonds=tuple(b for b in whole.bonds if b != joint), hydrogens=tuple(hydrogens))
    assert reason(cut) is Reason.FRAGMENTED


@pytest.mark.parametrize("order", [2.0, 3.0])
def test_an_anchor_with_more_than_a_single_bond_is_refused(order: float) -> None:
    whole = raw("OC(=O)c1ccc(cc1)CCc1ccc(C(=O)O)cc1")
    assert whole.bonds is not None
    bonds = list(whole.bonds)
    carbons = {bond.i for bond in bonds if bond.order == 1.5} | {bond.j for bond in bonds if bond.order == 1.5}
    at = next(
        k for k, b in enumerate(bonds)
        if b.order == 1.0 and len({b.i, b.j} & carbons) == 1 and whole.hydrogens
        and max(whole.hydrogens[b.i], whole.hydrogens[b.j]) == 2
    )  # fmt: skip
    bonds[at] = replace(bonds[at], order=order)
    hydrogens = list(whole.hydrogens or ())
    outer = bonds[at].i if hydrogens[bonds[at].i] else bonds[at].j
    hydrogens[outer] = int(3 - order)
    assert reason(replace(whole, bonds=tuple(bonds), hydrogens=tuple(hydrogens))) is Reason.VALENCE


def test_a_second_bond_to_an_anchor_is_refused() -> None:
    whole = raw("OC(=O)c1ccc(cc1)CCc1ccc(C(=O)O)cc1")
    assert whole.bonds is not None
    joints = [b for b in whole.bonds if whole.hydrogens and max(whole.hydrogens[b.i], whole.hydrogens[b.j]) == 2]
    middle = next(b for b in joints if min(whole.hydrogens[b.i], whole.hydrogens[b.j]) == 2)
    outer = next(b for b in joints if len({b.i, b.j} & {middle.i, middle.j}) == 1)
    ring = next(k for k in (outer.i, outer.j) if k not in (middle.i, middle.j))
    far = next(k for k in (middle.i, middle.j) if k not in (outer.i, outer.j))
    hydrogens = list(whole.hydrogens or ())
    hydrogens[far] -= 1
    doubled = replace(whole, bonds=(*whole.bonds, Bond(ring, far, 1.0)), hydrogens=tuple(hydrogens))
    assert reason(doubled) is Reason.VALENCE


def test_a_torn_geometry_does_not_relax() -> None:
    whole = raw(TOLANE)
    noisy = whole.positions + np.random.default_rng(1).normal(scale=0.6, size=whole.positions.shape)
    assert reason(replace(whole, positions=noisy)) in {Reason.BOND_LENGTH, Reason.BOND_ANGLE, Reason.RELAXATION}
