"""A worker of Parsl answers each call with its own end, whatever goes wrong between."""

from __future__ import annotations

import os
import time

import pytest

from mofa.compute import Completed, Lost, ServerSettings
from mofa.compute.control import Control, Order
from mofa.compute.objects import Packing
from mofa.compute.remote import Session, _Slot
from mofa.compute.streams import ZmqStream
from mofa.compute.worker_process import read_report
from mofa.errors import EngineError
from mofa.testing.compute import echo, sleep

PACKING = Packing()


class Slot(_Slot):
    """One that gives reports."""

    def report(self, token, fn, *args):
        return read_report(token, self.run(token, PACKING.pack((fn, args))).report, PACKING)


@pytest.fixture
def slot():
    settings = ServerSettings()
    stream, control = ZmqStream(settings), Control(settings)
    slot = Slot(Session(stream.address, control.address, PACKING), "pool")
    yield slot
    slot._worker.release()
    control.close()
    stream.close()


def test_after_a_lost_stream_the_next_call_gets_its_own_answer(slot, monkeypatch):
    def lost(token, message):
        raise EngineError("the stream was lost")

    with monkeypatch.context() as patch:
        patch.setattr(slot, "_emit", lost)
        with pytest.raises(EngineError, match="the stream was lost"):
            slot.report("first", sleep, 600.0)
    assert slot.report("second", echo, 2) == Completed("second", 2)


class LateOrders:
    """An order to kill the call ``late`` that is read when its answer has arrived."""

    def __init__(self, slot):
        self.slot = slot
        self.socket, writer = os.pipe()
        with open(writer, "wb") as stream:
            stream.write(b"an order")

    def read(self):
        self.slot._worker.calls.poll(None)  # the worker says that it has started
        time.sleep(0.5)
        return {(Order.KILL, "late")}


def test_a_call_that_is_killed_too_late_does_not_harm_the_next(slot):
    assert slot.report("warm", echo, 0) == Completed("warm", 0)
    orders, slot._orders = slot._orders, LateOrders(slot)
    late = slot.report("late", echo, 1)
    os.close(slot._orders.socket)
    slot._orders = orders
    assert not isinstance(late, Lost)
    assert slot.report("next", sleep, 0.3) == Completed("next", "awake")
