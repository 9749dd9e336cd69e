"""RASPA2, the program, by its input files: for comparison with published work, and to hand a calculation on.

All definitions are written into the folder of the run (`mofa.adsorb.raspa_files`), so that folder is a complete RASPA2
calculation. The program has no way to stop on an error target; it is told to run the most cycles, followed by its
output, and ended when there is enough.

RASPA2: Dubbeldam et al., Mol. Simul. 42, 81 (2016), DOI 10.1080/08927022.2015.1010082.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from mofa.adsorb.engine import ENGINES, AdsorptionJob, Loading
from mofa.adsorb.mixture import Species
from mofa.adsorb.raspa_files import FRAMEWORK, definition_files, has_charges, write_files
from mofa.adsorb.raspa_process import Program, ProgramRun, run_folder
from mofa.adsorb.raspa_sampling import Samples, print_every
from mofa.errors import EngineError, EngineMissingError
from mofa.isolate import Progress
from mofa.programs import split_command

COMMAND = "simulate"
INPUT = "simulation.input"
VERSION_LIMIT_S = 60.0
_BOOT = "from RASPA2 import run_command_line; run_command_line()"
# RASPA2's names of moves, in its report at the end, and ours.
_MOVES = {
    "translation": "translation",
    "rotation": "rotation",
    "Reinsertion": "reinsertion",
    "swap addition": "insertion",
    "swap deletion": "deletion",
    "identity change": "identity swap",
}


class Raspa2:
    """The `AdsorptionEngine` that runs RASPA2.

    Args:
        command: program or command line; found in PATH, next to this Python, or in the package RASPA2.
        input_files: folder where the files of every run are kept.

    Raises:
        EngineMissingError: there is no such program, or it is no RASPA2.
        InputError: the command cannot be read.
    """

    def __init__(self, command: str = COMMAND, input_files: Path | None = None) -> None:
        self._words, self._environment = _find(command)
        self.version = _version(self._words, self._environment.get("PYTHONPATH", ""))
        self._input_files = input_files

    @property
    def method(self) -> str:
        """Program, version and force field."""
        return f"GCMC, RASPA2 {self.version}, UFF framework, Lorentz-Berthelot, truncated LJ, Ewald"

    def simulate(self, job: AdsorptionJob, *, time_limit_s: float, on_progress: Progress | None = None) -> Loading:
        """Run one simulation; see `AdsorptionEngine.simulate`.

        Pockets are kept free of every site of a molecule, not of its centre alone.
        """
        with run_folder(self._input_files, job) as folder:
            write_files(folder, {**definition_files(job), INPUT: simulation_input(job)})
            _discard_restarts(folder, job)
            # The C program wants both, and writes behind the end of HOME: RASPA_DIR must not stand there.
            environment = {"RASPA_DIR": str(folder), "HOME": str(folder), **self._environment, "OMP_NUM_THREADS": "1"}
            program = Program("raspa2", (*self._words, INPUT), environment, ("Output/System_0/*.data",))
            run = ProgramRun(program, folder, job, _Reader(job))
            return run.loading(time_limit_s=time_limit_s, on_progress=on_progress)


def simulation_input(job: AdsorptionJob) -> str:
    """RASPA2's file of commands."""
    cells = " ".join(str(n) for n in job.supercell)
    lines = [
        "SimulationType MonteCarlo",
        f"NumberOfCycles {job.max_cycles}",
        f"NumberOfInitializationCycles {job.initialization_cycles}",
        f"PrintEvery {print_every(job)}",
        f"PrintPropertiesEvery {job.max_cycles + 1}",
        "RestartFile no",
        "Movies no",
        f"RandomSeed {job.seed + 1}",  # 0 would stand for the time of day
        "",
        "Forcefield local",
        f"CutOffVDW {job.cutoff_ang:.10g}",
        f"CutOffCoulomb {job.cutoff_ang:.10g}",
        f"ChargeMethod {'Ewald' if has_charges(job) else 'None'}",
        "EwaldPrecision 1e-6",
        "",
        "Framework 0",
        f"FrameworkName {FRAMEWORK}",
        "InputFileType cif",
        "UseChargesFromCIFFile yes",
        "RemoveAtomNumberCodeFromLabel no",
        f"UnitCells {cells}",
        f"ExternalTemperature {job.temperature_k:.10g}",
        f"ExternalPressure {job.pressure_pa:.10g}",
    ]
    for k, species in enumerate(job.species):
        lines += ["", *_component(job, k, species)]
    return "\n".join(lines) + "\n"


def _discard_restarts(folder: Path, job: AdsorptionJob) -> None:
    """Lead RASPA2's restart files to nowhere: it writes one with every print, which takes longer than the print."""
    a, b, c = job.supercell
    restarts = folder / "Restart" / "System_0"
    restarts.mkdir(parents=True, exist_ok=True)
    name = f"restart_{FRAMEWORK}_{a}.{b}.{c}_{job.temperature_k:f}_{job.pressure_pa:g}"
    with suppress(OSError):
        (restarts / name).symlink_to(os.devnull)


