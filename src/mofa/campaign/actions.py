"""How the task functions are called: from a task's input files to the items of its result. Runs in workers."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from mofa.campaign.adsorption import adsorbed
from mofa.campaign.electronic import charged, forget, optimized
from mofa.campaign.tasks import LISTED, Task, TaskKind, batch_key, finite
from mofa.campaign.training import trained
from mofa.campaign.workplace import Progress, Workplace
from mofa.chemistry import (
    Charges,
    Framework,
    Linker,
    Optimized,
    Reason,
    Rejected,
    Stability,
)
from mofa.compute import Emit
from mofa.errors import EngineError, InputError
from mofa.isolate import run_isolated
from mofa.store import codec
from mofa.store.payloads import GOES_ON, MEASURES, Item

PROGRESS_INTERVAL_S = 1.0
RESTARTS = "restarts"
"""Folder in that of the campaign with the restart files of runs that are not over or may be prolonged."""


class Job:
    """A task with its inputs and its function at hand.

    Args:
        emit: receives `Progress`.
        task: what to do.
        workplace: where.
        careful: run the function in a process of its own for every item of a list, so that an item that crashes it
            is refused alone.
    """

    def __init__(self, emit: Emit, task: Task, workplace: Workplace, *, careful: bool = False) -> None:
        self.task = task
        self.files = workplace.files
        self.folder = Path(workplace.folder)
        self._emit = emit
        self._careful = careful
        self._target = workplace.target(task.kind)
        self._function = workplace.function(task.kind)
        options = workplace.task_options(task)
        accepted = self._accepted = inspect.signature(self._function).parameters
        # A seed is derived for every task; deterministic engines have no use for it.
        self._options = {name: value for name, value in options.items() if name != "seed" or name in accepted}
        self.progress = self._progress() if "on_progress" in accepted else None
        """What the function tells how far it is; None if it does not."""
        if self.progress is not None:
            self._options["on_progress"] = self.progress

    def option(self, name: str) -> Any:
        """Take an option that is for the campaign, not for the function."""
        return self._options.pop(name, None)

    def peek(self, name: str) -> Any:
        """An option that is for the function; its own default where it is not given."""
        return self._options.get(name, self._accepted[name].default)

    def accepts(self, name: str) -> bool:
        """Whether the task function knows an option; stand-ins know few."""
        return name in self._accepted

    def give(self, name: str, value: object) -> None:
        """Hand an option to the function that is not in the task."""
        self._options[name] = value

    def call(self, subject: object, **changes: object) -> Any:
        """What the task function says of `subject`, with some options for this call alone."""
        return self._function(subject, **{**self._options, **changes})

    def call_each(self, subject: object) -> Any:
        """The same for one of many: when the task was lost before, a subject that kills its process is refused."""
        if not self._careful:
            return self.call(subject)
        try:
            return run_isolated(call_alone, self._target, subject, self._options)
        except EngineError as error:
            return Rejected(self.task.kind, Reason.CRASHED, str(error))

    @property
    def inputs(self) -> tuple[str, ...]:
        """References of the files that it works on, those that are listed in a file included."""
        if not self.task.options.get(LISTED):
            return self.task.inputs
        return tuple(json.loads(self.files.get(self.task.inputs[0])))

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


def _process(job: Job) -> Iterator[Item]:
    (ref,) = job.task.inputs
    for index, raw in enumerate(codec.get_json(ref, job.files)):
        answer: Linker | Rejected = job.call_each(raw)
        if isinstance(answer, Rejected):
            yield job.refused(answer, key=batch_key(job.task.subject, index))
        else:
            value = {
                "smiles": answer.smiles,
                "source": answer.source,
                "n_atoms": answer.n_atoms,
                "model_version": answer.model_version,
            }
            yield Item(answer.key, codec.put_json(answer, job.files), answer.family.value, value=value)


def _assemble(job: Job) -> Iterator[Item]:
    size, prescreen_steps = job.option("linkers_per_mof"), job.option("prescreen_steps")
    for refs in _groups(job.task.inputs, size):
        linkers = [codec.get_json(ref, job.files) for ref in refs]
        answer: Framework | Rejected = job.call_each(linkers)
        if isinstance(answer, Rejected):
            yield job.refused(answer, key="+".join(linker.key for linker in linkers), ref=refs[0])
        else:
            value: dict[str, Any] = {
                "name": answer.name,
                "n_atoms": len(answer),
                "lineage": codec.encode(answer.lineage, job.files),
            }
            score = _expected_strain(answer, prescreen_steps) if prescreen_steps else None
            yield Item(answer.id, codec.put_framework(answer, job.files), score=score, parts=refs, value=value)


def _expected_strain(framework: Framework, steps: int) -> float:
    """By which MOFs of one task are put in order; one that cannot be simulated comes last, to be refused there."""
    from mofa.validate.prescreen import LOST, expected_strain

    expected = expected_strain(framework, steps=steps)
    return LOST if isinstance(expected, Rejected) else expected


def _validate(job: Job) -> Iterator[Item]:
    """Dynamics with a restart file: a worker that takes the task up again, or prolongs it, goes on where it was.

    The file stays for a run that is to go on: one that was out of time but had got further, or that may be prolonged.
    """
    for name in ("rung", "after_steps"):
        job.option(name)
    keep_below = job.option("keep_below") or 0.0
    restart = job.folder / RESTARTS / f"{job.task.subject}.restart"
    before = _written_ns(restart)
    if job.accepts("restart"):
        restart.parent.mkdir(exist_ok=True)
        job.give("restart", restart)
    try:
        answer: Stability | Rejected = job.call(job.framework())
    except InputError:
        if not restart.exists():
            raise
        # Damaged, or of an earlier version: the run begins anew.
        restart.unlink()
        answer = job.call(job.framework())
    if isinstance(answer, Rejected):
        if answer.reason is Reason.TIME_LIMIT and _written_ns(restart) > before:
            yield replace(job.refused(answer), value={GOES_ON: True})
            return
        restart.unlink(missing_ok=True)
        yield job.refused(answer)
    else:
        if answer.strain >= keep_below:
            restart.unlink(missing_ok=True)
        item = _structure_item(job, answer, answer.framework, score=answer.strain)
        n_atoms, density = len(answer.framework), answer.framework.density_g_per_cm3
        yield replace(item, value={**(item.value or {}), MEASURES: {"n_atoms": n_atoms, "density": density}})


def _written_ns(path: Path) -> int:
    """When a file was written last, ns; 0 if it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _optimize(job: Job) -> Iterator[Item]:
    answer = optimized(job)
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        yield _structure_item(job, answer, answer.framework)


