"""What the campaign itself costs: commits, decisions, and how long a slot waits for its next task.

Run from the repository root: ``python -m benchmarks.campaign_overhead``. Task functions are the tests' stand-ins, so
that nearly all the time measured is overhead. Servers are compared side by side in one run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from mofa.campaign import CampaignPlan, PolicySettings, Pool, Silent, SlotPlan, StopRules, TaskKind
from mofa.campaign.policy import Policy
from mofa.campaign.running import make_server
from mofa.campaign.settings import DOWNSTREAM_FIRST
from mofa.campaign.state import CampaignState
from mofa.campaign.thinker import Thinker
from mofa.campaign.workplace import Workplace
from mofa.compute import SERVERS, Completed, Emit, Lost, Report, ServerSettings, StreamItem, TaskServer
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind
from mofa.store.records import load
from tests.campaign import standins

EVENTS = 300
UPTAKES = 60
RESULTS = 200
MEGABYTE = 1_000_000
SERVERS_COMPARED = ("pool", "parsl")


class TimedServer:
    """Another server, and how long its slots waited: from the end of a call on the worker to the next submission."""

    def __init__(self, server: TaskServer) -> None:
        self._server = server
        self._ended_s: dict[str, deque[float]] = defaultdict(deque)
        self._pools: dict[str, str] = {}
        self.gaps_ms: dict[str, list[float]] = defaultdict(list)
        """By pool."""

    def wait(self, timeout_s: float) -> list[Report]:
        for waiting in self._ended_s.values():
            waiting.clear()  # there was nothing to submit
        reports = self._server.wait(timeout_s)
        for report in reports:
            if isinstance(report, Completed):
                self._ended_s[self._pools.pop(report.key)].append(report.transit.ended_s)
        return reports

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        self._server.submit(key, pool, fn, *args)
        self._pools[key] = pool
        if self._ended_s[pool]:
            self.gaps_ms[pool].append((time.time() - self._ended_s[pool].popleft()) * 1e3)

    def cancel(self, key: str) -> None:
        self._server.cancel(key)

    def shutdown(self) -> None:
        self._server.shutdown()

    def __enter__(self) -> TimedServer:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(*error)


def show(what: str, values: Sequence[float], unit: str) -> None:
    """Median and 95th percentile."""
    p95 = statistics.quantiles(values, n=20)[-1]
    print(f"{what:<64} n {len(values):5d}  median {statistics.median(values):8.2f}  p95 {p95:8.2f} {unit}", flush=True)


def commits(folder: CampaignFolder) -> None:
    """Time to append an event of 2 kB."""
    with folder.events() as store:
        for kind in (EventKind.SUBMITTED, EventKind.RESULT):
            times = []
            for n in range(EVENTS):
                event = Event(f"{kind}-{n}", 0.0, kind, f"task-{n}", "validate", {"text": "x" * 2000})
                started = time.perf_counter()
                store.append(event)
                times.append((time.perf_counter() - started) * 1e3)
            show(f"commit of an event ({kind})", times, "ms")


def megabyte(emit: Emit, n: int) -> bytes:
    """A large result, after a little work."""
    emit(time.time())
    time.sleep(0.02)
    return bytes([n % 256]) * MEGABYTE


def release(name: str, objects: str) -> None:
    """A slot gives a result of 1 MB: until its next call is sent, and until a streamed item is here."""
    from benchmarks.campaign_overhead import megabyte  # workers cannot import from __main__

    items_ms, touched_ms = [], []
    with tempfile.TemporaryDirectory() as scratch:
        settings = ServerSettings(run_dir=Path(scratch, "run"), objects=objects)
        with TimedServer(SERVERS.load(name)({"cpu": 2}, settings)) as server:
            for n in range(2):
                server.submit(f"call-{n}", "cpu", megabyte, n)
            sent, ended = 2, 0
            while ended < RESULTS:
                reports = server.wait(1.0)
                assert not any(isinstance(report, Lost) for report in reports), reports
                now_s = time.time()
                items_ms += [(now_s - report.item) * 1e3 for report in reports if isinstance(report, StreamItem)]
                done = [report for report in reports if isinstance(report, Completed)]
                for _ in done:
                    server.submit(f"call-{sent}", "cpu", megabyte, sent)
                    sent += 1
                for report in done:
                    started = time.perf_counter()
                    assert len(report.value) == MEGABYTE
                    touched_ms.append((time.perf_counter() - started) * 1e3)
                ended += len(done)
    label = f"{name}, objects {objects}"
    show(f"slot release to next submit, results of 1 MB ({label})", server.gaps_ms["cpu"][10:], "ms")
    show(f"  then the data are fetched ({label})", touched_ms[10:], "ms")
    show(f"  streamed item to submitter ({label})", items_ms[10:], "ms")


def campaign(root: Path, name: str, server_name: str, slots: SlotPlan) -> None:
    """A stand-in campaign."""
    plan = CampaignPlan(
        options=standins.options(delay_s=0.05),
        policy=PolicySettings(max_mofs_per_linker=20),
        stop=StopRules(max_uptakes=UPTAKES, grace_s=1.0),
        slots=slots,
        server=server_name,
        functions=standins.FUNCTIONS,
    )
    plan = replace(plan, server_settings=replace(plan.server_settings, objects="file"))
    folder = CampaignFolder.create(root / f"{name}-{server_name}", "")
    with folder.lock(), folder.events() as events, TimedServer(make_server(plan, folder)) as server:
        workplace = Workplace(str(folder.root), plan.options, plan.functions)
        thinker = Thinker(Policy(plan.policy, seed=1), server, folder, events, workplace, plan, Silent())
        summary = thinker.run()
    gaps_ms = server.gaps_ms["cpu" if "cpu" in slots.pools else "validate"]
    show(f"slot release to next submit in a campaign ({server_name}, {name})", gaps_ms, "ms")
    tasks = load(folder.root).tasks
    print(f"  {len(tasks)} tasks in {summary.elapsed_s:.1f} s = {len(tasks) / summary.elapsed_s:.0f} tasks/s")
    if server_name == SERVERS_COMPARED[0]:
        replay(folder, plan)


def replay(folder: CampaignFolder, plan: CampaignPlan) -> None:
    """Time to get the state back, and time of a decision in that state."""
    state = CampaignState(Policy(plan.policy, seed=1))
    with folder.events() as events:
        history = list(events.read())
    started = time.perf_counter()
    state.replay(history)
    elapsed_s = time.perf_counter() - started
    print(f"  replay of {len(history)} events: {elapsed_s * 1e3:.0f} ms = {len(history) / elapsed_s:.0f} events/s")
    times = []
    for _ in range(100):
        for kind in DOWNSTREAM_FIRST:
            started = time.perf_counter()
            state.policy.choose(kind)
            times.append((time.perf_counter() - started) * 1e6)
    show("  policy decision", times, "us")


def main() -> None:
    """Print all figures."""
    cheap = tuple(kind for kind in DOWNSTREAM_FIRST if kind is not TaskKind.VALIDATE)
    layouts = {
        "one pool for all": SlotPlan.shared(2),
        "validate apart": SlotPlan({"validate": Pool(2, (TaskKind.VALIDATE,)), "helper": Pool(1, cheap)}),
    }
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        commits(CampaignFolder.create(root / "commits", ""))
        for server_name in SERVERS_COMPARED:
            release(server_name, "file")
        for name, slots in layouts.items():
            for server_name in SERVERS_COMPARED:
                campaign(root, name, server_name, slots)


if __name__ == "__main__":
    main()
