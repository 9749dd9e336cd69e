"""gRASPA, Monte Carlo on a GPU, by its input files.

Written after gRASPA's sources and examples as of 2025 and tested with a stand-in that prints what they print. It has
never been run against the real program, which needs a GPU: compare a first uptake with another engine's.

gRASPA looks its keywords up in ``read_data.cpp`` beside its program, so the program must stay in its source folder;
versions from before ``PrintEvery`` do not print often enough and refuse the input. Some versions know blocked pockets,
none reads the file as all others do, and none knows quantum guests: jobs with either are refused here.

gRASPA: Li et al., J. Chem. Theory Comput. 20, 10649 (2024), DOI 10.1021/acs.jctc.4c01058.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from pathlib import Path

from mofa.adsorb.engine import AdsorptionJob, Loading
from mofa.adsorb.mixture import Species
from mofa.adsorb.raspa_files import FRAMEWORK, definition_files, has_charges, write_files
from mofa.adsorb.raspa_process import OUTPUT, Program, ProgramRun, run_folder
from mofa.adsorb.raspa_sampling import Samples, print_every
from mofa.errors import EngineMissingError, InputError
from mofa.isolate import Progress
from mofa.programs import split_command
from mofa.units import GAS_CONSTANT_J_PER_MOL_K

SOURCE = "https://github.com/snurr-group/gRASPA"
INPUT = "simulation.input"
# gRASPA computes in Å, ps and atomic mass units, whose energy is 10 J/mol, and prints it without conversion.
ENERGY_UNIT_K = 10.0 / GAS_CONSTANT_J_PER_MOL_K
LARGEST_SEED = 2**31 - 1
LEAST_SPACE = 10_240
_ANG3_PER_MOLECULE = 20.0
"""Denser than any liquid of the guests: room enough for their atoms."""
_STATE = re.compile(r"(INITIALIZATION|EQUILIBRATION|PRODUCTION) Cycle: (\d+), .*Total Energy: (\S+)")
_COMPONENT = re.compile(r"Component (\d+) \[[^\]]*\], (\d+) Molecules")
_MOVE = re.compile(r"(Translation|Rotation|Reinsertion|Insertion|Deletion) (Performed|Accepted): +(\d+)")
_SWAP = re.compile(r"Identity Swap Performed, .*: (\d+) \((\d+) Accepted\)")


class Graspa:
    """The `AdsorptionEngine` that runs gRASPA.

    Args:
        command: program or command line; it gets no arguments of ours and inherits CUDA_VISIBLE_DEVICES.
        input_files: folder where the files of every run are kept.

    Raises:
        EngineMissingError: there is no such program.
        InputError: no command, or one that cannot be read.
    """

    def __init__(self, command: str, input_files: Path | None = None) -> None:
        program, *options = split_command(command, example="gRASPA/src_clean/nvc_main.x")
        path = shutil.which(program)
        if path is None:
            raise EngineMissingError(
                f"there is no program {program!r}",
                where="graspa",
                action=f"Build gRASPA from {SOURCE}, or give its path (command)",
            )
        self._words = (os.path.abspath(path), *options)
        self._input_files = input_files

    @property
    def method(self) -> str:
        """Program and force field; gRASPA does not tell its version."""
        return "GCMC, gRASPA, UFF framework, Lorentz-Berthelot, truncated LJ, Ewald"

    def simulate(self, job: AdsorptionJob, *, time_limit_s: float, on_progress: Progress | None = None) -> Loading:
        """Run one simulation; see `AdsorptionEngine.simulate`."""
        if job.quantum:
            raise _refused("gRASPA knows no Feynman-Hibbs correction")
        if job.pockets:
            raise _refused("gRASPA does not keep pockets free")
        files = definition_files(job)
        del files["force_field.def"]  # there is nothing in it but for quantum guests
        with run_folder(self._input_files, job) as folder:
            write_files(folder, {**files, INPUT: simulation_input(job)})
            # Newer versions have a file for the states, older ones print them.
            program = Program("graspa", self._words, os.environ, ("Output/*.data", OUTPUT))
            run = ProgramRun(program, folder, job, _Reader(len(job.species)))
            return run.loading(time_limit_s=time_limit_s, on_progress=on_progress)


def _refused(what: str) -> InputError:
    return InputError(what, where="graspa", action="Use the engine grid or raspa2")


def simulation_input(job: AdsorptionJob) -> str:
    """The file of commands for gRASPA, which must know every keyword in it."""
    cells = " ".join(str(n) for n in job.supercell)
    volume_ang3 = job.framework.volume_ang3 * math.prod(job.supercell)
    sites = max(len(species.guest.sites) for species in job.species)
    space = max(LEAST_SPACE, sites * math.ceil(volume_ang3 / _ANG3_PER_MOLECULE))
    lines = [
        f"NumberOfInitializationCycles {job.initialization_cycles}",
        "NumberOfEquilibrationCycles 0",
        f"NumberOfProductionCycles {job.max_cycles}",
        f"PrintEvery {print_every(job)}",
        f"MoviesEvery {job.initialization_cycles + job.max_cycles + 1}",
        "UseMaxStep no",
        "MaxStepPerCycle 1",
        "RestartFile no",
        f"RandomSeed {job.seed % LARGEST_SEED}",
        "NumberOfTrialPositions 10",
        "NumberOfTrialOrientations 10",
        "NumberOfBlocks 5",
        f"AdsorbateAllocateSpace {space}",
        "NumberOfSimulations 1",
        "SingleSimulation yes",
        "InputFileType cif",
        f"FrameworkName {FRAMEWORK}",
        f"UnitCells 0 {cells}",
        "UseChargesFromCIFFile yes",
        f"ChargeMethod {'Ewald' if has_charges(job) else 'None'}",
        f"Temperature {job.temperature_k:.10g}",
        f"Pressure {job.pressure_pa:.10g}",
        "OverlapCriteria 1e5",
        f"CutOffVDW {job.cutoff_ang:.10g}",
        f"CutOffCoulomb {job.cutoff_ang:.10g}",
        "EwaldPrecision 1e-6",
    ]
    for k, species in enumerate(job.species):
        lines += ["", *_component(job, k, species)]
    return "\n".join(lines) + "\n"


def _component(job: AdsorptionJob, number: int, species: Species) -> list[str]:
    settings = [
        "IdealGasRosenbluthWeight 1.0",
        f"FugacityCoefficient {species.fugacity_coefficient:.12g}",
        f"MolFraction {species.mole_fraction:.12g}",
        "TranslationProbability 1.0",
        *(["RotationProbability 1.0"] if species.guest.radius_ang > 0 else []),
        "ReinsertionProbability 1.0",
        *(["IdentityChangeProbability 1.0"] if len(job.species) > 1 else []),
        "SwapProbability 2.0",
        "CreateNumberOfMolecules 0",
    ]
    return [f"Component {number} MoleculeName {species.guest.name}", *(f"  {setting}" for setting in settings)]


class _Reader:
    """Reads gRASPA's output: the state every few cycles, and counts of moves at the end of each phase."""

    def __init__(self, gases: int) -> None:
        self._gases = gases
        self._tried = 0.0

    def read(self, line: str, samples: Samples) -> None:
        """See `mofa.adsorb.raspa_sampling.Reader`."""
        if state := _STATE.match(line):
            self._sample(state, line, samples)
        elif swap := _SWAP.match(line):
            samples.count_moves("identity swap", float(swap[1]), float(swap[2]))
        elif move := _MOVE.match(line):
            if move[2] == "Performed":
                self._tried = float(move[3])
            else:
                samples.count_moves(move[1].lower(), self._tried, float(move[3]))

    def _sample(self, state: re.Match[str], line: str, samples: Samples) -> None:
        phase, cycle, energy = state.groups()
        if phase != "PRODUCTION":
            samples.initialised = int(cycle)
            return
        if not len(samples):  # what was counted so far belongs to the initialisation
            samples.tried.clear()
            samples.accepted.clear()
        # Component 0 is the framework.
        counts = {int(number): int(molecules) for number, molecules in _COMPONENT.findall(line)}
        samples.molecules.append([counts[k + 1] for k in range(self._gases)])
        samples.energies_k.append(float(energy) * ENERGY_UNIT_K)
