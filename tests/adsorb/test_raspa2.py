"""RASPA2: its files, known answers, the error target, limits, cancellation."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.adsorb.engine import AdsorptionEngine, AdsorptionJob, Pocket
from mofa.adsorb.gases import GASES
from mofa.adsorb.mixture import mixture_at
from mofa.adsorb.raspa2 import INPUT, Raspa2, simulation_input
from mofa.adsorb.raspa_files import definition_files, molecule
from mofa.chemistry import Framework
from mofa.chemistry.lennard_jones import lennard_jones
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.isolate import TimeLimitError
from mofa.testing.adsorb import check_adsorption_engine, ideal_gas_molecules
from mofa.units import AVOGADRO
from tests.adsorb.test_raspa3 import charged_irmof1

GOLDEN = Path(__file__).parent / "golden"
HBAR_J_S, BOLTZMANN_J_PER_K = 1.054571817e-34, 1.380649e-23


@pytest.fixture
def raspa2() -> Raspa2:
    try:
        return Raspa2()
    except EngineMissingError:
        pytest.skip("RASPA2 is not installed: pip install RASPA2")


def box_job(
    gas: str = "Ar", *, box_ang: float = 26.0, temperature_k: float = 300.0, **changes: object
) -> AdsorptionJob:
    """A box that is empty but for one helium atom; without charges a few seconds of RASPA2 go far."""
    box = Framework("box", ("He",), np.zeros((1, 3)), box_ang * np.eye(3), charges=np.zeros(1))
    job = AdsorptionJob(
        framework=box,
        species=mixture_at(gas, pressure_pa=1e6, temperature_k=temperature_k),
        pressure_pa=1e6,
        temperature_k=temperature_k,
        supercell=(1, 1, 1),
        cutoff_ang=12.8,
        initialization_cycles=100,
        min_cycles=2000,
        max_cycles=2000,
        target_relative_error=0.01,
        seed=0,
    )
    return replace(job, **changes)  # type: ignore[arg-type]


def skewed_job(gas: str, *, temperature_k: float) -> AdsorptionJob:
    """Three atoms in a triclinic cell, one of them outside of it."""
    cell = np.array([[9.0, 0.0, 0.0], [1.5, 8.0, 0.0], [-1.0, 2.0, 7.5]])
    positions = np.array([[0.1, 0.2, 0.3], [0.5, 0.55, 0.6], [-0.1, 0.9, 1.2]]) @ cell
    framework = Framework("skewed", ("Zn", "O", "C"), positions, cell, charges=np.array([0.9, -0.6, -0.3]))
    pockets = (Pocket((0.25, 0.5, 0.75), 2.5), Pocket((0.0, 0.1, 0.2), 1.25))
    species = mixture_at(gas, pressure_pa=2e4, temperature_k=temperature_k)
    job = box_job(framework=framework, species=species, supercell=(4, 4, 4), pressure_pa=2e4, pockets=pockets)
    return replace(job, temperature_k=temperature_k, min_cycles=500, max_cycles=20_000, seed=7)


def check_golden(name: str, files: dict[str, str]) -> None:
    """Compare files with those of an earlier version, all in one; MOFA_REWRITE_GOLDEN=1 writes them anew."""
    text = "".join(f"==> {file} <==\n{files[file]}" for file in sorted(files))
    golden = GOLDEN / name
    if "MOFA_REWRITE_GOLDEN" in os.environ:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def left_running(folder: Path) -> list[str]:
    """Processes that work in a folder or below it; a killed one may take a moment to be gone."""
    time.sleep(0.2)
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = os.readlink(link)
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(link.parent.name)
    return found


def check_cancelling(engine: AdsorptionEngine, job: AdsorptionJob, folder: Path) -> None:
    """Whether an exception of the progress callback ends the program at once."""

    class CancelledError(Exception):
        pass

    def cancel(fraction: float, text: str) -> None:
        raise CancelledError

    start = time.monotonic()
    with pytest.raises(CancelledError):
        engine.simulate(job, time_limit_s=60.0, on_progress=cancel)
    assert time.monotonic() - start < 5.0
    assert not left_running(folder)


def test_files_of_a_mixture() -> None:
    job = skewed_job("CO2:0.15,N2:0.85", temperature_k=313.0)
    check_golden("raspa2.txt", {**definition_files(job), INPUT: simulation_input(job)})


def test_files_of_a_quantum_mixture() -> None:
    """H2 among CO2: half its mass in the mixing rules, the reduced mass of the two for their pairs."""
    job = skewed_job("H2:0.5,CO2:0.5", temperature_k=150.0)
    files = definition_files(job)
    check_golden("raspa2-quantum.txt", {name: files[name] for name in files if name.startswith("force_field")})
    assert f"feynman-hibbs-lennard-jones 36.7 2.958 {2.01588 / 2:.8g}" in files["force_field_mixing_rules.def"]
    assert f"{1 / (1 / 2.01588 + 1 / 44.0095):.8g}" in files["force_field.def"]


@pytest.mark.parametrize("gas", sorted(GASES))
def test_a_molecule_grows_from_a_site_with_a_core(gas: str) -> None:
    """A bare charge would fall into the framework's charges."""
    first = molecule(GASES[gas]).splitlines()[13].split()[1]
    site = next(site for site in GASES[gas].sites if site.label == first)
    assert site.epsilon_k > 0


