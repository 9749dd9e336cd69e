"""Data apart from control: object stores, packing, streams, orders, and the book that brings them together."""

from __future__ import annotations

import pickle
import time

import pytest
import zmq

from mofa.compute import OBJECT_STORES, STREAMS, Cause, Completed, Lost, ServerSettings, StreamItem, Transit
from mofa.compute.calls import CallBook
from mofa.compute.control import Control, Order, Orders
from mofa.compute.objects import FileObjects, Packing
from mofa.compute.pool import PoolServer
from mofa.compute.remote import Outcome, Session
from mofa.compute.signing import sign
from mofa.compute.streams import ZmqStream, emitter
from mofa.compute.worker import ITEM, STARTED, VALUE
from mofa.errors import EngineError, EngineMissingError
from mofa.testing.compute import check_object_store, double, echo

BULKY = b"x" * 200_000


def wait_for_items(stream, n):
    items, deadline = [], time.monotonic() + 10.0
    while len(items) < n and time.monotonic() < deadline:
        items += stream.receive(0.5)
    return items


@pytest.fixture
def packing(tmp_path):
    return Packing.open(ServerSettings(run_dir=tmp_path, objects="file"))


def n_files(tmp_path):
    return len([path for path in (tmp_path / "objects").iterdir() if path.suffix != ".ready"])


@pytest.mark.parametrize("shared", [True, False])
def test_file_objects_conform(shared, tmp_path):
    check_object_store(FileObjects(ServerSettings(run_dir=tmp_path if shared else None)))
    assert list(tmp_path.iterdir()) == []


def test_names():
    assert OBJECT_STORES.load("none")(ServerSettings()) is None
    assert STREAMS.load("zmq") is ZmqStream
    with pytest.raises(EngineMissingError, match="file, none, redis"):
        Packing.open(ServerSettings(objects="pigeons"))
    with pytest.raises(EngineMissingError):
        emitter("pigeon://dovecote")


def test_only_bulky_objects_lie_in_the_store(packing, tmp_path):
    small, large = packing.pack(b"small"), packing.pack(BULKY)
    assert n_files(tmp_path) == 1
    assert packing.unpack(small) == b"small"
    assert packing.unpack(large) == packing.unpack(large) == BULKY, "arguments can be read for a second try"
    packing.evict(large)
    assert n_files(tmp_path) == 0
    with pytest.raises(LookupError):
        packing.unpack(large)


def test_a_lazy_value_is_read_when_it_is_touched_and_then_gone(packing, tmp_path):
    packed = packing.pack({"data": BULKY})
    value = packing.lazy(pickle.loads(pickle.dumps(packed)))
    assert n_files(tmp_path) == 1
    assert value["data"] == BULKY
    assert isinstance(value, dict)
    assert n_files(tmp_path) == 0
    assert len(value) == 1


def test_what_a_killed_process_left_is_removed(tmp_path):
    settings = ServerSettings(run_dir=tmp_path, objects="file")
    Packing.open(settings).pack(BULKY)
    assert n_files(tmp_path) == 1
    Packing.open(settings)
    assert n_files(tmp_path) == 0


def test_the_pool_uses_the_store(tmp_path):
    with PoolServer({"cpu": 1}, ServerSettings(run_dir=tmp_path, objects="file")) as server:
        server.submit("big", "cpu", double, BULKY)
        reports = []
        while len(reports) < 2:
            reports += server.wait(5.0)
        assert n_files(tmp_path) == 1
        assert reports == [StreamItem("big", len(BULKY)), Completed("big", {"doubled": BULKY + BULKY})]
        assert n_files(tmp_path) == 0


def test_a_stream_keeps_the_order():
    stream = ZmqStream(ServerSettings())
    emit = emitter(stream.address)
    for number in range(100):
        emit("key", number)
    assert wait_for_items(stream, 100) == [("key", number) for number in range(100)]
    assert stream.receive(0.0) == []
    stream.close()


