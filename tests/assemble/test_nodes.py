"""The shipped nodes are the clusters of experiment: their geometry, symmetry and charge."""

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest

from mofa.assemble import load_node, nodes
from mofa.chemistry import AnchorKind, Node
from mofa.chemistry.bonds import perceive
from mofa.chemistry.elements import is_metal
from mofa.errors import InputError

C2 = np.diag([-1.0, -1.0, 1.0])
S4 = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
C4 = np.diag([1.0, 1.0, -1.0]) @ S4
C3_111 = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
C3_Z = np.array([[-0.5, -(0.75**0.5), 0.0], [0.75**0.5, -0.5, 0.0], [0.0, 0.0, 1.0]])
MIRROR_XY = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
MIRROR_X, MIRROR_Z, INVERSION = np.diag([-1.0, 1.0, 1.0]), np.diag([1.0, 1.0, -1.0]), -np.eye(3)
T_D, D_4H, D_3H = (C3_111, S4, MIRROR_XY), (C4, MIRROR_X, MIRROR_Z), (C3_Z, MIRROR_Z)
O_H = (*T_D, INVERSION)

# Generators of the symmetry of all atoms, then of the points.
SYMMETRY = {
    "zn4o": (T_D, T_D),
    "cu-paddlewheel": (D_4H, D_4H),
    "cu-paddlewheel-pillar": (D_4H, D_4H),
    "zn-paddlewheel": (D_4H, D_4H),
    "zn-paddlewheel-pillar": (D_4H, D_4H),
    "zr6": (T_D, O_H),
    "hf6": (T_D, O_H),
    "zr6-8c": ((S4,), (C4, MIRROR_X, MIRROR_Z)),
    "zr6-6c": ((C3_111, MIRROR_XY), (C3_111, MIRROR_XY, INVERSION)),
    "fe3o": ((MIRROR_Z,), D_3H),
    "cr3o": ((MIRROR_Z,), D_3H),
    "al3o": ((MIRROR_Z,), D_3H),
    "in3o": ((MIRROR_Z,), D_3H),
    "zn-azolate": (T_D, T_D),
    "co-azolate": (T_D, T_D),
}
POINTS = {
    "zn4o": {"carboxylate": 6},
    "cu-paddlewheel": {"carboxylate": 4},
    "cu-paddlewheel-pillar": {"carboxylate": 4, "n_donor": 2},
    "zn-paddlewheel": {"carboxylate": 4},
    "zn-paddlewheel-pillar": {"carboxylate": 4, "n_donor": 2},
    "zr6": {"carboxylate": 12},
    "hf6": {"carboxylate": 12},
    "zr6-8c": {"carboxylate": 8},
    "zr6-6c": {"carboxylate": 6},
    "fe3o": {"carboxylate": 6},
    "cr3o": {"carboxylate": 6},
    "al3o": {"carboxylate": 6},
    "in3o": {"carboxylate": 6},
    "zn-azolate": {"azolate": 4},
    "co-azolate": {"azolate": 4},
}
# Bonds as crystals show them, Å: the sums of ionic radii (DOI 10.1107/S0567739476001551) within a few percent.
LENGTHS_ANG = {
    "C O": (1.25, 1.27),
    "H O": (0.95, 0.98),
    "C H": (1.08, 1.10),
    "O Zn": (1.92, 2.05),
    "Zn Zn": (2.90, 3.00),
    "Cu O": (1.93, 1.97),
    "Cu Cu": (2.60, 2.66),
    "O Zr": (2.05, 2.32),
    "Hf O": (2.04, 2.30),
    "Fe O": (1.85, 2.12),
    "Cr O": (1.88, 2.05),
    "Al O": (1.78, 1.96),
    "In O": (2.02, 2.22),
}
METAL_NITROGEN_ANG = {"Zn": (1.98, 2.06), "Co": (1.97, 2.01), "Cu": (2.1, 2.3)}
OXIDATION_STATE = {"Zn": 2, "Cu": 2, "Co": 2, "Zr": 4, "Hf": 4, "Fe": 3, "Cr": 3, "Al": 3, "In": 3}


def neighbors(node: Node, atom: int) -> list[str]:
    return [node.symbols[b.j if b.i == atom else b.i] for b in node.bonds if atom in (b.i, b.j)]


def is_mapped_on_itself(symbols: list[str], positions: np.ndarray, operation: np.ndarray) -> bool:
    gap = np.linalg.norm((positions @ operation.T)[:, None] - positions, axis=2)
    image = gap.argmin(axis=1)
    return gap.min(axis=1).max() < 1e-6 and [symbols[k] for k in image] == list(symbols)


def test_this_file_looks_at_every_node() -> None:
    assert sorted(SYMMETRY) == sorted(POINTS) == nodes()


