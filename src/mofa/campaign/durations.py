"""How long tasks take and what comes out of them, as tables: the published run, or a campaign's own records.

`PAPER` holds what is published of the 450-node run of MOFA on Polaris; `RecordedTable` draws again from the tasks of a
campaign that has run here. A simulated campaign asks such a table for every task.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from mofa.campaign.distributions import Distribution, Lognormal, Normal, Quartiles, Uniform, binomial
from mofa.campaign.tasks import TaskKind
from mofa.errors import CampaignError
from mofa.store.payloads import Status
from mofa.store.records import CampaignRecords, MofRecord, TaskRecord, load

MIN_TASKS = 3
"""Ended tasks of each kind that a campaign must have before it can serve as a table."""
USE_PAPER = "Let it run longer, or leave --campaign out to use the published durations"


class Drawn(NamedTuple):
    """How a task goes."""

    duration_s: float
    made: int = 1
    """What came out: linkers that passed, MOFs, or for tasks on a single MOF 1, or 0 if it was refused."""
    score: float = 0.0
    """Strain (validate) or uptake in mol/kg (adsorb)."""


class WorkTable(Protocol):
    """Where the durations and outcomes of simulated tasks come from."""

    @property
    def source(self) -> str:
        """Where its numbers come from, one line."""

    @property
    def can_train(self) -> bool:
        """Whether it knows how long a training takes."""

    def batches(self, rng: random.Random) -> Sequence[int]:
        """Linkers in each batch that a generate task streams, evenly spread over its time."""

    def draw(self, kind: TaskKind, n: int, rng: random.Random) -> Drawn:
        """How a task goes.

        Args:
            kind: of the task.
            n: what it works on: linkers (process), MOFs (assemble, train); linkers that it makes (generate); else 1.
            rng: the only source of chance.
        """


STRAIN = Lognormal.through((0.10, 0.179), (0.25, 0.566))
UPTAKE_MOL_PER_KG = Lognormal.through((1.0, 214 / 225), (4.05, 224 / 225))


@dataclass(frozen=True)
class PublishedTable:
    """The 450-node run of the paper; the defaults are all from it, the source of each number beside it.

    "Table I" is that of the paper. "Analysis" is the published analysis of the run's task records: minimum, quartiles,
    maximum and mean of the durations of whole tasks, and the shares that failed.

    **Strain.** A lognormal through two published numbers. (1) At 90 minutes the run had found 9.7 stable MOFs
    (strain < 10 %) per node-hour, 4365 per hour on 450 nodes, at 24 400 simulated MOFs per hour: 17.9 % of them.
    (2) Table I lets 15.2 % of the structures come to LAMMPS and 8.6 % remain after it, where MOFs with a strain below
    25 % go on: a share of 56.6 %. This second reading is an upper bound: 57 % is also the share of MD tasks that do
    not fail at once, so Table I may count all that were simulated. Only the length of the queue before
    optimisation and the size of the first training sets depend on it. With mu = ln 0.10 - z(0.179) sigma and
    sigma = ln 2.5 / (z(0.566) - z(0.179)): mu = -1.53, sigma = 0.84, a median strain of 22 %.

    **Uptake.** A lognormal through two numbers as well: of 225 MOFs the best adsorbed 4.05 mol/kg, and ten more
    1 to 2 mol/kg.

    **What it does not contain**: any influence of the generator's model on the strain. The numbers are averages of a
    run with retraining; a simulation with them is the same with and without.
    """

    batch_sizes: tuple[int, ...] = (128,) * 8
    """Linkers streamed by a generate task: 8 x 128 at 0.37 s (Table I) give the mean task time of 376 s (Analysis)."""
    generate_s: Distribution = Quartiles(33.0, 181.0, 270.0, 451.0, 7353.0, mean=376.2)
    """A generate task of all these batches (Analysis)."""
    process_s: Distribution = Quartiles(0.03, 4.26, 8.74, 19.6, 1145.0, mean=15.32)
    """A batch of 128 linkers (Analysis): 0.12 s each (Table I)."""
    process_share: float = 0.2286
    """Linkers that pass (Analysis; 22.8 % in Table I)."""
    assemble_s: Distribution = Quartiles(12.4, 13.85, 14.28, 14.78, 27.3, mean=14.41)
    """A task of 128 MOFs (Analysis). Table I's 0.46 + 2.56 s for each MOF would allow one of 27 of the published MOFs."""
    assemble_share: float = 0.999
    """MOFs that pass the checks (Table I)."""
    validate_failure_share: float = 0.4301
    """MD tasks that fail at once (Analysis)."""
    validate_failure_s: Distribution = Uniform(0.33, 1.0)
    """Duration of one of these (Analysis: below 1 s)."""
    validate_s: Distribution = Normal(358.0, 45.0, low=60.0)
    """An MD task that works (Analysis); with the failures a mean of 204.4 s (Table I: 204.52 s)."""
    strain: Distribution = STRAIN
    """Strain after MD."""
    optimize_s: Distribution = Quartiles(438.0, 584.0, 1000.0, 2535.0, 3012.0, mean=1512.7)
    """A cell optimisation (Analysis; 1517.53 s in Table I)."""
    optimize_share: float = 0.97
    """Optimisations that work (Analysis)."""
    charges_s: Distribution = Normal(211.78, 23.0, low=60.0)
    """Partial charges (Table I; deviation from the Analysis). None fails."""
    adsorb_s: Distribution = Quartiles(0.25, 1584.0, 1803.0, 2150.0, 3908.0, mean=1892.9)
    """An uptake (Analysis; mean of Table I)."""
    uptake_mol_per_kg: Distribution = UPTAKE_MOL_PER_KG
    """CO2 at 0.1 bar and 300 K."""
    train_s: tuple[float, float] = (30.0, 300.0)
    """A training on the fewest and on the most MOFs (32 and 8192; section III-B7), linear between them."""

    @property
    def source(self) -> str:
        """Where its numbers come from."""
        return "published run on 450 nodes of Polaris"

    @property
    def can_train(self) -> bool:
        """Whether it knows how long a training takes."""
        return True

    def batches(self, rng: random.Random) -> Sequence[int]:
        """See `WorkTable.batches`."""
        return self.batch_sizes

    def draw(self, kind: TaskKind, n: int, rng: random.Random) -> Drawn:
        """See `WorkTable.draw`."""
        match kind:
            case TaskKind.GENERATE:
                return Drawn(self.generate_s.draw(rng) * n / sum(self.batch_sizes), n)
            case TaskKind.PROCESS:
                return Drawn(self.process_s.draw(rng) * n / 128, binomial(n, self.process_share, rng))
            case TaskKind.ASSEMBLE:
                return Drawn(self.assemble_s.draw(rng) * n / 128, binomial(n, self.assemble_share, rng))
            case TaskKind.VALIDATE:
                if rng.random() < self.validate_failure_share:
                    return Drawn(self.validate_failure_s.draw(rng), 0)
                return Drawn(self.validate_s.draw(rng), 1, self.strain.draw(rng))
            case TaskKind.OPTIMIZE:
                return Drawn(self.optimize_s.draw(rng), int(rng.random() < self.optimize_share))
            case TaskKind.CHARGES:
                return Drawn(self.charges_s.draw(rng))
            case TaskKind.ADSORB:
                return Drawn(self.adsorb_s.draw(rng), 1, self.uptake_mol_per_kg.draw(rng))
            case TaskKind.TRAIN:
                shortest, longest = self.train_s
                return Drawn(shortest + (longest - shortest) * min(1.0, max(0.0, (n - 32) / (8192 - 32))))


