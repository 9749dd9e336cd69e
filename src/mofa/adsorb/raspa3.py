"""RASPA3 through `raspalib`: grand-canonical Monte Carlo of a rigid guest in a rigid framework.

raspalib validates nothing, holds the GIL and cannot run twice in one process: each run lives in a child process and
gets only a job that passed `mofa.adsorb.checks`. Loading and energy are sampled here after every cycle, because
RASPA3's own averages divide a fixed number of cycles into blocks and so can neither stop early nor go on. Fugacity
coefficients are passed explicitly; left out, RASPA3 computes the same Peng-Robinson values itself.

RASPA3: Ran et al., J. Chem. Phys. 161, 114106 (2024).
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from importlib import import_module, metadata
from typing import Any

import numpy as np

from mofa.adsorb.engine import ENGINES, AdsorptionJob, Loading
from mofa.adsorb.mixture import Species
from mofa.adsorb.statistics import Averages, Chain, average_of_cycles
from mofa.chemistry import Framework
from mofa.chemistry.elements import atomic_mass, atomic_number
from mofa.chemistry.lennard_jones import lennard_jones
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.isolate import Progress, run_isolated
from mofa.units import GAS_CONSTANT_J_PER_MOL_K

# Sampling stops by itself at this fraction of the time limit, so that a long run is not lost to the kill at its end.
SOFT_LIMIT = 0.9
REPORT_EVERY_S = 0.5
# RASPA3 works in Å, ps and atomic mass units, whose energy is 10 J/mol; `RunningEnergy` is not converted.
ENERGY_UNIT_K = 10.0 / GAS_CONSTANT_J_PER_MOL_K
CHECK_EVERY_CYCLES = 500
RELATIVE_MASS_TOLERANCE = 1e-6


class Raspa3:
    """The `AdsorptionEngine` that runs RASPA3."""

    @property
    def method(self) -> str:
        """Program, version and force field."""
        return f"GCMC, RASPA3 {_version()}, UFF framework, Lorentz-Berthelot, truncated LJ, Ewald"

    def simulate(self, job: AdsorptionJob, *, time_limit_s: float, on_progress: Progress | None = None) -> Loading:
        """Run one simulation in a child process; see `AdsorptionEngine.simulate`."""
        if job.quantum:
            raise InputError(
                f"RASPA3's Python interface has no Feynman-Hibbs correction, which {job.species[0].guest.name} needs at"
                f" {job.temperature_k:g} K",
                where="raspa3",
                action="Choose the engine grid or raspa2",
            )
        return run_isolated(
            simulate_here, job, SOFT_LIMIT * time_limit_s, time_limit_s=time_limit_s, on_progress=on_progress
        )


def _version() -> str:
    try:
        return metadata.version("raspalib")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def simulate_here(job: AdsorptionJob, stop_after_s: float, *, on_progress: Progress) -> Loading:
    """Run one simulation in this process, which must not be used for another one.

    Args:
        job: the checked job.
        stop_after_s: stop sampling after this time once `min_cycles` are done.
        on_progress: told about twice a second.
    """
    raspalib = _import_raspalib()
    system = _system(raspalib, job)
    _check_mass(system, job)
    simulation = raspalib.MonteCarlo(
        job.max_cycles, job.initialization_cycles, 0, systems=[system], random_seed=job.seed, output_to_files=False
    )
    sampler = _Sampler(simulation, job, stop_after_s, on_progress)
    simulation.setup()
    simulation.initialize(sampler.watch, 1)
    simulation.equilibrate()
    with suppress(_EnoughError):
        simulation.production(sampler.sample, 1)
    return sampler.loading()


def _import_raspalib() -> Any:
    os.environ["RASPALIB_QUIET"] = "1"  # it warns about a missing OpenCL that is not used
    try:
        return import_module("raspalib")  # by name, because a type checker stumbles over its stubs
    except ImportError as error:
        raise EngineMissingError(
            f"raspalib cannot be imported ({error})",
            where="raspa3",
            action=f"Run: {ENGINES.entries['raspa3'].install}",
        ) from error


class _EnoughError(Exception):
    """Raised through RASPA3's callback to end production."""


