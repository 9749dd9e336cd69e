"""The seam between the charge task and the methods that partition electrons among atoms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework, Rejected
from mofa.chemistry.arrays import frozen_floats
from mofa.registry import EngineEntry, Registry

CHARGE_MODELS = Registry(
    "charge model",
    {
        "xtb": EngineEntry("mofa.charges.xtb:Gfn1Charges", "pip install tblite", ("tblite",)),
        "corrected": EngineEntry("mofa.charges.corrected:CorrectedCharges", "pip install tblite", ("tblite",)),
        "ddec6": EngineEntry("mofa.charges.ddec6:Ddec6Charges", "pip install numba", ("numba",)),
        "chargemol": EngineEntry("mofa.charges.chargemol:ChargemolCharges", "see https://ddec.sourceforge.net"),
        "eqeq": EngineEntry("mofa.charges.eqeq:EqeqCharges", "pip install scipy", ("scipy",)),
    },
)


def takes_density(method: str) -> bool:
    """Whether a charge model works on an electron density.

    Raises:
        EngineMissingError: no such method, or it is not installed.
    """
    return "density" in signature(CHARGE_MODELS.load(method)).parameters


@dataclass(frozen=True, eq=False)
class RawCharges:
    """Charges as a model gave them, before the gate."""

    values: NDArray[np.float64]
    """e, ``[n_atoms]``, in the order of the framework's atoms."""
    cpu_s: float
    integration_error_e: float = math.nan
    """See `mofa.chemistry.Charges.integration_error_e`."""
    converged: bool | None = True
    """See `mofa.chemistry.Charges.converged`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen_floats(self.values, (len(np.asarray(self.values)),)))


class ChargeModel(Protocol):
    """A method that assigns partial charges; `mofa.testing.charges` checks one."""

    @property
    def label(self) -> str:
        """What frameworks and uptakes carry as their charge method, for example ``gfn1-xtb``."""

    def charges(
        self,
        framework: Framework,
        *,
        time_limit_s: float,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> RawCharges | Rejected:
        """Partial charges of every atom from a converged calculation, or why there are none.

        Raises:
            TimeLimitError: the time limit ran out.
            EngineError: the engine broke.
            EngineMissingError: what the model needs is not installed.
        """
