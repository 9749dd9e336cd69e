"""What linkers cost, in seconds of one core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mofa.evaluate.outcomes import Sample


@dataclass(frozen=True)
class CpuTimes:
    """CPU time of one step, s per linker."""

    n: int
    mean_s: float
    p50_s: float
    p99_s: float
    max_s: float


@dataclass(frozen=True)
class Costs:
    """Costs of a sample; loading libraries and weights is not among them."""

    generate: CpuTimes | None
    """Each linker with its share of its batch."""
    process: CpuTimes | None
    """The gate, refused linkers included."""
    sound_per_core_hour: float | None
    """The share that passed, over the mean CPU time of both steps."""


def costs_of(sample: Sample) -> Costs:
    """The costs of a sample; None where nothing was spent."""
    made = [outcome.generate_cpu_s for outcome in sample.outcomes if outcome.generate_cpu_s is not None]
    generate = _cpu_times(made) if any(made) else None
    process = _cpu_times([outcome.process_cpu_s for outcome in sample.outcomes if outcome.process_cpu_s is not None])
    spent_s = sum(times.mean_s for times in (generate, process) if times is not None)
    share = len(sample.sound) / max(len(sample.outcomes), 1)
    return Costs(generate, process, 3600.0 * share / spent_s if spent_s > 0 else None)


def _cpu_times(seconds: Sequence[float]) -> CpuTimes | None:
    if not seconds:
        return None
    p50, p99 = np.quantile(seconds, (0.5, 0.99)).tolist()
    return CpuTimes(len(seconds), float(np.mean(seconds)), p50, p99, float(max(seconds)))
