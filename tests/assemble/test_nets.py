"""The nets that are shipped, held against what is known of them."""

import re
from pathlib import Path

import numpy as np
import pytest

import mofa.assemble
from mofa.assemble import load_net, nets
from mofa.assemble.topology.isomorphism import Placed
from mofa.assemble.topology.quotient import quotient_graph
from mofa.errors import InputError

# Coordination sequences of the kinds of vertices, from the literature on these nets.
KNOWN = {
    "pcu": [(6, 18, 38, 66, 102)],
    "bcu": [(8, 26, 56, 98)],
    "fcu": [(12, 42, 92, 162)],
    "dia": [(4, 12, 24, 42, 64)],
    "nbo": [(4, 12, 28, 50, 76)],
    "sod": [(4, 10, 20, 34, 52, 74)],
    "lvt": [(4, 10, 24, 44, 72, 104)],
    "qtz": [(4, 12, 30, 52, 80, 116)],
    "cds": [(4, 12, 30, 58, 94)],
    "srs": [(3, 6, 12, 24, 35, 48)],
    "ths": [(3, 6, 12, 24, 38, 56)],
    "acs": [(6, 20, 42, 74, 114)],
    "bnn": [(5, 14, 29, 50, 77)],
    "reo": [(8, 30, 68, 126)],
    "pts": [(4, 10, 24, 42, 64), (4, 10, 24, 42, 64)],
    "rtl": [(6, 10, 38, 34), (3, 14, 19, 62)],
    "nia": [(6, 20, 42, 74), (6, 18, 42, 74)],
}
# Vertices of each connectivity in the primitive cell, and kinds of edges.
CENSUS = {
    "tbo": ({3: 8, 4: 6}, 1),
    "pto": ({3: 8, 4: 6}, 1),
    "bor": ({3: 4, 4: 3}, 1),
    "pyr": ({3: 8, 6: 4}, 1),
    "spn": ({3: 8, 6: 4}, 1),
    "the": ({3: 8, 8: 3}, 1),
    "rht": ({3: 8, 24: 1}, 1),
    "stp": ({4: 3, 6: 2}, 1),
    "soc": ({4: 6, 6: 4}, 1),
    "she": ({4: 6, 6: 4}, 1),
    "flu": ({4: 2, 8: 1}, 1),
    "scu": ({4: 2, 8: 1}, 1),
    "csq": ({4: 6, 8: 3}, 1),
    "ftw": ({4: 3, 12: 1}, 1),
    "shp": ({4: 3, 12: 1}, 1),
    "ith": ({4: 6, 12: 2}, 1),
    "fcu": ({12: 1}, 1),
    "hex": ({8: 1}, 2),
    "rtl": ({3: 4, 6: 2}, 2),
    "hxg": ({6: 4}, 1),
    "rhr": ({4: 12}, 1),
}


@pytest.mark.parametrize("name", nets())
def test_nets_are_sound(name: str) -> None:
    net = load_net(name)
    assert net.name == name
    assert np.linalg.det(net.cell) > 0.0
    assert np.linalg.norm(net.edge_vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    (piece,) = quotient_graph(net).components()
    assert (piece.rank, piece.copies) == (3, 1)
    # Nets with two kinds of vertices in turn (-b) are the only ones whose cell could be smaller.
    smallest = Placed(quotient_graph(net)).minimal.graph.n_vertices
    assert smallest == net.n_vertices or (name.endswith("-b") and 2 * smallest == net.n_vertices)
    for edge in net.edges:
        ends = {(net.vertex_orbits[e.i], net.vertex_orbits[e.j]) for e in net.edges if e.orbit == edge.orbit}
        assert len({frozenset(pair) for pair in ends}) == 1


@pytest.mark.parametrize("name", KNOWN)
def test_coordination_sequences(name: str) -> None:
    net = load_net(name)
    graph = quotient_graph(net)
    for vertex, orbit in enumerate(net.vertex_orbits):
        known = KNOWN[name][orbit]
        assert graph.coordination_sequence(vertex, len(known)) == known


@pytest.mark.parametrize("name", CENSUS)
def test_vertices_and_kinds_of_edges(name: str) -> None:
    net = load_net(name)
    connectivity = list(net.connectivity)
    assert ({degree: connectivity.count(degree) for degree in sorted(set(connectivity))}) == CENSUS[name][0]
    assert len({edge.orbit for edge in net.edges}) == CENSUS[name][1]
    degree_of_orbit = {(orbit, degree) for orbit, degree in zip(net.vertex_orbits, connectivity, strict=True)}
    assert len(degree_of_orbit) == len(set(net.vertex_orbits))


def test_four_rings() -> None:
    rings = {name: quotient_graph(load_net(name)).four_rings(0) for name in ("pcu", "fcu", "dia", "sod")}
    assert rings == {"pcu": 12, "fcu": 12, "dia": 0, "sod": 2}


def test_all_nets_differ_but_those_with_vertices_in_turn() -> None:
    placed = {name: Placed(quotient_graph(load_net(name))).minimal for name in nets()}
    for name, one in placed.items():
        same = {other for other, two in placed.items() if one.isomorphic(two)}
        assert same == {other for other in placed if other.removesuffix("-b") == name.removesuffix("-b")}


def test_a_net_is_loaded_once() -> None:
    assert load_net("tbo") is load_net("tbo")


def test_unknown_nets_name_the_choices() -> None:
    with pytest.raises(InputError, match="pcu"):
        load_net("pcx")


def test_a_users_net_under_a_shipped_name_has_an_identity_of_its_own(tmp_path: Path) -> None:
    shipped = (Path(mofa.assemble.__file__).parent / "data" / "nets.cgd").read_text()
    block = next(part for part in shipped.split("CRYSTAL") if re.search(r"NAME\s+dia\s", part))
    file = tmp_path / "mine.cgd"
    renamed = re.sub(r"(NAME\s+)dia", r"\1sod", block)
    file.write_text(f"CRYSTAL{block}\nCRYSTAL{renamed}")
    assert load_net("dia", file=file).key == load_net("dia").key == "dia"
    assert load_net("sod", file=file).key not in ("dia", "sod")
    assert load_net("sod", file=file).key.startswith("sod-")
