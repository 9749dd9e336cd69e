"""Names that do not collide, and a bond-graph hash that sees the structure and not its description."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.assemble import assemble, bond_graph_hash, framework_id, load_node
from mofa.assemble.blocks.files import to_toml
from mofa.assemble.catenation import catenate
from mofa.assemble.identity import find_duplicates, readable_name
from mofa.assemble.topology.invariants import refined_colors
from mofa.build import build
from mofa.chemistry import BondGraph, Framework
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
    keys = [linker(s).key for s in (BDC, DCB)]
    assert len(mof.id) == 32
    assert int(mof.id, 16) >= 0
    assert mof.id == framework_id("zn-paddlewheel-pillar", "pcu", keys)
    others = {
        framework_id("zn-paddlewheel-pillar", "pcu", keys, catenation=1),
        framework_id("zn-paddlewheel-pillar", "dia", keys),
        framework_id("other", "pcu", keys),
        framework_id("zn-paddlewheel-pillar", "pcu", keys[:1]),
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
    bent = replace(linker(BPDC), conformer="b")
    assert assemble([bent, linker(DCB)]).id != built(BPDC, DCB).id


def test_a_published_structure_can_be_hashed() -> None:
    assert len(bond_graph_hash(irmof1())) == 32


Edge = tuple[int, int, tuple[int, int, int]]
DIAMOND: tuple[Edge, ...] = ((0, 1, (0, 0, 0)), (0, 1, (-1, 0, 0)), (0, 1, (0, -1, 0)), (0, 1, (0, 0, -1)))
LONSDALEITE: tuple[Edge, ...] = (
    *((0, 1, shift) for shift in ((0, 0, 0), (-1, 0, 0), (0, -1, 0))),
    *((2, 3, shift) for shift in ((0, 0, 0), (-1, 0, 0), (0, -1, 0))),
    (0, 2, (0, 0, 0)),
    (1, 3, (0, 0, 1)),
)


def graph_only(symbols: Sequence[str], edges: Sequence[Edge]) -> Framework:
    """A framework of which nothing but the bonds is known."""
    i, j, shift = zip(*edges, strict=True)
    graph = BondGraph(len(symbols), np.array(i), np.array(j), np.array(shift), np.ones(len(edges)))
    return Framework("x", tuple(symbols), np.zeros((len(symbols), 3)), np.eye(3), graph)


def rods(layers: Sequence[Sequence[str]]) -> Framework:
    """A primitive cubic net of two by two zinc atoms with these atoms on its edges along x, y and z, per zinc."""
    places = [(0, 0), (1, 0), (0, 1), (1, 1)]
    symbols, edges = ["Zn"] * 4, []
    for number, ((x, y), middles) in enumerate(zip(places, layers, strict=True)):
        for axis, symbol in enumerate(middles):
            there = [x, y, 0]
            there[axis] += 1
            goal = places.index((there[0] % 2, there[1] % 2))
            edges.append((number, len(symbols), (0, 0, 0)))
            edges.append((len(symbols), goal, (there[0] // 2, there[1] // 2, there[2])))
            symbols.append(symbol)
    return graph_only(symbols, edges)


def test_nets_whose_atoms_have_the_same_surroundings_are_told_apart() -> None:
    diamond, lonsdaleite = graph_only("CC", DIAMOND), graph_only("CCCC", LONSDALEITE)
    colors = {*refined_colors(diamond.numbers, diamond.bonds), *refined_colors(lonsdaleite.numbers, lonsdaleite.bonds)}
    assert len(colors) == 1
    assert bond_graph_hash(diamond) != bond_graph_hash(lonsdaleite)


def test_linkers_in_other_places_of_one_net_are_told_apart() -> None:
    along_axes = rods([("O", "S", "N")] * 4)
    alternating = rods([("O", "O", "N"), ("S", "O", "N"), ("O", "S", "N"), ("S", "S", "N")])
    assert sorted(along_axes.symbols) == sorted(alternating.symbols)
    same_around_zinc = refined_colors(along_axes.numbers, along_axes.bonds)[0]
    assert same_around_zinc in refined_colors(alternating.numbers, alternating.bonds)
    assert bond_graph_hash(along_axes) != bond_graph_hash(alternating)
    exchanged = rods([("S", "N", "O")] * 4)
    assert bond_graph_hash(along_axes) == bond_graph_hash(exchanged)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_hash_of_a_bare_graph_ignores_order_and_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    order, moved = rng.permutation(4), rng.integers(-2, 3, (4, 3))
    basis = np.linalg.inv(UNIMODULAR[int(rng.integers(len(UNIMODULAR)))]).round().astype(int)
    place = np.argsort(order)
    edges = [
        (int(place[i]), int(place[j]), tuple((np.array(shift) + moved[j] - moved[i]) @ basis))
        for i, j, shift in LONSDALEITE
    ]
    assert bond_graph_hash(graph_only("CCCC", edges)) == bond_graph_hash(graph_only("CCCC", LONSDALEITE))


def test_the_hash_finds_one_mof_under_two_ids() -> None:
    mof = built(NDC, BPDC, DCB)
    turned = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    again = assemble([linker(s) for s in (DCB, BPDC, NDC)])
    rotated = replace(mof, id="other", positions=mof.positions @ turned, cell=mof.cell @ turned, bonds=None)
    other = built(NDC, DCB)
    assert again.id == mof.id
    assert find_duplicates([mof, other, rotated, again]) == [(0, 2, 3)]
    assert find_duplicates(iter([mof, other])) == []


def test_the_hash_sees_interpenetration_however_the_cell_is_chosen() -> None:
    single = built(BPDC, DCBP)
    double = catenate(single, 1)
    assert isinstance(double, Framework)
    # At (1/2, 1/2, 1/2) the second net is the first one, moved by a centring translation.
    half = np.array([[0.5, 0.5, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ single.cell
    centred = Framework("x", single.symbols, single.positions, half)
    assert bond_graph_hash(centred) == bond_graph_hash(double) != bond_graph_hash(single)


def test_other_nets_of_the_same_parts_have_other_hashes() -> None:
    mofs = [build("zn-azolate", net, ["c1cnc[nH]1"], max_bend_deg=60.0) for net in ("dia", "qtz")]
    mofs += [catenate(built(BPDC, DCBP), extra) for extra in range(3)]
    assert mofs[0].formula == mofs[1].formula == "ZnC6H6N4"
    assert len({bond_graph_hash(mof) for mof in mofs}) == len({mof.id for mof in mofs}) == 5


def test_a_users_node_of_the_same_chemistry_is_another_id_and_the_same_mof(tmp_path: Path) -> None:
    shipped = load_node("zn4o")
    order = np.random.default_rng(5).permutation(len(shipped.symbols))
    place = np.argsort(order).tolist()
    own = replace(
        shipped,
        symbols=tuple(shipped.symbols[k] for k in order),
        positions=1.004 * shipped.positions[order],
        bonds=tuple(replace(bond, i=place[bond.i], j=place[bond.j]) for bond in shipped.bonds),
        points=tuple(replace(point, atom=place[point.atom]) for point in reversed(shipped.points)),
        shipped=False,
    )
    file = tmp_path / "zn4o.toml"
    file.write_text(to_toml(own))
    mine, theirs = (assemble([linker(BPDC)], node=node) for node in (str(file), "zn4o"))
    assert isinstance(mine, Framework)
    assert isinstance(theirs, Framework)
    assert mine.id != theirs.id
    assert mine.name == theirs.name
    assert find_duplicates([mine, theirs]) == [(0, 1)]


@pytest.mark.parametrize("node", ["zr6", "my node/é"])
def test_names_are_short_and_safe_for_files(node: str) -> None:
    name = readable_name(node, "fcu", [linker(BDC).key], catenation=2)
    assert name.endswith(".KKEYFW.fcu.cat2")
    assert not set(name) & set(' /\\:*?"<>|é')
