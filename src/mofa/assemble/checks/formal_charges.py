"""Formal charges of everything but the metals, from bond orders and coordination numbers.

An atom outside aromatic rings has the charge that its bond orders leave (an oxygen with one bond is -1, the two of a
carboxylate -1/2 each). An aromatic system as a whole has the charge that gives it a Kekulé structure: with an odd
number of atoms that each want a double bond, a two-coordinate nitrogen keeps a lone pair (-1, an azolate) or else a
three-coordinate one gives its away (+1, an imidazolium).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mofa.assemble.checks.structure import Floats, Ints, Mask, Structure
from mofa.assemble.checks.windows import HALOGENS

_CHALCOGENS = ("S", "Se", "Te")
_PNICTOGENS = ("P", "As", "Sb")
_TETRELS = ("Si", "Ge")
_NOBLE = ("He", "Ne", "Ar", "Kr", "Xe")
_PENTAVALENT, _HEXAVALENT = 5.0, 6.0
_CYANIDE_VALENCE = 3.0
_FIVE = 5
# Atoms of an aromatic system.
_WANTS_DOUBLE_BOND, _LONE_PAIR_NITROGEN, _GIVES_PAIR, _SATISFIED = range(4)


@dataclass(frozen=True)
class FormalCharges:
    """Charges of the nonmetals, e; those of an aromatic system stand on one of its atoms."""

    per_atom: Floats
    """``[n_atoms]``; 0 on metals."""
    undecided: Mask
    """Atoms whose charge these rules do not know, ``[n_atoms]``."""
    pairs_to_give: tuple[tuple[int, int], ...] = ()
    """Aromatic systems that may also be -2, -4, ... (two azolates in one system, a porphyrin): the atom that their
    charge stands on, and how many pairs of electrons they may take more."""


def formal_charges(structure: Structure) -> FormalCharges:
    """The formal charges of a structure's nonmetals."""
    ring = structure.bonds_that_are(structure.aromatic) >= 2
    charge, known = _outside_rings(structure)
    charge[ring | structure.metal] = 0.0
    undecided = ~(known | ring | structure.metal)
    undecided |= ring & ~structure.are("C", "N", "O", *_CHALCOGENS)
    pairs = []
    kinds = _kinds(structure)
    for system in _systems(structure, ring):
        taken = _electrons_taken(kinds[system])
        if taken is None:
            undecided[system[0]] = True
            continue
        charge[system[0]] = -float(taken)
        if np.count_nonzero(kinds[system] == _LONE_PAIR_NITROGEN) >= 2:
            spare = (_azolate_rings(structure, system, kinds) - taken) // 2
            if spare > 0:
                pairs.append((int(system[0]), spare))
    return FormalCharges(charge, undecided, tuple(pairs))


def _outside_rings(structure: Structure) -> tuple[Floats, Mask]:
    """Charge of every atom from its bond orders alone, and whether it follows from them."""
    valence, on_metal = structure.valence, structure.n_metal > 0
    charge, known = np.zeros(len(valence)), np.zeros(len(valence), dtype=np.bool_)
    present = set(structure.elements[0])
    for symbols, rule in _RULES:
        if present.isdisjoint(symbols):
            continue
        found, follows = rule(valence, on_metal, structure.n_nonmetal)
        atoms = structure.are(*symbols) & follows
        charge[atoms] = found[atoms]
        known |= atoms
    return charge, known


def _carbon(valence: Floats, on_metal: Mask, neighbors: Ints) -> tuple[Floats, Mask]:
    """Neutral with four bonds; the end of cyanide on a metal."""
    cyanide = on_metal & (valence == _CYANIDE_VALENCE)
    return np.where(cyanide, -1.0, 0.0), cyanide | (~on_metal & (np.abs(valence - 4.0) <= 0.5))


def _nitrogen(valence: Floats, on_metal: Mask, neighbors: Ints) -> tuple[Floats, Mask]:
    """Neutral with three bonds, or with the five of a nitro group that is drawn so."""
    five = valence == _PENTAVALENT
    return np.where(five, 0.0, valence - 3.0), five | (valence <= 4.0)


