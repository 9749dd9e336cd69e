from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mofa.chemistry import Stage
from mofa.store.performance import Clock, Latency, TaskSpan, latencies, measure, sustained, throughput
from mofa.store.records import BatchRecord, SessionRecord

CLOCK = Clock([(0.0, 1000.0)])


def task(kind, begin, end, *, subject="", items=1, version=0, **changes) -> TaskSpan:
    times = {"recorded_s": end + 0.5, "arrived_s": end + 0.25} | changes
    return TaskSpan(f"{kind}-{begin}", kind, kind.value, begin, begin, end, items=items, subject=subject,
                    model_version=version, **times)  # fmt: skip


def test_a_steady_stage_has_its_rate():
    times = np.arange(0.0, 1000.0, 10.0)
    fit = sustained(times, np.full(100, 3.0), 1000.0)
    assert fit.per_h == pytest.approx(3 * 360, rel=2e-3)
    assert fit.begin_s == 0.0
    assert fit.end_count == pytest.approx(300, abs=3)


def test_the_line_is_that_of_least_squares():
    times, items = np.array([3.0, 40.0, 41.0, 77.0, 200.0, 555.0]), np.array([1.0, 5.0, 2.0, 2.0, 8.0, 1.0])
    fit = sustained(times, items, 900.0)
    moments = np.linspace(3.0, 900.0, 400_001)
    counts = np.cumsum(items)[np.searchsorted(times, moments, side="right") - 1]
    slope, intercept = np.polyfit(moments, counts, 1)
    assert fit.per_h == pytest.approx(3600 * slope, rel=1e-4)
    assert fit.end_count == pytest.approx(slope * 900 + intercept, rel=1e-4)


def test_a_stage_that_falls_silent_slows_down():
    times = np.linspace(0.0, 100.0, 50)
    assert sustained(times, np.ones(50), 1000.0).per_h < sustained(times, np.ones(50), 100.0).per_h / 5


def test_too_few_results_have_no_rate():
    assert sustained([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1], 10.0) is None
    assert sustained([1.0, 2.0, 3.0, 4.0, 5.0], [1, 1, 1, 1, 0], 10.0) is None
    assert sustained([5.0] * 9, [1] * 9, 5.0) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 999), st.integers(1, 50)), min_size=5, max_size=40))
def test_rates_are_never_negative_and_shift_with_the_clock(done):
    times, items = np.array(done, dtype=float).T
    fit, later = sustained(times, items, 1000.0), sustained(times + 1e4, items, 1e4 + 1000.0)
    assert fit.per_h >= 0
    assert later.per_h == pytest.approx(fit.per_h, rel=1e-6, abs=1e-6)


def test_linkers_count_by_their_batches_and_other_things_by_their_tasks():
    spans = [
        task(Stage.GENERATE, 0, 100, items=0),
        *(task(Stage.VALIDATE, 10 * k, 10 * k + 9, items=k % 2) for k in range(10)),
        task(Stage.VALIDATE, 500, 1000, items=0, recorded_s=None, arrived_s=None),
    ]
    batches = [BatchRecord(f"g/{k}", 16, 10.0 * k, 10.0 * k + 1) for k in range(6)]
    found = throughput(spans, CLOCK, batches)
    assert list(found) == [Stage.GENERATE, Stage.VALIDATE]
    assert (found[Stage.GENERATE].n_tasks, found[Stage.GENERATE].n_items) == (1, 96)
    assert found[Stage.GENERATE].items_per_h == pytest.approx(96 * 3.6)
    np.testing.assert_allclose(found[Stage.GENERATE].counts, [16, 32, 48, 64, 80, 96])
    assert (found[Stage.VALIDATE].n_tasks, found[Stage.VALIDATE].n_items) == (10, 5)
    np.testing.assert_allclose(found[Stage.VALIDATE].times_s, [19, 39, 59, 79, 99])


