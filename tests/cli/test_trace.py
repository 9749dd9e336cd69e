from __future__ import annotations

import json
from pathlib import Path

from mofa.chemistry import Stage
from tests.cli.helpers import mofa
from tests.report.synthetic import new_campaign


def test_trace_writes_both_files_and_nothing_else(tmp_path: Path) -> None:
    writer = new_campaign(tmp_path / "c")
    writer.task(Stage.GENERATE, subject="BCA")
    done = mofa("trace", tmp_path / "c", "--json")
    assert done.code == 0, done.err
    report = tmp_path / "c" / "report"
    assert done.json == {
        "trace": str(report / "trace.json"),
        "tasks": str(report / "tasks.jsonl"),
        "n_tasks": 1,
        "n_unfinished": 0,
    }
    assert sorted(path.name for path in report.iterdir()) == ["tasks.jsonl", "trace.json"]
    assert json.loads((report / "trace.json").read_text())["traceEvents"]
    assert json.loads((report / "tasks.jsonl").read_text())["id"] == "generate-000000"


def test_trace_writes_where_it_is_told(tmp_path: Path) -> None:
    new_campaign(tmp_path / "c")
    out, lines = tmp_path / "new" / "a.json", tmp_path / "b.jsonl"
    done = mofa("trace", tmp_path / "c", "--out", out, "--jsonl", lines)
    assert done.code == 0, done.err
    assert str(out) in done.out
    assert out.exists()
    assert lines.read_text() == ""
    assert not (tmp_path / "c" / "report").exists()


def test_trace_of_no_campaign_is_one_clear_line(tmp_path: Path) -> None:
    done = mofa("trace", tmp_path)
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1
    assert str(tmp_path) in done.err
