"""Linkers as RDKit molecules and back: one place where the two vocabularies meet.

Importing this module imports RDKit; rooms do so inside the functions that need it.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from mofa.chemistry.anchors import anchor_groups, choose_anchors, detect_family, missing_anchors
from mofa.chemistry.linker import Bond, Family, RawLinker
from mofa.chemistry.organic import foreign_elements, unknown_in_smiles
from mofa.chemistry.rejected import Reason, Rejected, Stage

_TYPE_OF_ORDER = {
    1.0: Chem.BondType.SINGLE,
    1.5: Chem.BondType.AROMATIC,
    2.0: Chem.BondType.DOUBLE,
    3.0: Chem.BondType.TRIPLE,
}
BOND_ORDERS = frozenset(_TYPE_OF_ORDER)
"""Orders that a `Bond` of a linker may have."""
_ORDER_OF_TYPE = {kind: order for order, kind in _TYPE_OF_ORDER.items()} | {Chem.BondType.DATIVE: 1.0}
EMBED_TIMEOUT_S = 10
"""RDKit's own limit on one distance-geometry embedding, whole seconds."""
MMFF_CHUNK_ITERATIONS = 250
MMFF_CHUNKS = 12


def molecule_of(raw: RawLinker, *, sanitize: bool = True) -> Any:
    """The RDKit molecule of a linker whose bonds are known, heavy atoms only, with its 3-D conformer.

    Hydrogens are counts on the heavy atoms; where `raw.hydrogens` is None they follow from the usual valences.

    Raises:
        ValueError: `raw.bonds` is None, or an order is not 1, 1.5, 2 or 3.
        rdkit.Chem.MolSanitizeException: valences or aromaticity make no sense (only with `sanitize`).
    """
    if raw.bonds is None:
        raise ValueError("a molecule needs bonds; perceive them first")
    editable = Chem.RWMol()
    for k, symbol in enumerate(raw.symbols):
        atom = Chem.Atom(symbol)
        if raw.formal_charges is not None:
            atom.SetFormalCharge(raw.formal_charges[k])
        if raw.hydrogens is not None:
            atom.SetNoImplicit(True)
            atom.SetNumExplicitHs(raw.hydrogens[k])
        editable.AddAtom(atom)
    for bond in raw.bonds:
        if bond.order not in BOND_ORDERS:
            raise ValueError(f"bond order {bond.order} between atoms {bond.i} and {bond.j} is not 1, 1.5, 2 or 3")
        editable.AddBond(bond.i, bond.j, _TYPE_OF_ORDER[bond.order])
        if bond.order == 1.5:
            editable.GetBondBetweenAtoms(bond.i, bond.j).SetIsAromatic(True)
            editable.GetAtomWithIdx(bond.i).SetIsAromatic(True)
            editable.GetAtomWithIdx(bond.j).SetIsAromatic(True)
    molecule = editable.GetMol()
    set_positions(molecule, raw.positions)
    if sanitize:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(molecule)
            Chem.AssignStereochemistryFrom3D(molecule)
    return molecule


def set_positions(molecule: Any, positions: NDArray[np.float64]) -> None:
    """Give the molecule one conformer with these coordinates (Å, ``[n_atoms, 3]``)."""
    conformer = Chem.Conformer(len(positions))
    conformer.Set3D(True)
    conformer.SetPositions(np.array(positions, dtype=float))
    molecule.RemoveAllConformers()
    molecule.AddConformer(conformer, assignId=True)


def positions_of(molecule: Any) -> NDArray[np.float64]:
    """Coordinates of the first conformer, Å, ``[n_atoms, 3]``."""
    return np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)


def bonds_of(molecule: Any) -> tuple[Bond, ...]:
    """All bonds with orders 1, 1.5, 2, 3 (0 for kinds that have no order); a dative bond counts as single."""
    return tuple(
        Bond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), _ORDER_OF_TYPE.get(bond.GetBondType(), 0.0))
        for bond in molecule.GetBonds()
    )


