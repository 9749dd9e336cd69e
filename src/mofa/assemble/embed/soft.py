"""The two energies that decide how linkers turn: conjugation with carboxylates, soft repulsion of what is close."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.checks.windows import SOFT_FRACTION, contact_ang
from mofa.chemistry.elements import DUMMIES

# Half of the barrier to turning a terephthalate between its two carboxylates, 47 kJ/mol in MOF-5 by 2H NMR; reviewed
# in DOI 10.3390/nano9030330.
CONJUGATION_KCAL_PER_MOL = 5.6
# Curvature of the repulsion: an overlap of 0.3 Å costs 2 kcal/mol, about what UFF's van der Waals wall does.
REPULSION_KCAL_PER_MOL_PER_ANG2 = 40.0


@lru_cache(maxsize=256)
def soft_limits(kinds: tuple[str, ...]) -> NDArray[np.float64]:
    """Distances below which atoms of these contact kinds repel, Å, ``[n_kinds, n_kinds]``; 0 for dummies."""
    return np.array([[0.0 if {a, b} & DUMMIES else contact_ang(a, b, SOFT_FRACTION) for b in kinds] for a in kinds])
