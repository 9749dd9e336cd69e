"""Names that do not collide, and a bond-graph hash that sees the structure and not its description."""

import numpy as np
from ase import Atoms
from ase.build import make_supercell
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.assemble import assemble, bond_graph_hash, framework_id
from mofa.chemistry import Framework
from mofa.chemistry.cif import parse_cif, to_cif
from tests.assemble.linkers import BDC, BPDC, DCB, DCBP, NDC, NH2_BDC, TOLANE, linker
from tests.structures import irmof1

UNIMODULAR = [
    np.eye(3, dtype=int),
    np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    np.array([[1, 0, -1], [0, 1, 2], [0, 0, 1]]),
]


def built(*smiles: str) -> Framework:
    return assemble([linker(s) for s in smiles])


def test_the_identity_is_128_bits_of_the_parts() -> None:
    mof = built(BDC, DCB)
    keys = [linker(s).key for s in (BDC, BDC, DCB)]
    assert len(mof.id) == 32
    assert int(mof.id, 16) >= 0
    assert mof.id == framework_id("zn-paddlewheel-pillar", "pcu", keys)
    others = {
        framework_id("zn-paddlewheel-pillar", "pcu", keys, catenation=1),
        framework_id("zn-paddlewheel-pillar", "dia", keys),
        framework_id("other", "pcu", keys),
        framework_id("zn-paddlewheel-pillar", "pcu", keys[:2]),
        mof.id,
    }
    assert len(others) == 5


def test_different_frameworks_have_different_names_and_hashes() -> None:
    mofs = [
        built(*parts)
        for parts in ((BDC, DCB), (BDC, DCBP), (BDC, BPDC, DCB), (BPDC, DCB), (NDC, DCB), (NH2_BDC, DCB), (TOLANE, DCB))
    ]
    assert len({mof.id for mof in mofs}) == len({bond_graph_hash(mof) for mof in mofs}) == len(mofs)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), matrix=st.sampled_from(UNIMODULAR))
def test_the_hash_ignores_order_origin_cell_and_wrapping(seed: int, matrix: np.ndarray) -> None:
    mof = built(NH2_BDC, BPDC, DCB)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(mof))
    cell = matrix @ mof.cell
    positions = (mof.positions + rng.normal(0.0, 10.0, 3))[order]
    fractional = positions @ np.linalg.inv(cell)
    symbols = tuple(mof.symbols[k] for k in order)
    again = Framework("x", symbols, (fractional % 1.0) @ cell, cell)
    assert bond_graph_hash(again) == bond_graph_hash(mof)


def test_the_hash_ignores_supercells() -> None:
    mof = built(BDC, DCB)
    atoms = Atoms(mof.symbols, positions=mof.positions, cell=mof.cell, pbc=True)
    large = make_supercell(atoms, [[2, 0, 0], [0, 1, 0], [0, 1, 2]])
    again = Framework("x", tuple(large.get_chemical_symbols()), large.positions, large.cell[:])
    assert bond_graph_hash(again) == bond_graph_hash(mof)


def test_the_hash_of_a_file_without_bonds_is_the_same() -> None:
    mof = built(NDC, DCB)
    text = to_cif(mof).partition("loop_\n_geom_bond")[0]
    read = parse_cif(text)
    assert read.bonds is None
    assert bond_graph_hash(read) == bond_graph_hash(mof)


def test_the_hash_counts_interpenetrating_nets() -> None:
    single = built(BPDC, DCBP)
    copy = single.positions + single.cell.sum(axis=0) / 2.0
    double = Framework("x", single.symbols * 2, np.concatenate([single.positions, copy]), single.cell)
    assert bond_graph_hash(double) != bond_graph_hash(single)


def test_conformers_of_one_molecule_are_two_frameworks() -> None:
    from dataclasses import replace

    bent = replace(linker(BPDC), conformer="b")
    assert assemble([bent, linker(DCB)]).id != built(BPDC, DCB).id


def test_a_published_structure_can_be_hashed() -> None:
    assert len(bond_graph_hash(irmof1())) == 32
