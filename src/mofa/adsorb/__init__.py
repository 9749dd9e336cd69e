"""Task 6b: gas adsorption, and the pore geometry that explains it.

`adsorb` checks a framework that carries charges, looks at its pores, chooses the supercell and hands one complete
`AdsorptionJob` to an engine, found by name in `ENGINES`. An engine is a class that satisfies `AdsorptionEngine`; it
answers with a `Loading`. Guests live in `GASES`, averages and errors in `mofa.adsorb.statistics`, which every engine
should use so that their error bars mean the same. `isotherm`, `working_capacity` and `density_map` are made of several
simulations; `henry_coefficient` and `helium_void_fraction` of test insertions.

    >>> from mofa.adsorb import adsorb
    >>> from mofa.charges import assign_charges
    >>> charges = assign_charges(framework)
    >>> adsorb(framework.with_charges(charges.values, charges.method), gas="CO2", pressure_pa=1e4, temperature_k=298)
"""

from mofa.adsorb.density import DensityMap, density_map
from mofa.adsorb.engine import ENGINES, AdsorptionEngine, AdsorptionJob, Amount, Loading, Pocket
from mofa.adsorb.gases import GASES, Guest, GuestSite, guest
from mofa.adsorb.isotherm import (
    Isotherm,
    WorkingCapacity,
    helium_void_fraction,
    henry_coefficient,
    isotherm,
    working_capacity,
)
from mofa.adsorb.mixture import Species, mixture_at
from mofa.adsorb.porosity import closed_pockets, pore_geometry
from mofa.adsorb.task import adsorb

__all__ = [
    "ENGINES",
    "GASES",
    "AdsorptionEngine",
    "AdsorptionJob",
    "Amount",
    "DensityMap",
    "Guest",
    "GuestSite",
    "Isotherm",
    "Loading",
    "Pocket",
    "Species",
    "WorkingCapacity",
    "adsorb",
    "closed_pockets",
    "density_map",
    "guest",
    "helium_void_fraction",
    "henry_coefficient",
    "isotherm",
    "mixture_at",
    "pore_geometry",
    "working_capacity",
]
