"""RASPA3: known answers, error bars, limits, cancellation."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from mofa.adsorb import adsorb
from mofa.adsorb.raspa3 import Raspa3
from mofa.chemistry import Reason, Rejected, Uptake
from mofa.errors import EngineMissingError, InputError
from mofa.isolate import TimeLimitError
from mofa.testing.adsorb import check_adsorption_engine, ideal_gas_job, ideal_gas_molecules
from tests.adsorb.frameworks import charged_irmof1, job_on


@pytest.mark.engine
def test_conformance() -> None:
    found = check_adsorption_engine(Raspa3())
    assert found.cpu_s > 0


@pytest.mark.engine
def test_irmof1_uptake() -> None:
    """0.080 mol/kg at 298 K and 0.1 bar, about 13 kJ/mol; short, so with the acceptance limit of 25 %."""
    result = adsorb(
        charged_irmof1(),
        engine="raspa3",
        temperature_k=298.0,
        initialization_cycles=200,
        min_cycles=2000,
        max_cycles=2000,
    )
    assert isinstance(result, Uptake)
    assert result.uptake_mol_per_kg == pytest.approx(0.080, rel=0.25)
    assert result.error_mol_per_kg < 0.02
    assert result.heat_kj_per_mol == pytest.approx(13.3, abs=1.0 + result.heat_error_kj_per_mol)
    assert result.supercell == (2, 2, 2)
    assert 1000 <= result.cycles <= 2000
    assert result.equilibration_cycles >= 200
    assert set(result.acceptance) == {"translation", "rotation", "reinsertion", "swap"}
    assert all(0.05 < share < 0.95 for share in result.acceptance.values())
    assert result.uptake_mg_per_g == pytest.approx(44.0095 * result.uptake_mol_per_kg)
    assert result.uptake_cm3_stp_per_cm3 == pytest.approx(result.uptake_mol_per_kg * 22.414 * 0.593, rel=2e-3)
    assert len(result.block_means_mol_per_kg) == 10
    assert result.charge_method == "gfn1-xtb"
    assert result.pores is not None
    assert result.pores.channels == 1


@pytest.mark.slow
@pytest.mark.engine
def test_irmof1_uptake_to_three_per_cent() -> None:
    result = adsorb(charged_irmof1(), engine="raspa3", temperature_k=298.0, target_relative_error=0.04)
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
    assert 50 <= found.cycles < 10**7


@pytest.mark.engine
def test_time_limit_kills_within_two_seconds() -> None:
    job = replace(ideal_gas_job(), initialization_cycles=10**7)
    start = time.monotonic()
    with pytest.raises(TimeLimitError):
        Raspa3().simulate(job, time_limit_s=1.0)
    assert time.monotonic() - start < 3.0
    result = adsorb(charged_irmof1(), engine="raspa3", initialization_cycles=10**7, time_limit_s=1.0)
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


@pytest.mark.engine
def test_mole_fractions_count() -> None:
    """In an empty box every gas has the density of its own fugacity."""
    mixed = job_on(ideal_gas_job().framework, "CO2:0.15,N2:0.85", pressure_pa=1e5, supercell=(1, 1, 1))
    found = Raspa3().simulate(replace(mixed, initialization_cycles=100, max_cycles=4000), time_limit_s=120.0)
    for species, amount in zip(mixed.species, found.amounts, strict=True):
        ideal = ideal_gas_molecules(replace(mixed, species=(species,)))
        assert amount.molecules == pytest.approx(ideal, abs=2.0 * amount.molecules_error + 0.01 * ideal)


def test_quantum_guests_are_refused_with_the_engines_that_know_them() -> None:
    with pytest.raises(InputError, match=r"Feynman-Hibbs.*H2 needs at 77 K"):
        Raspa3().simulate(job_on(charged_irmof1(), "H2", temperature_k=77.0), time_limit_s=60.0)
