"""What a generator designs: the part of a linker between its prompts, which is also what makes two linkers the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rdkit import Chem, rdBase

from mofa.chemistry import Family, Linker
from mofa.chemistry.anchors import neighbor_table

_RING = "-c1[cH][cH]c(-!@[*:1])[cH][cH]1"
_PROMPTS = {Family.BCA: f"[CX3](=O)([OX2H1]){_RING}", Family.BZN: f"N#[CX2]{_RING}"}
"""A benzoic acid or benzonitrile with nothing on its ring but what is para."""
_ENDS = {Family.BCA: "[CX3;$(C-[#6])](=O)[OX2H1]", Family.BZN: "[NX1]#[CX2;$(C-[#6])]"}
_ANCHOR = {Family.BCA: 6, Family.BZN: 5}
"""Place of the anchor carbon in the matches of `_PROMPTS`; the atom of the core comes right after it."""


@dataclass(frozen=True)
class Inner:
    """The inside of a linker."""

    key: str
    """Canonical SMILES without stereo marks: of the core with ``*`` for both anchor carbons, or else of all."""
    atoms: tuple[int, ...]
    """Heavy atoms of the molecule outside its prompts; where it has not two, outside its acids or nitriles."""
    has_prompts: bool


def inner_of(molecule: Any, family: Family) -> Inner:
    """The inside of a whole linker.

    Args:
        molecule: RDKit molecule without explicit hydrogens.
        family: other families than BCA and BZN have no prompts.
    """
    prompts = _two_prompts(molecule, family)
    if prompts is None:
        ends = molecule.GetSubstructMatches(_query(_ENDS[family])) if family in _ENDS else ()
        outside = {atom for end in ends for atom in end}
        bare = Chem.Mol(molecule)
        Chem.RemoveStereochemistry(bare)
        key = Chem.MolToSmiles(bare)
    else:
        outside = {atom for prompt in prompts for atom in prompt}
        key = _core_smiles(molecule, prompts, _ANCHOR[family])
    return Inner(key, tuple(k for k in range(molecule.GetNumAtoms()) if k not in outside), prompts is not None)


def identity_of(smiles: str) -> str | None:
    """The `Inner.key` of a linker's SMILES, or of a core's with two ``*``; None where it is no SMILES."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    inners = (inner_of(molecule, family) for family in _PROMPTS)
    found = next((inner for inner in inners if inner.has_prompts), None)
    if found is not None:
        return found.key
    Chem.RemoveStereochemistry(molecule)
    return str(Chem.MolToSmiles(molecule))


def anchor_atoms(linker: Linker) -> tuple[int, int] | None:
    """The two anchor carbons of a sound linker: opposite the end on the prompt's ring; None without two prompts."""
    table = neighbor_table(len(linker.symbols), linker.bonds)
    rings = [_phenylene(linker.symbols, table, _ipso(linker.symbols, table, a.neighbor)) for a in linker.anchors]
    if len(rings) != 2 or rings[0] is None or rings[1] is None or set(rings[0]) & set(rings[1]):
        return None
    return rings[0][-1], rings[1][-1]


def _two_prompts(molecule: Any, family: Family) -> list[tuple[int, ...]] | None:
    """The atoms of both prompts, or None where there are not exactly two apart from each other."""
    if family not in _PROMPTS:
        return None
    anchor = _ANCHOR[family]
    found = molecule.GetSubstructMatches(_query(_PROMPTS[family]))
    matches = [(*match[: anchor + 1], *match[anchor + 2 :]) for match in found]
    return matches if len(matches) == 2 and not set(matches[0]) & set(matches[1]) else None


def _core_smiles(molecule: Any, prompts: Sequence[tuple[int, ...]], anchor: int) -> str:
    editable = Chem.RWMol(molecule)
    for prompt in prompts:
        editable.ReplaceAtom(prompt[anchor], Chem.Atom(0))
    gone = {atom for prompt in prompts for k, atom in enumerate(prompt) if k != anchor}
    for atom in sorted(gone, reverse=True):
        editable.RemoveAtom(atom)
    core = editable.GetMol()
    for atom in core.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsAromatic(False)
            atom.SetNoImplicit(True)
    Chem.RemoveStereochemistry(core)
    Chem.SanitizeMol(core)
    return str(Chem.MolToSmiles(core))


def _ipso(symbols: Sequence[str], table: Sequence[dict[int, float]], neighbor: int) -> int:
    """The atom that the acid or nitrile is on: where the dummy hangs, or two atoms behind a nitrile's N."""
    if symbols[neighbor] != "N":
        return neighbor
    carbons = [k for k, order in table[neighbor].items() if order == 3.0]
    return next((k for carbon in carbons for k in table[carbon] if k != neighbor), neighbor)


def _phenylene(symbols: Sequence[str], table: Sequence[dict[int, float]], ipso: int) -> tuple[int, ...] | None:
    """The ring of a para-phenylene without substituents, from the ipso atom to the one opposite; None if it is none."""

    def beyond(atom: int, came_from: int) -> int | None:
        heavy = [k for k in table[atom] if symbols[k] not in ("H", "At", "Fr")]
        onward = [k for k in heavy if k != came_from]
        return onward[0] if symbols[atom] == "C" and len(heavy) == 2 and table[atom][onward[0]] == 1.5 else None

    sides = [k for k, order in table[ipso].items() if order == 1.5]
    if symbols[ipso] != "C" or len(sides) != 2:
        return None
    ring = [ipso]
    opposite = set()
    for side in sides:
        meta = beyond(side, ipso)
        para = None if meta is None else beyond(meta, side)
        if meta is None or para is None or symbols[para] != "C":
            return None
        ring += [side, meta]
        opposite.add(para)
    return (*ring, opposite.pop()) if len(opposite) == 1 else None


@lru_cache(maxsize=8)
def _query(smarts: str) -> Any:
    return Chem.MolFromSmarts(smarts)
