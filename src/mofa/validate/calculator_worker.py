"""ASE itself: what runs in the child process of `mofa.validate.calculator`."""

from __future__ import annotations

import io
import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.units import EV_PER_ANG3_TO_GPA
from mofa.validate.engine import Checkpoint, Dynamics, OnCells

if TYPE_CHECKING:
    from ase import Atoms

Value = str | int | float | bool
RATTLE_ANG = 0.05
# Time constants of thermostat and barostat, in steps.
THERMOSTAT_STEPS = 200
BAROSTAT_STEPS = 4000
START_ITERATIONS = 20
QUENCH_ITERATIONS = 50
FMAX_EV_PER_ANG = 0.02
SINGLE_ATOM_BOX_ANG = 15.0


@dataclass(frozen=True, eq=False)
class CalculatorJob:
    """A run, as the child process gets it."""

    calculator: str
    options: Mapping[str, Value]
    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Å, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors of the supercell as rows, Å, ``[3, 3]``."""
    dynamics: Dynamics
    relax: bool
    start: Checkpoint | None


@dataclass(frozen=True, eq=False)
class CalculatorFinished:
    """All steps were done, and the last structure quenched."""

    positions: NDArray[np.float64]
    """Unwrapped, Å, ``[n_atoms, 3]``."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``."""
    version: str
    cpu_s: float


@dataclass(frozen=True)
class CalculatorFailed:
    """The calculator gave up, and why."""

    why: str
    elements: tuple[str, ...] = ()
    """Elements that it cannot describe."""


def simulate(job: CalculatorJob, *, on_progress: OnCells) -> CalculatorFinished | CalculatorFailed:
    """Run the job, reporting every chunk.

    Raises:
        EngineMissingError: ASE or the calculator cannot be imported.
        InputError: the calculator does not take its options, or has no stress.
        EngineError: it fails whatever the elements are.
    """
    from ase import Atoms, __version__
    from ase.calculators.calculator import PropertyNotImplementedError

    atoms = Atoms(job.symbols, positions=job.positions, cell=job.cell, pbc=True)
    atoms.calc = build_calculator(job.calculator, job.options)
    try:
        atoms.get_potential_energy()
        atoms.get_forces()
        atoms.get_stress()
    except PropertyNotImplementedError as error:
        what = f"gives no energy, forces or stress ({_message(error)})"
        raise InputError(what, where=job.calculator, action="Choose a calculator that has all three") from error
    except Exception as error:
        unknown = _unknown_elements(job)
        if unknown and (len(unknown) < len(set(job.symbols)) or len(unknown) == 1):
            return CalculatorFailed(_message(error), unknown)
        action = "Try the calculator on this structure by itself"
        raise EngineError(f"does not work ({_message(error)})", where=job.calculator, action=action) from error
    try:
        if job.relax:
            _relax(atoms, job.dynamics, on_progress)
        else:
            _dynamics(atoms, job, on_progress)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  calculators raise what they like
        return CalculatorFailed(_message(error))
    return CalculatorFinished(atoms.get_positions(), np.array(atoms.cell), __version__, time.process_time())


def build_calculator(name: str, options: Mapping[str, Value]) -> Any:
    """The calculator ``package.module:Class`` with its keyword arguments.

    Raises:
        EngineMissingError: it cannot be imported.
        InputError: it does not take its options.
    """
    module, _, attribute = name.partition(":")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        action = f"Install the package of {module}, or correct the name"
        raise EngineMissingError(f"cannot be imported ({error})", where=name, action=action) from error
    try:
        return kind(**options)
    except Exception as error:
        action = "Correct calculator_options"
        raise InputError(f"cannot be made ({_message(error)})", where=name, action=action) from error