def _component(job: AdsorptionJob, number: int, species: Species) -> list[str]:
    others = [str(k) for k in range(len(job.species)) if k != number]
    settings = [
        "MoleculeDefinition local",
        "StartingBead 0",
        f"MolFraction {species.mole_fraction:.12g}",
        f"FugacityCoefficient {species.fugacity_coefficient:.12g}",
        "IdealGasRosenbluthWeight 1.0",
        "TranslationProbability 1.0",
        *(["RotationProbability 1.0"] if species.guest.radius_ang > 0 else []),
        "ReinsertionProbability 1.0",
        "SwapProbability 2.0",
    ]
    if others:
        settings += [
            "IdentityChangeProbability 1.0",
            f"NumberOfIdentityChanges {len(others)}",
            f"IdentityChangesList {' '.join(others)}",
        ]
    if job.pockets:
        settings += ["BlockPockets yes", f"BlockPocketsFileName {FRAMEWORK}"]
    settings.append("CreateNumberOfMolecules 0")
    return [f"Component {number} MoleculeName {species.guest.name}", *(f"  {setting}" for setting in settings)]


class _Reader:
    """Reads RASPA2's output: the state every few cycles, and counts of moves at the end."""

    def __init__(self, job: AdsorptionJob) -> None:
        self._gases = len(job.species)
        self._framework_atoms = len(job.framework) * job.supercell[0] * job.supercell[1] * job.supercell[2]
        self._production = False
        self._molecules: list[int] = []
        self._energy_k = 0.0
        self._move = ""
        self._total = 0.0

    def read(self, line: str, samples: Samples) -> None:
        """See `mofa.adsorb.raspa_sampling.Reader`."""
        if line.startswith("Current cycle: "):
            self._production = True
            self._molecules = []
        elif line.startswith("[Init] Current cycle: "):
            samples.initialised = int(line.split()[3])
        elif line.startswith("Number of Framework-atoms: "):
            self._check_framework(int(line.split()[-1]))
        elif line.startswith("Performance of the "):
            self._move = _MOVES.get(line.removeprefix("Performance of the ").partition(" move")[0], "")
        elif self._move:
            self._count(line, samples)
        elif self._production:
            self._sample(line, samples)

    def _sample(self, line: str, samples: Samples) -> None:
        if line.startswith("Component ") and "current number of integer/" in line:
            self._molecules.append(int(line.partition("molecules: ")[2].partition("/")[0]))
        elif line.startswith("\tCurrent Host-Adsorbate energy: "):
            self._energy_k = float(line.split()[3])
        elif line.startswith("\tCurrent Adsorbate-Adsorbate energy: ") and len(self._molecules) == self._gases:
            samples.molecules.append(self._molecules)
            samples.energies_k.append(self._energy_k + float(line.split()[3]))

    def _count(self, line: str, samples: Samples) -> None:
        if line.startswith("\ttotal "):
            self._total = sum(float(word) for word in line.split()[1:])
        elif line.startswith("\tsuccesfull "):
            samples.count_moves(self._move, self._total, sum(float(word) for word in line.split()[1:]))
        elif found := re.search(r"total tried: ([\d.]+) .* accepted: ([\d.]+)", line):
            samples.count_moves(self._move, float(found[1]), float(found[2]))
        elif " was OFF " in line:
            self._move = ""

    def _check_framework(self, atoms: int) -> None:
        if atoms != self._framework_atoms:
            raise EngineError(
                f"RASPA2 made a framework of {atoms} atoms out of {self._framework_atoms}",
                where="raspa2",
                action="Remove duplicate or overlapping atoms",
            )


def _find(command: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command line and its environment.

    Raises:
        EngineMissingError: there is no such program.
        InputError: the command cannot be read.
    """
    program, *options = split_command(command, example=COMMAND)
    environment = dict(os.environ)
    path = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if path is not None:
        # Installed by `pip install --target`, the package lies beside the folder of its script.
        root = Path(path).resolve().parent.parent
        if (root / "RASPA2" / "raspa2.py").exists():
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
        return (os.path.abspath(path), *options), environment
    if command == COMMAND and importlib.util.find_spec("RASPA2") is not None:
        return (sys.executable, "-c", _BOOT), environment
    raise _missing(f"there is no program {program!r}")


@lru_cache(maxsize=8)
def _version(words: tuple[str, ...], python_path: str) -> str:
    """RASPA2's version, once it is sure that the program is RASPA2.

    Raises:
        EngineMissingError: it does not start, or is something else.
    """
    environment = {**os.environ, "PYTHONPATH": python_path}
    try:
        done = subprocess.run(
            [*words, "-v"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=VERSION_LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _missing(f"{words[0]} does not start ({error})") from error
    said = (done.stdout + done.stderr).strip()
    found = re.search(r"^(?:RASPA )?(2\.\d[\w.]*)", said, re.MULTILINE)
    if done.returncode or found is None:
        last = said.splitlines()[-1] if said else "it says nothing"
        raise _missing(f"{words[0]} is no working RASPA2 ({last})")
    return found[1]


def _missing(what: str) -> EngineMissingError:
    action = f"Run: {ENGINES.entries['raspa2'].install}, or give its path (command)"
    return EngineMissingError(what, where="raspa2", action=action)
