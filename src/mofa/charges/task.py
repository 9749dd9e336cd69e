"""Task 6a: partial charges."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from mofa.charges.gate import pass_gate
from mofa.charges.model import CHARGE_MODELS, ChargeModel, RawCharges
from mofa.chemistry import Charges, Framework, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.isolate import TimeLimitError


def assign_charges(
    framework: Framework,
    *,
    method: str = "xtb",
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Charges | Rejected:
    """Partial charges of a framework, gated.

    A framework that already carries charges of this very method (the cell optimisation by GFN1-xTB leaves its own) is
    not computed again: its charges only pass the gate, and `Charges.cpu_s` is 0. Charges of another method are
    ignored.

    Args:
        framework: any periodic framework.
        method: name of the charge model; `xtb` is GFN1-xTB, labelled ``gfn1-xtb``.
        time_limit_s: wall-clock limit, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        EngineMissingError: no such method, or it is not installed.
        EngineError: the engine broke.
    """
    model = cast(ChargeModel, CHARGE_MODELS.load(method)())
    refusal = inspect(framework, Stage.CHARGES)
    if refusal is not None:
        return refusal
    raw: RawCharges | Rejected
    if framework.charges is not None and framework.charge_method == model.label:
        raw = RawCharges(framework.charges, cpu_s=0.0)
    else:
        try:
            raw = model.charges(framework, time_limit_s=time_limit_s, on_progress=on_progress)
        except TimeLimitError as error:
            return Rejected(Stage.CHARGES, Reason.TIME_LIMIT, error.what)
    if isinstance(raw, Rejected):
        return raw
    gated = pass_gate(framework, raw.values, method=model.label)
    if isinstance(gated, Rejected):
        return gated
    return Charges(gated.values, method=model.label, converged=True, gate=gated.gate, cpu_s=raw.cpu_s)
