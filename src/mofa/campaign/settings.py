"""What the campaign needs to know, as small frozen values that do not depend on the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mofa.campaign.curriculum import CurriculumSettings
from mofa.campaign.tasks import TaskKind
from mofa.chemistry import Family
from mofa.compute import ServerSettings
from mofa.errors import ConfigError
from mofa.expression import BEFORE_ADSORPTION, Expression, parse
from mofa.store.records import ObjectiveRecord, StrainLimits

DOWNSTREAM_FIRST = (
    TaskKind.ADSORB,
    TaskKind.CHARGES,
    TaskKind.OPTIMIZE,
    TaskKind.TRAIN,
    TaskKind.VALIDATE,
    TaskKind.ASSEMBLE,
    TaskKind.PROCESS,
    TaskKind.GENERATE,
)
"""Order in which a shared slot looks for work: what is nearest to an uptake comes first."""


@dataclass(frozen=True)
class PolicySettings:
    """Thresholds of the policy; defaults are the paper's where it gives one."""

    recipe: tuple[Family, ...] = (Family.BCA, Family.BCA, Family.BZN)
    """Families of a MOF's linkers; the default is the paper's."""
    min_linkers_per_family: int = 4
    """Linkers of each family that must be known before MOFs are assembled."""
    linker_window: int = 64
    """Assembly draws from this many newest linkers of each family."""
    max_mofs_per_linker: int = 4
    """MOFs that one linker may be part of; keeps fresh linkers flowing (the published runs average about 2)."""
    mofs_per_assembly: int = 1
    """MOFs built in one assemble task."""
    assembly_slots: int = 1
    """Assemble tasks that may run at the same time: the paper's one for every 256 validate slots."""
    max_waiting_batches: int = 8
    """Generation pauses while this many batches wait for processing (running generate tasks included)."""
    max_generated: int | None = None
    """Generation ends after this many raw linkers; None for no end."""
    max_waiting_mofs: int = 64
    """Length of the last-in-first-out queue of MOFs; beyond it the oldest is dropped."""
    dynamics_steps: tuple[int, ...] = ()
    """Lengths of the dynamics, ascending: a MOF that comes through one may go on to the next. Empty: one length, that
    of the validate tasks' options."""
    prolong_share: float = 0.5
    """Share of the survivors of each length that go on to the next while there are new MOFs to be looked at."""
    retrain: bool = True
    """Whether the generator learns from the MOFs that were found."""
    restart_on_new_model: bool = True
    """Whether running generate tasks end with their next batch when there is a newer model, to start again on it."""
    curriculum: CurriculumSettings = field(default_factory=CurriculumSettings)
    """When and from which MOFs. Its strain limit is also that for optimisation and adsorption."""
    priority: Expression = field(default_factory=lambda: parse("-strain", BEFORE_ADSORPTION))
    """Which MOFs are optimised first, the highest; the default is the paper's, the most stable."""
    judge: str = ""
    """Engine that simulates the adsorption of the best MOFs once more; empty for none."""
    judge_top: int = 3
    """A MOF that is among so many best when its uptake arrives is given to the judge."""


@dataclass(frozen=True)
class StopRules:
    """When the campaign ends: whichever comes first. None means no such limit."""

    max_uptakes: int | None = None
    """MOFs with an uptake, all sessions of the campaign together."""
    max_validated: int | None = None
    """MOFs with a strain, all sessions together."""
    max_minutes: float | None = None
    """Wall-clock minutes of this session."""
    grace_s: float = 20.0
    """How long running tasks may go on after the end or the first Ctrl-C before they are cancelled, s."""
    max_crashes_in_a_row: int = 10
    """Give up when this many tasks of one kind crash without one that works in between."""


@dataclass(frozen=True)
class Pool:
    """Worker slots of one sort."""

    count: int
    kinds: tuple[TaskKind, ...]
    """What they do, in the order in which they look for work."""
    lends_to: tuple[TaskKind, ...] = ()
    """Kinds that an idle slot helps out with when there is nothing of its own to do."""

    @property
    def eager(self) -> bool:
        """Whether a slot gets its next task before the result of the last one is read.

        With one kind of task the result hardly bears on what comes next, and no moment of an expensive slot is lost.
        Where kinds share slots, the result decides which kind comes next: it is read first.
        """
        return len(self.kinds) == 1


@dataclass(frozen=True)
class SlotPlan:
    """The worker pools by name.

    Raises:
        ConfigError: a pool without workers, or a kind of task that no pool serves.
    """

    pools: Mapping[str, Pool]
    lend_above: float = 1.0
    """An idle slot is lent to another kind when more than this many tasks wait for each slot of that kind."""

    def __post_init__(self) -> None:
        for name, pool in self.pools.items():
            if pool.count < 1:
                raise ConfigError(f"pool {name!r} has no workers", action="Give every pool at least one worker")
        missing = [kind.value for kind in DOWNSTREAM_FIRST if self.pool_of(kind) is None]
        if missing:
            raise ConfigError(f"no worker pool serves {', '.join(missing)}", action="Add them to the kinds of a pool")

    def slots_of(self, kind: TaskKind) -> int:
        """Slots that serve a kind by right."""
        return sum(pool.count for pool in self.pools.values() if kind in pool.kinds)

    def pool_of(self, kind: TaskKind) -> str | None:
        """Name of the first pool that serves a kind."""
        return next((name for name, pool in self.pools.items() if kind in pool.kinds), None)

    @classmethod
    def shared(cls, workers: int) -> SlotPlan:
        """One pool of workers that do everything: the plan for a laptop."""
        return cls({"cpu": Pool(workers, DOWNSTREAM_FIRST)})

    @classmethod
    def separate(cls, counts: Mapping[TaskKind, int]) -> SlotPlan:
        """One pool for each kind of task: the plan for a cluster."""
        return cls({kind.value: Pool(count, (kind,)) for kind, count in counts.items()})


@dataclass(frozen=True)
class CampaignPlan:
    """A whole campaign but for its folder."""

    seed: int = 1
    """The same seed gives the same linkers and the same decisions."""
    options: Mapping[TaskKind, Mapping[str, Any]] = field(default_factory=dict)
    """Keyword options of each task function, JSON-able; its own default where a key is missing."""
    policy: PolicySettings = PolicySettings()
    stop: StopRules = StopRules()
    slots: SlotPlan = field(default_factory=lambda: SlotPlan.shared(1))
    server: str = "pool"
    """Where tasks run; see `mofa.compute.SERVERS`."""
    server_settings: ServerSettings = field(default_factory=ServerSettings)
    """How; its folders are set when the campaign runs."""
    database_url: str = ""
    """PostgreSQL database for the events; empty for SQLite in the campaign's folder."""
    objective: ObjectiveRecord = field(default_factory=ObjectiveRecord)
    """What MOFs are ranked by, for the records; workers find it among the options of adsorb tasks."""
    stable_strain: float = StrainLimits.stable
    """MOFs with a smaller strain after dynamics are counted as stable."""
    retries: int = 1
    """How often a task that raised or lost its worker is tried again."""
    hard_limits_s: Mapping[TaskKind, float] = field(default_factory=dict)
    """A task that runs longer is killed and refused with `Reason.TIME_LIMIT`; kinds without an entry have no limit."""
    functions: Mapping[TaskKind, str] = field(default_factory=dict)
    """Task functions to use instead of MOFA's own, as ``module:function``."""

    @property
    def limits(self) -> StrainLimits:
        """Limits of the strain, for the records."""
        return StrainLimits(self.stable_strain, self.policy.curriculum.strain_limit)
