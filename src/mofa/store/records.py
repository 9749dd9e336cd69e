"""The records of a campaign, all derived from its events: linkers, MOFs, refusals, tasks and the funnel.

`load` reads a campaign folder, running or ended. Structures stay in the file store; a record holds the reference,
and ``folder.files.path(ref)`` is the CIF file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite
from pathlib import Path

from mofa.chemistry import ChargeGate, Family, Lineage, Reason, Stage, Uptake
from mofa.chemistry.results import STABLE_STRAIN, TRAINABLE_STRAIN
from mofa.store.payloads import Event, EventKind, Status


@dataclass(frozen=True)
class StrainLimits:
    """Limits of the strain after molecular dynamics; the defaults are the paper's."""

    stable: float = STABLE_STRAIN
    """A MOF with a smaller strain is stable."""
    trainable: float = TRAINABLE_STRAIN
    """A MOF with a smaller strain goes on, and may be trained on."""


@dataclass(frozen=True)
class ObjectiveRecord:
    """What MOFs are ranked by."""

    expression: str = "uptake"
    """See `mofa.expression`."""
    unit: str = "mol/kg"
    require: str = ""
    """What a MOF must meet to have a value."""

    @property
    def is_uptake(self) -> bool:
        """Whether it is plainly the uptake, as it is simulated."""
        return self.expression == "uptake"


@dataclass(frozen=True)
class BatchRecord:
    """Raw linkers that a generate task streamed."""

    key: str
    """Task and index, ``generate-000003/2``: the subject of the process task that takes it."""
    n: int
    made_s: float
    """When it was generated, Unix time on the worker's clock; where the worker did not note it, `time_s`."""
    time_s: float
    """When it was recorded, Unix time."""


@dataclass(frozen=True)
class LinkerRecord:
    """A linker that processing accepted."""

    key: str
    smiles: str
    family: Family
    source: str
    n_atoms: int
    ref: str
    """Linker as a JSON file; see `mofa.store.codec.get_json`."""
    task_id: str
    time_s: float
    """When it was recorded, Unix time."""
    model_version: int = 0
    """Of the generator's weights; 0 for the pre-trained ones."""


@dataclass(frozen=True)
class Rejection:
    """Something that a stage refused."""

    stage: Stage
    reason: Reason
    detail: str
    key: str
    """Framework id, linker key, or batch and index of a raw linker."""
    task_id: str
    time_s: float
    ref: str = ""
    """File of what was refused; for `Reason.CRASHED` the traceback."""
    atoms: tuple[int, ...] = ()
    strain_trace: tuple[float, ...] = ()
    """Mean strain of every chunk, where dynamics had begun."""


@dataclass(frozen=True)
class StabilityRecord:
    """Scalars of a `mofa.chemistry.Stability`."""

    ref: str
    """Last structure, CIF."""
    strain: float
    strain_inverted: float
    strain_trace: tuple[float, ...]
    steps: int
    steps_per_chunk: int
    timestep_fs: float
    temperature_k: float
    pressure_pa: float
    supercell: tuple[int, int, int]
    volume_ratio: float
    method: str
    cpu_s: float
    volume_trace: tuple[float, ...] = ()


@dataclass(frozen=True)
class OptimizedRecord:
    """Scalars of a `mofa.chemistry.Optimized`."""

    ref: str
    """Relaxed structure, CIF."""
    energy_ev: float
    max_force_ev_per_ang: float
    pressure_gpa: float
    steps: int
    converged: bool
    method: str
    cpu_s: float


@dataclass(frozen=True)
class ChargesRecord:
    """Scalars of a `mofa.chemistry.Charges`."""

    ref: str
    """Relaxed structure with its charges, CIF."""
    method: str
    converged: bool
    gate: ChargeGate
    cpu_s: float


@dataclass(frozen=True)
class MofRecord:
    """An assembled MOF and how far it came."""

    id: str
    name: str
    n_atoms: int
    lineage: Lineage
    ref: str
    """As assembled, CIF."""
    time_s: float
    """When its assembly was recorded, Unix time."""
    stability: StabilityRecord | None = None
    optimized: OptimizedRecord | None = None
    charges: ChargesRecord | None = None
    uptake: Uptake | None = None
    points: Mapping[str, Uptake] = field(default_factory=dict)
    """Uptakes under further conditions, by name."""
    objective: float | None = None
    """What it is ranked by, in the campaign's own unit; None where that is not known or not met."""
    objective_note: str = ""
    """Why a MOF with an uptake has no objective."""
    judged: Uptake | None = None
    """Under the conditions of `uptake`, by another engine."""
    judge_note: str = ""
    """Why that engine gave no uptake."""
    rejected: Rejection | None = None
    """Why it went no further, if a stage refused it."""
    stable: bool = False
    """Whether dynamics left its cell within `StrainLimits.stable`."""
    trainable: bool = False
    """Whether dynamics left its cell within `StrainLimits.trainable`."""
    task_id: str = ""
    """The assemble task that made it."""

    @property
    def best_ref(self) -> str:
        """The most refined structure there is, CIF."""
        for stage in (self.charges, self.optimized, self.stability):
            if stage is not None:
                return stage.ref
        return self.ref

    @property
    def judge_agrees(self) -> bool | None:
        """Whether both uptakes differ by less than the error of their difference (95 %); None where that is unknown."""
        one, other = self.uptake, self.judged
        if one is None or other is None:
            return None
        error = hypot(one.error_mol_per_kg, other.error_mol_per_kg)
        return abs(one.uptake_mol_per_kg - other.uptake_mol_per_kg) <= error if isfinite(error) else None