def _charges(job: Job) -> Iterator[Item]:
    answer = charged(job)
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        yield _structure_item(job, answer, job.framework().with_charges(answer.values, answer.method))


def _adsorb(job: Job) -> Iterator[Item]:
    forget(job)
    yield adsorbed(job)


def _train(job: Job) -> Iterator[Item]:
    version = job.option("model_version")
    for name in (LISTED, "ranked_by", "candidates", "mofs"):
        job.option(name)
    answer = trained(job, [codec.get_json(ref, job.files) for ref in job.inputs])
    if isinstance(answer, Rejected):
        yield job.refused(answer)
    else:
        value = {
            "version": version,
            "generator": answer.generator,
            "method": answer.method,
            "n_examples": answer.n_examples,
            "metrics": {name: float(number) for name, number in answer.metrics.items()},
            "cpu_s": answer.cpu_s,
        }
        yield Item(f"model-{version:04d}", job.files.put(answer.weights, answer.suffix), value=value)


ACTIONS: Mapping[TaskKind, Callable[[Job], Iterable[Item]]] = {
    TaskKind.PROCESS: _process,
    TaskKind.ASSEMBLE: _assemble,
    TaskKind.VALIDATE: _validate,
    TaskKind.OPTIMIZE: _optimize,
    TaskKind.CHARGES: _charges,
    TaskKind.ADSORB: _adsorb,
    TaskKind.TRAIN: _train,
}
"""What to do with a task of each kind but generate, which streams."""


def call_alone(
    target: str, subject: object, options: Mapping[str, Any], *, on_progress: Callable[[float, str], None]
) -> Any:
    """Call the task function ``module:name``; for a process of its own."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)(subject, **options)


def _structure_item(
    job: Job, answer: Stability | Optimized | Charges, framework: Framework, score: float | None = None
) -> Item:
    """The item of a result that comes with a structure, which keeps the MOF's identity."""
    named = replace(framework, id=job.task.subject)
    ref = codec.put_framework(named, job.files)
    value = codec.encode(answer, job.files)
    value.pop("framework", None)
    return Item(job.task.subject, ref, score=None if score is None else finite(score), value=value)


def _groups(refs: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(refs), size):
        yield tuple(refs[start : start + size])