def _unknown_elements(job: CalculatorJob) -> tuple[str, ...]:
    """Elements of which the calculator cannot even describe a single atom."""
    from ase import Atoms

    unknown = []
    for symbol in sorted(set(job.symbols)):
        atom = Atoms(symbol, cell=SINGLE_ATOM_BOX_ANG * np.eye(3), pbc=True)
        atom.calc = build_calculator(job.calculator, job.options)
        try:
            atom.get_potential_energy()
        except Exception:  # noqa: BLE001  calculators raise what they like
            unknown.append(symbol)
    return tuple(unknown)


def _relax(atoms: Atoms, dynamics: Dynamics, on_cells: OnCells) -> None:
    from ase.filters import FrechetCellFilter
    from ase.optimize import LBFGS

    optimizer = LBFGS(FrechetCellFilter(atoms, scalar_pressure=_pressure(dynamics)), logfile=None)
    step, converged = 0, False
    while chunk := sum(dynamics.chunk_parts(step)):
        if not converged:
            converged = optimizer.run(fmax=FMAX_EV_PER_ANG, steps=chunk)
        step += chunk
        on_cells(step, np.array(atoms.cell)[None], b"", time.process_time())


def _dynamics(atoms: Atoms, job: CalculatorJob, on_cells: OnCells) -> None:
    from ase import units
    from ase.md.langevinbaoab import LangevinBAOAB
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
    from ase.optimize import LBFGS

    dynamics = job.dynamics
    rng = np.random.default_rng(dynamics.seed)
    if job.start is None:
        atoms.positions += rng.uniform(-RATTLE_ANG, RATTLE_ANG, atoms.positions.shape)
        LBFGS(atoms, logfile=None).run(fmax=FMAX_EV_PER_ANG, steps=START_ITERATIONS)
        MaxwellBoltzmannDistribution(atoms, temperature_K=dynamics.temperature_k, rng=rng)
        Stationary(atoms)
        cell_momentum = 0.0
    else:
        cell_momentum = _restore(atoms, rng, job.start.state)
    timestep = dynamics.timestep_fs * units.fs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells the mass that it chose for the cell
        md = LangevinBAOAB(
            atoms,
            timestep,
            temperature_K=dynamics.temperature_k,
            externalstress=-_pressure(dynamics),
            T_tau=THERMOSTAT_STEPS * timestep,
            P_tau=BAROSTAT_STEPS * timestep,
            rng=rng,
        )
    md.p_eps = cell_momentum
    step = job.start.step if job.start else 0
    while parts := dynamics.chunk_parts(step):
        cells = []
        for part in parts:
            md.run(part)
            cells.append(np.array(atoms.cell))
        step += sum(parts)
        state = _state(atoms, rng, md.p_eps) if dynamics.is_checkpoint(step) else b""
        on_cells(step, np.array(cells), state, time.process_time())
    LBFGS(atoms, logfile=None).run(fmax=FMAX_EV_PER_ANG, steps=QUENCH_ITERATIONS)


def _state(atoms: Atoms, rng: np.random.Generator, cell_momentum: Any) -> bytes:
    buffer = io.BytesIO()
    random = json.dumps(rng.bit_generator.state)
    arrays = {"positions": atoms.positions, "momenta": atoms.get_momenta(), "cell": np.array(atoms.cell)}
    np.savez(buffer, random=random, cell_momentum=np.asarray(cell_momentum), **arrays)
    return buffer.getvalue()


def _restore(atoms: Atoms, rng: np.random.Generator, state: bytes) -> Any:
    """Put atoms and random numbers where they were; the momentum of the cell."""
    with np.load(io.BytesIO(state), allow_pickle=False) as content:
        atoms.set_cell(content["cell"])
        atoms.set_positions(content["positions"])
        atoms.set_momenta(content["momenta"])
        rng.bit_generator.state = json.loads(str(content["random"]))
        return content["cell_momentum"][()]


def _pressure(dynamics: Dynamics) -> float:
    """eV/Å3, as ASE takes it."""
    return dynamics.pressure_pa / 1e9 / EV_PER_ANG3_TO_GPA


def _message(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
