"""The Parsl server keeps the contract, and outlives the deaths of each of its processes."""

from __future__ import annotations

import ctypes
import os
import signal
import stat
import subprocess
import time
import uuid

import pytest
import zmq

from mofa.compute import SERVERS, Cause, Completed, Lost, ServerSettings, StreamItem
from mofa.compute.htex import Blocks, Lane, LocalBlocks, WorkersLostError
from mofa.compute.parsl import ParslServer
from mofa.errors import EngineError
from mofa.testing.compute import check_task_server, collect, die, double, echo
from tests.compute.processes import (
    children,
    command_of,
    descendants,
    kill_main,
    marked,
    run_main,
    script_of,
    wait_for,
    wait_until_gone,
)

pytestmark = pytest.mark.engine

HEARTBEAT_LIMIT_S = 5.0


def hang(emit, seconds):
    """Say which process this is, then sleep."""
    emit(os.getpid())
    time.sleep(seconds)
    return "awake"


def hang_with_gil(emit, seconds):
    """Say which process this is, then sleep in compiled code that does not release the interpreter lock."""
    emit(os.getpid())
    ctypes.PyDLL(None).sleep(int(seconds))


class Watched:
    """A server and all that it has reported."""

    def __init__(self, server):
        self.server = server
        self.submit, self.cancel = server.submit, server.cancel
        self.reports = []

    def start(self, key, fn, *args):
        """Submit a call and wait for the first thing that it emits."""
        self.submit(key, "cpu", fn, *args)
        return self._wait(lambda report: isinstance(report, StreamItem) and report.key == key).item

    def end(self, key):
        """Wait for the end of a call."""
        return self._wait(lambda report: not isinstance(report, StreamItem) and report.key == key)

    def _wait(self, wanted):
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            for report in self.reports:
                if wanted(report):
                    self.reports.remove(report)
                    return report
            self.reports += self.server.wait(1.0)
        raise AssertionError(f"it does not come; there are {self.reports}")


def pids_of(word):
    """Processes below this one whose command line holds a word, their guardians left out."""
    commands = {pid: command_of(pid) for pid in descendants(os.getpid())}
    return [pid for pid, command in commands.items() if word in command and "mofa.compute.guardian" not in command]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parsl")


@pytest.fixture(scope="module")
def shared(folder):
    settings = ServerSettings(log_dir=folder, run_dir=folder, heartbeat_limit_s=HEARTBEAT_LIMIT_S)
    with ParslServer({"cpu": 2}, settings) as made:
        yield Watched(made)


@pytest.fixture
def server(shared):
    """A server with two workers; whatever a test does to it, both work afterwards."""
    keys = [uuid.uuid4().hex for _ in range(2)]
    for step in ("before", "after"):
        if step == "after":
            yield shared
        shared.reports.clear()
        for key in keys:
            shared.submit(key, "cpu", hang, 0.1)
        assert [shared.end(key) for key in keys] == [Completed(key, "awake") for key in keys]


@pytest.mark.parametrize(("workers", "objects"), [(1, "none"), (2, "file")])
def test_parsl_conforms(workers, objects, tmp_path):
    folder = tmp_path / "with blanks, 'quotes' and {braces}"
    folder.mkdir()
    settings = ServerSettings(log_dir=tmp_path, run_dir=folder, objects=objects)
    check_task_server(lambda: ParslServer({"cpu": workers}, settings), pool="cpu", isolated=True)
    assert list(folder.iterdir()) == []


def test_parsl_is_found_by_name():
    assert SERVERS.load("parsl") is ParslServer


def test_a_killed_worker_loses_its_own_call_only(server):
    server.submit("other", "cpu", hang, 3.0)
    pid = server.start("victim", hang, 600.0)
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    lost = server.end("victim")
    assert isinstance(lost, Lost)
    assert lost.cause is Cause.WORKER_DIED
    assert "signal 9" in lost.detail
    assert time.monotonic() - begun < 1.0
    assert server.end("other") == Completed("other", "awake")


