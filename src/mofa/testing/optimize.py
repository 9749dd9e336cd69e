"""Conformance kit of `mofa.optimize.CellOptimizer`.

A plug-in's author calls it from a test with a small structure of his own::

    def test_my_optimizer():
        check_cell_optimizer(MyOptimizer(), my_small_crystal)
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from mofa.chemistry import Framework, Optimized
from mofa.optimize import CellOptimizer, Relaxation

ENERGY_TOLERANCE_EV = 1e-3


def check_cell_optimizer(
    optimizer: CellOptimizer, framework: Framework, *, max_steps: int = 5, time_limit_s: float = 300.0
) -> Optimized:
    """Assert that an optimiser goes downhill, keeps the atoms, obeys its cap, reports progress, and can be resumed.

    It is run twice in one folder: for a single step, and on from there to `max_steps`.

    Args:
        optimizer: what is checked.
        framework: a cheap structure that is *not* relaxed, neutral and of a closed shell; give it a cell a few per
            cent off.
        max_steps: cap of the second run, the step of the first included.
        time_limit_s: limit of each run, s.

    Returns:
        The second run, for further assertions.
    """
    seen: list[float] = []
    fmax = 1e-4
    with tempfile.TemporaryDirectory(prefix="mofa-") as scratch:
        short = Relaxation(max_steps=1, fmax_ev_per_ang=fmax, folder=Path(scratch))
        long = Relaxation(max_steps=max_steps, fmax_ev_per_ang=fmax, folder=Path(scratch))
        first = optimizer.relax(framework, short, time_limit_s=time_limit_s)
        assert isinstance(first, Optimized), str(first)
        assert first.steps <= 1
        assert not first.converged, "one step cannot converge to 1e-4 eV/Å; is the start already relaxed?"
        assert first.resumed_at_step == 0, "the first run in an empty folder begins anew"
        last = optimizer.relax(
            framework, long, time_limit_s=time_limit_s, on_progress=lambda fraction, _: seen.append(fraction)
        )
    assert isinstance(last, Optimized), str(last)
    assert last.resumed_at_step > 0, "a run in the folder of an interrupted one goes on from there"
    assert last.energy_ev < first.energy_ev, "more steps must lower the energy"
    assert last.steps <= max_steps
    assert seen == sorted(seen)
    assert seen
    assert 0.0 <= seen[0] <= seen[-1] <= 1.0
    for run in (first, last):
        _check_account(run)
    assert abs(last.energy_trace_ev[0] - first.energy_trace_ev[0]) < ENERGY_TOLERANCE_EV, "traces are continued"
    _check_geometry(last.framework, framework)
    return last


def _check_account(run: Optimized) -> None:
    """What a run says about itself: charge and spin, and its traces."""
    assert (run.charge_e, run.multiplicity) == (0, 1), "charge and multiplicity are stated"
    assert len(run.energy_trace_ev) == run.steps + 1, "an energy of the start and of every step"
    assert len(run.pressure_trace_gpa) == run.steps + 1, "a pressure of the start and of every step"
    assert abs(run.energy_trace_ev[-1] - run.energy_ev) < ENERGY_TOLERANCE_EV, "the trace ends with the energy"
    assert np.isfinite(run.pressure_trace_gpa).all()


def _check_geometry(relaxed: Framework, framework: Framework) -> None:
    assert relaxed.symbols == framework.symbols, "same atoms in the same order"
    assert relaxed.id == framework.id
    assert np.isfinite(relaxed.positions).all()
    assert np.abs(relaxed.fractional - framework.fractional).max() < 0.5, "atoms must not be wrapped"
    assert not np.allclose(relaxed.cell, framework.cell), "the cell must be relaxed too"
