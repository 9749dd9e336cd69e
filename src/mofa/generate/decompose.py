"""From a linker back to the chain of parts that it is made of: what the library sees in an example."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

from rdkit import Chem, rdBase

from mofa.chemistry import Family
from mofa.generate.chains import Chain, ChainSpace
from mofa.generate.units import ring_parts, spacer_parts

# A ring atom, and the first atom of the anchor that hangs on it; or only an atom of an outer ring.
_ANCHOR_SMARTS = {
    Family.BCA: "[#6;R][CX3](=O)[OX2H1]",
    Family.BZN: "[#6;R]C#N",
    Family.PYR: "[nX2H0;r6]",
}
LEARNT_FAMILIES = tuple(_ANCHOR_SMARTS)
"""Families whose linkers can be taken apart, and so be learnt from."""


def chain_of(space: ChainSpace, smiles: str) -> Chain | None:
    """The canonical chain of a linker, or None where the library has no such linker at any size.

    The molecule is cut at its anchors and wherever the path between them enters or leaves a ring system; the pieces
    are looked up among the library's parts. Double-bond geometry is not looked at.

    Args:
        space: chains of the linker's family; its size limit plays no part.
        smiles: the whole molecule, such as the acid or dinitrile, as in `Linker.smiles`.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    Chem.RemoveStereochemistry(molecule)
    anchors = [match[:2] for match in molecule.GetSubstructMatches(_anchor_query(space.family))]
    hanging = bool(space.anchor_atoms)
    if hanging and len(anchors) != 2:
        return None
    pairs = ((first, last) for first, last in combinations(anchors, 2) if first[0] != last[0])
    chains = (_chain_between(space, molecule, first, last) for first, last in pairs)
    return next((chain for chain in chains if chain is not None), None)


def _chain_between(space: ChainSpace, molecule: Any, first: tuple[int, ...], last: tuple[int, ...]) -> Chain | None:
    """The chain from one anchor to the other; None where they are not its ends."""
    chain: list[int] = []
    rings, spacers = _index(space.family), _index(None)
    for piece, is_ring in _pieces(molecule, first, last):
        if is_ring == (len(chain) % 2 == 1):
            if not is_ring:
                return None
            chain.append(spacers[""])
        found = (rings if is_ring else spacers).get(piece)
        if found is None:
            return None
        chain.append(found)
    n_rings = len(chain) // 2 + 1
    if len(chain) % 2 == 0 or n_rings not in space.ring_count_weights:
        return None
    ends, middle = (chain[0], chain[-1]), chain[2:-2:2]
    if not all(space.rings[k].terminal for k in ends) or not all(space.rings[k].inner for k in middle):
        return None
    return space.canonical(tuple(chain))


def _pieces(molecule: Any, first: tuple[int, ...], last: tuple[int, ...]) -> list[tuple[str, bool]]:
    """Ring systems and spacers from one anchor to the other: SMILES with exits, and whether it is a ring system.

    Args:
        molecule: the linker.
        first: ring atom that the first anchor hangs on, and the anchor's atom; or an atom of the outer ring alone.
        last: the same of the other anchor.
    """
    path = [*first[1:], *Chem.GetShortestPath(molecule, first[0], last[0]), *last[1:]]
    cuts = [(a, b) for a, b in pairwise(path) if _leaves_a_ring(molecule, a, b)]
    editable = Chem.RWMol(molecule)
    for left, right in cuts:
        editable.RemoveBond(left, right)
        for atom, exit_number in ((left, 2), (right, 1)):
            exit_atom = Chem.Atom(0)
            exit_atom.SetIsotope(exit_number)
            editable.AddBond(atom, editable.AddAtom(exit_atom), Chem.BondType.SINGLE)
    pieces = {atom: atoms for atoms in Chem.GetMolFrags(editable) for atom in atoms}
    # The piece to the left of each cut but the first lies between two cuts; outer rings have one cut.
    shown = [left for left, _ in cuts[1:]]
    if len(first) == 1 and cuts:
        shown = [cuts[0][0], *shown, cuts[-1][1]]
    found = []
    for k, atom in enumerate(shown):
        smiles = Chem.MolFragmentToSmiles(editable, pieces[atom])
        if len(first) == 1 and k == 0:
            smiles = smiles.replace("[2*]", "[1*]")
        whole = Chem.MolFromSmiles(smiles)
        if whole is not None:
            smiles = Chem.MolToSmiles(whole)
        found.append((smiles, molecule.GetAtomWithIdx(atom).IsInRing()))
    return found


def _leaves_a_ring(molecule: Any, a: int, b: int) -> bool:
    bond = molecule.GetBondBetweenAtoms(a, b)
    return not bond.IsInRing() and (bond.GetBeginAtom().IsInRing() or bond.GetEndAtom().IsInRing())


@lru_cache(maxsize=len(LEARNT_FAMILIES))
def _anchor_query(family: Family) -> Any:
    return Chem.MolFromSmarts(_ANCHOR_SMARTS[family])


@lru_cache(maxsize=len(LEARNT_FAMILIES) + 1)
def _index(rings_of: Family | None) -> dict[str, int]:
    """Canonical SMILES of a family's ring systems, or of the spacers, -> place in the table."""
    parts = spacer_parts() if rings_of is None else ring_parts(rings_of)
    return {Chem.MolToSmiles(Chem.MolFromSmiles(part.smiles)): k for k, part in enumerate(parts)}
