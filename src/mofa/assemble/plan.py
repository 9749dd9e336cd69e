"""What is to be built: which block stands on which vertex, which linker lies on which edge, which points they join.

`arrange` puts blocks on vertices, `orient` turns them so that their points face the net's edges, `make_plan` gives
every edge its linker. A `Builder` turns the plan into coordinates. Everything that does not depend on how coordinates
are found (typed matching, bonds, identity, checks) lives outside the builders, so that another strategy only has to
place atoms.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import gcd
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.embed.planarity import with_ends_turned
from mofa.chemistry import AnchorKind, ConnectionPoint, Linker, Net, NetEdge, Node, Reason, Rejected, Stage

# Edges whose directions differ by less, in the cosine, are parallel.
_PARALLEL = 1.0 - 1e-4


@dataclass(frozen=True)
class EdgeSite:
    """The two connection points that an edge of the net joins."""

    edge: NetEdge
    start: int
    """Index into the points of the block on vertex ``edge.i``."""
    end: int
    """Index into the points of the block on vertex ``edge.j``."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Blocks on the vertices of a net, turned towards its edges."""

    net: Net
    """The net, in a larger cell where orientations or kinds of blocks alternate."""
    nodes: tuple[Node, ...]
    """The block on every vertex: the metal node, or a linker with three or more ends in the same form."""
    linkers: tuple[Linker | None, ...]
    """For every vertex the linker that stands there, None for the metal node."""
    sites: tuple[EdgeSite, ...]
    """One per edge of the net, in its order."""
    rotations: NDArray[np.float64]
    """By which every block is turned, ``[n_vertices, 3, 3]``; positions are multiplied from the right."""
    misfit_deg: float
    """Largest angle between a block's direction and the net's edge, degrees."""

    def kind(self, site: EdgeSite) -> AnchorKind:
        """Kind of the points that a site joins."""
        return self.nodes[site.edge.i].points[site.start].kind

    def is_direct(self, site: EdgeSite) -> bool:
        """Whether the site joins the metal node to a linker on a vertex, so that no linker lies on the edge."""
        return self.linkers[site.edge.i] is not None or self.linkers[site.edge.j] is not None

    def twist_rad(self, k: int) -> float:
        """Angle about an edge from the plane wanted at its start to that wanted at its end, radians; 0 where free."""
        site = self.sites[k]
        axis = self.net.edge_vectors[k] / np.linalg.norm(self.net.edge_vectors[k])
        ends = ((site.edge.i, site.start), (site.edge.j, site.end))
        first, second = (self.nodes[v].points[p].normal @ self.rotations[v] for v, p in ends)
        first, second = (normal - (normal @ axis) * axis for normal in (first, second))
        return float(np.arctan2(np.linalg.det(np.stack([axis, first, second])), first @ second))

    @cached_property
    def classes(self) -> dict[AnchorKind, EdgeClasses]:
        """Edges that take linkers with two ends, by the kind of the ends."""
        found: dict[AnchorKind, EdgeClasses] = {}
        vectors = self.net.edge_vectors
        units = vectors / np.linalg.norm(vectors, axis=1)[:, None]
        for kind in AnchorKind:
            rows = [k for k, site in enumerate(self.sites) if not self.is_direct(site) and self.kind(site) is kind]
            if rows:
                found[kind] = _edge_classes(self.net, rows, units)
        return found


@dataclass(frozen=True)
class EdgeClasses:
    """Two ways to divide edges into classes, each of which carries one linker."""

    by_orbit: tuple[tuple[int, ...], ...]
    """Edges that the net's symmetry makes equivalent."""
    by_direction: tuple[tuple[int, ...], ...]
    """The same divided further, by the edges' directions."""

    @property
    def most(self) -> int:
        """How many different linkers the edges can carry."""
        return len(self.by_direction)

    def divided(self, n_linkers: int) -> tuple[tuple[int, ...], ...]:
        """The edges for each of so many linkers: by orbit if there are as many, else shared out by direction.

        Args:
            n_linkers: from 1 to `most`.
        """
        if n_linkers == len(self.by_orbit):
            return self.by_orbit
        bounds = [round(k * self.most / n_linkers) for k in range(n_linkers + 1)]
        groups = [self.by_direction[low:high] for low, high in pairwise(bounds)]
        return tuple(tuple(k for part in group for k in part) for group in groups)


@dataclass(frozen=True)
class EdgePlan:
    """A linker on an edge, or None where the blocks on its two vertices are joined directly."""

    site: EdgeSite
    linker: Linker | None


