"""GFN1-xTB charges: their values, their reuse, their refusals."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.charges import assign_charges
from mofa.charges.xtb import Gfn1Charges
from mofa.chemistry import Charges, Reason, Rejected, Stage
from mofa.errors import EngineMissingError
from mofa.testing.charges import check_charge_model
from tests.structures import dry_ice, far_apart_iron_oxide, irmof1


@pytest.mark.engine
def test_conformance() -> None:
    found = check_charge_model(Gfn1Charges(), dry_ice())
    assert found.values.max() == pytest.approx(0.757, abs=0.01), "carbon of CO2"


@pytest.mark.engine
def test_irmof1_charges() -> None:
    framework = irmof1()
    result = assign_charges(framework, method="xtb")
    assert isinstance(result, Charges)
    assert result.method == "gfn1-xtb"
    assert result.gate.metal_min_e == pytest.approx(0.79, abs=0.02)
    by_element = {s: result.values[[x == s for x in framework.symbols]] for s in set(framework.symbols)}
    assert np.ptp(by_element["Zn"]) < 1e-3, "symmetry"
    assert by_element["C"].max() == pytest.approx(0.58, abs=0.02)
    assert by_element["H"].mean() == pytest.approx(0.065, abs=0.02)
    assert abs(result.values.sum()) < 1e-9


def test_charges_of_the_same_method_are_gated_not_recomputed() -> None:
    framework = dry_ice()
    values = np.where([s == "C" for s in framework.symbols], 0.6, -0.3)
    start = time.monotonic()
    result = assign_charges(framework.with_charges(values, "gfn1-xtb"), method="xtb")
    assert isinstance(result, Charges)
    assert np.allclose(result.values, values)
    assert result.cpu_s == 0.0
    assert time.monotonic() - start < 0.2
    refused = assign_charges(framework.with_charges(values * 10, "gfn1-xtb"), method="xtb")
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.UNPHYSICAL_CHARGES


@pytest.mark.engine
def test_charges_of_another_method_are_replaced() -> None:
    framework = dry_ice()
    result = assign_charges(framework.with_charges(np.zeros(12), "none"), method="xtb")
    assert isinstance(result, Charges)
    assert np.abs(result.values).min() > 0.1


def test_refusals() -> None:
    framework = irmof1()
    radical = replace(framework, symbols=framework.symbols[:-1], positions=framework.positions[:-1], bonds=None)
    cases = {
        Reason.ODD_ELECTRONS: radical,
        Reason.UNKNOWN_ELEMENT: replace(framework, symbols=("Cm", *framework.symbols[1:])),
        Reason.NOT_FINITE: framework.with_geometry(framework.positions * np.inf, framework.cell),
        Reason.NOT_PERIODIC: framework.with_geometry(framework.positions, framework.cell * 0.0),
    }
    for reason, bad in cases.items():
        result = assign_charges(bad)
        assert isinstance(result, Rejected)
        assert (result.stage, result.reason) == (Stage.CHARGES, reason)


@pytest.mark.engine
def test_scf_failure_is_a_refusal() -> None:
    result = assign_charges(far_apart_iron_oxide())
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NOT_CONVERGED


@pytest.mark.engine
def test_time_limit() -> None:
    start = time.monotonic()
    result = assign_charges(irmof1(), time_limit_s=1.0)
    assert time.monotonic() - start < 3.0
    assert isinstance(result, Rejected)
    assert result.reason is Reason.TIME_LIMIT


def test_missing_engine_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tblite.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineMissingError, match="pip install tblite"):
        assign_charges(dry_ice())


def test_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(EngineMissingError, match=r"'magic'.*xtb"):
        assign_charges(irmof1(), method="magic")
