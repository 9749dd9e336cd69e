"""External programs: splitting their command lines, and ending them with all that they started, however we end."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from mofa.errors import InputError


def split_command(command: str, *, example: str, program: str = "") -> tuple[str, ...]:
    """The words of a command line; the program's name is for the error.

    Raises:
        InputError: none, or unbalanced quotes.
    """
    action = f"Give a command line such as: {example}"
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InputError(f"{command!r} cannot be read ({error})", where="command", action=action) from error
    if not words:
        raise InputError(f"no command{f' for {program}' if program else ''}", where="command", action=action)
    return words


def guard(child: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A process that ends a program when this one dies, however it dies: only then does its input end.

    Launchers give their ranks process groups of their own, but all of them stay in the session.

    Args:
        child: started in a session of its own.
    """
    kill = f"pkill -KILL -s {child.pid} 2>/dev/null; kill -KILL -{child.pid}"
    words = ["sh", "-c", f"cat >/dev/null; {kill}"]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def end(child: subprocess.Popen[bytes]) -> None:
    """End a program, its group and all of its session: the command is often a wrapper or an MPI launcher."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for pid in [pid for pid, session, _ in _processes() if session == child.pid and pid != child.pid]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    if child.returncode is None:
        child.wait()
    if child.stdin is not None:
        child.stdin.close()


def session_cpu_s(session: int) -> float:
    """CPU time of the living processes of a session; 0 where Linux' /proc is missing."""
    return sum(ticks for _, its_session, ticks in _processes() if its_session == session) / os.sysconf("SC_CLK_TCK")


def _processes() -> list[tuple[int, int, int]]:
    """Number, session and CPU ticks, its ended children's included, of every process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            found.append((int(stat.parent.name), int(fields[3]), sum(int(x) for x in fields[11:15])))
    return found
