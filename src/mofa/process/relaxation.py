"""MMFF94 relaxation that keeps the generated geometry. DOI 10.1186/s13321-014-0037-3.

First the hydrogens alone, then everything with each heavy atom tied to its generated place by a flat-bottomed spring:
bond lengths and angles settle, torsions that the generator chose stay. Each call into RDKit runs a bounded number of
iterations, and the clock is read between calls.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rdkit import rdBase
from rdkit.Chem import rdForceFieldHelpers

from mofa.chemistry import Reason, Rejected, Stage
from mofa.chemistry.molecules import positions_of
from mofa.process.geometry import aligned_rmsd_ang

CHUNK_ITERATIONS = 250
MAX_ITERATIONS = 3000
FREE_DISPLACEMENT_ANG = 0.20
"""How far a heavy atom may go before the spring pulls."""
SPRING_KCAL_PER_MOL_ANG2 = 25.0
MAX_RMSD_ANG = 0.50
"""Largest root-mean-square move of the heavy atoms after superposition."""


def relax(molecule: Any, *, deadline: float) -> Rejected | None:
    """Relax a molecule with explicit hydrogens in place.

    Args:
        molecule: RDKit molecule with one conformer.
        deadline: `time.monotonic()` value at which to give up, s.

    Returns:
        None when it is relaxed, otherwise why not.
    """
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    generated = positions_of(molecule)[heavy]
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    if properties is None:
        return Rejected(Stage.PROCESS, Reason.RELAXATION, "MMFF94 has no parameters for this molecule")
    if len(heavy) < molecule.GetNumAtoms():
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
        field.Initialize()
        for atom in heavy:
            field.AddFixedPoint(atom)
        refusal = _minimize(field, "the hydrogens", deadline)
        if refusal is not None:
            return refusal
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
    field.Initialize()
    for atom in heavy:
        field.MMFFAddPositionConstraint(atom, FREE_DISPLACEMENT_ANG, SPRING_KCAL_PER_MOL_ANG2)
    refusal = _minimize(field, "the molecule", deadline)
    if refusal is not None:
        return refusal
    relaxed = positions_of(molecule)
    if not np.isfinite(relaxed).all():
        return Rejected(Stage.PROCESS, Reason.RELAXATION, "MMFF94 produced coordinates that are not finite")
    moved = aligned_rmsd_ang(relaxed[heavy], generated)
    if moved > MAX_RMSD_ANG:
        detail = f"relaxing moved the heavy atoms by {moved:.2f} Å (root mean square), more than {MAX_RMSD_ANG} Å"
        return Rejected(Stage.PROCESS, Reason.RELAXATION, detail)
    return None


def _minimize(field: Any, what: str, deadline: float) -> Rejected | None:
    """Minimise in chunks until converged, out of iterations or out of time."""
    for _ in range(MAX_ITERATIONS // CHUNK_ITERATIONS):
        try:
            with rdBase.BlockLogs():
                status = field.Minimize(maxIts=CHUNK_ITERATIONS)
        except RuntimeError:
            # RDKit's line search asserts when the forces are no longer numbers it can follow.
            return Rejected(Stage.PROCESS, Reason.RELAXATION, f"MMFF94 broke down on {what}")
        if status == 0:
            return None
        if time.monotonic() > deadline:
            return Rejected(Stage.PROCESS, Reason.TIME_LIMIT, f"time ran out while relaxing {what}")
    detail = f"MMFF94 did not converge on {what} in {MAX_ITERATIONS} iterations"
    return Rejected(Stage.PROCESS, Reason.RELAXATION, detail)
