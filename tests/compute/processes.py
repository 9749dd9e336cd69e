"""Processes that tests start, and how to find them again: they carry a mark in their environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def children(emit, mark):
    """Leave a child, a grandchild and one in a session of its own, then hang."""
    env = {**os.environ, "MOFA_TEST_MARK": mark}
    subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], env=env)
    subprocess.Popen(["sleep", "600"], env=env, start_new_session=True)
    emit("ready")
    time.sleep(600)


def marked(mark):
    """Process ids whose environment holds the mark."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def command_of(pid):
    """Command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def descendants(pid):
    """Process ids of all descendants of a process."""
    found, parents = [], [pid]
    while parents:
        parent = parents.pop()
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                ids = [int(word) for word in path.read_text().split()]
            except OSError:
                continue
            found += ids
            parents += ids
    return found


def wait_for(mark, n, limit_s=30.0):
    """Wait until n processes carry the mark."""
    deadline = time.monotonic() + limit_s
    while len(marked(mark)) < n:
        assert time.monotonic() < deadline, f"only {marked(mark)} have started"
        time.sleep(0.02)


def wait_until_gone(mark, limit_s=5.0):
    """Wait until no process carries the mark; the commands of those that still do."""
    deadline = time.monotonic() + limit_s
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [command_of(pid) for pid in marked(mark)]


def run_main(code, mark):
    """Run a main process that says when it is ready; it and all it starts carry the mark."""
    env = {**os.environ, "MOFA_TEST_MARK": mark}
    main = subprocess.Popen([sys.executable, "-c", code, mark], stdout=subprocess.PIPE, env=env, cwd=ROOT)
    assert main.stdout is not None
    assert main.stdout.readline() == b"ready\n"
    return main


def kill_main(main, number=signal.SIGKILL):
    """Send a signal to a main process and wait for its end."""
    main.send_signal(number)
    main.wait()
    main.stdout.close()


_SCRIPT = """
import sys
from {module} import {name}
from tests.compute.processes import children
if __name__ == "__main__":
    server = {name}({{"cpu": 2}})
    server.submit("a", "cpu", children, sys.argv[1])
    server.submit("b", "cpu", children, sys.argv[1])
    ready = 0
    while ready < 2:
        ready += len(server.wait(1.0))
    print("ready", flush=True)
    while True:
        server.wait(10.0)
"""


def script_of(server):
    """A main program that keeps two calls with children busy on a server, for ever."""
    return _SCRIPT.format(module=server.__module__, name=server.__name__)