@pytest.mark.parametrize("name", nodes())
def test_points_are_typed_and_oriented(name: str) -> None:
    node = load_node(name)
    assert Counter(str(point.kind) for point in node.points) == POINTS[name]
    assert np.abs(np.mean([node.positions[point.atom] for point in node.points], axis=0)).max() < 1e-6
    for point in node.points:
        assert np.linalg.norm(point.direction) == pytest.approx(1.0, abs=1e-12)
        assert abs(point.direction @ point.normal) < 1e-9
        if point.kind is AnchorKind.CARBOXYLATE:
            assert sorted(neighbors(node, point.atom)) == ["O", "O"]
            assert np.linalg.norm(point.normal) == pytest.approx(1.0, abs=1e-12)
            assert node.positions[point.atom] @ point.direction > 0.5
            assert point.length_ang is None  # the linker knows its own C-C bond
        else:
            low, high = METAL_NITROGEN_ANG[node.symbols[point.atom]]
            assert low <= point.length_ang <= high


@pytest.mark.parametrize("name", nodes())
def test_carboxylate_planes_hold_their_oxygens(name: str) -> None:
    node = load_node(name)
    for point in node.points:
        for bond in node.bonds:
            if point.kind is AnchorKind.CARBOXYLATE and point.atom in (bond.i, bond.j):
                assert abs((node.positions[bond.i] - node.positions[bond.j]) @ point.normal) < 1e-6


@pytest.mark.parametrize("name", nodes())
def test_symmetry_maps_atoms_on_atoms_and_points_on_points(name: str) -> None:
    node = load_node(name)
    of_atoms, of_points = SYMMETRY[name]
    for operation in of_atoms:
        assert is_mapped_on_itself(list(node.symbols), node.positions, operation)
    directions = np.array([point.direction for point in node.points])
    normals = np.array([point.normal for point in node.points])
    kinds = [str(point.kind) for point in node.points]
    for operation in of_points:
        assert is_mapped_on_itself(kinds, directions, operation)
        image = np.linalg.norm((directions @ operation.T)[:, None] - directions, axis=2).argmin(axis=1)
        along = np.abs((normals @ operation.T * normals[image]).sum(axis=1))
        assert along == pytest.approx((normals**2).sum(axis=1), abs=1e-6)


@pytest.mark.parametrize("name", nodes())
def test_bonds_are_those_of_the_geometry_and_of_experiment(name: str) -> None:
    node = load_node(name)
    seen = perceive(node.symbols, node.positions, 60.0 * np.eye(3)).keys()
    assert {(min(b.i, b.j), max(b.i, b.j), 0, 0, 0) for b in node.bonds} == seen
    for bond in node.bonds:
        pair = sorted((node.symbols[bond.i], node.symbols[bond.j]))
        low, high = LENGTHS_ANG[" ".join(pair)]
        assert low <= np.linalg.norm(node.positions[bond.i] - node.positions[bond.j]) <= high
        expected = {0: 1.5 if pair == ["C", "O"] else 1.0, 1: 0.5, 2: 0.25}[sum(map(is_metal, pair))]
        assert bond.order == expected
    apart = np.linalg.norm(node.positions[:, None] - node.positions, axis=2) + 9.0 * np.eye(len(node.symbols))
    assert apart.min() > 0.9


@pytest.mark.parametrize("name", nodes())
def test_charges_add_up_to_nothing(name: str) -> None:
    node = load_node(name)
    charge = 0.0
    for atom, symbol in enumerate(node.symbols):
        around = neighbors(node, atom)
        if symbol == "C":
            charge -= 1  # a carboxylate, formate included
        elif symbol == "O" and "C" not in around:
            charge += around.count("H") - 2
        else:
            charge += OXIDATION_STATE.get(symbol, 0)
    charge -= 0.5 * sum(point.kind is AnchorKind.AZOLATE for point in node.points)  # an azolate has two ends
    assert charge == 0.0


def test_zr6_caps_alternate_on_its_faces() -> None:
    node = load_node("zr6")
    caps = [k for k, symbol in enumerate(node.symbols) if symbol == "O" and neighbors(node, k).count("Zr") == 3]
    faces = {tuple(np.sign(node.positions[k]).astype(int)): "H" in neighbors(node, k) for k in caps}
    assert set(faces) == set(product((-1, 1), repeat=3))
    for a, b in combinations(faces, 2):
        if sum(x != y for x, y in zip(a, b, strict=True)) == 1:
            assert faces[a] != faces[b]


def test_opposite_carboxylates_of_zn4o_are_perpendicular() -> None:
    node = load_node("zn4o")
    pairs = [(a, b) for a, b in combinations(node.points, 2) if a.direction @ b.direction < -0.999]
    assert len(pairs) == 3
    assert all(abs(a.normal @ b.normal) < 1e-9 for a, b in pairs)


def test_every_node_says_where_it_comes_from() -> None:
    for node in map(load_node, nodes()):
        assert node.source.startswith("10.")
        assert node.description


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(InputError, match=r"zn-paddlewheel-pillar.*path of a node file"):
        load_node("../secrets")
