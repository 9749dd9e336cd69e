"""The virtual clock: calls take the time they are said to take, on as many workers as there are."""

from __future__ import annotations

import pytest

from mofa.compute import SERVERS, Cause, Completed, Lost, StreamItem
from mofa.compute.simulated import SimulatedServer
from mofa.testing.compute import check_task_server, count, echo, fail

INFINITY = float("inf")


def server_of(slots=1, *, lasts_s=10.0, latency_s=1.0):
    return SimulatedServer({"cpu": slots}, duration=lambda fn, args, value: lasts_s, latency_s=latency_s, start_s=0.0)


def timeline(server):
    """Every report with the time at which it came."""
    found = []
    while reports := server.wait(INFINITY):
        found += [(server.now_s, report) for report in reports]
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_it_conforms(workers):
    check_task_server(lambda: SimulatedServer({"cpu": workers}), pool="cpu", isolated=False)


def test_it_is_found_by_name():
    assert SERVERS.load("simulated") is SimulatedServer


def test_calls_wait_for_a_worker_and_run_in_order():
    server = server_of(2)
    for key in "abcde":
        server.submit(key, "cpu", echo, key)
    ends = [(time_s, report.key) for time_s, report in timeline(server)]
    assert ends == [(12.0, "a"), (12.0, "b"), (22.0, "c"), (22.0, "d"), (32.0, "e")]


def test_reports_say_where_a_call_was_when():
    server = server_of()
    server.submit("first", "cpu", echo, 1)
    server.submit("second", "cpu", echo, 2)
    transits = {report.key: report.transit for _, report in timeline(server)}
    assert (transits["first"].started_s, transits["first"].ended_s) == (1.0, 11.0)
    assert (transits["second"].started_s, transits["second"].ended_s) == (11.0, 21.0)
    assert transits["second"].worker == "cpu:0"


def test_items_are_spread_over_the_call():
    server = server_of()
    server.submit("stream", "cpu", count, 4)
    *items, (end_s, end) = timeline(server)
    assert [(time_s, report.item) for time_s, report in items] == [(4.5, 0), (7.0, 1), (9.5, 2), (12.0, 3)]
    assert (end_s, end) == (12.0, Completed("stream", "end"))


def test_a_call_that_is_stopped_ends_with_its_next_item():
    server = server_of()
    server.submit("stream", "cpu", count, 4)
    server.submit("next", "cpu", echo, 1)
    server.spend(5.0)
    server.stop("stream")  # word arrives at 6.0, as the second item is made
    found = timeline(server)
    assert [(time_s, report.item) for time_s, report in found[:2]] == [(5.0, 0), (7.0, 1)]
    assert found[2] == (7.0, Completed("stream", "end"))
    assert found[2][1].transit.ended_s == 6.0
    assert found[3] == (17.0, Completed("next", 1)), "the worker goes on at once"


def test_a_call_that_is_stopped_while_it_waits_gives_its_first_item():
    server = server_of()
    server.submit("first", "cpu", echo, 1)
    server.submit("stream", "cpu", count, 4)
    server.stop("stream")
    ends = [(time_s, report) for time_s, report in timeline(server) if report.key == "stream"]
    assert ends == [(14.5, StreamItem("stream", 0)), (14.5, Completed("stream", "end"))]


def test_a_wait_moves_the_clock_by_its_timeout_when_nothing_happens():
    server = server_of()
    assert server.wait(5.0) == []
    assert server.now_s == 5.0
    server.submit("a", "cpu", echo, 1)
    assert server.wait(3.0) == []
    assert server.now_s == 8.0
    assert [report.key for report in server.wait(100.0)] == ["a"]
    assert server.now_s == 17.0
    assert server.wait(INFINITY) == []
    assert server.now_s == 17.0


def test_reports_wait_for_a_busy_submitter():
    server = server_of(2)
    server.submit("a", "cpu", echo, 1)
    server.spend(3.0)
    server.submit("b", "cpu", echo, 2)
    server.spend(50.0)
    assert [report.key for report in server.wait(0.0)] == ["a", "b"]
    assert server.now_s == 53.0
    assert server.running == {}


def test_what_runs_now_can_be_asked():
    server = server_of()
    server.submit("a", "cpu", echo, 1)
    server.submit("b", "cpu", echo, 1)
    server.wait(5.0)
    assert server.running == {"a": 1.0}


def test_a_cancelled_call_frees_its_worker_and_loses_what_it_had_not_sent_yet():
    server = server_of()
    server.submit("stream", "cpu", count, 4)
    server.submit("next", "cpu", echo, 1)
    assert [report.item for report in server.wait(100.0)] == [0]
    server.cancel("stream")
    reports = timeline(server)
    assert (6.5, Lost("stream", Cause.CANCELLED, "cancelled")) in reports
    assert [report for _, report in reports if isinstance(report, StreamItem)] == []
    assert (16.5, Completed("next", 1)) in reports
    assert len(reports) == 2


def test_a_call_that_waits_is_cancelled_without_being_made():
    server, made = server_of(), []
    server.submit("a", "cpu", echo, 1)
    server.submit("b", "cpu", lambda emit: made.append("b"))
    server.cancel("b")
    assert [report.key for _, report in timeline(server)] == ["b", "a"]
    assert not made


def test_a_call_that_was_faster_is_not_cancelled():
    server = server_of()
    server.submit("a", "cpu", echo, 1)
    server.wait(11.5)
    server.cancel("a")
    assert timeline(server) == [(12.0, Completed("a", 1))]


def test_a_failure_takes_its_time():
    server = server_of()
    server.submit("a", "cpu", fail, "on purpose")
    ((time_s, lost),) = timeline(server)
    assert (time_s, lost.cause) == (12.0, Cause.RAISED)
