"""The Colmena task server, with a real Redis server and real workers."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import pytest
from redis import Redis

from mofa.compute import SERVERS, Cause, Completed, ServerSettings, StreamItem
from mofa.compute.colmena import ColmenaServer, SessionQueues
from mofa.errors import EngineError
from mofa.testing.compute import check_task_server, collect, echo, sleep
from tests.compute.processes import ROOT, command_of, descendants, kill_main
from tests.services import redis_server

ORPHAN_LIMIT_S = 20.0


def family():
    """What this process has started, without the servers of `tests.services`: command lines by process id."""
    known = {pid: command_of(pid) for pid in descendants(os.getpid())}
    services = ("redis-server", "postgres")
    return {pid: text for pid, text in known.items() if text and not any(name in text for name in services)}


def survivors(pids, limit_s):
    """Command lines of those processes that still run after a time; as soon as there are none."""
    deadline = time.monotonic() + limit_s
    while (left := [command for command in map(command_of, pids) if command]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def wait_for_start(server, keys):
    """Wait until all of some `sleep` calls run."""
    asleep = set()
    deadline = time.monotonic() + 60.0
    while asleep < set(keys):
        assert time.monotonic() < deadline
        asleep |= {report.key for report in server.wait(1.0) if isinstance(report, StreamItem)}


def kill(word):
    """Kill those of the family whose command line holds a word, but not their guardians."""
    found = [pid for pid, command in family().items() if word in command and "mofa.compute.guardian" not in command]
    assert found, f"there is no {word}"
    for pid in found:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.engine
def test_conforms(redis_url, tmp_path):
    assert SERVERS.load("colmena") is ColmenaServer
    settings = ServerSettings(log_dir=tmp_path, redis_url=redis_url)
    check_task_server(lambda: ColmenaServer({"cpu": 2}, settings), pool="cpu", isolated=True)


@pytest.fixture
def own_redis(tmp_path):
    """A Redis server that the test may kill: URL and process."""
    program = shutil.which("redis-server") or pytest.skip("needs redis-server: apt-get install redis-server")
    with redis_server(program, tmp_path) as (url, process):
        yield url, process


@pytest.mark.engine
def test_bulky_data_dead_task_servers_and_a_dead_redis_server(own_redis, tmp_path):
    """One server for all of this, since each takes seconds to start."""
    url, redis = own_redis
    client = Redis.from_url(url)
    settings = ServerSettings(log_dir=tmp_path, redis_url=url, stream="redis", objects="redis")
    with ColmenaServer({"first": 1, "second": 1}, settings) as server:
        check_bulky_data(server, client)
        for victim in ("mofa.compute.colmena_process", "HTEX interchange"):
            check_replacement(server, victim)
        server.submit("a", "first", sleep, 600.0)
        wait_for_start(server, ["a"])
        redis.kill()
        redis.wait()
        for _ in range(2):
            with pytest.raises(EngineError, match="the Redis server cannot be reached"):
                wait_for_start(server, ["never"])
        with pytest.raises(EngineError, match="the Redis server cannot be reached"):
            server.submit("b", "second", echo, 1)
    assert family() == {}


def check_bulky_data(server, client):
    bulk = os.urandom(1_000_000)
    server.submit("bulk", "first", echo, bulk)
    (report,) = collect(server, ["bulk"])
    assert report.transit.bytes_in > len(bulk)
    assert report.transit.bytes_out > len(bulk)
    assert max(client.strlen(key) for key in client.keys("mofa:objects:*:*")) > len(bulk), "it is still with Redis"
    assert report.value == bulk
    assert client.keys("mofa:objects:*:*") == [], "it was fetched and is gone"


def check_replacement(server, victim):
    """Kill a process on which all calls depend."""
    server.submit("a", "first", sleep, 600.0)
    server.submit("b", "second", sleep, 600.0)
    server.submit("waits", "second", echo, victim)
    wait_for_start(server, ["a", "b"])
    before = family()
    kill(victim)
    reports = {report.key: report for report in collect(server, ["a", "b", "waits"])}
    assert {reports[key].cause for key in "ab"} == {Cause.NODE_LOST}
    assert reports["waits"] == Completed("waits", victim), "what was not handed over is not lost"
    assert survivors(before, 0.0) == [], "the workers of a dead server are gone before new ones start"


@pytest.mark.engine
def test_nothing_is_left_with_redis(redis_url):
    client = Redis.from_url(redis_url)
    before = set(client.keys("mofa:*"))
    with ColmenaServer({"cpu": 1}, ServerSettings(redis_url=redis_url, objects="redis", stream="redis")) as server:
        server.submit("never runs", "cpu", echo, bytes(200_000))
        left = set(client.keys("mofa:*")) - before
        assert left, "the request and its arguments"
        assert all(client.ttl(key) > 0 for key in left), "what a killed campaign leaves expires"
    assert set(client.keys("mofa:*")) == before


def no_blocks(pool, workers, folder):
    raise OSError("the batch system is away")


@pytest.mark.engine
def test_a_task_server_that_cannot_start_is_an_error(redis_url, monkeypatch):
    monkeypatch.setattr("mofa.compute.colmena._MAX_FAILED_STARTS", 1)
    with ColmenaServer({"cpu": 1}, ServerSettings(redis_url=redis_url), make_blocks=no_blocks) as server:
        server.submit("a", "cpu", echo, 1)
        for _ in range(2):
            with pytest.raises(EngineError, match="the batch system is away"):
                collect(server, ["a"])


def test_without_redis_no_server_is_made(tmp_path):
    started = time.monotonic()
    with pytest.raises(EngineError, match="the Redis server cannot be reached"):
        ColmenaServer({"cpu": 1}, ServerSettings(redis_url="redis://127.0.0.1:1/0", run_dir=tmp_path))
    assert time.monotonic() - started < 3.3
    assert list(tmp_path.iterdir()) == []


MAIN = """
import sys, time
from pathlib import Path
from mofa.compute import ServerSettings
from mofa.compute.colmena import ColmenaServer
from tests.compute.processes import children
server = ColmenaServer({"cpu": 2}, ServerSettings(redis_url=sys.argv[1], run_dir=Path(sys.argv[2])))
for key in "ab":
    server.submit(key, "cpu", children, "mark")