PAPER = PublishedTable()
"""The published run."""


@dataclass(frozen=True)
class _Sample:
    """A task that has run: what it worked on, how long, and what came out."""

    n: int
    drawn: Drawn


@dataclass(frozen=True)
class RecordedTable:
    """The tasks of a campaign that has run, drawn again at random: durations together with their outcomes.

    What works on several things at once (linkers of a batch, MOFs of an assembly) is scaled to their number.
    """

    source: str
    _samples: Mapping[TaskKind, Sequence[_Sample]] = field(repr=False)
    _batches: Sequence[Sequence[int]] = field(repr=False)

    @property
    def can_train(self) -> bool:
        """Whether a training has been recorded."""
        return bool(self._samples.get(TaskKind.TRAIN))

    def batches(self, rng: random.Random) -> Sequence[int]:
        """See `WorkTable.batches`."""
        return rng.choice(self._batches)

    def draw(self, kind: TaskKind, n: int, rng: random.Random) -> Drawn:
        """See `WorkTable.draw`."""
        sample = rng.choice(self._samples[kind])
        if kind not in _SCALED:
            return sample.drawn
        scale = n / max(1, sample.n)
        made = sample.drawn.made * scale
        whole = int(made)
        return Drawn(sample.drawn.duration_s * scale, whole + (rng.random() < made - whole))


