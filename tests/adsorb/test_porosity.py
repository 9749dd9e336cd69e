"""Zeo++ against exact geometry and the literature."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mofa.adsorb import pore_geometry
from mofa.chemistry import Framework, PoreGeometry, Reason, Rejected
from mofa.errors import EngineMissingError, InputError
from tests.structures import irmof1

CARBON_RADIUS_ANG = 1.70


@pytest.mark.engine
def test_simple_cubic_lattice_is_exact() -> None:
    """Carbon on a cubic lattice: the cavity touches eight corners, the window four."""
    a = 10.0
    pores = pore_geometry(Framework("cubic", ("C",), np.zeros((1, 3)), a * np.eye(3)), probe_radius_ang=1.2)
    assert isinstance(pores, PoreGeometry)
    assert pores.largest_cavity_diameter_ang == pytest.approx(math.sqrt(3) * a - 2 * CARBON_RADIUS_ANG, abs=0.02)
    assert pores.pore_limiting_diameter_ang == pytest.approx(math.sqrt(2) * a - 2 * CARBON_RADIUS_ANG, abs=0.02)
    contact = CARBON_RADIUS_ANG + 1.2
    assert pores.accessible_volume_fraction == pytest.approx(1 - 4 / 3 * math.pi * contact**3 / a**3, abs=0.01)
    assert pores.channels == 1


@pytest.mark.engine
def test_irmof1() -> None:
    pores = pore_geometry(irmof1())
    assert isinstance(pores, PoreGeometry)
    assert pores.largest_cavity_diameter_ang == pytest.approx(15.05, abs=0.1)
    assert pores.pore_limiting_diameter_ang == pytest.approx(8.16, abs=0.1)
    assert pores.accessible_surface_m2_per_g == pytest.approx(3648, rel=0.03)
    assert 0.35 < pores.accessible_volume_fraction < 0.45
    assert pores.channels == 1


def test_bad_input() -> None:
    with pytest.raises(InputError, match="probe_radius_ang is -1"):
        pore_geometry(irmof1(), probe_radius_ang=-1.0)
    framework = irmof1()
    broken = framework.with_geometry(framework.positions * np.nan, framework.cell)
    result = pore_geometry(broken)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NOT_FINITE


def test_missing_engine_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyzeo.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineMissingError, match="pip install pyzeo"):
        pore_geometry(irmof1())
