"""CP2K's output, read line by line as it grows: what converged, energies, pressures, forces, how it ended.

CP2K 2023.1 only warns about a self-consistent field that did not converge and goes on with its energy and forces, so
that warning is looked for. Lines of versions up to 2025 are known, where they differ.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

HARTREE_EV = 27.211386245988
BOHR_ANG = 0.529177210903
HARTREE_PER_BOHR_EV_PER_ANG = HARTREE_EV / BOHR_ANG
_BAR_TO_GPA = 1e-4

_NUMBER = r"-?\d+\.\d+(?:E[+-]\d+)?"
_VERSION = re.compile(r"CP2K version (\d+)\.(\d+)")
_SCF_STEP = re.compile(rf"^\s+(\d+) \S.*?\s({_NUMBER})\s+({_NUMBER})\s+{_NUMBER}\s*$")
_SCF_DONE = re.compile(r"SCF run converged in\s+(\d+) steps")
_ENERGY = re.compile(rf"^\s*ENERGY\| Total FORCE_EVAL .*?({_NUMBER})\s*$")
_TRACE = re.compile(rf"STRESS\|\s+1/3 Trace\s+({_NUMBER})")
_FORCE = re.compile(
    rf"^\s+(?:\d+\s+\d+\s+[A-Z][a-z]?\S*|FORCES\|\s+\d+)\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})(?:\s|$)"
)
_STEP = re.compile(r"Informations at step =\s+(\d+)|OPT\| Step number\s+(\d+)")
_STEP_ENERGY = re.compile(rf"(?:Total Energy\s+=|OPT\| Total energy.*?)\s+({_NUMBER})", re.IGNORECASE)
_STEP_PRESSURE = re.compile(
    rf"(?:Internal Pressure \[bar\]\s+=|OPT\| Internal pressure.*?)\s+({_NUMBER})", re.IGNORECASE
)
_WARNINGS = re.compile(r"number of warnings for this run is\s*:\s*(\d+)")
# What is left of a line of the drawing beside CP2K's words on why it aborts.
_DRAWING = re.compile(
    r"^ \*\s(?:\s*\[ABORT\]|\s*\\___/|\s*\|(?=\s)|\s*O/\||\s*/\| \||\s*/ \\|\s*___|\s*/   \\)?(.*?)\*?$"
)
_SAME_ENERGY_HA = 1e-8


@dataclass
class Evaluation:
    """One self-consistent field with what was computed from it."""

    scf_steps: int = 0
    converged: bool = False
    energy_ha: float = math.nan
    pressure_gpa: float = math.nan
    """A third of the trace of the stress tensor, positive under compression, GPa."""
    max_force_ha_per_bohr: float = math.nan
    """Length of the largest force, hartree/bohr."""


@dataclass
class Step:
    """One step of an optimisation that CP2K reports as done."""

    evaluation: Evaluation
    """That of the geometry the step ended with."""
    evaluations_done: int
    """How many there had been in the whole run."""
    energy_ha: float = math.nan
    pressure_gpa: float = math.nan


@dataclass
class Output:
    """What an output file has said so far."""

    version: tuple[int, ...] = ()
    evaluations: list[Evaluation] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    scf_step: int = 0
    """Iterations of the self-consistent field that is going on."""
    scf_change: float = math.nan
    """Its convergence figure, to be compared with EPS_SCF."""
    optimised: bool = False
    """Whether CP2K says that its optimisation converged."""
    ended: bool = False
    """Whether CP2K came to its regular end."""
    warnings: int | None = None
    """How many it counted."""
    abort: str = ""
    """Its words on why it aborted."""
    _box: list[str] | None = field(default=None, repr=False)
    _pending: Evaluation | None = field(default=None, repr=False)

    @property
    def all_converged(self) -> bool:
        """Whether every self-consistent field converged."""
        return all(evaluation.converged for evaluation in self.evaluations)

    def read(self, line: str) -> None:
        """Take in the next line."""
        if self._box is not None or "[ABORT]" in line:
            self._read_abort(line)
        elif not self._read_scf(line) and not self._read_results(line):
            self._read_run(line)

    def _read_scf(self, line: str) -> bool:
        if "SCF WAVEFUNCTION OPTIMIZATION" in line:
            self._pending, self.scf_step, self.scf_change = Evaluation(), 0, math.nan
        elif done := _SCF_DONE.search(line):
            self._evaluation().scf_steps = int(done[1])
            self._evaluation().converged = True
        elif "SCF run NOT converged" in line:
            self._evaluation().scf_steps = self.scf_step
            self._evaluation().converged = False
        elif self._pending is not None and (step := _SCF_STEP.match(line)):
            self.scf_step, self.scf_change = int(step[1]), float(step[2])
        else:
            return False
        return True

    def _read_results(self, line: str) -> bool:
        if energy := _ENERGY.match(line):
            evaluation = self._evaluation()
            evaluation.energy_ha = float(energy[1])
            self.evaluations.append(evaluation)
            self._pending = None
        elif self.evaluations and (trace := _TRACE.search(line)):
            self.evaluations[-1].pressure_gpa = float(trace[1])
        elif self.evaluations and (force := _FORCE.match(line)):
            length = math.hypot(*(float(x) for x in force.groups()))
            known = self.evaluations[-1].max_force_ha_per_bohr
            self.evaluations[-1].max_force_ha_per_bohr = length if math.isnan(known) else max(known, length)
        else:
            return False
        return True

    def _read_run(self, line: str) -> None:
        if _STEP.search(line) and self.evaluations:
            self.steps.append(Step(self.evaluations[-1], len(self.evaluations)))
        elif self.steps and math.isnan(self.steps[-1].energy_ha) and (energy := _STEP_ENERGY.search(line)):
            self._identify(self.steps[-1], float(energy[1]))
        elif self.steps and math.isnan(self.steps[-1].pressure_gpa) and (pressure := _STEP_PRESSURE.search(line)):
            self.steps[-1].pressure_gpa = float(pressure[1]) * _BAR_TO_GPA
        elif "OPTIMIZATION COMPLETED" in line:
            self.optimised = True
        elif "PROGRAM ENDED AT" in line:
            self.ended = True
        elif warnings := _WARNINGS.search(line):
            self.warnings = int(warnings[1])
        elif version := _VERSION.search(line):
            self.version = (int(version[1]), int(version[2]))

    def _identify(self, step: Step, energy_ha: float) -> None:
        """Find the evaluation that a step ended with: a line search may have tried others after it."""
        step.energy_ha = energy_ha
        for evaluation in reversed(self.evaluations):
            if abs(evaluation.energy_ha - energy_ha) < _SAME_ENERGY_HA:
                step.evaluation = evaluation
                return

    def _evaluation(self) -> Evaluation:
        if self._pending is None:
            self._pending = Evaluation()
        return self._pending

    def _read_abort(self, line: str) -> None:
        if self._box is None:
            self._box = []
        if line.startswith(" ****"):
            self.abort = self.abort or " ".join(" ".join(self._box).split())
            self._box = None
            return
        part = _DRAWING.match(line.rstrip())
        words = part[1].strip() if part else line.strip()
        if words and not re.fullmatch(r"\S+\.F:\d+", words):
            self._box.append(words)


def parse_output(path: Path) -> Output:
    """All that an output file says; nothing where it does not exist."""
    output = Output()
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            output.read(line)
    return output