_SCALED = frozenset({TaskKind.GENERATE, TaskKind.PROCESS, TaskKind.ASSEMBLE})


def load_table(folder: str | Path) -> RecordedTable:
    """The table of a campaign's folder.

    Raises:
        CampaignError: there is no campaign, or too few of its tasks have ended.
        StoreError: it cannot be read.
    """
    return from_records(load(folder), source=f"records of {folder}")


def from_records(records: CampaignRecords, *, source: str = "records of a campaign") -> RecordedTable:
    """A table of what a campaign has recorded.

    Linkers and MOFs that had been there before do not count as made.

    Raises:
        CampaignError: too few tasks of a kind have ended.
    """
    made, refused = _counts(records)
    sizes = {batch.key: batch.n for batch in records.batches}
    streamed: dict[str, list[int]] = {}
    for batch in records.batches:
        streamed.setdefault(batch.key.rpartition("/")[0], []).append(batch.n)
    samples: dict[TaskKind, list[_Sample]] = {kind: [] for kind in TaskKind}
    for task in records.tasks.values():
        if task.status is None:
            continue
        n = {
            TaskKind.GENERATE: sum(streamed.get(task.id, ())),
            TaskKind.PROCESS: sizes.get(task.subject, made[task.id] + refused[task.id]),
            TaskKind.ASSEMBLE: made[task.id] + refused[task.id],
        }.get(task.kind, 1)
        if n:
            samples[task.kind].append(_Sample(n, _drawn(task, records.mofs.get(task.subject), made[task.id])))
    few = [f"{kind} ({len(samples[kind])})" for kind in TaskKind if kind is not TaskKind.TRAIN]
    few = [text for kind, text in zip(_NEEDED, few, strict=True) if len(samples[kind]) < MIN_TASKS]
    if few:
        raise CampaignError(
            f"too few tasks have ended to draw from: {', '.join(few)}; {MIN_TASKS} of each kind are needed",
            where=source,
            action=USE_PAPER,
        )
    ended = [sample for task_id, sample in streamed.items() if records.tasks[task_id].status is Status.DONE]
    return RecordedTable(source, samples, ended)


_NEEDED = tuple(kind for kind in TaskKind if kind is not TaskKind.TRAIN)


def _counts(records: CampaignRecords) -> tuple[Counter[str], Counter[str]]:
    """What each task made and what it refused."""
    made = Counter(linker.task_id for linker in records.linkers.values())
    made.update(mof.task_id for mof in records.mofs.values())
    return made, Counter(rejection.task_id for rejection in records.rejections)


def _drawn(task: TaskRecord, mof: MofRecord | None, made: int) -> Drawn:
    """How a recorded task went."""
    duration_s = _duration_s(task)
    match task.kind:
        case TaskKind.PROCESS | TaskKind.ASSEMBLE:
            return Drawn(duration_s, made)
        case TaskKind.VALIDATE:
            stability = mof.stability if mof is not None else None
            return Drawn(duration_s, 0) if stability is None else Drawn(duration_s, 1, stability.strain)
        case TaskKind.OPTIMIZE:
            return Drawn(duration_s, int(mof is not None and mof.optimized is not None))
        case TaskKind.CHARGES:
            return Drawn(duration_s, int(mof is not None and mof.charges is not None))
        case TaskKind.ADSORB:
            uptake = mof.uptake if mof is not None else None
            return Drawn(duration_s, 0) if uptake is None else Drawn(duration_s, 1, uptake.uptake_mol_per_kg)
        case _:
            return Drawn(duration_s, int(task.status is Status.DONE))


def _duration_s(task: TaskRecord) -> float:
    """Time on the worker; of a task that left no times the time from its submission to its record."""
    if task.started_s and task.ended_s:
        return max(0.0, task.ended_s - task.started_s)
    return max(0.0, (task.recorded_s or task.submitted_s) - task.submitted_s)
