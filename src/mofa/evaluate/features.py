"""What is measured on one sound linker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

from mofa.chemistry import AnchorKind, Linker, RawLinker
from mofa.chemistry.accessibility import sa_score
from mofa.evaluate.inner import anchor_atoms, inner_of
from mofa.process.geometry import aligned_rmsd_ang
from mofa.process.pipeline import fold_hydrogens


@dataclass(frozen=True)
class Features:
    """One sound linker in numbers."""

    smiles: str
    key: str
    """What makes it the same as another, see `mofa.evaluate.inner.Inner.key`."""
    scaffold: str
    """SMILES of the Murcko scaffold, prompts included. DOI 10.1021/jm9602928."""
    n_heavy_atoms: int
    """Of the whole molecule."""
    core_atoms: int
    """Heavy atoms outside the prompts."""
    elements: tuple[tuple[str, int], ...]
    """Heavy atoms outside the prompts, by element."""
    ring_sizes: tuple[tuple[int, int], ...]
    """Rings of the whole molecule, by number of atoms."""
    anchor_distance_ang: float | None
    """Between the two anchor carbons; None where the ends are no prompts."""
    exit_angle_deg: float | None
    """Between the directions in which the two ends bind: 180 for a straight linker; None with more than two ends."""
    sa_score: float
    """Of the whole molecule, 1 (easy) to 10 (hard)."""
    sp3_fraction: float
    """Tetrahedral carbons among the carbons outside the prompts; 0 without any carbon there."""
    polar_atoms: int
    """N and O outside the prompts."""
    rotatable_bonds: int
    """RDKit's strict count, without those to the acids that bind."""
    relaxation_rmsd_ang: float | None
    """How far relaxation moved the heavy atoms that stay in the linker, root mean square after superposition; None
    where processing chose other acids than the generator named."""


def features_of(raw: RawLinker, linker: Linker) -> Features:
    """The numbers of a sound linker.

    Args:
        raw: what it was made of.
        linker: from the gate.
    """
    molecule = Chem.MolFromSmiles(linker.smiles)
    inner = inner_of(molecule, linker.family)
    atoms = [molecule.GetAtomWithIdx(k) for k in inner.atoms]
    carbons = [atom for atom in atoms if atom.GetSymbol() == "C"]
    tetrahedral = [atom for atom in carbons if atom.GetHybridization() == Chem.HybridizationType.SP3]
    return Features(
        smiles=linker.smiles,
        key=inner.key,
        scaffold=_scaffold(molecule),
        n_heavy_atoms=molecule.GetNumAtoms(),
        core_atoms=len(atoms),
        elements=_counted(atom.GetSymbol() for atom in atoms),
        ring_sizes=_counted(len(ring) for ring in molecule.GetRingInfo().AtomRings()),
        anchor_distance_ang=_anchor_distance_ang(linker),
        exit_angle_deg=_exit_angle_deg(linker),
        sa_score=sa_score(molecule),
        sp3_fraction=len(tetrahedral) / len(carbons) if carbons else 0.0,
        polar_atoms=sum(atom.GetSymbol() in ("N", "O") for atom in atoms),
        rotatable_bonds=_rotatable_bonds(molecule, linker),
        relaxation_rmsd_ang=_relaxation_rmsd_ang(raw, linker),
    )


def _scaffold(molecule: Any) -> str:
    scaffold = MurckoScaffold.GetScaffoldForMol(molecule)  # type: ignore[no-untyped-call]
    Chem.RemoveStereochemistry(scaffold)
    return str(Chem.MolToSmiles(scaffold))


def _counted(values: Iterable[Any]) -> tuple[tuple[Any, int], ...]:
    return tuple(sorted(Counter(values).items()))


def _rotatable_bonds(molecule: Any, linker: Linker) -> int:
    ends = sum(anchor.kind is AnchorKind.CARBOXYLATE for anchor in linker.anchors)
    return max(0, rdMolDescriptors.CalcNumRotatableBonds(molecule) - ends)


def _anchor_distance_ang(linker: Linker) -> float | None:
    found = anchor_atoms(linker)
    if found is None:
        return None
    return float(np.linalg.norm(linker.positions[found[0]] - linker.positions[found[1]]))


def _exit_angle_deg(linker: Linker) -> float | None:
    if len(linker.anchors) != 2:
        return None
    exits = [linker.positions[anchor.dummy] - linker.positions[anchor.neighbor] for anchor in linker.anchors]
    a, b = (exit_ / np.linalg.norm(exit_) for exit_ in exits)
    return float(np.degrees(np.arccos(np.clip(a @ b, -1.0, 1.0))))


def _relaxation_rmsd_ang(raw: RawLinker, linker: Linker) -> float | None:
    """Over the heavy atoms that both have: processing takes the acids off and keeps the order of what stays."""
    folded = fold_hydrogens(raw)
    acids = linker.anchors[0].kind is AnchorKind.CARBOXYLATE
    gone = {atom for anchor in folded.anchors for atom in anchor[:3]} if acids else set()
    before = [k for k in range(len(folded.symbols)) if k not in gone]
    after = [k for k, symbol in enumerate(linker.symbols) if symbol not in ("H", "At", "Fr")]
    same = [folded.symbols[k] for k in before] == [linker.symbols[k] for k in after]
    return aligned_rmsd_ang(linker.positions[after], folded.positions[before]) if same else None
