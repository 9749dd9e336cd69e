"""Every library linker is taken apart into the chain that made it; other molecules are not."""

from __future__ import annotations

from itertools import islice

import pytest
from rdkit import Chem

from mofa.chemistry import Family, Linker
from mofa.generate import generate
from mofa.generate.chains import chain_space
from mofa.generate.decompose import LEARNT_FAMILIES, chain_of
from mofa.process import process


@pytest.mark.parametrize("family", LEARNT_FAMILIES)
def test_the_chain_comes_back_from_the_smiles(family: Family) -> None:
    space = chain_space(family)
    for chain in islice(space.draws(3), 300):
        assert chain_of(space, Chem.MolToSmiles(space.molecule(chain))) == chain


@pytest.mark.parametrize("family", LEARNT_FAMILIES)
def test_every_ring_system_and_every_spacer_is_recognised(family: Family) -> None:
    space = chain_space(family, 100)
    (benzene,) = (k for k, part in enumerate(space.rings) if part.smiles == "[1*]c1ccc([2*])cc1")
    (bond,) = (k for k, part in enumerate(space.spacers) if not part.smiles)
    end = next(k for k, part in enumerate(space.rings) if part.terminal and len(part.choices) == 2)
    inner = {part.choices: k for k, part in enumerate(space.rings) if part.inner}
    ends = {part.choices: k for k, part in enumerate(space.rings) if part.terminal}
    chains = [(end, bond, ring, bond, end) for ring in inner.values()]
    chains += [(ring, bond, benzene, bond, end) for ring in ends.values()]
    chains += [(end, spacer, end) for spacer in range(len(space.spacers))]
    for chain in chains:
        smiles = Chem.MolToSmiles(space.molecule(chain))
        assert chain_of(space, smiles) == space.canonical(chain), smiles


@pytest.mark.engine
@pytest.mark.parametrize("family", LEARNT_FAMILIES)
def test_processed_linkers_are_recognised(family: Family) -> None:
    space = chain_space(family, 24)
    (batch,) = generate(family, n=16, seed=4, max_heavy_atoms=24, generator="library")
    linkers = [linker for linker in map(process, batch) if isinstance(linker, Linker)]
    assert len(linkers) >= 14
    for linker in linkers:
        chain = chain_of(space, linker.smiles)
        assert chain is not None, linker.smiles
        assert Chem.MolToSmiles(space.molecule(chain)) == linker.smiles


def test_smiles_of_users_are_understood_in_any_form() -> None:
    space = chain_space(Family.BCA)
    written = ["OC(=O)c1ccc(cc1)C=Cc1ccc(cc1)C(O)=O", r"O=C(O)C1=CC=C(C=C1)/C=C/C1=CC=C(C=C1)C(=O)O"]
    assert len({chain_of(space, smiles) for smiles in written} - {None}) == 1


@pytest.mark.parametrize(
    "smiles",
    [
        "CCO",
        "OC(=O)CCC(=O)O",
        "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1",
        "O=C(O)c1ccc(CCc2ccc(C(=O)O)cc2)cc1",
        "O=C(O)c1ccc(I)c(C(=O)O)c1",
        "O=C(O)C12CCC(C(=O)O)(CC1)CC2",
        "O=C(O)c1ccc(-c2ccc(-c3ccc(-c4ccc(C(=O)O)cc4)cc3)cc2)cc1",
        "O=C(O)c1ccc(cc1)CC#N",
        "not smiles",
        "",
    ],
)
def test_other_molecules_are_not_expressed(smiles: str) -> None:
    assert chain_of(chain_space(Family.BCA), smiles) is None
