"""Angles between bonds: none too sharp, those at carbon as its hybridisation allows, nitriles straight at the metal."""

from __future__ import annotations

import numpy as np

from mofa.assemble.finding import Finding
from mofa.assemble.structure import Floats, Structure
from mofa.assemble.windows import CARBON_ANGLES_DEG, NITRILE_AT_METAL_DEG, SHARPEST_ANGLE_DEG
from mofa.chemistry import Reason


def angles(structure: Structure) -> Finding | None:
    """The angle that is furthest outside what its atom allows."""
    one, two = structure.angles
    ends = structure.ends
    if not len(one):
        return None
    cosine = (ends.unit[one] * ends.unit[two]).sum(axis=1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    limits = _limits_deg(structure)[ends.centre[one]]
    excess = np.maximum(limits[:, 0] - angle, angle - limits[:, 1])
    k = int(np.argmax(excess))
    if excess[k] <= 0.0:
        return None
    triple = (int(ends.outer[one[k]]), int(ends.centre[one[k]]), int(ends.outer[two[k]]))
    names = "-".join(structure.label(atom) for atom in triple)
    low, high = limits[k]
    detail = (
        f"{names} is {angle[k]:.0f} degrees, allowed {low:.0f} to {high:.0f}"
        f" ({int((excess > 0.0).sum())} angles out of range)"
    )
    return Reason.BOND_ANGLE, detail, triple


def _limits_deg(structure: Structure) -> Floats:
    """Narrowest and widest angle at every atom, degrees, ``[n_atoms, 2]``."""
    coordinated = structure.metal | (structure.n_metal > 0)
    limits = np.full((len(structure.numbers), 2), 180.0)
    limits[:, 0] = np.where(coordinated, SHARPEST_ANGLE_DEG[True], SHARPEST_ANGLE_DEG[False])
    carbon = structure.are("C") & ~coordinated
    for count, window in CARBON_ANGLES_DEG.items():
        limits[carbon & (structure.graph.coordination == count)] = window
    limits[structure.nitrile_nitrogen & (structure.n_metal > 0)] = NITRILE_AT_METAL_DEG
    return limits
