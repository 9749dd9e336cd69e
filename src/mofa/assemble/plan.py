"""What is to be built: which linker goes on which edge, between which connection points.

A `Builder` turns a plan into coordinates. Everything that does not depend on how coordinates are found (typed
matching, bonds, identity, checks) lives outside the builders, so that another strategy only has to place atoms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import AnchorKind, Linker, Net, NetEdge, Node, Reason, Rejected, Stage


@dataclass(frozen=True)
class EdgeSite:
    """The two connection points that an edge of the net joins."""

    edge: NetEdge
    start: int
    """Index into the points of the node on vertex ``edge.i``."""
    end: int
    """Index into the points of the node on vertex ``edge.j``."""


@dataclass(frozen=True)
class EdgePlan:
    """A linker on an edge."""

    site: EdgeSite
    linker: Linker


@dataclass(frozen=True)
class Plan:
    """A complete order: nodes on vertices, linkers on edges."""

    net: Net
    nodes: tuple[Node, ...]
    """One per vertex."""
    edges: tuple[EdgePlan, ...]
    linkers: tuple[Linker, ...]
    """One per edge class, in the canonical order that also decides the identity."""

    @property
    def node_name(self) -> str:
        """Names of the distinct nodes, joined."""
        return "+".join(dict.fromkeys(node.name for node in self.nodes))


@dataclass(frozen=True, eq=False)
class Placement:
    """Where everything stands."""

    cell: NDArray[np.float64]
    """Lattice vectors as rows, right-handed, Å, ``[3, 3]``."""
    vertices: tuple[NDArray[np.float64], ...]
    """Positions of the node on every vertex, Å, each ``[n_node_atoms, 3]``."""
    edges: tuple[NDArray[np.float64], ...]
    """Positions of the linker on every edge, dummies included, Å, each ``[n_linker_atoms, 3]``."""
    starts: tuple[int, ...]
    """For every edge, the anchor (0 or 1) of its linker that sits at the edge's start."""


class Builder(Protocol):
    """A way to find coordinates. `mofa.testing.assemble.check_builder` says what it must keep."""

    def sites(self, nodes: Sequence[Node], net: Net) -> tuple[EdgeSite, ...] | None:
        """The points that each edge joins, or None when these nodes in this net are beyond the builder."""
        ...

    def place(self, plan: Plan, *, max_bend_deg: float, torsion_step_deg: float) -> Placement | Rejected:
        """Coordinates of the plan, or why its linkers cannot span the net."""
        ...


def make_plan(linkers: Sequence[Linker], nodes: Sequence[Node], net: Net, sites: Sequence[EdgeSite]) -> Plan | Rejected:
    """Match linkers to edge classes by the kind of their anchors, whatever order they come in.

    Classes that join the same kind of points are equivalent under the symmetry of the nets built here, so their
    linkers are ordered by key: the same set of linkers always gives the same plan. One linker of a kind serves
    all classes of that kind.
    """
    wanted: dict[int, AnchorKind] = {}
    for number, site in enumerate(sites):
        wanted[number] = nodes[site.edge.i].points[site.start].kind
    offered: dict[AnchorKind, list[Linker]] = defaultdict(list)
    for linker in linkers:
        kinds = [anchor.kind for anchor in linker.anchors]
        if len(kinds) != 2 or kinds[0] != kinds[1]:
            ends = ", ".join(kinds) or "none"
            return _mismatch(f"a linker needs two ends of one kind; {linker.smiles} has {ends}")
        offered[kinds[0]].append(linker)
    by_class: dict[int, Linker] = {}
    for kind in AnchorKind:
        classes = sorted(c for c, k in wanted.items() if k == kind)
        found = sorted(offered[kind], key=lambda linker: linker.key)
        if len(found) == 1:
            found = found * len(classes)
        if len(found) != len(classes):
            places = "one place" if len(classes) == 1 else f"{len(classes)} places"
            return _mismatch(f"{net.name} offers {places} to {kind} linkers; {len(found)} were given")
        by_class |= zip(classes, found, strict=True)
    edges = tuple(EdgePlan(site, by_class[number]) for number, site in enumerate(sites))
    return Plan(net, tuple(nodes), edges, tuple(by_class[c] for c in sorted(by_class)))


def _mismatch(detail: str) -> Rejected:
    return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)