ready = 0
while ready < 2:
    ready += len(server.wait(1.0))
time.sleep(0.5)
print("ready", flush=True)
while True:
    server.wait(10.0)
"""


@pytest.mark.engine
def test_no_process_outlives_a_killed_main_process(redis_url, tmp_path):
    main = subprocess.Popen([sys.executable, "-c", MAIN, redis_url, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert main.stdout is not None
    assert main.stdout.readline() == b"ready\n"
    started = descendants(main.pid)
    assert sum("sleep 600" in command_of(pid) for pid in started) >= 6
    kill_main(main)
    assert survivors(started, ORPHAN_LIMIT_S) == []


class Trap:
    """Unpickling it fails the test."""

    def __reduce__(self):
        return pytest.fail, ("an unauthenticated message was unpickled",)


def test_messages_of_others_are_dropped_unread(redis_url):
    queues = SessionQueues(redis_url, "mofa:test:colmena", "secret")
    stranger = SessionQueues(redis_url, "mofa:test:colmena", "another secret")
    try:
        stranger.send_inputs(Trap(), method="cpu")
        Redis.from_url(redis_url).rpush("mofa:test:colmena_requests", pickle.dumps(Trap()))
        queues.send_inputs("ours", method="cpu")
        _, task = queues.get_task(timeout=5.0)
        task.deserialize()
        assert task.args == ("ours",)
    finally:
        queues.flush()


def test_a_result_that_redis_cannot_hold_is_reported(redis_url, monkeypatch):
    monkeypatch.setattr("mofa.compute.colmena.MAX_BYTES", 20_000)
    queues = SessionQueues(redis_url, "mofa:test:large", "secret")
    try:
        queues.send_inputs("small", method="cpu")
        _, task = queues.get_task(timeout=5.0)
        task.deserialize()
        task.set_result(bytes(20_000))
        task.serialize()
        queues.send_result(task)
        result = queues.get_result(timeout=5.0)
        assert not result.success
        assert "too large for Redis" in result.failure_info.exception
    finally:
        queues.flush()
