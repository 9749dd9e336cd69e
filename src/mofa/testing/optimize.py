"""Conformance kit of `mofa.optimize.CellOptimizer`.

A plug-in's author calls it from a test with a small structure of his own::

    def test_my_optimizer():
        check_cell_optimizer(MyOptimizer(), my_small_crystal)
"""

from __future__ import annotations

import numpy as np

from mofa.chemistry import Framework, Optimized
from mofa.optimize import CellOptimizer, Relaxation


def check_cell_optimizer(
    optimizer: CellOptimizer, framework: Framework, *, max_steps: int = 5, time_limit_s: float = 300.0
) -> Optimized:
    """Assert that an optimiser goes downhill, keeps the atoms, obeys its cap and reports progress.

    Args:
        optimizer: what is checked.
        framework: a cheap structure that is *not* relaxed; give it a cell a few per cent off.
        max_steps: cap of the longer of two runs.
        time_limit_s: limit of each run, s.

    Returns:
        The longer run, for further assertions.
    """
    seen: list[float] = []
    fmax = 1e-4
    first = optimizer.relax(framework, Relaxation(max_steps=1, fmax_ev_per_ang=fmax), time_limit_s=time_limit_s)
    assert isinstance(first, Optimized), str(first)
    assert first.steps <= 1
    assert not first.converged, "one step cannot converge to 1e-4 eV/Å; is the start already relaxed?"
    last = optimizer.relax(
        framework,
        Relaxation(max_steps=max_steps, fmax_ev_per_ang=fmax),
        time_limit_s=time_limit_s,
        on_progress=lambda fraction, _: seen.append(fraction),
    )
    assert isinstance(last, Optimized), str(last)
    assert last.energy_ev < first.energy_ev, "more steps must lower the energy"
    assert last.steps <= max_steps
    assert seen == sorted(seen)
    assert seen
    assert 0.0 <= seen[0] <= seen[-1] <= 1.0
    relaxed = last.framework
    assert relaxed.symbols == framework.symbols, "same atoms in the same order"
    assert relaxed.id == framework.id
    assert np.isfinite(relaxed.positions).all()
    assert np.abs(relaxed.fractional - framework.fractional).max() < 0.5, "atoms must not be wrapped"
    assert not np.allclose(relaxed.cell, framework.cell), "the cell must be relaxed too"
    return last
