"""A relaxation that was cut off goes on where it was; a file that does not belong to it is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Framework, Optimized
from mofa.errors import InputError, OutputError
from mofa.optimize import optimize
from mofa.optimize.restart import FILE, Interrupted, identity, read_restart, write_restart
from tests.structures import dry_ice

KILLED = """
import os, signal, sys
from mofa.optimize import optimize
from tests.optimize.test_restart import crystal

def die(fraction, text):
    if text.startswith("step 2,"):
        os.kill(os.getpid(), signal.SIGKILL)

optimize(crystal(), fmax_ev_per_ang=0.005, folder=sys.argv[1], on_progress=die)
"""


def crystal() -> Framework:
    """Dry ice, compressed and shaken: some seven steps from its minimum."""
    start = dry_ice()
    noise = np.random.default_rng(4).normal(0.0, 0.04, (len(start), 3))
    return start.with_geometry(0.97 * start.positions + noise, 0.97 * start.cell)


def state() -> Interrupted:
    return Interrupted(
        x=np.arange(6.0),
        gradient=np.ones(6),
        steps=np.zeros((0, 6)),
        changes=np.zeros((0, 6)),
        energy_trace_ev=(-1.5,),
        pressure_trace_gpa=(0.25,),
        cpu_s=3.0,
    )


@pytest.mark.engine
def test_killed_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = optimize(crystal(), fmax_ev_per_ang=0.005)
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -9
    assert (tmp_path / FILE).exists()
    resumed = optimize(crystal(), fmax_ev_per_ang=0.005, folder=tmp_path)
    assert isinstance(whole, Optimized)
    assert isinstance(resumed, Optimized)
    assert resumed.resumed_at_step >= 2
    assert resumed.converged
    assert resumed.steps == whole.steps
    assert resumed.energy_ev == pytest.approx(whole.energy_ev, abs=1e-5)
    np.testing.assert_allclose(resumed.framework.cell, whole.framework.cell, atol=1e-3)
    np.testing.assert_allclose(resumed.energy_trace_ev, whole.energy_trace_ev, atol=1e-4)
    assert len(resumed.pressure_trace_gpa) == resumed.steps + 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.engine
def test_capped_run_is_prolonged_by_a_larger_cap(tmp_path: Path) -> None:
    first = optimize(crystal(), max_steps=2, folder=tmp_path)
    again = optimize(crystal(), max_steps=2, folder=tmp_path)
    last = optimize(crystal(), max_steps=3, fmax_ev_per_ang=1e-6, folder=tmp_path)
    assert isinstance(first, Optimized)
    assert isinstance(again, Optimized)
    assert isinstance(last, Optimized)
    assert (first.steps, again.steps, last.steps) == (2, 2, 3)
    assert (first.resumed_at_step, again.resumed_at_step, last.resumed_at_step) == (0, 2, 2)
    assert again.energy_ev == pytest.approx(first.energy_ev, abs=1e-5)
    assert last.energy_ev < first.energy_ev
    assert last.cpu_s > first.cpu_s


@pytest.mark.engine
def test_restart_file_of_another_structure_or_spin_is_not_used(tmp_path: Path) -> None:
    write_restart(tmp_path / FILE, identity(dry_ice(), "gfn1-xtb", 0, 1), state())
    with pytest.raises(InputError, match=rf"another structure.*{FILE}|{FILE}.*another structure"):
        optimize(crystal(), folder=tmp_path)
    with pytest.raises(InputError, match="charge or spin"):
        optimize(dry_ice(), multiplicity=3, folder=tmp_path)


def test_restart_file_comes_back_as_it_was(tmp_path: Path) -> None:
    assert read_restart(tmp_path / FILE, "key") is None
    write_restart(tmp_path / FILE, "key", state())
    back = read_restart(tmp_path / FILE, "key")
    assert back is not None
    np.testing.assert_array_equal(back.x, state().x)
    assert back.steps.shape == (0, 6)
    assert (back.energy_trace_ev, back.pressure_trace_gpa, back.cpu_s) == ((-1.5,), (0.25,), 3.0)


@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "flipped", "other npz"])
def test_damaged_restart_file_is_named(tmp_path: Path, kind: str) -> None:
    path = write_restart_to(tmp_path)
    content = path.read_bytes()
    middle = content.index(np.ones(6).tobytes())
    damaged = {
        "empty": b"",
        "text": b"not a restart file\n",
        "truncated": content[: len(content) // 2],
        "flipped": content[:middle] + b"\xff" + content[middle + 1 :],
    }
    if kind == "other npz":
        np.savez(path, x=np.zeros(3))
    else:
        path.write_bytes(damaged[kind])
    with pytest.raises(InputError, match="damaged") as caught:
        read_restart(path, "key")
    assert str(path) in str(caught.value)
    assert "Remove it" in str(caught.value)


def write_restart_to(folder: Path) -> Path:
    write_restart(folder / FILE, "key", state())
    return folder / FILE


def test_identity_sees_every_digit() -> None:
    one = dry_ice()
    other = one.with_geometry(one.positions + 1e-9, one.cell)
    assert identity(one, 0, 1) == identity(dry_ice(), 0, 1)
    assert len({identity(one, 0, 1), identity(other, 0, 1), identity(one, 1, 2)}) == 3


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        optimize(dry_ice(), folder=tmp_path / "file" / "folder")
