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


def refuse(framework: Framework, stage: Stage, *, charge_e: int = 0, multiplicity: int = 1) -> Rejected | None:
    """Why GFN1-xTB cannot treat the framework with this charge and spin, or None.

    Args:
        framework: any periodic framework.
        stage: whose refusal it is.
        charge_e: net charge of the cell, e.
        multiplicity: number of unpaired electrons in the cell and one.
    """
    refusal = inspect(framework, stage)
    if refusal is not None:
        return refusal
    heavy = tuple(k for k, number in enumerate(framework.numbers.tolist()) if number > HEAVIEST_ELEMENT)
    if heavy:
        names = ", ".join(sorted({framework.symbols[k] for k in heavy}))
        return Rejected(stage, Reason.UNKNOWN_ELEMENT, f"GFN1-xTB has no parameters for {names}", heavy)
    electrons = int(framework.numbers.sum()) - charge_e
    unpaired = multiplicity - 1
    if unpaired > electrons or (electrons - unpaired) % 2:
        detail = f"{electrons} electrons in the cell of charge {charge_e:+d} e cannot have multiplicity {multiplicity}"
        if (charge_e, multiplicity) == (0, 1):
            detail = (
                f"{electrons} electrons in the neutral cell, charge 0 and multiplicity 1: "
                "an atom is missing, or it is a radical"
            )
        return Rejected(stage, Reason.ODD_ELECTRONS, detail)
    return None


def atoms_with_calculator(framework: Framework, *, charge_e: int = 0, multiplicity: int = 1) -> Any:
    """ASE atoms of the framework with a GFN1-xTB calculator attached.

    Args:
        framework: what `refuse` let pass.
        charge_e: net charge of the cell, e.
        multiplicity: number of unpaired electrons in the cell and one. Spin enters through the occupation alone: the
            parameters are the same for both spins.

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
    atoms.calc = TBLite(
        method="GFN1-xTB",
        charge=charge_e,
        multiplicity=multiplicity,
        verbosity=0,
        max_iterations=MAX_SCF_ITERATIONS,
    )
    return atoms
