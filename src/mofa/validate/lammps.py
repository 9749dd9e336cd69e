"""LAMMPS as the force-field engine: UFF4MOF, triclinic NPT, in a child process that can be killed.

MOFA types the unit cell once and writes the supercell out itself. The child reports every chunk; here time and strain
are watched, and the child is killed when either says so or when this process ends, however it ends.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.errors import EngineMissingError
from mofa.isolate import run_isolated
from mofa.validate import lammps_worker
from mofa.validate.engine import Checkpoint, Dynamics, OnCheckpoint, OnChunk, Trajectory
from mofa.validate.following import Follower
from mofa.validate.lammps_worker import DATA_NAME, RESTART_NAME, BlewUp, Job
from mofa.validate.supercell import Supercell
from mofa.validate.uff4mof import Terms, parametrise
from mofa.validate.uff4mof.writer import (
    data_file,
    ensemble_commands,
    quench_commands,
    resume_commands,
    setup_commands,
    start_commands,
)


class LammpsEngine:
    """UFF4MOF with LAMMPS (a `ForceFieldEngine`), one thread a run."""

    def run(
        self,
        framework: Framework,
        dynamics: Dynamics,
        *,
        on_chunk: OnChunk,
        start: Checkpoint | None = None,
        on_checkpoint: OnCheckpoint | None = None,
    ) -> Trajectory | Rejected:
        """Type the framework and run it; see `ForceFieldEngine`."""
        if find_spec("lammps") is None:
            raise EngineMissingError("LAMMPS is not installed", where="lammps", action="Run: pip install 'lammps[mpi]'")
        prepared = prepare(framework, dynamics.supercell)
        if isinstance(prepared, Rejected):
            return prepared
        follower = Follower(dynamics, on_chunk, start, on_checkpoint)
        outcome = follower.follow(lammps_worker.simulate, job_of(*prepared, dynamics, start))
        if isinstance(outcome, Rejected):
            return outcome
        if isinstance(outcome, BlewUp):
            return follower.refused(Reason.BLEW_UP, outcome.why)
        if not np.isfinite(outcome.positions).all():
            return follower.refused(Reason.BLEW_UP, "positions are not finite")
        final = prepared[1].fold_back(outcome.positions, outcome.cell)
        return Trajectory(final, f"UFF4MOF, LAMMPS {outcome.version}", follower.cpu_before_s + outcome.cpu_s)


def job_of(terms: Terms, supercell: Supercell, dynamics: Dynamics, start: Checkpoint | None) -> Job:
    """What the child process is to do, from the beginning or from a checkpoint."""
    return Job(
        data="" if start else data_file(terms, supercell),
        setup=tuple(setup_commands(terms, DATA_NAME)),
        start=tuple(start_commands(dynamics)),
        resume=tuple(resume_commands(terms, RESTART_NAME)),
        ensemble=tuple(ensemble_commands(dynamics)),
        quench=tuple(quench_commands()),
        dynamics=dynamics,
        step=start.step if start else 0,
        state=start.state if start else b"",
    )


def version() -> str:
    """LAMMPS' version (a date, 20250722), read by loading it in a child process.

    Raises:
        EngineMissingError: it cannot be loaded.
    """
    return str(run_isolated(lammps_worker.version, time_limit_s=60.0))


def prepare(framework: Framework, repeats: tuple[int, int, int]) -> tuple[Terms, Supercell] | Rejected:
    """The typed unit cell and its supercell, or why LAMMPS cannot run them."""
    terms = parametrise(framework, with_orders(framework))
    if isinstance(terms, Rejected):
        return terms
    supercell = Supercell(framework, repeats)
    return _too_small(terms, supercell) or (terms, supercell)


def _too_small(terms: Terms, supercell: Supercell) -> Rejected | None:
    """LAMMPS finds the partners of a bonded term as closest images: half the supercell must hold every term."""
    framework = supercell.framework
    longest = 0.0
    for _, width, table in terms.tables():
        atoms, shifts = table.arrays(width)
        points = framework.positions[atoms] + shifts @ framework.cell
        for a in range(width):
            spans = np.linalg.norm(points - points[:, a : a + 1], axis=2)
            longest = max(longest, float(spans.max(initial=0.0)))
    narrowest = float((np.array(supercell.repeats) * framework.perpendicular_widths_ang()).min())
    if narrowest > 2.0 * longest:
        return None
    detail = f"the supercell is {narrowest:.1f} Å wide and needs more than {2.0 * longest:.1f} Å; give more repeats"
    return Rejected(Stage.VALIDATE, Reason.CELL_TOO_SMALL, detail)
