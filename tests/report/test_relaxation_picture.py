"""The course of a relaxation becomes a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.chemistry import Optimized
from mofa.errors import InputError
from mofa.report.relaxation_picture import write_relaxation_picture
from tests.structures import dry_ice

RUN = Optimized(
    dry_ice(), -9.0, 0.02, 0.01, 2, True, "GFN1-xTB", 3.0,
    energy_trace_ev=(-8.0, -8.9, -9.0), pressure_trace_gpa=(1.0, 0.1, 0.01), resumed_at_step=1,
)  # fmt: skip


def test_svg_and_png(tmp_path: Path) -> None:
    svg = write_relaxation_picture(tmp_path / "course.svg", title="dry ice", result=RUN).read_text()
    assert "<svg" in svg
    png = write_relaxation_picture(tmp_path / "course.png", title="dry ice", result=RUN).read_bytes()
    assert png.startswith(b"\x89PNG")


def test_another_ending(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no kind of picture"):
        write_relaxation_picture(tmp_path / "course.gif", title="dry ice", result=RUN)
