"""Task 6a: partial charges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mofa import gfn1
from mofa.charges.gate import pass_gate
from mofa.charges.model import CHARGE_MODELS, ChargeModel, RawCharges
from mofa.chemistry import Charges, Framework, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.isolate import TimeLimitError


def assign_charges(
    framework: Framework,
    *,
    method: str = "corrected",
    density: str | Path = "",
    multiplicity: int = 0,
    command: str = "",
    threads: int = 0,
    template: str | Path = "",
    cutoff_ry: float = 0.0,
    basis_set: str = "",
    folder: str | Path = "",
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Charges | Rejected:
    """Partial charges of a framework, gated.

    A framework that already carries GFN1-xTB charges (the cell optimisation leaves its own) is not computed again by
    `xtb` and `corrected`; `Charges.cpu_s` is then 0 or little. Charges of any other method are ignored.

    Args:
        framework: any periodic framework.
        method: name of the charge model, see `CHARGE_MODELS`: `xtb` is GFN1-xTB, labelled ``gfn1-xtb``, `corrected` the
            same brought near DDEC6, ``gfn1-xtb-corrected``.
        density: of `ddec6` and `chargemol`: cube file with the valence electron density of this very geometry;
            `ddec6` has it computed by CP2K where there is none.
        multiplicity: of `ddec6`: spin multiplicity for that calculation; 0: 1.
        command: of `ddec6`: CP2K's command line, an MPI launcher included; of `chargemol`: the program.
        threads: of `ddec6`: OpenMP threads of each of its processes; 0: 1.
        template: of the same: input template for CP2K to use instead of MOFA's.
        cutoff_ry: of the same: plane-wave cut-off, Ry; 0: 300.
        basis_set: of the same: Gaussian basis set of all elements; empty: DZVP-MOLOPT-SR-GTH.
        folder: of both: where the files of external programs stay. Empty: a scratch folder, which stays only when
            one fails.
        time_limit_s: wall-clock limit, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        EngineMissingError: no such method, or it is not installed.
        EngineError: the engine broke.
    """
    model: ChargeModel = CHARGE_MODELS.build(
        method,
        where="charges",
        density=str(density),
        multiplicity=multiplicity,
        command=command,
        threads=threads,
        template=str(template),
        cutoff_ry=cutoff_ry,
        basis_set=basis_set,
        folder=str(folder),
    )
    refusal = inspect(framework, Stage.CHARGES)
    if refusal is not None:
        return refusal
    raw: RawCharges | Rejected
    if framework.charges is not None and framework.charge_method == model.label == gfn1.METHOD:
        raw = RawCharges(framework.charges, cpu_s=0.0)
    else:
        try:
            raw = model.charges(framework, time_limit_s=time_limit_s, on_progress=on_progress)
        except TimeLimitError as error:
            return Rejected(Stage.CHARGES, Reason.TIME_LIMIT, error.what)
    if isinstance(raw, Rejected):
        return raw
    gated = pass_gate(framework, raw.values, method=model.label, converged=raw.converged is not False)
    if isinstance(gated, Rejected):
        return gated
    return Charges(
        gated.values,
        method=model.label,
        converged=raw.converged,
        gate=gated.gate,
        cpu_s=raw.cpu_s,
        integration_error_e=raw.integration_error_e,
    )
