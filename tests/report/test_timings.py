from __future__ import annotations

import pytest

from mofa.chemistry import Stage
from mofa.report.timings import timeline, timings
from mofa.store.records import TaskRecord, load
from tests.report.synthetic import new_campaign


def test_shares_of_the_cpu_time_sum_to_one(campaign):
    rows = {row.kind: row for row in timings(campaign.records)}
    assert sum(row.cpu_share for row in rows.values()) == pytest.approx(1.0)
    assert rows[Stage.ADSORB].n == 2
    assert rows[Stage.ADSORB].mean_wall_s == pytest.approx(60.0)
    assert rows[Stage.ADSORB].total_cpu_s == pytest.approx(108.0)


def test_the_timeline_has_a_lane_per_worker_within_its_span(campaign):
    line = timeline(campaign.records)
    assert [lane.worker for lane in line.lanes] == ["node:100", "node:101"]
    tasks = [task for task in campaign.records.tasks.values() if isinstance(task, TaskRecord)]
    assert sum(segment.n_tasks for lane in line.lanes for segment in lane.segments) == len(tasks)
    for lane in line.lanes:
        assert 0 < lane.busy <= 1
        assert all(0 <= segment.begin <= segment.end <= 1 + 1e-9 for segment in lane.segments)


def test_a_campaign_without_ended_tasks_has_neither(tmp_path):
    new_campaign(tmp_path / "empty")
    records = load(tmp_path / "empty")
    assert timings(records) == []
    assert timeline(records) is None
