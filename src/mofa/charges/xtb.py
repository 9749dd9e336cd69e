"""Mulliken charges of a GFN1-xTB single point."""

from __future__ import annotations

import time

from mofa import gfn1
from mofa.charges.model import RawCharges
from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.isolate import Progress, run_isolated


class Gfn1Charges:
    """The `ChargeModel` of GFN1-xTB: mean absolute error against DDEC6 about 0.09 e on MOFs."""

    @property
    def label(self) -> str:
        """Name of the method, the same as the cell optimisation gives its charges."""
        return gfn1.METHOD

    def charges(
        self, framework: Framework, *, time_limit_s: float, on_progress: Progress | None = None
    ) -> RawCharges | Rejected:
        """One single point in a child process; see `ChargeModel.charges`."""
        refusal = gfn1.refuse(framework, Stage.CHARGES)
        if refusal is not None:
            return refusal
        return run_isolated(single_point_here, framework, time_limit_s=time_limit_s, on_progress=on_progress)


def single_point_here(framework: Framework, *, on_progress: Progress) -> RawCharges | Rejected:
    """One single point in this process."""
    atoms = gfn1.atoms_with_calculator(framework)

    from ase.calculators.calculator import CalculationFailed

    on_progress(0.0, "single point")
    try:
        values = atoms.get_charges()
    except CalculationFailed as error:
        return Rejected(Stage.CHARGES, Reason.NOT_CONVERGED, f"GFN1-xTB failed: {error}")
    return RawCharges(values=values, cpu_s=time.process_time())
