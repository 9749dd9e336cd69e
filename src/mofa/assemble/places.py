"""Which linkers a node takes in a net, before any linker is there: for listings, and for a campaign's recipe."""

from __future__ import annotations

from dataclasses import dataclass

from mofa.assemble.embed.arrange import alternates
from mofa.assemble.embed.orient import oriented
from mofa.chemistry import AnchorKind, Net, Node, Reason, Rejected, Stage


@dataclass(frozen=True)
class Place:
    """A place for linkers."""

    kinds: tuple[AnchorKind, ...]
    """Kind of every end of a linker that goes there; two for a linker on an edge, more for one on a vertex."""
    most: int
    """How many different linkers can share the place; one serves all of it."""

    def __str__(self) -> str:
        share = f"1 to {self.most} linkers" if self.most > 1 else "1 linker"
        return f"{share} with {len(self.kinds)} {self.kinds[0]} ends"


def places(node: Node, net: Net) -> tuple[tuple[Place, ...], ...] | Rejected:
    """The sets of places that must be filled, one set for every way to put the node into the net.

    A node in a net of its own connectivity takes linkers on the edges; if it can alternate with a linker of as many
    ends, that is a second way. In other nets linkers stand on the vertices that are not the node's.

    Args:
        node: the metal node.
        net: where it goes.

    Returns:
        At least one set, or CONNECTIVITY, ANGLE_MISFIT or ANCHOR_MISMATCH with what does not fit.
    """
    n_points = len(node.points)
    if n_points not in net.connectivity:
        wanted = " and ".join(str(c) for c in sorted(set(net.connectivity)))
        detail = f"{node.name} has {n_points} connection points; the vertices of {net.name} have {wanted} edges"
        return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)
    if set(net.connectivity) != {n_points}:
        return _beside_linkers(node, net)
    ways: list[tuple[Place, ...]] = []
    turned = oriented(node, net)
    if not isinstance(turned, Rejected):
        ways.append(tuple(Place((kind, kind), known.most) for kind, known in turned.first.classes.items()))
    kinds = {point.kind for point in node.points}
    if n_points > 2 and len(kinds) == 1 and alternates(net):
        ways.append((Place((*kinds,) * n_points, 1),))
    if ways:
        return tuple(ways)
    assert isinstance(turned, Rejected)
    return turned


def _beside_linkers(node: Node, net: Net) -> tuple[tuple[Place, ...], ...] | Rejected:
    """Places in a net with vertices for linkers."""
    n_points = len(node.points)
    is_node = [c == n_points for c in net.connectivity]
    if any(not is_node[edge.i] and not is_node[edge.j] for edge in net.edges):
        detail = f"{net.name} would join linkers to linkers; with {node.name} they do not alternate"
        return Rejected(Stage.ASSEMBLE, Reason.CONNECTIVITY, detail)
    vertex = is_node.index(True)
    between = [edge for edge in net.edges if is_node[edge.i] and is_node[edge.j]]
    to_nodes = sum((edge.i == vertex) + (edge.j == vertex) for edge in between)
    found: list[Place] = []
    for kind in dict.fromkeys(point.kind for point in node.points):
        count = sum(point.kind is kind for point in node.points)
        if count == n_points - to_nodes:
            orbits = {(net.connectivity[v], net.vertex_orbits[v]) for v, metal in enumerate(is_node) if not metal}
            ends = sorted({c for c, _ in orbits})
            found += [Place((kind,) * c, sum(c == other for other, _ in orbits)) for c in ends]
        elif count == to_nodes:
            found.append(Place((kind, kind), len({edge.orbit for edge in between})))
        else:
            detail = f"{net.name} cannot tell the {count} {kind} points of {node.name} from its others"
            return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)
    if to_nodes and len({point.kind for point in node.points}) == 1:
        found = [*found, Place((node.points[0].kind,) * 2, len({edge.orbit for edge in between}))]
    return (tuple(found),)
