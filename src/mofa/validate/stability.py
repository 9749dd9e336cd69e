"""The task: does a framework keep its shape in molecular dynamics?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa import __version__
from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.elements import covalent_radius_ang
from mofa.chemistry.framework import Framework
from mofa.chemistry.inspection import inspect
from mofa.chemistry.lennard_jones import has_lennard_jones
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.chemistry.results import Stability
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder
from mofa.units import PA_PER_ATM
from mofa.validate.early import EarlyRejection
from mofa.validate.engine import Checkpoint, Dynamics, force_field
from mofa.validate.history import History, Identity, identity, load, save
from mofa.validate.strain import inverted_strain, strain
from mofa.validate.supercell import wide_enough

# The strain of a run is the mean over its last quarter, of 5000 steps at most.
TAIL_FRACTION = 0.25
TAIL_STEPS = 5000
# Perceived bonds stay below 1.3 times the sum of the covalent radii, metal-metal contacts of paddlewheels too.
LONGEST_BOND_RATIO = 2.0
_CAN_GO_ON = frozenset({Reason.TIME_LIMIT, Reason.CRASHED, Reason.UNSTABLE})
"""Ends after which a run can be taken up again from its restart file."""
MAX_ATOMS = 1_000_000
WIDEST_ANG = 1000.0

OnProgress = Callable[[float, str], None]


def validate(
    framework: Framework,
    *,
    engine: str = "lammps",
    command: str = "",
    gpus: int = 0,
    calculator: str = "",
    calculator_options: Sequence[str] = (),
    steps: int = 20_000,
    supercell: tuple[int, int, int] = (2, 2, 2),
    min_width_ang: float = 0.0,
    temperature_k: float = 300.0,
    pressure_pa: float = PA_PER_ATM,
    timestep_fs: float = 0.5,
    chunk_steps: int = 500,
    early_reject: bool = True,
    early_reject_strain: float = EarlyRejection.strain,
    early_reject_window_steps: int = EarlyRejection.window_steps,
    restart: str | Path | None = None,
    checkpoint_steps: int = Dynamics.checkpoint_steps,
    seed: int = 1,
    time_limit_s: float = 3600.0,
    on_progress: OnProgress | None = None,
) -> Stability | Rejected:
    """Strain of a framework in molecular dynamics at constant pressure and temperature.

    A run that reaches its last step is a `Stability`, however far the cell went: ask its `stable` and `trainable`.

    With a restart file a run that was killed or ran out of time goes on where it was, and one that has ended is
    prolonged by asking for more steps; between multiples of `checkpoint_steps` the outcome is that of one long run.

    Args:
        framework: any periodic structure; bonds and bond orders that are not known are perceived.
        engine: name of a force-field engine, see `mofa.validate.ENGINES`.
        command: of `lammps-command`: the command line without ``-in``.
        gpus: of `lammps-command`: GPUs of this machine that all runs on it share, two on each; 0: as the command says.
        calculator: of `ase` and `ase-relax`: ``package.module:Class``.
        calculator_options: its keyword arguments, each ``name=value``.
        steps: length of the whole run; the paper runs 1 000 000.
        supercell: repeats of the cell along a, b, c.
        min_width_ang: the supercell gets more repeats where it would be narrower than this, Å; 25 for twice the
            cut-off.
        temperature_k: of the thermostat, K.
        pressure_pa: of the barostat, Pa; all six cell parameters are free.
        timestep_fs: fs.
        chunk_steps: steps per entry of the strain trace and between two looks at limits.
        early_reject: end a run that is lost (see `EarlyRejection`) before its last step.
        early_reject_strain: a run whose strain stays beyond this is lost.
        early_reject_window_steps: for so many steps.
        restart: restart file of the run, made at the first checkpoint; removed when the run blows up.
        checkpoint_steps: steps between two states of the restart file.
        seed: of velocities and rattling; the same seed gives the same run on the same machine.
        time_limit_s: wall-clock limit of this sitting, s.
        on_progress: called with the fraction done (0 to 1) and a short text after every chunk.

    Returns:
        The strain with its trace, or a refusal: input that no engine should see (inspection), UNTYPED,
        CELL_TOO_SMALL, UNSTABLE (`rejected_early`), BLEW_UP, TIME_LIMIT, CRASHED.

    Raises:
        InputError: an option out of range; a restart file that is damaged or belongs to another run.
        EngineMissingError: the engine is not known or not installed.
        EngineError: the engine broke on valid input.
        OutputError: the restart file cannot be written.
    """
    started = time.process_time()
    early = EarlyRejection(early_reject_strain, early_reject_window_steps) if early_reject else None
    check_supercell(supercell, min_width_ang)
    options = tuple(calculator_options)
    md = force_field(engine, command=command, gpus=gpus, calculator=calculator, calculator_options=options)
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
        checkpoint_steps=checkpoint_steps,
        time_limit_s=time_limit_s,
    )
    check_options(dynamics, len(ready))
    watch = _Watch(ready, dynamics, early, on_progress)
    keeper = None
    if restart is not None:
        run = _identity(ready, dynamics, (engine, command, calculator, *options))
        keeper = _Keeper(Path(restart), run, watch)
    outcome = md.run(ready, dynamics, on_chunk=watch, start=watch.history.checkpoint, on_checkpoint=keeper)
    if isinstance(outcome, Rejected):
        if keeper is not None:
            keeper.ended(outcome)
        return watch.with_trace(outcome)
    return Stability(
        framework=outcome.framework,
        strain=watch.final(watch.history.strain),
        strain_inverted=watch.final(watch.history.strain_inverted),
        strain_trace=tuple(watch.history.strain),
        volume_trace=tuple(watch.history.volume_ratio),
        steps=steps,
        steps_per_chunk=chunk_steps,
        timestep_fs=timestep_fs,
        temperature_k=temperature_k,
        pressure_pa=pressure_pa,
        supercell=dynamics.supercell,
        volume_ratio=outcome.framework.volume_ang3 / framework.volume_ang3,
        method=outcome.method,
        cpu_s=outcome.cpu_s + time.process_time() - started,
    )


def prepare_framework(framework: Framework) -> Framework | Rejected:
    """The framework with all bond orders, or why it should not be simulated."""
    refused = inspect(framework, Stage.VALIDATE)
    if refused:
        return refused
    unknown = tuple(k for k, symbol in enumerate(framework.symbols) if not has_lennard_jones(symbol))
    if unknown:
        names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
        return Rejected(Stage.VALIDATE, Reason.UNKNOWN_ELEMENT, f"UFF has no parameters for {names}", unknown)
    bonds = with_orders(framework)
    refused = _torn(framework, bonds)
    if refused:
        return refused
    if not any(rank == 3 for _, rank in bonds.components()):
        detail = "the bonds do not extend in three directions: no framework, or bonds that were not recognised"
        return Rejected(Stage.VALIDATE, Reason.NOT_PERIODIC, detail)
    return framework.with_bonds(bonds)


def _torn(framework: Framework, bonds: BondGraph) -> Rejected | None:
    """Refuse bonds that lead to the wrong image of an atom: across half the cell instead of over its edge."""
    lengths = np.linalg.norm(bonds.vectors(framework.positions, framework.cell), axis=1)
    radii = np.array([covalent_radius_ang(symbol) for symbol in framework.symbols])
    long = np.flatnonzero(lengths > LONGEST_BOND_RATIO * (radii[bonds.i] + radii[bonds.j]))
    if not len(long):
        return None
    k = long[np.argmax(lengths[long])]
    i, j = int(bonds.i[k]), int(bonds.j[k])
    detail = (
        f"the bond {framework.symbols[i]}{i + 1}-{framework.symbols[j]}{j + 1} is {lengths[k]:.2f} Å long"
        f" ({len(long)} such bonds): it leads to the wrong periodic image, or the cell is not that of the atoms"
    )
    return Rejected(Stage.VALIDATE, Reason.BOND_LENGTH, detail, tuple(sorted({i, j})))


def check_options(dynamics: Dynamics, n_atoms: int) -> None:
    """Raise `InputError` for options that no engine can run on a cell of so many atoms."""
    in_all = n_atoms * math.prod(dynamics.supercell)
    if in_all > MAX_ATOMS:
        what = f"the supercell {dynamics.supercell} has {in_all} atoms, more than {MAX_ATOMS}"
        raise InputError(what, where="validate", action="Give fewer repeats, or a smaller min_width_ang")
    positive = ("steps", "temperature_k", "timestep_fs", "chunk_steps", "checkpoint_steps", "time_limit_s")
    for name in positive:
        value = getattr(dynamics, name)
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value}", where="validate", action="Give a positive number")
    if not np.isfinite(dynamics.pressure_pa):
        raise InputError(f"pressure_pa is {dynamics.pressure_pa}", where="validate", action="Give a finite pressure")


def check_supercell(repeats: tuple[int, int, int], min_width_ang: float) -> None:
    """Raise `InputError` for repeats or a width that make no supercell."""
    if len(repeats) != 3 or min(repeats) < 1:
        action = "Give three repeats of at least 1"
        raise InputError(f"supercell is {repeats}", where="validate", action=action)
    if not 0 <= min_width_ang <= WIDEST_ANG:
        what = f"min_width_ang is {min_width_ang}"
        raise InputError(what, where="validate", action=f"Give a width of 0 to {WIDEST_ANG:g} Å")


def _identity(framework: Framework, dynamics: Dynamics, engine: Sequence[str]) -> Identity:
    """What two sittings of one run have in common: all but length and limits."""
    return identity(
        framework,
        version=__version__,
        engine=" ".join(filter(None, engine)),
        supercell=list(dynamics.supercell),
        temperature_k=dynamics.temperature_k,
        pressure_pa=dynamics.pressure_pa,
        timestep_fs=dynamics.timestep_fs,
        chunk_steps=dynamics.chunk_steps,
        seed=dynamics.seed,
    )


class _Watch:
    """Follows the cell: keeps the course of the run, reports progress, refuses a lost run."""

    def __init__(
        self, framework: Framework, dynamics: Dynamics, early: EarlyRejection | None, on_progress: OnProgress | None
    ) -> None:
        self.cell = framework.cell
        self.volume_ang3 = framework.volume_ang3
        self.dynamics = dynamics
        self.early = early
        self.on_progress = on_progress
        self.history = History()

    def __call__(self, step: int, cells: NDArray[np.float64]) -> Rejected | None:
        history = self.history
        history.strain.append(float(np.mean([strain(self.cell, cell) for cell in cells])))
        history.strain_inverted.append(float(np.mean([inverted_strain(self.cell, cell) for cell in cells])))
        history.volume_ratio.append(float(np.mean(np.abs(np.linalg.det(cells)))) / self.volume_ang3)
        if self.on_progress:
            self.on_progress(step / self.dynamics.steps, f"step {step}, strain {history.strain[-1]:.3f}")
        steps_per_chunk = self.dynamics.chunk_steps
        if self.early is None or not self.early.is_lost(history.strain, steps_per_chunk):
            return None
        last = slice(-self.early.chunks(steps_per_chunk), None)
        detail = (
            f"rejected_early at step {step} of {self.dynamics.steps}: strain {np.mean(history.strain[last]):.3f},"
            f" strain_inverted {np.mean(history.strain_inverted[last]):.3f},"
            f" beyond {self.early.strain:.2f} for {self.early.window_steps} steps"
        )
        return Rejected(Stage.VALIDATE, Reason.UNSTABLE, detail)

    def with_trace(self, refused: Rejected) -> Rejected:
        """The refusal with the course that led to it."""
        return replace(refused, strain_trace=tuple(self.history.strain), volume_trace=tuple(self.history.volume_ratio))

    def final(self, trace: list[float]) -> float:
        """Mean over the last quarter of the run, of 5000 steps at most and one chunk at least."""
        tail = min(TAIL_STEPS, TAIL_FRACTION * self.dynamics.steps)
        return float(np.mean(trace[-max(1, round(tail / self.dynamics.chunk_steps)) :]))


class _Keeper:
    """Keeps the restart file of a run.

    Raises:
        InputError: the file belongs to another run, or that run has gone on for longer than is asked for.
        OutputError: its folder cannot be written.
    """

    def __init__(self, path: Path, run: Identity, watch: _Watch) -> None:
        make_writable_folder(path.parent)
        self._path = path
        self._run = run
        self._watch = watch
        watch.history = load(path, run)
        point = watch.history.checkpoint
        if point is not None and point.step > watch.dynamics.steps:
            what = f"has run for {point.step} steps already, {watch.dynamics.steps} were asked for"
            raise InputError(what, where=path, action="Ask for as many or more, or name another restart file")

    def __call__(self, point: Checkpoint) -> None:
        self._watch.history.checkpoint = point
        save(self._path, self._watch.history, self._run)

    def ended(self, refused: Rejected) -> None:
        """A run that is refused for good has no use for its restart file."""
        if refused.reason not in _CAN_GO_ON:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
