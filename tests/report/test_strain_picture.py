"""The course of a run as a picture."""

from __future__ import annotations

import pytest
from PIL import Image

from mofa.errors import InputError, OutputError
from mofa.report.strain_picture import write_strain_picture

TRACE = [0.02, 0.05, 0.04, 0.3, 0.45]


def test_png_with_two_panels_is_taller(tmp_path):
    volume = [1.0, 1.1, 1.0, 0.8, 0.5]
    one = write_strain_picture(tmp_path / "a.png", title="a", ps_per_chunk=0.25, strain_trace=TRACE)
    two = write_strain_picture(
        tmp_path / "b.png",
        title="b",
        ps_per_chunk=0.25,
        strain_trace=TRACE,
        volume_trace=volume,
        note="x",
    )
    assert Image.open(two).height > Image.open(one).height
    assert Image.open(two).width == Image.open(one).width


def test_other_endings_and_places_are_refused(tmp_path):
    with pytest.raises(InputError, match="no ending is no kind of picture"):
        write_strain_picture(tmp_path / "a", title="", ps_per_chunk=1.0, strain_trace=TRACE)
    with pytest.raises(OutputError, match="cannot be written"):
        write_strain_picture(tmp_path / "missing" / "a.png", title="", ps_per_chunk=1.0, strain_trace=TRACE)