def _chalcogen(valence: Floats, on_metal: Mask, neighbors: Ints) -> tuple[Floats, Mask]:
    """Two bonds, or the four of a sulfoxide, or the six of a sulfone or sulfonate."""
    low = valence <= 3.0
    high = np.where(valence > 4.0, _HEXAVALENT - valence, 0.0)
    return np.where(low, valence - 2.0, high), low | ((valence >= 4.0) & (valence <= _HEXAVALENT))


_Rule = Callable[[Floats, Mask, Ints], tuple[Floats, Mask]]
# Charges and where they follow, from the sum of bond orders, metals beside the atom and its number of nonmetals.
_RULES: tuple[tuple[tuple[str, ...], _Rule], ...] = (
    (("C",), _carbon),
    (("H",), lambda valence, _, __: (valence - 1.0, valence == 1.0)),
    (("N",), _nitrogen),
    (("O",), lambda valence, _, __: (valence - 2.0, valence >= 0.0)),
    (tuple(sorted(HALOGENS)), lambda valence, _, __: (valence - 1.0, valence <= 1.0)),
    (_CHALCOGENS, _chalcogen),
    (
        _PNICTOGENS,
        lambda valence, _, __: (np.where(valence > 4.0, _PENTAVALENT - valence, valence - 3.0), valence >= 0.0),
    ),
    (_TETRELS, lambda valence, _, __: (4.0 - valence, valence >= 4.0)),
    (("B",), lambda valence, _, neighbors: (3.0 - valence, neighbors <= 4)),
    (_NOBLE, lambda valence, _, __: (valence, valence == 0.0)),
)


def _systems(structure: Structure, ring: Mask) -> list[Ints]:
    """Atoms of every aromatic system."""
    parent = list(range(len(ring)))

    def root(atom: int) -> int:
        while parent[atom] != atom:
            parent[atom] = parent[parent[atom]]
            atom = parent[atom]
        return atom

    ends, aromatic = structure.ends, structure.aromatic
    for a, b in zip(ends.centre[aromatic].tolist(), ends.outer[aromatic].tolist(), strict=True):
        if a < b:
            parent[root(b)] = root(a)
    atoms = np.flatnonzero(ring)
    roots = np.array([root(atom) for atom in atoms.tolist()], dtype=np.int64)
    return [atoms[roots == label] for label in np.unique(roots)]


def _kinds(structure: Structure) -> Ints:
    """What every atom is to an aromatic system that it is part of."""
    kinds = np.full(len(structure.numbers), _GIVES_PAIR)
    leaving = structure.bonds_that_are(structure.organic_orders == 2.0) > 0
    kinds[structure.are("C")] = _WANTS_DOUBLE_BOND
    kinds[structure.are("C") & leaving] = _SATISFIED
    kinds[structure.are("N") & (structure.n_nonmetal == 2)] = _LONE_PAIR_NITROGEN
    return kinds


def _electrons_taken(kinds: Ints) -> int | None:
    """Electrons that a Kekulé structure takes: 0, 1 for an azolate, -1 for an imidazolium; None where there is none."""
    wanting, nitrogens, givers = (
        np.count_nonzero(kinds == kind) for kind in (_WANTS_DOUBLE_BOND, _LONE_PAIR_NITROGEN, _GIVES_PAIR)
    )
    if (wanting + nitrogens) % 2 == 0:
        return 0
    if nitrogens:
        return 1
    return -1 if givers else None


def _azolate_rings(structure: Structure, system: Ints, kinds: Ints) -> int:
    """Five-membered rings with a two-coordinate nitrogen and no other giver of a pair."""
    members = set(system.tolist())
    around = {atom: {k for k, _, _ in structure.graph.neighbors[atom] if k in members} for atom in members}
    rings: set[frozenset[int]] = set()
    for atom in system[kinds[system] == _LONE_PAIR_NITROGEN].tolist():
        a, b = sorted(around[atom])
        rings |= {
            frozenset((atom, a, x, y, b)) for x in around[a] - {atom} for y in around[b] - {atom} if x in around[y]
        }
    return sum(len(ring) == _FIVE and not (kinds[list(ring)] == _GIVES_PAIR).any() for ring in rings)
