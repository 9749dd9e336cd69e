"""gRASPA: its files, and the reading of what a stand-in prints as gRASPA's sources and examples do."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mofa.adsorb.engine import Pocket
from mofa.adsorb.graspa import INPUT, Graspa, simulation_input
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.isolate import TimeLimitError
from mofa.units import K_TO_KJ_PER_MOL
from tests.adsorb.test_raspa2 import box_job, check_cancelling, check_golden, left_running, skewed_job

# Molecules at random, 20 kJ/mol each in gRASPA's unit of 10 J/mol; its options: where to print, and seconds a print.
STAND_IN = """
import random, re, sys, time
from pathlib import Path

where, pause_s = sys.argv[1], float(sys.argv[2])
words = dict(re.findall(r"^(\\w+) +(.+)$", Path("simulation.input").read_text(), re.MULTILINE))
guests = re.findall(r"^Component \\d+ MoleculeName (\\w+)$", Path("simulation.input").read_text(), re.MULTILINE)
if where == "fail":
    print("terminate called after throwing an instance of 'std::runtime_error'", file=sys.stderr)
    sys.exit(134)
output = sys.stdout
if where == "file":
    Path("Output").mkdir(exist_ok=True)
    output = open("Output/System_0_framework.cif_1_1_1_300.000000_1000000.000000.data", "w")
print("Checking if all inputs are defined")
rng = random.Random(int(words["RandomSeed"]))
for key in ("Initialization", "Equilibration", "Production"):
    phase = key.upper()
    print(f"== RUNNING {phase} PHASE ==", file=output)
    for cycle in range(0, int(words[f"NumberOf{key}Cycles"]), int(words["PrintEvery"])):
        counts = [sum(rng.random() < 0.1 * (k + 1) for _ in range(40)) for k in range(len(guests))]
        total = sum(counts)
        line = f"{phase} Cycle: {cycle}, {total} Adsorbate Molecules, Total Energy: {-2000.0 * total:.5f}  ||  "
        line += "Component 0 [framework.cif], 1 Molecules  ||  "
        for k, guest in enumerate(guests):
            line += f"Component {k + 1} [{guest}], {counts[k]} Molecules  ||  "
        print(line, file=output, flush=True)
        time.sleep(pause_s)
    n = 100 if phase == "PRODUCTION" else 7
    for k, guest in enumerate(guests):
        print("=====================TRANSLATION MOVES=====================", file=output)
        print(f"Translation Performed: {4 * n}\\nTranslation Accepted: {2 * n}", file=output)
        print(f"Insertion Performed:   {2 * n}\\nInsertion Accepted:    {n // 2}", file=output)
        print(f"Reinsertion Performed: {n}\\nReinsertion Accepted:  {n}", file=output)
        for j, other in enumerate(guests):
            if j != k:
                swap = f"FROM [{guest} ({k + 1})] TO [{other} ({j + 1})]: {n} ({n // 5} Accepted)"
                print(f"Identity Swap Performed, {swap}", file=output)
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> str:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    return f"{sys.executable} {script}"


def test_files_of_a_mixture(stand_in: str, tmp_path: Path) -> None:
    job = replace(skewed_job("CO2:0.15,N2:0.85", temperature_k=313.0), pockets=(), max_cycles=500)
    Graspa(f"{stand_in} stdout 0", input_files=tmp_path / "kept").simulate(job, time_limit_s=20.0)
    (folder,) = tmp_path.glob("kept/skewed/*")
    assert folder.name == "CO2-0.15_N2-0.85_20000Pa_313K_seed7"
    written = {path.name: path.read_text() for path in folder.iterdir() if path.name != "output.txt"}
    assert written[INPUT] == simulation_input(job)
    check_golden("graspa.txt", written)


@pytest.mark.parametrize("where", ["stdout", "file"])
def test_samples_are_read(stand_in: str, where: str) -> None:
    """Older versions print to the terminal, newer ones to a file."""
    job = box_job("CO2:0.25,N2:0.75")
    found = Graspa(f"{stand_in} {where} 0").simulate(job, time_limit_s=20.0)
    assert [amount.molecules for amount in found.amounts] == pytest.approx([4.0, 8.0], abs=0.5)
    for amount in found.amounts:
        assert amount.heat_kj_per_mol == pytest.approx(20.0 + job.temperature_k * K_TO_KJ_PER_MOL)
    assert found.cycles + found.equilibration_cycles == 2100
    assert not found.converged
    expected = {"translation": 0.5, "insertion": 0.25, "reinsertion": 1.0, "identity swap": 0.2}
    assert found.acceptance == pytest.approx(expected), "of production alone"


