"""Frameworks against experiment, geometry and the contract."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mofa.assemble import assemble, bond_graph_hash, load_net, load_node
from mofa.assemble.embed.closed_form import ClosedForm
from mofa.chemistry import Anchor, Bond, Framework, Linker, Reason, Rejected
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import parse_cif, to_cif
from mofa.errors import InputError
from mofa.testing.assemble import check_builder
from tests.assemble.linkers import (
    ANTHRACENE_9_10,
    BDC,
    BPDC,
    BR4_BDC,
    DABCO,
    DCB,
    DCBP,
    ISOPHTHALIC,
    NDC,
    NH2_BDC,
    T_BU4_BDC,
    TOLANE,
    TOLANE_DINITRILE,
    linker,
)

ZN_ZN_ANG = 2.95
ZN_N_ANG = 2.04


def built(*smiles: str, **options) -> Framework:
    framework = assemble([linker(s) for s in smiles], **options)
    assert isinstance(framework, Framework), str(framework)
    return framework


def moved(given_linker: Linker, rotation: np.ndarray, translation: np.ndarray, order: np.ndarray) -> Linker:
    """The same linker rotated, shifted and with atom ``order[k]`` in place k."""
    new = {int(old): k for k, old in enumerate(order)}
    return Linker(
        smiles=given_linker.smiles,
        inchikey=given_linker.inchikey,
        family=given_linker.family,
        symbols=tuple(given_linker.symbols[k] for k in order),
        positions=(given_linker.positions @ rotation.T + translation)[order],
        bonds=tuple(Bond(new[b.j], new[b.i], b.order) for b in given_linker.bonds),
        anchors=tuple(Anchor(a.kind, new[a.dummy], new[a.neighbor]) for a in reversed(given_linker.anchors)),
        source=given_linker.source,
    )


def lengths(framework: Framework, a: str, b: str, order: float | None = None) -> np.ndarray:
    """Lengths of the bonds between two elements (of one order)."""
    graph = framework.bonds
    distance = np.linalg.norm(graph.vectors(framework.positions, framework.cell), axis=1)
    s = framework.symbols
    pairs = zip(graph.i, graph.j, graph.order, strict=True)
    keep = [{s[i], s[j]} == {a, b} and order in (None, o) for i, j, o in pairs]
    return distance[keep]


def angle_deg(u: np.ndarray, v: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1.0, 1.0))))


def carboxylates(framework: Framework) -> list[tuple[float, float]]:
    """For each carboxylate its C-C length and the angle between its plane and that of the ring atom behind it."""
    x, cell, found = framework.positions, framework.cell, []
    for carbon, row in enumerate(framework.bonds.neighbors):
        oxygens = [x[k] + np.array(s) @ cell - x[carbon] for k, s, _ in row if framework.symbols[k] == "O"]
        if framework.symbols[carbon] != "C" or len(oxygens) != 2:
            continue
        ipso, shift = next((k, s) for k, s, _ in row if framework.symbols[k] == "C")
        bond = x[ipso] + np.array(shift) @ cell - x[carbon]
        ring = [x[k] + np.array(s) @ cell - x[ipso] for k, s, _ in framework.bonds.neighbors[ipso] if k != carbon]
        across = [vector - (vector @ bond) * bond / (bond @ bond) for vector in (oxygens[0], ring[0])]
        twist = angle_deg(*across)
        found.append((float(np.linalg.norm(bond)), min(twist, 180.0 - twist)))
    return found


def test_cell_of_the_terephthalate_layer_and_its_pillar() -> None:
    mof, pillar = built(BDC, BDC, DCB), linker(DCB)
    nitrogens = [k for k, symbol in enumerate(pillar.symbols) if symbol == "N"]
    n_to_n = np.linalg.norm(pillar.positions[nitrogens[0]] - pillar.positions[nitrogens[1]])
    a, b, c, *angles = mof.cell_parameters()
    assert a == pytest.approx(10.929, abs=0.15)  # DMOF-1, DOI 10.1002/anie.200460712
    assert b == pytest.approx(a, abs=1e-6)
    assert c == pytest.approx(ZN_ZN_ANG + 2 * ZN_N_ANG + n_to_n, abs=0.01)
    assert angles == pytest.approx([90.0, 90.0, 90.0], abs=1e-6)
    assert len(mof) == 14 + 2 * 10 + 14


def test_dmof_1_height_with_dabco() -> None:
    assert built(BDC, DABCO).cell_parameters()[2] == pytest.approx(9.608, abs=0.15)


@pytest.mark.parametrize("smiles", [(BDC, DCB), (BPDC, DCBP), (NDC, DCB), (TOLANE, TOLANE_DINITRILE)])
def test_node_geometry_is_that_of_experiment(smiles: tuple[str, ...]) -> None:
    mof = built(*smiles)
    assert lengths(mof, "Zn", "O") == pytest.approx(np.full(8, 2.03), abs=1e-3)
    assert lengths(mof, "C", "O") == pytest.approx(np.full(8, 1.26), abs=1e-3)
    assert lengths(mof, "Zn", "N") == pytest.approx(np.full(2, ZN_N_ANG), abs=1e-3)
    assert lengths(mof, "Zn", "Zn") == pytest.approx([ZN_ZN_ANG], abs=1e-3)
    joins = carboxylates(mof)
    assert len(joins) == 4
    assert [length for length, _ in joins] == pytest.approx([1.49] * 4, abs=0.05)


@pytest.mark.parametrize(("smiles", "twist_deg"), [(BDC, 5.0), (NDC, 5.0), (NH2_BDC, 20.0)])
def test_carboxylates_lie_in_the_plane_of_their_ring(smiles: str, twist_deg: float) -> None:
    assert max(twist for _, twist in carboxylates(built(smiles, DCB))) < twist_deg


@pytest.mark.parametrize("smiles", [ANTHRACENE_9_10, BR4_BDC])
def test_crowded_rings_leave_the_plane_of_their_carboxylates(smiles: str) -> None:
    assert min(twist for _, twist in carboxylates(built(smiles, DCB))) > 20.0


@pytest.mark.parametrize(
    "smiles", ["OC(=O)c1ccc(C(=O)O)c(O)c1F", "OC(=O)c1cc(S)c(C(=O)O)cc1O", "OC(=O)c1cc(O)c(C(=O)O)cc1N"]
)
def test_hydrogen_bonds_are_not_clashes(smiles: str) -> None:
    assert len(built(smiles, DCB)) > 40


def test_linkers_too_wide_for_the_node_clash() -> None:
    refused = assemble([linker(T_BU4_BDC), linker(DCB)])
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.CLASH
    assert refused.atoms


def test_a_twisted_biphenyl_shares_its_twist_between_both_carboxylates() -> None:
    twists = [twist for _, twist in carboxylates(built(BPDC, DCB))]
    assert max(twists) - min(twists) < 2.0


@pytest.mark.parametrize("pillar", [DCB, DCBP, TOLANE_DINITRILE])
def test_nitrile_pillars_are_straight_at_the_metal(pillar: str) -> None:
    mof = built(BDC, pillar)
    x, cell = mof.positions, mof.cell
    seen = 0
    for nitrogen, row in enumerate(mof.bonds.neighbors):
        if mof.symbols[nitrogen] != "N":
            continue
        arms = [x[k] + np.array(s) @ cell - x[nitrogen] for k, s, _ in row]
        assert angle_deg(*arms) > 178.0
        seen += 1
    assert seen == 2


def test_bonds_are_those_of_the_geometry_and_carry_orders() -> None:
    mof = built(NH2_BDC, BDC, DCB)
    assert perceive(mof.symbols, mof.positions, mof.cell).keys() == mof.bonds.keys()
    assert set(mof.bonds.order.tolist()) == {0.25, 0.5, 1.0, 1.5, 3.0}
    assert [rank for _, rank in mof.bonds.components()] == [3]


def test_two_different_linkers_make_a_rectangle_in_any_order() -> None:
    parts = [linker(s) for s in (BDC, BPDC, DCB)]
    mof, again = assemble(parts), assemble(parts[::-1])
    assert abs(mof.cell_parameters()[0] - mof.cell_parameters()[1]) == pytest.approx(4.3, abs=0.2)
    assert (mof.id, mof.name) == (again.id, again.name)
    assert np.allclose(mof.positions, again.positions)


def test_lineage_names_the_parts_in_edge_class_order() -> None:
    mof = built(DCB, BPDC, BDC)
    by_key = {linker(s).key: linker(s).smiles for s in (BDC, BPDC, DCB)}
    assert mof.lineage.linkers == tuple(by_key[key] for key in mof.lineage.linker_keys)
    assert mof.lineage.linker_keys[2] == linker(DCB).key
    assert mof.lineage.sources == ("test",) * 3
    assert mof.lineage.model_versions == (0, 0, 0)
    assert (mof.lineage.node, mof.lineage.net, mof.lineage.catenation) == ("zn-paddlewheel-pillar", "pcu", 0)
    assert mof.name.startswith("zn-paddlewheel-pillar.")
    assert mof.name.endswith(".pcu.cat0")


def test_every_linker_keeps_its_model_version_and_the_identity_does_not_depend_on_it() -> None:
    versions = {DCB: 1, BPDC: 7, BDC: 0}
    mof = assemble([replace(linker(smiles), model_version=version) for smiles, version in versions.items()])
    assert isinstance(mof, Framework)
    by_key = {linker(smiles).key: version for smiles, version in versions.items()}
    assert mof.lineage.model_versions == tuple(by_key[key] for key in mof.lineage.linker_keys)
    assert mof.id == built(DCB, BPDC, BDC).id
    assert parse_cif(to_cif(mof)).lineage == mof.lineage


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), which=st.sampled_from([(BDC, NDC, DCB), (NH2_BDC, BPDC, TOLANE_DINITRILE)]))
def test_the_coordinates_of_the_linkers_do_not_matter(seed: int, which: tuple[str, ...]) -> None:
    rng = np.random.default_rng(seed)
    reference, parts = built(*which), []
    for smiles in which:
        original = linker(smiles)
        rotation = Rotation.random(random_state=rng).as_matrix()
        parts.append(moved(original, rotation, rng.normal(0, 20, 3), rng.permutation(len(original.symbols))))
    mof = assemble([parts[k] for k in rng.permutation(3)])
    assert isinstance(mof, Framework), str(mof)
    assert mof.id == reference.id
    assert bond_graph_hash(mof) == bond_graph_hash(reference)
    assert np.allclose(mof.cell, reference.cell, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_linkers_already_parallel_or_antiparallel_to_an_edge(axis: int, sign: float) -> None:
    original = linker(BDC)
    first, second = (original.positions[anchor.dummy] for anchor in original.anchors)
    target = sign * np.eye(3)[axis]
    rotation, _ = Rotation.align_vectors([target], [(second - first) / np.linalg.norm(second - first)])
    aligned = moved(original, rotation.as_matrix(), -first, np.arange(len(original.symbols)))
    mof = assemble([aligned, linker(DCB)])
    assert isinstance(mof, Framework)
    assert np.allclose(mof.cell, built(BDC, DCB).cell, atol=1e-6)


def test_a_cif_keeps_atoms_bonds_and_identity() -> None:
    mof = built(BPDC, NDC, TOLANE_DINITRILE)
    read = parse_cif(to_cif(mof))
    assert read.bonds.keys() == mof.bonds.keys()
    assert read.bonds.order.tolist() == mof.bonds.order.tolist()
    assert (read.id, read.name, read.lineage) == (mof.id, mof.name, mof.lineage)
    assert bond_graph_hash(read) == bond_graph_hash(mof)


def test_a_bent_linker_is_refused_with_its_angle() -> None:
    refused = assemble([linker(ISOPHTHALIC), linker(DCB)])
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.BENT_LINKER
    assert "degrees" in refused.detail
    assert isinstance(assemble([linker(NDC), linker(DCB)], max_bend_deg=5.0), Rejected)


@pytest.mark.parametrize(
    "smiles", [(), (BDC,), (DCB,), (BDC, BDC), (BDC, DCB, DCB), (BDC, BPDC, NDC, DCB), (DCB, DCBP, BDC)]
)
def test_the_wrong_set_of_linkers_is_refused(smiles: tuple[str, ...]) -> None:
    refused = assemble([linker(s) for s in smiles])
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.ANCHOR_MISMATCH


def test_a_linker_with_one_end_is_refused() -> None:
    whole = linker(BDC)
    half = moved(whole, np.eye(3), np.zeros(3), np.arange(len(whole.symbols)))
    object.__setattr__(half, "anchors", half.anchors[:1])
    refused = assemble([half, linker(DCB)])
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.ANCHOR_MISMATCH


def test_a_linker_that_is_not_finite_or_has_no_length_is_refused() -> None:
    whole, n = linker(BDC), len(linker(BDC).symbols)
    broken = moved(whole, np.eye(3), np.array([np.nan, 0.0, 0.0]), np.arange(n))
    folded = moved(whole, np.zeros((3, 3)), np.zeros(3), np.arange(n))
    assert [assemble([part, linker(DCB)]).reason for part in (broken, folded)] == [
        Reason.NOT_FINITE,
        Reason.BENT_LINKER,
    ]


def test_unknown_names_and_options_out_of_range_say_what_to_do() -> None:
    parts = [linker(BDC), linker(DCB)]
    with pytest.raises(InputError, match="zn-paddlewheel-pillar"):
        assemble(parts, node="paddlewheel")
    with pytest.raises(InputError, match="pcu"):
        assemble(parts, net="no-such-net")
    with pytest.raises(InputError, match="torsion_step_deg"):
        assemble(parts, torsion_step_deg=0.0)


def test_what_is_built_survives_a_process_boundary() -> None:
    mof = built(BDC, DCB)
    copy = pickle.loads(pickle.dumps(mof))
    assert copy.id == mof.id
    assert copy.bonds.keys() == mof.bonds.keys()


@pytest.mark.parametrize("smiles", [(BDC, DCB), (BPDC, NDC, DABCO), (NH2_BDC, TOLANE, DCBP)])
def test_the_closed_form_keeps_the_contract_of_builders(smiles: tuple[str, ...]) -> None:
    node = load_node("zn-paddlewheel-pillar")
    check_builder(ClosedForm(), [linker(s) for s in smiles], node=node, net=load_net("pcu"))
