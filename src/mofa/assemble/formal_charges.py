"""Formal charges of everything but the metals, from bond orders and coordination numbers.

An atom outside aromatic rings has the charge that its bond orders leave (an oxygen with one bond is -1, the two of a
carboxylate -1/2 each). An aromatic system as a whole has the charge that gives it a Kekulé structure: with an odd
number of atoms that each want a double bond, a two-coordinate nitrogen keeps a lone pair (-1, an azolate) or else a
three-coordinate one gives its away (+1, an imidazolium).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mofa.assemble.structure import Floats, Ints, Mask, Structure
from mofa.assemble.windows import HALOGENS

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
    valence = structure.valence
    charge, known = np.zeros(len(valence)), np.zeros(len(valence), dtype=np.bool_)

    def settle(mask: Mask, value: Floats) -> None:
        charge[mask] = value[mask]
        known[mask] = True

    carbon, on_metal = structure.are("C"), structure.n_metal > 0
    settle(structure.are("H"), valence - 1.0)
    known &= charge == 0.0
    settle(carbon & ~on_metal & (np.abs(valence - 4.0) <= 0.5), np.zeros_like(valence))
    settle(carbon & on_metal & (valence == _CYANIDE_VALENCE), -np.ones_like(valence))
    nitrogen = structure.are("N")
    settle(nitrogen & (valence <= 4.0), valence - 3.0)
    settle(nitrogen & (valence == _PENTAVALENT), np.zeros_like(valence))
    settle(structure.are("O"), valence - 2.0)
    settle(structure.are(*sorted(HALOGENS)) & (valence <= 1.0), valence - 1.0)
    settle(structure.are(*_NOBLE) & (valence == 0.0), valence)
    settle(structure.are("B") & (structure.n_nonmetal <= 4), 3.0 - valence)
    settle(structure.are(*_TETRELS) & (valence >= 4.0), 4.0 - valence)
    sulfur = structure.are(*_CHALCOGENS)
    settle(sulfur & (valence <= 2.0), valence - 2.0)
    settle(sulfur & (valence == 3.0), valence - 2.0)
    settle(sulfur & (valence == 4.0), np.zeros_like(valence))
    settle(sulfur & (valence > 4.0) & (valence <= _HEXAVALENT), _HEXAVALENT - valence)
    phosphorus = structure.are(*_PNICTOGENS)
    settle(phosphorus & (valence <= 4.0), valence - 3.0)
    settle(phosphorus & (valence > 4.0), _PENTAVALENT - valence)
    return charge, known


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
