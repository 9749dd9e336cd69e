"""How long tasks take and what comes out of them, as tables: the published run, or a campaign's own records.

`PAPER` holds what is published of the 450-node run of MOFA on Polaris; `mofa.campaign.recorded` draws again from the
tasks of a campaign that has run here. A simulated campaign asks such a table about every task.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from mofa.campaign.distributions import Distribution, Lognormal, Normal, Quartiles, Uniform, binomial
from mofa.campaign.tasks import TaskKind


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


@dataclass(frozen=True)
class PublishedTable:
    """Distributions of durations, and shares of what passes, for one run on a machine."""

    source: str
    """Where the numbers come from."""
    batch_sizes: tuple[int, ...]
    """Linkers in the batches of a generate task."""
    generate_s: Distribution
    """A generate task with all these batches."""
    items_per_task: int
    """Linkers or MOFs that the next two durations are for; other numbers take a proportionate time."""
    process_s: Distribution
    assemble_s: Distribution
    process_share: float
    """Linkers that pass."""
    assemble_share: float
    """MOFs that pass."""
    validate_s: Distribution
    """An MD task that works."""
    failed_validate_share: float
    failed_validate_s: Distribution
    """An MD task that fails at once."""
    strain: Distribution
    """After MD."""
    optimize_s: Distribution
    optimize_share: float
    """Optimisations that work; charges and adsorption do not fail."""
    charges_s: Distribution
    adsorb_s: Distribution
    uptake_mol_per_kg: Distribution
    train_s: tuple[float, float]
    """A training on `train_mofs[0]` and on `train_mofs[1]` MOFs; linear between."""
    train_mofs: tuple[int, int]
    can_train: bool = True

    def batches(self, rng: random.Random) -> Sequence[int]:
        """See `WorkTable.batches`."""
        return self.batch_sizes

    def draw(self, kind: TaskKind, n: int, rng: random.Random) -> Drawn:
        """See `WorkTable.draw`."""
        match kind:
            case TaskKind.GENERATE:
                return Drawn(self.generate_s.draw(rng) * n / sum(self.batch_sizes), n)
            case TaskKind.PROCESS:
                return self._scaled(self.process_s, self.process_share, n, rng)
            case TaskKind.ASSEMBLE:
                return self._scaled(self.assemble_s, self.assemble_share, n, rng)
            case TaskKind.VALIDATE:
                if rng.random() < self.failed_validate_share:
                    return Drawn(self.failed_validate_s.draw(rng), 0)
                return Drawn(self.validate_s.draw(rng), 1, self.strain.draw(rng))
            case TaskKind.OPTIMIZE:
                return Drawn(self.optimize_s.draw(rng), int(rng.random() < self.optimize_share))
            case TaskKind.CHARGES:
                return Drawn(self.charges_s.draw(rng))
            case TaskKind.ADSORB:
                return Drawn(self.adsorb_s.draw(rng), 1, self.uptake_mol_per_kg.draw(rng))
            case TaskKind.TRAIN:
                (fewest, most), (shortest_s, longest_s) = self.train_mofs, self.train_s
                place = min(1.0, max(0.0, (n - fewest) / (most - fewest)))
                return Drawn(shortest_s + place * (longest_s - shortest_s))

    def _scaled(self, duration_s: Distribution, share: float, n: int, rng: random.Random) -> Drawn:
        """A task on `n` items, each of which may pass."""
        return Drawn(duration_s.draw(rng) * n / self.items_per_task, binomial(n, share, rng))


STRAIN = Lognormal.through((0.10, 0.179), (0.25, 0.566))
"""Strain of the MOFs of the published run: a lognormal through two published numbers.

(1) At 90 minutes the run had found 9.7 stable MOFs (strain < 10 %) per node-hour (section V-C), 4365 an hour on 450
nodes, while it simulated 24 400 MOFs an hour (figure 5): 17.9 % of them.
(2) Table I: 15.2 % of the structures come to LAMMPS and 8.6 % remain after it. Read as those that go on, with a strain
below 25 %, that is a share of 56.6 %. It may be less: 57 % is also the share of MD tasks that do not fail at once, so
that the table may count all MOFs that were simulated. Only the number of MOFs that wait for optimisation and the size
of the training sets depend on this reading, not the number of stable MOFs.

With z the quantile function of the normal distribution: sigma = ln 2.5 / (z(0.566) - z(0.179)) = 0.844 and
mu = ln 0.10 - z(0.179) sigma = -1.527; the median strain is 22 %.
"""
UPTAKE_MOL_PER_KG = Lognormal.through((1.0, 214 / 225), (4.05, 224 / 225))
"""CO2 at 0.1 bar and 300 K: of 225 MOFs the best adsorbed 4.05 mol/kg and ten more 1 to 2 mol/kg (section V-D)."""
PAPER = PublishedTable(
    source="published run on 450 nodes of Polaris",
    # 0.37 s for each linker (Table I), in batches of 128: eight make the mean task of 376 s (Analysis).
    batch_sizes=(128,) * 8,
    generate_s=Quartiles(33.0, 181.0, 270.0, 451.0, 7353.0, mean=376.2),
    # Analysis; 15.3 s for 128 linkers are the 0.12 s of Table I.
    items_per_task=128,
    process_s=Quartiles(0.03, 4.26, 8.74, 19.6, 1145.0, mean=15.32),
    # Analysis. The 0.46 + 2.56 s of Table I for every MOF would allow for one in 27 of those that were published.
    assemble_s=Quartiles(12.4, 13.85, 14.28, 14.78, 27.3, mean=14.41),
    # Analysis; 22.8 % in Table I.
    process_share=0.2286,
    # Table I.
    assemble_share=0.999,
    # Analysis. Together they have a mean of 204.4 s; Table I gives 204.52 s.
    validate_s=Normal(358.0, 45.0, low=60.0),
    failed_validate_share=0.4301,
    failed_validate_s=Uniform(0.33, 1.0),
    strain=STRAIN,
    # Analysis; a mean of 1517.5 s in Table I.
    optimize_s=Quartiles(438.0, 584.0, 1000.0, 2535.0, 3012.0, mean=1512.7),
    optimize_share=0.97,
    # Mean of Table I, deviation of the Analysis.
    charges_s=Normal(211.78, 23.0, low=60.0),
    # Analysis, with the mean of Table I.
    adsorb_s=Quartiles(0.25, 1584.0, 1803.0, 2150.0, 3908.0, mean=1892.89),
    uptake_mol_per_kg=UPTAKE_MOL_PER_KG,
    # 30 to 300 s depending on the size of the set, which is 32 to 8192 (section III-B).
    train_s=(30.0, 300.0),
    train_mofs=(32, 8192),
)
"""The 450-node run of the MOFA paper. "Table I" is the paper's; "Analysis" is the published analysis of the run's task
records: minimum, quartiles, maximum and mean of the durations of whole tasks, and the shares that failed.

It does not contain any influence of the generator's model on what it generates: all numbers are averages over a run
with retraining.
"""
