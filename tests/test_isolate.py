"""An engine in a child process: answers, errors, time limits, deaths and orphans."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from mofa.errors import EngineError, InputError
from mofa.isolate import ChildDiedError, Progress, TimeLimitError, run_isolated


def add(a: int, b: int, *, on_progress: Progress) -> int:
    on_progress(0.5, "half way")
    return a + b


def surroundings(*, on_progress: Progress) -> tuple[str, list[str], str]:
    return os.getcwd(), os.listdir(), os.environ["OMP_NUM_THREADS"]


def sleep_forever(pid_file: str, *, on_progress: Progress) -> None:
    if pid_file:
        Path(pid_file).write_text(str(os.getpid()))
    on_progress(0.0, "asleep")
    time.sleep(600)


def spin_with_gil(*, on_progress: Progress) -> None:
    """A C call that holds the GIL and takes an hour, as an engine would."""
    pow(7, 10**9)


def quit_loudly(code: int, *, on_progress: Progress) -> None:
    os.write(1, b"fatal: the cell is wrong\n")
    os._exit(code)


def crash(*, on_progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def divide(*, on_progress: Progress) -> float:
    return 1 / 0


def refuse(*, on_progress: Progress) -> None:
    raise InputError("no cell", where="x.cif", action="Give one")


def unpicklable(*, on_progress: Progress) -> object:
    return lambda: None


def add_in_pool(a: int, b: int) -> int:
    return run_isolated(add, a, b, time_limit_s=30)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_result_and_progress() -> None:
    seen: list[tuple[float, str]] = []
    assert run_isolated(add, 2, 3, on_progress=lambda f, t: seen.append((f, t))) == 5
    assert seen == [(0.5, "half way")]


def test_runs_in_an_empty_scratch_folder_that_is_removed_with_one_thread() -> None:
    cwd, names, threads = run_isolated(surroundings)
    assert names == ["output.txt"]
    assert threads == "1"
    assert not Path(cwd).exists()


@pytest.mark.parametrize("call", [(sleep_forever, ""), (spin_with_gil,)])
def test_time_limit_kills_within_two_seconds(call: tuple) -> None:
    start = time.monotonic()
    with pytest.raises(TimeLimitError, match="time limit of 1 s"):
        run_isolated(*call, time_limit_s=1.0)
    assert time.monotonic() - start < 3.0


def test_exit_inside_the_engine_is_named_with_its_last_words(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChildDiedError, match=r"exited with code 3 after printing 'fatal: the cell is wrong'"):
        run_isolated(quit_loudly, 3)
    assert capfd.readouterr() == ("", "")


def test_crash_names_the_signal() -> None:
    with pytest.raises(ChildDiedError, match="SIGSEGV"):
        run_isolated(crash)


def test_exceptions_come_back() -> None:
    with pytest.raises(EngineError, match="ZeroDivisionError") as caught:
        run_isolated(divide)
    assert "1 / 0" in "".join(caught.value.__notes__)
    with pytest.raises(InputError, match="no cell"):
        run_isolated(refuse)
    with pytest.raises(EngineError, match=r"pickle|local object"):
        run_isolated(unpicklable)


def test_exception_in_the_progress_callback_cancels(tmp_path: Path) -> None:
    def cancel(fraction: float, text: str) -> None:
        raise KeyboardInterrupt

    pid_file = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        run_isolated(sleep_forever, str(pid_file), on_progress=cancel)
    assert not alive(int(pid_file.read_text()))


def test_works_inside_a_process_pool() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(add_in_pool, 4, 5).result(timeout=60) == 9


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_no_orphan_when_the_parent_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"from tests.test_isolate import *; run_isolated(sleep_forever, {str(pid_file)!r})"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1])
    limit = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < limit:
        time.sleep(0.05)
    child = int(pid_file.read_text())
    assert alive(child)
    parent.kill()
    parent.wait()
    limit = time.monotonic() + 2
    while alive(child) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not alive(child)
