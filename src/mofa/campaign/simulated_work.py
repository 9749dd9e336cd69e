"""What the workers of a simulated campaign do: names and numbers instead of structures."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import NamedTuple

from mofa.campaign.durations import WorkTable
from mofa.campaign.tasks import Batch, Outcome, Product, Task, TaskKind, batch_key
from mofa.compute import Emit


class End(NamedTuple):
    """The value of a simulated call."""

    duration_s: float
    outcome: Outcome
    items: int
    """What it gave."""


@dataclass
class _Linkers:
    """A batch that waits to be processed."""

    n: int
    family: str
    model_version: int


_product: Callable[[tuple[object, ...]], Product] = partial(tuple.__new__, Product)
"""Makes a product of the tuple of its fields: a third of the time, and there are millions."""


_NOTHING = Outcome()


class World:
    """What workers do: names and numbers instead of structures.

    A linker's name ends with the version of the model that made it.
    """

    def __init__(self, table: WorkTable, learning: Sequence[float], seed: int) -> None:
        self._table = table
        self._learning = tuple(learning)
        self._rng = random.Random(seed)
        self._batches: dict[str, _Linkers] = {}
        self._serial = 0
        self._factors: dict[str, float] = {}
        """What the models behind a MOF's linkers do to its strain, by name."""
        self._first_steps = 0
        """Length of the first dynamics of a MOF, where they come in several."""

    def perform(self, emit: Emit, task: Task) -> End:
        """Do a task: the function of every call."""
        match task.kind:
            case TaskKind.GENERATE:
                return self._generate(emit, task)
            case TaskKind.PROCESS:
                return self._process(task)
            case TaskKind.ASSEMBLE:
                return self._assemble(task)
            case _:
                return self._single(task)

    def _generate(self, emit: Emit, task: Task) -> End:
        sizes = self._table.batches(self._rng)
        version: int = task.options["model_version"]
        for index, n in enumerate(sizes):
            key = batch_key(task.id, index)
            self._batches[key] = _Linkers(n, task.subject, version)
            emit(Batch(key, key, n))
        drawn = self._table.draw(task.kind, sum(sizes), self._rng)
        return End(drawn.duration_s, _NOTHING, 0)

    def _process(self, task: Task) -> End:
        batch = self._batches.pop(task.subject)
        drawn = self._table.draw(task.kind, batch.n, self._rng)
        first, self._serial = self._serial, self._serial + drawn.made
        names = list(map(f"%dv{batch.model_version}".__mod__, range(first, self._serial)))
        linkers = map(_product, zip(names, names, repeat(batch.family), repeat(None), repeat(()), repeat(None)))
        return End(drawn.duration_s, Outcome(True, tuple(linkers)), drawn.made)

    def _assemble(self, task: Task) -> End:
        size: int = task.options["linkers_per_mof"]
        drawn = self._table.draw(task.kind, len(task.inputs) // size, self._rng)
        parts = list(zip(*[iter(task.inputs)] * size, strict=True))[: drawn.made]
        first, self._serial = self._serial, self._serial + len(parts)
        names = list(map("m%d".__mod__, range(first, self._serial)))
        if self._learning:
            self._factors.update(zip(names, map(self._factor, parts), strict=True))
        mofs = map(_product, zip(names, names, repeat(""), repeat(None), parts, repeat(None)))
        return End(drawn.duration_s, Outcome(True, tuple(mofs)), drawn.made)

    def _single(self, task: Task) -> End:
        """A task with one product or none."""
        n: int = task.options["mofs"] if task.kind is TaskKind.TRAIN else 1
        drawn = self._table.draw(task.kind, n, self._rng)
        duration_s = drawn.duration_s
        if "after_steps" in task.options:
            duration_s *= self._relative_length(task.options["steps"], task.options["after_steps"])
        if not drawn.made or task.is_judge:
            return End(duration_s, _NOTHING, 0)
        score = drawn.score
        if task.kind is TaskKind.VALIDATE and self._learning:
            score *= self._factors[task.subject]
        return End(duration_s, Outcome(True, (Product(task.subject, task.subject, score=score),)), 1)

    def _relative_length(self, steps: int, after_steps: int) -> float:
        """Length of a sitting over that of a MOF's first dynamics, which the table knows."""
        if not after_steps:
            self._first_steps = steps
        return (steps - after_steps) / self._first_steps

    def _factor(self, linkers: Sequence[str]) -> float:
        """What the models behind linkers do to the strain: the mean of their factors."""
        versions = [int(linker.rpartition("v")[2]) for linker in linkers]
        last = len(self._learning) - 1
        return sum(self._learning[min(version, last)] for version in versions) / len(versions)


def duration_s(fn: Callable[..., object], args: tuple[object, ...], value: object) -> float:
    """A simulated call says itself how long it takes."""
    assert isinstance(value, End)
    return value.duration_s
