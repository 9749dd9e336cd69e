"""RASPA3: known answers, error bars, limits, cancellation."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.adsorb import adsorb
from mofa.adsorb.raspa3 import Raspa3
from mofa.chemistry import Framework, Reason, Rejected, Uptake
from mofa.errors import EngineMissingError
from mofa.isolate import TimeLimitError
from mofa.testing.adsorb import check_adsorption_engine, ideal_gas_job
from tests.structures import irmof1

# GFN1-xTB charges of IRMOF-1 by element and coordination: Zn, central O, carboxylate O and C, other C, H.
_GFN1 = {"Zn": 0.793, "O4": -0.645, "O2": -0.525, "C-carboxylate": 0.583, "C": -0.028, "H": 0.065}


def charged_irmof1() -> Framework:
    framework = irmof1()
    assert framework.bonds is not None
    charges = []
    for symbol, neighbors in zip(framework.symbols, framework.bonds.neighbors, strict=True):
        kind = symbol
        if symbol == "O":
            kind = "O4" if len(neighbors) == 4 else "O2"
        elif symbol == "C" and any(framework.symbols[k] == "O" for k, _, _ in neighbors):
            kind = "C-carboxylate"
        charges.append(_GFN1[kind])
    return framework.with_charges(np.array(charges) - np.mean(charges), "gfn1-xtb")


@pytest.mark.engine
def test_conformance() -> None:
    found = check_adsorption_engine(Raspa3())
    assert found.cpu_s > 0


@pytest.mark.engine
def test_irmof1_uptake() -> None:
    """0.080 mol/kg at 298 K and 0.1 bar, about 13 kJ/mol; short, so with the acceptance limit of 25 %."""
    result = adsorb(charged_irmof1(), temperature_k=298.0, initialization_cycles=200, min_cycles=2000, max_cycles=2000)
    assert isinstance(result, Uptake)
    assert result.uptake_mol_per_kg == pytest.approx(0.080, rel=0.25)
    assert result.error_mol_per_kg < 0.02
    assert result.heat_kj_per_mol == pytest.approx(13.3, abs=1.0)
    assert result.supercell == (2, 2, 2)
    assert result.cycles == 2000
    assert result.charge_method == "gfn1-xtb"
    assert result.pores is not None
    assert result.pores.channels == 1


@pytest.mark.slow
@pytest.mark.engine
def test_irmof1_uptake_to_three_per_cent() -> None:
    result = adsorb(charged_irmof1(), temperature_k=298.0, target_relative_error=0.04)
    assert isinstance(result, Uptake)
    assert result.converged
    assert result.uptake_mol_per_kg == pytest.approx(0.080, abs=0.005 + 2 * result.error_mol_per_kg)


@pytest.mark.engine
def test_production_stops_when_the_error_is_small_enough() -> None:
    job = replace(ideal_gas_job(), min_cycles=200, max_cycles=50_000, target_relative_error=0.3)
    found = Raspa3().simulate(job, time_limit_s=60)
    assert found.converged
    assert found.cycles < 2000


@pytest.mark.engine
def test_time_limit_returns_what_was_sampled() -> None:
    job = replace(ideal_gas_job(), min_cycles=100, max_cycles=10**7, target_relative_error=1e-6)
    start = time.monotonic()
    found = Raspa3().simulate(job, time_limit_s=10.0)
    assert time.monotonic() - start < 12.0
    assert not found.converged
    assert 100 <= found.cycles < 10**7


@pytest.mark.engine
def test_time_limit_kills_within_two_seconds() -> None:
    job = replace(ideal_gas_job(), initialization_cycles=10**7)
    start = time.monotonic()
    with pytest.raises(TimeLimitError):
        Raspa3().simulate(job, time_limit_s=1.0)
    assert time.monotonic() - start < 3.0
    result = adsorb(charged_irmof1(), initialization_cycles=10**7, time_limit_s=1.0)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.TIME_LIMIT


@pytest.mark.engine
def test_progress_can_cancel() -> None:
    class CancelledError(Exception):
        pass

    def cancel(fraction: float, text: str) -> None:
        raise CancelledError

    start = time.monotonic()
    with pytest.raises(CancelledError):
        Raspa3().simulate(replace(ideal_gas_job(), initialization_cycles=10**7), time_limit_s=60.0, on_progress=cancel)
    assert time.monotonic() - start < 10.0


def test_missing_engine_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raspalib.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineMissingError, match="pip install raspalib"):
        Raspa3().simulate(ideal_gas_job(), time_limit_s=60.0)