class _Sampler:
    """Called after every cycle: samples, reports, and decides when there is enough."""

    def __init__(self, simulation: Any, job: AdsorptionJob, stop_after_s: float, on_progress: Progress) -> None:
        self._simulation = simulation
        self._job = job
        self._deadline = time.monotonic() + stop_after_s
        self._report = on_progress
        self._reported = 0.0
        self._initialised = 0
        self._molecules: list[list[int]] = []
        self._energies_k: list[float] = []

    def watch(self) -> None:
        """After a cycle of initialisation."""
        self._initialised += 1
        self._progress("initialising")

    def sample(self) -> None:
        """After a cycle of production."""
        system = self._simulation.systems[0]
        self._molecules.append(list(system.number_of_molecules_per_component))
        self._energies_k.append(system.compute_total_energies().potential_energy() * ENERGY_UNIT_K)
        done = len(self._molecules)
        self._progress(f"{done} cycles")
        if done < self._job.min_cycles:
            return
        checkpoint = (done - self._job.min_cycles) % CHECK_EVERY_CYCLES == 0
        if checkpoint and self._averages().meets(self._job.target_relative_error):
            raise _EnoughError
        if time.monotonic() > self._deadline:
            raise _EnoughError

    def loading(self) -> Loading:
        """The averages of what was sampled."""
        averages = self._averages()
        return Loading(
            amounts=averages.amounts,
            cycles=len(self._molecules) - averages.equilibration_cycles,
            converged=averages.meets(self._job.target_relative_error),
            cpu_s=time.process_time(),
            equilibration_cycles=self._initialised + averages.equilibration_cycles,
            chain_ratio=averages.chain_ratio,
            acceptance=_acceptance(self._simulation.systems[0], self._job),
        )

    def _averages(self) -> Averages:
        chain = Chain(np.array(self._molecules, dtype=np.float64), np.array(self._energies_k))
        return average_of_cycles(chain, temperature_k=self._job.temperature_k)

    def _progress(self, text: str) -> None:
        now = time.monotonic()
        if now - self._reported < REPORT_EVERY_S:
            return
        self._reported = now
        done = self._initialised + len(self._molecules)
        self._report(done / (self._job.initialization_cycles + self._job.max_cycles), text)


def _system(raspalib: Any, job: AdsorptionJob) -> Any:
    """RASPA3's system: force field, framework, guests, conditions."""
    elements = sorted(set(job.framework.symbols))
    labels = list(dict.fromkeys(site.label for species in job.species for site in species.guest.sites))
    force_field = _force_field(raspalib, job, elements, labels)
    framework = _framework(raspalib, force_field, job.framework, elements, job.supercell)
    types = {label: len(elements) + k for k, label in enumerate(labels)}
    components = [_component(raspalib, force_field, species, types, job) for species in job.species]
    # The helium void fraction only enters the excess loading, which is not used.
    conditions = (job.temperature_k, job.pressure_pa, 0.0)
    return raspalib.System(force_field, None, False, *conditions, framework, components, [], [0] * len(components))


def _component(raspalib: Any, force_field: Any, species: Species, types: dict[str, int], job: AdsorptionJob) -> Any:
    guest = species.guest
    number = job.species.index(species)
    sites = [
        raspalib.Atom(list(site.position_ang), site.charge_e, 1.0, 0, types[site.label], number, 0, 0)
        for site in guest.sites
    ]
    moves = raspalib.MCMoveProbabilities(
        translation_probability=1.0,
        rotation_probability=1.0 if guest.radius_ang > 0 else 0.0,
        reinsertion_cbmc_probability=1.0,
        swap_probability=2.0,
    )
    return raspalib.Component(
        force_field,
        guest.name,
        guest.critical_temperature_k,
        guest.critical_pressure_pa,
        guest.acentric_factor,
        sites,
        particle_probabilities=moves,
        # The interface takes no mole fractions, and counts its gases as equimolar.
        fugacity_coefficient=species.fugacity_coefficient * species.mole_fraction * len(job.species),
        blocking_pockets=[(*pocket.centre, pocket.radius_ang) for pocket in job.pockets],
    )


