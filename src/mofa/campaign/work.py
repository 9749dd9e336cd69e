"""What a worker does with a task: read its inputs, call the task function, leave the result in the outbox.

Everything here runs in worker processes. Structures go through the file store. The result goes through the outbox, so
that it outlives everybody, and with the report to the thinker, which a task server keeps apart from its control
messages when it is large.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mofa.campaign.actions import ACTIONS, Job
from mofa.campaign.crashes import SCRATCH
from mofa.campaign.tasks import Task, TaskKind
from mofa.campaign.training import conditions_of
from mofa.campaign.workplace import BatchReady, Begun, Completion, Workplace
from mofa.chemistry import RawLinker
from mofa.compute import Emit
from mofa.store import codec
from mofa.store.outbox import OutboxName
from mofa.store.payloads import Item, Status, TaskResult, Timing

COSTLY = frozenset({TaskKind.VALIDATE, TaskKind.OPTIMIZE, TaskKind.CHARGES, TaskKind.ADSORB, TaskKind.TRAIN})
"""Kinds that run in a folder of their own, which stays when they crash."""


def perform(emit: Emit, task: Task, workplace: Workplace, start_batch: int = 0, careful: bool = False) -> Completion:
    """Run a task and leave its result in the outbox, durably, before returning it.

    Args:
        emit: receives `Begun`, `BatchReady` and `Progress` while the task runs.
        task: what to do.
        workplace: where.
        start_batch: batches of this generate task that have been recorded before, in an interrupted run.
        careful: the task was lost before: find the one item that crashes it, at some cost.

    Raises:
        MofaError: missing engine, full disk, damaged file.
        Exception: whatever the task function raises; the server reports it.
    """
    started_s, cpu_s = time.time(), _cpu_s()
    stopped = emit(Begun())
    n_batches, items = 0, tuple[Item, ...]()
    with _working_directory(task, workplace):
        if task.kind is TaskKind.GENERATE:
            n_batches = start_batch if stopped else _generate(emit, task, workplace, start_batch)
        else:
            items = tuple(ACTIONS[task.kind](Job(emit, task, workplace, careful=careful)))
    timing = Timing(f"{os.uname().nodename}:{os.getpid()}", started_s, time.time(), _cpu_s() - cpu_s)
    result = TaskResult(Status.DONE, items, timing, n_batches).to_json()
    workplace.outbox.write(OutboxName(task.id), result)
    return Completion(task.id, result)


def _generate(emit: Emit, task: Task, workplace: Workplace, start_batch: int) -> int:
    """Stream batches of raw linkers into the outbox, until the task is asked to end; the number of batches in all."""
    options: dict[str, Any] = workplace.task_options(task)
    family, version = options.pop("family"), options.pop("model_version", 0)
    if "conditions" in options:
        options["conditions"] = conditions_of(options["conditions"])
    if task.inputs:
        options["weights"] = workplace.files.path(task.inputs[0])
    function = workplace.function(task.kind)
    index = start_batch
    for batch in function(family, **options, start_batch=start_batch):
        raw: list[RawLinker] = [replace(linker, model_version=version) for linker in batch]
        ref = codec.put_json(raw, workplace.files)
        payload = {"index": index, "ref": ref, "n": len(raw), "family": family, "made_s": time.time()}
        workplace.outbox.write(OutboxName(task.id, index), payload)
        stopped = emit(BatchReady(index))
        index += 1
        if stopped:
            break
    return index


@contextmanager
def _working_directory(task: Task, workplace: Workplace) -> Iterator[None]:
    """A folder in the campaign's folder for the files of a costly task; it goes when the task has succeeded."""
    if task.kind not in COSTLY:
        yield
        return
    before, temporary = Path.cwd(), tempfile.tempdir
    parent = Path(workplace.folder, SCRATCH, task.id)
    parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="attempt-", dir=parent)
    os.chdir(folder)
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = temporary
        os.chdir(before)
    shutil.rmtree(parent, ignore_errors=True)


def _cpu_s() -> float:
    """CPU time of this process and of the children it has waited for, s."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