@pytest.mark.engine
def test_conformance(raspa2: Raspa2) -> None:
    found = check_adsorption_engine(raspa2)
    assert found.cpu_s > 0.1
    assert {"translation", "rotation", "reinsertion", "insertion", "deletion"} == set(found.acceptance)
    assert all(0.5 < share <= 1.0 for share in found.acceptance.values()), "an ideal gas accepts nearly all"


@pytest.mark.engine
def test_irmof1_uptake(tmp_path: Path, raspa2: Raspa2) -> None:
    """0.080 mol/kg at 298 K and 0.1 bar, about 13 kJ/mol; short, so within 30 %. The files are kept."""
    framework = charged_irmof1()
    job = box_job("CO2", temperature_k=298.0, framework=framework, supercell=(2, 2, 2), pressure_pa=1e4)
    job = replace(job, initialization_cycles=50, min_cycles=500, max_cycles=500)
    found = Raspa2(input_files=tmp_path).simulate(job, time_limit_s=200.0)
    mol_per_kg = 1000.0 / (8 * framework.mass_g_per_mol)
    (amount,) = found.amounts
    assert amount.molecules * mol_per_kg == pytest.approx(0.080, rel=0.3)
    assert amount.molecules_error * mol_per_kg < 0.03
    assert amount.heat_kj_per_mol == pytest.approx(13.3, abs=2.0)
    assert found.cycles + found.equilibration_cycles == 550
    (folder,) = tmp_path.glob("irmof-1/*")
    assert folder.name == "CO2_10000Pa_298K_seed0"
    assert (folder / INPUT).read_text() == simulation_input(job)
    assert len(list(folder.glob("Output/System_0/*.data"))) == 1


@pytest.mark.slow
@pytest.mark.engine
def test_irmof1_uptake_to_five_per_cent(raspa2: Raspa2) -> None:
    framework = charged_irmof1()
    job = box_job("CO2", temperature_k=298.0, framework=framework, supercell=(2, 2, 2), pressure_pa=1e4)
    found = raspa2.simulate(replace(job, min_cycles=6000, max_cycles=6000), time_limit_s=900.0)
    mol_per_kg = 1000.0 / (8 * framework.mass_g_per_mol)
    assert found.amounts[0].molecules * mol_per_kg == pytest.approx(0.080, rel=0.1)
    assert found.amounts[0].heat_kj_per_mol == pytest.approx(13.3, abs=0.6)


@pytest.mark.engine
def test_mixture(raspa2: Raspa2) -> None:
    """A nearly ideal gas has its mole fractions, and every molecule its charges."""
    job = box_job("CO2:0.25,N2:0.75", min_cycles=800, max_cycles=800)
    found = raspa2.simulate(job, time_limit_s=60.0)
    for species, amount in zip(job.species, found.amounts, strict=True):
        ideal = ideal_gas_molecules(replace(job, species=(species,)))
        assert amount.molecules == pytest.approx(ideal, abs=2 * amount.molecules_error + 0.05 * ideal)
        assert amount.heat_kj_per_mol == pytest.approx(2.5, abs=0.7)
    assert found.acceptance["identity swap"] > 0.5


@pytest.mark.engine
def test_pockets_stay_empty(raspa2: Raspa2) -> None:
    job = box_job(min_cycles=3000, max_cycles=3000)
    pocket = Pocket((0.9, 0.5, 0.5), 11.0)
    free = 1.0 - 4.0 / 3.0 * np.pi * pocket.radius_ang**3 / job.framework.volume_ang3
    found = raspa2.simulate(replace(job, pockets=(pocket,)), time_limit_s=60.0).amounts[0]
    assert found.molecules == pytest.approx(free * ideal_gas_molecules(job), abs=2 * found.molecules_error)
    assert found.molecules + 3 * found.molecules_error < ideal_gas_molecules(job)