def test_an_old_output_in_a_kept_folder_is_not_read(stand_in: str, tmp_path: Path) -> None:
    first = Graspa(f"{stand_in} file 0", input_files=tmp_path / "kept").simulate(box_job(), time_limit_s=20.0)
    again = Graspa(f"{stand_in} stdout 0", input_files=tmp_path / "kept").simulate(box_job(), time_limit_s=20.0)
    assert again.amounts == first.amounts
    with pytest.raises(EngineError, match="code 134"):
        Graspa(f"{stand_in} fail 0", input_files=tmp_path / "kept").simulate(box_job(), time_limit_s=20.0)


def test_production_stops_when_the_error_is_small_enough(stand_in: str) -> None:
    job = box_job(min_cycles=200, max_cycles=10**6, target_relative_error=0.05)
    quick, slow = (Graspa(f"{stand_in} stdout {s}").simulate(job, time_limit_s=30.0) for s in (0, 0.004))
    assert quick.converged
    assert quick.cycles < 10_000
    assert (slow.amounts, slow.cycles) == (quick.amounts, quick.cycles)


def test_time_limit_returns_what_was_sampled(stand_in: str, tmp_path: Path) -> None:
    job = box_job(min_cycles=250, max_cycles=10**6, target_relative_error=1e-6)
    seen: list[tuple[float, str]] = []
    engine = Graspa(f"{stand_in} stdout 0.005", input_files=tmp_path)
    found = engine.simulate(job, time_limit_s=2.0, on_progress=lambda *report: seen.append(report))
    assert not found.converged
    assert 125 <= found.cycles < 3000
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    assert seen[-1][1].endswith("cycles")
    assert not left_running(tmp_path)


def test_time_limit_before_there_is_enough(stand_in: str, tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"graspa: \d+ of at least 2000 cycles within the time limit"):
        Graspa(f"{stand_in} stdout 0.1", input_files=tmp_path).simulate(box_job(), time_limit_s=1.0)
    assert time.monotonic() - start < 2.0
    assert not left_running(tmp_path)


def test_progress_can_cancel(stand_in: str, tmp_path: Path) -> None:
    check_cancelling(Graspa(f"{stand_in} stdout 0.1", input_files=tmp_path), box_job(), tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_nothing_outlives_a_killed_caller(stand_in: str, tmp_path: Path) -> None:
    """The program is a grandchild here, as a real one in a worker is."""
    code = (
        "from pathlib import Path; from mofa.adsorb.graspa import Graspa; from tests.adsorb.test_raspa2 import box_job;"
        f"engine = Graspa({stand_in!r} + ' stdout 0.1', input_files=Path({str(tmp_path)!r}));"
        "engine.simulate(box_job(), time_limit_s=60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    pid = os.spawnve(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code], environment)
    try:
        for _ in range(100):
            time.sleep(0.1)
            if list(tmp_path.glob("box/*/output.txt")):
                break
        time.sleep(0.3)
        assert left_running(tmp_path)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    time.sleep(0.5)
    assert not left_running(tmp_path)


def test_a_program_that_fails_is_quoted(stand_in: str) -> None:
    with pytest.raises(EngineError, match=r"code 134 after 0 of 2000 cycles; its last words: .*runtime_error"):
        Graspa(f"{stand_in} fail 0").simulate(box_job(), time_limit_s=20.0)


def test_jobs_that_it_cannot_do_are_refused(stand_in: str) -> None:
    with pytest.raises(InputError, match="Feynman-Hibbs"):
        Graspa(stand_in).simulate(box_job("H2", temperature_k=77.0), time_limit_s=20.0)
    with pytest.raises(InputError, match="pockets"):
        Graspa(stand_in).simulate(box_job(pockets=(Pocket((0.5, 0.5, 0.5), 3.0),)), time_limit_s=20.0)


def test_missing_program_says_how_to_get_it() -> None:
    with pytest.raises(EngineMissingError, match=r"github.com/snurr-group/gRASPA.*command"):
        Graspa("no-such-program")
    with pytest.raises(InputError, match="no command"):
        Graspa(" ")
