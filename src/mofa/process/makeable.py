"""Molecules that could be drawn but hardly made: cumulenes, strained small rings, a poor synthetic accessibility."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mofa.chemistry import Reason, Rejected, Stage
from mofa.chemistry.accessibility import WORST_SA_SCORE, sa_score
from mofa.chemistry.molecules import positions_of

SMALL_RING = 7
"""Largest ring that is strained by triple, cumulated or trans double bonds, or by a double bond at a bridgehead."""
_DOUBLE, _TRIPLE = Chem.BondType.DOUBLE, Chem.BondType.TRIPLE

_Ring = tuple[int, ...]


def hard_to_make(molecule: Any, max_sa_score: float) -> Rejected | None:
    """Refuse what could hardly be synthesised, with the reason.

    Args:
        molecule: sanitised, heavy atoms with a conformer.
        max_sa_score: highest synthetic-accessibility score that passes, 1 (easy) to 10 (hard).

    Raises:
        EngineMissingError: RDKit came without its contributed score.
    """
    return strained_ring(molecule) or cumulene(molecule) or _accessibility(molecule, max_sa_score)


def cumulene(molecule: Any) -> Rejected | None:
    """Refuse neighbouring double bonds on a carbon when one of them is C=C: allenes, ketenes, ketenimines.

    Isocyanates, isothiocyanates and carbodiimides (X=C=Y without C=C) are stable functional groups and pass.
    """
    for atom in molecule.GetAtoms():
        doubles = [bond.GetOtherAtom(atom) for bond in atom.GetBonds() if bond.GetBondType() == _DOUBLE]
        if atom.GetSymbol() == "C" and len(doubles) == 2 and any(other.GetSymbol() == "C" for other in doubles):
            middle = (doubles[0].GetIdx(), atom.GetIdx(), doubles[1].GetIdx())
            detail = f"{_name(molecule, middle, '=')} is a cumulene"
            return Rejected(Stage.PROCESS, Reason.CUMULENE, detail, middle)
    return None


def strained_ring(molecule: Any) -> Rejected | None:
    """Refuse rings that are too strained to be made.

    Three-membered rings that share a bond with another ring or hold an sp or sp2 atom; two double bonds in a
    four-membered ring; and in rings of up to `SMALL_RING` atoms a triple bond, cumulated double bonds, a trans double
    bond (by the coordinates), or a double bond at a bridgehead. Cyclopropane itself passes.
    """
    rings = [tuple(ring) for ring in molecule.GetRingInfo().AtomRings()]
    small = [ring for ring in rings if len(ring) <= SMALL_RING]
    positions = positions_of(molecule)
    bridgeheads = _bridgeheads(small)
    for ring in small:
        what = (
            (_three_ring(molecule, ring, rings) if len(ring) == 3 else None)
            or _unsaturation(molecule, ring, positions)
            or _bridgehead_double_bond(molecule, ring, bridgeheads)
        )
        if what is not None:
            detail = f"the {len(ring)}-membered ring {_name(molecule, ring, '-')} {what}"
            return Rejected(Stage.PROCESS, Reason.STRAINED_RING, detail, ring)
    return None


def _accessibility(molecule: Any, max_sa_score: float) -> Rejected | None:
    if max_sa_score >= WORST_SA_SCORE:
        return None
    score = sa_score(molecule)
    if score <= max_sa_score:
        return None
    detail = f"the synthetic-accessibility score is {score:.2f}, above {max_sa_score:g} (1 is easy, 10 is hard)"
    return Rejected(Stage.PROCESS, Reason.HARD_TO_MAKE, detail)


def _three_ring(molecule: Any, ring: _Ring, rings: list[_Ring]) -> str | None:
    if any(len(set(ring) & set(other)) > 1 for other in rings if other != ring):
        return "shares a bond with another ring"
    flat = (Chem.HybridizationType.SP, Chem.HybridizationType.SP2)
    unsaturated = [
        k
        for k in ring
        if molecule.GetAtomWithIdx(k).GetHybridization() in flat
        and any(bond.GetBondTypeAsDouble() > 1 for bond in molecule.GetAtomWithIdx(k).GetBonds())
    ]
    return f"holds the unsaturated {_name(molecule, unsaturated, ' and ')}" if unsaturated else None


def _unsaturation(molecule: Any, ring: _Ring, positions: NDArray[np.float64]) -> str | None:
    """Triple, cumulated, trans or too many double bonds in a small ring; aromatic bonds do not count."""
    bonds = [molecule.GetBondBetweenAtoms(ring[k - 1], ring[k]) for k in range(len(ring))]
    kinds = [bond.GetBondType() for bond in bonds]
    if _TRIPLE in kinds:
        return "holds a triple bond"
    if len(ring) == 4 and kinds.count(_DOUBLE) > 1:
        return "holds two double bonds"
    for k, kind in enumerate(kinds):
        if kind != _DOUBLE:
            continue
        if kinds[k - 1] == _DOUBLE:
            return "holds cumulated double bonds"
        before, a, b, after = (ring[(k + shift) % len(ring)] for shift in (-2, -1, 0, 1))
        if len(ring) > 3 and _is_trans(positions[[before, a, b, after]]):
            return f"holds the trans double bond {_name(molecule, (a, b), '=')}"
    return None


def _bridgeheads(rings: list[_Ring]) -> set[int]:
    """Atoms at which two rings that share more than one bond part."""
    found: set[int] = set()
    for k, first in enumerate(rings):
        for second in rings[:k]:
            shared = set(first) & set(second)
            if len(shared) > 2:
                found |= {atom for atom in shared if len(shared & _ring_neighbors(first, atom)) == 1}
    return found


def _ring_neighbors(ring: _Ring, atom: int) -> set[int]:
    at = ring.index(atom)
    return {ring[at - 1], ring[(at + 1) % len(ring)]}


def _bridgehead_double_bond(molecule: Any, ring: _Ring, bridgeheads: set[int]) -> str | None:
    for k, atom in enumerate(ring):
        bond = molecule.GetBondBetweenAtoms(ring[k - 1], atom)
        at_bridge = [end for end in (ring[k - 1], atom) if end in bridgeheads]
        if at_bridge and bond.GetBondTypeAsDouble() > 1:
            return f"holds a double bond at the bridgehead {_name(molecule, at_bridge[:1], '')}"
    return None


def _is_trans(x: NDArray[np.float64]) -> bool:
    """Whether the torsion over four atoms ``[4, 3]`` is beyond 90 degrees."""
    axis = x[2] - x[1]
    return float(np.cross(x[1] - x[0], axis) @ np.cross(axis, x[3] - x[2])) < 0


def _name(molecule: Any, atoms: Any, joint: str) -> str:
    """Such as ``C1=C2=C3``; atoms are numbered from 1."""
    return joint.join(f"{molecule.GetAtomWithIdx(k).GetSymbol()}{k + 1}" for k in atoms)
