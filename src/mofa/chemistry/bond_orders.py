"""Bond orders from a geometry, for structures that come with coordinates only.

The metals are cut out first. What is left is decided by coordination numbers and angles (which atom lacks how many
bonds), planar five- and six-rings (aromatic, 1.5), oxygens that share one centre (carboxylate, nitro, sulfonate: 1.5)
and, for the rest, by giving double and triple bonds to the shortest bonds first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.bonds import BondGraph, perceive
from mofa.chemistry.elements import covalent_radius_ang, is_metal
from mofa.chemistry.framework import Framework

METAL_NONMETAL_ORDER = 0.5
METAL_METAL_ORDER = 0.25
LINEAR_ANGLE_DEG = 155.0
RING_PLANARITY_ANG = 0.25
# Bond length over the sum of the covalent radii: a conjugated single bond reads 0.96, a double bond 0.88.
MULTIPLE_BOND_RATIO = 0.95
# The same for a double bond that leaves a ring, which then is a quinone and not aromatic: amines read 0.94.
EXOCYCLIC_RATIO = 0.91

Image = tuple[int, tuple[int, int, int]]


def with_orders(framework: Framework) -> BondGraph:
    """The framework's bond graph with every order known.

    Bonds are perceived where there are none. Orders that are all known are left as they are; if any is missing (0),
    all are perceived anew: 1, 1.5, 2 or 3 among nonmetals, 0.5 metal-nonmetal, 0.25 metal-metal.
    """
    graph = framework.bonds
    if graph is None:
        graph = perceive(framework.symbols, framework.positions, framework.cell)
    if (graph.order > 0).all():
        return graph
    return BondGraph(graph.n_atoms, graph.i, graph.j, graph.shift, _Perception(framework, graph).orders())


class _Perception:
    """The working state of one perception: what each atom still lacks, and the orders found so far."""

    def __init__(self, framework: Framework, graph: BondGraph) -> None:
        self.symbols = framework.symbols
        self.graph = graph
        self.vectors = graph.vectors(framework.positions, framework.cell)
        self.cell = framework.cell
        self.positions = framework.positions
        metal = np.array([is_metal(symbol) for symbol in framework.symbols])
        n_metal = metal[graph.i].astype(int) + metal[graph.j].astype(int)
        self.order: NDArray[np.float64] = np.choose(n_metal, [1.0, METAL_NONMETAL_ORDER, METAL_METAL_ORDER])
        radii = np.array([covalent_radius_ang(symbol) for symbol in framework.symbols])
        self.ratio = np.linalg.norm(self.vectors, axis=1) / (radii[graph.i] + radii[graph.j])
        # organic neighbours of each atom: (bond, neighbour, cell shift)
        self.links: list[list[tuple[int, int, tuple[int, int, int]]]] = [[] for _ in self.symbols]
        for k in np.flatnonzero(n_metal == 0).tolist():
            i, j, (x, y, z) = int(graph.i[k]), int(graph.j[k]), graph.shift[k].tolist()
            self.links[i].append((k, j, (x, y, z)))
            self.links[j].append((k, i, (-x, -y, -z)))
        self.n_metal = np.bincount(
            np.concatenate([graph.i, graph.j]),
            weights=np.concatenate([metal[graph.j], metal[graph.i]]).astype(float),
            minlength=graph.n_atoms,
        )
        self.ring_bonds: set[int] = set()
        self.lacking = [0 if metal[atom] else self._bonds_lacking(atom) for atom in range(len(self.symbols))]

    def orders(self) -> NDArray[np.float64]:
        self._share_terminal_oxygens()
        self._find_aromatic_rings()
        self._give_multiple_bonds()
        self._share_what_is_left()
        return self.order

    def _bonds_lacking(self, atom: int) -> int:
        """How many further bonds the atom's coordination leaves room for."""
        symbol, n = self.symbols[atom], len(self.links[atom])
        if symbol == "C":
            if n == 2:
                return 2 if self._is_linear(atom) else 1
            return {1: 2, 3: 1}.get(n, 0)
        if symbol == "N":
            if n == 2:
                return 2 if self._is_linear(atom) else 1
            return 2 if n == 1 else 0
        # An oxygen that bridges metals is an alkoxide, not a carbonyl.
        return int(symbol in ("O", "S", "Se") and n == 1 and self.n_metal[atom] < 2)

    def _is_linear(self, atom: int) -> bool:
        u, v = (self._outward(k, atom) for k, _, _ in self.links[atom])
        cosine = u @ v / (np.linalg.norm(u) * np.linalg.norm(v))
        return bool(cosine < np.cos(np.radians(LINEAR_ANGLE_DEG)))

    def _outward(self, bond: int, atom: int) -> NDArray[np.float64]:
        """The bond's vector as seen from `atom`, Å, ``[3]``."""
        vector: NDArray[np.float64] = self.vectors[bond]
        return vector if int(self.graph.i[bond]) == atom else -vector

    def _share_terminal_oxygens(self) -> None:
        """Carboxylate, carbonate, nitro, nitrate, sulfonate, phosphonate: 1.5 each; sulfoxide, sulfone, P=O: 2."""
        for centre, symbol in enumerate(self.symbols):
            if symbol not in ("C", "N", "S", "P"):
                continue
            ends = [(k, end) for k, end, _ in self.links[centre] if self._is_terminal(end)]
            if symbol in ("C", "N"):
                order = 1.5 if len(ends) > 1 and len(self.links[centre]) == 3 else None
            else:
                order = 1.5 if len(ends) > (2 if symbol == "S" else 1) else 2.0
            if order is None or not ends:
                continue
            for k, end in ends:
                self.order[k] = order
                self.lacking[end] = 0
            self.lacking[centre] = 0

    def _is_terminal(self, atom: int) -> bool:
        return self.symbols[atom] in ("O", "S") and len(self.links[atom]) == 1

    def _find_aromatic_rings(self) -> None:
        rings = list(self._small_rings())
        self.ring_bonds = {k for _, bonds in rings for k in bonds}
        for ring, bonds in rings:
            if self._is_planar(ring) and self._has_aromatic_electrons([atom for atom, _ in ring]):
                for k in bonds:
                    self.order[k] = 1.5
        for k in np.flatnonzero(self.order == 1.5).tolist():
            self.lacking[int(self.graph.i[k])] = 0
            self.lacking[int(self.graph.j[k])] = 0

    def _may_conjugate(self, atom: int) -> bool:
        symbol, n = self.symbols[atom], len(self.links[atom])
        if symbol == "C":
            return n == 3
        return (symbol == "N" and n in (2, 3)) or (symbol in ("O", "S", "Se") and n == 2)

    def _small_rings(self) -> Iterator[tuple[list[Image], list[int]]]:
        """Every ring of five or six atoms that may conjugate, once, with its bonds."""
        conjugates = [self._may_conjugate(atom) for atom in range(len(self.symbols))]
        for start in range(len(self.symbols)):
            if not conjugates[start]:
                continue
            home: Image = (start, (0, 0, 0))
            away = self._steps_from(home, conjugates)
            stack: list[tuple[list[Image], list[int]]] = [([home], [])]
            while stack:
                path, bonds = stack.pop()
                for k, there in self._beyond(path[-1]):
                    if there == home and len(path) in (5, 6):
                        if bonds[0] < k:
                            yield path, [*bonds, k]
                    # Only ways from which six atoms still lead home.
                    elif away.get(there, 6) <= 6 - len(path) and there not in path:
                        stack.append(([*path, there], [*bonds, k]))

    def _beyond(self, image: Image) -> list[tuple[int, Image]]:
        """The organic bonds of an image of an atom, and the images at their other ends."""
        atom, (x, y, z) = image
        return [(k, (neighbor, (x + u, y + v, z + w))) for k, neighbor, (u, v, w) in self.links[atom]]

    def _steps_from(self, home: Image, conjugates: list[bool]) -> dict[Image, int]:
        """Images within three bonds that a ring whose first atom is `home` may go through, with their distance."""
        away, shell = {home: 0}, [home]
        for steps in (1, 2, 3):
            following = []
            for image in shell:
                for _, there in self._beyond(image):
                    if there[0] > home[0] and conjugates[there[0]] and there not in away:
                        away[there] = steps
                        following.append(there)
            shell = following
        del away[home]
        return away

    def _is_planar(self, ring: list[Image]) -> bool:
        atoms = [atom for atom, _ in ring]
        points = self.positions[atoms] + np.array([shift for _, shift in ring]) @ self.cell
        points = points - points.mean(axis=0)
        normal = np.linalg.svd(points)[2][2]
        return bool(np.abs(points @ normal).max() < RING_PLANARITY_ANG)

    def _has_aromatic_electrons(self, ring: list[int]) -> bool:
        """Six pi electrons: one an atom in six-rings; one pair giver, or an azolate's charge, in five-rings."""
        if any(self._has_exocyclic_double_bond(atom) for atom in ring):
            return False
        givers = [self.symbols[a] for a in ring if self.symbols[a] not in ("C", "N")]
        amines = [a for a in ring if self.symbols[a] == "N" and len(self.links[a]) == 3]
        if len(ring) == 6:
            return not givers
        if not givers and not amines:
            return any(self.symbols[a] == "N" for a in ring)
        return len(givers) + len(amines) == 1 or (not givers and len(amines) == 2)

    def _has_exocyclic_double_bond(self, atom: int) -> bool:
        return self.symbols[atom] == "C" and any(
            k not in self.ring_bonds and self.lacking[neighbor] == 1 and self.ratio[k] < EXOCYCLIC_RATIO
            for k, neighbor, _ in self.links[atom]
        )

    def _give_multiple_bonds(self) -> None:
        """Double and triple bonds, the shortest bond first."""
        for k in np.argsort(self.ratio).tolist():
            i, j = int(self.graph.i[k]), int(self.graph.j[k])
            extra = min(self.lacking[i], self.lacking[j])
            if extra and self.order[k] == 1.0 and self.ratio[k] < MULTIPLE_BOND_RATIO:
                self.order[k] += extra
                self.lacking[i] -= extra
                self.lacking[j] -= extra

    def _share_what_is_left(self) -> None:
        """An sp2 carbon without a partner (the meso carbon of a porphyrin) shares its neighbours' rings."""
        for atom, lacking in enumerate(self.lacking):
            if not lacking or self.symbols[atom] != "C":
                continue
            for k, neighbor, _ in self.links[atom]:
                if self.order[k] == 1.0 and self._may_conjugate(neighbor) and self.ratio[k] < MULTIPLE_BOND_RATIO:
                    self.order[k] = 1.5
