"""Takes a MOF apart into the vertices and edges of its net, from nothing but elements and bonds.

How it was built is not asked, so that what comes out can be held against it, and a user's CIF is treated alike.

- Metal parts are vertices: metals with the single atoms between them (O, OH, F, ...), the heads of ligands (an atom
  with two or more O or S on metals: that of a carboxylate, phosphonate, ...) and pairs of neighbouring azole
  nitrogens, which bridge two metals of one part.
- What is left are ligands: with three or more contacts they are vertices too, with two they are edges, with one they
  end there. Atoms that chelate count as one contact; every head is a contact of its own.
- A metal that is held by a single ligand (a porphyrin's) belongs to that ligand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mofa.assemble.topology.quotient import QuotientGraph, Shift
from mofa.chemistry import BondGraph, Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import perceive
from mofa.chemistry.elements import is_metal

_HOME: Shift = (0, 0, 0)
_HEAD_ENDS = frozenset({"O", "S", "Se"})
_HELD_INSIDE = 3
"""Bonds to one ligand from which on a metal without another ligand counts as part of it."""

Offsets = dict[int, Shift]
"""Atoms of a part, each with the cell that makes the part whole."""
Neighbors = tuple[tuple[tuple[int, Shift, float], ...], ...]
Contact = tuple[int, Shift]
"""A metal part and the cell, relative to the ligand's, that it is in."""


@dataclass(frozen=True, eq=False)
class Dissection:
    """A framework's net: the quotient graph over metal parts and branching ligands."""

    graph: QuotientGraph
    atoms: tuple[tuple[int, ...], ...]
    """Atoms of every vertex."""
    n_metal_parts: int
    """The first so many vertices are metal parts, the others ligands."""


def dissect(framework: Framework, *, stage: Stage = Stage.ASSEMBLE) -> Dissection | Rejected:
    """The net that a framework's bonds make.

    Args:
        framework: bonds are perceived where it has none.
        stage: the task that asks, named in the refusal.

    Returns:
        The net with dead ends taken off and vertices of two edges drawn into one edge, or WRONG_NET for a structure
        without metals and one whose metal parts do not end (rods, sheets), which are no vertices.
    """
    bonds = framework.bonds
    if bonds is None:
        bonds = perceive(framework.symbols, framework.positions, framework.cell)
    parts = _Parts(framework.symbols, bonds)
    if True not in parts.metal:
        return Rejected(stage, Reason.WRONG_NET, "there is no metal, so no node of a net")
    metal_parts = _pieces(parts.neighbors, parts.in_node)
    ligands = _pieces(parts.neighbors, [not taken for taken in parts.in_node])
    for what, pieces in (("metal part", metal_parts), ("ligand", ligands)):
        for offsets, endless in pieces:
            if endless:
                detail = f"a {what} of {len(offsets)} atoms per cell goes on without end, which no vertex or edge does"
                return Rejected(stage, Reason.WRONG_NET, detail, tuple(sorted(offsets)))
    return _net(parts, [offsets for offsets, _ in metal_parts], [offsets for offsets, _ in ligands])


class _Parts:
    """Which atoms belong to metal parts."""

    def __init__(self, symbols: tuple[str, ...], bonds: BondGraph) -> None:
        self.symbols = symbols
        self.neighbors: Neighbors = bonds.neighbors
        kinds = {symbol: is_metal(symbol) for symbol in set(symbols)}
        self.metal = [kinds[symbol] for symbol in symbols]
        self.donor = [False] * len(symbols)
        for atom, row in enumerate(self.neighbors):
            if self.metal[atom]:
                for other, _, _ in row:
                    self.donor[other] = True
        ends = self._find_heads()
        self.heads = frozenset(ends)
        self._take_metals_into_ligands({end for of_head in ends.values() for end in of_head})
        self.in_node = list(self.metal)
        for head, of_head in ends.items():
            for atom in (head, *of_head):
                self.in_node[atom] = True
        self._add_single_atoms()
        self._add_nitrogen_pairs()

    def _others(self, atom: int) -> list[int]:
        """Neighbours other than metals and hydrogens."""
        return [k for k, _, _ in self.neighbors[atom] if not self.metal[k] and self.symbols[k] != "H"]

    def _find_heads(self) -> dict[int, list[int]]:
        """Atoms that hold metals through two or more O or S and the rest of a ligand through another element."""
        ends: dict[int, list[int]] = {}
        for atom, symbol in enumerate(self.symbols):
            if self.donor[atom] and symbol in _HEAD_ENDS:
                others = self._others(atom)
                if len(others) == 1:
                    ends.setdefault(others[0], []).append(atom)
        candidates = {head: of_head for head, of_head in ends.items() if len(of_head) > 1}
        heads = {}
        for head, of_head in candidates.items():
            rest = {k for k in self._others(head) if self.symbols[k] not in _HEAD_ENDS}
            # Two heads bonded to one another, as in oxalate, chelate: no metal part holds such a head for itself.
            if rest and not any(k in candidates for k in rest):
                heads[head] = of_head
        return heads

    def _take_metals_into_ligands(self, head_ends: set[int]) -> None:
        """Count metals that sit inside one ligand, such as a porphyrin's, as part of it."""
        candidates = []
        for atom, row in enumerate(self.neighbors):
            if self.metal[atom] and not any(k in head_ends for k, _, _ in row):
                donors = [(k, shift) for k, shift, _ in row if not self.metal[k] and self._others(k)]
                if len(donors) >= _HELD_INSIDE:
                    candidates.append((atom, donors))
        if not candidates:
            return
        ligand: dict[int, Contact] = {}
        for number, (offsets, _) in enumerate(_pieces(self.neighbors, [not metal for metal in self.metal])):
            ligand.update((k, (number, cell)) for k, cell in offsets.items())
        for atom, donors in candidates:
            if len({(ligand[k][0], _minus(shift, ligand[k][1])) for k, shift in donors}) == 1:
                self.metal[atom] = False
        for k, row in enumerate(self.neighbors):
            self.donor[k] = any(self.metal[other] for other, _, _ in row)

    def _add_single_atoms(self) -> None:
        """Add the atoms, with their hydrogens, that bond to metals alone: O, OH, OH2, F, ..."""
        for atom, symbol in enumerate(self.symbols):
            if self.donor[atom] and not self.in_node[atom] and symbol not in ("C", "H") and not self._others(atom):
                self.in_node[atom] = True
                for k, _, _ in self.neighbors[atom]:
                    self.in_node[k] = self.in_node[k] or self.symbols[k] == "H"

    def _add_nitrogen_pairs(self) -> None:
        """Add neighbouring azole nitrogens that both hold metals: the two metals are of one part."""
        nitrogens = {
            k
            for k, symbol in enumerate(self.symbols)
            if symbol == "N" and self.donor[k] and not self.in_node[k] and len(self._others(k)) == 2
        }
        for atom in nitrogens:
            if any(k in nitrogens for k in self._others(atom)):
                self.in_node[atom] = True


