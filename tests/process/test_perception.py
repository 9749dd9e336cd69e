"""Perception: every engine keeps the contract, the two exact ones agree, and a missing one says how to get it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from mofa.chemistry import Family, Linker, RawLinker, Reason, Rejected
from mofa.chemistry.molecules import from_smiles
from mofa.errors import EngineMissingError
from mofa.generate import generate
from mofa.process import PERCEPTIONS, process
from mofa.process.choices import choices_of
from mofa.process.elimination import cheapest
from mofa.process.exact import ExactPerception
from mofa.process.perception import load_perception
from mofa.testing.process import check_perception

LEAST_RIGHT = {"likelihood": 0.98, "exact": 0.98, "openbabel": 0.7}


@pytest.fixture(scope="module")
def library() -> list[RawLinker]:
    families = (Family.BCA, Family.BZN)
    return [
        k
        for family in families
        for batch in generate(family, n=20, seed=8, max_heavy_atoms=24, generator="library")
        for k in batch
    ]


def bare(linker: RawLinker, noise_ang: float = 0.0, seed: int = 0) -> RawLinker:
    shaken = linker.positions + np.random.default_rng(seed).normal(0.0, noise_ang, linker.positions.shape)
    return replace(linker, positions=shaken, bonds=None, hydrogens=None, formal_charges=None)


@pytest.mark.engine
@pytest.mark.parametrize("name", LEAST_RIGHT)
def test_perceptions_keep_the_contract(name: str, library: list[RawLinker]) -> None:
    check_perception(load_perception(name), library, least_right=LEAST_RIGHT[name])


def test_the_integer_programme_finds_the_same_optimum(library: list[RawLinker]) -> None:
    for seed, linker in enumerate(library[::5]):
        choices = choices_of(bare(linker, noise_ang=0.08, seed=seed))
        assert not isinstance(choices, Rejected)
        least, _ = next(cheapest(choices.costs, choices.pair_costs))
        solved = ExactPerception().perceive(choices.known.raw, deadline=time.monotonic() + 5.0)
        assert isinstance(solved, RawLinker)
        assert cost_of(choices, solved) == pytest.approx(least, abs=1e-5)


def cost_of(choices: object, solved: RawLinker) -> float:
    """Least cost of the choices that make this molecule (N+-O- pairs may be chosen in one way only)."""
    return next(cost for cost, chosen in cheapest(choices.costs, choices.pair_costs)  # type: ignore[attr-defined]
                if choices.molecule(chosen).bonds == solved.bonds)  # type: ignore[attr-defined]  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize("perception", ["likelihood", "exact"])
def test_molecules_are_recovered_from_noisy_heavy_atoms(perception: str, library: list[RawLinker]) -> None:
    right = 0
    for seed, linker in enumerate(library):
        meant, seen = process(linker), process(bare(linker, 0.05, seed), perception=perception)
        assert isinstance(meant, Linker)
        right += isinstance(seen, Linker) and seen.inchikey == meant.inchikey
    assert right >= 0.95 * len(library)


@pytest.mark.parametrize(
    "smiles",
    [
        "c1cc(-c2ccncc2)ccn1",
        "C1CN2CCN1CC2",
        "c1ccc2[nH]cnc2c1",
        "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1",
        "O=C(O)C12CC(C1)(C2)C(=O)O",
        "O=C(O)c1ccc(S(=O)(=O)c2ccc(C(=O)O)cc2)cc1",
        "O=C(O)c1ccc(C(=O)c2ccc(C(=O)O)cc2)cc1",
        "N#Cc1ccc(N=C=O)c(C#N)c1",
        "O=C(O)C1=CC(=O)C(C(=O)O)=CC1=O",
    ],
)
def test_unlike_the_library_they_are_perceived_as_well(smiles: str) -> None:
    raw = from_smiles(smiles, seed=1)
    assert isinstance(raw, RawLinker)
    meant, seen = process(raw), process(bare(raw))
    assert isinstance(meant, Linker), meant
    assert isinstance(seen, Linker), seen
    assert seen.smiles == meant.smiles


def test_an_element_without_bonds_is_refused_by_name() -> None:
    raw = from_smiles("O=C(O)c1ccc(C(=O)O)cc1", seed=1)
    assert isinstance(raw, RawLinker)
    refusal = process(replace(bare(raw), symbols=(*raw.symbols[:-1], "Ne")))
    assert isinstance(refusal, Rejected)
    assert refusal.reason is Reason.UNKNOWN_ELEMENT
    assert "Ne" in refusal.detail
    assert refusal.atoms == (len(raw.symbols) - 1,)


def test_an_unknown_perception_is_named_with_the_known_ones(library: list[RawLinker]) -> None:
    assert PERCEPTIONS.names() == ["exact", "likelihood", "openbabel"]
    with pytest.raises(EngineMissingError, match="likelihood"):
        process(bare(library[0]), perception="guess")
