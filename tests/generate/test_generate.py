"""The task function and the library behind it: distinct, seeded, resumable, large."""

from __future__ import annotations

import pytest

from mofa.chemistry import Family
from mofa.errors import EngineMissingError, InputError
from mofa.generate import StreamRequest, generate
from mofa.generate.chains import chain_space
from mofa.generate.library import FAMILIES, LibraryGenerator, enumerate_smiles, library_size
from mofa.testing.generate import check_generator


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.engine
def test_library_meets_the_generator_contract(family: Family) -> None:
    check_generator(LibraryGenerator(), family=family)


def test_a_batch_does_not_depend_on_the_length_of_the_stream() -> None:
    space = chain_space(Family.BCA, 20)
    draws = space.draws(4)
    first = [next(draws) for _ in range(50)]
    again = space.draws(4)
    assert first == [next(again) for _ in range(50)]


@pytest.mark.parametrize(("family", "end"), [(Family.BCA, "C(=O)O"), (Family.BZN, "C#N")])
def test_the_well_known_linkers_are_reachable(family: Family, end: str) -> None:
    from rdkit import Chem

    well_known = [
        f"c1(ccc(cc1){end}){end}",
        f"c1cc(ccc1-c1ccc(cc1){end}){end}",
        f"c1cc2cc(ccc2cc1{end}){end}",
        f"c1cc(ccc1C#Cc1ccc(cc1){end}){end}",
        f"c1cc(ccc1/N=N/c1ccc(cc1){end}){end}",
        f"Nc1cc(ccc1{end}){end}",
        f"Fc1c(F)c({end})c(F)c(F)c1{end}",
    ]
    wanted = {Chem.CanonSmiles(smiles) for smiles in well_known}
    found: set[str] = set()
    for smiles in enumerate_smiles(family, max_heavy_atoms=22, seed=1):
        found.add(smiles)
        if wanted <= found or len(found) == 4000:
            break
    assert wanted <= found


@pytest.mark.parametrize(("family", "max_heavy_atoms"), [(Family.BCA, 14), (Family.BZN, 13)])
def test_the_closed_form_counts_distinct_canonical_smiles(family: Family, max_heavy_atoms: int) -> None:
    space = chain_space(family, max_heavy_atoms)
    every = set()
    ends = [k for k, part in enumerate(space.rings) if part.terminal]
    for first in ends:
        every.add(space.canonical((first,)))
        if space.rings[first].n_heavy <= space.max_core_atoms - 5:
            every |= {space.canonical((first, s, last)) for s in range(len(space.spacers)) for last in ends}
    chains = [chain for chain in every if space.n_core_atoms(chain) <= space.max_core_atoms]
    from rdkit import Chem

    smiles = {Chem.MolToSmiles(space.molecule(chain)) for chain in chains}
    assert len(smiles) == len(chains) == library_size(family, max_heavy_atoms)


def test_more_than_twenty_thousand_linkers_are_reachable_even_at_laptop_size() -> None:
    assert library_size(Family.BCA, 18) + library_size(Family.BZN, 18) > 20_000
    assert min(library_size(family) for family in (Family.BCA, Family.BZN, Family.PYR)) > 1_000_000
    assert library_size(Family.TCA) > 10_000
    assert min(library_size(family, 60) for family in (Family.TCA, Family.QCA)) > 1_000_000


@pytest.mark.engine
def test_twenty_thousand_distinct_canonical_smiles() -> None:
    found: set[str] = set()
    for family in (Family.BCA, Family.BZN):
        stream = enumerate_smiles(family, max_heavy_atoms=20)
        drawn = [next(stream) for _ in range(10_001)]
        assert len(set(drawn)) == len(drawn)
        found.update(drawn)
    assert len(found) > 20_000


def test_size_limit_is_kept_and_a_small_library_ends() -> None:
    smiles = list(enumerate_smiles(Family.BCA, max_heavy_atoms=12))
    assert "O=C(O)c1ccc(C(=O)O)cc1" in smiles
    assert len(smiles) == len(set(smiles)) <= library_size(Family.BCA, 12)
    assert library_size(Family.BCA, 8) == 0
    assert list(generate("BCA", n=4, max_heavy_atoms=8, generator="library")) == []


def test_most_of_the_library_is_straight_and_small() -> None:
    from itertools import islice

    space = chain_space(Family.BCA)
    sizes = sorted(space.n_core_atoms(chain) for chain in islice(space.draws(2), 500))
    assert sizes[250] <= 20
    assert sizes[50] <= 12


@pytest.mark.parametrize("option", ["n", "batch_size", "start_batch", "max_heavy_atoms"])
def test_arguments_out_of_range_are_named(option: str) -> None:
    with pytest.raises(InputError, match=option):
        generate("BCA", generator="library", **{option: -1})


def test_unknown_family_and_generator_are_named() -> None:
    with pytest.raises(InputError, match=r"unknown linker family 'XYZ'.*BCA, BZN"):
        generate("XYZ")
    with pytest.raises(InputError, match=r"makes no AMN linkers.*Choose BCA"):
        generate("AMN", generator="library")
    with pytest.raises(EngineMissingError, match="library"):
        generate("BCA", generator="flow-9")


def test_the_last_batch_is_the_short_one() -> None:
    request = StreamRequest(Family.BCA, n=10, batch_size=4)
    assert [request.size_of(k) for k in range(request.n_batches)] == [4, 4, 2]
