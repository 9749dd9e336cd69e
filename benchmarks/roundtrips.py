"""What it costs to run a call: round trips by size and by the way of the data, calls per second, streams.

Run from the repository root, on an idle machine: ``python -m benchmarks.roundtrips``. Redis columns need the program
redis-server; the benchmark starts one of its own.

A round trip goes from the submission to the value in hand. With an object store the report of the call's end is there
earlier: what a slot waits for is the *release*, from the end of the function on the worker to the next submission.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mofa.compute import Completed, Emit, Lost, ServerSettings, StreamItem, TaskServer
from mofa.compute.htex import Lane, local_blocks
from mofa.compute.parsl import ParslServer
from mofa.compute.pool import PoolServer
from mofa.testing.compute import collect, echo
from tests.services import redis_server

SIZES_MB = (0, 1, 10)
ROUNDS = {0: 100, 1: 30, 10: 10}
WARM_UP = 5
N_CALLS = 1000
STREAM_BYTES = 100_000
STREAM_ITEMS = 50


@dataclass(frozen=True)
class Trip:
    """Medians, ms."""

    round_trip: float
    release: float | None
    """None where it cannot be told."""


def same(data: bytes) -> bytes:
    """What plain Parsl is given to do."""
    return data


def stream(emit: Emit) -> None:
    """Emit bulky items with the time."""
    payload = os.urandom(STREAM_BYTES)
    for _ in range(STREAM_ITEMS):
        emit((time.time(), payload))
        time.sleep(0.02)


def completed(server: TaskServer) -> Completed:
    """Wait for the end of the only call."""
    while True:
        for report in server.wait(10.0):
            assert not isinstance(report, Lost), report
            if isinstance(report, Completed):
                return report


def trip(server: TaskServer, megabytes: int) -> Trip:
    """Round trips of one call at a time, each submitted before the value of the last is touched."""
    data = os.urandom(megabytes * 1_000_000)
    round_trips, releases = [], []
    for number in range(ROUNDS[megabytes] + WARM_UP):
        begun = time.perf_counter()
        server.submit("call", "cpu", echo, data)
        report = completed(server)
        assert len(report.value) == len(data)
        taken = time.perf_counter() - begun
        server.submit("first", "cpu", echo, data)
        report = completed(server)
        server.submit("second", "cpu", echo, b"")
        release = time.time() - report.transit.ended_s
        completed(server)
        assert len(report.value) == len(data)
        if number >= WARM_UP:
            round_trips.append(taken)
            releases.append(release)
    return Trip(statistics.median(round_trips) * 1e3, statistics.median(releases) * 1e3)


def plain_trip(lane: Lane, megabytes: int) -> Trip:
    """The same through Parsl's executor alone."""
    data = os.urandom(megabytes * 1_000_000)
    taken = []
    for _ in range(ROUNDS[megabytes] + WARM_UP):
        begun = time.perf_counter()
        future = lane.submit(same, data)
        assert future is not None
        assert future.result() == data
        taken.append(time.perf_counter() - begun)
    return Trip(statistics.median(taken[WARM_UP:]) * 1e3, None)


def calls_per_second(server: TaskServer) -> float:
    """Calls that do nothing, all of them submitted at once."""
    keys = [f"call-{number}" for number in range(N_CALLS)]
    begun = time.perf_counter()
    for key in keys:
        server.submit(key, "cpu", echo, None)
    collect(server, keys)
    return N_CALLS / (time.perf_counter() - begun)


def plain_calls_per_second(lane: Lane) -> float:
    """The same through Parsl's executor alone."""
    begun = time.perf_counter()
    futures = [lane.submit(same, b"") for _ in range(N_CALLS)]
    for future in futures:
        assert future is not None
        future.result()
    return N_CALLS / (time.perf_counter() - begun)


def stream_latency_ms(server: TaskServer) -> float:
    """From `emit` in the call to the item in the submitter's hands, median."""
    latencies = []
    server.submit("stream", "cpu", stream)
    while len(latencies) < STREAM_ITEMS:
        reports = server.wait(10.0)
        now = time.time()
        latencies += [now - report.item[0] for report in reports if isinstance(report, StreamItem)]
    completed(server)
    return statistics.median(latencies) * 1e3


@contextmanager
def plain_parsl(folder: Path) -> Iterator[Lane]:
    """Parsl's executor with two workers, nothing of MOFA in it but the guardians."""
    lane = Lane("cpu", 2, ServerSettings(), folder, local_blocks)
    lane.start()
    try:
        yield lane
    finally:
        lane.stop()


def servers(stack: ExitStack, folder: Path) -> dict[str, Callable[[], TaskServer]]:
    """The servers to be compared, by name."""

    def parsl(**options: str) -> Callable[[], TaskServer]:
        return lambda: ParslServer({"cpu": 2}, ServerSettings(**options))  # type: ignore[arg-type]

    found: dict[str, Callable[[], TaskServer]] = {
        "pool": lambda: PoolServer({"cpu": 2}),
        "parsl": parsl(),
        "parsl+file": parsl(objects="file"),
    }
    program = shutil.which("redis-server")
    if program:
        url, _ = stack.enter_context(redis_server(program, folder))
        found["parsl+redis"] = parsl(objects="redis", stream="redis", redis_url=url)
    return found


def table(title: str, rows: Mapping[str, Mapping[str, float | None]], reference: str) -> None:
    """Print numbers side by side; in brackets how many times the reference they are."""
    columns = list(next(iter(rows.values())))
    print(f"\n{title:<26}" + "".join(f"{column:>18}" for column in columns))
    for name, row in rows.items():
        base = row[reference]
        cells = []
        for value in row.values():
            ratio = f"({value / base:.2f})" if value is not None and base else ""
            cells.append(f"{'-' if value is None else f'{value:.1f}':>10} {ratio:>7}")
        print(f"{name:<26}" + "".join(cells))


def main() -> None:
    """Measure and print."""
    trips: dict[int, dict[str, Trip]] = {size: {} for size in SIZES_MB}
    rates: dict[str, float | None] = {}
    latencies: dict[str, float | None] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mofa-benchmark-")))
        with plain_parsl(folder / "plain") as lane:
            for size in SIZES_MB:
                trips[size]["parsl alone"] = plain_trip(lane, size)
            rates["parsl alone"] = plain_calls_per_second(lane)
            latencies["parsl alone"] = None
        for name, make in servers(stack, folder).items():
            with make() as server:
                for size in SIZES_MB:
                    trips[size][name] = trip(server, size)
                rates[name] = calls_per_second(server)
                latencies[name] = stream_latency_ms(server)
    both = {f"{size} MB": row for size, row in trips.items()}
    table("round trip, ms", {n: {k: t.round_trip for k, t in row.items()} for n, row in both.items()}, "parsl alone")
    table("release, ms", {n: {k: t.release for k, t in row.items()} for n, row in both.items()}, "parsl")
    table("no-ops on 2 workers", {"calls/s": rates}, "parsl alone")
    table(f"stream of {STREAM_BYTES // 1000} kB items", {"latency, ms": latencies}, "parsl")


if __name__ == "__main__":
    from benchmarks.roundtrips import main as importable_main  # workers import what they are given to do

    importable_main()
