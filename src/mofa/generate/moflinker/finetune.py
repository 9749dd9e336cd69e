"""Retraining of MOFLinker while a campaign runs: from the shipped weights, a fixed budget, half of it replay.

Every batch is half linkers that did well, drawn by their weights, and half pre-training linkers that are shipped for
this, so that the model forgets nothing and repeats few examples. The result is the moving average of the weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mofa.chemistry import Linker, ModelRef, Reason, Rejected, Stage
from mofa.generate.learning import checkpoint, distributed
from mofa.generate.learning.loop import Fitted, Schedule, fit
from mofa.generate.moflinker.examples import Packed, load, pack
from mofa.generate.moflinker.lessons import example_of_linker
from mofa.generate.moflinker.model import Model
from mofa.generate.moflinker.model import load as load_model
from mofa.generate.moflinker.network import Network
from mofa.generate.moflinker.poses import PoseSampler
from mofa.generate.moflinker.tensors import Table, joined, table
from mofa.generate.moflinker.training import MOST_FAKES, Step
from mofa.generate.protocol import ProgressCallback, TrainingRequest

METHOD = "replay"
BATCH_SIZE = 32
LEARNING_RATE = 4e-4
EMA_DECAY = 0.96
WARMUP_STEPS = 10
REPLAY = resources.files("mofa.generate") / "pretrained" / "replay.npz"
_MOST_POSES = 4096


@dataclass(eq=False)
class Retraining:
    """Examples and replay, batch by batch. A `mofa.generate.learning.loop.Trainee`."""

    model: nn.Module
    examples: Table
    odds: NDArray[np.float64]
    """How often each example comes, ``[n_examples]``."""
    replay: Table
    replay_share: float
    seed: int
    objective: str

    def batch(self, step: int, rank: int, world: int) -> Step:
        """This rank's part of a batch."""
        rng = np.random.default_rng([self.seed, step, rank])
        count = max(2, BATCH_SIZE // world)
        n_old = min(count - 1, round(count * self.replay_share))
        fresh = torch.from_numpy(rng.choice(len(self.examples), count - n_old, p=self.odds))
        old = torch.from_numpy(rng.integers(0, len(self.replay), n_old))
        parts = [self.examples.take(fresh, rng, most_fakes=MOST_FAKES)]
        if n_old:
            parts.append(self.replay.take(old, rng, most_fakes=MOST_FAKES))
        return Step.of(joined(parts), int(rng.integers(2**62)))

    def loss(self, batch: Step) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the model's own objective."""
        return batch.loss(self.model, self.objective)


def finetune(
    examples: Sequence[Linker],
    request: TrainingRequest,
    on_progress: ProgressCallback | None,
    *,
    name: str,
    version: str,
) -> ModelRef | Rejected:
    """Weights that favour linkers like the examples.

    The metrics are the share of the examples that could be learnt (``expressed_fraction``) and the parts of the loss at
    the end.

    Args:
        examples: at least one; those that are no core of 6 to 20 atoms between two prompts are left out.
        request: how to train.
        on_progress: gets the fraction done and a short text.
        name: of the generator.
        version: of the generator.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    started_s = time.process_time()
    weights = request.weights_of(len(examples))
    found = [(example_of_linker(linker), weight) for linker, weight in zip(examples, weights, strict=True)]
    usable = [(example, weight) for example, weight in found if example is not None]
    if not usable:
        detail = (
            f"none of the {len(examples)} examples, such as {examples[0].smiles}, is a core of 6 to 20 atoms between"
            " two benzoic acids or benzonitriles joined in para"
        )
        return Rejected(Stage.TRAIN, Reason.NOT_EXPRESSIBLE, detail)
    learnt = {linker.smiles for linker, (example, _) in zip(examples, found, strict=True) if example is not None}
    request = replace(request, steps=request.steps_for(len(learnt)))
    lesson = pack((example for example, _ in usable), (False for _ in usable))
    odds = np.array([weight for _, weight in usable])
    progress = on_progress if request.processes == 1 else None
    before = load_model()
    device = distributed.best_device(request.processes)
    work = (lesson, odds / odds.sum(), request, device, progress)
    fitted: Fitted = distributed.run(_fit, work, processes=request.processes, device=device)
    if not fitted.finished:
        done = f"time ran out when {fitted.steps} of {request.steps} steps had been done"
        return Rejected(Stage.TRAIN, Reason.TIME_LIMIT, done)
    after = Network(before.network.config)
    checkpoint.load_into(after, fitted.weights)
    poses = _mixed(before.poses, PoseSampler.of(lesson), odds, request)
    recipe = {"method": METHOD, "examples": len(usable), "steps": request.steps, "from": f"{name}/{version}"}
    return ModelRef(
        generator=name,
        weights=Model(after, poses, before.objective, {"recipe": recipe}).dump(),
        suffix=checkpoint.SUFFIX,
        n_examples=len(usable),
        method=METHOD,
        metrics={"expressed_fraction": len(usable) / len(examples), "loss": fitted.loss, **fitted.parts},
        cpu_s=time.process_time() - started_s,
    )


def _fit(
    group: distributed.Group,
    lesson: Packed,
    odds: NDArray[np.float64],
    request: TrainingRequest,
    device: str,
    on_progress: ProgressCallback | None,
) -> Fitted:
    """The training of one rank."""
    before = load_model()
    network = Network(before.network.config)
    network.load_state_dict(before.network.state_dict())
    with resources.as_file(REPLAY) as path:
        replay, _ = load(path)
    trainee = Retraining(
        network, table(lesson), odds, table(replay), request.replay_share, request.seed, before.objective
    )
    schedule = Schedule(
        request.steps, learning_rate=LEARNING_RATE, warmup_steps=WARMUP_STEPS, ema_decay=EMA_DECAY,
        bf16=device != "cpu" or distributed.has_fast_bf16(),
    )  # fmt: skip
    return fit(trainee, schedule, group=group, deadline=request.deadline, on_progress=on_progress, device=device)


def _mixed(
    before: PoseSampler, learnt: PoseSampler, odds: NDArray[np.float64], request: TrainingRequest
) -> PoseSampler:
    """Poses of old and of good linkers, in the shares of the training."""
    rng = np.random.default_rng(request.seed)
    n_old = int(_MOST_POSES * request.replay_share)
    old = rng.integers(0, len(before.sizes), n_old)
    new = rng.choice(len(learnt.sizes), _MOST_POSES - n_old, p=odds / odds.sum())
    return PoseSampler(*(
        np.concatenate([getattr(before, name)[old], getattr(learnt, name)[new]])
        for name in ("context", "sizes", "polar", "sp3")
    ))  # fmt: skip
