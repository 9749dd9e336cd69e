"""Conformance kit of `mofa.adsorb.AdsorptionEngine`.

A plug-in's author calls it from a test::

    def test_my_engine():
        check_adsorption_engine(MyEngine())
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mofa.adsorb import GASES, AdsorptionEngine, AdsorptionJob, Loading
from mofa.adsorb.mixture import Species
from mofa.chemistry import Framework
from mofa.units import AVOGADRO, GAS_CONSTANT_J_PER_MOL_K, K_TO_KJ_PER_MOL

_BOX_ANG = 40.0


def ideal_gas_job(*, pressure_pa: float = 3.0e5, seed: int = 1, cycles: int = 2500) -> AdsorptionJob:
    """A job whose answer is known: a box of 40 Å, empty but for one helium atom, at fugacity = pressure."""
    box = Framework("empty-box", ("He",), np.zeros((1, 3)), _BOX_ANG * np.eye(3), charges=np.zeros(1))
    return AdsorptionJob(
        framework=box,
        species=(Species(GASES["N2"], 1.0, 1.0),),
        pressure_pa=pressure_pa,
        temperature_k=300.0,
        supercell=(1, 1, 1),
        cutoff_ang=12.8,
        initialization_cycles=300,
        min_cycles=cycles,
        max_cycles=cycles,
        target_relative_error=0.01,
        seed=seed,
    )


def ideal_gas_molecules(job: AdsorptionJob) -> float:
    """Number of molecules of an ideal gas in the job's supercell."""
    volume_m3 = job.framework.volume_ang3 * float(np.prod(job.supercell)) * 1e-30
    fugacity_pa = job.fugacity_pa(job.species[0])
    return fugacity_pa * volume_m3 / (GAS_CONSTANT_J_PER_MOL_K * job.temperature_k) * AVOGADRO


def check_adsorption_engine(engine: AdsorptionEngine, *, time_limit_s: float = 300.0) -> Loading:
    """Assert the ideal-gas limit, the error bar, reproducibility and progress.

    Nitrogen at 3 bar is 0.1 % from ideal, within the statistical error of these runs.

    Args:
        engine: what is checked.
        time_limit_s: limit of each of three simulations, s.

    Returns:
        The ideal-gas run, for further assertions.
    """
    seen: list[float] = []
    assert engine.method, "uptakes carry the method"
    job = ideal_gas_job()
    found = engine.simulate(job, time_limit_s=time_limit_s, on_progress=lambda fraction, _: seen.append(fraction))
    expected, (amount,) = ideal_gas_molecules(job), found.amounts
    assert abs(amount.molecules - expected) < 2.0 * amount.molecules_error + 0.005 * expected
    assert 0.0 < amount.molecules_error < 0.2 * expected
    assert abs(amount.heat_kj_per_mol - job.temperature_k * K_TO_KJ_PER_MOL) < 0.5, "an ideal gas gives off RT"
    assert 0.5 * job.min_cycles <= found.cycles <= job.max_cycles
    assert seen == sorted(seen)
    assert all(0.0 <= fraction <= 1.0 for fraction in seen)

    short = replace(job, initialization_cycles=50, min_cycles=100, max_cycles=100)
    first, second = (engine.simulate(short, time_limit_s=time_limit_s) for _ in range(2))
    assert first.amounts == second.amounts, "the same seed must give the same answer"
    assert not first.converged, "100 cycles cannot reach an error of 1 %"
    return found
