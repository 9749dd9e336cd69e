"""From a linker back to the chain of parts that it is made of: what the library sees in an example."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

from rdkit import Chem, rdBase

from mofa.chemistry import Family
from mofa.generate.chains import Chain, ChainSpace
from mofa.generate.fragments import RING_COUNT_WEIGHTS
from mofa.generate.units import ring_parts, spacer_parts

# A ring atom, and the first atom of the anchor that hangs on it.
_ANCHOR_SMARTS = {Family.BCA: "[#6;R][CX3](=O)[OX2H1]", Family.BZN: "[#6;R]C#N"}


def chain_of(space: ChainSpace, smiles: str) -> Chain | None:
    """The canonical chain of a linker, or None where the library has no such linker at any size.

    The molecule is cut at its anchors and wherever the path between them enters or leaves a ring system; the pieces
    are looked up among the library's parts. Double-bond geometry is not looked at.

    Args:
        space: chains of the linker's family; its size limit plays no part.
        smiles: the whole molecule, acid or dinitrile, as in `Linker.smiles`.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    Chem.RemoveStereochemistry(molecule)
    anchors = molecule.GetSubstructMatches(_anchor_query(space.family))
    if len(anchors) != 2 or anchors[0][0] == anchors[1][0]:
        return None
    chain: list[int] = []
    rings, spacers = _index(space.family), _index(None)
    for piece, is_ring in _pieces(molecule, (anchors[0][0], anchors[0][1]), (anchors[1][0], anchors[1][1])):
        if is_ring == (len(chain) % 2 == 1):
            if not is_ring:
                return None
            chain.append(spacers[""])
        found = (rings if is_ring else spacers).get(piece)
        if found is None:
            return None
        chain.append(found)
    n_rings = len(chain) // 2 + 1
    if len(chain) % 2 == 0 or n_rings not in RING_COUNT_WEIGHTS:
        return None
    if not (space.rings[chain[0]].terminal and space.rings[chain[-1]].terminal):
        return None
    return space.canonical(tuple(chain))


def _pieces(molecule: Any, first: tuple[int, int], last: tuple[int, int]) -> list[tuple[str, bool]]:
    """Ring systems and spacers from one anchor to the other: SMILES with exits, and whether it is a ring system.

    Args:
        molecule: the linker.
        first: ring atom that the first anchor hangs on, and the anchor's atom.
        last: the same of the other anchor.
    """
    path = [first[1], *Chem.GetShortestPath(molecule, first[0], last[0]), last[1]]
    cuts = [(a, b) for a, b in pairwise(path) if _leaves_a_ring(molecule, a, b)]
    editable = Chem.RWMol(molecule)
    for left, right in cuts:
        editable.RemoveBond(left, right)
        for atom, exit_number in ((left, 2), (right, 1)):
            exit_atom = Chem.Atom(0)
            exit_atom.SetIsotope(exit_number)
            editable.AddBond(atom, editable.AddAtom(exit_atom), Chem.BondType.SINGLE)
    pieces = {atom: atoms for atoms in Chem.GetMolFrags(editable) for atom in atoms}
    # The piece to the left of each cut but the first lies between two cuts.
    found = []
    for left, _ in cuts[1:]:
        smiles = Chem.MolFragmentToSmiles(editable, pieces[left])
        whole = Chem.MolFromSmiles(smiles)
        if whole is not None:
            smiles = Chem.MolToSmiles(whole)
        found.append((smiles, molecule.GetAtomWithIdx(left).IsInRing()))
    return found


def _leaves_a_ring(molecule: Any, a: int, b: int) -> bool:
    bond = molecule.GetBondBetweenAtoms(a, b)
    return not bond.IsInRing() and (bond.GetBeginAtom().IsInRing() or bond.GetEndAtom().IsInRing())


@lru_cache(maxsize=2)
def _anchor_query(family: Family) -> Any:
    return Chem.MolFromSmarts(_ANCHOR_SMARTS[family])


@lru_cache(maxsize=3)
def _index(rings_of: Family | None) -> dict[str, int]:
    """Canonical SMILES of a family's ring systems, or of the spacers, -> place in the table."""
    parts = spacer_parts() if rings_of is None else ring_parts(rings_of)
    return {Chem.MolToSmiles(Chem.MolFromSmiles(part.smiles)): k for k, part in enumerate(parts)}
