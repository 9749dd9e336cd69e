"""`mofa nets`: the list, one net, a user's file."""

from __future__ import annotations

from pathlib import Path

from tests.cli.helpers import mofa

TWO_NETS = """CRYSTAL
  NAME cube
  GROUP Pm-3m
  CELL 1 1 1 90 90 90
  NODE 1 6 0 0 0
  EDGE 1 1 0 0
END
CRYSTAL
  NAME wrong
  GROUP Pm-3m
  CELL 1 1 1 90 90 90
  NODE 1 5 0 0 0
  EDGE 1 1 0 0
END
"""


def test_the_list_is_a_table_for_people_and_lines_of_json_for_programs() -> None:
    done = mofa("nets")
    assert done.code == 0
    header, *rows = done.out.splitlines()
    assert header.split() == ["net", "vertices", "connectivity", "edges", "edge", "kinds"]
    assert {len(row) for row in rows} == {len(header)}
    listed = {row["name"]: row for row in mofa("nets", "--json").json_lines}
    assert [row.split()[0] for row in rows] == list(listed)
    assert listed["tbo"] == {
        "name": "tbo",
        "vertices": 14,
        "connectivity": {"3": 8, "4": 6},
        "edges": 24,
        "edge_orbits": 1,
    }


def test_one_net_with_its_coordination_sequences() -> None:
    done = mofa("nets", "--net", "pcu", "--json")
    assert done.code == 0
    assert done.json["vertex_kinds"] == [
        {
            "count": 1,
            "connectivity": 6,
            "coordination_sequence": [6, 18, 38, 66, 102, 146, 198, 258, 326, 402],
            "four_rings": 12,
        }
    ]
    assert "6 18 38 66 102" in mofa("nets", "--net", "pcu").out


def test_nets_of_a_file_are_listed_past_one_with_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "two.cgd"
    path.write_text(TWO_NETS)
    done = mofa("nets", "--file", path)
    assert done.code == 1
    assert [line.split()[0] for line in done.out.splitlines()] == ["net", "cube"]
    assert "two.cgd, line 12: node 1 should have 5 edges; those given make 6" in done.err
    assert mofa("nets", "--file", path, "--net", "cube", "--json").json["edges"] == 3
    unknown = mofa("nets", "--file", path, "--net", "cub")
    assert unknown.code == 1
    assert "Choose one of cube, wrong" in unknown.err
