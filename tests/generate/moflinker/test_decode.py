"""Decoding: exact where the network is right, a molecule whatever it says, and never endless."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from rdkit import Chem

from mofa.generate.moflinker.decode import Decoded, Fault, Scores, decode
from mofa.generate.moflinker.graphs import bad_rings, components, core_smiles, is_sound, molecule
from tests.generate.moflinker.small import N_CORES, known, scores_of, smoothed

_SYMBOLS = ["C"] * 6
_BENZENE = [(2 + k, 2 + (k + 1) % 6, 1.5) for k in range(6)]
_PARA = [(0, 2, 1.0), (1, 5, 1.0), *_BENZENE]
_HYDROGENS = [0, 1, 1, 0, 1, 1]


def scores(k: int, *, noise: float = 0.0, sure: float = 4.0, jitter_ang: float = 0.0, seed: int = 0) -> Scores:
    """What a network says that knows linker `k`, its logits and positions then disturbed."""
    rng = np.random.default_rng([seed, k])
    packed = known().packed
    guess = smoothed(packed, k, sure=sure)
    example = packed[k]
    types = torch.from_numpy(example.elements.astype(np.int64))[None]
    made = scores_of(guess, 0, guess.positions, types, example.context)

    def off(x: np.ndarray, by: float) -> np.ndarray:
        return by * rng.normal(0.0, 1.0, x.shape)

    bonds = off(made.bonds, noise)
    return Scores.of_logits(
        made.elements,
        made.positions + off(made.positions, jitter_ang),
        made.bonds + bonds + bonds.transpose(1, 0, 2),
        made.hydrogens + off(made.hydrogens, noise),
        made.charges + off(made.charges, noise),
    )


def smiles_of(given: Scores, found: Decoded) -> str:
    return core_smiles(given.symbols, found.bonds, found.hydrogens, found.charges)


def test_what_the_network_is_sure_of_comes_out_exactly() -> None:
    for k in range(N_CORES):
        given = scores(k)
        found = decode(given)
        assert isinstance(found, Decoded), known().smiles[k]
        assert found.exact
        assert smiles_of(given, found) == known().smiles[k]


def test_the_integer_programme_repairs_a_forgotten_bond() -> None:
    repaired = 0
    for k in range(N_CORES):
        given = scores(k)
        example = known().packed[k]
        i, j, kind = example.bonds[len(example.bonds) // 2]
        logits = given.bonds.copy()
        logits[i, j, 0] = logits[j, i, 0] = logits[i, j, kind] + 1.0
        wrong = replace(
            given, bonds=Scores.of_logits(given.elements, given.positions, logits, given.hydrogens, given.charges).bonds
        )
        found = decode(wrong)
        if isinstance(found, Decoded) and smiles_of(wrong, found) == known().smiles[k]:
            assert not found.exact
            repaired += 1
    assert repaired > 0.8 * N_CORES


@pytest.mark.parametrize(("noise", "jitter_ang", "least_found"), [(1.0, 0.1, 0.8), (3.0, 0.4, 0.3)])
def test_whatever_comes_out_is_a_molecule_with_exact_valences(
    noise: float, jitter_ang: float, least_found: float
) -> None:
    found_ones = 0
    for k in range(0, N_CORES, 4):
        given = scores(k, noise=noise, jitter_ang=jitter_ang)
        found = decode(given)
        if isinstance(found, Fault):
            continue
        found_ones += 1
        _check(given, found)
    assert found_ones >= least_found * N_CORES / 4


def _check(given: Scores, found: Decoded) -> None:
    symbols, bonds = given.symbols, found.bonds
    assert is_sound(symbols, bonds, found.hydrogens, found.charges)
    assert sum(found.charges) == 0
    for anchor in (0, 1):
        mine = [order for i, j, order in bonds if anchor in (i, j)]
        assert mine == [1.0]
    assert not any({i, j} == {0, 1} for i, j, _ in bonds)
    assert len(components(len(symbols) + 2, bonds)) == 1
    whole = molecule(symbols, bonds, found.hydrogens, found.charges)
    Chem.SanitizeMol(whole)
    assert not any(atom.GetNumRadicalElectrons() for atom in whole.GetAtoms())
    assert {len(ring) for ring in whole.GetRingInfo().AtomRings()} <= {5, 6, 7}
    # RDKit, asked for the usual numbers of hydrogens, comes to the same.
    free = molecule(symbols, bonds, None, found.charges)
    Chem.SanitizeMol(free)
    usual = [atom.GetTotalNumHs() for atom in free.GetAtoms()][2:]
    # An aromatic nitrogen may or may not have one; sulphur of valence four and six looks the same without.
    open_ones = [a.GetSymbol() == "S" or (a.GetSymbol() == "N" and a.GetIsAromatic()) for a in free.GetAtoms()][2:]
    differ = [k for k, (a, b) in enumerate(zip(usual, found.hydrogens, strict=True)) if a != b and not open_ones[k]]
    assert not differ, (smiles_of(given, found), differ)


def test_one_guess_takes_no_more_than_its_time() -> None:
    slowest = 0.0
    for k in range(0, N_CORES, 8):
        started_s = time.process_time()
        decode(scores(k, noise=6.0, sure=0.0, jitter_ang=1.0))
        slowest = max(slowest, time.process_time() - started_s)
    assert slowest < 2.0


def test_faults_are_named() -> None:
    given = scores(0)
    nothing = Scores(
        *(x[:0] for x in (given.elements,)),
        given.positions[:2],
        given.bonds[:2, :2],
        given.hydrogens[:0],
        given.charges[:0],
    )
    assert decode(nothing) is Fault.EMPTY
    assert decode(given, least_atoms=99) is Fault.EMPTY
    far = replace(given, positions=given.positions * 100.0, bonds=_no_bonds(given))
    assert decode(far) in (Fault.INFEASIBLE, Fault.DISCONNECTED)


def _no_bonds(given: Scores) -> np.ndarray:
    logits = np.zeros(given.bonds.shape)
    logits[..., 0] = 20.0
    return Scores.of_logits(given.elements, given.positions, logits, given.hydrogens, given.charges).bonds


def test_what_is_sound_and_what_is_not() -> None:
    neutral = [0] * 6
    assert is_sound(_SYMBOLS, _PARA, _HYDROGENS, neutral)
    assert core_smiles(_SYMBOLS, _PARA, _HYDROGENS, neutral) == "*c1ccc(*)cc1"
    for bonds, hydrogens in (
        (_PARA, [1, 1, 1, 0, 1, 1]),  # a carbon with five bonds
        (_PARA, [0, 0, 1, 0, 1, 1]),  # a radical
        ([(0, 2, 2.0), *_PARA[1:]], _HYDROGENS),  # a double bond to an anchor
        ([*_PARA, (1, 4, 1.0)], _HYDROGENS),  # an anchor with two bonds
        (_PARA[1:], [1, 1, 1, 0, 1, 1]),  # an anchor with none
        (_PARA[:-1], _HYDROGENS),  # an open aromatic chain
    ):
        assert not is_sound(_SYMBOLS, bonds, hydrogens, neutral)
    square = [(0, 2, 1.0), (1, 4, 1.0), (2, 3, 1.0), (3, 4, 1.0), (4, 5, 1.0), (2, 5, 1.0)]
    assert not is_sound(["C"] * 4, square, [1, 2, 1, 2], [0] * 4)
    assert [sorted(ring) for ring in bad_rings(["C"] * 4, square)] == [[2, 3, 4, 5]]
    two = [(0, 2, 1.0), (1, 3, 1.0)]
    assert not is_sound(["O", "O"], two, [1, 1], [0, 0])
    assert len(components(4, two)) == 2


def test_a_triple_bond_in_a_ring_is_a_bad_ring() -> None:
    ring = [(2 + k, 2 + (k + 1) % 6, 3.0 if k == 0 else 1.0) for k in range(6)]
    assert len(bad_rings(_SYMBOLS, ring)) == 1
