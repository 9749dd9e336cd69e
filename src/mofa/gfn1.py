"""GFN1-xTB through tblite, shared by the cell optimisation and the charges: same method, same refusals.

GFN1 rather than GFN2: Mulliken charges of metals come out near DDEC6's, where GFN2 is off by 0.6 e on zinc.
GFN1-xTB: DOI 10.1021/acs.jctc.7b00118.
"""

from __future__ import annotations

from typing import Any

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.errors import EngineMissingError

METHOD = "gfn1-xtb"
INSTALL = "pip install tblite ase"
HEAVIEST_ELEMENT = 86
MAX_SCF_ITERATIONS = 250


def refuse(framework: Framework, stage: Stage) -> Rejected | None:
    """Why GFN1-xTB cannot treat the framework as a neutral, closed-shell crystal, or None."""
    refusal = inspect(framework, stage)
    if refusal is not None:
        return refusal
    heavy = tuple(k for k, number in enumerate(framework.numbers.tolist()) if number > HEAVIEST_ELEMENT)
    if heavy:
        names = ", ".join(sorted({framework.symbols[k] for k in heavy}))
        return Rejected(stage, Reason.UNKNOWN_ELEMENT, f"GFN1-xTB has no parameters for {names}", heavy)
    electrons = int(framework.numbers.sum())
    if electrons % 2:
        detail = f"{electrons} electrons in the neutral cell: an atom is missing, or it is a radical"
        return Rejected(stage, Reason.ODD_ELECTRONS, detail)
    return None


def atoms_with_calculator(framework: Framework) -> Any:
    """ASE atoms of the framework with a GFN1-xTB calculator attached.

    Raises:
        EngineMissingError: tblite or ASE is not installed.
    """
    try:
        from ase import Atoms
        from tblite.ase import TBLite
    except ImportError as error:
        raise EngineMissingError(
            f"tblite cannot be imported ({error})", where="gfn1-xtb", action=f"Run: {INSTALL}"
        ) from error
    atoms = Atoms(framework.symbols, positions=framework.positions, cell=framework.cell, pbc=True)
    atoms.calc = TBLite(method="GFN1-xTB", verbosity=0, max_iterations=MAX_SCF_ITERATIONS)
    return atoms
