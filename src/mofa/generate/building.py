"""Molecules from parts: SMILES with numbered exits, joined by single bonds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from rdkit import Chem


class Assembly:
    """A molecule that grows part by part."""

    def __init__(self) -> None:
        self._editable = Chem.RWMol()

    def add(self, smiles: str, onto: int = -1) -> dict[int, list[int]]:
        """Add a part.

        Args:
            smiles: with exits ``[1*]``, ``[2*]``, ...
            onto: atom that exit 1 is joined to, which must then be one; negative for none.

        Returns:
            The atoms that the exits are on, by exit number, the one that was joined left out.
        """
        piece, exits = _without_exits(smiles)
        first = self._editable.GetNumAtoms()
        self._editable.InsertMol(piece)
        placed: dict[int, list[int]] = {}
        for number, atom in exits:
            placed.setdefault(number, []).append(first + atom)
        if onto >= 0:
            (joined,) = placed.pop(1)
            self._editable.AddBond(onto, joined, Chem.BondType.SINGLE)
        return placed

    def add_chain(self, parts: Iterable[str], onto: int) -> int:
        """Add parts one after another, exit 2 of each to exit 1 of the next; the atom of the last exit 2, or -1.

        Args:
            parts: SMILES; empty ones are direct bonds.
            onto: atom that the first is joined to.
        """
        for smiles in filter(None, parts):
            (onto,) = self.add(smiles, onto).get(2, [-1])
        return onto

    def finished(self) -> Any:
        """The sanitised molecule; every open-chain double bond between two singly substituted atoms is E."""
        molecule = self._editable.GetMol()
        Chem.SanitizeMol(molecule)
        set_trans(molecule)
        return molecule


def chain_molecule(parts: Sequence[str]) -> Any:
    """A chain of parts from end to end; the first and the last have one exit each."""
    assembly = Assembly()
    ((start,),) = assembly.add(parts[0]).values()
    assembly.add_chain(parts[1:], start)
    return assembly.finished()


@lru_cache(maxsize=4096)
def _without_exits(smiles: str) -> tuple[Any, tuple[tuple[int, int], ...]]:
    """A part without its exit atoms; the number and the atom of each exit."""
    piece = Chem.MolFromSmiles(smiles)
    exit_atoms = [atom for atom in piece.GetAtoms() if atom.GetAtomicNum() == 0]
    kept = [atom.GetIdx() for atom in piece.GetAtoms() if atom.GetAtomicNum() != 0]
    new_index = {old: new for new, old in enumerate(kept)}
    exits = tuple((atom.GetIsotope(), new_index[atom.GetNeighbors()[0].GetIdx()]) for atom in exit_atoms)
    editable = Chem.RWMol(piece)
    for atom in reversed(exit_atoms):
        editable.RemoveAtom(atom.GetIdx())
    return editable.GetMol(), exits


def set_trans(molecule: Any) -> None:
    """Mark every open-chain double bond between two singly substituted atoms as E, in place."""
    changed = False
    for bond in molecule.GetBonds():
        if bond.GetBondType() != Chem.BondType.DOUBLE or bond.IsInRing():
            continue
        begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
        left = [a.GetIdx() for a in begin.GetNeighbors() if a.GetIdx() != end.GetIdx()]
        right = [a.GetIdx() for a in end.GetNeighbors() if a.GetIdx() != begin.GetIdx()]
        if len(left) == len(right) == 1:
            bond.SetStereoAtoms(left[0], right[0])
            bond.SetStereo(Chem.BondStereo.STEREOTRANS)
            changed = True
    if changed:
        # Without this RDKit takes the marks for stale and drops them when it writes SMILES.
        Chem.AssignStereochemistry(molecule, cleanIt=False, force=True)
