"""Verbs on nets: which there are and what they need."""

from __future__ import annotations

from mofa.cli.common import Answer, JsonOption, show


def nets(json_output: JsonOption = False) -> None:
    """List the nets that MOFs can be assembled in."""
    from mofa.assemble import load_net
    from mofa.assemble import nets as names

    for net in map(load_net, names()):
        classes = len({edge.orbit for edge in net.edges})
        payload = {"name": net.name, "vertices": net.n_vertices, "edges": len(net.edges), "edge_orbits": classes}
        text = f"{net.name:<8} {net.n_vertices} vertices, {len(net.edges)} edges in {classes} classes per cell"
        show(Answer(payload, text), as_json=json_output)
