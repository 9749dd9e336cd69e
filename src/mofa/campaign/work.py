"""What a worker does with a task: read its inputs, call the task function, leave the result in the outbox.

Everything here runs in worker processes. Structures go through the file store, results through the outbox; only a
small `Completion` travels back.
"""

from __future__ import annotations

import inspect
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from mofa.campaign.tasks import Task, TaskKind, batch_key
from mofa.chemistry import Charges, Framework, Linker, Optimized, RawLinker, Rejected, Stability, Uptake
from mofa.compute import Emit
from mofa.errors import EngineError, EngineMissingError
from mofa.store import codec
from mofa.store.files import FileStore
from mofa.store.outbox import Outbox, OutboxName
from mofa.store.payloads import Item, Status, TaskResult, Timing

TASK_FUNCTIONS: Mapping[TaskKind, str] = {
    TaskKind.GENERATE: "mofa.generate:generate",
    TaskKind.PROCESS: "mofa.process:process",
    TaskKind.ASSEMBLE: "mofa.assemble:assemble",
    TaskKind.VALIDATE: "mofa.validate:validate",
    TaskKind.OPTIMIZE: "mofa.optimize:optimize",
    TaskKind.CHARGES: "mofa.charges:assign_charges",
    TaskKind.ADSORB: "mofa.adsorb:adsorb",
}
"""The task functions, imported by the worker that needs them."""

PROGRESS_INTERVAL_S = 1.0


@dataclass(frozen=True)
class Workplace:
    """Where tasks find their files and what they call; travels with every task."""

    folder: str
    """Absolute path of the campaign folder."""
    options: Mapping[TaskKind, Mapping[str, Any]] = field(default_factory=dict)
    """Keyword options of each task function."""
    functions: Mapping[TaskKind, str] = field(default_factory=dict)
    """Functions to use instead of `TASK_FUNCTIONS`."""

    @property
    def files(self) -> FileStore:
        """The campaign's structures."""
        return FileStore(Path(self.folder, "files"))

    @property
    def outbox(self) -> Outbox:
        """The campaign's fresh results."""
        return Outbox(Path(self.folder, "outbox"))

    def task_options(self, task: Task) -> dict[str, Any]:
        """Options of a task and of its kind; sequences, which come from JSON as lists, as tuples."""
        options = {**self.options.get(task.kind, {}), **task.options}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}

    def function(self, kind: TaskKind) -> Callable[..., Any]:
        """The task function of a kind.

        Raises:
            EngineMissingError: there is none, or its module cannot be imported.
        """
        target = self.functions.get(kind, TASK_FUNCTIONS.get(kind, ""))
        module, _, name = target.partition(":")
        try:
            function: Callable[..., Any] = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise EngineMissingError(
                f"there is no task function for {kind} ({error})",
                where=target,
                action="Repair the installation of MOFA",
            ) from error
        return function


@dataclass(frozen=True)
class Completion:
    """The control message of a finished task; the result itself lies in the outbox."""

    task_id: str


@dataclass(frozen=True)
class BatchReady:
    """A streamed batch lies in the outbox."""

    index: int


@dataclass(frozen=True)
class Progress:
    """How far a task is."""

    fraction: float
    text: str


def perform(emit: Emit, task: Task, workplace: Workplace, start_batch: int = 0) -> Completion:
    """Run a task and leave its result in the outbox, durably, before returning.

    Args:
        emit: receives `BatchReady` and `Progress` while the task runs.
        task: what to do.
        workplace: where.
        start_batch: batches of this generate task that have been recorded before, in an interrupted run.

    Raises:
        MofaError: missing engine, full disk, damaged file.
        Exception: whatever the task function raises; the server reports it.
    """
    started_s, cpu_s = time.time(), _cpu_s()
    n_batches, items = 0, tuple[Item, ...]()
    if task.kind is TaskKind.GENERATE:
        n_batches = _generate(emit, task, workplace, start_batch)
    else:
        items = tuple(_ACTIONS[task.kind](_Job(emit, task, workplace)))
    timing = Timing(f"{os.uname().nodename}:{os.getpid()}", started_s, time.time(), _cpu_s() - cpu_s)
    result = TaskResult(Status.DONE, items, timing, n_batches)
    workplace.outbox.write(OutboxName(task.id), result.to_json())
    return Completion(task.id)


def _generate(emit: Emit, task: Task, workplace: Workplace, start_batch: int) -> int:
    """Stream batches of raw linkers into the outbox; the number of batches in all."""
    options = workplace.task_options(task)
    family = options.pop("family")
    function = workplace.function(task.kind)
    index = start_batch
    for batch in function(family, **options, start_batch=start_batch):
        raw: list[RawLinker] = list(batch)
        ref = codec.put_json(raw, workplace.files)
        payload = {"index": index, "ref": ref, "n": len(raw), "family": family}
        workplace.outbox.write(OutboxName(task.id, index), payload)
        emit(BatchReady(index))
        index += 1
    return index