def test_a_crash_in_compiled_code_is_reported_with_its_last_words(server):
    server.submit("die", "cpu", die)
    lost = server.end("die")
    assert lost.cause is Cause.WORKER_DIED
    assert "signal 6" in lost.detail
    assert "Fatal Python error: Aborted" in lost.detail


def test_a_call_that_holds_the_interpreter_lock_is_cancelled(server):
    pid = server.start("hang", hang_with_gil, 600)
    begun = time.monotonic()
    server.cancel("hang")
    lost = server.end("hang")
    assert lost.cause is Cause.CANCELLED
    assert time.monotonic() - begun < 2.0
    assert command_of(pid) == ""


def test_cancelling_kills_what_the_call_has_started(server):
    mark = uuid.uuid4().hex
    server.start("children", children, mark)
    wait_for(mark, 3)
    server.cancel("children")
    assert server.end("children").cause is Cause.CANCELLED
    assert wait_until_gone(mark) == []


def test_a_killed_worker_of_parsl_is_replaced(server):
    """The process that hands calls over, not the one that runs them: out of memory may choose it all the same."""
    worker = server.start("victim", hang, 600.0)
    (parsls_worker,) = [pid for pid in pids_of("multiprocessing.spawn") if worker in descendants(pid)][-1:]
    os.kill(parsls_worker, signal.SIGKILL)
    lost = server.end("victim")
    assert lost.cause is Cause.WORKER_DIED
    assert command_of(worker) == ""


def test_a_killed_manager_loses_its_calls_and_is_replaced(server):
    worker = server.start("victim", hang, 600.0)
    (manager,) = pids_of("process_worker_pool")
    begun = time.monotonic()
    os.kill(manager, signal.SIGKILL)
    lost = server.end("victim")
    assert lost.cause is Cause.NODE_LOST
    assert time.monotonic() - begun < HEARTBEAT_LIMIT_S + 4.0
    assert command_of(worker) == ""


def test_a_killed_interchange_loses_its_calls_and_is_replaced(server):
    server.submit("other", "cpu", hang, 600.0)
    worker = server.start("victim", hang, 600.0)
    server.submit("waiting", "cpu", echo, 1)
    (interchange,) = pids_of("HTEX interchange") or pids_of("high_throughput.interchange")
    begun = time.monotonic()
    os.kill(interchange, signal.SIGKILL)
    for key in ("victim", "other"):
        lost = server.end(key)
        assert lost.cause is Cause.NODE_LOST
        assert "interchange" in lost.detail
    assert time.monotonic() - begun < 3.0
    assert command_of(worker) == ""
    assert server.end("waiting") == Completed("waiting", 1)


def test_secrets_are_in_no_command_line_and_readable_for_the_owner_only(server, folder):
    session = folder / "parsl" / "session"
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert b"tcp://" in session.read_bytes()
    assert not [pid for pid in descendants(os.getpid()) if "tcp://" in command_of(pid)]


def test_large_data_go_through_the_store_and_leave_it(tmp_path):
    objects = tmp_path / "objects"
    objects.mkdir()
    (objects / "left behind").write_bytes(b"by a killed campaign")
    with ParslServer({"cpu": 1}, ServerSettings(run_dir=tmp_path, objects="file")) as server:
        assert list(objects.iterdir()) == []
        server.submit("big", "cpu", double, b"x" * 500_000)
        (_, completed) = collect(server, ["big"])
        files = [path for path in objects.iterdir() if path.suffix != ".ready"]
        assert [round(path.stat().st_size, -6) for path in files] == [1_000_000], (
            "arguments are gone, the value lies here"
        )
        assert completed.value == {"doubled": b"x" * 1_000_000}
        assert completed.transit.bytes_in > 500_000
        assert completed.transit.bytes_out > 1_000_000
        assert list(objects.iterdir()) == [], "a value is fetched once"
        watched = Watched(server)
        watched.start("lost", hang_with_argument, b"x" * 500_000)
        watched.cancel("lost")
        watched.end("lost")
        assert list(objects.iterdir()) == [], "the arguments of a lost call are gone too"
    assert not objects.exists()


def hang_with_argument(emit, data):
    emit(len(data))
    time.sleep(600)


