"""Files of nets: what they may look like, and mistakes that are named with their lines."""

from pathlib import Path

import numpy as np
import pytest

from mofa.assemble import load_net, nets
from mofa.assemble.topology.check import same_net
from mofa.assemble.topology.quotient import quotient_graph
from mofa.errors import InputError

HEAD = "CRYSTAL\n  NAME my\n"
CUBE = "  CELL 1 1 1 90 90 90\n"


def _file(folder: Path, text: str) -> Path:
    path = folder / "my.cgd"
    path.write_text(text)
    return path


def _same(folder: Path, text: str, name: str) -> bool:
    net = load_net("my", file=_file(folder, text))
    return same_net(quotient_graph(net), quotient_graph(load_net(name)))


def test_a_file_as_rcsr_writes_it(tmp_path: Path) -> None:
    text = """# a comment
CRYSTAL
  NAME my
  GROUP P63/mmc
  CELL 1.41420 1.41420 1.15471 90.0000 90.0000 120.0000
  NODE 1 6  0.66667 0.33333 0.25000
  EDGE  0.66667 0.33333 0.25000   0.33333 -0.33333 -0.25000
# EDGE_CENTER  0.50000 0.00000 0.00000
END
"""
    assert _same(tmp_path, text, "acs")
    net = load_net("my", file=tmp_path / "my.cgd")
    assert net.source == "my.cgd"
    # Rounded positions are put where symmetry has them.
    assert np.abs(net.positions * 12 - np.rint(net.positions * 12)).max() < 1e-9
    assert np.ptp(np.linalg.norm(net.edge_vectors, axis=1)) < 1e-9


@pytest.mark.parametrize(
    ("group", "cell", "node", "end", "name"),
    [
        ("Fd-3m", "2.3094 2.3094 2.3094 90 90 90", "5/8 5/8 5/8", "7/8 7/8 3/8", "dia"),
        ("Fd-3m:2", "2.3094 2.3094 2.3094 90 90 90", "5/8 5/8 5/8", "7/8 7/8 3/8", "dia"),
        ('"Fd-3m:1"', "2.3094 2.3094 2.3094 90 90 90", "0 0 0", "1/4 1/4 1/4", "dia"),
        ("R-3m", "1.41421 1.41421 1.73205 90 90 120", "0 0 0", "2/3 1/3 1/3", "pcu"),
        ("R-3m:H", "1.41421 1.41421 1.73205 90 90 120", "0 0 0", "2/3 1/3 1/3", "pcu"),
        ("R-3m:R", "1 1 1 80 80 80", "0 0 0", "1 0 0", "pcu"),
        ("Pn-3m:1", "1.41421 1.41421 1.41421 90 90 90", "1/4 1/4 1/4", "3/4 -1/4 1/4", "hxg"),
    ],
)
def test_settings_of_space_groups(tmp_path: Path, group: str, cell: str, node: str, end: str, name: str) -> None:
    degree = {"dia": 4, "pcu": 6, "hxg": 6}[name]
    text = f"{HEAD}  GROUP {group}\n  CELL {cell}\n  NODE 1 {degree} {node}\n  EDGE 1 {end}\nEND\n"
    assert _same(tmp_path, text, name)


def test_monoclinic_settings_are_known(tmp_path: Path) -> None:
    edges = "  EDGE 1 1 0 0\n  EDGE 1 0 1/2 1/2\n"
    text = f"{HEAD}  GROUP P121/c1\n  CELL 1 1.4 1.4 90 100 90\n  NODE 1 6 0 0 0\n{edges}END\n"
    net = load_net("my", file=_file(tmp_path, text))
    assert (net.n_vertices, len(net.edges)) == (2, 6)


def test_ids_atoms_and_lines_without_keyword(tmp_path: Path) -> None:
    text = f"""crystal
  id "my"
  GROUP P1
{CUBE}  ATOM
    'a' 4  0 0 0
    "b" 2  1/2 0 0
  EDGE a b        # both by id
    'b'  1 0 0    # an id and a point
  0 0 0  0 1 0    # two points
END
"""
    with pytest.raises(InputError, match="line 1: the edges extend in 2 directions"):
        load_net("my", file=_file(tmp_path, text))
    text = text.replace("'a' 4", "'a' 6").replace("END", "    0 0 1  0 0 0\nEND")
    assert load_net("my", file=_file(tmp_path, text)).connectivity == (6, 2)


