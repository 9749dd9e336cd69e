"""Both task servers keep the contract; the pool leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path

import pytest

from mofa.compute import SERVERS, Cause, Completed, Lost, ServerSettings
from mofa.compute.inline import InlineServer
from mofa.compute.pool import PoolServer
from mofa.errors import EngineMissingError
from mofa.testing.compute import check_task_server, collect, die, echo, sleep
from tests.compute.processes import children, kill_main, run_main, script_of, wait_for, wait_until_gone


def test_inline_conforms():
    check_task_server(lambda: InlineServer({"cpu": 1}), pool="cpu", isolated=False)


@pytest.mark.parametrize("workers", [1, 2])
def test_pool_conforms(workers, tmp_path):
    check_task_server(lambda: PoolServer({"cpu": workers}, ServerSettings(log_dir=tmp_path)), pool="cpu", isolated=True)


def test_servers_are_found_by_name():
    assert SERVERS.load("pool") is PoolServer
    with pytest.raises(EngineMissingError, match="inline"):
        SERVERS.load("clusterr")


def environment(emit):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TMPDIR")
    return {name: os.environ.get(name) for name in names} | {"cwd": os.getcwd(), "session": os.getsid(0)}


def test_workers_have_one_thread_and_a_scratch_folder_that_goes_with_them():
    with PoolServer({"cpu": 1}) as server:
        server.submit("look", "cpu", environment)
        (report,) = collect(server, ["look"])
        seen = report.value
        assert seen["OMP_NUM_THREADS"] == seen["OPENBLAS_NUM_THREADS"] == seen["MKL_NUM_THREADS"] == "1"
        assert seen["cwd"] == seen["TMPDIR"] != os.getcwd()
        assert Path(seen["cwd"]).is_dir()
        assert seen["session"] != os.getsid(0), "Ctrl-C must not reach workers"
    assert not Path(seen["cwd"]).exists()


def test_a_dead_worker_is_reported_within_a_second_with_its_last_words(tmp_path):
    with PoolServer({"cpu": 1}, ServerSettings(log_dir=tmp_path)) as server:
        server.submit("warm", "cpu", echo, 1)
        collect(server, ["warm"])
        started = time.monotonic()
        server.submit("die", "cpu", die)
        *_, lost = collect(server, ["die"])
        assert time.monotonic() - started < 1.0
        assert isinstance(lost, Lost)
        assert lost.cause is Cause.WORKER_DIED
        assert "signal 6" in lost.detail
        assert "Fatal Python error: Aborted" in lost.detail


def test_killing_a_worker_from_outside_kills_what_it_started():
    mark = uuid.uuid4().hex
    with PoolServer({"cpu": 1}) as server:
        server.submit("children", "cpu", children, mark)
        while not server.wait(0.5):
            pass
        wait_for(mark, 3)
        server.cancel("children")
        collect(server, ["children"])
        assert wait_until_gone(mark) == []
        server.submit("next", "cpu", echo, 2)
        assert collect(server, ["next"]) == [Completed("next", 2)]


def test_one_long_call_does_not_hold_up_the_others():
    with PoolServer({"cpu": 2}) as server:
        server.submit("long", "cpu", sleep, 600.0)
        keys = [f"short-{n}" for n in range(20)]
        for key in keys:
            server.submit(key, "cpu", echo, key)
        done = set()
        while len(done) < len(keys):
            done |= {report.key for report in server.wait(5.0) if isinstance(report, Completed)}
        assert done == set(keys)


SCRIPT = script_of(PoolServer)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_main_process(number):
    mark = uuid.uuid4().hex
    main = run_main(SCRIPT, mark)
    wait_for(mark, 10)
    kill_main(main, number)
    assert wait_until_gone(mark) == []
