"""What the grid engine's approximations cost in accuracy: grid spacing, and Coulomb energies of guests cut off.

    python -m benchmarks.adsorption_grid              a quarter of an hour on one core

Spacing: Henry coefficients and heats of CO2 from the same random insertions on ever finer grids, against 0.12 Å.
Truncation: configurations of CO2 from a run at 1 and 5 bar, their energy with the guests' Coulomb energies cut off
beyond 12.8 Å (centres of molecules) and by Ewald's sum; water for comparison, which always has Ewald's.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.adsorption_frameworks import frameworks
from mofa.adsorb import AdsorptionJob
from mofa.adsorb.grid import GridEngine
from mofa.adsorb.grid.bias import random_orientation, random_point
from mofa.adsorb.grid.energies import host_energy, total_energy
from mofa.adsorb.grid.host import host_of
from mofa.adsorb.grid.model import conditions_of, guests_of
from mofa.adsorb.prepare import Prepared, prepare
from mofa.chemistry import Framework
from mofa.units import K_TO_KJ_PER_MOL

SPACINGS_ANG = (0.12, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50)
INSERTIONS = 60_000
NAMES = ("MOF-5", "UiO-66", "HKUST-1", "pcu-hydroxy")
SNAPSHOTS = 20
PRESSURES_PA = (1.0e5, 5.0e5)


def job_of(framework: Framework, *, gas: str = "CO2", pressure_pa: float = 1.0e4) -> AdsorptionJob:
    """A job at 298 K."""
    prepared = prepare(
        framework,
        gas=gas,
        pressure_pa=pressure_pa,
        temperature_k=298.0,
        initialization_cycles=1000,
        min_cycles=4000,
        max_cycles=4000,
        target_relative_error=0.1,
        cutoff_ang=12.8,
        max_atoms=10_000,
        min_pore_diameter_ang=0.0,
        block_pockets=False,
        seed=3,
    )
    assert isinstance(prepared, Prepared), prepared
    return prepared.job


def spacing(framework: Framework) -> None:
    """One framework on all grids."""
    job = job_of(framework)
    guests, cell = guests_of(job), np.array(framework.cell)
    reference = None
    for spacing_ang in SPACINGS_ANG:
        start = time.process_time()
        host = host_of(job, spacing_ang=spacing_ang)
        spent = time.process_time() - start
        rng = np.random.default_rng(1)
        shape, centre, sites = np.array([1, 1, 1]), np.zeros(3), np.zeros((3, 3))
        energies = np.empty(INSERTIONS)
        for k in range(INSERTIONS):
            random_point(0, shape, cell, rng, centre)
            random_orientation(guests, 0, centre, rng, sites)
            energies[k] = host_energy(host, guests, 0, sites)
        weights = np.exp(-np.minimum(energies, 1e5) / job.temperature_k)
        henry = weights.mean()
        heat = job.temperature_k - (weights * np.minimum(energies, 1e5)).sum() / weights.sum()
        reference = reference or (henry, heat)
        off, off_heat = 100 * (henry / reference[0] - 1), (heat - reference[1]) * K_TO_KJ_PER_MOL
        points = " x ".join(str(n - 3) for n in host.splines.shape[1:])
        print(
            f"| {framework.name} | {spacing_ang:.2f} | {points} | {spent:.2f} | {off:+.2f} | {off_heat:+.3f} |",
            flush=True,
        )


def truncation(framework: Framework, gas: str, pressure_pa: float) -> None:
    """Energies of configurations with and without Ewald's sum between the guests."""
    job = job_of(framework, gas=gas, pressure_pa=pressure_pa)
    (walker,) = GridEngine(chains=1, coulomb="truncated")._walkers(replace(job, seed=5))
    walker.run(1500)
    host, guests, _, _ = walker._model
    ways = [conditions_of(job, ewald=ewald) for ewald in (False, True)]
    differences, counts = [], []
    for _ in range(SNAPSHOTS):
        walker.run(100)
        n = int(walker._state.counts.sum())
        if n:
            cut, full = (total_energy(host, guests, way, walker._state) for way in ways)
            differences.append((full - cut) / n)
            counts.append(n)
    mean, spread = np.mean(differences), np.std(differences)
    share = 100 * np.mean(np.abs(differences)) / job.temperature_k
    cells = (framework.name, gas, f"{pressure_pa / 1e5:g}", f"{np.mean(counts):.1f}", f"{mean:+.2f}", f"{spread:.2f}")
    print("| " + " | ".join((*cells, f"{share:.2f}")) + " |", flush=True)


def header(*cells: str) -> None:
    """The head of a table."""
    print("| " + " | ".join(cells) + " |\n|" + "---|" * len(cells))


def main() -> None:
    chosen = frameworks(list(NAMES))
    header("framework", "spacing, Å", "points", "build, CPU s", "Henry coefficient, %", "heat, kJ/mol")
    for framework in chosen:
        spacing(framework)
    print()
    header("framework", "gas", "bar", "molecules", "Ewald - cut off, K", "spread, K", "mean size, % of kT")
    for framework in chosen:
        for pressure_pa in PRESSURES_PA:
            truncation(framework, "CO2", pressure_pa)
        truncation(framework, "N2", PRESSURES_PA[1])
    truncation(chosen[-1], "H2O", 3.0e3)


if __name__ == "__main__":
    main()