def _pieces(neighbors: Neighbors, member: list[bool]) -> list[tuple[Offsets, bool]]:
    """Connected pieces of the atoms that are members, and whether each goes on without end."""
    found: list[tuple[Offsets, bool]] = []
    free = list(member)
    for start in range(len(neighbors)):
        if not free[start]:
            continue
        free[start] = False
        offsets: Offsets = {start: _HOME}
        stack, endless = [start], False
        while stack:
            atom = stack.pop()
            x, y, z = offsets[atom]
            for k, (dx, dy, dz), _ in neighbors[atom]:
                if free[k]:
                    free[k] = False
                    offsets[k] = (x + dx, y + dy, z + dz)
                    stack.append(k)
                elif member[k] and offsets[k] != (x + dx, y + dy, z + dz):
                    endless = True
        found.append((offsets, endless))
    return found


def _net(parts: _Parts, metal_parts: list[Offsets], ligands: list[Offsets]) -> Dissection:
    """Join the metal parts through the ligands."""
    home: dict[int, Contact] = {}
    for number, offsets in enumerate(metal_parts):
        for atom, cell in offsets.items():
            home[atom] = (number, cell)
    atoms = [tuple(sorted(offsets)) for offsets in metal_parts]
    edges: list[tuple[int, int, Shift]] = []
    for offsets in ligands:
        contacts = _contacts(parts, offsets, home)
        if len(contacts) == 2:
            (i, here), (j, there) = contacts
            if (i, here) != (j, there):
                edges.append((i, j, _minus(there, here)))
        elif len(contacts) > 2:
            edges += [(len(atoms), i, cell) for i, cell in contacts]
            atoms.append(tuple(sorted(offsets)))
    return _tidy(atoms, edges, len(metal_parts))


def _contacts(parts: _Parts, offsets: Offsets, home: dict[int, Contact]) -> list[Contact]:
    """The metal parts that a ligand holds: once for every head, once for all other atoms together."""
    by_head: list[Contact] = []
    direct: dict[Contact, None] = {}
    for atom, (x, y, z) in offsets.items():
        for k, (dx, dy, dz), _ in parts.neighbors[atom]:
            if k in home:
                number, cell = home[k]
                contact = (number, _minus((x + dx, y + dy, z + dz), cell))
                if k in parts.heads:
                    by_head.append(contact)
                else:
                    direct.setdefault(contact)
    return [*by_head, *direct]


def _tidy(atoms: list[tuple[int, ...]], edges: list[tuple[int, int, Shift]], n_metal_parts: int) -> Dissection:
    """Take off vertices of one edge, again and again, and draw those of two into one edge."""
    at: list[list[int]] = [[] for _ in atoms]
    live = dict(enumerate(edges))
    for number, (i, j, _) in live.items():
        at[i].append(number)
        at[j].append(number)
    waiting = [vertex for vertex, numbers in enumerate(at) if len(numbers) < 3]
    while waiting:
        vertex = waiting.pop()
        numbers = at[vertex]
        if len(numbers) == 1:
            i, j, _ = live.pop(numbers[0])
            other = j if i == vertex else i
            at[other].remove(numbers[0])
            at[vertex] = []
            waiting.append(other)
        elif len(numbers) == 2 and numbers[0] != numbers[1]:
            (a, start), (b, end) = (_far_end(live.pop(number), vertex) for number in numbers)
            at[vertex] = []
            for other, number in ((a, numbers[0]), (b, numbers[1])):
                at[other].remove(number)
            if (a, start) != (b, end):
                live[numbers[0]] = (a, b, _minus(end, start))
                at[a].append(numbers[0])
                at[b].append(numbers[0])
            waiting += [a, b]
    kept = [vertex for vertex, numbers in enumerate(at) if numbers]
    number_of = {vertex: k for k, vertex in enumerate(kept)}
    rows = np.array([(number_of[i], number_of[j], *shift) for i, j, shift in live.values()], dtype=np.int64)
    rows = rows.reshape(-1, 5)
    return Dissection(
        QuotientGraph(len(kept), rows[:, :2], rows[:, 2:]),
        tuple(atoms[vertex] for vertex in kept),
        sum(vertex < n_metal_parts for vertex in kept),
    )


def _far_end(edge: tuple[int, int, Shift], vertex: int) -> Contact:
    """The other end of an edge, relative to a vertex at its one end."""
    i, j, shift = edge
    return (j, shift) if i == vertex else (i, _minus(_HOME, shift))


def _minus(a: Shift, b: Shift) -> Shift:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]
