"""A real Redis and a real PostgreSQL for tests: started on a free port of the loopback, gone when the tests end.

The tests use a running server instead where MOFA_TEST_REDIS_URL (``redis://host:port/0``) or MOFA_TEST_POSTGRES_URL
(``postgresql+psycopg://user@host:port/database``, allowed to create databases) names one. Where the programs are
missing, the tests that need them are skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

START_S = 30.0
STOP_S = 10.0


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a Redis server that the tests of this process share; use keys of your own."""
    given = os.environ.get("MOFA_TEST_REDIS_URL")
    if given:
        yield given
        return
    program = shutil.which("redis-server") or pytest.skip("needs redis-server: apt-get install redis-server")
    with _folder() as folder, redis_server(program, folder) as (url, _):
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server whose user may create databases."""
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'mofa[postgres]'")
    given = os.environ.get("MOFA_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = postgres_programs() or pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with postgres_cluster(programs) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh, empty PostgreSQL database, dropped after the test."""
    name = f"mofa_test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@contextmanager
def redis_server(program: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis server of one's own, which a test may kill: its URL and its process."""
    servers = []

    def start(port: int) -> tuple[subprocess.Popen[bytes], Callable[[], bool]]:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        servers.append(_start([*command, "--dir", str(folder)], folder / "redis.log", signal.SIGKILL))
        return servers[-1], lambda: _listens(port)

    with _on_free_port(start) as port:
        yield f"redis://127.0.0.1:{port}/0", servers[-1]


@contextmanager
def postgres_cluster(programs: Path, *, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server of one's own: its URL. Commits wait for the disk only if it is to be `durable`."""
    user = _unprivileged_user()
    with _folder(user) as folder:
        _run_as(user, programs / "initdb", "-D", folder / "data", *_INITDB)
        with _on_free_port(lambda port: _start_postgres(programs, user, folder, port, durable=durable)) as port:
            yield f"postgresql+psycopg://mofa@127.0.0.1:{port}/postgres"


_INITDB = ("-U", "mofa", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")


def _start_postgres(
    programs: Path, user: str | None, folder: Path, port: int, *, durable: bool
) -> tuple[subprocess.Popen[bytes], Callable[[], bool]]:
    fsync = "on" if durable else "off"
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": fsync}
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    server = _start(command, folder / "postgres.log", signal.SIGINT, user)
    engine = create_engine(f"postgresql+psycopg://mofa@127.0.0.1:{port}/postgres")

    def ready() -> bool:
        try:
            engine.connect().close()
        except OperationalError:
            return False
        engine.dispose()
        return True

    return server, ready


@contextmanager
def _on_free_port(start: Callable[[int], tuple[subprocess.Popen[bytes], Callable[[], bool]]]) -> Iterator[int]:
    """Run a server on a port that is free; another is tried when somebody else takes it first."""
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server, ready = start(port)
        try:
            deadline = time.monotonic() + START_S
            while server.poll() is None and time.monotonic() < deadline:
                if ready() and server.poll() is None:
                    yield port
                    return
                time.sleep(0.05)
        finally:
            _stop(server)
    raise RuntimeError(f"{server.args!r} does not start")


def _start(
    command: list[str], log_path: Path, death_signal: signal.Signals, user: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process, even when that is killed (util-linux's setpriv)."""
    bound = ["setpriv", "--pdeathsig", death_signal.name.removeprefix("SIG")]
    if user:
        bound += [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    with log_path.open("ab") as log:
        return subprocess.Popen([*bound, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # PostgreSQL: ends its connections, then itself
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _folder(user: str | None = None) -> Iterator[Path]:
    """A temporary folder of a user; pytest's own can be entered by nobody else."""
    with tempfile.TemporaryDirectory(prefix="mofa-test-service-", ignore_cleanup_errors=True) as name:
        if user:
            shutil.chown(name, user)
        yield Path(name)


def postgres_programs() -> Path | None:
    """Folder of the server programs; Debian keeps those of each version apart from PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in found), key=lambda path: int(path.parent.name), default=None)


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: the user to become, None to stay who we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run_as(user: str | None, *command: str | Path) -> None:
    words = [str(word) for word in command]
    if user:
        words = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", *words]
    subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL, cwd="/")
