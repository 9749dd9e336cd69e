"""Samples from the printed states of RASPA2 or gRASPA, and when there are enough of them.

The programs print the state of the simulation every few cycles; each print is a sample. What is decided from samples
is decided at fixed numbers of them, so the answer does not hang on how fast the output was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mofa.adsorb.engine import AdsorptionJob, Loading
from mofa.adsorb.statistics import Averages, Chain, average_of_cycles
from mofa.errors import EngineError

PRINT_EVERY_CYCLES = 5
"""Printing costs RASPA2 about 0.4 ms; five cycles of CO2 in IRMOF-1 take 130 ms, of CH4 15 ms."""
LEAST_SAMPLES = 50
CHECK_EVERY_CYCLES = 500
CHECKS_PER_DOUBLING = 8
"""Checks get rarer in long runs: each takes longer, and promises less."""


@dataclass
class Samples:
    """What a program has printed so far."""

    molecules: list[list[int]] = field(default_factory=list)
    """Of every gas, at each print of production."""
    energies_k: list[float] = field(default_factory=list)
    """Adsorption energy at the same times, K."""
    initialised: int = 0
    """Cycles of initialisation."""
    tried: dict[str, float] = field(default_factory=dict)
    """Moves by kind, from the report at the end."""
    accepted: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.energies_k)

    def count_moves(self, kind: str, tried: float, accepted: float) -> None:
        """Add to the moves of a kind."""
        self.tried[kind] = self.tried.get(kind, 0.0) + tried
        self.accepted[kind] = self.accepted.get(kind, 0.0) + accepted


class Reader(Protocol):
    """Understands the lines of one run's output."""

    def read(self, line: str, samples: Samples) -> None:
        """Take in one line, without its end."""


def print_every(job: AdsorptionJob) -> int:
    """Cycles from sample to sample, fewer in very short runs."""
    return max(1, min(PRINT_EVERY_CYCLES, job.min_cycles // LEAST_SAMPLES))


class Sampling:
    """The samples of a run and what they say of it.

    Args:
        job: what is simulated.
        name: the engine's, for errors.
    """

    def __init__(self, job: AdsorptionJob, name: str) -> None:
        self.samples = Samples()
        self._job = job
        self._name = name
        self._every = print_every(job)
        self._next_check = -(-job.min_cycles // self._every)

    @property
    def cycles(self) -> int:
        """Cycles of production so far."""
        return min(self._job.max_cycles, len(self.samples) * self._every)

    def enough(self) -> Averages | None:
        """The averages at the first check that met the error target, if one has; later samples are dropped."""
        while self._next_check <= len(self.samples):
            n = self._next_check
            averages = self.averages(n)
            if averages.meets(self._job.target_relative_error):
                del self.samples.molecules[n:], self.samples.energies_k[n:]
                return averages
            self._next_check = n + max(CHECK_EVERY_CYCLES // self._every, n // CHECKS_PER_DOUBLING)
        return None

    def averages(self, n: int | None = None) -> Averages:
        """Averages of the first samples, or of all.

        Raises:
            EngineError: an energy is not a number.
        """
        energies_k = np.array(self.samples.energies_k[:n])
        if not np.isfinite(energies_k).all():
            raise EngineError("energies are not finite", where=self._name, action="Look for atoms on top of each other")
        chain = Chain(np.array(self.samples.molecules[:n], dtype=np.float64), energies_k)
        return average_of_cycles(chain, temperature_k=self._job.temperature_k)

    def loading(self, averages: Averages, *, cpu_s: float) -> Loading:
        """The result of the run."""
        left_out = averages.equilibration_cycles * self._every
        tried, accepted = self.samples.tried, self.samples.accepted
        return Loading(
            amounts=averages.amounts,
            cycles=self.cycles - left_out,
            converged=averages.meets(self._job.target_relative_error),
            cpu_s=cpu_s,
            equilibration_cycles=self._job.initialization_cycles + left_out,
            chain_ratio=averages.chain_ratio,
            acceptance={kind: accepted[kind] / tried[kind] for kind in tried if tried[kind]},
        )

    def progress(self) -> tuple[float, str]:
        """Fraction done, and a text."""
        initialisation = self._job.initialization_cycles
        initialised = initialisation if len(self.samples) else self.samples.initialised
        fraction = (initialised + self.cycles) / (initialisation + self._job.max_cycles)
        return min(1.0, fraction), f"{self.cycles} cycles" if len(self.samples) else "initialising"
