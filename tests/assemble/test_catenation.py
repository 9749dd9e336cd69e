"""Interpenetration: energies of offsets against plain sums, and nets that fit where they are known to fit."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.assemble import assemble, check_framework, framework_id
from mofa.assemble.catenation import catenate
from mofa.assemble.overlap import RIPPLE, Contacts, CrossPairs, overlap_on_grid
from mofa.assemble.topology.periodicity import n_nets
from mofa.chemistry import BondGraph, Framework, Reason, Rejected
from mofa.errors import InputError
from tests.assemble.linkers import BDC, BPDC, DABCO, DCBP, TOLANE, TOLANE_DINITRILE, linker

BPY = "c1cc(ccn1)-c1ccncc1"
LONG_ACID = "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C#Cc1ccc(cc1)C(=O)O"
LONG_NITRILE = "N#Cc1ccc(cc1)C#Cc1ccc(cc1)C#Cc1ccc(cc1)C#N"
IMAGES = np.array(list(product(range(-3, 4), repeat=3)))


@cache
def pillared(acid: str, pillar: str) -> Framework:
    mof = assemble([linker(acid), linker(pillar)])
    assert isinstance(mof, Framework)
    return mof


def offset(single: Framework, several: Framework, k: int = 1) -> np.ndarray:
    """Translation of copy k against the first net, in fractions of the cell."""
    n = len(single)
    moved = several.positions[k * n : (k + 1) * n] - single.positions
    assert np.ptp(moved, axis=0).max() < 1e-9
    return np.linalg.solve(single.cell.T, moved[0])


def random_net(seed: int, n_atoms: int) -> tuple[np.ndarray, np.ndarray, Contacts]:
    """Atoms anywhere in a cell that may be very skewed."""
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(6.0, 9.0, 3)) @ (np.eye(3) + np.tril(rng.uniform(-0.7, 0.7, (3, 3)), -1))
    symbols = rng.choice(["H", "C", "O", "Zn"], n_atoms)
    no_bonds = BondGraph(n_atoms, np.zeros(0), np.zeros(0), np.zeros((0, 3)), np.zeros(0))
    return rng.uniform(-1.0, 1.0, (n_atoms, 3)), cell, Contacts.of(symbols.tolist(), no_bonds)


def plain_sum(positions: np.ndarray, cell: np.ndarray, contacts: Contacts, offset: np.ndarray) -> float:
    strength, reach = (table[contacts.kind[:, None], contacts.kind] for table in (contacts.strength, contacts.soft_ang))
    total = 0.0
    for shift in IMAGES @ cell + offset:
        square = ((positions[:, None] - positions[None, :] - shift) ** 2).sum(axis=-1)
        total += float((strength * np.maximum(1.0 - square / reach**2, 0.0) ** 2).sum())
    return total


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_energies_from_the_fft_are_the_plain_sums_over_all_images(seed: int) -> None:
    fractional, cell, contacts = random_net(seed, 12)
    shape = tuple(int(np.ceil(length / 0.4)) for length in np.linalg.norm(cell, axis=1))
    energies, crowding = overlap_on_grid(fractional, cell, contacts, shape)
    assert energies.shape == crowding.shape == shape
    largest = float(energies.max())
    rng = np.random.default_rng(seed)
    for _ in range(3):
        point = tuple(int(rng.integers(n)) for n in shape)
        there = (np.array(point) / np.array(shape)) @ cell
        expected = plain_sum(fractional @ cell, cell, contacts, there)
        assert energies[point] == pytest.approx(expected, abs=10.0 * RIPPLE * largest)
        opposite = tuple(-k % n for k, n in zip(point, shape, strict=True))
        assert energies[point] == pytest.approx(energies[opposite], abs=1e-3 * largest)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_exact_energies_and_their_gradients(seed: int) -> None:
    fractional, cell, contacts = random_net(seed, 10)
    positions = fractional @ cell
    at = np.random.default_rng(seed).uniform(0.0, 1.0, 3) @ cell
    pairs = CrossPairs.near(positions, cell, contacts, at, slack_ang=0.6)
    moved = at + np.array([0.2, -0.3, 0.1])
    energy, gradient = pairs.energy(moved)
    assert energy == pytest.approx(plain_sum(positions, cell, contacts, moved), rel=1e-9)
    step = 1e-5
    for axis in range(3):
        ahead, behind = (pairs.energy(moved + sign * step * np.eye(3)[axis])[0] for sign in (1.0, -1.0))
        assert gradient[axis] == pytest.approx((ahead - behind) / (2.0 * step), rel=1e-4, abs=1e-3)


def test_a_second_net_sits_in_the_middle_of_the_first_ones_pores() -> None:
    single = pillared(BPDC, DCBP)
    double = catenate(single, 1)
    assert isinstance(double, Framework)
    assert offset(single, double) == pytest.approx([0.5, 0.5, 0.5], abs=0.02)
    assert check_framework(double) is None
    assert n_nets(double.bonds) == 2
    assert double.density_g_per_cm3 == pytest.approx(2.0 * single.density_g_per_cm3)


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_as_many_nets_as_asked_for_in_a_wide_pcu(extra: int) -> None:
    single = pillared(LONG_ACID, LONG_NITRILE)
    several = catenate(single, extra)
    assert isinstance(several, Framework)
    assert check_framework(several) is None
    assert n_nets(several.bonds) == extra + 1 == several.lineage.catenation + 1
    assert len(several) == (extra + 1) * len(single)
    first = offset(single, several)
    for k in range(2, extra + 1):
        assert offset(single, several, k) == pytest.approx(k * first)


def test_three_nets_share_the_cell_evenly() -> None:
    single = pillared(TOLANE, TOLANE_DINITRILE)
    triple = catenate(single, 2)
    assert isinstance(triple, Framework)
    away_from_thirds = 3.0 * offset(single, triple) - np.rint(3.0 * offset(single, triple))
    assert away_from_thirds == pytest.approx(np.zeros(3), abs=0.1)


def test_pillars_of_bipyridine_leave_room_for_a_second_net() -> None:
    assert isinstance(catenate(pillared(BPDC, BPY), 1), Framework)


def test_where_there_is_no_room_the_closest_contact_is_named() -> None:
    single = pillared(BDC, DABCO)
    refused = catenate(single, 1)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.CLASH
    assert "2 nets" in refused.detail
    assert "allowed from" in refused.detail
    assert refused.atoms
    assert max(refused.atoms) < len(single)


def test_zinc_oxide_clusters_in_pcu_catenate_as_their_linkers_allow() -> None:
    """IRMOF-9 is the twofold net of IRMOF-10 (DOI 10.1126/science.1067208); three nets of MOF-5 have no room."""
    short, long = (assemble([linker(acid)], node="zn4o") for acid in (BDC, BPDC))
    assert isinstance(short, Framework)
    assert isinstance(long, Framework)
    assert isinstance(catenate(long, 1), Framework)
    assert isinstance(catenate(short, 2), Rejected)


def test_identity_and_name_tell_catenated_frameworks_apart() -> None:
    single = pillared(LONG_ACID, LONG_NITRILE)
    several = [catenate(single, extra) for extra in range(4)]
    assert several[0] is single
    assert len({mof.id for mof in several}) == 4
    assert [mof.name[-5:] for mof in several] == [".cat0", ".cat1", ".cat2", ".cat3"]
    parts = (single.lineage.node, single.lineage.net, single.lineage.linker_keys)
    assert [mof.id for mof in several] == [framework_id(*parts, catenation=k) for k in range(4)]


def test_the_cell_may_be_skewed() -> None:
    single = pillared(BPDC, DCBP)
    skewed = replace(single, cell=np.array([[1, 0, 0], [1, 1, 0], [-2, 1, 1]]) @ single.cell, bonds=None)
    double = catenate(skewed, 1)
    assert isinstance(double, Framework)
    straight = offset(skewed, double) @ skewed.cell @ np.linalg.inv(single.cell)
    assert straight - np.floor(straight) == pytest.approx([0.5, 0.5, 0.5], abs=0.03)


def test_charges_stay_with_the_single_net() -> None:
    single = pillared(BPDC, DCBP)
    charged = single.with_charges(np.zeros(len(single)), "zero")
    double = catenate(charged, 1)
    assert isinstance(double, Framework)
    assert double.charges is None


@pytest.mark.parametrize("extra", [-1, 4])
def test_a_number_of_nets_out_of_range_is_wrong_usage(extra: int) -> None:
    with pytest.raises(InputError, match="0 to 3"):
        catenate(pillared(BPDC, DCBP), extra)


def test_what_is_catenated_is_not_catenated_again() -> None:
    double = catenate(pillared(BPDC, DCBP), 1)
    assert isinstance(double, Framework)
    with pytest.raises(InputError, match="already"):
        catenate(double, 1)
