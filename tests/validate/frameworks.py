"""Small structures for the tests of validation, built here from bond lengths or by RDKit."""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from mofa.chemistry import BondGraph, Framework

RING_ANG = 1.39
CH_ANG = 1.08


def paddlewheel() -> Framework:
    """Zn2(BDC)2(1,4-dicyanobenzene), pcu, 48 atoms: right-angled paddlewheel, straight pillar; bonds not given."""
    half_zn, height, width, carbon, n = 1.48, 1.11, 1.996, 2.592, 1.48 + 2.03
    atoms = [("Zn", (0, 0, half_zn)), ("Zn", (0, 0, -half_zn))]
    a = 2 * carbon + 2 * 1.50 + 2 * RING_ANG
    c = 2 * (n + 1.15 + 1.44) + 2 * RING_ANG
    x, z = np.eye(3)[0], np.eye(3)[2]
    for axis in np.eye(3)[:2]:
        atoms += [("O", s * width * axis + t * height * z) for s in (1, -1) for t in (1, -1)]
        atoms += [("C", s * carbon * axis) for s in (1, -1)]
        atoms += ring(a / 2 * axis, axis, z)
    atoms += [("N", s * n * z) for s in (1, -1)] + [("C", s * (n + 1.15) * z) for s in (1, -1)]
    atoms += ring(c / 2 * z, z, (x + np.eye(3)[1]) / np.sqrt(2.0))
    symbols, positions = zip(*atoms, strict=True)
    return Framework("zn-bdc-dcb", symbols, np.array(positions), np.diag([a, a, c]))


def diamond(symbol: str, a_ang: float) -> Framework:
    """The conventional cell of diamond or silicon, 8 atoms; bonds not given."""
    base = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return Framework("diamond", (symbol,) * 8, a_ang * np.vstack([base, base + 0.25]), a_ang * np.eye(3))


def ring(centre, axis, across):
    """A 1,4-phenylene about `centre`: its exits along `axis`, its plane spanned by `axis` and `across`."""
    atoms = []
    for k in range(6):
        ray = np.cos(k * np.pi / 3) * axis + np.sin(k * np.pi / 3) * across
        atoms.append(("C", centre + RING_ANG * ray))
        if k % 3:
            atoms.append(("H", centre + (RING_ANG + CH_ANG) * ray))
    return atoms


def molecule(smiles: str, *, box_ang: float = 30.0) -> tuple[Framework, Chem.Mol]:
    """A molecule relaxed with MMFF94, alone in a cubic box, with RDKit's bond orders."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(mol, randomSeed=7) == 0
    AllChem.MMFFOptimizeMolecule(mol, maxIters=2000)
    pairs = [
        (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), 1.5 if bond.GetIsAromatic() else bond.GetBondTypeAsDouble())
        for bond in mol.GetBonds()
    ]
    i, j, order = zip(*pairs, strict=True)
    graph = BondGraph(mol.GetNumAtoms(), i, j, np.zeros((len(i), 3)), order)
    symbols = tuple(atom.GetSymbol() for atom in mol.GetAtoms())
    positions = mol.GetConformer().GetPositions() + box_ang / 2
    return Framework(smiles, symbols, positions, box_ang * np.eye(3), graph), mol


def without_orders(framework: Framework) -> Framework:
    """The same bonds, their orders unknown."""
    g = framework.bonds
    return framework.with_bonds(BondGraph(g.n_atoms, g.i, g.j, g.shift, np.zeros(len(g))))


def sheared(framework: Framework, strain: float = 0.08, noise_ang: float = 0.05) -> Framework:
    """The framework in a triclinic cell, its atoms displaced, so that no term is at a symmetric point."""
    rng = np.random.default_rng(3)
    deform = np.eye(3) + strain * np.array([[0.1, 0.7, -0.4], [0.2, -0.3, 0.9], [-0.5, 0.4, 0.2]])
    positions = framework.positions @ deform + rng.uniform(-noise_ang, noise_ang, (len(framework), 3))
    return framework.with_geometry(positions, framework.cell @ deform)
