"""Task 6a: partial charges, and the gate that stands between them and adsorption.

`assign_charges` asks a `ChargeModel`, found by name in `CHARGE_MODELS`, for one charge per atom and lets
`mofa.charges.gate` judge them: finite, neutral, within bounds, metals positive. Charges decide an uptake by a factor
of thirty, so every one carries the name of its method.

    >>> from mofa.charges import assign_charges
    >>> charges = assign_charges(framework)
    >>> framework = framework.with_charges(charges.values, charges.method)
"""

from mofa.charges.gate import Gated, pass_gate
from mofa.charges.model import CHARGE_MODELS, ChargeModel, RawCharges
from mofa.charges.task import assign_charges

__all__ = ["CHARGE_MODELS", "ChargeModel", "Gated", "RawCharges", "assign_charges", "pass_gate"]
