"""Task 6b: gas adsorption, and the pore geometry that explains it.

`adsorb` checks a framework that carries charges, looks at its pores, chooses the supercell and hands one complete
`AdsorptionJob` to an engine, found by name in `ENGINES`. An engine is a class with no arguments that satisfies
`AdsorptionEngine`; it answers with a `Loading`. Guests live in `GASES`, averages and errors in
`mofa.adsorb.statistics`, which every engine should use so that their error bars mean the same.

    >>> from mofa.adsorb import adsorb
    >>> from mofa.charges import assign_charges
    >>> charges = assign_charges(framework)
    >>> adsorb(framework.with_charges(charges.values, charges.method), gas="CO2", pressure_pa=1e4, temperature_k=298)
"""

from mofa.adsorb.engine import ENGINES, AdsorptionEngine, AdsorptionJob, Amount, Loading, Pocket
from mofa.adsorb.gases import GASES, Guest, GuestSite, guest
from mofa.adsorb.porosity import pore_geometry
from mofa.adsorb.task import adsorb

__all__ = [
    "ENGINES",
    "GASES",
    "AdsorptionEngine",
    "AdsorptionJob",
    "Amount",
    "Guest",
    "GuestSite",
    "Loading",
    "Pocket",
    "adsorb",
    "guest",
    "pore_geometry",
]
