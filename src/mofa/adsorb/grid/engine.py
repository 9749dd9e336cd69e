"""The engine: several chains on one set of grids, run until their mean is known and they agree."""

from __future__ import annotations

import time
from collections import Counter
from importlib import metadata

import numpy as np

from mofa.adsorb.engine import AdsorptionJob, Loading
from mofa.adsorb.grid.bias import bias_of
from mofa.adsorb.grid.chain import Walker, moves_per_cycle
from mofa.adsorb.grid.compiled import is_compiled
from mofa.adsorb.grid.host import DEFAULT_SPACING_ANG, host_of
from mofa.adsorb.grid.model import Floats, conditions_of, empty_state, guests_of
from mofa.adsorb.statistics import BLOCKS, Averages, average
from mofa.errors import InputError
from mofa.isolate import Progress, TimeLimitError

DEFAULT_CHAINS = 4
CHUNK_CYCLES = 250
"""Cycles of a chain between two looks at the clock and the error."""
SOFT_LIMIT = 0.9
DENSITY_BIN_ANG = 0.4
FINEST_ANG, COARSEST_ANG = 0.05, 1.0
_CHECKS_PER_DOUBLING = 4


class GridEngine:
    """The `AdsorptionEngine` of MOFA.

    Args:
        grid_spacing_ang: largest distance of grid points, Å; 0.25 is within 0.5 % of the exact energies' uptake.
        chains: independent chains, at least one; they share the cycle numbers of the job.
        coulomb: of guests with each other. ``ewald``; ``truncated`` where the molecules' centres are farther apart than
            the cut-off, which for molecules without a dipole moment changes no uptake by 1 %; ``auto`` is Ewald for
            dipoles only.
        insertion: ``biased`` towards where molecules fit, or ``even``; the result is the same.

    Raises:
        InputError: a wrong option.
    """

    def __init__(
        self,
        grid_spacing_ang: float = DEFAULT_SPACING_ANG,
        chains: int = DEFAULT_CHAINS,
        coulomb: str = "auto",
        insertion: str = "biased",
    ) -> None:
        if not FINEST_ANG <= grid_spacing_ang <= COARSEST_ANG:
            raise InputError(
                f"grid_spacing_ang is {grid_spacing_ang}",
                where="grid",
                action=f"Give {FINEST_ANG} to {COARSEST_ANG} Å; 0.25 is the default",
            )
        if chains < 1:
            raise InputError(f"chains is {chains}", where="grid", action="Give 1 or more")
        for name, value, known in (
            ("coulomb", coulomb, ("auto", "ewald", "truncated")),
            ("insertion", insertion, ("biased", "even")),
        ):
            if value not in known:
                raise InputError(f"{name} is {value!r}", where="grid", action=f"Choose one of {', '.join(known)}")
        self._spacing_ang = grid_spacing_ang
        self._chains = chains
        self._coulomb = coulomb
        self._even = insertion == "even"
        self.density: Floats | None = None
        """Of the last simulation: molecules of the first gas in every bin of the unit cell, on average."""

    @property
    def method(self) -> str:
        """Program, version and force field."""
        return (
            f"GCMC, MOFA {metadata.version('mofa')} on energy grids of {self._spacing_ang:g} Å, UFF framework,"
            " Lorentz-Berthelot, truncated LJ, Ewald"
        )

    def simulate(self, job: AdsorptionJob, *, time_limit_s: float, on_progress: Progress | None = None) -> Loading:
        """Run one simulation in this process; see `AdsorptionEngine.simulate`.

        The chains run in turns, a few hundred cycles each, so `on_progress` can cancel within moments.
        """
        cpu_s = time.process_time()
        report = on_progress or (lambda fraction, text: None)
        report(0.0, "energy grids" if is_compiled() else "compiling, once for this installation")
        walkers = self._walkers(job)
        walkers[0].run(1)  # so that all is compiled before the time counts
        start_s = time.monotonic()
        run = _Run(job, walkers, start_s + SOFT_LIMIT * time_limit_s, start_s + time_limit_s, report)
        averages = run.until_known()
        for walker in walkers:
            walker.check_energy()
        counted = sum(walker.density_cycles for walker in walkers)
        self.density = np.sum([walker.density for walker in walkers], axis=0) / counted / np.prod(job.supercell)
        return Loading(
            amounts=averages.amounts,
            cycles=(run.cycles_each - averages.equilibration_cycles) * len(walkers),
            converged=averages.meets(job.target_relative_error),
            cpu_s=time.process_time() - cpu_s,
            equilibration_cycles=run.initial_each + averages.equilibration_cycles,
            chains=len(walkers),
            chain_ratio=averages.chain_ratio,
            acceptance=_acceptance(walkers),
        )

    def _walkers(self, job: AdsorptionJob) -> list[Walker]:
        """The chains, each with random numbers of its own."""
        host = host_of(job, spacing_ang=self._spacing_ang)
        guests = guests_of(job)
        polar = any(species.guest.is_polar for species in job.species)
        ewald = self._coulomb == "ewald" or (self._coulomb == "auto" and polar)
        conditions = conditions_of(job, ewald=ewald)
        bias = bias_of(job, host, guests, conditions, even=self._even)
        lengths = np.linalg.norm(job.framework.cell, axis=1)
        bins = tuple(max(2, round(length / DENSITY_BIN_ANG)) for length in lengths)
        return [
            Walker(host, guests, conditions, bias, empty_state(job, guests, conditions), seed=seed, density_shape=bins)
            for seed in np.random.SeedSequence(job.seed).spawn(self._chains)
        ]


