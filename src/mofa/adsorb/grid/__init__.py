"""MOFA's own grand-canonical Monte Carlo: the framework's energies on grids, everything compiled.

`GridEngine` is an `AdsorptionEngine`; `henry` gives the limit of low pressure by Widom's insertions. In the order of a
simulation: `host` builds the grids (`lennard_jones_grid`, `ewald_grid`, `spline`), `bias` decides where insertions are
tried, `moves` and `energies` are the Monte Carlo, `chain` runs it, `engine` runs several chains until their mean is
known.
"""

from mofa.adsorb.grid.engine import GridEngine
from mofa.adsorb.grid.widom import Henry, henry

__all__ = ["GridEngine", "Henry", "henry"]
