"""How many finished tasks a second the store takes in, on SQLite and on PostgreSQL, and what each piece of it costs.

Run from the repository root: ``python -m benchmarks.store_throughput``. Four producers leave results as workers do:
a trajectory in the file store, then the result in the outbox, each forced to disk. One consumer takes in what has
arrived as the thinker does: it reads the outbox, commits the group, clears the outbox. The producers without anybody
who commits show what the disk allows at most. Everything lies in ``TMPDIR``; on a tmpfs nothing waits for a disk.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

from mofa.chemistry import Stage
from mofa.store.events import EventStore
from mofa.store.files import FileStore
from mofa.store.folder import CampaignFolder
from mofa.store.outbox import Outbox, OutboxName
from mofa.store.payloads import Event, EventKind, Item, Status, TaskResult, Timing
from tests.services import postgres_cluster, postgres_programs

PRODUCERS = 4
RECORDS = 500
"""Of each producer."""
TRAJECTORY_BYTES = 100_000
BAR = 300
"""Records a second that a campaign needs."""


def result_of(n: int, ref: str) -> TaskResult:
    """What a validation leaves: about 1 kB."""
    trace = tuple(0.01 * step + 1e-9 * n for step in range(20))
    value = {
        "framework": {"$cif": ref},
        "strain": trace[-1],
        "strain_inverted": trace[-1],
        "strain_trace": trace,
        "steps": 20_000,
        "steps_per_chunk": 1000,
        "timestep_fs": 0.5,
        "temperature_k": 300.0,
        "pressure_pa": 101325.0,
        "supercell": (2, 2, 2),
        "volume_ratio": 1.02,
        "method": "uff4mof",
        "cpu_s": 300.0,
    }
    item = Item(f"mof-{n:032d}", ref, score=trace[-1], value=value)
    return TaskResult(Status.DONE, (item,), Timing("host/1234", 1.7e9, 1.7e9 + 300, 300.0))


def event_of(name: OutboxName, payload: dict[str, object]) -> Event:
    """The event that commits a result."""
    return Event(f"result-{name}", time.time(), EventKind.RESULT, name.task_id, str(Stage.VALIDATE), payload)


def produce(root: Path, producer: int, start: multiprocessing.synchronize.Barrier, reports: object) -> None:
    """One worker: its results one after another, each reported when it is safe on disk."""
    folder = CampaignFolder(root)
    files, outbox = folder.files, folder.outbox
    trajectories = [os.urandom(TRAJECTORY_BYTES) for _ in range(RECORDS)]
    start.wait()
    for n, trajectory in enumerate(trajectories):
        name = OutboxName(f"validate-{producer}-{n}")
        outbox.write(name, result_of(n, files.put(trajectory, ".xyz")).to_json())
        reports.send(name)  # type: ignore[attr-defined]


def arrivals(reports: list[object]) -> Iterator[list[OutboxName]]:
    """What has been reported since the last time, until all is there."""
    missing = PRODUCERS * RECORDS
    while missing:
        names: list[OutboxName] = []
        while ready := wait(reports, timeout=None if not names else 0):  # type: ignore[arg-type]
            names += [pipe.recv() for pipe in ready]  # type: ignore[union-attr]
            if len(names) == missing:
                break
        missing -= len(names)
        yield names


def consume(events: EventStore, outbox: Outbox, reports: list[object]) -> list[int]:
    """The thinker: commit what has arrived; the sizes of the groups."""
    groups = []
    for names in arrivals(reports):
        group = []
        for name in names:
            payload = outbox.read(name)
            assert payload is not None
            group.append(event_of(name, payload))
        assert all(events.append_all(group))
        for name in names:
            outbox.clear(name)
        groups.append(len(names))
    return groups


@contextmanager
def producers(root: Path) -> Iterator[list[object]]:
    """Start the producers together; the pipes that they report through."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(PRODUCERS + 1)
    pipes = [context.Pipe(duplex=False) for _ in range(PRODUCERS)]
    workers = [
        context.Process(target=produce, args=(root, n, start, sender), daemon=True)
        for n, (_, sender) in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    start.wait()
    yield [receiver for receiver, _ in pipes]
    for worker in workers:
        worker.join()


def bound(folder: CampaignFolder) -> None:
    """Records a second that the producers leave while nobody takes them in."""
    with producers(folder.root) as reports:
        started_s = time.perf_counter()
        for _ in arrivals(reports):
            pass
        rate = PRODUCERS * RECORDS / (time.perf_counter() - started_s)
    print(f"  {'4 producers, nobody commits':<44} {rate:8.0f} records/s")


def throughput(folder: CampaignFolder) -> float:
    """Records a second with all producers at work."""
    with folder.lock(), folder.events() as events, producers(folder.root) as reports:
        started_s = time.perf_counter()
        groups = consume(events, folder.outbox, reports)
        rate = PRODUCERS * RECORDS / (time.perf_counter() - started_s)
        assert sum(1 for _ in events.read()) == PRODUCERS * RECORDS
    assert folder.outbox.names() == []
    print(f"  {'all together, 4 producers':<44} {rate:8.0f} records/s   (groups of {statistics.mean(groups):.1f})")
    return rate


def timed(what: str, piece: Callable[[int], object], n: int = 200, *, records: int = 1) -> None:
    """Median and 95th percentile of a piece, and its rate alone."""
    times = []
    for index in range(n):
        started_s = time.perf_counter()
        piece(index)
        times.append(time.perf_counter() - started_s)
    median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    rate = records * n / sum(times)
    print(f"  {what:<44} {rate:8.0f} records/s   median {median * 1e3:6.2f}  p95 {p95 * 1e3:6.2f} ms")


def pieces(root: Path) -> None:
    """Files and outbox, one after another."""
    files, outbox = FileStore(root / "files"), Outbox(root / "outbox")
    for store in (files, outbox):
        store.root.mkdir()
    trajectories = [os.urandom(TRAJECTORY_BYTES) for _ in range(200)]
    payload = result_of(0, "0" * 32).to_json()

    def plain_file(n: int) -> None:
        with (root / f"plain-{n}").open("xb") as stream:
            stream.write(trajectories[n])
            stream.flush()
            os.fsync(stream.fileno())

    print(f"pieces alone, one process, {TRAJECTORY_BYTES // 1000} kB trajectories")
    timed("write a file and fsync it", plain_file)
    timed("FileStore.put", lambda n: files.put(trajectories[n], ".xyz"))
    timed("FileStore.put of known content", lambda n: files.put(trajectories[n], ".xyz"))
    timed("Outbox.write", lambda n: outbox.write(OutboxName(f"task-{n}"), payload))
    timed("Outbox.read", lambda n: outbox.read(OutboxName(f"task-{n}")))
    timed("Outbox.clear", lambda n: outbox.clear(OutboxName(f"task-{n}")))


def commits(events: EventStore) -> None:
    """Groups of results, alone."""
    payload = result_of(0, "0" * 32).to_json()
    for size in (1, 8, 64):

        def commit(n: int, size: int = size) -> None:
            events.append_all([event_of(OutboxName(f"alone-{size}-{n}-{m}"), payload) for m in range(size)])

        timed(f"commit alone, groups of {size}", commit, 100, records=size)


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """URLs by name: SQLite, and a PostgreSQL server of our own that waits for the disk."""
    programs = postgres_programs()
    if programs is None:
        print("PostgreSQL is left out: apt-get install postgresql")
        yield {"SQLite": ""}
        return
    with postgres_cluster(programs, durable=True) as url:
        yield {"SQLite": "", "PostgreSQL": url}


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as scratch, databases() as urls:
        root = Path(scratch)
        pieces(root)
        bound(CampaignFolder.create(root / "bound", ""))
        for name, url in urls.items():
            print(name)
            alone = CampaignFolder.create(root / f"{name}-alone", "", database_url=url)
            with alone.events() as events:
                commits(events)
            rate = throughput(CampaignFolder.create(root / name, "", database_url=url))
            print(f"  {'bar':<44} {BAR:8.0f} records/s   {'held' if rate >= BAR else 'MISSED'}")


if __name__ == "__main__":
    main()
