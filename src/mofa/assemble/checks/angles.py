"""Angles between bonds: none too sharp, those at carbon as its hybridisation allows, nitriles straight at the metal."""

from __future__ import annotations

import numpy as np

from mofa.assemble.checks.finding import Finding
from mofa.assemble.checks.structure import Floats, Structure
from mofa.assemble.checks.windows import (
    CARBON_ANGLES_DEG,
    MOST_DONORS_OF_WIDE_METALS,
    NARROWEST_AT_METAL_DEG,
    NITRILE_AT_METAL_DEG,
    SHARPEST_ANGLE_DEG,
    STRAINED_CARBON_ANGLES_DEG,
)
from mofa.chemistry import Reason


def angles(structure: Structure) -> Finding | None:
    """The angle that is furthest outside what its atom allows."""
    one, two = structure.angles
    ends = structure.ends
    if not len(one):
        return None
    cosine = (ends.unit[one] * ends.unit[two]).sum(axis=1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    limits = _limits_deg(structure)
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
    """Narrowest and widest of every angle, degrees, ``[n_angles, 2]``."""
    n, ends, (one, two) = len(structure.numbers), structure.ends, structure.angles
    centre = ends.centre[one]
    coordinated = structure.metal | (structure.n_metal > 0)
    limits = np.full((n, 2), 180.0)
    limits[:, 0] = np.where(coordinated, SHARPEST_ANGLE_DEG[True], SHARPEST_ANGLE_DEG[False])
    carbon, count = structure.are("C") & ~coordinated, structure.graph.coordination
    strained = np.zeros(n, dtype=np.bool_)
    strained[centre[structure.closed]] = True
    for windows, atoms in ((CARBON_ANGLES_DEG, carbon), (STRAINED_CARBON_ANGLES_DEG, carbon & strained)):
        for neighbors, window in windows.items():
            limits[atoms & (count == neighbors)] = window
    limits[structure.nitrile_nitrogen & (structure.n_metal > 0)] = NITRILE_AT_METAL_DEG
    limits = limits[centre]
    wide = structure.metal & (structure.n_nonmetal <= MOST_DONORS_OF_WIDE_METALS)
    donors = ~structure.metal[ends.outer[one]] & ~structure.metal[ends.outer[two]]
    limits[wide[centre] & donors & ~structure.closed, 0] = NARROWEST_AT_METAL_DEG
    return limits
