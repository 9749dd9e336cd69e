"""The task: what it refuses, what it returns, how it ends."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import BondGraph, Framework, Reason, Rejected, Stability, Stage
from mofa.chemistry.bond_orders import with_orders
from mofa.errors import EngineMissingError, InputError
from mofa.testing.validate import check_force_field_engine
from mofa.validate import Dynamics, validate
from mofa.validate.early import EarlyRejection
from mofa.validate.lammps import LammpsEngine, version
from mofa.validate.stability import _Watch
from tests.structures import irmof1
from tests.validate.frameworks import diamond, molecule, paddlewheel

ROOT = Path(__file__).parents[2]


def _broken(what):
    good = paddlewheel()
    positions, cell = np.array(good.positions), np.array(good.cell)
    match what:
        case "nan":
            positions[3, 1] = np.nan
        case "overlap":
            positions[3] = positions[4] + 0.1
        case "zero volume":
            cell[2] = cell[0] + cell[1]
        case "left-handed":
            cell = cell[[1, 0, 2]]
        case "infinite cell":
            cell[0, 0] = np.inf
        case "torn bond":
            ready = good.with_bonds(with_orders(good))
            g = ready.bonds
            across = np.flatnonzero(g.shift.any(axis=1))[0]
            shift = np.array(g.shift)
            shift[across] = 0
            return ready.with_bonds(BondGraph(g.n_atoms, g.i, g.j, shift, g.order))
        case "gap":
            cell[2, 2] += 4.0  # the pillars no longer reach the next cell
        case "molecule":
            return molecule("c1ccccc1")[0]
        case "element":
            return replace(good, symbols=("Xx", *good.symbols[1:]))
        case "dummy":
            return replace(good, symbols=("Zn", "Fr", *good.symbols[2:]))
        case "untyped":
            return replace(good, symbols=("Rb", "Rb", *good.symbols[2:]))
        case "empty":
            return Framework("empty", (), np.zeros((0, 3)), cell)
    return good.with_geometry(positions, cell)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("nan", Reason.NOT_FINITE),
        ("infinite cell", Reason.NOT_FINITE),
        ("overlap", Reason.OVERLAP),
        ("zero volume", Reason.NOT_PERIODIC),
        ("left-handed", Reason.NOT_PERIODIC),
        ("torn bond", Reason.BOND_LENGTH),
        ("gap", Reason.NOT_PERIODIC),
        ("molecule", Reason.NOT_PERIODIC),
        ("element", Reason.UNKNOWN_ELEMENT),
        ("dummy", Reason.UNKNOWN_ELEMENT),
        ("untyped", Reason.UNTYPED),
        ("empty", Reason.UNREADABLE),
    ],
)
def test_bad_structures_are_refused_before_anything_runs(what, reason):
    started = time.monotonic()
    refused = validate(_broken(what))
    assert isinstance(refused, Rejected)
    assert (refused.stage, refused.reason) == (Stage.VALIDATE, reason)
    assert time.monotonic() - started < 0.5


def test_a_supercell_that_cannot_hold_the_terms_is_refused():
    refused = validate(diamond("C", 3.57), supercell=(1, 1, 1))
    assert refused.reason is Reason.CELL_TOO_SMALL


@pytest.mark.parametrize(
    "options",
    [
        {"steps": 0},
        {"temperature_k": -1.0},
        {"pressure_pa": float("inf")},
        {"timestep_fs": float("nan")},
        {"supercell": (2, 2, 0)},
        {"chunk_steps": 0},
        {"time_limit_s": 0.0},
        {"early_reject_strain": 0.0},
        {"early_reject_window_steps": 0},
        {"min_width_ang": float("nan")},
        {"min_width_ang": 1e9},
        {"checkpoint_steps": 0},
    ],
)
def test_bad_options_are_named(options):
    with pytest.raises(InputError, match=next(iter(options))):
        validate(paddlewheel(), **options)


def test_a_supercell_of_millions_of_atoms_is_named_before_it_is_made():
    started = time.monotonic()
    with pytest.raises(InputError, match="atoms, more than 1000000"):
        validate(paddlewheel(), min_width_ang=900.0)
    assert time.monotonic() - started < 0.5


def test_unknown_engine_is_named():
    with pytest.raises(EngineMissingError, match="lammps"):
        validate(paddlewheel(), engine="amber")


def _watch(strains, limit=0.4, steps=1000, chunk=100):
    dynamics = Dynamics(
        steps=steps,
        supercell=(1, 1, 1),
        temperature_k=300,
        pressure_pa=1e5,
        timestep_fs=0.5,
        chunk_steps=chunk,
        seed=1,
    )
    cell = Framework("box", (), np.zeros((0, 3)), 10 * np.eye(3))
    early = None if limit is None else EarlyRejection(limit, 3 * chunk)
    watch = _Watch(cell, dynamics, early, None)
    ends = [watch((k + 1) * chunk, (1 + s) * 10 * np.eye(3)[None]) for k, s in enumerate(strains)]
    return watch, ends


def test_early_rejection_needs_three_chunks_in_a_row():
    _, ends = _watch([0.5, 0.5, 0.3, 0.5, 0.5, 0.6])
    assert ends[:5] == [None] * 5
    assert ends[5].reason is Reason.UNSTABLE
    assert "rejected_early at step 600 of 1000: strain 0.533" in ends[5].detail
    assert not any(_watch([0.9] * 9, limit=None)[1])


def test_strain_of_the_run_is_the_mean_of_its_last_quarter():
    watch, _ = _watch([0.9] * 7 + [0.1, 0.2, 0.3], limit=None, steps=1000, chunk=100)
    assert watch.final(watch.history.strain) == pytest.approx(0.25)
    watch, _ = _watch([0.05, 0.07], limit=None, steps=150, chunk=100)
    assert watch.final(watch.history.strain) == pytest.approx(0.07)


@pytest.mark.engine
def test_irmof1_is_stable():
    seen = []
    result = validate(irmof1(), steps=2000, on_progress=lambda fraction, text: seen.append((fraction, text)))
    assert isinstance(result, Stability)
    assert result.strain < 0.05
    assert result.stable
    assert result.trainable
    assert [fraction for fraction, _ in seen] == [0.25, 0.5, 0.75, 1.0]
    assert len(result.strain_trace) == 4
    assert result.framework.symbols == irmof1().symbols
    assert result.volume_ratio == pytest.approx(1.0, abs=0.15)
    assert pickle.loads(pickle.dumps(result)).strain == result.strain


@pytest.mark.engine
def test_lammps_keeps_the_engine_contract():
    check_force_field_engine(LammpsEngine(), paddlewheel(), supercell=(2, 2, 1))


@pytest.mark.engine
def test_diamond_whose_bonds_cross_every_cell_runs():
    result = validate(diamond("C", 3.57), steps=100, chunk_steps=50, supercell=(4, 4, 4))
    assert result.strain < 0.05


@pytest.mark.engine
def test_atoms_may_lie_outside_the_cell():
    framework = paddlewheel()
    offset = np.random.default_rng(2).integers(-2, 3, (len(framework), 3))
    moved = framework.with_geometry(framework.positions + offset @ framework.cell, framework.cell)
    options = {"steps": 40, "chunk_steps": 20, "supercell": (2, 2, 1)}
    result, expected = validate(moved, **options), validate(framework, **options)
    assert result.strain == pytest.approx(expected.strain, abs=2e-3)  # other copies get other velocities
    back = result.framework.positions - offset @ result.framework.cell
    np.testing.assert_allclose(back, expected.framework.positions, atol=0.5)


@pytest.mark.engine
def test_dynamics_that_blow_up_are_named():
    refused = validate(paddlewheel(), steps=5000, timestep_fs=60.0, early_reject=False)
    assert refused.reason is Reason.BLEW_UP
    assert "of 5000" in refused.detail


@pytest.mark.engine
def test_early_rejection_carries_the_strain():
    refused = validate(
        paddlewheel(),
        steps=1000,
        chunk_steps=10,
        early_reject_strain=0.001,
        early_reject_window_steps=30,
        supercell=(1, 1, 1),
    )
    assert refused.reason is Reason.UNSTABLE
    assert refused.detail.startswith("rejected_early at step ")


@pytest.mark.engine
def test_time_limit_ends_lammps_and_leaves_no_process():
    before = set(_children(os.getpid()))  # other tests of this process may keep helpers
    started = time.monotonic()
    refused = validate(paddlewheel(), steps=10**7, time_limit_s=2.0)
    assert time.monotonic() - started < 4.0
    assert refused.reason is Reason.TIME_LIMIT
    assert set(_children(os.getpid())) <= before


@pytest.mark.engine
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_lammps_dies_with_its_parent(how):
    code = (
        "from mofa.validate import validate\n"
        "from tests.validate.frameworks import paddlewheel\n"
        "validate(paddlewheel(), steps=10**7, chunk_steps=10, on_progress=lambda f, t: print(t, flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert b"step 10" in parent.stdout.readline()
    (child,) = _children(parent.pid)
    parent.send_signal(how)
    assert parent.wait(5) != 0
    deadline = time.monotonic() + 2.0
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(child)
    parent.stdout.close()


@pytest.mark.engine
def test_version_is_a_date():
    assert version().startswith("20")


def _children(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split() if _is_running(int(child))]


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
