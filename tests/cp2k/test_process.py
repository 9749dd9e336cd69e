"""A CP2K that is missing, dies, hangs or is slow: named, with the folder, which stays; nothing is left running."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Optimized, Reason, Rejected
from mofa.cp2k import Cp2kSettings, RunFolder, run_folder, single_point
from mofa.cp2k.outputs import Output
from mofa.cp2k.program import Program
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.isolate import TimeLimitError
from mofa.optimize import Relaxation, optimize
from mofa.optimize.cp2k import Cp2kOptimizer, _Follower, _Relaxing
from tests.cp2k.cases import fake, hydrogen, left_running, write_cube
from tests.cp2k.fake import CONVERGED, RESTART, RESULTS, SCF, STEP

LIMIT_S = 3.0
STEPPING = Cp2kOptimizer(command=fake("step"))
"""Writes one step of a cell optimisation and hangs in the next."""


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where scratch folders are made during a test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def point(mode: str, *, time_limit_s: float = 30.0) -> object:
    with run_folder(None) as folder:
        return single_point(hydrogen(), Cp2kSettings(command=fake(mode)), folder=folder, time_limit_s=time_limit_s)


def kept(scratch: Path, text: str) -> Path:
    """The one folder that stayed; its path must be in the text."""
    (folder,) = scratch.iterdir()
    assert folder.name.startswith("mofa-cp2k-")
    assert str(folder) in text
    assert "\n" not in text
    assert (folder / "density.inp").is_file()
    assert not left_running(folder)
    return folder


def test_a_missing_program_is_named_with_its_installation() -> None:
    with pytest.raises(EngineMissingError, match=r"no-such-cp2k.*apt-get install"):
        Cp2kOptimizer(command="no-such-cp2k").relax(hydrogen(), Relaxation(), time_limit_s=30.0)


@pytest.mark.parametrize("command", ["true", fake("other"), f"{sys.executable} -c 'raise SystemExit(4)'"])
def test_another_program_is_no_cp2k(command: str) -> None:
    with pytest.raises(EngineMissingError, match="no working CP2K"):
        Cp2kOptimizer(command=command).relax(hydrogen(), Relaxation(), time_limit_s=30.0)


@pytest.mark.parametrize("launcher", ["", "nice -n 0 "])
def test_a_path_is_one_from_where_the_command_is_given(
    launcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "site" / "die.sh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {fake("die")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match="no license found"):
        Cp2kOptimizer(command=f"{launcher}site/die.sh").relax(hydrogen(), Relaxation(), time_limit_s=30.0)


def test_a_cp2k_that_dies(scratch: Path) -> None:
    with pytest.raises(EngineError, match="ended with code 3 before its end: no license found") as caught:
        point("die")
    kept(scratch, str(caught.value))


def test_the_words_of_an_abort_are_passed_on(scratch: Path) -> None:
    with pytest.raises(EngineError, match="basis set <FOO-GTH> for element <C> was not found") as caught:
        point("abort")
    kept(scratch, str(caught.value))


@pytest.mark.parametrize("mode", ["silent", "hang"])
def test_a_cp2k_that_hangs(scratch: Path, mode: str) -> None:
    with pytest.raises(TimeLimitError, match=r"time limit of 0\.5 s") as caught:
        point(mode, time_limit_s=0.5)
    kept(scratch, str(caught.value))


def test_a_task_that_runs_out_of_time_says_where_its_files_are(scratch: Path) -> None:
    refused = optimize(hydrogen(), method="cp2k", command=fake("hang"), time_limit_s=0.5)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.TIME_LIMIT
    (folder,) = scratch.iterdir()
    assert str(folder) in refused.detail


def test_cancelling_ends_the_program_and_clears_the_folder(scratch: Path) -> None:
    def cancel(fraction: float, text: str) -> None:
        raise KeyboardInterrupt

    start_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt), run_folder(None) as folder:
        single_point(hydrogen(), Cp2kSettings(command=fake("hang")), folder=folder, on_progress=cancel)
    assert time.monotonic() - start_s < 20.0
    assert not list(scratch.iterdir())
    assert not left_running(scratch)


def test_a_given_folder_stays(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=re.escape(str(tmp_path / "run"))):
        Cp2kOptimizer(command=fake("die")).relax(hydrogen(), Relaxation(folder=tmp_path / "run"), time_limit_s=30.0)
    assert (tmp_path / "run" / "cell-opt-1.inp").is_file()


HOLDER = """
import sys, time
from pathlib import Path
from mofa.cp2k import run_folder
with run_folder(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_a_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        job = Relaxation(folder=tmp_path)
        with pytest.raises(InputError, match=rf"{re.escape(str(tmp_path))}.*in use by another run.*another folder"):
            Cp2kOptimizer(command=fake("die")).relax(hydrogen(), job, time_limit_s=30.0)
        holder.kill()
    with run_folder(tmp_path):
        pass
    assert not list(tmp_path.glob("*.inp"))


def test_what_a_run_starts_does_not_hold_its_folder(tmp_path: Path) -> None:
    with run_folder(tmp_path):
        child = subprocess.Popen(["sleep", "60"])
    with run_folder(tmp_path):
        assert child.poll() is None
    child.kill()
    child.wait()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Optimized, list[tuple[float, str]]]:
    """A run whose time was up in its second step: its folder, result and progress."""
    folder = tmp_path_factory.mktemp("stopped")
    seen: list[tuple[float, str]] = []
    job = Relaxation(max_steps=10, folder=folder)
    done = STEPPING.relax(hydrogen(), job, time_limit_s=LIMIT_S, on_progress=lambda *report: seen.append(report))
    assert isinstance(done, Optimized)
    return folder, done, seen


