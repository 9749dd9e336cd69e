"""From events to records, one event at a time: the same code serves a finished campaign and the live display."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from mofa.chemistry import Lineage, Reason, Rejected, Stage, Uptake
from mofa.store.codec import decode_as
from mofa.store.payloads import JUDGE, Event, EventKind, Item, Status, TaskResult
from mofa.store.records import (
    BatchRecord,
    CampaignRecords,
    ChargesRecord,
    Funnel,
    LinkerRecord,
    ModelRecord,
    MofRecord,
    ObjectiveRecord,
    OptimizedRecord,
    Rejection,
    SessionRecord,
    StabilityRecord,
    StageCount,
    StrainLimits,
    TaskRecord,
)

_WORK_ORDER = tuple(stage for stage in Stage if stage is not Stage.TRAIN)
_REASON_OF_STATUS = {Status.CRASHED: Reason.CRASHED, Status.TIMED_OUT: Reason.TIME_LIMIT}


class Projection:
    """Records that grow with every event; apply each event once, in order.

    Args:
        limits: what counts as stable, and as good enough to go on.
    """

    def __init__(self, limits: StrainLimits | None = None) -> None:
        self._limits = limits or StrainLimits()
        self._models: list[ModelRecord] = []
        self._linkers: dict[str, LinkerRecord] = {}
        self._mofs: dict[str, MofRecord] = {}
        self._rejections: list[Rejection] = []
        self._tasks: dict[str, TaskRecord] = {}
        self._notes: list[str] = []
        self._entered: Counter[Stage] = Counter()
        self._passed: Counter[Stage] = Counter()
        self._reasons: dict[Stage, Counter[Reason]] = {stage: Counter() for stage in Stage}
        self._simulated = 0
        self._stable = 0
        self._best: MofRecord | None = None
        self._objective = ObjectiveRecord()
        self._sessions: list[SessionRecord] = []
        self._batches: list[BatchRecord] = []
        self._n_events = 0
        self._started_s: float | None = None
        self._updated_s: float | None = None

    def apply(self, event: Event) -> None:
        """Take in the next event.

        Raises:
            StoreError: the event's payload cannot be read.
        """
        self._n_events += 1
        self._started_s = event.time_s if self._started_s is None else self._started_s
        self._updated_s = event.time_s
        if self._sessions and event.kind is not EventKind.SESSION:
            self._sessions[-1] = replace(self._sessions[-1], updated_s=event.time_s)
        match event.kind:
            case EventKind.SESSION:
                session = SessionRecord(event.time_s, event.time_s, event.payload["server"], event.payload["pools"])
                self._sessions.append(session)
                self._objective = decode_as(ObjectiveRecord, event.payload.get("objective", {}))
            case EventKind.SUBMITTED:
                self._tasks[event.task_id] = TaskRecord(
                    event.task_id,
                    Stage(event.task_kind),
                    str(event.payload["subject"]),
                    event.time_s,
                    pool=event.payload.get("pool", ""),
                    model_version=event.payload["options"].get("model_version", 0),
                    judge=JUDGE in event.payload["options"],
                )
            case EventKind.BATCH:
                n = int(event.payload["n"])
                key = f"{event.task_id}/{event.payload['index']}"
                self._batches.append(BatchRecord(key, n, event.payload.get("made_s", event.time_s), event.time_s))
                self._entered[Stage.GENERATE] += n
                self._passed[Stage.GENERATE] += n
            case EventKind.RESULT:
                self._apply_result(event, TaskResult.from_json(event.payload))
            case EventKind.NOTE:
                self._apply_note(event)

    def funnel(self) -> Funnel:
        """Counts so far."""
        stages = tuple(
            StageCount(stage, self._entered[stage], self._passed[stage], dict(self._reasons[stage]))
            for stage in _WORK_ORDER
        )
        return Funnel(
            stages,
            simulated=self._simulated,
            stable=self._stable,
            trainable=self._passed[Stage.VALIDATE],
            uptakes=self._passed[Stage.ADSORB],
        )

    @property
    def best(self) -> MofRecord | None:
        """The MOF with the highest objective so far; where none has one, that with the highest uptake."""
        return self._best

    @property
    def n_sessions(self) -> int:
        """Runs and resumes so far."""
        return len(self._sessions)

    def records(self) -> CampaignRecords:
        """A snapshot of everything."""
        return CampaignRecords(
            linkers=dict(self._linkers),
            mofs=dict(self._mofs),
            rejections=tuple(self._rejections),
            tasks=dict(self._tasks),
            funnel=self.funnel(),
            notes=tuple(self._notes),
            models=tuple(self._models),
            sessions=tuple(self._sessions),
            n_events=self._n_events,
            started_s=self._started_s,
            updated_s=self._updated_s,
            batches=tuple(self._batches),
            limits=self._limits,
            objective=self._objective,
        )

    def _apply_note(self, event: Event) -> None:
        self._notes.append(str(event.payload["text"]))
        task = self._tasks.get(event.task_id)
        if task is not None and "attempt" in event.payload:
            self._tasks[event.task_id] = replace(task, attempts_lost=task.attempts_lost + 1)

    def _apply_result(self, event: Event, result: TaskResult) -> None:
        stage = Stage(event.task_kind)
        task = self._end_task(event, result)
        if task is not None and task.judge:
            self._apply_judged(task.subject, result)
            return
        if result.status is not Status.DONE:
            subject = task.subject if task is not None else event.task_id
            self._take_back(stage, subject)
            self._entered[stage] += stage is not Stage.GENERATE
            reason, ref = _REASON_OF_STATUS[result.status], result.detail_ref
            self._refuse(Rejection(stage, reason, result.detail, subject, event.task_id, event.time_s, ref))
        for item in result.items:
            if item.goes_on:
                continue
            self._take_back(stage, item.key)
            self._entered[stage] += 1
            if item.rejected is not None:
                self._refuse(_rejection(item.rejected, item, event))
            else:
                self._accept(stage, item, event)

    def _end_task(self, event: Event, result: TaskResult) -> TaskRecord | None:
        """Note the end of a task."""
        task = self._tasks.get(event.task_id)
        if task is None:
            return None
        timing = result.timing
        self._tasks[event.task_id] = task = replace(
            task,
            status=result.status,
            pool=timing.pool or task.pool,
            started_s=timing.started_s,
            ended_s=timing.ended_s,
            recorded_s=event.time_s,
            received_s=timing.received_s or None,
            sent_s=timing.sent_s or None,
            arrived_s=timing.arrived_s or None,
            bytes_in=timing.bytes_in,
            bytes_out=timing.bytes_out,
            cpu_s=timing.cpu_s,
            worker=timing.worker,
        )
        return task

    def _apply_judged(self, key: str, result: TaskResult) -> None:
        """A second opinion on an uptake, which changes no count."""
        mof = self._mofs.get(key)
        if mof is None or mof.uptake is None:
            return
        if result.status is not Status.DONE:
            mof = replace(mof, judge_note=f"{_REASON_OF_STATUS[result.status]}: {result.detail}")
        for item in result.items:
            if item.rejected is not None:
                mof = replace(mof, judge_note=f"{item.rejected.reason}: {item.rejected.detail}")
            elif item.value is not None and "judge_note" in item.value:
                mof = replace(mof, judge_note=item.value["judge_note"])
            elif item.value is not None:
                mof = replace(mof, judged=decode_as(Uptake, item.value), judge_note="")
        self._keep(mof)

    def _keep(self, mof: MofRecord) -> None:
        """Take in what is new of a MOF with an uptake."""
        self._mofs[mof.id] = mof
        if self._best is None or self._best.id == mof.id or _place(mof) > _place(self._best):
            self._best = mof

    def _take_back(self, stage: Stage, key: str) -> None:
        """Dynamics that are prolonged count once: what a shorter run of the MOF had shown no longer does."""
        mof = self._mofs.get(key) if stage is Stage.VALIDATE else None
        if mof is None or mof.stability is None:
            return
        self._entered[stage] -= 1
        self._simulated -= 1
        self._stable -= mof.stable
        self._passed[stage] -= mof.trainable
        self._mofs[key] = replace(mof, stable=False, trainable=False)

    def _refuse(self, rejection: Rejection) -> None:
        self._rejections.append(rejection)
        self._reasons[rejection.stage][rejection.reason] += 1
        mof = self._mofs.get(rejection.key)
        if mof is not None and rejection.reason is not Reason.DUPLICATE:
            self._mofs[mof.id] = replace(mof, rejected=rejection)

    def _accept(self, stage: Stage, item: Item, event: Event) -> None:
        value: dict[str, Any] = {**(item.value or {}), "ref": item.ref}
        match stage:
            case Stage.PROCESS:
                self._accept_linker(item, value, event)
            case Stage.ASSEMBLE:
                self._accept_mof(item, value, event)
            case Stage.TRAIN:
                facts = {**value, "task_id": event.task_id, "time_s": event.time_s}
                self._models.append(decode_as(ModelRecord, facts))
            case _:
                mof = self._mofs.get(item.key)
                if mof is not None:
                    self._accept_stage(stage, mof, value, event)

    def _accept_linker(self, item: Item, value: dict[str, Any], event: Event) -> None:
        if item.key in self._linkers:
            self._refuse_duplicate(Stage.PROCESS, item, event)
            return
        self._passed[Stage.PROCESS] += 1
        facts = {**value, "key": item.key, "family": item.family, "task_id": event.task_id, "time_s": event.time_s}
        self._linkers[item.key] = decode_as(LinkerRecord, facts)

    def _accept_mof(self, item: Item, value: dict[str, Any], event: Event) -> None:
        if item.key in self._mofs:
            self._refuse_duplicate(Stage.ASSEMBLE, item, event)
            return
        self._passed[Stage.ASSEMBLE] += 1
        lineage = decode_as(Lineage, value["lineage"])
        self._mofs[item.key] = MofRecord(
            item.key, value["name"], value["n_atoms"], lineage, item.ref, event.time_s, task_id=event.task_id
        )

    def _accept_stage(self, stage: Stage, mof: MofRecord, value: dict[str, Any], event: Event) -> None:
        match stage:
            case Stage.VALIDATE:
                stability = decode_as(StabilityRecord, value)
                stable = stability.strain < self._limits.stable
                trainable = stability.strain < self._limits.trainable
                mof = replace(mof, stability=stability, stable=stable, trainable=trainable)
                self._simulated += 1
                self._stable += stable
                self._passed[stage] += trainable
            case Stage.OPTIMIZE:
                mof = replace(mof, optimized=decode_as(OptimizedRecord, value))
                self._passed[stage] += 1
            case Stage.CHARGES:
                mof = replace(mof, charges=decode_as(ChargesRecord, value))
                self._passed[stage] += 1
            case Stage.ADSORB:
                mof = _with_uptake(mof, value)
                self._passed[stage] += 1
                self._keep(mof)
        self._mofs[mof.id] = mof
        if stage is Stage.VALIDATE and not mof.trainable:
            assert mof.stability is not None
            detail = f"strain {mof.stability.strain:.3f} is not below {self._limits.trainable:.2f}"
            self._refuse(
                Rejection(stage, Reason.UNSTABLE, detail, mof.id, event.task_id, event.time_s, mof.stability.ref)
            )

    def _refuse_duplicate(self, stage: Stage, item: Item, event: Event) -> None:
        detail = "already known in this campaign"
        self._refuse(Rejection(stage, Reason.DUPLICATE, detail, item.key, event.task_id, event.time_s, item.ref))


def _rejection(refusal: Rejected, item: Item, event: Event) -> Rejection:
    """The record of a refusal."""
    return Rejection(
        refusal.stage,
        refusal.reason,
        refusal.detail,
        item.key,
        event.task_id,
        event.time_s,
        item.ref,
        refusal.atoms,
        refusal.strain_trace,
    )


def _with_uptake(mof: MofRecord, value: dict[str, Any]) -> MofRecord:
    """A MOF with its uptakes; campaigns of earlier versions ranked by the uptake itself."""
    uptake = decode_as(Uptake, value)
    return replace(
        mof,
        uptake=uptake,
        points={name: decode_as(Uptake, point) for name, point in value.get("points", {}).items()},
        objective=value.get("objective", uptake.uptake_mol_per_kg),
        objective_note=value.get("objective_note", ""),
    )


def _place(mof: MofRecord) -> tuple[bool, float]:
    """The higher the better."""
    assert mof.uptake is not None
    return mof.objective is not None, mof.uptake.uptake_mol_per_kg if mof.objective is None else mof.objective
