"""From a whole linker back to its core: what the learned generators see in an example."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Any

from rdkit import Chem, rdBase

from mofa.chemistry import Family
from mofa.generate.moflinker.vocabulary import (
    CHARGES,
    ELEMENTS,
    FAMILIES,
    MAX_CORE_ATOMS,
    MAX_HYDROGENS,
    MIN_CORE_ATOMS,
    N_ANCHORS,
)

_PROMPT_SMARTS = {
    Family.BCA: "[cX3;r6]1(-[!#1])[cH][cH]c(C(=O)[OX2H1])[cH][cH]1",
    Family.BZN: "[cX3;r6]1(-[!#1])[cH][cH]c(C#N)[cH][cH]1",
}
"""The prompts, their anchor carbon first, then the core atom that it is bonded to."""


def core_of(smiles: str, family: Family) -> str | None:
    """The core between the two prompts of a linker, or None where it has no such prompts or the core does not fit.

    The prompts are bare benzoic acids or benzonitriles, each joined para to its acid or nitrile. Where there are more
    than two, those farthest apart along the bonds are taken. Double-bond geometry is not looked at.

    Args:
        smiles: the whole molecule, such as the acid or dinitrile, as in `Linker.smiles`.
        family: of the linker.

    Returns:
        The canonical SMILES with ``*`` for the anchor carbons, as `enumeration.identity` gives it.
    """
    if family not in FAMILIES:
        return None
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    Chem.RemoveStereochemistry(molecule)
    ends = molecule.GetSubstructMatches(_prompt(family))
    distance = Chem.GetDistanceMatrix(molecule)
    pairs = [(a, b) for a, b in combinations(ends, N_ANCHORS) if not set(_bare(a)) & set(_bare(b))]
    for first, second in sorted(pairs, key=lambda pair: -distance[pair[0][0], pair[1][0]]):
        core = _between(molecule, _bare(first), _bare(second))
        if core is not None:
            return core
    return None


def _bare(match: tuple[int, ...]) -> tuple[int, ...]:
    """The atoms of a prompt, the anchor first, without the core atom."""
    return (match[0], *match[2:])


def _between(molecule: Any, first: tuple[int, ...], second: tuple[int, ...]) -> str | None:
    """The core between two prompts; None where it is in pieces or is not of the models' sizes and elements."""
    editable = Chem.RWMol(molecule)
    for prompt in (first, second):
        editable.ReplaceAtom(prompt[0], Chem.Atom(0))
    for atom in sorted((*first[1:], *second[1:]), reverse=True):
        editable.RemoveAtom(atom)
    core = editable.GetMol()
    for atom in core.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsAromatic(False)
            atom.SetNoImplicit(True)
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(core)
        except Chem.MolSanitizeException:
            return None
    smiles: str = Chem.MolToSmiles(core)
    return smiles if "." not in smiles and _fits(core) else None


def _fits(core: Any) -> bool:
    """Whether a core is within the size and the elements that the models know."""
    atoms = [atom for atom in core.GetAtoms() if atom.GetAtomicNum()]
    return MIN_CORE_ATOMS <= len(atoms) <= MAX_CORE_ATOMS and all(
        atom.GetSymbol() in ELEMENTS and atom.GetTotalNumHs() <= MAX_HYDROGENS and atom.GetFormalCharge() in CHARGES
        for atom in atoms
    )


@lru_cache(maxsize=len(_PROMPT_SMARTS))
def _prompt(family: Family) -> Any:
    return Chem.MolFromSmarts(_PROMPT_SMARTS[family])
