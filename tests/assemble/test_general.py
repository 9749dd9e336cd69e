"""Any node in any net: published frameworks from SMILES, blocks on vertices, mixed and bent linkers, what cannot be."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from benchmarks.published_frameworks import BDC, BPDC, BPTC, BTC, DABCO, NDC, PUBLISHED, TPDC, joins
from mofa.assemble import Place, assemble, load_net, load_node, places
from mofa.assemble.embed.general import General
from mofa.assemble.embed.rigid import Joins, Pose, close_joins, rotations
from mofa.assemble.embed.turns import turns_towards
from mofa.assemble.topology.check import identify_net
from mofa.chemistry import AnchorKind, Framework, Linker, Reason, Rejected
from mofa.chemistry.molecules import from_smiles
from mofa.process import process
from mofa.testing.assemble import check_builder

NH2_BDC = "Nc1cc(ccc1C(=O)O)C(=O)O"
BTB = "OC(=O)c1ccc(cc1)-c1cc(cc(c1)-c1ccc(cc1)C(=O)O)-c1ccc(cc1)C(=O)O"
BIPY = "n1ccc(cc1)-c1ccncc1"


@cache
def sound(smiles: str) -> Linker:
    """A linker from SMILES, not cut from any crystal."""
    linker = process(from_smiles(smiles))
    assert isinstance(linker, Linker), str(linker)
    return linker


def built(node: str, net: str, *smiles: str, **options) -> Framework:
    framework = assemble([sound(s) for s in smiles], node=node, net=net, **options)
    assert isinstance(framework, Framework), str(framework)
    return framework


def refused(node: str, net: str, *smiles: str, **options) -> Rejected:
    result = assemble([sound(s) for s in smiles], node=node, net=net, **options)
    assert isinstance(result, Rejected)
    return result


@pytest.mark.parametrize("name", PUBLISHED)
def test_cells_against_experiment(name: str) -> None:
    known = PUBLISHED[name]
    mof = built(known.node, known.net, *known.linkers)
    edges = np.array(mof.cell_parameters()[:3]) * known.ratio
    assert edges == pytest.approx(np.array(known.edges_ang), rel=0.015)


@pytest.mark.parametrize("name", ["MOF-5", "IRMOF-8", "UiO-66", "HKUST-1"])
def test_carboxylates_are_joined_as_in_experiment(name: str) -> None:
    known = PUBLISHED[name]
    found = joins(built(known.node, known.net, *known.linkers))
    lengths = np.array([length for length, _ in found])
    assert lengths.min() > 1.495 - 0.05
    assert lengths.max() < 1.495 + 0.05
    assert max(twist for _, twist in found) < 5.0


def test_dmof_1_has_right_angles() -> None:
    angles = built("zn-paddlewheel-pillar", "pcu", BDC, DABCO).cell_parameters()[3:]
    assert angles == pytest.approx([90.0] * 3, abs=1e-3)


def test_pillars_bind_the_metal_and_carboxylates_the_carboxylate() -> None:
    mof = built("cu-paddlewheel-pillar", "pcu", BDC, BIPY)
    bonded = {k: {mof.symbols[j] for j, _, _ in row} for k, row in enumerate(mof.bonds.neighbors)}
    nitrogens = [k for k, symbol in enumerate(mof.symbols) if symbol == "N"]
    assert len(nitrogens) == 2
    assert all(bonded[k] == {"C", "Cu"} for k in nitrogens)


@pytest.mark.parametrize(
    ("node", "net", "linkers", "atoms"),
    [
        ("zn4o", "pyr", (BTB,), 404),
        ("cu-paddlewheel", "pto", (BTB,), 396),
        ("zr6-8c", "bcu", (BDC,), None),
        ("zr6-8c", "reo", (BDC,), None),
        ("fe3o", "acs", (BDC,), None),
        ("cu-paddlewheel", "nbo", (BDC,), 102),
    ],
)
def test_other_nets(node: str, net: str, linkers: tuple[str, ...], atoms: int | None) -> None:
    mof = built(node, net, *linkers)
    assert identify_net(mof) == net
    assert atoms is None or len(mof) == atoms


def test_zn4o_alternates_in_a_doubled_cell() -> None:
    mof = built("zn4o", "pcu", BDC)
    assert mof.symbols.count("Zn") == 8
    assert mof.cell_parameters()[3:] == pytest.approx((60.0, 60.0, 60.0), abs=0.01)


def test_a_node_and_a_linker_of_one_connectivity_alternate() -> None:
    in_doubled_cell, in_binary_net = (built("cu-paddlewheel", net, BPTC) for net in ("nbo", "nbo-b"))
    assert len(in_doubled_cell) == len(in_binary_net)
    assert in_doubled_cell.volume_ang3 == pytest.approx(in_binary_net.volume_ang3, rel=0.01)


def test_mixed_linkers_share_the_edges_in_any_order() -> None:
    mixed = built("zr6", "fcu", BDC, NH2_BDC)
    assert mixed.symbols.count("N") == 3
    assert built("zr6", "fcu", NH2_BDC, BDC).id == mixed.id
    assert built("zr6", "fcu", BDC, BDC).id == built("zr6", "fcu", BDC).id
    three = built("zn4o", "pcu", BDC, NDC, BPDC)
    lengths = sorted(np.linalg.norm(np.array([[1, 1, -1], [1, -1, 1], [-1, 1, 1]]) @ three.cell, axis=1) / 2.0)
    assert lengths == pytest.approx([12.97, 15.16, 17.26], abs=0.1)


def test_linkers_of_unlike_length_cannot_close_a_triangulated_net() -> None:
    answer = refused("zr6", "fcu", BDC, BPDC)
    assert answer.reason is Reason.ANGLE_MISFIT
    assert "degrees" in answer.detail or "Å" in answer.detail


@pytest.mark.parametrize(
    ("node", "net", "linkers", "reason", "words"),
    [
        ("zr6", "pcu", (BDC,), Reason.CONNECTIVITY, "12 connection points"),
        ("cu-paddlewheel", "tbo", (BDC,), Reason.CONNECTIVITY, "vertices of 3 edges"),
        ("zr6", "fcu", (BTC,), Reason.CONNECTIVITY, "3 ends"),
        ("cu-paddlewheel", "dia", (BDC,), Reason.ANGLE_MISFIT, "degrees"),
        ("zn4o", "acs", (BDC,), Reason.ANGLE_MISFIT, "degrees"),
        ("zn4o", "pcu", (BIPY,), Reason.ANCHOR_MISMATCH, "carboxylate"),
        ("cu-paddlewheel-pillar", "pcu", (BDC,), Reason.ANCHOR_MISMATCH, "n_donor"),
        ("zn4o", "pcu", (BDC, NDC, BPDC, TPDC), Reason.ANCHOR_MISMATCH, "takes 1 to 3"),
    ],
)
def test_an_impossible_combination_says_why(
    node: str, net: str, linkers: tuple[str, ...], reason: Reason, words: str
) -> None:
    answer = refused(node, net, *linkers)
    assert answer.reason is reason
    assert words in answer.detail
    assert net in answer.detail


def test_places_tell_what_a_node_takes_in_a_net() -> None:
    acid, donor = AnchorKind.CARBOXYLATE, AnchorKind.N_DONOR
    pillared = places(load_node("zn-paddlewheel-pillar"), load_net("pcu"))
    assert pillared == ((Place((acid,) * 2, 2), Place((donor,) * 2, 1)),)
    assert places(load_node("cu-paddlewheel"), load_net("tbo")) == ((Place((acid,) * 3, 1),),)
    assert places(load_node("zn4o"), load_net("pcu"))[0] == (Place((acid,) * 2, 3),)
    square = places(load_node("cu-paddlewheel"), load_net("nbo"))
    assert {len(place.kinds) for way in square for place in way} == {2, 4}
    assert places(load_node("zr6"), load_net("pcu")).reason is Reason.CONNECTIVITY


@pytest.mark.parametrize(
    ("node", "net", "smiles"), [("zr6", "fcu", BPDC), ("zn4o", "pcu", NDC), ("zn-paddlewheel-pillar", "pcu", BDC)]
)
def test_the_general_builder_keeps_the_contract(node: str, net: str, smiles: str) -> None:
    pillars = [sound(DABCO)] if "pillar" in node else []
    check_builder(General(), [sound(smiles), *pillars], node=load_node(node), net=load_net(net))


def test_the_general_builder_gives_what_the_closed_form_gives() -> None:
    closed = built("zn-paddlewheel-pillar", "pcu", BDC, BIPY)
    from mofa.assemble import builder

    plan = next(builder._plans([sound(BDC), sound(BIPY)], load_node("zn-paddlewheel-pillar"), load_net("pcu")))
    placement = General().place(plan, max_bend_deg=15.0, torsion_step_deg=15.0)
    assert np.allclose(placement.cell, closed.cell, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), node=st.sampled_from(["zn4o", "zr6", "cu-paddlewheel", "fe3o", "zn-azolate"]))
def test_a_turned_block_is_turned_back(seed: int, node: str) -> None:
    block = load_node(node)
    turn = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    exits = np.array([block.positions[p.atom] + 4.0 * p.direction for p in block.points])
    outward = exits @ turn.T / np.linalg.norm(exits, axis=1)[:, None]
    found = turns_towards(block, outward)
    assert found[0].worst_deg < 1e-3
    order = list(found[0].point_of_edge)
    assert np.allclose(exits[order] @ found[0].rotation / np.linalg.norm(exits[order], axis=1)[:, None], outward)


@settings(max_examples=40, deadline=None)
@given(axis=st.sampled_from([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1)]), sign=st.sampled_from([1, -1]))
def test_parallel_and_antiparallel_directions_give_no_nan(axis: tuple[int, int, int], sign: int) -> None:
    direction = sign * np.array(axis) / np.linalg.norm(axis)
    block = load_node("zn-paddlewheel-pillar")
    frame = np.linalg.qr(np.column_stack([direction, np.eye(3)[:, [1, 2]] + 0.3]))[0]
    outward = np.array([p.direction for p in block.points]) @ frame.T
    for turn in turns_towards(block, outward):
        assert np.isfinite(turn.rotation).all()
        assert turn.rotation @ turn.rotation.T == pytest.approx(np.eye(3), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_joins_that_can_be_closed_are_closed(seed: int) -> None:
    """A chain of three bodies in a cell, shaken, finds back to closed joins."""
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(8.0, 12.0, 3))
    origins, turns = rng.uniform(0.0, 8.0, (3, 3)), rotations(rng.normal(0.0, 1.0, (3, 3)))
    a, b = np.array([0, 1, 2, 0, 1, 2]), np.array([1, 2, 0, 0, 1, 2])
    shift = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], dtype=float)
    meeting = rng.uniform(0.0, 10.0, (6, 3, 3))
    near = np.einsum("kpx,kyx->kpy", meeting - origins[a][:, None], turns[a])
    far = np.einsum("kpx,kyx->kpy", meeting - (origins[b] + shift @ cell)[:, None], turns[b])
    joined = Joins(a, b, shift, near, far, np.ones((6, 3)))
    start = Pose(origins + rng.normal(0.0, 0.2, (3, 3)), turns @ rotations(rng.normal(0.0, 0.1, (3, 3))), cell * 1.05)
    assert np.abs(close_joins(joined, start).gaps(joined)).max() < 1e-3
