"""A guardian leaves nothing behind, whichever way its command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid

import pytest

from mofa.compute.guardian import command_line, main, this_host
from tests.compute.processes import command_of, descendants, wait_for, wait_until_gone

FAMILY = "sleep 600 & setsid sleep 600 & setsid sh -c 'sleep 600 & sleep 600' & "


@pytest.fixture
def mark():
    mark = uuid.uuid4().hex
    yield mark
    assert wait_until_gone(mark) == []


def guarded(mark, script, *, watch=None):
    """A guardian of a shell script, which it tells from its own mark."""
    command = [sys.executable, "-m", "mofa.compute.guardian", *(["--watch", watch] if watch else [])]
    env = {**os.environ, "MOFA_TEST_MARK": mark}
    return subprocess.Popen([*command, "--", "sh", "-c", script], env=env)


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("true", 0)])
def test_the_end_of_the_command_ends_its_family_and_gives_the_code(mark, script, code):
    guardian = guarded(mark, f"{FAMILY} sleep 0.1; {script}")
    assert guardian.wait(10.0) == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals(mark, number):
    guardian = guarded(mark, f"{FAMILY} sleep 600")
    wait_for(mark, 7)
    guardian.send_signal(number)
    if number is signal.SIGINT:  # Ctrl-C is for the main process, which ends its helpers in order
        with pytest.raises(subprocess.TimeoutExpired):
            guardian.wait(0.2)
        guardian.terminate()
    assert guardian.wait(5.0) == 0


def test_temporary_files_go_with_those_that_were_killed(mark, tmp_path, monkeypatch):
    """Of a guardian below this one, too, which is killed before it can clean up."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    inner = f"{sys.executable} -m mofa.compute.guardian -- sh -c 'mktemp -d; exec sleep 600'"
    guardian = guarded(mark, f"mktemp; {inner} & exec sleep 600")
    wait_for(mark, 4)
    while len(list(tmp_path.rglob("*"))) < 4:
        time.sleep(0.02)
    guardian.terminate()
    assert guardian.wait(5.0) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_command_does_not_outlive_a_killed_guardian(mark):
    guardian = guarded(mark, "exec sleep 600")
    wait_for(mark, 2)
    guardian.kill()
    guardian.wait()


@pytest.mark.parametrize("host", [None, "another-host/1"])
def test_the_watched_process_is_watched_on_its_own_host_only(mark, host):
    watched = subprocess.Popen(["sleep", "600"])
    guardian = guarded(mark, f"{FAMILY} sleep 600", watch=f"{host or this_host()}:{watched.pid}")
    wait_for(mark, 7)
    watched.kill()
    watched.wait()
    if host:
        with pytest.raises(subprocess.TimeoutExpired):
            guardian.wait(0.3)
        guardian.terminate()
    assert guardian.wait(5.0) == 0


def test_a_watched_process_that_is_gone_already_starts_nothing():
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert main(["--watch", f"{this_host()}:{gone.pid}", "--", "false"]) == 1


def test_a_command_that_does_not_exist(mark, capfd):
    guardian = subprocess.Popen(command_line(sys.executable, ["no-such-command"]), env={**os.environ, "MARK": mark})
    assert guardian.wait(10.0) == 127
    assert "no-such-command cannot be started" in capfd.readouterr().err
    assert not [pid for pid in descendants(os.getpid()) if "no-such-command" in command_of(pid)]