GOOD = HEAD + "  GROUP Pm-3m\n" + CUBE + "  NODE 1 6 0 0 0\n  EDGE 1 1 0 0\nEND\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("EDGE 1 1 0 0", "EDGE 1 1/2 0 0", "line 6: an edge ends at 0.5 0 0, where no node is"),
        ("EDGE 1 1 0 0", "EDGE 1 0 0 0", "line 6: an edge has two different ends"),
        ("EDGE 1 1 0 0", "EDGE 1 1 0", "line 6: an EDGE joins two ends"),
        ("EDGE 1 1 0 0", "EDGE 1 1 0 x", "line 6: 'x' is no number"),
        ("EDGE 1 1 0 0", "EDGE 1 1 0 1/0", "line 6: '1/0' is no number"),
        ("EDGE 1 1 0 0", "EDGE 1 1 0 nan", "line 6: 'nan' is no number"),
        ("NODE 1 6", "NODE 1 4", "line 5: node 1 should have 4 edges; those given make 6"),
        ("NODE 1 6", "NODE 1 six", "line 5: 'six' is no connectivity"),
        ("NODE 1 6 0 0 0", "NODE 1 6 0 0", "line 5: a NODE has an id, a connectivity and 3 coordinates"),
        ("NODE 1 6 0 0 0", "NODE 1 6 0 0 0\n  NODE 1 6 1/2 0 0", "line 6: node 1 is there already, on line 5"),
        ("NODE 1 6 0 0 0", "NODE 1 6 0 0 0\n  NODE 2 6 0 1 0", "line 6: node 2 is where node 1 is already"),
        ("Pm-3m", "Pm-3q", "line 3: 'Pm-3q' is no space group"),
        ("  GROUP Pm-3m\n", "", "line 1: there is no GROUP"),
        (CUBE, "", "line 1: my has no CELL"),
        (CUBE, "  CELL 1 1 90\n", "line 4: a CELL has 3 lengths and 3 angles, not 3 numbers"),
        (CUBE, "  CELL 1 1 2 90 90 90\n", "line 4: the cell does not have the symmetry of P m -3 m"),
        (CUBE, "  CELL 1 1 0 90 90 90\n", "line 4: the cell does not have the symmetry of P m -3 m, or has no volume"),
        ("  EDGE 1 1 0 0\n", "", "line 1: my has no EDGE"),
        ("  EDGE 1 1 0 0\n", "  COLOUR red\n", "line 6: COLOUR is no keyword"),
        ("END\n", "", "line 6: the block of my has no END"),
        ("CRYSTAL", "PERIODIC_GRAPH", "line 1: my is a PERIODIC_GRAPH block, which has no embedding"),
        ("Pm-3m", "Im-3m", "line 1: these are 2 nets through one another"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        load_net("my", file=_file(tmp_path, GOOD.replace(old, new)))
    assert f"my.cgd, {message}" in str(caught.value)


def test_one_mistake_does_not_keep_the_other_nets_away(tmp_path: Path) -> None:
    unfinished = "CRYSTAL\n  NAME unfinished\n  GROUP\n"
    broken = GOOD.replace("my", "broken").replace("EDGE 1 1", "EDGE 1 7/9")
    path = _file(tmp_path, f"{broken}\n{unfinished}{GOOD}\nfree text\n{GOOD.replace('my', 'twice') * 2}")
    assert nets(path) == ["broken", "my", "twice", "unfinished"]
    assert load_net("my", file=path).n_vertices == 1
    for name, message in (("broken", "line 6"), ("unfinished", "has no END"), ("twice", "2 times (lines 21, 28)")):
        with pytest.raises(InputError) as caught:
            load_net(name, file=path)
        assert message in str(caught.value)


def test_a_file_of_thousands_of_nets_is_listed_without_reading_them(tmp_path: Path) -> None:
    path = _file(tmp_path, "".join(GOOD.replace("my", f"n{k}") for k in range(4000)))
    assert len(nets(path)) == 4000
    assert load_net("n3999", file=path).n_vertices == 1


def test_nets_in_two_dimensions_are_not_listed_and_say_why(tmp_path: Path) -> None:
    sheet = "CRYSTAL\n  NAME sql\n  GROUP p4mm\n  CELL 1 1 90\n  NODE 1 4 0 0\n  EDGE 0 0 0 1\nEND\n"
    path = _file(tmp_path, sheet + GOOD)
    assert nets(path) == ["my"]
    with pytest.raises(InputError, match="line 1: sql is a net in two dimensions"):
        load_net("sql", file=path)


def test_files_that_hold_no_net(tmp_path: Path) -> None:
    (tmp_path / "my.cgd").write_bytes(bytes(range(256)))
    for path, message in (
        (tmp_path / "my.cgd", "no net"),
        (tmp_path / "other.cgd", "cannot be read"),
        (tmp_path, "cannot"),
    ):
        with pytest.raises(InputError, match=message):
            nets(path)


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD)
    first = load_net("my", file=path)
    assert load_net("my", file=path) is first
    _file(tmp_path, GOOD.replace("CELL 1 1 1", "CELL 2.5 2.5 2.5"))
    assert load_net("my", file=path).cell[0, 0] == pytest.approx(2.5)
