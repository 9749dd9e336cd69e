"""Void fraction of hard spheres on a grid: a second opinion on Zeo++'s Monte Carlo integration."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.model import Floats

SPACING_ANG = 0.2


def void_fraction(fractional: Floats, radii_ang: Floats, cell: Floats, *, probe_radius_ang: float) -> float:
    """Share of the unit cell where the centre of a probe touches no atom, reachable from outside or not.

    Args:
        fractional: of the atoms, ``[n_atoms, 3]``.
        radii_ang: of the atoms as hard spheres, ``[n_atoms]``.
        cell: lattice vectors as rows, Å.
        probe_radius_ang: of the probe.
    """
    shape = tuple(math.ceil(np.linalg.norm(vector) / SPACING_ANG) for vector in cell)
    free = np.ones(shape, dtype=np.bool_)
    inverse_widths = np.linalg.norm(np.linalg.inv(cell), axis=0)
    cover(fractional % 1.0, radii_ang + probe_radius_ang, np.array(cell), inverse_widths, free)
    return float(free.mean())


@compiled
def cover(fractional: Floats, reach_ang: Floats, cell: Floats, inverse_widths: Floats, free: NDArray[np.bool_]) -> None:
    """Mark the grid points that atoms cover."""
    na, nb, nc = free.shape
    for atom in range(len(reach_ang)):
        reach = reach_ang[atom]
        ca, cb, cc = fractional[atom, 0] * na, fractional[atom, 1] * nb, fractional[atom, 2] * nc
        ha = math.ceil(reach * inverse_widths[0] * na)
        hb = math.ceil(reach * inverse_widths[1] * nb)
        hc = math.ceil(reach * inverse_widths[2] * nc)
        for ia in range(math.floor(ca) - ha, math.floor(ca) + ha + 2):
            da = (ia - ca) / na
            for ib in range(math.floor(cb) - hb, math.floor(cb) + hb + 2):
                db = (ib - cb) / nb
                for ic in range(math.floor(cc) - hc, math.floor(cc) + hc + 2):
                    dc = (ic - cc) / nc
                    x = da * cell[0, 0] + db * cell[1, 0] + dc * cell[2, 0]
                    y = da * cell[0, 1] + db * cell[1, 1] + dc * cell[2, 1]
                    z = da * cell[0, 2] + db * cell[1, 2] + dc * cell[2, 2]
                    if x * x + y * y + z * z < reach * reach:
                        free[ia % na, ib % nb, ic % nc] = False
