"""What is sound is not refused: two hundred MOFs of library linkers, crystals from experiment, all a little shaken."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.assemble import assemble, check_framework
from mofa.chemistry import Family, Framework, Linker, Rejected
from mofa.generate import generate
from mofa.process import process
from tests.assemble.experiment import CRYSTALS
from tests.assemble.experiment import framework as experiment
from tests.assemble.linkers import BDC, BPDC, DABCO, DCB, DCBP, NDC, NH2_BDC, TOLANE, linker
from tests.structures import irmof1

NOISE_ANG = 0.03
# Bondi's radii, and the fractions of their sum that atoms of different ligands, and of one, do not come nearer than.
RADII_ANG = {"H": 1.20, "C": 1.70, "N": 1.55, "O": 1.52, "F": 1.47, "S": 1.80, "Cl": 1.75, "Br": 1.85, "I": 1.98}
APART_FRACTION = 0.82
INSIDE_FRACTION = 0.72
PAIRS = [(BDC, DCB), (BPDC, DCBP), (NDC, DABCO), (NH2_BDC, DCB), (TOLANE, DABCO)]
SOUND_CRYSTALS = sorted(set(CRYSTALS) - {"MIL-88B"})


def shaken(framework: Framework, seed: int) -> Framework:
    noise = np.random.default_rng(seed).normal(0.0, NOISE_ANG, framework.positions.shape)
    # Of ten thousand bonds some are four deviations off; a limit must not have to bear those.
    noise = np.clip(noise, -2.0 * NOISE_ANG, 2.0 * NOISE_ANG)
    return framework.with_geometry(framework.positions + noise, framework.cell)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """`assemble` gives what it built, whatever that is."""
    monkeypatch.setattr("mofa.assemble.builder.check_framework", lambda framework: None)


def library(family: Family, n: int) -> Iterator[Linker]:
    for batch in generate(family, n=n, seed=3, max_heavy_atoms=24, generator="library"):
        for raw in batch:
            made = process(raw)
            if isinstance(made, Linker):
                yield made


def is_roomy(framework: Framework) -> bool:
    """Whether all atoms four or more bonds apart keep away from one another: every pair, in all 27 cells."""
    graph = framework.bonds
    metals = frozenset(k for k, symbol in enumerate(framework.symbols) if symbol == "Zn")
    ligand = np.full(len(framework), -1)
    positions = np.array(framework.positions)
    for number, piece in enumerate(graph.unwrapped_components(metals)):
        for atom, shift in piece.items():
            ligand[atom] = number
            positions[atom] += np.array(shift) @ framework.cell
    atoms = np.flatnonzero(ligand >= 0)
    near = np.eye(len(framework))
    near[graph.i, graph.j] = near[graph.j, graph.i] = 1.0
    near = (near @ near @ near > 0.0)[np.ix_(atoms, atoms)]
    inside = ligand[atoms, None] == ligand[atoms]
    radius = np.array([RADII_ANG[framework.symbols[k]] for k in atoms])
    contact = radius[:, None] + radius
    for image in product((-1, 0, 1), repeat=3):
        apart = positions[atoms] + np.array(image) @ framework.cell - positions[atoms, None]
        ratio = np.linalg.norm(apart, axis=-1) / contact
        if image == (0, 0, 0):
            if (ratio[inside & ~near] < INSIDE_FRACTION).any():
                return False
            ratio[inside] = np.inf
        if ratio.min() < APART_FRACTION:
            return False
    return True


def test_two_hundred_mofs_of_library_linkers_pass(unchecked: None) -> None:
    good, refused = 0, []
    sheets, pillars = list(library(Family.BCA, 44)), list(library(Family.BZN, 12))
    for k, (sheet, pillar) in enumerate(product(sheets, pillars)):
        made = assemble([sheet, sheets[(k * 7 + 3) % len(sheets)], pillar])
        if isinstance(made, Rejected) or not is_roomy(made):
            continue
        good += 1
        verdict = check_framework(made)
        if verdict is not None:
            refused.append((made.lineage.linkers, str(verdict)))
        if good == 200:
            break
    assert good == 200
    assert not refused


@pytest.mark.parametrize("name", SOUND_CRYSTALS)
def test_crystals_from_experiment_pass(name: str) -> None:
    crystal = experiment(name)
    assert check_framework(crystal) is None
    assert all(check_framework(shaken(crystal, seed)) is None for seed in range(2))


def test_cyanide_binds_metals_at_both_ends() -> None:
    """Mn[Pt(CN)6], a Prussian blue analogue: carbon on a metal, and right there."""
    half = 2.03 + 1.15 + 2.22
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    positions = np.concatenate([np.zeros((1, 3)), 2.03 * axes, 3.18 * axes, [[half, 0.0, 0.0]]])
    symbols = ("Pt", *("C",) * 6, *("N",) * 6, "Mn")
    cell = half * (np.ones((3, 3)) - np.eye(3))
    assert check_framework(Framework("prussian", symbols, positions, cell)) is None


@cache
def pillared(sheet: str, pillar: str) -> Framework:
    return assemble([linker(sheet), linker(pillar)])


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([(BDC, DCB), (BPDC, DCBP), (NDC, DABCO), (NH2_BDC, DCB), (TOLANE, DABCO)]), st.integers(0, 2**32)
)
def test_noise_changes_no_verdict(smiles: tuple[str, str], seed: int) -> None:
    mof = pillared(*smiles)
    assert check_framework(mof) is None
    assert check_framework(shaken(mof, seed)) is None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_noise_changes_no_verdict_on_a_crystal(seed: int) -> None:
    assert check_framework(shaken(irmof1(), seed)) is None
