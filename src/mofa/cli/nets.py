"""Verbs on nets: which there are and what they need."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mofa.cli.common import Answer, JsonOption, failure, say, show
from mofa.errors import MofaError

if TYPE_CHECKING:
    from mofa.chemistry import Net

_COLUMNS = "{:<10} {:>8}  {:<24} {:>5}  {:>10}"
_SHELLS = 10


def nets(
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE.cgd", help="Nets of this file, such as RCSR's download.")
    ] = None,
    net: Annotated[
        str | None, typer.Option("--net", metavar="NAME", help="One net, with its vertices and coordination sequences.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """List the nets that MOFs can be assembled in."""
    from mofa.assemble import load_net
    from mofa.assemble import nets as names

    if net is not None:
        show(_details(load_net(net, file=file)), as_json=json_output)
        return
    if not json_output:
        say(_COLUMNS.format("net", "vertices", "connectivity", "edges", "edge kinds"))
    failed = False
    for name in names(file):
        try:
            answer = _row(load_net(name, file=file))
        except MofaError as error:
            answer = failure(error, name)
        failed |= answer.refused
        show(answer, as_json=json_output)
    if failed:
        raise typer.Exit(1)


def _facts(net: Net) -> dict[str, Any]:
    """What the list and the details have in common."""
    return {
        "name": net.name,
        "vertices": net.n_vertices,
        "connectivity": dict(sorted(Counter(net.connectivity).items())),
        "edges": len(net.edges),
        "edge_orbits": len({edge.orbit for edge in net.edges}),
    }


def _row(net: Net) -> Answer:
    facts = _facts(net)
    connectivity = ", ".join(f"{count} x {degree}" for degree, count in facts["connectivity"].items())
    text = _COLUMNS.format(net.name, net.n_vertices, connectivity, facts["edges"], facts["edge_orbits"])
    return Answer(facts, text)


def _details(net: Net) -> Answer:
    """One net: a line for every kind of vertex and of edge."""
    from mofa.assemble.topology.quotient import quotient_graph

    graph = quotient_graph(net)
    vertices: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for orbit in sorted(set(net.vertex_orbits)):
        first = net.vertex_orbits.index(orbit)
        vertices.append(
            {
                "count": net.vertex_orbits.count(orbit),
                "connectivity": net.connectivity[first],
                "coordination_sequence": list(graph.coordination_sequence(first, _SHELLS)),
                "four_rings": graph.four_rings(first),
            }
        )
    lengths = [sum(x * x for x in vector) ** 0.5 for vector in net.edge_vectors.tolist()]
    for orbit in sorted({edge.orbit for edge in net.edges}):
        alike = [k for k, edge in enumerate(net.edges) if edge.orbit == orbit]
        ends = sorted({net.vertex_orbits[net.edges[alike[0]].i], net.vertex_orbits[net.edges[alike[0]].j]})
        edges.append({"count": len(alike), "joins": [end + 1 for end in (ends * 2)[:2]], "length": lengths[alike[0]]})
    lines = [f"{net.name}: {net.n_vertices} vertices and {len(net.edges)} edges in a primitive cell ({net.source})"]
    for number, vertex in enumerate(vertices, start=1):
        sequence = " ".join(map(str, vertex["coordination_sequence"]))
        lines.append(
            f"  vertex {number}: {vertex['count']} of connectivity {vertex['connectivity']},"
            f" {vertex['four_rings']} four-rings, coordination sequence {sequence}"
        )
    for number, edge in enumerate(edges, start=1):
        start, end = edge["joins"]
        lines.append(f"  edge {number}: {edge['count']} from vertex {start} to {end}, length {edge['length']:.3f}")
    return Answer(
        {**_facts(net), "vertex_kinds": vertices, "edge_kinds": edges, "source": net.source}, "\n".join(lines)
    )