def test_messages_without_the_secret_are_dropped_unread():
    stream = ZmqStream(ServerSettings())
    url = stream.address.removeprefix("zmq:").partition("#")[0]
    with zmq.Context() as context, context.socket(zmq.PUSH) as stranger:
        stranger.connect(url)
        for message in (b"", b"short", sign(pickle.dumps(("key", 1)), secret="guessed")):
            stranger.send(message)
        emitter(stream.address)("key", "genuine")
        assert wait_for_items(stream, 1) == [("key", "genuine")]
    stream.close()


def test_addresses_of_other_machines_are_refused():
    with pytest.raises(EngineError, match=r"192\.0\.2\.1"):
        ZmqStream(ServerSettings(address="192.0.2.1"))


def test_orders_reach_who_listens():
    control = Control(ServerSettings())
    orders = Orders(control.address)
    seen, deadline = set(), time.monotonic() + 10.0
    while not seen and time.monotonic() < deadline:  # the first may come before the subscription
        control.give(Order.STOP, "17")
        if orders.socket.poll(50):
            seen = orders.read()
    assert seen == {(Order.STOP, "17")}
    control.close()


def test_a_session_file_is_for_its_owner_only(tmp_path):
    session = Session("zmq:somewhere", "elsewhere", Packing())
    path = tmp_path / "session"
    session.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Session.read(str(path)) == session
    with pytest.raises(FileExistsError):
        session.write(path)


@pytest.fixture
def book(packing):
    return CallBook(packing)


def value(packing, what):
    return VALUE + pickle.dumps((packing.pack(what), Transit("node:1")))


def item(what):
    return ITEM + pickle.dumps(what)


def test_an_end_waits_for_the_items_before_it(book, packing):
    call = book.open("key", "cpu", echo, (1,))
    book.item(call.token, item("first"))
    assert not book.has_ended(call)
    book.outcome(call, Outcome(2, value(packing, "end")))
    assert book.take() == [StreamItem("key", "first")]
    assert 4.0 < book.due_s() <= 5.0
    assert book.has_ended(call)
    book.item(call.token, item("second"))
    assert book.take() == [StreamItem("key", "second"), Completed("key", "end")]
    book.item(call.token, item("a thread that outlived the call"))
    assert book.take() == []
    assert book.due_s() == float("inf")


def test_an_end_does_not_wait_for_ever(book, packing, monkeypatch):
    monkeypatch.setattr("mofa.compute.calls.PATIENCE_S", 0.05)
    call = book.open("key", "cpu", echo, (1,))
    book.outcome(call, Outcome(1, value(packing, "end")))
    assert book.take() == []
    time.sleep(book.due_s())
    assert book.take() == [Completed("key", "end")]


def test_the_items_of_a_lost_call_come_first(book):
    call = book.open("key", "cpu", echo, (1,))
    book.item(call.token, STARTED + b"node:1")
    book.lost(call, Cause.WORKER_DIED, "gone")
    book.item(call.token, item("last words"))
    assert book.take() == [StreamItem("key", "last words")]
    time.sleep(book.due_s())
    assert book.take() == [Lost("key", Cause.WORKER_DIED, "gone")]


def test_a_second_try_is_not_mistaken_for_the_first(book, packing):
    first = book.open("key", "cpu", echo, (1,))
    book.lost(first, Cause.WORKER_DIED, "gone")
    book.take()
    second = book.open("key", "cpu", echo, (1,))
    book.item(first.token, item("late"))
    book.outcome(first, Outcome(0, value(packing, "late")))
    book.outcome(second, Outcome(0, value(packing, "right")))
    assert book.take() == [Completed("key", "right")]


def test_arguments_leave_the_store_with_their_call(book, tmp_path):
    call = book.open("key", "cpu", echo, (BULKY,))
    assert n_files(tmp_path) == 1
    book.lost(call, Cause.WORKER_DIED, "gone")
    assert n_files(tmp_path) == 0
