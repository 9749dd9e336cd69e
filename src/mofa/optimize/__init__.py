"""Task 5: cell optimisation.

`optimize` refuses what no method should see, lets a `CellOptimizer` relax cell and atoms, and compares the bonds of
both geometries. Methods are classes without arguments, found by name in `OPTIMIZERS`; `xtb` is GFN1-xTB, which needs
seconds a step and no external binary, and gives its charges along the way.

    >>> from mofa.chemistry.cif import read_cif
    >>> from mofa.optimize import optimize
    >>> optimize(read_cif("mof.cif"), max_steps=30, fmax_ev_per_ang=0.05)
"""

from mofa.optimize.engine import OPTIMIZERS, CellOptimizer, Relaxation
from mofa.optimize.task import optimize

__all__ = ["OPTIMIZERS", "CellOptimizer", "Relaxation", "optimize"]
