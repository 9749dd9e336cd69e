"""Task 4, validate structure: which frameworks keep their shape?

`validate` types a framework with UFF4MOF, runs a supercell in triclinic NPT molecular dynamics and says how far the
cell went, by the paper's strain::

    from mofa.chemistry.cif import read_cif
    from mofa.validate import validate

    result = validate(read_cif("mof.cif"), steps=20_000)

`result` is a `Stability` (with the strain, whatever it is) or a `Rejected`. `lammps_files` gives the LAMMPS input of
the same run as text. Engines sit behind the `ForceFieldEngine` protocol; `ENGINES` knows them by name. LAMMPS itself
runs in a child process and is imported only there.

How it goes: bond orders (`mofa.chemistry.bond_orders`) -> atom types and terms of the unit cell (`uff4mof`) ->
supercell (`supercell`) -> LAMMPS text (`uff4mof.writer`) -> dynamics (`lammps`, `lammps_worker`) -> strain (`strain`).
"""

from mofa.validate.engine import ENGINES, Dynamics, ForceFieldEngine, Trajectory
from mofa.validate.files import lammps_files
from mofa.validate.stability import validate
from mofa.validate.strain import inverted_strain, strain, strain_tensor

__all__ = [
    "ENGINES",
    "Dynamics",
    "ForceFieldEngine",
    "Trajectory",
    "inverted_strain",
    "lammps_files",
    "strain",
    "strain_tensor",
    "validate",
]