def raw_linker(molecule: Any, *, family: Family | None, source: str) -> RawLinker | Rejected:
    """The heavy atoms of a 3-D molecule as a `RawLinker`, anchors found in it.

    Args:
        molecule: sanitised, with a conformer; explicit hydrogens are folded into counts.
        family: None takes the family whose ends it has, see `mofa.chemistry.anchors.detect_family`.
        source: carried along.
    """
    heavy = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    new_index = {atom.GetIdx(): k for k, atom in enumerate(heavy)}
    bonds = tuple(
        Bond(new_index[bond.i], new_index[bond.j], bond.order)
        for bond in bonds_of(molecule)
        if bond.i in new_index and bond.j in new_index
    )
    symbols = tuple(atom.GetSymbol() for atom in heavy)
    positions = positions_of(molecule)[[atom.GetIdx() for atom in heavy]]
    hydrogens = tuple(atom.GetTotalNumHs(includeNeighbors=True) for atom in heavy)
    chosen = family or detect_family(symbols, bonds, positions, hydrogens)
    groups = anchor_groups(chosen, symbols, bonds, positions, hydrogens) if chosen else []
    anchors = choose_anchors(chosen, groups, symbols, positions) if chosen else None
    if chosen is None or anchors is None:
        smiles = Chem.MolToSmiles(Chem.RemoveHs(molecule))
        return missing_anchors(family, symbols, bonds, positions, hydrogens, name=smiles)
    return RawLinker(
        family=chosen,
        symbols=symbols,
        positions=positions,
        anchors=anchors,
        source=source,
        bonds=bonds,
        hydrogens=hydrogens,
        formal_charges=tuple(atom.GetFormalCharge() for atom in heavy),
    )


def embed(molecule: Any, *, seed: int) -> Any | None:
    """The molecule with hydrogens and one ETKDG conformer relaxed with MMFF94; None where there is no conformer.

    The embedding depends on `seed` and on the canonical SMILES, not on what was embedded before. Long floppy molecules
    may not be fully relaxed when the iterations run out; `process` has the last word. DOI 10.1021/acs.jcim.0c00025
    (ETKDGv3), 10.1186/s13321-014-0037-3 (MMFF94 in RDKit).
    """
    whole = Chem.AddHs(molecule)
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = zlib.crc32(f"{seed}:{Chem.MolToSmiles(molecule)}".encode()) & 0x7FFFFFFF
    parameters.maxIterations = 30
    parameters.timeout = EMBED_TIMEOUT_S
    with rdBase.BlockLogs():
        if rdDistGeom.EmbedMolecule(whole, parameters) != 0:
            return None
        if not rdForceFieldHelpers.MMFFHasAllMoleculeParams(whole):
            return None
        for _ in range(MMFF_CHUNKS):
            if rdForceFieldHelpers.MMFFOptimizeMolecule(whole, maxIters=MMFF_CHUNK_ITERATIONS) == 0:
                break
    return whole


def from_smiles(
    smiles: str, *, family: Family | None = None, seed: int = 0, source: str = "user"
) -> RawLinker | Rejected:
    """A linker from SMILES, in 3-D.

    Args:
        smiles: the whole neutral molecule: acid, nitrile, amine, NH azole.
        family: None finds it, see `mofa.chemistry.anchors.detect_family`.
        seed: of the conformer search.
        source: carried along to the MOF.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or not molecule.GetNumAtoms():
        unreadable = Rejected(Stage.PROCESS, Reason.UNREADABLE, f"{smiles!r} is not a valid SMILES")
        return unknown_in_smiles(smiles) or unreadable
    foreign = foreign_elements([atom.GetSymbol() for atom in molecule.GetAtoms()])
    if foreign is not None and smiles_pieces(molecule) == 1:
        return foreign
    pieces = smiles_pieces(molecule)
    if pieces > 1:
        return Rejected(Stage.PROCESS, Reason.FRAGMENTED, f"{smiles!r} is {pieces} molecules")
    conformer = embed(molecule, seed=seed)
    if conformer is None:
        return Rejected(Stage.PROCESS, Reason.RELAXATION, f"no relaxed MMFF94 conformer of {smiles!r} was found")
    return raw_linker(conformer, family=family, source=source)


def smiles_pieces(molecule: Any) -> int:
    """Number of disconnected molecules."""
    return len(Chem.GetMolFrags(molecule))
