"""Training of the network: once on enumerated cores, and again and again, from there, on linkers that did well.

Retraining goes on from the pre-trained weights for a fixed number of steps; a share of every batch is freshly
enumerated cores, so that the network forgets nothing and rarely repeats an example. The result is the moving average of
the weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from mofa.chemistry import Family, Linker, ModelRef, Reason, Rejected, Stage
from mofa.generate.graph import weights
from mofa.generate.graph.corpus import Entry, spelt
from mofa.generate.graph.model import ARCHITECTURE, GraphModel
from mofa.generate.graph.shares import core_atoms
from mofa.generate.graph.tokens import encode
from mofa.generate.graph.trainee import GraphTrainee, Source
from mofa.generate.learning import checkpoint, distributed
from mofa.generate.learning.loop import Fitted, Schedule, fit
from mofa.generate.moflinker.dataset import is_held_out
from mofa.generate.moflinker.enumeration import cores
from mofa.generate.moflinker.linkers import core_of
from mofa.generate.moflinker.vocabulary import FAMILIES, MAX_CORE_ATOMS
from mofa.generate.protocol import ProgressCallback, TrainingRequest

METHOD = "replay"
BATCH_SIZE = 32
LEARNING_RATE = 4e-4
EMA_DECAY = 0.97
WARMUP_STEPS = 10
_MOST_MEASURED = 256
"""Examples on which the gain is measured."""
_READ = 0.1
"""Share of the work that reading the examples is, for the progress."""


@dataclass(frozen=True)
class Lesson:
    """The examples that can be learnt, and how often each comes."""

    entries: tuple[Entry, ...]
    odds: NDArray[np.float64]
    sizes: NDArray[np.float64]
    """How often each number of core atoms comes, ``[MAX_CORE_ATOMS + 1]``."""

    def draw(self, rng: np.random.Generator, n: int) -> list[Entry]:
        """Examples, by their odds."""
        return [self.entries[k] for k in rng.choice(len(self.entries), size=n, p=self.odds)]


def retrain(
    examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None
) -> ModelRef | Rejected:
    """Weights that favour cores like those of the examples.

    The metrics are the share of the examples that the network can write (``expressed_fraction``), by how much likelier
    these became (``gain_nats``, mean of the logarithm), and the loss at the end (``nats_per_core``).

    Args:
        examples: at least one; those that are no core of 6 to 20 atoms between two prompts are left out.
        request: how to train.
        on_progress: gets the fraction done and a short text.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    started_s = time.process_time()
    lesson = lesson_of(examples, request, on_progress)
    if isinstance(lesson, Rejected):
        return lesson
    request = replace(request, steps=request.steps_for(len({entry.smiles for entry in lesson.entries})))
    before = weights.load(None)

    def told(fraction: float, text: str) -> None:
        if on_progress is not None:
            on_progress(_READ + (1.0 - _READ) * fraction, text)

    # Processes of their own cannot report: what they are given must be picklable.
    progress = told if request.processes == 1 else None
    fitted: Fitted = distributed.run(_fit, (lesson, request, progress), processes=request.processes)
    if not fitted.finished:
        return _out_of_time(f"{fitted.steps} of {request.steps} steps had been done")
    after = GraphModel(before.model.config)
    checkpoint.load_into(after, fitted.weights)
    shares = before.shares.moved(lesson.sizes, 1.0 - request.replay_share)
    measured = lesson.entries[:_MOST_MEASURED]
    gain = nats_per_core(before.model, measured) - nats_per_core(after, measured)
    n_used = len(lesson.entries)
    told(1.0, f"{n_used} examples learnt")
    return ModelRef(
        generator=ARCHITECTURE,
        weights=weights.dump(fitted.weights, after.config, shares, {"method": METHOD, "n_examples": n_used}),
        suffix=checkpoint.SUFFIX,
        n_examples=n_used,
        method=METHOD,
        metrics={"expressed_fraction": n_used / len(examples), "gain_nats": gain, **fitted.parts},
        cpu_s=time.process_time() - started_s,
    )


def replayed(rng: np.random.Generator, n: int) -> list[Entry]:
    """Freshly enumerated cores that are not held out."""
    stream = cores(int(rng.integers(2**31)))
    return [Entry(core.smiles) for core in islice((core for core in stream if not is_held_out(core.molecule)), n)]


def nats_per_core(model: GraphModel, entries: Sequence[Entry], *, seed: int = 0) -> float:
    """How unlikely a network finds cores, told their family, size and half of what else is known."""
    rows = spelt(entries, np.random.default_rng(seed), shuffled_share=0.0)
    trainee = GraphTrainee(model, (), batch_size=len(rows), seed=seed)
    with torch.inference_mode():
        _, parts = trainee.loss(rows)
    return float(parts["nats_per_core"])


def lesson_of(
    examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None
) -> Lesson | Rejected:
    """What there is to be learnt from examples, each as heavy as it was given; or why there is nothing."""
    entries: list[Entry] = []
    odds: list[float] = []
    sizes = np.zeros(MAX_CORE_ATOMS + 1)
    for number, (linker, weight) in enumerate(zip(examples, request.weights_of(len(examples)), strict=True), start=1):
        core = _core(linker.smiles, linker.family)
        if core is not None:
            entries.append(Entry(core, family=FAMILIES.index(linker.family)))
            odds.append(weight)
            sizes[core_atoms(entries[-1])] += weight
        if time.monotonic() > request.deadline:
            return _out_of_time(f"{number} of {len(examples)} examples had been read")
        if on_progress is not None:
            on_progress(_READ * number / len(examples), f"{number} of {len(examples)} examples read")
    if not entries:
        return Rejected(Stage.TRAIN, Reason.NOT_EXPRESSIBLE, _why_none(examples))
    return Lesson(tuple(entries), np.array(odds) / sum(odds), sizes / sizes.sum())


@lru_cache(maxsize=8192)
def _core(smiles: str, family: Family) -> str | None:
    """The core of a linker; campaigns train on much the same examples again and again."""
    core = core_of(smiles, family)
    return core if core is not None and encode(core) is not None else None


def _fit(
    group: distributed.Group, lesson: Lesson, request: TrainingRequest, on_progress: ProgressCallback | None
) -> Fitted:
    """The training of one rank."""
    replay = request.replay_share
    sources = [Source(lesson.draw, 1.0 - replay), *([Source(replayed, replay)] if replay else [])]
    trainee = GraphTrainee(deepcopy(weights.load(None).model), sources, batch_size=BATCH_SIZE, seed=request.seed)
    schedule = Schedule(
        request.steps,
        learning_rate=LEARNING_RATE,
        warmup_steps=WARMUP_STEPS,
        ema_decay=EMA_DECAY,
    )
    return fit(trainee, schedule, group=group, deadline=request.deadline, on_progress=on_progress)


def _why_none(examples: Sequence[Linker]) -> str:
    families = sorted({linker.family for linker in examples} - set(FAMILIES))
    if families:
        known = ", ".join(FAMILIES)
        return f"the generator learns from {known} linkers; the {len(examples)} examples are {', '.join(families)}"
    return (
        f"none of the {len(examples)} examples, such as {examples[0].smiles}, is a core of 6 to 20 atoms between two"
        " benzoic acids or benzonitriles joined in para"
    )


def _out_of_time(how_far: str) -> Rejected:
    return Rejected(Stage.TRAIN, Reason.TIME_LIMIT, f"time ran out when {how_far}")
