"""Task 6b: how much gas a framework takes up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

import numpy as np

from mofa.adsorb import checks
from mofa.adsorb.engine import ENGINES, AdsorptionEngine, AdsorptionJob, Loading
from mofa.adsorb.gases import Guest, guest
from mofa.adsorb.porosity import pore_geometry
from mofa.adsorb.statistics import BLOCKS
from mofa.chemistry import Framework, PoreGeometry, Reason, Rejected, Stage, Uptake
from mofa.errors import EngineError, EngineMissingError
from mofa.isolate import TimeLimitError

logger = logging.getLogger(__name__)


def adsorb(
    framework: Framework,
    *,
    gas: str = "CO2",
    pressure_pa: float = 1.0e4,
    temperature_k: float = 300.0,
    engine: str = "raspa3",
    initialization_cycles: int = 2000,
    min_cycles: int = 4000,
    max_cycles: int = 20_000,
    target_relative_error: float = 0.10,
    cutoff_ang: float = 12.8,
    max_atoms: int = 10_000,
    min_pore_diameter_ang: float = 2.4,
    seed: int = 1,
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Uptake | Rejected:
    """Gas uptake of a rigid framework by grand-canonical Monte Carlo.

    The framework's Lennard-Jones parameters are UFF's, its charges those it carries. Production runs from `min_cycles`
    until the 95 % error is below `target_relative_error` of the uptake, at most `max_cycles`; `Uptake.converged` says
    whether it got there. Near the end of the time limit a run that has its `min_cycles` returns what it has.

    Args:
        framework: one unit cell with charges (see `mofa.charges.assign_charges`).
        gas: name of the guest, see `mofa.adsorb.GASES`.
        pressure_pa: pressure of the pure gas, Pa; the fugacity follows from the Peng-Robinson equation.
        temperature_k: temperature, K.
        engine: name of the adsorption engine.
        initialization_cycles: cycles before sampling. A cycle is max(20, number of molecules) moves.
        min_cycles: fewest production cycles.
        max_cycles: most production cycles.
        target_relative_error: 95 % half-width over uptake at which production may end.
        cutoff_ang: cut-off of Lennard-Jones (truncated, no tail correction) and of the real-space Ewald sum, Å.
        max_atoms: a supercell with more atoms is refused.
        min_pore_diameter_ang: a pore-limiting diameter below this is refused, because insertion moves would fill
            cavities that no molecule can reach. 2.4 Å is the customary limit of "porous" (DOI 10.1021/cm502594j); it
            is below CO2's 3.3 Å because real windows flex and UFF's atoms are softer than hard spheres. 0 turns it off.
        seed: seed of the Monte Carlo moves.
        time_limit_s: wall-clock limit of the simulation, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        InputError: a wrong option.
        EngineMissingError: no such engine, or it is not installed.
        EngineError: the engine broke.
    """
    checks.check_conditions(pressure_pa=pressure_pa, temperature_k=temperature_k, cutoff_ang=cutoff_ang)
    checks.check_sampling(
        initialization_cycles=initialization_cycles,
        min_cycles=min_cycles,
        max_cycles=max_cycles,
        target_relative_error=target_relative_error,
        fewest=BLOCKS,
    )
    molecule = guest(gas)
    simulator = cast(AdsorptionEngine, ENGINES.load(engine)())
    host = checks.admit(framework)
    if isinstance(host, Rejected):
        return host
    supercell = checks.supercell_for(host, cutoff_ang=cutoff_ang, max_atoms=max_atoms)
    if isinstance(supercell, Rejected):
        return supercell
    pores = _pores(host)
    if pores is not None and pores.pore_limiting_diameter_ang < min_pore_diameter_ang:
        return _too_narrow(pores, molecule, min_pore_diameter_ang)
    job = AdsorptionJob(
        framework=host,
        guest=molecule,
        pressure_pa=pressure_pa,
        temperature_k=temperature_k,
        fugacity_coefficient=molecule.fugacity_coefficient(pressure_pa=pressure_pa, temperature_k=temperature_k),
        supercell=supercell,
        cutoff_ang=cutoff_ang,
        initialization_cycles=initialization_cycles,
        min_cycles=min_cycles,
        max_cycles=max_cycles,
        target_relative_error=target_relative_error,
        seed=seed,
    )
    try:
        loading = simulator.simulate(job, time_limit_s=time_limit_s, on_progress=on_progress)
    except TimeLimitError as error:
        return Rejected(Stage.ADSORB, Reason.TIME_LIMIT, error.what)
    return _uptake(job, loading, pores, simulator.method)


def _pores(framework: Framework) -> PoreGeometry | None:
    """Pore geometry, or None where Zeo++ is missing or fails: the uptake stands without it."""
    try:
        pores = pore_geometry(framework)
    except (EngineError, EngineMissingError) as error:
        logger.warning("no pore sizes, and no check that the pore is wide enough: %s", error)
        return None
    if isinstance(pores, Rejected):
        logger.warning("no pore sizes, and no check that the pore is wide enough: %s", pores)
        return None
    return pores


def _too_narrow(pores: PoreGeometry, molecule: Guest, limit_ang: float) -> Rejected:
    detail = (
        f"the widest path is {pores.pore_limiting_diameter_ang:.2f} Å across; the limit is {limit_ang:g} Å"
        f" and {molecule.name} has a kinetic diameter of {molecule.kinetic_diameter_ang:g} Å"
    )
    return Rejected(Stage.ADSORB, Reason.PORE_TOO_NARROW, detail)


def _uptake(job: AdsorptionJob, loading: Loading, pores: PoreGeometry | None, method: str) -> Uptake:
    """Molecules per supercell as mol per kg of framework."""
    mass_kg_per_mol = job.framework.mass_g_per_mol * float(np.prod(job.supercell)) / 1000.0
    return Uptake(
        uptake_mol_per_kg=loading.molecules / mass_kg_per_mol,
        error_mol_per_kg=loading.molecules_error / mass_kg_per_mol,
        heat_kj_per_mol=loading.heat_kj_per_mol,
        heat_error_kj_per_mol=loading.heat_error_kj_per_mol,
        gas=job.guest.name,
        pressure_pa=job.pressure_pa,
        temperature_k=job.temperature_k,
        method=f"{method}, {job.cutoff_ang:g} Å; {job.guest.model}",
        charge_method=job.framework.charge_method,
        supercell=job.supercell,
        cycles=loading.cycles,
        converged=loading.converged,
        cpu_s=loading.cpu_s,
        pores=pores,
    )
