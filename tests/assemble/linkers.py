"""Linkers made with RDKit, straight to what assembly takes: carboxyls become At, Fr stands 2 Å beyond an N donor."""

from __future__ import annotations

from functools import cache

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from mofa.chemistry import Anchor, AnchorKind, Bond, Family, Linker

METAL_N_ANG = 2.0

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
BPDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
NDC = "OC(=O)c1ccc2cc(ccc2c1)C(=O)O"
TOLANE = "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O"
NH2_BDC = "OC(=O)c1cc(N)c(cc1)C(=O)O"
ANTHRACENE_9_10 = "OC(=O)c1c2ccccc2c(C(=O)O)c2ccccc12"
BR4_BDC = "OC(=O)c1c(Br)c(Br)c(C(=O)O)c(Br)c1Br"
T_BU4_BDC = "OC(=O)c1c(C(C)(C)C)c(C(C)(C)C)c(C(=O)O)c(C(C)(C)C)c1C(C)(C)C"
ISOPHTHALIC = "OC(=O)c1cccc(c1)C(=O)O"
DCB = "N#Cc1ccc(cc1)C#N"
DCBP = "N#Cc1ccc(cc1)-c1ccc(cc1)C#N"
TOLANE_DINITRILE = "N#Cc1ccc(cc1)C#Cc1ccc(cc1)C#N"
DABCO = "C1CN2CCN1CC2"


@cache
def linker(smiles: str) -> Linker:
    """The linker of a diacid, a dinitrile or a tertiary diamine; ETKDG and MMFF94, seeded."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(molecule, randomSeed=7) == 0
    AllChem.MMFFOptimizeMolecule(molecule, maxIters=5000)
    acids = molecule.GetSubstructMatches(Chem.MolFromSmarts("[CX3](=O)[OX2H]"))
    made = _carboxylate(molecule, acids) if len(acids) == 2 else _n_donor(molecule)
    symbols, positions, bonds, anchors, family = made
    plain = Chem.MolFromSmiles(smiles)
    return Linker(
        smiles=Chem.MolToSmiles(plain),
        inchikey=Chem.MolToInchiKey(plain),
        family=family,
        symbols=symbols,
        positions=positions,
        bonds=bonds,
        anchors=anchors,
        source="test",
    )


def _carboxylate(molecule, acids):
    carbons = [match[0] for match in acids]
    gone = {atom for match in acids for atom in match[1:]}
    gone |= {n.GetIdx() for a in gone for n in molecule.GetAtomWithIdx(a).GetNeighbors() if n.GetSymbol() == "H"}
    keep = [k for k in range(molecule.GetNumAtoms()) if k not in gone]
    new = {old: k for k, old in enumerate(keep)}
    symbols = tuple("At" if k in carbons else molecule.GetAtomWithIdx(k).GetSymbol() for k in keep)
    bonds = _bonds(molecule, new)
    anchors = []
    for carbon in carbons:
        ipso = next(n.GetIdx() for n in molecule.GetAtomWithIdx(carbon).GetNeighbors() if n.GetIdx() in new)
        anchors.append(Anchor(AnchorKind.CARBOXYLATE, new[carbon], new[ipso]))
    return symbols, molecule.GetConformer().GetPositions()[keep], bonds, tuple(anchors), Family.BCA


def _n_donor(molecule):
    n_atoms = molecule.GetNumAtoms()
    donors = molecule.GetSubstructMatches(Chem.MolFromSmarts("[NX1]#C")) or molecule.GetSubstructMatches(
        Chem.MolFromSmarts("[NX3,nX2]")
    )
    assert len(donors) == 2
    positions = list(molecule.GetConformer().GetPositions())
    bonds, anchors = list(_bonds(molecule, {k: k for k in range(n_atoms)})), []
    for k, (donor, *_) in enumerate(donors):
        around = [n.GetIdx() for n in molecule.GetAtomWithIdx(donor).GetNeighbors()]
        outward = positions[donor] - np.mean([positions[a] for a in around], axis=0)
        positions.append(positions[donor] + METAL_N_ANG * outward / np.linalg.norm(outward))
        bonds.append(Bond(donor, n_atoms + k, 1.0))
        anchors.append(Anchor(AnchorKind.N_DONOR, n_atoms + k, donor))
    symbols = (*(atom.GetSymbol() for atom in molecule.GetAtoms()), "Fr", "Fr")
    return symbols, np.array(positions), tuple(bonds), tuple(anchors), Family.BZN


def _bonds(molecule, new):
    return tuple(
        Bond(new[b.GetBeginAtomIdx()], new[b.GetEndAtomIdx()], b.GetBondTypeAsDouble())
        for b in molecule.GetBonds()
        if b.GetBeginAtomIdx() in new and b.GetEndAtomIdx() in new
    )
