"""What the campaign itself costs: commits, decisions, and how long a slot waits for its next task.

Run from the repository root: ``python -m benchmarks.campaign_overhead``. Task functions are the tests' stand-ins, so
that nearly all the time measured is overhead.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mofa.campaign import CampaignPlan, PolicySettings, Silent, SlotPlan, StopRules
from mofa.campaign.policy import Policy
from mofa.campaign.settings import DOWNSTREAM_FIRST
from mofa.campaign.state import CampaignState
from mofa.campaign.thinker import Thinker
from mofa.campaign.workplace import Workplace
from mofa.compute import Completed, Report
from mofa.compute.pool import PoolServer
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind
from mofa.store.records import load
from tests.campaign import standins

EVENTS = 300
UPTAKES = 100


class TimedServer(PoolServer):
    """Notes how long it takes from the report of a task's end to the next submission."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.gaps_ms: list[float] = []
        self._ended_s: float | None = None

    def wait(self, timeout_s: float) -> list[Report]:
        reports = super().wait(timeout_s)
        self._ended_s = time.perf_counter() if any(isinstance(report, Completed) for report in reports) else None
        return reports

    def submit(self, key: str, pool: str, fn: Callable[..., object], *args: object) -> None:
        super().submit(key, pool, fn, *args)
        if self._ended_s is not None:
            self.gaps_ms.append((time.perf_counter() - self._ended_s) * 1e3)
            self._ended_s = None


def show(what: str, values: Sequence[float], unit: str) -> None:
    """Median and 95th percentile."""
    p95 = statistics.quantiles(values, n=20)[-1]
    print(f"{what:<58} median {statistics.median(values):8.2f}   p95 {p95:8.2f} {unit}")


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


def campaign(root: Path, name: str, slots: SlotPlan) -> None:
    """A stand-in campaign on two workers or on one worker for each kind."""
    plan = CampaignPlan(
        options=standins.options(),
        policy=PolicySettings(max_mofs_per_linker=20),
        stop=StopRules(max_uptakes=UPTAKES),
        slots=slots,
        functions=standins.FUNCTIONS,
    )
    folder = CampaignFolder.create(root / name, "")
    counts = {pool: slots.pools[pool].count for pool in slots.pools}
    with folder.lock(), folder.events() as events, TimedServer(counts) as server:
        workplace = Workplace(str(folder.root), plan.options, plan.functions)
        thinker = Thinker(Policy(plan.policy, seed=1), server, folder, events, workplace, plan, Silent())
        summary = thinker.run()
        gaps_ms = server.gaps_ms
    show(f"end of a task to next submission ({name} slots)", gaps_ms, "ms")
    tasks = load(folder.root).tasks
    print(
        f"{name} slots: {len(tasks)} tasks in {summary.elapsed_s:.1f} s = {len(tasks) / summary.elapsed_s:.0f} tasks/s"
    )
    replay(folder, plan)


def replay(folder: CampaignFolder, plan: CampaignPlan) -> None:
    """Time to get the state back, and time of a decision in that state."""
    state = CampaignState(Policy(plan.policy, seed=1))
    with folder.events() as events:
        history = list(events.read())
    started = time.perf_counter()
    state.replay(history)
    elapsed_s = time.perf_counter() - started
    print(f"replay of {len(history)} events: {elapsed_s * 1e3:.0f} ms = {len(history) / elapsed_s:.0f} events/s")
    times = []
    for _ in range(100):
        for kind in DOWNSTREAM_FIRST:
            started = time.perf_counter()
            state.policy.choose(kind)
            times.append((time.perf_counter() - started) * 1e6)
    show("policy decision", times, "us")


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        commits(CampaignFolder.create(root / "commits", ""))
        campaign(root, "shared", SlotPlan.shared(2))
        campaign(root, "separate", SlotPlan.separate(dict.fromkeys(DOWNSTREAM_FIRST, 1)))


if __name__ == "__main__":
    main()