class _Job:
    """A task with its inputs and its function at hand."""

    def __init__(self, emit: Emit, task: Task, workplace: Workplace) -> None:
        self.task = task
        self.files = workplace.files
        self._emit = emit
        self._function = workplace.function(task.kind)
        options = workplace.task_options(task)
        accepted = inspect.signature(self._function).parameters
        # A seed is derived for every task; deterministic engines have no use for it.
        self._options = {name: value for name, value in options.items() if name != "seed" or name in accepted}
        if "on_progress" in accepted:
            self._options["on_progress"] = self._progress()

    def option(self, name: str) -> Any:
        """Take an option that is for the campaign, not for the function."""
        return self._options.pop(name)

    def call(self, subject: object) -> Any:
        """What the task function says of `subject`."""
        return self._function(subject, **self._options)

    def framework(self) -> Framework:
        """The structure that the task works on."""
        return codec.get_framework(self.task.inputs[0], self.files)

    def refused(self, rejected: Rejected, *, key: str = "", ref: str = "") -> Item:
        """The item of a refusal."""
        return Item(key or self.task.subject, ref or self.task.inputs[0], rejected=rejected)

    def _progress(self) -> Callable[[float, str], None]:
        """A progress callback that passes on at most one report a second."""
        last_s = float("-inf")

        def report(fraction: float, text: str) -> None:
            nonlocal last_s
            now_s = time.monotonic()
            if now_s - last_s >= PROGRESS_INTERVAL_S:
                last_s = now_s
                self._emit(Progress(float(fraction), text))

        return report


def _process(job: _Job) -> Iterator[Item]:
    (ref,) = job.task.inputs
    for index, raw in enumerate(codec.get_json(ref, job.files)):
        answer: Linker | Rejected = job.call(raw)
        if isinstance(answer, Rejected):
            yield job.refused(answer, key=batch_key(job.task.subject, index))
        else:
            value = {"smiles": answer.smiles, "source": answer.source, "n_atoms": answer.n_atoms}
            yield Item(answer.key, codec.put_json(answer, job.files), answer.family.value, value=value)


def _assemble(job: _Job) -> Iterator[Item]:
    size = job.option("linkers_per_mof")
    for refs in _groups(job.task.inputs, size):
        linkers = [codec.get_json(ref, job.files) for ref in refs]
        answer: Framework | Rejected = job.call(linkers)
        if isinstance(answer, Rejected):
            yield job.refused(answer, key="+".join(linker.key for linker in linkers), ref=refs[0])
        else:
            value = {
                "name": answer.name,
                "n_atoms": len(answer),
                "lineage": codec.encode(answer.lineage, job.files),
            }
            yield Item(answer.id, codec.put_framework(answer, job.files), value=value)


def _validate(job: _Job) -> Iterator[Item]:
    answer: Stability | Rejected = job.call(job.framework())
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        yield _structure_item(job, answer, answer.framework, score=answer.strain)


def _optimize(job: _Job) -> Iterator[Item]:
    answer: Optimized | Rejected = job.call(job.framework())
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        yield _structure_item(job, answer, answer.framework)


def _charges(job: _Job) -> Iterator[Item]:
    framework = job.framework()
    answer: Charges | Rejected = job.call(framework)
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        yield _structure_item(job, answer, framework.with_charges(answer.values, answer.method))


def _adsorb(job: _Job) -> Iterator[Item]:
    answer: Uptake | Rejected = job.call(job.framework())
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        value = codec.encode(answer, job.files)
        yield Item(job.task.subject, job.task.inputs[0], score=_finite(answer.uptake_mol_per_kg), value=value)


_ACTIONS: Mapping[TaskKind, Callable[[_Job], Iterable[Item]]] = {
    TaskKind.PROCESS: _process,
    TaskKind.ASSEMBLE: _assemble,
    TaskKind.VALIDATE: _validate,
    TaskKind.OPTIMIZE: _optimize,
    TaskKind.CHARGES: _charges,
    TaskKind.ADSORB: _adsorb,
}


def _structure_item(
    job: _Job, answer: Stability | Optimized | Charges, framework: Framework, score: float | None = None
) -> Item:
    """The item of a result that comes with a structure, which keeps the MOF's identity."""
    named = replace(framework, id=job.task.subject)
    ref = codec.put_framework(named, job.files)
    value = codec.encode(answer, job.files)
    value.pop("framework", None)
    return Item(job.task.subject, ref, score=None if score is None else _finite(score), value=value)


def _finite(score: float) -> float:
    """The number itself.

    Raises:
        EngineError: NaN or infinite, which an engine must refuse by itself.
    """
    if score - score != 0.0:
        raise EngineError(f"an engine gave {score} as its result", action="Report this with the MOF's CIF file")
    return float(score)


def _groups(refs: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(refs), size):
        yield tuple(refs[start : start + size])


def _cpu_s() -> float:
    """CPU time of this process and of the children it has waited for, s."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