@dataclass(frozen=True)
class TaskRecord:
    """A task that was submitted. Times are Unix times, s; None for what has not happened."""

    id: str
    kind: Stage
    subject: str
    """Framework id, linker family or batch."""
    submitted_s: float
    """When it was created and sent, on the thinker's clock."""
    pool: str = ""
    """The slot kind that it ran on."""
    model_version: int = 0
    """Of a generate or train task: the version of the generator's model, 0 for the pre-trained one."""
    judge: bool = False
    """Whether it simulates an uptake once more, with another engine."""
    status: Status | None = None
    """None while it is unfinished."""
    started_s: float | None = None
    """On the worker's clock."""
    ended_s: float | None = None
    """On the worker's clock."""
    recorded_s: float | None = None
    """When its result was committed, on the thinker's clock."""
    received_s: float | None = None
    """When the worker took it in, on the worker's clock."""
    sent_s: float | None = None
    """When its report left the worker, on the worker's clock."""
    arrived_s: float | None = None
    """When its report reached the thinker, on the thinker's clock."""
    bytes_in: int = 0
    bytes_out: int = 0
    cpu_s: float = 0.0
    worker: str = ""
    """Host and process id."""
    attempts_lost: int = 0
    """How often it raised or its worker died before it ended."""

    @property
    def wall_s(self) -> float | None:
        """Duration on the worker, s."""
        return None if self.ended_s is None or self.started_s is None else self.ended_s - self.started_s


@dataclass(frozen=True)
class SessionRecord:
    """One run or resume of the campaign. Times are Unix times on the thinker's clock, s."""

    started_s: float
    updated_s: float
    """When its last event was recorded: a session that was killed leaves no other end."""
    server: str
    pools: Mapping[str, int]
    """Slots by kind."""


@dataclass(frozen=True)
class ModelRecord:
    """Weights of the generator that a training gave."""

    version: int
    ref: str
    """File with the weights."""
    generator: str
    method: str
    n_examples: int
    metrics: Mapping[str, float]
    task_id: str
    time_s: float
    """When it was recorded, Unix time."""


@dataclass(frozen=True)
class StageCount:
    """One step of the funnel."""

    stage: Stage
    entered: int = 0
    """Items that the stage has looked at."""
    passed: int = 0
    """Items that it let through; for validate those with a strain below 25 %."""
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    """Refusals by reason."""

    @property
    def fraction(self) -> float | None:
        """Share that passed; None while nothing has entered."""
        return self.passed / self.entered if self.entered else None


@dataclass(frozen=True)
class Funnel:
    """How many linkers and MOFs came how far."""

    stages: tuple[StageCount, ...] = ()
    """In the order of the work, generate to adsorb."""
    simulated: int = 0
    """MOFs with a strain from molecular dynamics."""
    stable: int = 0
    """MOFs with a strain below 10 %."""
    trainable: int = 0
    """MOFs with a strain below 25 %."""
    uptakes: int = 0
    """MOFs with an uptake."""

    def stage(self, stage: Stage) -> StageCount:
        """One step of the funnel."""
        return next((count for count in self.stages if count.stage is stage), StageCount(stage))


@dataclass(frozen=True)
class CampaignRecords:
    """Everything that is known about a campaign."""

    linkers: Mapping[str, LinkerRecord]
    """By `Linker.key`, oldest first."""
    mofs: Mapping[str, MofRecord]
    """By framework id, oldest first."""
    rejections: tuple[Rejection, ...]
    tasks: Mapping[str, TaskRecord]
    """By task id, in order of submission."""
    funnel: Funnel
    notes: tuple[str, ...]
    """Mishaps in words: lost workers, damaged files."""
    models: tuple[ModelRecord, ...]
    """Retrained weights of the generator, in order."""
    sessions: tuple[SessionRecord, ...]
    """In order; empty for a campaign that an early version wrote."""
    n_events: int
    started_s: float | None
    """Unix time of the first event; None for a campaign without events."""
    updated_s: float | None
    """Unix time of the last event."""
    batches: tuple[BatchRecord, ...] = ()
    """Raw linkers as they were streamed, in order."""
    limits: StrainLimits = StrainLimits()
    """Which strain counts as stable and as trainable in this campaign."""
    objective: ObjectiveRecord = ObjectiveRecord()
    """What MOFs are ranked by."""

    def ranking(self) -> list[MofRecord]:
        """MOFs with an uptake, the highest objective first; those without one last, by uptake."""
        found = [(mof, mof.uptake.uptake_mol_per_kg) for mof in self.mofs.values() if mof.uptake is not None]

        def place(ranked: tuple[MofRecord, float]) -> tuple[bool, float, str]:
            mof, uptake = ranked
            return mof.objective is None, -(uptake if mof.objective is None else mof.objective), mof.id

        return [mof for mof, _ in sorted(found, key=place)]

    def unfinished(self) -> list[TaskRecord]:
        """Tasks without a result: running now, or to be run again by `mofa resume`."""
        return [task for task in self.tasks.values() if task.status is None]


def load(path: str | Path) -> CampaignRecords:
    """The records of a campaign folder, which may be running.

    Raises:
        CampaignError: there is no campaign, or a newer MOFA wrote it.
        StoreError: it cannot be read.
    """
    from mofa.store.folder import CampaignFolder
    from mofa.store.projection import Projection

    with CampaignFolder.open(path).events(read_only=True) as events:
        history = list(events.read())
    projection = Projection(_limits(history))
    for event in history:
        projection.apply(event)
    return projection.records()


def _limits(history: Sequence[Event]) -> StrainLimits:
    """The limits of the last session, which hold for the whole campaign."""
    for event in reversed(history):
        if event.kind is EventKind.SESSION and "limits" in event.payload:
            return StrainLimits(**event.payload["limits"])
    return StrainLimits()
