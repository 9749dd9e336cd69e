"""The way through a framework, against exact geometry."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mofa.assemble import check_pore
from mofa.chemistry import Framework, Reason, Stage
from mofa.errors import EngineMissingError, InputError
from tests.structures import irmof1

CARBON_RADIUS_ANG = 1.70
A_ANG = 5.2
WINDOW_ANG = math.sqrt(2) * A_ANG - 2 * CARBON_RADIUS_ANG


@pytest.fixture
def lattice() -> Framework:
    """Carbon on a simple cubic lattice: the window touches four atoms."""
    return Framework("cubic", ("C",), np.zeros((1, 3)), A_ANG * np.eye(3))


@pytest.mark.engine
def test_a_guest_passes_up_to_the_exact_window(lattice: Framework) -> None:
    assert check_pore(lattice, guest_diameter_ang=WINDOW_ANG - 0.02) is None
    refused = check_pore(lattice, guest_diameter_ang=WINDOW_ANG + 0.02, stage=Stage.ADSORB)
    assert (refused.stage, refused.reason) == (Stage.ADSORB, Reason.PORE_TOO_NARROW)
    assert f"{WINDOW_ANG:.2f} Å" in refused.detail


@pytest.mark.engine
def test_carbon_dioxide_enters_irmof1() -> None:
    assert check_pore(irmof1()) is None


@pytest.mark.engine
def test_the_time_limit_is_a_refusal(lattice: Framework) -> None:
    assert check_pore(lattice, time_limit_s=0.01).reason is Reason.TIME_LIMIT


def test_bad_input(lattice: Framework) -> None:
    with pytest.raises(InputError, match="guest_diameter_ang is nan"):
        check_pore(lattice, guest_diameter_ang=math.nan)
    broken = lattice.with_geometry(lattice.positions * np.nan, lattice.cell)
    assert check_pore(broken).reason is Reason.NOT_FINITE


def test_missing_engine_names_the_command(lattice: Framework, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyzeo.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineMissingError, match="pip install pyzeo"):
        check_pore(lattice)
