"""MMFF94 relaxation that keeps the generated geometry. DOI 10.1186/s13321-014-0037-3.

First the hydrogens alone, roughly, then everything with each heavy atom tied to its generated place by a flat-bottomed
spring: bond lengths and angles settle, torsions that the generator chose stay. It ends when the forces are small enough
for bonds to be right within 0.01 Å, since soft torsions would take most of the time and change nothing. Each call into
RDKit runs a bounded number of iterations, and the clock is read between calls.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from mofa.chemistry import Reason, Rejected, Stage
from mofa.chemistry.molecules import positions_of
from mofa.process.geometry import aligned_rmsd_ang

CHUNK_ITERATIONS = 30
MAX_ITERATIONS = 900
FORCE_TOLERANCE = 0.1
"""Of RDKit's minimiser, relative to the energy; looser than its own, which serves conformer energies."""
NON_BONDED_ANG = 8.0
"""Atoms farther apart do not see each other: they cannot change bond lengths and angles."""
SMALL_FORCE_KCAL_PER_MOL_ANG = 1.0
"""Root mean square over all components at which the molecule counts as relaxed."""
HYDROGEN_ITERATIONS = 15
HYDROGEN_CONTACT_ANG = 4.0
"""Non-bonded atoms farther away are left out while only the hydrogens move."""
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
    try:
        with rdBase.BlockLogs():
            properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    except Chem.MolSanitizeException:
        properties = None  # its own view of aromaticity can leave rings that have no Kekulé structure
    if properties is None:
        return Rejected(Stage.PROCESS, Reason.RELAXATION, "MMFF94 has no parameters for this molecule")
    if len(heavy) < molecule.GetNumAtoms():
        _settle_hydrogens(molecule, properties, heavy)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties, nonBondedThresh=NON_BONDED_ANG)
    field.Initialize()
    for atom in heavy:
        field.MMFFAddPositionConstraint(atom, FREE_DISPLACEMENT_ANG, SPRING_KCAL_PER_MOL_ANG2)
    refusal = _minimize(field, deadline)
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


def _settle_hydrogens(molecule: Any, properties: Any, heavy: list[int]) -> None:
    """Move the hydrogens out of each other's way; what is left to do the relaxation of all atoms does."""
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties, nonBondedThresh=HYDROGEN_CONTACT_ANG)
    field.Initialize()
    for atom in heavy:
        field.AddFixedPoint(atom)
    # RDKit's line search asserts when it finds no way down; the hydrogens then stay where that happened.
    with suppress(RuntimeError), rdBase.BlockLogs():
        field.Minimize(maxIts=HYDROGEN_ITERATIONS, forceTol=FORCE_TOLERANCE)


def _minimize(field: Any, deadline: float) -> Rejected | None:
    """Minimise in chunks until the forces are small, or out of iterations or time."""
    force = np.inf
    for _ in range(MAX_ITERATIONS // CHUNK_ITERATIONS):
        try:
            with rdBase.BlockLogs():
                status = field.Minimize(maxIts=CHUNK_ITERATIONS, forceTol=FORCE_TOLERANCE)
        except RuntimeError:
            # RDKit's line search asserts when the forces are no longer numbers it can follow.
            return Rejected(Stage.PROCESS, Reason.RELAXATION, "MMFF94 broke down on the molecule")
        force = float(np.sqrt(np.mean(np.square(field.CalcGrad()))))
        if status == 0 or force < SMALL_FORCE_KCAL_PER_MOL_ANG:
            return None
        if time.monotonic() > deadline:
            return Rejected(Stage.PROCESS, Reason.TIME_LIMIT, f"time ran out while relaxing at {force:.1f} kcal/mol/Å")
    detail = f"MMFF94 left a force of {force:.1f} kcal/mol/Å (root mean square) after {MAX_ITERATIONS} iterations"
    return Rejected(Stage.PROCESS, Reason.RELAXATION, detail)