def test_the_last_whole_step_is_returned_when_time_is_up(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]],
) -> None:
    folder, done, seen = stopped
    assert (done.steps, done.converged, done.resumed_at_step) == (1, False, 0)
    assert np.allclose(done.framework.cell, [[4.1, 0, 0], [0.1, 4, 0], [0, 0, 4]])
    assert np.allclose(done.framework.fractional, [[-0.125, 0.05, 0.0], [-0.125, 0.05, 1.125]])
    assert done.energy_trace_ev == pytest.approx((-1.1 * 27.211386, -1.2 * 27.211386))
    assert done.pressure_trace_gpa == (1.25, 1.25)
    assert done.max_force_ev_per_ang == pytest.approx(0.005 * 51.422067)
    assert done.density_cube == ""
    assert seen[-1][0] == pytest.approx(0.1)
    assert "step 1" in seen[-1][1]
    assert not left_running(folder)


def test_a_stopped_run_is_gone_on_from(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]], tmp_path: Path
) -> None:
    folder = shutil.copytree(stopped[0], tmp_path / "run")
    (folder / "cell-opt-1.cpu").write_text("1000.0\n")
    again = STEPPING.relax(hydrogen(), Relaxation(max_steps=10, folder=folder), time_limit_s=LIMIT_S)
    assert isinstance(again, Optimized)
    assert (again.steps, again.resumed_at_step) == (2, 1)
    assert len(again.energy_trace_ev) == 3
    assert 1000.0 < again.cpu_s < 1000.0 + 2 * LIMIT_S, "that of both sittings"
    text = (folder / "cell-opt-2.inp").read_text()
    assert "A 4.10000000000000 0.0" in text
    assert "MAX_ITER 9" in text


def test_a_run_with_all_its_steps_done_is_only_read(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]], tmp_path: Path
) -> None:
    folder = shutil.copytree(stopped[0], tmp_path / "run")
    files = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    read = STEPPING.relax(hydrogen(), Relaxation(max_steps=1, folder=folder), time_limit_s=LIMIT_S)
    assert isinstance(read, Optimized)
    assert (read.steps, read.resumed_at_step, read.cpu_s) == (1, 1, stopped[1].cpu_s)
    assert read.cpu_s > 0
    assert files == {path: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_the_density_stays_where_going_on_came_to_no_further_step(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]], tmp_path: Path
) -> None:
    folder = shutil.copytree(stopped[0], tmp_path / "run")
    cube = write_cube(folder / "valence_density.cube", stopped[1].framework)
    job = Relaxation(max_steps=10, folder=folder)
    again = Cp2kOptimizer(command=fake("hang")).relax(hydrogen(), job, time_limit_s=0.5)
    assert isinstance(again, Optimized)
    assert (again.steps, again.density_cube) == (1, str(cube))


def test_a_density_that_is_not_of_the_last_geometry_or_not_whole_goes(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]], tmp_path: Path
) -> None:
    folder = shutil.copytree(stopped[0], tmp_path / "run")
    write_cube(folder / "valence_density.cube", hydrogen())
    cut = write_cube(folder / "cell-opt-1-ELECTRON_DENSITY-1_1.cube", stopped[1].framework)
    cut.write_bytes(cut.read_bytes()[:-20])
    read = STEPPING.relax(hydrogen(), Relaxation(max_steps=1, folder=folder), time_limit_s=LIMIT_S)
    assert isinstance(read, Optimized)
    assert read.density_cube == ""
    assert not list(folder.glob("*.cube"))


def test_the_folder_of_another_run_is_refused(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]],
) -> None:
    job = Relaxation(max_steps=5, folder=stopped[0])
    start = hydrogen()
    moved = start.with_geometry(start.positions + np.array([[0.0, 0.0, 0.1], [0.0, 0.0, 0.0]]), start.cell)
    with pytest.raises(InputError, match="another structure"):
        STEPPING.relax(moved, job, time_limit_s=LIMIT_S)
    with pytest.raises(InputError, match="another cutoff_ry"):
        Cp2kOptimizer(command=fake("step"), cutoff_ry=400.0).relax(start, job, time_limit_s=LIMIT_S)


def test_cp2k_is_stopped_between_steps_when_another_one_would_not_fit(tmp_path: Path) -> None:
    stops = follower_of(tmp_path)
    assert not stops(0.0), "the step's geometry is not on the disk yet"
    (tmp_path / "x-1.restart").write_text(RESTART)
    assert stops(0.0)
    assert not stops(1000.0)


def test_older_densities_go_but_not_that_of_the_last_geometry_on_the_disk(
    stopped: tuple[Path, Optimized, list[tuple[float, str]]], tmp_path: Path
) -> None:
    (tmp_path / "x-1.restart").write_text(RESTART)
    frameworks = hydrogen(), stopped[1].framework, hydrogen()
    for k, framework in enumerate(frameworks):
        cube = write_cube(tmp_path / f"x-ELECTRON_DENSITY-1_{k}.cube", framework)
        os.utime(cube, (k, k))
    follower_of(tmp_path)(1000.0)
    assert sorted(path.stem[-1] for path in tmp_path.glob("*.cube")) == ["1", "2"]


def follower_of(folder: Path) -> Callable[[float], bool]:
    """Whether CP2K is stopped after its first step with so many seconds left."""
    output = Output()
    for line in (SCF + CONVERGED + RESULTS.format(energy="-1.2") + STEP).splitlines():
        output.read(line)
    relaxing = _Relaxing(
        hydrogen(),
        Relaxation(max_steps=5),
        Cp2kSettings(),
        Program(("cp2k",), 1, (2023, 1), None),
        RunFolder(folder, stays=True),
    )
    return lambda left_s: _Follower(relaxing, "x", 0, time.monotonic() + left_s, None)(output)
