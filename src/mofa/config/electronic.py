"""The sections on electronic structure: how cells are optimised, and where partial charges come from."""

from __future__ import annotations

from mofa.config.base import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Section


class Cp2kSection(Section):
    """How CP2K is run, where it is."""

    command: str = ""
    """Of `cp2k`: its command line with the launcher of your site: `srun -N 2 -n 64 cp2k.psmp`; empty: `cp2k.psmp`."""
    threads: NonNegativeInt = 0
    """Of `cp2k`: OpenMP threads of each of its processes; 0: 1."""
    template: str = ""
    """Of `cp2k`: input template to use instead of MOFA's, its path from this file."""
    cutoff_ry: NonNegativeFloat = 0.0
    """Of `cp2k`: plane-wave cut-off, Ry; 0: 300."""
    basis_set: str = ""
    """Of `cp2k`: Gaussian basis set of all elements; empty: DZVP-MOLOPT-SR-GTH."""


class Optimize(Cp2kSection):
    """Task 5: relax cell and atoms."""

    method: str = "xtb"
    """Cell optimiser: `xtb` (GFN1-xTB, seconds a step) or `cp2k` (density-functional theory, by your CP2K)."""
    max_steps: PositiveInt = 30
    """Cap on L-BFGS steps."""
    fmax_ev_per_ang: PositiveFloat = 0.05
    """Converged when no force (and no cell gradient) is larger, eV/Å."""
    charge_e: int = 0
    """Net charge of the cell, e."""
    multiplicity: PositiveInt = 1
    """Spin multiplicity of the cell; 1: closed shell."""
    time_limit_s: PositiveFloat = 1800.0
    """Time limit per MOF, s."""


class Charges(Cp2kSection):
    """Task 6a: partial charges.

    What is said of `cp2k` holds for `ddec6` where [optimize] leaves no density; what is not given there is that of
    [optimize], if that is by CP2K.
    """

    method: str = "corrected"
    """Charge model: `corrected` (GFN1-xTB brought near DDEC6), `xtb`, `eqeq`, `ddec6` (needs CP2K) or `chargemol`."""
    multiplicity: NonNegativeInt = 0
    """Of `ddec6`: spin multiplicity of the cell; 0: 1."""
    time_limit_s: PositiveFloat = 1800.0
    """Time limit per MOF, s."""
