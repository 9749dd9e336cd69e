"""The groups of atoms that can bind a metal, found in a heavy-atom graph: one finder for each sort of end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.linker import Bond
from mofa.chemistry.rings import planar_rings

# A nitrile is recognised by its triple bond where orders are known, else by its C-C-N angle: 180° and not 120°.
NITRILE_MIN_ANGLE_DEG = 155.0
# An amine is recognised by single bonds where orders are known, else by its shape: length of the sum of the three unit
# bond vectors, 0 when flat and 1 when tetrahedral.
AMINE_MIN_PYRAMIDALITY = 0.5
AZOLE_SIZE = 5
PYRIDINE_SIZE = 6

AnchorAtoms = tuple[int, ...]
"""Atoms of one end, the binding one first. Carboxylic acid: C, O, O, ipso atom. Nitrile: N, C, ipso atom. Other
nitrogens: N and its heavy neighbours."""


@dataclass(frozen=True, eq=False)
class HeavyGraph:
    """What is known of a molecule's heavy atoms."""

    symbols: Sequence[str]
    table: list[dict[int, float]]
    """For every atom its neighbours and the bond orders to them; order 0 where it is not known."""
    positions: NDArray[np.float64]
    """Å, ``[n_atoms, 3]``; read where orders are not known."""
    hydrogens: Sequence[int] | None
    """On each atom; None where not known."""

    def flat_rings(self) -> list[tuple[int, ...]]:
        """Five- and six-rings that lie flat."""
        pairs = [(i, j) for i, neighbors in enumerate(self.table) for j in neighbors if i < j]
        return planar_rings(pairs, self.positions)

    def bare_ring_nitrogens(self) -> list[int]:
        """Nitrogens with two neighbours, both by aromatic bonds (or bonds of unknown order)."""
        return [
            k
            for k, neighbors in enumerate(self.table)
            if self.symbols[k] == "N" and len(neighbors) == 2 and set(neighbors.values()) <= {0.0, 1.5}
        ]


def neighbor_table(n_atoms: int, bonds: Sequence[Bond]) -> list[dict[int, float]]:
    """For every atom its neighbours and the bond orders to them (0 where not known)."""
    table: list[dict[int, float]] = [{} for _ in range(n_atoms)]
    for bond in bonds:
        table[bond.i][bond.j] = bond.order
        table[bond.j][bond.i] = bond.order
    return table


def carboxylic_acids(graph: HeavyGraph) -> list[AnchorAtoms]:
    """C(O)O with two terminal oxygens on one carbon that hangs on carbon."""
    found: list[AnchorAtoms] = []
    for carbon, neighbors in enumerate(graph.table):
        if graph.symbols[carbon] != "C" or len(neighbors) != 3:
            continue
        oxygens = sorted(k for k in neighbors if graph.symbols[k] == "O" and len(graph.table[k]) == 1)
        others = [k for k in neighbors if k not in oxygens]
        if len(oxygens) == 2 and graph.symbols[others[0]] == "C":
            found.append((carbon, *oxygens, others[0]))
    return found


def nitriles(graph: HeavyGraph) -> list[AnchorAtoms]:
    """Terminal C#N on carbon."""
    found: list[AnchorAtoms] = []
    x = graph.positions
    for nitrogen, neighbors in enumerate(graph.table):
        if graph.symbols[nitrogen] != "N" or len(neighbors) != 1:
            continue
        ((carbon, order),) = neighbors.items()
        others = [k for k in graph.table[carbon] if k != nitrogen]
        if graph.symbols[carbon] != "C" or len(others) != 1 or graph.symbols[others[0]] != "C":
            continue
        if order == 3.0 or (order == 0.0 and _angle_deg(x[nitrogen], x[carbon], x[others[0]]) > NITRILE_MIN_ANGLE_DEG):
            found.append((nitrogen, carbon, others[0]))
    return found


def pyridyls(graph: HeavyGraph) -> list[AnchorAtoms]:
    """Aromatic nitrogens with two ring neighbours and no hydrogen: the lone pair lies in the ring's plane.

    Where hydrogens are not known, only those of flat six-rings count: in a five-ring, N and NH look alike.
    """
    flat = [] if graph.hydrogens is not None and _orders_known(graph) else graph.flat_rings()
    found: list[AnchorAtoms] = []
    for k in graph.bare_ring_nitrogens():
        if graph.hydrogens is not None and graph.hydrogens[k]:
            continue
        sizes = {len(ring) for ring in flat if k in ring}
        aromatic = 1.5 in graph.table[k].values() or bool(sizes)
        if aromatic and (graph.hydrogens is not None or PYRIDINE_SIZE in sizes):
            found.append((k, *sorted(graph.table[k])))
    return found


def tertiary_amines(graph: HeavyGraph) -> list[AnchorAtoms]:
    """Nitrogens on three saturated carbons, with a lone pair that no double bond or ring takes up."""
    found: list[AnchorAtoms] = []
    for k, neighbors in enumerate(graph.table):
        if graph.symbols[k] != "N" or len(neighbors) != 3 or any(graph.symbols[j] != "C" for j in neighbors):
            continue
        if graph.hydrogens is not None and graph.hydrogens[k]:
            continue
        orders = {order for j in (k, *neighbors) for order in graph.table[j].values()}
        if orders == {1.0} or (0.0 in orders and _pyramidality(graph.positions, k, neighbors) > AMINE_MIN_PYRAMIDALITY):
            found.append((k, *sorted(neighbors)))
    return found


def azole_nitrogens(graph: HeavyGraph) -> list[AnchorAtoms]:
    """Nitrogens of flat five-rings that hold an NH and, not next to each other, two nitrogens free to bind.

    Once the proton is gone both have a lone pair in the ring's plane: N1 and N3 of an imidazole.
    """
    free = set(graph.bare_ring_nitrogens())
    found: set[int] = set()
    for ring in graph.flat_rings():
        members = [k for k in ring if k in free]
        if len(ring) != AZOLE_SIZE or (graph.hydrogens is not None and not any(graph.hydrogens[k] for k in members)):
            continue
        found |= {a for a in members for b in members if a != b and b not in graph.table[a]}
    return [(k, *sorted(graph.table[k])) for k in sorted(found)]


def _orders_known(graph: HeavyGraph) -> bool:
    return all(0.0 not in neighbors.values() for neighbors in graph.table)


def _pyramidality(x: NDArray[np.float64], centre: int, neighbors: dict[int, float]) -> float:
    arms = [(x[j] - x[centre]) / np.linalg.norm(x[j] - x[centre]) for j in neighbors]
    return float(np.linalg.norm(np.sum(arms, axis=0)))


def _angle_deg(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    u, v = a - b, c - b
    cosine = float(u @ v) / max(float(np.linalg.norm(u) * np.linalg.norm(v)), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
