"""The data: what is listed can be loaded, and the paddlewheel is what its file says."""

import numpy as np
import pytest

from mofa.assemble import load_net, load_node, nets, nodes
from mofa.chemistry import AnchorKind
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


@pytest.mark.parametrize("name", nodes())
def test_nodes_are_centred_and_their_points_lead_outward(name: str) -> None:
    node = load_node(name)
    assert np.abs(node.positions.mean(axis=0)).max() < 1e-6
    for point in node.points:
        assert np.linalg.norm(point.direction) == pytest.approx(1.0)
        assert node.positions[point.atom] @ point.direction > 0.5
        assert abs(point.direction @ point.normal) < 1e-9
    assert sum(bond.order for bond in node.bonds if bond.order >= 1.0) > 0


def test_the_paddlewheel_has_the_full_symmetry_of_its_site() -> None:
    node = load_node("zn-paddlewheel-pillar")
    x, kinds = node.positions, [point.kind for point in node.points]
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    for operation in (quarter, np.diag([1.0, 1.0, -1.0]), np.diag([-1.0, 1.0, 1.0])):
        image = x @ operation.T
        gap = np.linalg.norm(image[:, None] - x[None], axis=2).min(axis=1)
        assert gap.max() < 1e-6
    assert (kinds.count(AnchorKind.CARBOXYLATE), kinds.count(AnchorKind.N_DONOR)) == (4, 2)


def test_pcu_joins_one_vertex_to_six_neighbours() -> None:
    net = load_net("pcu")
    assert net.n_vertices == 1
    assert abs(np.linalg.det(np.array([edge.shift for edge in net.edges]))) == pytest.approx(1.0)
