"""The data: what is listed can be loaded, and the paddlewheel is what its file says."""

import numpy as np
import pytest

from mofa.assemble import load_net, load_node, nets, nodes
from mofa.errors import InputError


def test_everything_listed_loads() -> None:
    assert "zn-paddlewheel-pillar" in nodes()
    assert [load_node(name).name for name in nodes()] == nodes()
    assert [load_net(name).name for name in nets()] == nets()


def test_unknown_names_list_the_choices() -> None:
    with pytest.raises(InputError, match="zn-paddlewheel-pillar"):
        load_node("../secrets")
    with pytest.raises(InputError, match="pcu"):
        load_net("xyz")


def test_pcu_joins_one_vertex_to_six_neighbours() -> None:
    net = load_net("pcu")
    assert net.n_vertices == 1
    assert abs(np.linalg.det(np.array([edge.shift for edge in net.edges]))) == pytest.approx(1.0)
