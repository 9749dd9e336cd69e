"""A user's own nodes: from TOML, XYZ and CIF, and every mistake named."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.assemble import load_node, nodes
from mofa.assemble.blocks.files import to_toml
from mofa.chemistry import AnchorKind, ConnectionPoint, Framework, Node
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import to_cif, write_cif
from mofa.errors import InputError
from tests.structures import irmof1

PADDLEWHEEL = "zn-paddlewheel-pillar"
BOX = 40.0 * np.eye(3)


def xyz_of(symbols: tuple[str, ...] | list[str], positions: np.ndarray) -> str:
    rows = [
        f"{s} {x:.6f} {y:.6f} {z:.6f}" for s, (x, y, z) in zip(symbols, np.asarray(positions).tolist(), strict=True)
    ]
    return "\n".join([str(len(rows)), "a fragment", *rows]) + "\n"


def with_dummies(node: Node, dummy: str = "X") -> tuple[list[str], np.ndarray]:
    """Atoms of a node with a dummy 1.49 Å behind each carboxylate and 2.04 Å before each metal."""
    marks = [
        node.positions[p.atom] + (1.49 if p.kind is AnchorKind.CARBOXYLATE else 2.04) * p.direction for p in node.points
    ]
    return [*node.symbols, *[dummy] * len(marks)], np.concatenate([node.positions, marks])


def same_points(a: Node, b: Node, tolerance: float = 1e-4) -> bool:
    def rows(node: Node) -> list[tuple[str, ...]]:
        return sorted((str(p.kind), *np.round(p.direction, 3).__add__(0.0).astype(str)) for p in node.points)

    assert rows(a) == rows(b)
    pairs = [(p, q) for p in a.points for q in b.points if p.direction @ q.direction > 0.9999 and p.kind == q.kind]
    return all(abs(abs(p.normal @ q.normal) - p.normal @ p.normal) < tolerance for p, q in pairs)


def write(folder: Path, toml: str, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    path = folder / "mine.toml"
    path.write_text(toml)
    return path


# --- what can be read


@pytest.mark.parametrize("name", nodes())
def test_a_node_survives_the_round_trip(name: str, tmp_path: Path) -> None:
    node = load_node(name)
    again = load_node(write(tmp_path, to_toml(node)))
    assert (again.name, again.symbols, again.bonds) == (node.name, node.symbols, node.bonds)
    assert (again.source, again.description) == (node.source, node.description)
    assert again.positions == pytest.approx(node.positions, abs=1e-8)
    for a, b in zip(again.points, node.points, strict=True):
        assert (a.kind, a.atom, a.length_ang) == (b.kind, b.atom, b.length_ang)
        assert a.direction == pytest.approx(b.direction, abs=1e-8)
        assert a.normal == pytest.approx(b.normal, abs=1e-8)


@pytest.mark.parametrize("dummy", ["X", "Xx", "At", "Fr"])
def test_dummies_in_an_xyz_mark_the_points(dummy: str, tmp_path: Path) -> None:
    node = load_node(PADDLEWHEEL)
    symbols, positions = with_dummies(node, dummy)
    mine = load_node(
        write(tmp_path, 'geometry = "fragment.xyz"\nkind = "n_donor"\n', fragment_xyz=xyz_of(symbols, positions + 3.0))
    )
    assert same_points(mine, node)
    assert mine.symbols == node.symbols
    assert {(b.i, b.j, b.order) for b in mine.bonds} == {(min(b.i, b.j), max(b.i, b.j), b.order) for b in node.bonds}
    assert [p.length_ang for p in mine.points if p.kind is AnchorKind.N_DONOR] == pytest.approx([2.04, 2.04])
    assert mine.positions == pytest.approx(node.positions, abs=1e-5)


def test_dummies_in_a_cif_mark_the_points_across_the_cell_faces(tmp_path: Path) -> None:
    node = load_node("zn4o")
    symbols, positions = with_dummies(node)
    fractional = np.round(positions / 40.0, 8) % 1.0  # centred on a corner of the cell
    rows = [f"{s}{k} {s} {x} {y} {z}" for k, (s, (x, y, z)) in enumerate(zip(symbols, fractional, strict=True))]
    head = to_cif(Framework("zn4o", ("Zn",), np.zeros((1, 3)), BOX)).split("_atom_site_occupancy")[0]
    (tmp_path / "zn4o.cif").write_text(head + "\n".join(rows) + "\n")
    assert same_points(load_node(tmp_path / "zn4o.cif"), node)


def test_points_can_be_named_by_atoms_and_vectors(tmp_path: Path) -> None:
    node = load_node(PADDLEWHEEL)
    symbols, positions = with_dummies(node, "C")  # the carbons of linkers
    points = "".join(
        f'[[points]]\nkind = "{p.kind}"\natom = {p.atom}\n'
        + (f"towards = {14 + k}\n" if k < 4 else f"towards = {p.direction.tolist()}\n")
        for k, p in enumerate(node.points)
    )
    keep = 14 + 4
    path = write(
        tmp_path, f'geometry = "fragment.xyz"\n{points}', fragment_xyz=xyz_of(symbols[:keep], positions[:keep])
    )
    mine = load_node(path)
    assert same_points(mine, node)
    assert mine.symbols == node.symbols


def test_mof_5_as_a_whole_gives_zn4o(tmp_path: Path) -> None:
    write_cif(irmof1(), tmp_path / "MOF-5.cif")
    for path in (tmp_path / "MOF-5.cif", write(tmp_path, 'geometry = "MOF-5.cif"\n')):
        node = load_node(path)
        assert Counter(node.symbols) == {"Zn": 4, "O": 13, "C": 6}
        assert [p.kind for p in node.points] == [AnchorKind.CARBOXYLATE] * 6
        # The crystal's axes are turned against the shipped node's: angles between points stay.
        for a, b in zip(node.points, load_node("zn4o").points, strict=True):
            ours = sorted(np.round([a.direction @ p.direction for p in node.points], 3))
            theirs = sorted(np.round([b.direction @ p.direction for p in load_node("zn4o").points], 3))
            assert ours == pytest.approx(theirs, abs=1e-2)
        assert same_graph(node, load_node("zn4o"))


def same_graph(a: Node, b: Node) -> bool:
    return a.key.removeprefix(a.name) == Node(a.name, b.symbols, b.positions, b.bonds, b.points, "").key[len(a.name) :]


def test_zinc_imidazolate_is_cut_at_its_nitrogens(tmp_path: Path) -> None:
    """A zinc with four imidazolates in a box: rings of five with a second metal beyond make azolates."""
    symbols, positions = ["Zn"], [np.zeros(3)]
    for point in load_node("zn-azolate").points:
        out = point.direction
        side = np.cross(out, [0.0, 0.0, 1.0])
        side /= np.linalg.norm(side)
        ring = [(1.99, 0.0), (2.75, 1.08), (2.80, -1.10), (4.05, 0.67), (4.05, -0.69)]
        for symbol, (x, y) in zip(("N", "C", "C", "N", "C"), ring, strict=True):
            symbols.append(symbol)
            positions.append(x * out + y * side)
        symbols.append("Zn")
        positions.append(5.6 * out + 1.9 * side)
    (tmp_path / "zif.xyz").write_text(xyz_of(symbols, np.array(positions)))
    with pytest.raises(InputError, match="there is no Co in it"):
        load_node(write(tmp_path, 'geometry = "zif.xyz"\nmetal = "Co"\n'))
    node = load_node(write(tmp_path, 'geometry = "zif.xyz"\n'))
    assert node.symbols == ("Zn",)
    assert same_points(node, load_node("zn-azolate"))
    assert [p.length_ang for p in node.points] == pytest.approx([1.99] * 4, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(axis=st.integers(0, 2), angle=st.floats(-3.2, 3.2), shift=st.floats(-50.0, 50.0), name=st.sampled_from(nodes()))
def test_turning_a_fragment_turns_its_points(axis: int, angle: float, shift: float, name: str) -> None:
    from mofa.assemble.blocks.cutting import marked
    from mofa.assemble.blocks.fragments import make_fragment

    node = load_node(name)
    turn = np.eye(3)
    i, j = [k for k in range(3) if k != axis]
    turn[i, i] = turn[j, j] = np.cos(angle)
    turn[i, j], turn[j, i] = np.sin(angle), -np.sin(angle)
    symbols, positions = with_dummies(node)
    fragment = make_fragment(tuple(symbols), positions @ turn + shift, None, where="here")
    found = {e.atom: [] for e in marked(fragment).exits}
    for exit_ in marked(fragment).exits:
        found[exit_.atom].append(exit_.toward / np.linalg.norm(exit_.toward))
    for point in node.points:
        assert min(np.linalg.norm(v - point.direction @ turn) for v in found[point.atom]) < 1e-6


# --- identity


def test_a_users_node_never_has_the_identity_of_a_shipped_one(tmp_path: Path) -> None:
    shipped = load_node("zr6")
    mine = load_node(write(tmp_path, to_toml(shipped)))
    assert shipped.key == shipped.name == mine.name
    assert mine.key != shipped.key
    assert mine.key.startswith("zr6-")


def test_identity_depends_on_atoms_bonds_and_points_not_on_their_order() -> None:
    node = load_node("zn4o")
    order = np.random.default_rng(1).permutation(len(node.symbols))
    number = {int(old): new for new, old in enumerate(order)}
    shuffled = Node(
        node.name,
        tuple(node.symbols[k] for k in order),
        node.positions[order] + 1.0,
        tuple(type(b)(number[b.i], number[b.j], 1.0) for b in node.bonds),
        tuple(ConnectionPoint(p.kind, number[p.atom], p.direction, p.normal) for p in reversed(node.points)),
        "",
    )
    own = Node(node.name, node.symbols, node.positions, node.bonds, node.points, "")
    fewer = Node(node.name, node.symbols, node.positions, node.bonds, node.points[:-1], "")
    cadmium = tuple("Cd" if s == "Zn" else s for s in node.symbols)
    other = Node(node.name, cadmium, node.positions, node.bonds, node.points, "")
    assert shuffled.key == own.key
    assert (
        len({own.key, fewer.key, other.key, Node(node.name, node.symbols, node.positions, (), node.points, "").key})
        == 4
    )


# --- what is refused, by name

ATOMS = 'symbols = ["Zn", "O"]\npositions = [[0, 0, 0], [0, 0, 1.9]]\n'
POINT = '[[points]]\nkind = "n_donor"\natom = 0\ndirection = [0, 0, -1]\n'


def test_the_smallest_node_is_accepted(tmp_path: Path) -> None:
    node = load_node(write(tmp_path, ATOMS + POINT))
    assert (node.name, len(node.points), len(node.bonds)) == ("mine", 1, 1)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (ATOMS, "no connection points"),
        ("", "there are no atoms"),
        ("symbols = []\npositions = []\n" + POINT, "there are no atoms"),
        (ATOMS.replace('"O"', '"Zz"') + POINT, r"no element is called 'Zz' \(atom 1\)"),
        (ATOMS.replace("1.9", "nan") + POINT, "positions: holds NaN"),
        (ATOMS.replace("1.9", "inf") + POINT, "positions: holds NaN or infinity"),
        (ATOMS.replace(", 1.9", "") + POINT, "positions: is not 2 x 3 numbers"),
        (ATOMS.replace("1.9", "0.2") + POINT, r"Zn \(atom 0\) and O \(atom 1\) are 0.20 Å apart"),
        (ATOMS.replace("1.9", "9.0") + POINT, "falls into 2 pieces"),
        (ATOMS + POINT.replace("atom = 0", "atom = 2"), "there is no atom 2; atoms are numbered from 0 to 1"),
        (ATOMS + POINT.replace("atom = 0", "atom = -1"), "there is no atom -1"),
        (ATOMS + POINT.replace("atom = 0\n", ""), "point 1, atom: there is no number"),
        (ATOMS + POINT.replace("n_donor", "glue"), "point 1, kind: 'glue' is no kind of point.*carboxylate, n_donor"),
        (ATOMS + POINT.replace('kind = "n_donor"\n', ""), "point 1, kind: it is not known what binds"),
        (ATOMS + POINT.replace("n_donor", "carboxylate"), "needs the carbon of a carboxylate, its atom is Zn"),
        (ATOMS + POINT.replace("atom = 0", "atom = 1"), "needs a metal, its atom is O"),
        (ATOMS + POINT.replace("-1]", "0]"), "point 1, direction: the vector has no length"),
        (ATOMS + POINT.replace("-1]", "nan]"), "point 1, direction: holds NaN"),
        (ATOMS + POINT + "towards = 1\n", "one of `direction` and `towards`"),
        (ATOMS + POINT + "normal = [0, 0, 1]\n", "normal: it is not perpendicular"),
        (ATOMS + POINT + "length_ang = 20\n", "length_ang: no bond to a linker is 20 Å"),
        (ATOMS + POINT + "colour = 1\n", "point 1: there is no field 'colour'"),
        ("colour = 1\n" + ATOMS + POINT, "there is no field 'colour'.*geometry"),
        ("points = 3\n" + ATOMS, "points: is not a list of tables"),
        ("bonds = [[0, 5, 1]]\n" + ATOMS + POINT, r"bonds: bond 1 is \[0, 5, 1\]"),
        ("bonds = [[0, 0, 1]]\n" + ATOMS + POINT, "not two atoms"),
        ('bonds = ["a"]\n' + ATOMS + POINT, "bonds: is not 1 x 3 numbers"),
        ('name = "a/b"\n' + ATOMS + POINT, "'a/b' cannot be a node's name"),
        ("name = 3\n" + ATOMS + POINT, "name: 3 is not a text"),
        ('geometry = "a.xyz"\n' + ATOMS + POINT, "both geometry and symbols"),
        ('geometry = "a.pdb"\n', "files of the kind '.pdb'"),
        ('geometry = "absent.xyz"\n', "absent.xyz: cannot be read"),
        ("symbols = [\n", "not valid TOML.*line"),
    ],
)
def test_a_wrong_field_is_named(toml: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"(?s)^{tmp_path}.*{message}"):
        load_node(write(tmp_path, toml))


@pytest.mark.parametrize(
    ("xyz", "message"),
    [
        ("", "line 1 is ''"),
        ("two\n\nZn 0 0 0\n", "line 1 is 'two', not the number of atoms"),
        ("2\n\nZn 0 0 0\n", "line 1 says 2 atoms, the file holds 1"),
        ("1\n\nZn 0 0\n", "line 3 is 'Zn 0 0'"),
        ("1\n\nZn 0 0 zero\n", "line 3 is 'Zn 0 0 zero'"),
        ("1\n\nZn 0 0 nan\n", "atom 0 has a coordinate that is NaN"),
        ("1\n\nQq 0 0 0\n", r"no element is called 'Qq' \(atom 0\)"),
        ("1\n\nX 0 0 0\n", "there are no atoms"),
        ("2\n\nZn 0 0 0\nX 0 0 6\n", r"dummy 0 is 6.00 Å from Zn \(atom 0\)"),
        ("2\n\nZn 0 0 0\nX 0 0 2\n", "point 1, kind: it is not known what binds there"),
        ("2\n\nZn 0 0 0\nZn 0 0 0.1\n", "0.10 Å apart"),
        ("2\n\nC 0 0 0\nC 0 0 1.4\n", "there is no metal in it"),
        ("2\n\nZn 0 0 0\nO 0 0 2.0\n", "its hydrogens are missing"),
        ("3\n\nZn 0 0 0\nO 0 0 2.0\nC 0 1.2 2.4\n", "neither of a carboxylate nor a nitrogen donor"),
    ],
)
def test_a_wrong_xyz_is_named_by_its_line(xyz: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"(?s){message}"):
        load_node(write(tmp_path, 'geometry = "f.xyz"\n', f_xyz=xyz))


def test_a_rod_is_refused(tmp_path: Path) -> None:
    """Zinc and oxygen in an endless chain."""
    cell = np.diag([3.6, 20.0, 20.0])
    symbols, positions = ("Zn", "O"), np.array([[0.0, 0.0, 0.0], [1.8, 0.0, 0.0]])
    chain = Framework("rod", symbols, positions, cell, perceive(symbols, positions, cell))
    write_cif(chain, tmp_path / "rod.cif")
    with pytest.raises(InputError, match="infinite"):
        load_node(tmp_path / "rod.cif")


def test_two_kinds_of_clusters_are_told_apart_by_a_metal(tmp_path: Path) -> None:
    zinc, copper = load_node("zn4o"), load_node("cu-paddlewheel")
    symbols = (*zinc.symbols, *copper.symbols)
    positions = np.concatenate([zinc.positions, copper.positions + 15.0])
    text = xyz_of(symbols, positions)
    with pytest.raises(InputError, match=r"Cu2C4O8, Zn4C6O13.*metal"):
        load_node(write(tmp_path, 'geometry = "two.xyz"\n', two_xyz=text))
    mine = load_node(write(tmp_path, 'geometry = "two.xyz"\nmetal = "Cu"\n', two_xyz=text))
    assert same_points(mine, copper)
