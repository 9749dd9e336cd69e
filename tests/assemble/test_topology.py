"""Nets read off bonds: the same in every disguise, and told from nets that look alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.assemble import assemble, load_net, nets
from mofa.assemble.topology.check import check_net, identify_net, same_net, underlying_net
from mofa.assemble.topology.dissection import dissect
from mofa.assemble.topology.isomorphism import Placed
from mofa.assemble.topology.lattice import lattice_basis
from mofa.assemble.topology.quotient import QuotientGraph, quotient_graph
from mofa.chemistry import Framework, Reason, Rejected
from tests.assemble.linkers import BDC, DCB, linker
from tests.assemble.periodic import (
    PCU_LOOKALIKE,
    SQUARES_IN_A_SHEET,
    Atoms,
    as_mof,
    carboxylate,
    catenated,
    in_another_cell,
    supercell,
)
from tests.structures import irmof1

SEEDS = st.integers(0, 2**32 - 1)


def _graph(name: str) -> QuotientGraph:
    return quotient_graph(load_net(name))


@pytest.mark.parametrize("name", nets())
def test_a_net_in_another_cell_is_the_same(name: str) -> None:
    rng = np.random.default_rng(len(name) + ord(name[0]))
    for _ in range(3):
        assert same_net(_graph(name), in_another_cell(_graph(name), rng))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["pcu", "dia", "srs", "hxg", "bnn", "pts"]), st.permutations((1, 1, 2)))
def test_a_net_in_a_larger_cell_is_the_same(seed: int, name: str, times: list[int]) -> None:
    rng = np.random.default_rng(seed)
    larger = in_another_cell(supercell(_graph(name), (times[0], times[1], times[2])), rng)
    assert larger.n_vertices == 2 * _graph(name).n_vertices
    assert same_net(larger, _graph(name))
    assert Placed(larger).minimal.graph.n_vertices == _graph(name).n_vertices


def test_a_net_in_a_much_larger_cell_is_the_same() -> None:
    rng = np.random.default_rng(5)
    assert same_net(in_another_cell(supercell(_graph("pcu"), (2, 3, 4)), rng), _graph("pcu"))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["pcu", "dia", "tbo", "acs", "flu"]))
def test_one_edge_elsewhere_is_another_net(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    graph = _graph(name)
    ends, shifts = np.array(graph.ends), np.array(graph.shifts)
    one, two = rng.choice(graph.n_edges, 2, replace=False)
    # Two edges exchange their ends: all degrees stay.
    ends[one, 1], ends[two, 1] = graph.ends[two, 1], graph.ends[one, 1]
    shifts[one], shifts[two] = graph.shifts[two] + (2, 0, 0), graph.shifts[one] + (0, 3, 0)
    other = in_another_cell(QuotientGraph(graph.n_vertices, ends, shifts), rng)
    (piece, *_) = other.components()
    if piece.rank == 3 and same_net(piece.graph, graph):
        assert _invariants(piece.graph) == _invariants(graph)


def _invariants(graph: QuotientGraph) -> list[tuple[object, ...]]:
    return sorted((graph.coordination_sequence(v, 7), graph.four_rings(v)) for v in range(graph.n_vertices))


def test_coordination_sequence_does_not_make_pcu() -> None:
    pcu = _graph("pcu")
    assert {PCU_LOOKALIKE.coordination_sequence(v, 10) for v in (0, 1)} == {pcu.coordination_sequence(0, 10)}
    assert PCU_LOOKALIKE.four_rings(0) == 4
    assert not same_net(PCU_LOOKALIKE, pcu)
    assert not same_net(PCU_LOOKALIKE, supercell(pcu, (1, 1, 2)))
    assert same_net(PCU_LOOKALIKE, in_another_cell(PCU_LOOKALIKE, np.random.default_rng(0)))


def test_vertices_that_share_a_place_are_told_apart_by_their_edges() -> None:
    rng = np.random.default_rng(3)
    steps = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1]])
    # Vertices 1 and 2 have the same neighbours; so have 3 and 4, which are also joined to one another.
    ends = [(0, k) for k in (1, 2, 3, 4) for _ in steps] + [(3, 4), (0, 0)]
    shifts = np.vstack([steps, steps, -steps, -steps, [[0, 0, 0], [0, 1, 0]]])
    graph = QuotientGraph(5, np.array(ends), shifts)
    assert graph.barycentric[[1, 3]] == pytest.approx(graph.barycentric[[2, 4]])
    for _ in range(5):
        assert same_net(graph, in_another_cell(graph, rng))
    ends[-2] = (1, 3)
    assert not same_net(graph, QuotientGraph(5, np.array(ends), shifts))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-6, 6)] * 3), min_size=1, max_size=5))
def test_a_lattice_basis_spans_its_vectors_and_no_more(vectors: list[tuple[int, int, int]]) -> None:
    given_vectors = np.array(vectors)
    basis = lattice_basis(given_vectors)
    assert len(basis) == np.linalg.matrix_rank(given_vectors)
    if len(basis):
        weights = given_vectors @ np.linalg.pinv(basis)
        assert weights == pytest.approx(np.rint(weights), abs=1e-6)
        assert np.rint(weights) @ basis == pytest.approx(given_vectors)
    if len(basis) == 3:
        minors = [
            round(abs(np.linalg.det(given_vectors[list(rows)])))
            for rows in np.ndindex(*[len(vectors)] * 3)
            if len(set(rows)) == 3
        ]
        assert abs(round(np.linalg.det(basis))) == np.gcd.reduce(minors)


# MOFs


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from(["pcu", "fcu", "dia", "nbo", "sod", "acs", "bcu", "reo"]))
def test_a_mof_with_linkers_on_its_edges_is_recognised(seed: int, name: str) -> None:
    mof = as_mof(_graph(name)).framework(np.random.default_rng(seed))
    assert check_net(mof, load_net(name)) is None
    assert identify_net(mof) == name


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(["tbo", "pto", "ftw", "soc", "the", "spn", "csq", "pts", "nbo-b", "rht", "stp"]))
def test_a_mof_with_branching_linkers_is_recognised(seed: int, name: str) -> None:
    net = load_net(name)
    for orbit in (0, 1):
        ligands = frozenset(k for k, other in enumerate(net.vertex_orbits) if other == orbit)
        mof = as_mof(quotient_graph(net), ligands).framework(np.random.default_rng(seed))
        assert check_net(mof, net) is None
        assert identify_net(mof) == name.removesuffix("-b")
        taken_apart = dissect(mof)
        assert not isinstance(taken_apart, Rejected)
        assert taken_apart.n_metal_parts == net.n_vertices - len(ligands)


def test_another_net_is_refused_with_both_descriptions() -> None:
    finding = check_net(as_mof(_graph("dia")).framework(), load_net("nbo"))
    assert finding is not None
    assert finding[0] is Reason.WRONG_NET
    assert "2 vertices of 4 edges (coordination sequence 4 12 24 42 64" in finding[1]
    assert "nbo has 3 vertices of 4 edges (coordination sequence 4 12 28 50 76" in finding[1]


def test_a_lookalike_of_pcu_is_refused() -> None:
    finding = check_net(as_mof(PCU_LOOKALIKE).framework(), load_net("pcu"))
    assert finding is not None
    assert "6 18 38 66 102, 4 four-rings" in finding[1]
    assert "6 18 38 66 102, 12 four-rings" in finding[1]


def test_sheets_are_no_net() -> None:
    sheet = as_mof(SQUARES_IN_A_SHEET).framework()
    finding = check_net(sheet, load_net("pcu"))
    assert finding is not None
    assert "2 directions" in finding[1]
    assert identify_net(sheet) is None


@pytest.mark.parametrize("name", ["pcu", "dia"])
def test_each_of_several_nets_is_looked_at(name: str) -> None:
    rng = np.random.default_rng(2)
    graph = catenated(_graph(name), 3)
    mof = as_mof(graph).framework(rng)
    assert check_net(mof, load_net(name)) is None
    pieces = underlying_net(mof)
    assert not isinstance(pieces, Rejected)
    assert len(pieces) == 3
    sheet_too = QuotientGraph(
        graph.n_vertices + 1,
        np.vstack([graph.ends, SQUARES_IN_A_SHEET.ends + graph.n_vertices]),
        np.vstack([graph.shifts, SQUARES_IN_A_SHEET.shifts]),
    )
    assert check_net(as_mof(sheet_too).framework(rng), load_net(name)) is not None


def test_nets_that_a_centring_translation_takes_into_one_another() -> None:
    # Every edge of pcu twice as long: eight nets, of which the cell holds one vertex.
    graph = QuotientGraph(1, np.zeros((3, 2), dtype=int), 2 * np.eye(3, dtype=int))
    mof = as_mof(graph).framework()
    assert check_net(mof, load_net("pcu")) is None
    pieces = underlying_net(mof)
    assert not isinstance(pieces, Rejected)
    assert [piece.copies for piece in pieces] == [8]


def test_two_linkers_between_the_same_nodes_are_two_edges() -> None:
    doubled = QuotientGraph(1, np.zeros((4, 2), dtype=int), np.vstack([np.eye(3, dtype=int), [[1, 0, 0]]]))
    mof = as_mof(doubled).framework()
    finding = check_net(mof, load_net("pcu"))
    assert finding is not None
    assert "1 vertex of 8 edges (coordination sequence 6 18" in finding[1]
    rng = np.random.default_rng(1)
    assert same_net(doubled, in_another_cell(supercell(doubled, (2, 1, 1)), rng))


def _pcu_of_zinc() -> tuple[Atoms, int]:
    """One zinc with six carboxylates in pcu; the zinc is atom 0."""
    return as_mof(_graph("pcu")), 0


def test_guests_and_terminal_ligands_do_not_count() -> None:
    atoms, zinc = _pcu_of_zinc()
    water = atoms.add("O")
    atoms.add("H", water)
    atoms.add("H", water)
    benzoate = atoms.add("C", carboxylate(atoms, zinc))
    atoms.add("C", atoms.add("C", benzoate))
    on_metal = atoms.add("O", zinc)
    atoms.add("H", on_metal)
    bipyridine = [atoms.add("N", zinc), atoms.add("N", zinc)]
    atoms.add("C", atoms.add("C", bipyridine[0]), bipyridine[1])
    assert check_net(atoms.framework(np.random.default_rng(4)), load_net("pcu")) is None


def test_a_porphyrin_with_its_metal_is_one_linker() -> None:
    net = load_net("ftw")
    ligands = frozenset(k for k, orbit in enumerate(net.vertex_orbits) if orbit == 1)
    atoms = as_mof(quotient_graph(net), ligands)
    for centre in ligands:
        iron = atoms.add("Fe")
        for _ in range(4):
            atoms.bond(iron, atoms.add("N", centre))
        atoms.add("O", iron)
    assert check_net(atoms.framework(np.random.default_rng(6)), net) is None


def _azolate(atoms: Atoms, metals: list[tuple[int, tuple[int, int, int]]], *, neighbours: bool) -> None:
    """A ring with two nitrogens on two metals: side by side (pyrazolate) or with a carbon between (imidazolate)."""
    nitrogens = [atoms.add("N"), atoms.add("N")]
    if neighbours:
        atoms.bond(*nitrogens)
    else:
        atoms.add("C", *nitrogens)
    atoms.bond(atoms.add("C", nitrogens[0]), atoms.add("C", nitrogens[1]))
    for nitrogen, (metal, shift) in zip(nitrogens, metals, strict=True):
        atoms.bond(nitrogen, metal, shift)


def test_imidazolates_are_edges() -> None:
    graph = _graph("sod")
    atoms = Atoms()
    zinc = [atoms.add("Zn") for _ in range(graph.n_vertices)]
    for (i, j), shift in zip(graph.ends.tolist(), graph.shifts.tolist(), strict=True):
        _azolate(atoms, [(zinc[i], (0, 0, 0)), (zinc[j], tuple(shift))], neighbours=False)
    assert identify_net(atoms.framework(np.random.default_rng(7))) == "sod"


def test_metals_that_pyrazolates_bridge_are_one_node() -> None:
    atoms = Atoms()
    pair = atoms.add("Co"), atoms.add("Co")
    for shift in np.eye(3, dtype=int).tolist():
        ends = []
        for _ in range(2):
            nitrogens = [atoms.add("N", metal) for metal in pair]
            atoms.bond(*nitrogens)
            ends.append(atoms.add("C", atoms.add("C", nitrogens[0]), atoms.add("C", nitrogens[1])))
        atoms.bond(ends[0], ends[1], tuple(shift))
    assert identify_net(atoms.framework(np.random.default_rng(8))) == "pcu"


def test_oxalate_and_cyanide_are_edges() -> None:
    atoms = Atoms()
    metal = atoms.add("Fe")
    for number, shift in enumerate(np.eye(3, dtype=int).tolist()):
        carbons = [atoms.add("C"), atoms.add("C" if number else "N")]
        atoms.bond(*carbons)
        if number:
            for _ in range(2):
                for carbon, there in zip(carbons, ((0, 0, 0), tuple(shift)), strict=True):
                    atoms.bond(atoms.add("O", carbon), metal, there)
        else:
            atoms.bond(carbons[0], metal)
            atoms.bond(carbons[1], metal, tuple(shift))
    assert identify_net(atoms.framework(np.random.default_rng(9))) == "pcu"


def test_a_metal_between_two_linkers_is_no_vertex() -> None:
    atoms = Atoms()
    zinc = atoms.add("Zn")
    for shift in np.eye(3, dtype=int).tolist():
        silver = atoms.add("Ag")
        for metal, there in ((zinc, (0, 0, 0)), (zinc, tuple(shift))):
            ring = atoms.add("C", carboxylate_at(atoms, metal, there))
            atoms.add("N", ring, silver)
    assert identify_net(atoms.framework(np.random.default_rng(10))) == "pcu"


def carboxylate_at(atoms: Atoms, metal: int, there: tuple[int, ...]) -> int:
    oxygens = [atoms.add("O"), atoms.add("O")]
    for oxygen in oxygens:
        atoms.bond(oxygen, metal, there)
    return atoms.add("C", *oxygens)


def test_rods_of_metal_are_refused_with_their_atoms() -> None:
    atoms, zinc = _pcu_of_zinc()
    oxygen = atoms.add("O", zinc)
    atoms.bond(oxygen, zinc, (0, 0, 1))
    rod = atoms.framework()
    finding = check_net(rod, load_net("pcu"))
    assert finding is not None
    assert "metal part" in finding[1]
    assert {zinc, oxygen} <= set(finding[2])
    assert identify_net(rod) is None


def test_structures_without_metals_or_linkers_have_no_net() -> None:
    atoms = Atoms()
    atoms.add("C", atoms.add("C"))
    assert isinstance(underlying_net(atoms.framework()), Rejected)
    atoms.add("O", atoms.add("Zn"))
    assert underlying_net(atoms.framework()) == ()
    finding = check_net(atoms.framework(), load_net("pcu"))
    assert finding is not None
    assert finding[0] is Reason.WRONG_NET


# Real ones


def test_mof_5_is_pcu() -> None:
    mof = irmof1()
    assert identify_net(mof) == "pcu"
    taken_apart = dissect(mof)
    assert not isinstance(taken_apart, Rejected)
    # Zn4O(CO2)6 twice in the primitive cell.
    assert [len(atoms) for atoms in taken_apart.atoms] == [23, 23]
    assert check_net(mof, load_net("pcu-b")) is None
    assert check_net(mof, load_net("bcu")) is not None


def test_an_assembled_mof_is_the_net_asked_for() -> None:
    mof = assemble([linker(BDC), linker(DCB)])
    assert isinstance(mof, Framework)
    assert check_net(mof, load_net("pcu")) is None
    # Its bonds need not be given.
    assert identify_net(Framework("cif", mof.symbols, mof.positions, mof.cell)) == "pcu"
