"""Conformance kit of `mofa.validate.ForceFieldEngine`.

A plug-in's author calls it from a test, with a small framework that the force field should hold together::

    def test_my_engine():
        check_force_field_engine(MyEngine(), irmof1())
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.bond_orders import with_orders
from mofa.validate import Dynamics, ForceFieldEngine, Trajectory, strain

# What ending an engine's process may take beyond the time limit, s.
GRACE_S = 2.0


def check_force_field_engine(
    engine: ForceFieldEngine,
    framework: Framework,
    *,
    steps: int = 200,
    supercell: tuple[int, int, int] = (1, 1, 1),
    largest_strain: float = 0.15,
) -> Trajectory:
    """Assert the engine's contract and that it keeps a sound framework together.

    Checked are: the reports of every chunk, a strain that stays small, bonds that stay bonds, the given atom order and
    orientation, the same run from the same seed and another from another, a refusal that ends the run, the time limit,
    and the refusal of an element without parameters.

    Args:
        engine: what is checked.
        framework: known to be stable.
        steps: length of each of three short runs; divisible by four.
        supercell: wide enough for the engine's cut-off.
        largest_strain: more at any time fails the check.

    Returns:
        The first run, for further assertions.
    """
    ready = framework.with_bonds(with_orders(framework))
    dynamics = Dynamics(
        steps=steps,
        supercell=supercell,
        temperature_k=300.0,
        pressure_pa=101325.0,
        timestep_fs=0.5,
        chunk_steps=steps // 4,
        seed=1,
        time_limit_s=600.0,
    )
    first = _check_run(engine, ready, dynamics, largest_strain)
    again = _check_run(engine, ready, dynamics, largest_strain)
    np.testing.assert_allclose(again.framework.cell, first.framework.cell, rtol=1e-6, atol=1e-6)
    other = _check_run(engine, ready, replace(dynamics, seed=2), largest_strain)
    assert not np.allclose(other.framework.positions, first.framework.positions, atol=1e-6), "the seed changes nothing"
    _check_endings(engine, ready, dynamics)
    return first


def _check_run(engine: ForceFieldEngine, framework: Framework, dynamics: Dynamics, limit: float) -> Trajectory:
    reported: list[int] = []

    def on_chunk(step: int, cells: NDArray[np.float64]) -> Rejected | None:
        reported.append(step)
        assert cells.ndim == 3, "cells come as [n_samples, 3, 3]"
        assert cells.shape[1:] == (3, 3), "cells come as [n_samples, 3, 3]"
        strains = [strain(framework.cell, cell) for cell in cells]
        assert max(strains) < limit, f"strain {max(strains):.3f} at step {step}"
        return None

    run = engine.run(framework, dynamics, on_chunk=on_chunk)
    assert isinstance(run, Trajectory), f"the run ended with {run}"
    assert reported == [dynamics.chunk_steps * k for k in (1, 2, 3, 4)]
    assert run.cpu_s > 0
    assert run.method
    final = run.framework
    assert final.symbols == framework.symbols
    assert final.bonds is not None
    assert framework.bonds is not None
    assert final.bonds.keys() == framework.bonds.keys()
    before = np.linalg.norm(framework.bonds.vectors(framework.positions, framework.cell), axis=1)
    after = np.linalg.norm(final.bonds.vectors(final.positions, final.cell), axis=1)
    np.testing.assert_allclose(after, before, rtol=0.25, err_msg="a bond broke or atoms changed places")
    turn = np.linalg.solve(framework.cell, final.cell)
    np.testing.assert_allclose(turn, np.eye(3), atol=2 * limit, err_msg="the cell was turned")
    return run


def _check_endings(engine: ForceFieldEngine, framework: Framework, dynamics: Dynamics) -> None:
    refusal = Rejected(Stage.VALIDATE, Reason.UNSTABLE, "enough")
    assert engine.run(framework, dynamics, on_chunk=lambda step, cells: refusal) == refusal
    endless = replace(dynamics, steps=10**9, time_limit_s=3.0)
    started = time.monotonic()
    stopped = engine.run(framework, endless, on_chunk=lambda step, cells: None)
    assert time.monotonic() - started < endless.time_limit_s + GRACE_S, "the time limit was not kept"
    assert isinstance(stopped, Rejected)
    assert stopped.reason is Reason.TIME_LIMIT
    strange = replace(framework, symbols=("Rn", *framework.symbols[1:]))
    untyped = engine.run(strange, dynamics, on_chunk=lambda step, cells: None)
    assert isinstance(untyped, Rejected)
    assert untyped.reason is Reason.UNTYPED
    assert 0 in untyped.atoms
