"""From a plan and its coordinates to a `Framework`: dummies dropped, bonds joined across cells, identity given."""

from __future__ import annotations

import numpy as np

from mofa.assemble.identity import framework_id, readable_name
from mofa.assemble.plan import Placement, Plan
from mofa.chemistry import BondGraph, Framework, Lineage, Linker, NetEdge
from mofa.chemistry.elements import is_metal

_HOME = (0, 0, 0)
_METAL_NONMETAL_ORDER = 0.5


class _Assembly:
    """Atoms and bonds as they are added."""

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self.positions: list[np.ndarray] = []
        self.bonds: list[tuple[int, int, tuple[int, int, int], float]] = []

    def add_atoms(self, symbols: tuple[str, ...], positions: np.ndarray, skip: frozenset[int]) -> dict[int, int]:
        """Append atoms except those to skip; returns old index -> new index."""
        index = {}
        for k, symbol in enumerate(symbols):
            if k not in skip:
                index[k] = len(self.symbols)
                self.symbols.append(symbol)
                self.positions.append(positions[k])
        return index


def compose(plan: Plan, placement: Placement, *, catenation: int = 0) -> Framework:
    """The framework that a plan and its placement describe.

    Args:
        plan: nodes, linkers and which points they join.
        placement: where they stand.
        catenation: number of further interpenetrating nets, for the identity.
    """
    assembly = _Assembly()
    vertex_index = []
    for node, positions in zip(plan.nodes, placement.vertices, strict=True):
        index = assembly.add_atoms(node.symbols, positions, frozenset())
        assembly.bonds += [(index[b.i], index[b.j], _HOME, b.order) for b in node.bonds]
        vertex_index.append(index)
    for k, edge in enumerate(plan.edges):
        ends = _node_atoms(plan, k, vertex_index)
        there = placement.edges[k]
        if edge.linker is None or there is None:
            assembly.bonds.append((*ends, edge.site.edge.shift, _order_of_join(assembly, ends)))
        else:
            _add_linker(assembly, edge.linker, there, placement.starts[k], ends, edge.site.edge)
    i, j, shift, order = zip(*assembly.bonds, strict=True)
    graph = BondGraph(len(assembly.symbols), np.array(i), np.array(j), np.array(shift), np.array(order))
    keys = tuple(linker.key for linker in plan.linkers)
    return Framework(
        id=framework_id(plan.node.key, plan.net.key, keys, catenation=catenation),
        symbols=tuple(assembly.symbols),
        positions=np.array(assembly.positions),
        cell=placement.cell,
        bonds=graph,
        name=readable_name(plan.node.name, plan.net.name, keys, catenation=catenation),
        lineage=Lineage(
            node=plan.node.name,
            net=plan.net.name,
            catenation=catenation,
            linkers=tuple(linker.smiles for linker in plan.linkers),
            linker_keys=keys,
            sources=tuple(linker.source for linker in plan.linkers),
            model_versions=tuple(linker.model_version for linker in plan.linkers),
        ),
    )


def _node_atoms(plan: Plan, k: int, vertex_index: list[dict[int, int]]) -> tuple[int, int]:
    """Atoms of the framework at the two points that edge `k` joins."""
    site = plan.edges[k].site
    i, j = site.edge.i, site.edge.j
    start, end = plan.nodes[i].points[site.start].atom, plan.nodes[j].points[site.end].atom
    return vertex_index[i][start], vertex_index[j][end]


def _add_linker(
    assembly: _Assembly, linker: Linker, positions: np.ndarray, start: int, ends: tuple[int, int], edge: NetEdge
) -> None:
    """Append the linker of an edge without its dummies, and bond it to the two nodes."""
    dummies = frozenset(anchor.dummy for anchor in linker.anchors)
    index = assembly.add_atoms(linker.symbols, positions, dummies)
    assembly.bonds += [
        (index[bond.i], index[bond.j], _HOME, bond.order)
        for bond in linker.bonds
        if bond.i in index and bond.j in index
    ]
    for anchor_number, atom, shift in ((start, ends[0], _HOME), (1 - start, ends[1], edge.shift)):
        own = index[linker.anchors[anchor_number].neighbor]
        assembly.bonds.append((own, atom, shift, _order_of_join(assembly, (own, atom))))


def _order_of_join(assembly: _Assembly, atoms: tuple[int, int]) -> float:
    """Order of the bond between a node and a linker."""
    return _METAL_NONMETAL_ORDER if any(is_metal(assembly.symbols[atom]) for atom in atoms) else 1.0