class _Run:
    """Initialisation and production of the chains, with an eye on the clock."""

    def __init__(
        self, job: AdsorptionJob, walkers: list[Walker], soft_s: float, hard_s: float, report: Progress
    ) -> None:
        self._job = job
        self._walkers = walkers
        self._soft_s, self._hard_s = soft_s, hard_s
        self._report = report
        n = len(walkers)
        numbers = (job.initialization_cycles, job.min_cycles, job.max_cycles)
        self.initial_each, shortest, longest = (-(-number // n) for number in numbers)
        self._shortest, self._longest = max(shortest, BLOCKS), max(longest, BLOCKS)
        self.cycles_each = 0

    def until_known(self) -> Averages:
        """Run until the error target is met, the cycles are used up, or the time is.

        Raises:
            TimeLimitError: before `min_cycles` were done.
        """
        self._initialise()
        next_look = self._shortest
        while True:
            for count in _chunks(next_look - self.cycles_each):
                self._advance(count)
                if self.cycles_each >= self._shortest and time.monotonic() > self._soft_s:
                    break
            averages = average([walker.samples for walker in self._walkers], temperature_k=self._job.temperature_k)
            over = self.cycles_each >= self._longest or time.monotonic() > self._soft_s
            if over or averages.meets(self._job.target_relative_error):
                return averages
            further = max(CHUNK_CYCLES, self.cycles_each // _CHECKS_PER_DOUBLING)
            next_look = min(self._longest, self.cycles_each + further)

    def _initialise(self) -> None:
        done = 0
        for count in _chunks(self.initial_each):
            for walker in self._walkers:
                self._check_time()
                walker.run(count)
                walker.adapt()
            for walker in self._walkers:
                walker.moves_per_cycle = moves_per_cycle(
                    sum(other.molecules for other in self._walkers) / len(self._walkers)
                )
            done += count
            self._tell(done, "initialising")
        for walker in self._walkers:
            walker.start_sampling()

    def _advance(self, count: int) -> None:
        for walker in self._walkers:
            self._check_time()
            walker.run(count)
        self.cycles_each += count
        self._tell(self.initial_each + self.cycles_each, f"{self.cycles_each * len(self._walkers)} cycles")

    def _check_time(self) -> None:
        if time.monotonic() > self._hard_s:
            raise TimeLimitError(
                f"{self.cycles_each * len(self._walkers)} of at least {self._job.min_cycles} cycles within the time"
                " limit",
                where="grid",
                action="Give a longer time limit or fewer cycles",
            )

    def _tell(self, done: int, text: str) -> None:
        self._report(min(1.0, done / (self.initial_each + self._longest)), text)


def _chunks(cycles: int) -> list[int]:
    """Lengths of the chunks of a run."""
    full, rest = divmod(cycles, CHUNK_CYCLES)
    return [CHUNK_CYCLES] * full + ([rest] if rest else [])


def _acceptance(walkers: list[Walker]) -> dict[str, float]:
    """Share of accepted moves by kind, of all chains; without kinds that were never tried."""
    accepted: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for walker in walkers:
        for move, (yes, all_) in walker.counts.items():
            accepted[move] += yes
            tried[move] += all_
    return {move: accepted[move] / tried[move] for move in tried if tried[move]}
