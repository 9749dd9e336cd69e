"""How well a campaign ran: utilisation, throughput and latencies, as the MOFA paper measures them (section V).

    performance = measure(spans_of(records), records.sessions, records.batches)
    performance.utilisation["validate"].best_window
    performance.throughput[Stage.VALIDATE].sustained_per_h
    performance.latencies[Latency.RETRAIN]

Pure functions of spans, sessions and batches: those of a campaign (`spans_of`) or of a simulation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry import Stage
from mofa.store.records import BatchRecord, SessionRecord
from mofa.store.spans import Clock, TaskSpan, spans_of
from mofa.store.utilisation import BEST_WINDOW_S, Utilisation, utilisation

__all__ = [
    "BEST_WINDOW_S",
    "ITEMS",
    "Clock",
    "Fit",
    "Latency",
    "LatencyStatistics",
    "Performance",
    "TaskSpan",
    "Throughput",
    "Utilisation",
    "latencies",
    "measure",
    "spans_of",
    "sustained",
    "throughput",
    "utilisation",
]

ITEMS: Mapping[Stage, str] = {
    Stage.GENERATE: "linkers generated",
    Stage.PROCESS: "linkers accepted",
    Stage.ASSEMBLE: "MOFs assembled",
    Stage.VALIDATE: "MOFs simulated (MD)",
    Stage.OPTIMIZE: "cells optimised",
    Stage.CHARGES: "charges assigned",
    Stage.ADSORB: "uptakes",
    Stage.TRAIN: "models trained",
}
"""What each stage is counted in."""
MIN_COMPLETIONS = 5
"""No rate is fitted to fewer."""


class Latency(StrEnum):
    """The delays of section V-B between one step and the next, and one more; `latencies` defines each."""

    PROCESS_LINKERS = "process_linkers"
    VALIDATE_STRUCTURES = "validate_structures"
    RETRAIN = "retrain"
    NEW_LINKERS = "new_linkers"
    """Not in the paper."""
    COMPUTE_CHARGES = "compute_charges"
    ESTIMATE_ADSORPTION = "estimate_adsorption"


@dataclass(frozen=True)
class LatencyStatistics:
    """Distribution of one latency, s."""

    n: int
    median_s: float
    mean_s: float
    lower_quartile_s: float
    upper_quartile_s: float

    @property
    def iqr_s(self) -> float:
        """Inter-quartile range, s."""
        return self.upper_quartile_s - self.lower_quartile_s


@dataclass(frozen=True)
class Fit:
    """The straight line of a sustained rate: counts at the begin and end of the time that it was fitted to."""

    begin_s: float
    end_s: float
    begin_count: float
    end_count: float

    @property
    def per_h(self) -> float:
        """Its slope."""
        return 3600.0 * (self.end_count - self.begin_count) / (self.end_s - self.begin_s)


@dataclass(frozen=True, eq=False)
class Throughput:
    """What one stage gave over time."""

    stage: Stage
    n_tasks: int
    """Tasks with a result, failed ones included."""
    n_items: int
    """In the unit that `ITEMS` names."""
    tasks_per_h: float
    """Mean over the whole time at work; 0 for a run without any."""
    items_per_h: float
    """Mean over the whole time at work."""
    tasks_fit: Fit | None
    """Sustained rate of tasks; None for fewer than five completions."""
    items_fit: Fit | None
    """Sustained rate of items."""
    times_s: NDArray[np.float64]
    """When items came, s of time at work, rising, ``[n_completions]``."""
    counts: NDArray[np.float64]
    """Items up to and including each of `times_s`, ``[n_completions]``."""


@dataclass(frozen=True, eq=False)
class Performance:
    """How well a run went."""

    work_s: float
    """Time at work: all sessions together, s."""
    begins_s: tuple[float, ...]
    """Where each session begins, s of time at work."""
    utilisation: Mapping[str, Utilisation]
    """By slot kind; empty for a campaign whose sessions were not recorded."""
    throughput: Mapping[Stage, Throughput]
    """By stage, in the order of the work; stages without any task are missing."""
    latencies: Mapping[Latency, LatencyStatistics | None]
    """None for what never happened."""

    def summary(self) -> dict[str, Any]:
        """The numbers as JSON values, without the series."""
        return {
            "work_s": self.work_s,
            "utilisation": {name: _utilisation_summary(use) for name, use in self.utilisation.items()},
            "per_hour": {
                stage.value: {
                    "tasks": one.n_tasks,
                    "items": one.n_items,
                    "tasks_per_h": one.tasks_fit.per_h if one.tasks_fit else None,
                    "items_per_h": one.items_fit.per_h if one.items_fit else None,
                    "mean_tasks_per_h": one.tasks_per_h,
                    "mean_items_per_h": one.items_per_h,
                }
                for stage, one in self.throughput.items()
            },
            "latency_s": {
                latency.value: None
                if found is None
                else {
                    "n": found.n,
                    "median": found.median_s,
                    "mean": found.mean_s,
                    "lower_quartile": found.lower_quartile_s,
                    "upper_quartile": found.upper_quartile_s,
                }
                for latency, found in self.latencies.items()
            },
        }


def measure(
    spans: Sequence[TaskSpan], sessions: Sequence[SessionRecord], batches: Sequence[BatchRecord] = ()
) -> Performance:
    """Everything at once.

    Args:
        spans: tasks, in any order.
        sessions: when there were how many slots, in order. Without any there is no utilisation, and the time from the
            first submission to the last result counts as time at work.
        batches: what generate tasks streamed. Without any, linkers are counted by the generate tasks' `items`.
    """
    clock = _clock(spans, sessions)
    return Performance(
        work_s=clock.total_s,
        begins_s=tuple(float(begin) for begin in clock.bounds[:-1]),
        utilisation=utilisation(spans, sessions),
        throughput=throughput(spans, clock, batches),
        latencies=latencies(spans, clock, batches),
    )


def throughput(spans: Sequence[TaskSpan], clock: Clock, batches: Sequence[BatchRecord] = ()) -> dict[Stage, Throughput]:
    """Throughput of every stage that has had a task.

    Linkers count when their batch was generated, everything else when the worker had computed it.
    """
    found = {}
    for stage, ended in _by_kind(spans).items():
        done = [span for span in ended if span.recorded_s is not None]
        ends = clock.at([span.ended_s for span in done])
        if stage is Stage.GENERATE and batches:
            times, items = clock.at([batch.made_s for batch in batches]), [batch.n for batch in batches]
        else:
            times, items = ends, [span.items for span in done]
        found[stage] = _throughput(stage, ends, times, np.array(items, dtype=float), clock.total_s)
    return {stage: found[stage] for stage in Stage if stage in found}


def sustained(times_s: ArrayLike, items: ArrayLike, end_s: float) -> Fit | None:
    """Sustained rate: the straight line of least squares through the count as a function of time.

    It is fitted to the count at every moment from the first completion to the end of the run, not only at the moments
    of completion, so that a stage that falls silent slows down. For a count that rises by n_i at t_i, both from the
    first completion on, over a time T the slope is 6 / T^3 sum n_i t_i (T - t_i).

    Args:
        times_s: completions, s, in any order.
        items: what each gave.
        end_s: end of the run, s.

    Returns:
        The line; None for fewer than five completions that gave something, or no time between them.
    """
    times, gave = np.asarray(times_s, dtype=float), np.asarray(items, dtype=float)
    times, gave = times[gave > 0], gave[gave > 0]
    if len(times) < MIN_COMPLETIONS or end_s <= times.min():
        return None
    begin_s = float(times.min())
    since, length = times - begin_s, end_s - begin_s
    slope = 6.0 / length**3 * float((gave * since * (length - since)).sum())
    mean = float((gave * (length - since)).sum()) / length
    return Fit(begin_s, end_s, mean - slope * length / 2, mean + slope * length / 2)


def latencies(
    spans: Sequence[TaskSpan], clock: Clock, batches: Sequence[BatchRecord] = ()
) -> dict[Latency, LatencyStatistics | None]:
    """The latencies of section V-B, in time at work; each is None where it never happened.

    - process linkers: from the moment when a batch of linkers was generated to the arrival of the processed batch at
      the thinker;
    - validate structures: from the end of the computation on the worker to the result being stored;
    - retrain: from the end of a training on the worker to the start of the first generate task that uses its model;
    - new linkers: from the same moment to the first batch of linkers from its model (not in the paper);
    - compute charges: from the end of the optimisation of a MOF to the start of its charges, the wait for a slot
      included;
    - estimate adsorption: from the end of the charges of a MOF to the start of its adsorption, the wait included.

    Both ends of a latency may come from different machines: it is as exact as their clocks agree.
    """
    done = {kind: [span for span in found if span.recorded_s is not None] for kind, found in _by_kind(spans).items()}
    pairs: dict[Latency, list[tuple[float, float]]] = {
        Latency.PROCESS_LINKERS: _linker_batches(done.get(Stage.PROCESS, ()), batches),
        Latency.VALIDATE_STRUCTURES: [
            (span.ended_s, span.recorded_s) for span in done.get(Stage.VALIDATE, ()) if span.recorded_s is not None
        ],
        Latency.RETRAIN: _first_uses(done.get(Stage.TRAIN, ()), spans),
        Latency.NEW_LINKERS: _first_batches(done.get(Stage.TRAIN, ()), spans, batches),
        Latency.COMPUTE_CHARGES: _handovers(done.get(Stage.OPTIMIZE, ()), done.get(Stage.CHARGES, ())),
        Latency.ESTIMATE_ADSORPTION: _handovers(done.get(Stage.CHARGES, ()), done.get(Stage.ADSORB, ())),
    }
    return {latency: _statistics(found, clock) for latency, found in pairs.items()}


def _linker_batches(process: Iterable[TaskSpan], batches: Iterable[BatchRecord]) -> list[tuple[float, float]]:
    """When a batch was made, and when it arrived processed."""
    made = {batch.key: batch.made_s for batch in batches}
    return [
        (made[span.subject], span.recorded_s if span.arrived_s is None else span.arrived_s)
        for span in process
        if span.subject in made and span.recorded_s is not None
    ]


def _first_uses(trainings: Iterable[TaskSpan], spans: Iterable[TaskSpan]) -> list[tuple[float, float]]:
    """When a model was trained, and when it was first used."""
    used: dict[int, float] = {}
    for span in spans:
        if span.kind is Stage.GENERATE:
            used[span.model_version] = min(span.started_s, used.get(span.model_version, np.inf))
    return [(span.ended_s, used[span.model_version]) for span in trainings if span.model_version in used]


def _first_batches(
    trainings: Iterable[TaskSpan], spans: Iterable[TaskSpan], batches: Iterable[BatchRecord]
) -> list[tuple[float, float]]:
    """When a model was trained, and when the first batch of its linkers was made."""
    version_of = {span.id: span.model_version for span in spans if span.kind is Stage.GENERATE}
    first: dict[int, float] = {}
    for batch in batches:
        version = version_of.get(batch.key.rpartition("/")[0], 0)
        first[version] = min(batch.made_s, first.get(version, np.inf))
    return [(span.ended_s, first[span.model_version]) for span in trainings if span.model_version in first]


def _handovers(before: Iterable[TaskSpan], after: Iterable[TaskSpan]) -> list[tuple[float, float]]:
    """When one step ended and the next first began, for every subject that took both."""
    ended = {span.subject: span.ended_s for span in before}
    began: dict[str, float] = {}
    for span in after:
        began[span.subject] = min(span.started_s, began.get(span.subject, np.inf))
    return [(ended[subject], began_s) for subject, began_s in began.items() if subject in ended]


def _statistics(pairs: Sequence[tuple[float, float]], clock: Clock) -> LatencyStatistics | None:
    if not pairs:
        return None
    begin, end = np.array(pairs, dtype=float).T
    delays = clock.at(end) - clock.at(begin)
    lower, median, upper = np.percentile(delays, (25, 50, 75))
    return LatencyStatistics(len(delays), float(median), float(delays.mean()), float(lower), float(upper))


def _throughput(
    stage: Stage, ends: NDArray[np.float64], times: NDArray[np.float64], items: NDArray[np.float64], end_s: float
) -> Throughput:
    order = np.argsort(times, kind="stable")
    order = order[items[order] > 0]
    hours = end_s / 3600.0
    return Throughput(
        stage=stage,
        n_tasks=len(ends),
        n_items=int(items.sum()),
        tasks_per_h=len(ends) / hours if hours else 0.0,
        items_per_h=float(items.sum()) / hours if hours else 0.0,
        tasks_fit=sustained(ends, np.ones(len(ends)), end_s),
        items_fit=sustained(times, items, end_s),
        times_s=times[order],
        counts=np.cumsum(items[order]),
    )


def _utilisation_summary(use: Utilisation) -> dict[str, Any]:
    return {
        "slots": use.slots,
        "whole_run": use.whole_run,
        "best_window": use.best_window,
        "best_window_s": use.best_window_s,
        "between_warm_up_and_drain": use.steady,
        "busy_slot_s": use.busy_slot_s,
        "available_slot_s": use.available_slot_s,
        "excess_slot_s": use.excess_slot_s,
    }


def _by_kind(spans: Iterable[TaskSpan]) -> dict[Stage, list[TaskSpan]]:
    found: dict[Stage, list[TaskSpan]] = defaultdict(list)
    for span in spans:
        found[span.kind].append(span)
    return found


def _clock(spans: Sequence[TaskSpan], sessions: Sequence[SessionRecord]) -> Clock:
    """The time at work."""
    if sessions:
        return Clock([(session.started_s, session.updated_s) for session in sessions])
    if not spans:
        return Clock([])
    ends = (span.ended_s if span.recorded_s is None else max(span.ended_s, span.recorded_s) for span in spans)
    return Clock([(min(span.submitted_s for span in spans), max(ends))])