def test_the_five_latencies_worked_out_by_hand():
    spans = [
        task(Stage.PROCESS, 21, 24, subject="g/0"),
        task(Stage.PROCESS, 31, 33, subject="g/1"),
        task(Stage.PROCESS, 90, 95, subject="nobody's"),
        task(Stage.VALIDATE, 40, 70, subject="m"),
        task(Stage.TRAIN, 70, 80, version=1),
        task(Stage.TRAIN, 85, 90, version=2),
        task(Stage.GENERATE, 60, 83, version=0),
        task(Stage.GENERATE, 95, 99, version=1),
        task(Stage.GENERATE, 84, 94, version=1, recorded_s=None),
        task(Stage.OPTIMIZE, 70, 100, subject="m"),
        task(Stage.CHARGES, 103, 110, subject="m"),
        task(Stage.ADSORB, 111, 150, subject="m"),
        task(Stage.ADSORB, 111, 150, subject="other"),
    ]
    batches = [BatchRecord("g/0", 16, 20.0, 20.1), BatchRecord("g/1", 16, 30.0, 30.1)]
    found = latencies(spans, CLOCK, batches)
    process = found[Latency.PROCESS_LINKERS]
    assert (process.n, process.mean_s, process.median_s) == (2, 3.75, 3.75)  # 24.25 - 20 and 33.25 - 30
    assert process.iqr_s == pytest.approx(0.5)
    assert found[Latency.VALIDATE_STRUCTURES].median_s == 0.5
    assert (found[Latency.RETRAIN].n, found[Latency.RETRAIN].median_s) == (1, 4.0)  # nobody has used the second model
    assert found[Latency.COMPUTE_CHARGES].median_s == 3.0
    assert (found[Latency.ESTIMATE_ADSORPTION].n, found[Latency.ESTIMATE_ADSORPTION].median_s) == (1, 1.0)


def test_what_never_happened_is_none():
    found = measure([], [], [])
    assert set(found.latencies) == set(Latency)
    assert not any(found.latencies.values())
    assert found.utilisation == found.throughput == {}
    assert found.work_s == 0.0


def test_a_latency_leaves_out_the_time_between_sessions():
    sessions = [SessionRecord(0.0, 100.0, "pool", {"md": 1}), SessionRecord(5000.0, 5100.0, "pool", {"md": 1})]
    found = measure([task(Stage.VALIDATE, 10, 99, recorded_s=5002.0)], sessions)
    assert found.latencies[Latency.VALIDATE_STRUCTURES].median_s == pytest.approx(3.0)
    assert found.begins_s == (0.0, 100.0)


def test_the_summary_is_json():
    spans = [task(Stage.VALIDATE, 10 * k, 10 * k + 9) for k in range(10)]
    found = measure(spans, [SessionRecord(0.0, 100.0, "pool", {"validate": 1})])
    summary = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert summary["utilisation"]["validate"]["whole_run"] == pytest.approx(0.9)
    assert summary["per_hour"]["validate"]["items"] == 10
    assert summary["latency_s"]["validate_structures"]["n"] == 10
    assert summary["latency_s"]["retrain"] is None


def test_fifty_thousand_tasks_are_measured_in_half_a_second():
    rng = np.random.default_rng(0)
    kinds = rng.choice([Stage.PROCESS, Stage.VALIDATE, Stage.ASSEMBLE, Stage.GENERATE], 50_000)
    begins, lengths = rng.uniform(0, 10_000, 50_000), rng.uniform(0, 200, 50_000)
    spans = [task(Stage(k), b, b + w) for k, b, w in zip(kinds, begins.tolist(), lengths.tolist(), strict=True)]
    sessions = [SessionRecord(0.0, 10_800.0, "simulated", {stage.value: 1200 for stage in Stage})]
    began = time.process_time()
    found = measure(spans, sessions)
    assert time.process_time() - began < 0.5
    assert sum(one.n_tasks for one in found.throughput.values()) == 50_000