class BrokenBlocks(LocalBlocks):
    """A machine on which managers cannot start."""

    def submit(self, command, tasks_per_node, job_name="block"):
        return super().submit("sh -c 'echo no such module >&2; exit 3'", tasks_per_node, job_name)


def test_workers_that_cannot_be_started_are_said_so(tmp_path):
    blocks = Blocks(BrokenBlocks(tmp_path / "blocks"), 1, 1)
    with ParslServer({"cpu": 1}, make_blocks=lambda *_: blocks) as server:
        server.submit("call", "cpu", echo, 1)
        (lost,) = collect(server, ["call"])
        assert lost.cause is Cause.NODE_LOST
        assert "no such module" in lost.detail


def test_an_interchange_that_dies_whenever_it_is_started_is_given_up(tmp_path):
    blocks = Blocks(BrokenBlocks(tmp_path / "blocks"), 1, 1)
    lane = Lane("cpu", 1, ServerSettings(), tmp_path, lambda *_: blocks)
    lane.start()
    try:
        for _ in range(2):
            lane._executor.interchange_proc.kill()
            lane._executor.interchange_proc.wait()
            assert not lane.ready
            assert lane.submit(echo, 1) is None
            assert lane.look_after()
            assert lane.ready
        lane._executor.interchange_proc.kill()
        lane._executor.interchange_proc.wait()
        with pytest.raises(WorkersLostError, match="whenever it is started"):
            lane.look_after()
    finally:
        lane.stop()


def test_submitting_does_not_wait_for_an_interchange_that_has_just_died(tmp_path):
    """Its guardian, by which the death is seen, stands still meanwhile."""
    blocks = Blocks(BrokenBlocks(tmp_path / "blocks"), 1, 1)
    lane = Lane("cpu", 1, ServerSettings(), tmp_path, lambda *_: blocks)
    lane.start()
    try:
        guardian = lane._executor.interchange_proc
        (interchange,) = descendants(guardian.pid)
        guardian.send_signal(signal.SIGSTOP)
        os.kill(interchange, signal.SIGKILL)
        while lane._executor.outgoing_q.zmq_socket.poll(0, zmq.POLLOUT):
            time.sleep(0.01)
        assert lane.ready
        assert lane.submit(echo, 1) is None
        assert not lane.ready
        guardian.send_signal(signal.SIGCONT)
        assert lane.look_after()
        assert lane.ready
    finally:
        lane.stop()


def test_an_address_that_is_not_of_this_machine_is_refused(tmp_path):
    with pytest.raises(EngineError, match=r"192\.0\.2\.1"):
        ParslServer({"cpu": 1}, ServerSettings(run_dir=tmp_path, address="192.0.2.1"))


def test_shutdown_is_quick_whatever_runs():
    mark = uuid.uuid4().hex
    others = descendants(os.getpid())
    server = ParslServer({"cpu": 1, "gpu": 1})
    server.submit("hang", "gpu", hang_with_gil, 600)
    Watched(server).start("children", children, mark)
    wait_for(mark, 3)
    own = set(descendants(os.getpid())) - set(others)
    begun = time.monotonic()
    server.shutdown()
    assert time.monotonic() - begun < 5.0
    assert wait_until_gone(mark, 0.0) == []
    assert [command_of(pid) for pid in own if command_of(pid)] == []


SCRIPT = script_of(ParslServer)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_main_process(number):
    mark = uuid.uuid4().hex
    main = run_main(SCRIPT, mark)
    wait_for(mark, 15)
    kill_main(main, number)
    assert wait_until_gone(mark) == []


def test_no_process_outlives_a_main_process_that_is_killed_while_it_starts():
    for delay_s in (0.7, 1.5, 2.5):
        mark = uuid.uuid4().hex
        env = {**os.environ, "MOFA_TEST_MARK": mark}
        code = SCRIPT.replace("tests.compute.processes", "mofa.testing.compute").replace("children", "sleep")
        main = subprocess.Popen(["python", "-c", code, "600"], env=env, stderr=subprocess.DEVNULL)
        time.sleep(delay_s)
        main.kill()
        main.wait()
        assert wait_until_gone(mark) == []
        assert marked(mark) == []