def _force_field(raspalib: Any, job: AdsorptionJob, elements: list[str], labels: list[str]) -> Any:
    """Pseudo-atoms of the framework's elements, then of the guest's sites, and their parameters in the same order."""
    atoms = [
        raspalib.PseudoAtom(f"{e}_framework", True, atomic_mass(e), 0.0, 0.0, atomic_number(e), True, "")
        for e in elements
    ]
    parameters = [
        raspalib.VDWParameters(lj.epsilon_k, lj.sigma_ang) for lj in (lennard_jones(element) for element in elements)
    ]
    by_label = {site.label: site for species in job.species for site in species.guest.sites}
    for label in labels:
        site = by_label[label]
        mass, number = (atomic_mass(site.element), atomic_number(site.element)) if site.element else (0.0, 1)
        atoms.append(raspalib.PseudoAtom(label, False, mass, site.charge_e, 0.0, number, True, ""))
        parameters.append(raspalib.VDWParameters(site.epsilon_k, site.sigma_ang))
    mixing = raspalib.ForceField.MixingRule.LORENTZ_BERTHELOT
    cutoff = job.cutoff_ang
    shifted, tail_corrections, use_charge = False, False, True  # every one given: the defaults are not the documented
    return raspalib.ForceField(atoms, parameters, mixing, cutoff, cutoff, cutoff, shifted, tail_corrections, use_charge)


def _framework(
    raspalib: Any, force_field: Any, framework: Framework, elements: list[str], supercell: tuple[int, int, int]
) -> Any:
    """RASPA3's framework in P1; its angles are radians whatever the stub says."""
    a, b, c, alpha, beta, gamma = framework.cell_parameters()
    box = raspalib.SimulationBox(a, b, c, *(float(x) for x in np.deg2rad([alpha, beta, gamma])))
    assert framework.charges is not None  # checked before
    atoms = [
        raspalib.Atom(position, charge, 1.0, 0, elements.index(symbol), 0, 0, 0)
        for position, charge, symbol in zip(
            (framework.fractional % 1.0).tolist(), framework.charges.tolist(), framework.symbols, strict=True
        )
    ]
    hall_number_p1 = 1
    return raspalib.Framework(force_field, "framework", box, hall_number_p1, atoms, list(supercell))


def _check_mass(system: Any, job: AdsorptionJob) -> None:
    """RASPA3 drops atoms that it takes for symmetry copies; the mass tells."""
    expected = job.framework.mass_g_per_mol * float(np.prod(job.supercell))
    found = float(system.framework_mass())
    if abs(found - expected) > RELATIVE_MASS_TOLERANCE * expected:
        raise EngineError(
            f"RASPA3 made a framework of {found:.3f} g/mol out of {expected:.3f} g/mol",
            where="raspa3",
            action="Remove duplicate or overlapping atoms",
        )


def _acceptance(system: Any, job: AdsorptionJob) -> dict[str, float]:
    """Share of accepted moves of the first gas, by kind; without kinds that were never tried."""
    raspalib = import_module("raspalib")
    kinds = {"translation": "TRANSLATION", "rotation": "ROTATION", "reinsertion": "REINSERTION_CBMC", "swap": "SWAP"}
    found = {}
    for name, kind in kinds.items():
        counts = system.components[0].mc_moves_statistics[getattr(raspalib.Move.Types, kind)]
        accepted, tried = (np.sum(np.atleast_1d(x)) for x in (_total(counts, "accepted"), _total(counts, "counts")))
        if tried > 0:
            found[name] = float(accepted / tried)
    return found


def _total(counts: Any, name: str) -> Any:
    value = getattr(counts, f"total_{name}")
    return (value.x, value.y, value.z) if hasattr(value, "x") else value
