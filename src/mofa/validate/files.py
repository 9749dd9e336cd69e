"""The LAMMPS input of a validation, for people who run LAMMPS themselves."""

from __future__ import annotations

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Rejected
from mofa.units import PA_PER_ATM
from mofa.validate.engine import Dynamics
from mofa.validate.lammps import prepare
from mofa.validate.stability import check_options, check_supercell, prepare_framework
from mofa.validate.supercell import wide_enough
from mofa.validate.uff4mof.writer import data_file, input_file


def lammps_files(
    framework: Framework,
    *,
    data_name: str = "mof.data",
    steps: int = 20_000,
    supercell: tuple[int, int, int] = (2, 2, 2),
    min_width_ang: float = 0.0,
    temperature_k: float = 300.0,
    pressure_pa: float = PA_PER_ATM,
    timestep_fs: float = 0.5,
    chunk_steps: int = 500,
    seed: int = 1,
) -> tuple[str, str] | Rejected:
    """Text of the data file and of the input file that `validate` would run with the same options.

    LAMMPS needs its MOLECULE and EXTRA-MOLECULE packages. Nothing is run, and LAMMPS need not be installed.

    Args:
        framework: any periodic structure, as for `validate`.
        data_name: name under which the input reads the data file.
        steps: length of the run.
        supercell: repeats of the cell along a, b, c.
        min_width_ang: more repeats where the supercell would be narrower than this, Å.
        temperature_k: K.
        pressure_pa: Pa.
        timestep_fs: fs.
        chunk_steps: steps between two lines of output and two frames of the dump.
        seed: of velocities and rattling.

    Raises:
        InputError: an option out of range.
    """
    check_supercell(supercell, min_width_ang)
    ready = prepare_framework(framework)
    if isinstance(ready, Rejected):
        return ready
    dynamics = Dynamics(
        steps=steps,
        supercell=wide_enough(ready, supercell, min_width_ang),
        temperature_k=temperature_k,
        pressure_pa=pressure_pa,
        timestep_fs=timestep_fs,
        chunk_steps=chunk_steps,
        seed=seed,
    )
    check_options(dynamics, len(ready))
    prepared = prepare(ready, dynamics.supercell)
    if isinstance(prepared, Rejected):
        return prepared
    return data_file(*prepared), input_file(prepared[0], dynamics, data_name)
