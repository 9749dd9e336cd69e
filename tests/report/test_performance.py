from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from mofa.chemistry import Stage
from mofa.report import funnel, ranking, write_report
from mofa.report.charts import strain_chart
from mofa.report.performance import STRIP_HEIGHT, STRIP_WIDTH, busy_section, grouped, rate, throughput_chart
from mofa.store.payloads import EventKind
from mofa.store.performance import TaskSpan, measure
from mofa.store.records import SessionRecord, StrainLimits
from tests.report.synthetic import new_campaign
from tests.report.test_page import Page

HOUR_S = 3600.0


def spans(n=12, every_s=600.0) -> list[TaskSpan]:
    """One slot that is busy nine tenths of the time."""
    begins = [k * every_s for k in range(n)]
    ends = [begin + 0.9 * every_s for begin in begins]
    return [
        TaskSpan(f"v{k}", Stage.VALIDATE, "md", begin, begin, end, end + 0.1, items=1, subject=f"m{k}")
        for k, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]


def session(begin_s, end_s, **pools) -> SessionRecord:
    return SessionRecord(begin_s, end_s, "pool", pools or {"md": 1})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.03104, "0.0310"),
        (4.999, "5.00"),
        (24.44, "24.4"),
        (999.6, "1\u202f000"),
        (1_653_000.0, "1\u202f650\u202f000"),
    ],
)
def test_rates_have_three_digits(value, text):
    assert rate(value) == text


def test_counts_are_exact():
    assert grouped(548_321) == "548\u202f321"


def test_strips_stay_in_their_box_and_leave_out_what_had_no_slots():
    sessions = [session(0, HOUR_S, md=1), session(HOUR_S, 2 * HOUR_S, ml=1)]
    section = busy_section(measure(spans(), sessions))
    for strip in section.strips:
        numbers = [float(x) for x in re.findall(r"[\d.]+", strip.path)]
        assert max(numbers) <= STRIP_WIDTH
        heights = [float(y) for y in re.findall(r"V([\d.]+)", strip.path)]
        assert all(0 <= height <= STRIP_HEIGHT for height in heights)
    right_ends = [float(x) for x in re.findall(r"H([\d.]+)", section.strips[0].path)]
    assert max(right_ends) == STRIP_WIDTH / 2
    assert section.resumes == (0.5,)
    assert section.all_shorter_than_window is False
    assert section.excess_share == pytest.approx(0.5, abs=0.01)


def test_a_curve_shows_the_count_and_its_rate():
    found = measure(spans(), [session(0, 2 * HOUR_S)]).throughput[Stage.VALIDATE]
    chart = throughput_chart(found, 2 * HOUR_S, (HOUR_S,))
    assert chart.x.label == "time at work (min)"
    assert chart.caption == "5.96 per hour sustained (dashed), 12 in all."
    assert chart.line[0] == (0.0, 0.0)
    assert chart.line[-1] == (120.0, 12.0)
    (x0, y0), (x1, y1) = chart.fit
    assert (y1 - y0) / (x1 - x0) == pytest.approx(0.1, rel=0.02)
    assert y0 >= 0
    assert [guide.value for guide in chart.x_guides] == [60.0]


def test_a_long_curve_is_thinned_and_keeps_its_end():
    found = measure(spans(4000, 2.0), [session(0, 8000)]).throughput[Stage.VALIDATE]
    chart = throughput_chart(found, 8000.0)
    assert len(chart.line) < 300
    assert chart.line[-1][1] == 4000
    assert np.all(np.diff(np.array(chart.line), axis=0) >= 0)


def test_large_counts_are_scaled():
    many = [replace(span, items=10_000) for span in spans()]
    chart = throughput_chart(measure(many, [session(0, 2 * HOUR_S)]).throughput[Stage.VALIDATE], 2 * HOUR_S)
    assert chart.y.label == "thousand in all"
    assert chart.line[-1][1] == 120


def test_a_few_results_have_no_curve():
    found = measure(spans(3), [session(0, 1800)]).throughput[Stage.VALIDATE]
    assert throughput_chart(found, 1800.0) is None


def _written(path, *, sessions=True, tasks=6):
    writer = new_campaign(path)
    if sessions:
        payload = {"server": "pool", "pools": {"cpu": 2}}
        writer.event("session-0", "", EventKind.SESSION, payload)
    writer.task(Stage.GENERATE, subject="BCA", batches=6)
    for k in range(tasks):
        writer.task(Stage.PROCESS, subject=f"generate-000000/{k}")
    return Page(write_report(path).read_text(encoding="utf-8"))


def test_the_page_says_how_busy_it_was(tmp_path):
    page = _written(tmp_path / "c")
    for expected in ("How busy it was", "cpu 2 slots", "linkers generated 96", "Process linkers", "56 to 195 ms"):
        assert expected in page.text, expected
    assert "less than an hour: its best hour is the whole of it" in page.text
    assert {"trace.json", "tasks.jsonl"} <= {target for _, target in page.references}
    assert (tmp_path / "c" / "report" / "trace.json").exists()
    assert len((tmp_path / "c" / "report" / "tasks.jsonl").read_text().splitlines()) == 7
    assert "nan" not in page.text.lower().split()


def test_a_campaign_without_sessions_says_so(tmp_path):
    page = _written(tmp_path / "c", sessions=False, tasks=1)
    assert "did not record its slots" in page.text
    assert "Per hour" in page.text


def test_a_campaign_that_has_only_begun_says_so(tmp_path):
    writer = new_campaign(tmp_path / "c")
    writer.event("session-0", "", EventKind.SESSION, {"server": "pool", "pools": {"cpu": 2}})
    page = Page(write_report(tmp_path / "c").read_text(encoding="utf-8"))
    assert "Nothing has run for long enough" in page.text
    assert page.open == []


def test_the_limits_of_the_campaign_are_those_of_the_report(campaign):
    records = replace(campaign.records, limits=StrainLimits(stable=0.04, trainable=0.3))
    assert [mof.stability for mof in ranking(records)] == ["trainable", "trainable"]
    labels = {row.step: row.label for row in funnel(records.funnel, records.limits)}
    assert labels["dynamics"] == "Validate: strain below 30 %"
    chart = strain_chart(records, 3)
    assert [guide.value for guide in chart.x_guides] == [pytest.approx(4.0), pytest.approx(30.0)]
    assert chart.x.high == 60.0
