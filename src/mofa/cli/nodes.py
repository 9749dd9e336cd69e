"""Verbs on building blocks: the metal nodes, listed and drawn."""

from __future__ import annotations

from mofa.cli.common import Answer, JsonOption, show


def nodes(json_output: JsonOption = False) -> None:
    """List the metal nodes that MOFs can be assembled from."""
    from mofa.assemble import load_node
    from mofa.assemble import nodes as names

    for node in map(load_node, names()):
        kinds = [str(point.kind) for point in node.points]
        counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
        text = f"{node.name:<24} {', '.join(f'{n} x {kind}' for kind, n in counts.items())}   ({node.source})"
        show(Answer({"name": node.name, "connections": counts, "source": node.source}, text), as_json=json_output)
