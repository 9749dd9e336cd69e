"""Cores in 3-D: ETKDG and MMFF94 of the core between two phenyl caps, in the frame of the anchors.

The caps stand for both families: what sits para on them, four bonds from the core, changes its geometry by less than
the conformer search does. DOI 10.1021/acs.jcim.0c00025 (ETKDGv3), 10.1186/s13321-014-0037-3 (MMFF94 in RDKit).
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from mofa.chemistry.molecules import bonds_of, positions_of
from mofa.generate.building import set_trans
from mofa.generate.moflinker.enumeration import CAP_ATOMS, core_atoms
from mofa.generate.moflinker.examples import Example
from mofa.generate.moflinker.vocabulary import BOND_ORDERS, ELEMENTS

NON_BONDED_ANG = 8.0
SMALL_FORCE_KCAL_PER_MOL_ANG = 1.0
"""Root mean square at which a conformer counts as relaxed: bonds are then right within 0.01 Å ..."""
LARGEST_FORCE_KCAL_PER_MOL_ANG = 10.0
"""... unless a single one is far off: no component may be larger than this."""
_CHUNKS, _CHUNK_ITERATIONS, _FORCE_TOLERANCE = 12, 30, 0.1
MIN_SPAN_ANG, MAX_SPAN_ANG = 2.5, 28.0


def conformer(molecule: Any, *, seed: int, embed_hydrogens: bool = False) -> Any | None:
    """A capped core with hydrogens in 3-D, relaxed, or None where there is no relaxed conformer.

    Args:
        molecule: capped core without coordinates.
        seed: of the conformer search, together with the SMILES.
        embed_hydrogens: whether distance geometry sees hydrogens, too; twice as slow, and the relaxed conformers of
            these stiff molecules are no better.
    """
    whole = Chem.AddHs(molecule) if embed_hydrogens else Chem.Mol(molecule)
    # Whoever asked RDKit for stereo centres since the molecule was built has cleared its marks.
    set_trans(whole)
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = zlib.crc32(f"{seed}:{Chem.MolToSmiles(molecule)}".encode()) & 0x7FFFFFFF
    parameters.maxIterations = 10
    parameters.timeout = 2
    with rdBase.BlockLogs():
        if rdDistGeom.EmbedMolecule(whole, parameters) != 0:
            return None
        if not embed_hydrogens:
            whole = Chem.AddHs(whole, addCoords=True)
        return whole if relax(whole) else None


def relax(whole: Any) -> bool:
    """Relax a molecule with hydrogens in place with MMFF94; whether the forces became small."""
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(whole)
    if properties is None:
        return False
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(whole, properties, nonBondedThresh=NON_BONDED_ANG)
    field.Initialize()
    for _ in range(_CHUNKS):
        # RDKit's line search asserts when it finds no way down.
        with suppress(RuntimeError):
            if field.Minimize(maxIts=_CHUNK_ITERATIONS, forceTol=_FORCE_TOLERANCE) == 0:
                return True
        force = np.abs(field.CalcGrad())
        if np.sqrt(np.mean(force**2)) < SMALL_FORCE_KCAL_PER_MOL_ANG and force.max() < LARGEST_FORCE_KCAL_PER_MOL_ANG:
            return True
    return False


def example_of(whole: Any, core: range | None = None) -> Example | None:
    """The core of a capped molecule with a conformer, or None where its anchors are too close or too far apart.

    Args:
        whole: cap A, core, cap B, then hydrogens, if any; the anchors are the atoms 0 and `core.stop`.
        core: the core's atoms; None for a molecule without hydrogens.
    """
    atoms = core_atoms(whole) if core is None else core
    anchors = (0, atoms.stop)
    x = positions_of(whole)
    context = [x[[anchor, *_ring_neighbors(whole, anchor)]] for anchor in anchors]
    span = float(np.linalg.norm(x[anchors[1]] - x[anchors[0]]))
    if not MIN_SPAN_ANG < span < MAX_SPAN_ANG:
        return None
    rotation, origin = anchor_frame(x[anchors[0]], x[anchors[1]])
    index = {atom: k for k, atom in enumerate((*anchors, *atoms))}
    kept = [atom for atom in whole.GetAtoms() if atom.GetIdx() in range(atoms.start, atoms.stop)]
    bonds = [(index[b.i], index[b.j], BOND_ORDERS.index(b.order)) for b in bonds_of(whole)
             if b.i in index and b.j in index]  # fmt: skip
    return Example(
        elements=np.array([ELEMENTS.index(atom.GetSymbol()) for atom in kept], dtype=np.int8),
        hydrogens=np.array([atom.GetTotalNumHs(includeNeighbors=True) for atom in kept], dtype=np.int8),
        charges=np.array([atom.GetFormalCharge() for atom in kept], dtype=np.int8),
        positions=((x[list(atoms)] - origin) @ rotation.T).astype(np.float32),
        context=((np.concatenate(context) - origin) @ rotation.T).astype(np.float32),
        bonds=np.array(bonds, dtype=np.int8).reshape(-1, 3),
    )


def featurize(molecule: Any, *, seed: int) -> Example | None:
    """The example of a capped core without coordinates, or None where no conformer is found."""
    whole = conformer(molecule, seed=seed)
    return None if whole is None else example_of(whole, core_atoms(molecule))


def anchor_frame(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation (rows are the frame's axes) and origin of the frame of two anchors."""
    axis = (b - a) / np.linalg.norm(b - a)
    helper = np.eye(3)[int(np.argmin(np.abs(axis)))]
    second = np.cross(axis, helper)
    second /= np.linalg.norm(second)
    return np.stack([axis, second, np.cross(axis, second)]), (a + b) / 2


def _ring_neighbors(molecule: Any, anchor: int) -> tuple[int, int]:
    """The two cap atoms beside an anchor carbon."""
    cap = range(anchor, anchor + CAP_ATOMS)
    first, second = sorted(n.GetIdx() for n in molecule.GetAtomWithIdx(anchor).GetNeighbors() if n.GetIdx() in cap)
    return first, second
