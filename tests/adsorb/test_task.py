"""The task around the engine: pores first, and an uptake that stands without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofa.adsorb import adsorb
from mofa.chemistry import BondGraph, Framework, Reason, Rejected, Uptake


@pytest.fixture
def dense() -> Framework:
    """Simple cubic carbon at 3 Å: no path for anything."""
    return _lattice("dense", 3.0)


def _lattice(name: str, a_ang: float) -> Framework:
    """One uncharged atom a cell, bonded to its own images."""
    zeros = np.zeros(3, dtype=int)
    bonds = BondGraph(1, zeros, zeros, np.eye(3, dtype=int), np.ones(3))
    return Framework(name, ("C",), np.zeros((1, 3)), a_ang * np.eye(3), bonds, np.zeros(1), "none")


@pytest.mark.engine
def test_too_narrow_pores_are_refused_with_the_diameter(dense: Framework) -> None:
    result = adsorb(dense)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.PORE_TOO_NARROW
    assert "the limit is 3.3 Å and CO2 has a kinetic diameter of 3.3 Å" in result.detail


@pytest.mark.engine
def test_uptake_stands_without_pore_geometry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyzeo.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    result = adsorb(_lattice("open", 13.0), initialization_cycles=50, min_cycles=100, max_cycles=100)
    assert isinstance(result, Uptake)
    assert result.pores is None
    assert result.supercell == (2, 2, 2)
