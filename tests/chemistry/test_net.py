from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mofa.assemble import load_net
from mofa.assemble.topology.check import same_net
from mofa.assemble.topology.quotient import quotient_graph

ENTRIES = st.lists(st.integers(-2, 2), min_size=9, max_size=9)


@settings(max_examples=40, deadline=None)
@given(entries=ENTRIES, name=st.sampled_from(["pcu", "dia", "fcu", "nbo", "srs", "tbo"]))
def test_a_supercell_is_the_same_net(entries: list[int], name: str) -> None:
    transform = np.array(entries).reshape(3, 3)
    n_cells = round(float(np.linalg.det(transform)))
    assume(1 <= n_cells <= 8)
    net = load_net(name)
    larger = net.supercell(transform)
    assert larger.n_vertices == n_cells * net.n_vertices
    assert larger.connectivity == net.connectivity * n_cells
    lengths = sorted(np.linalg.norm(larger.edge_vectors, axis=1))
    assert lengths == pytest.approx(sorted(np.tile(np.linalg.norm(net.edge_vectors, axis=1), n_cells)))
    assert same_net(quotient_graph(larger), quotient_graph(net))


@pytest.mark.parametrize("transform", [np.zeros((3, 3), dtype=int), -np.eye(3, dtype=int)])
def test_a_supercell_needs_a_positive_volume(transform: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not positive"):
        load_net("pcu").supercell(transform)
