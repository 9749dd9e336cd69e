"""Task 6b: how much gas a framework takes up."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mofa.adsorb.engine import AdsorptionJob, Loading, engine_named
from mofa.adsorb.prepare import prepare
from mofa.chemistry import Coadsorbed, Framework, PoreGeometry, Reason, Rejected, Stage, Uptake
from mofa.chemistry.elements import METALS
from mofa.isolate import TimeLimitError


def adsorb(
    framework: Framework,
    *,
    gas: str = "CO2",
    pressure_pa: float = 1.0e4,
    temperature_k: float = 300.0,
    engine: str = "grid",
    initialization_cycles: int = 2000,
    min_cycles: int = 4000,
    max_cycles: int = 100_000,
    target_relative_error: float = 0.10,
    cutoff_ang: float = 12.8,
    max_atoms: int = 10_000,
    min_pore_diameter_ang: float | None = None,
    block_pockets: bool = False,
    grid_spacing_ang: float = 0.0,
    chains: int = 0,
    command: str = "",
    input_files: str | Path = "",
    seed: int = 1,
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Uptake | Rejected:
    """Gas uptake of a rigid framework by grand-canonical Monte Carlo.

    The framework's Lennard-Jones parameters are UFF's, its charges those it carries. Production runs from `min_cycles`
    until the 95 % error is below `target_relative_error` of the uptake, at most `max_cycles`; `Uptake.converged` says
    whether it got there. Near the end of the time limit a run that has its `min_cycles` returns what it has.

    Args:
        framework: one unit cell with charges (see `mofa.charges.assign_charges`); guests without charges need none.
        gas: name of the guest, see `mofa.adsorb.GASES`, or a mixture like ``CO2:0.15,N2:0.85``; the uptake is that of
            the gas that is named first, `Uptake.coadsorbed` has the others.
        pressure_pa: pressure of the gas, Pa; fugacities follow from the Peng-Robinson equation.
        temperature_k: temperature, K.
        engine: name of the adsorption engine: `grid` is MOFA's own and fast, `raspa3` the independent judge.
        initialization_cycles: cycles before sampling, of all chains together; more are left out where the samples show
            that it took longer. A cycle is max(20, number of molecules) moves, of `grid` 100 at most.
        min_cycles: fewest production cycles, of all chains together.
        max_cycles: most production cycles, of all chains together.
        target_relative_error: 95 % half-width over uptake at which production may end.
        cutoff_ang: cut-off of Lennard-Jones (truncated, no tail correction) and of the real-space Ewald sum, Å.
        max_atoms: a supercell with more atoms is refused.
        min_pore_diameter_ang: a pore-limiting diameter below this is refused, because insertion moves would fill
            cavities that no molecule can reach. Without it: the kinetic diameter of the (widest) guest; real windows
            flex, so 2.4 Å, the customary limit of "porous" (DOI 10.1021/cm502594j), may be wiser for a final
            judgement. 0 turns it off.
        block_pockets: keep guests out of cages that Zeo++ finds to be closed for the (smallest) guest.
        grid_spacing_ang: of `grid`: largest distance of grid points, Å; 0: 0.25.
        chains: of `grid`: independent chains; 0: 4.
        command: of `raspa2` and `graspa`: the program.
        input_files: of `raspa2` and `graspa`: folder in which their input and output files are kept.
        seed: seed of the Monte Carlo moves.
        time_limit_s: wall-clock limit of the simulation, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        InputError: a wrong option.
        EngineMissingError: no such engine, or it is not installed.
        EngineError: the engine broke.
    """
    kept = Path(input_files) if input_files else None
    simulator = engine_named(
        engine, grid_spacing_ang=grid_spacing_ang, chains=chains, command=command, input_files=kept
    )
    prepared = prepare(
        framework,
        gas=gas,
        pressure_pa=pressure_pa,
        temperature_k=temperature_k,
        initialization_cycles=initialization_cycles,
        min_cycles=min_cycles,
        max_cycles=max_cycles,
        target_relative_error=target_relative_error,
        cutoff_ang=cutoff_ang,
        max_atoms=max_atoms,
        min_pore_diameter_ang=min_pore_diameter_ang,
        block_pockets=block_pockets,
        seed=seed,
    )
    if isinstance(prepared, Rejected):
        return prepared
    try:
        loading = simulator.simulate(prepared.job, time_limit_s=time_limit_s, on_progress=on_progress)
    except TimeLimitError as error:
        return Rejected(Stage.ADSORB, Reason.TIME_LIMIT, error.what)
    return uptake_of(prepared.job, loading, prepared.pores, engine=engine, method=simulator.method)


def uptake_of(job: AdsorptionJob, loading: Loading, pores: PoreGeometry | None, *, engine: str, method: str) -> Uptake:
    """Molecules per supercell as mol per kg of framework."""
    kg_per_mol = job.framework.mass_g_per_mol * float(np.prod(job.supercell)) / 1000.0
    first, *others = zip(job.species, loading.amounts, strict=True)
    species, amount = first
    models = "; ".join(one.guest.model for one in job.species)
    lowest, highest, metal_lowest = _charge_extremes_e(job.framework)
    return Uptake(
        uptake_mol_per_kg=amount.molecules / kg_per_mol,
        error_mol_per_kg=amount.molecules_error / kg_per_mol,
        heat_kj_per_mol=amount.heat_kj_per_mol,
        heat_error_kj_per_mol=amount.heat_error_kj_per_mol,
        gas=species.guest.name,
        pressure_pa=job.pressure_pa,
        temperature_k=job.temperature_k,
        method=f"{method}, {job.cutoff_ang:g} Å; {models}{' with Feynman-Hibbs correction' if job.quantum else ''}",
        charge_method=job.framework.charge_method,
        supercell=job.supercell,
        cycles=loading.cycles,
        converged=loading.converged,
        cpu_s=loading.cpu_s,
        pores=pores,
        mole_fraction=species.mole_fraction,
        coadsorbed=tuple(
            Coadsorbed(
                gas=other.guest.name,
                mole_fraction=other.mole_fraction,
                uptake_mol_per_kg=found.molecules / kg_per_mol,
                error_mol_per_kg=found.molecules_error / kg_per_mol,
                heat_kj_per_mol=found.heat_kj_per_mol,
                heat_error_kj_per_mol=found.heat_error_kj_per_mol,
            )
            for other, found in others
        ),
        fugacity_pa=job.fugacity_pa(species),
        molar_mass_g_per_mol=species.guest.molar_mass_g_per_mol,
        density_g_per_cm3=job.framework.density_g_per_cm3,
        engine=engine,
        seed=job.seed,
        chains=loading.chains,
        chain_ratio=loading.chain_ratio,
        equilibration_cycles=loading.equilibration_cycles,
        block_means_mol_per_kg=tuple(mean / kg_per_mol for mean in amount.block_means),
        acceptance=loading.acceptance,
        charge_min_e=lowest,
        charge_max_e=highest,
        charge_metal_min_e=metal_lowest,
    )


def _charge_extremes_e(framework: Framework) -> tuple[float, float, float]:
    """Smallest and largest charge, and the smallest of a metal, e; NaN for what there is not."""
    if framework.charges is None:
        return (math.nan, math.nan, math.nan)
    metal = framework.charges[METALS[framework.numbers]]
    lowest = float(metal.min()) if len(metal) else math.nan
    return float(framework.charges.min()), float(framework.charges.max()), lowest