@pytest.mark.engine
def test_quantum_guest(raspa2: Raspa2) -> None:
    """Helium at 12 K around one aluminium atom against the integral over the box, with and without the correction."""
    box = Framework("aluminium", ("Al",), np.zeros((1, 3)), 13.0 * np.eye(3), charges=np.zeros(1))
    job = box_job("He", temperature_k=12.0, framework=box, cutoff_ang=6.4, min_cycles=30_000, max_cycles=30_000)
    job = replace(job, pressure_pa=1e4, species=(replace(job.species[0], fugacity_coefficient=1.0),))
    helium, aluminium = GASES["He"].sites[0], lennard_jones("Al")
    r = np.linspace(0.5, job.cutoff_ang, 4000)
    epsilon_k = np.sqrt(helium.epsilon_k * aluminium.epsilon_k)
    s6 = ((helium.sigma_ang + aluminium.sigma_ang) / 2 / r) ** 6
    classical_k = 4 * epsilon_k * (s6**2 - s6)
    mass_kg = GASES["He"].molar_mass_g_per_mol / 1000 / AVOGADRO
    factor_ang2 = HBAR_J_S**2 / (24 * mass_kg * BOLTZMANN_J_PER_K * job.temperature_k) * 1e20
    quantum_k = classical_k + factor_ang2 * 4 * epsilon_k * (132 * s6**2 - 30 * s6) / r**2
    ideal = ideal_gas_molecules(job)

    def molecules(energy_k: np.ndarray) -> float:
        excess_ang3 = np.trapezoid((np.exp(-energy_k / job.temperature_k) - 1) * 4 * np.pi * r**2, r)
        return ideal * (1 + float(excess_ang3) / box.volume_ang3)

    found = raspa2.simulate(job, time_limit_s=60.0).amounts[0]
    assert found.molecules == pytest.approx(molecules(quantum_k), abs=2 * found.molecules_error)
    assert molecules(classical_k) > found.molecules + 4 * found.molecules_error


@pytest.mark.engine
def test_production_stops_when_the_error_is_small_enough(raspa2: Raspa2) -> None:
    """At a check of fixed length, so twice at the same."""
    job = box_job(min_cycles=200, max_cycles=10**7, target_relative_error=0.1)
    first, second = (raspa2.simulate(job, time_limit_s=60.0) for _ in range(2))
    assert first.converged
    assert first.cycles < 10_000
    assert (first.amounts, first.cycles) == (second.amounts, second.cycles)
    assert not first.acceptance, "RASPA2 tells only at its end"
    assert first.cpu_s > 0.1


@pytest.mark.engine
def test_time_limit_returns_what_was_sampled(tmp_path: Path, raspa2: Raspa2) -> None:
    job = box_job(min_cycles=100, max_cycles=10**7, target_relative_error=1e-6)
    start = time.monotonic()
    found = Raspa2(input_files=tmp_path).simulate(job, time_limit_s=3.0)
    assert time.monotonic() - start < 4.5
    assert not found.converged
    assert 50 <= found.cycles < 10**7
    assert not left_running(tmp_path)


@pytest.mark.engine
def test_time_limit_before_there_is_enough(tmp_path: Path, raspa2: Raspa2) -> None:
    job = box_job(initialization_cycles=10**7)
    start = time.monotonic()
    with pytest.raises(TimeLimitError, match="0 of at least 2000 cycles"):
        Raspa2(input_files=tmp_path).simulate(job, time_limit_s=1.0)
    assert time.monotonic() - start < 2.5
    assert not left_running(tmp_path)


@pytest.mark.engine
def test_progress_can_cancel(tmp_path: Path, raspa2: Raspa2) -> None:
    check_cancelling(Raspa2(input_files=tmp_path), box_job(initialization_cycles=10**7), tmp_path)


@pytest.mark.engine
def test_the_package_will_do_without_its_script(monkeypatch: pytest.MonkeyPatch, raspa2: Raspa2) -> None:
    script = shutil.which("simulate")
    if script is None:
        pytest.skip("RASPA2's script is not in PATH")
    root = Path(script).resolve().parent.parent
    if not (root / "RASPA2").is_dir():
        pytest.skip("RASPA2 was not installed with pip --target")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.syspath_prepend(str(root))
    assert Raspa2().method == raspa2.method


def test_missing_program_says_how_to_get_it() -> None:
    with pytest.raises(EngineMissingError, match=r"pip install RASPA2.*command"):
        Raspa2("no-such-program")
    with pytest.raises(EngineMissingError, match="is no working RASPA2"):
        Raspa2(sys.executable)
    with pytest.raises(InputError, match="cannot be read"):
        Raspa2("simulate 'x")


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    """RASPA2 ends with code 0 when it does not like its input."""
    program = tmp_path / "simulate"
    program.write_text('#!/bin/sh\n[ "$1" = -v ] && echo 2.0.4 && exit\necho "Unknown PseudoAtom-type" >&2\n')
    program.chmod(0o755)
    with pytest.raises(EngineError, match="code 0 after 0 of 2000 cycles; its last words: 'Unknown PseudoAtom-type'"):
        Raspa2(str(program)).simulate(box_job(), time_limit_s=10.0)
