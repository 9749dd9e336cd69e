"""CP2K's output, read line by line as it grows: what converged, energies, pressures, forces, how it ended.

CP2K 2023.1 only warns about a self-consistent field that did not converge and goes on with its energy and forces, so
that warning is looked for. Lines of versions up to 2025 are known, where they differ; the units of pressures and
forces, which a template may choose there, are read from the headers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from mofa.errors import EngineError
from mofa.units import (
    BOHR_TO_ANG,
    EV_PER_ANG3_TO_GPA,
    HARTREE_PER_BOHR_TO_EV_PER_ANG,
    HARTREE_TO_EV,
    PA_PER_ATM,
    PA_PER_BAR,
)

_GPA_PER_HARTREE_PER_BOHR3 = HARTREE_TO_EV / BOHR_TO_ANG**3 * EV_PER_ANG3_TO_GPA
_TO_GPA = {
    "gpa": 1.0,
    "mpa": 1e-3,
    "pa": 1e-9,
    "kbar": 1e-6 * PA_PER_BAR,
    "bar": 1e-9 * PA_PER_BAR,
    "atm": 1e-9 * PA_PER_ATM,
    "au_p": _GPA_PER_HARTREE_PER_BOHR3,
    "hartree/bohr^3": _GPA_PER_HARTREE_PER_BOHR3,
}
"""CP2K's units of pressure, in small letters."""
_TO_HARTREE_PER_BOHR = {
    "a.u.": 1.0,
    "au_f": 1.0,
    "hartree/bohr": 1.0,
    "ev/angstrom": 1.0 / HARTREE_PER_BOHR_TO_EV_PER_ANG,
}
"""CP2K's units of force, in small letters."""

_NUMBER = r"-?\d+\.\d+(?:E[+-]\d+)?"
_VERSION = re.compile(r"CP2K version (\d+)\.(\d+)")
_SCF_STEP = re.compile(rf"^\s+(\d+) \S.*?\s({_NUMBER})\s+({_NUMBER})\s+{_NUMBER}\s*$")
_SCF_DONE = re.compile(r"SCF run converged in\s+(\d+) steps")
_ENERGY = re.compile(rf"^\s*ENERGY\| Total FORCE_EVAL .*?({_NUMBER})\s*$")
_TRACE = re.compile(rf"STRESS\|\s+1/3 Trace\s+({_NUMBER})")
_STRESS_UNIT = re.compile(r"STRESS\|.*stress tensor.*\[(.+?)\]", re.IGNORECASE)
_FORCE_UNIT = re.compile(r"^\s*(?:FORCES\|\s*)?atomic forces\b.*\[(.+?)\]", re.IGNORECASE)
_FORCE = re.compile(
    rf"^\s+(?:\d+\s+\d+\s+[A-Z][a-z]?\S*|FORCES\|\s+\d+)\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})(?:\s|$)"
)
_STEP = re.compile(r"Informations at step =\s+(\d+)|OPT\| Step number\s+(\d+)")
_STEP_ENERGY = re.compile(rf"(?:Total Energy\s+=|OPT\| Total energy.*?)\s+({_NUMBER})", re.IGNORECASE)
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


@dataclass
class Output:
    """What an output file has said so far."""

    where: Path | str = "cp2k"
    """Of the file, for errors."""
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
    abort: str = ""
    """Its words on why it aborted."""
    _to_gpa: float = field(default=math.nan, repr=False)
    _to_hartree_per_bohr: float = field(default=math.nan, repr=False)
    _box: list[str] | None = field(default=None, repr=False)
    _pending: Evaluation | None = field(default=None, repr=False)

    @property
    def all_converged(self) -> bool:
        """Whether every self-consistent field converged."""
        return all(evaluation.converged for evaluation in self.evaluations)

    def read(self, line: str) -> None:
        """Take in the next line.

        Raises:
            EngineError: pressures or forces are in a unit that is not known.
        """
        if self._box is not None or "[ABORT]" in line:
            self._read_abort(line)
        elif not self._read_scf(line) and not self._read_units(line) and not self._read_results(line):
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

    def _read_units(self, line: str) -> bool:
        if unit := _STRESS_UNIT.search(line):
            self._to_gpa = self._factor(unit[1], _TO_GPA, "pressures", "STRESS_UNIT")
        elif unit := _FORCE_UNIT.match(line):
            self._to_hartree_per_bohr = self._factor(unit[1], _TO_HARTREE_PER_BOHR, "forces", "FORCE_UNIT")
        else:
            return False
        return True

    def _factor(self, unit: str, known: dict[str, float], what: str, keyword: str) -> float:
        if unit.strip().lower() not in known:
            action = f"Give a template with another {keyword}: {', '.join(known)}"
            raise EngineError(
                f"CP2K gives {what} in the unit {unit!r}, which is not known", where=self.where, action=action
            )
        return known[unit.strip().lower()]

    def _read_results(self, line: str) -> bool:
        if energy := _ENERGY.match(line):
            evaluation = self._evaluation()
            evaluation.energy_ha = float(energy[1])
            self.evaluations.append(evaluation)
            self._pending = None
        elif self.evaluations and (trace := _TRACE.search(line)):
            self.evaluations[-1].pressure_gpa = float(trace[1]) * self._to_gpa
        elif self.evaluations and (force := _FORCE.match(line)):
            length = math.hypot(*(float(x) for x in force.groups())) * self._to_hartree_per_bohr
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
        elif "OPTIMIZATION COMPLETED" in line:
            self.optimised = True
        elif "PROGRAM ENDED AT" in line:
            self.ended = True
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
    """All that an output file says; nothing where it does not exist.

    Raises:
        EngineError: pressures or forces are in a unit that is not known.
    """
    output = Output(path)
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            output.read(line)
    return output