@dataclass(frozen=True, eq=False)
class Plan:
    """A complete order: blocks on vertices, linkers on edges."""

    node: Node
    """The metal node."""
    sites: Sites
    edges: tuple[EdgePlan, ...]
    linkers: tuple[Linker, ...]
    """In the canonical order that also decides the identity: linkers on vertices, then those of each kind on edges,
    each as often as its share says, in lowest terms (one that fills all edges of its kind is named once)."""

    @property
    def net(self) -> Net:
        """The net that is built, in the cell that is built."""
        return self.sites.net

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The block on every vertex."""
        return self.sites.nodes


@dataclass(frozen=True, eq=False)
class Placement:
    """Where everything stands."""

    cell: NDArray[np.float64]
    """Lattice vectors as rows, right-handed, Å, ``[3, 3]``."""
    vertices: tuple[NDArray[np.float64], ...]
    """Positions of the block on every vertex, Å, each ``[n_block_atoms, 3]``."""
    edges: tuple[NDArray[np.float64] | None, ...]
    """Positions of the linker on every edge, dummies included, Å, each ``[n_linker_atoms, 3]``; None without one."""
    starts: tuple[int, ...]
    """For every edge, the anchor (0 or 1) of its linker that sits at the edge's start."""


class Builder(Protocol):
    """A way to find coordinates. `mofa.testing.assemble.check_builder` says what it must keep."""

    def place(self, plan: Plan, *, max_bend_deg: float, torsion_step_deg: float) -> Placement | Rejected | None:
        """Coordinates of the plan, why its blocks cannot span the net, or None when such plans are beyond the builder.

        Args:
            plan: what is to be built.
            max_bend_deg: largest angle by which a join may bend.
            torsion_step_deg: step of the scan that turns linkers about their axes.
        """
        ...


def make_plan(linkers: Sequence[Linker], node: Node, sites: Sites) -> Plan | Rejected:
    """Give every edge its linker, by the kind of its ends and whatever order the linkers come in.

    One linker of a kind serves all edges of that kind. More are laid on the orbits of edges if their number fits, else
    on the directions of edges; they are ordered by key, so that the same set of linkers always gives the same plan.

    Args:
        linkers: those with two ends; linkers on vertices are part of `sites`.
        node: the metal node.
        sites: the blocks on the vertices.
    """
    offered: dict[AnchorKind, list[Linker]] = defaultdict(list)
    for linker in linkers:
        offered[linker.anchors[0].kind].append(linker)
    on_edge: dict[int, Linker] = {}
    in_order: list[Linker] = []
    for kind in AnchorKind:
        found = sorted(offered[kind], key=lambda linker: linker.key)
        known = sites.classes.get(kind)
        if not (known is None and not found) and not (known is not None and 1 <= len(found) <= known.most):
            return _mismatch(sites, kind, len(found))
        if known is not None:
            for rows, linker in zip(known.divided(len(found)), found, strict=True):
                on_edge |= dict.fromkeys(rows, linker)
            in_order += _in_shares(known, on_edge)
    standing = sorted({id(k): k for k in sites.linkers if k is not None}.values(), key=lambda linker: linker.key)
    edges = tuple(
        EdgePlan(site, with_ends_turned(on_edge[k], sites.twist_rad(k)) if k in on_edge else None)
        for k, site in enumerate(sites.sites)
    )
    return Plan(node, sites, edges, (*standing, *in_order))


def _in_shares(known: EdgeClasses, on_edge: dict[int, Linker]) -> list[Linker]:
    """The linkers of a kind, each as often as its share of the edges' directions says, in lowest terms."""
    lying = sorted((on_edge[rows[0]] for rows in known.by_direction), key=lambda linker: linker.key)
    counts = Counter(linker.key for linker in lying)
    unit = gcd(*counts.values())
    first = {linker.key: linker for linker in reversed(lying)}
    return [first[key] for key in sorted(counts) for _ in range(counts[key] // unit)]


def joint_points(plan: Plan, edge: EdgePlan) -> tuple[ConnectionPoint, ConnectionPoint]:
    """The connection points at the start and the end of an edge."""
    site = edge.site
    return plan.nodes[site.edge.i].points[site.start], plan.nodes[site.edge.j].points[site.end]


def _mismatch(sites: Sites, kind: AnchorKind, given: int) -> Rejected:
    known = sites.classes.get(kind)
    takes = "has no place for any" if known is None else f"takes {'1' if known.most == 1 else f'1 to {known.most}'}"
    detail = f"{given} {kind} linkers with two ends were given; {sites.nodes[0].name} in {sites.net.name} {takes}"
    return Rejected(Stage.ASSEMBLE, Reason.ANCHOR_MISMATCH, detail)


def _edge_classes(net: Net, rows: list[int], units: NDArray[np.float64]) -> EdgeClasses:
    orbits: dict[int, list[int]] = defaultdict(list)
    directions: list[list[int]] = []
    for k in rows:
        orbits[net.edges[k].orbit].append(k)
        for group in directions:
            same_orbit = net.edges[group[0]].orbit == net.edges[k].orbit
            if same_orbit and abs(float(units[group[0]] @ units[k])) > _PARALLEL:
                group.append(k)
                break
        else:
            directions.append([k])
    return EdgeClasses(tuple(map(tuple, orbits.values())), tuple(map(tuple, directions)))
