"""Can the guest enter? A geometric check that costs a child process, so it is made on demand only."""

from __future__ import annotations

import math

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.errors import InputError
from mofa.isolate import TimeLimitError
from mofa.pores import pore_diameters

# Kinetic diameter of CO2, Å: Breck's, from Zeolite Molecular Sieves (1974), as quoted in DOI 10.1039/b802426j.
CO2_DIAMETER_ANG = 3.3


def check_pore(
    framework: Framework,
    *,
    guest_diameter_ang: float = CO2_DIAMETER_ANG,
    time_limit_s: float = 60.0,
    stage: Stage = Stage.ASSEMBLE,
) -> Rejected | None:
    """Whether a sphere of the guest's diameter finds a way through the rigid framework (Zeo++, CCDC radii).

    Args:
        framework: any periodic framework; charges and bonds are not used.
        guest_diameter_ang: kinetic diameter of the guest, Å.
        time_limit_s: wall-clock limit of Zeo++, s; usual structures take about one second.
        stage: the task that asks, named in the refusal.

    Returns:
        PORE_TOO_NARROW with the pore-limiting diameter, TIME_LIMIT, what `inspect` refuses, or None.

    Raises:
        InputError: the diameter is not positive.
        EngineMissingError: pyzeo is not installed.
        EngineError: Zeo++ failed on this structure.
    """
    if not (math.isfinite(guest_diameter_ang) and guest_diameter_ang > 0):
        raise InputError(
            f"guest_diameter_ang is {guest_diameter_ang}", where="check_pore", action="Give a positive, finite number"
        )
    refused = inspect(framework, stage)
    if refused is not None:
        return refused
    try:
        pores = pore_diameters(framework, time_limit_s=time_limit_s)
    except TimeLimitError as error:
        return Rejected(stage, Reason.TIME_LIMIT, error.what)
    if pores.limiting_ang >= guest_diameter_ang:
        return None
    detail = (
        f"the widest way through is {pores.limiting_ang:.2f} Å across and the largest cavity"
        f" {pores.largest_cavity_ang:.2f} Å; the guest has {guest_diameter_ang:g} Å"
    )
    return Rejected(stage, Reason.PORE_TOO_NARROW, detail)
