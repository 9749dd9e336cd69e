"""The first training of MOFLinker, on the pre-training set."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from mofa.errors import InputError
from mofa.generate.learning import checkpoint as files
from mofa.generate.learning import distributed
from mofa.generate.learning.loop import Fitted, ProgressCallback, Schedule, fit
from mofa.generate.moflinker.examples import Packed
from mofa.generate.moflinker.model import Model, load
from mofa.generate.moflinker.network import Network, NetworkConfig
from mofa.generate.moflinker.poses import PoseSampler
from mofa.generate.moflinker.tensors import table
from mofa.generate.moflinker.training import OBJECTIVES, Pretraining

BATCH_SIZE = 128
SCHEDULE = Schedule(steps=40_000, learning_rate=1.2e-3, warmup_steps=200, ema_decay=0.999, bf16=True)
MOST_POSES = 8192
_HELD_OUT_BATCHES = 16


def pretrain(
    packed: Packed,
    *,
    schedule: Schedule = SCHEDULE,
    config: NetworkConfig | None = None,
    objective: str = "flow",
    batch_size: int = BATCH_SIZE,
    seed: int = 1,
    start: Path | None = None,
    processes: int = 1,
    device: str = "cpu",
    checkpoint: Path | None = None,
    deadline: float = math.inf,
    on_progress: ProgressCallback | None = None,
) -> bytes:
    """The content of a weights file, trained from nothing.

    Args:
        packed: from `mofa data linkers`; what is held out measures the result.
        schedule: how long and how fast.
        config: sizes of the network; None for the usual ones.
        objective: ``flow`` or ``ddpm``.
        batch_size: linkers in a step, of all processes together.
        seed: of the first weights and of the batches.
        start: weights file to begin with instead of random weights; it must be of the same `config` and `objective`.
        processes: data-parallel ranks.
        device: "cpu" or "cuda".
        checkpoint: file to resume from, where it is there, and to keep the state in.
        deadline: `time.monotonic()` at which to stop with what has been learnt by then, s.
        on_progress: gets the fraction done and the losses; with one process only.

    Raises:
        InputError: no examples to train on, or an unknown objective.
        TrainingError: the loss is no longer a number.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"unknown objective {objective!r}", where="train", action=f"Choose {' or '.join(OBJECTIVES)}")
    before = None if start is None else load(start)
    chosen = config or (before.network.config if before else NetworkConfig())
    if before is not None and (before.network.config, before.objective) != (chosen, objective):
        raise InputError(
            "the weights to begin with are of another network or objective", where=start, action="Begin without them"
        )
    known = np.flatnonzero(~packed.held_out)
    if not len(known):
        raise InputError("there are no linkers to learn", where="train", action="Build data with `mofa data linkers`")
    distributed.check(batch_size, processes, device)
    progress = on_progress if processes == 1 else None
    schedule = replace(schedule, bf16=schedule.bf16 and (device != "cpu" or distributed.has_fast_bf16()))
    arguments = (
        packed.subset(known),
        chosen,
        start,
        schedule,
        objective,
        batch_size,
        seed,
        device,
        checkpoint,
        deadline,
        progress,
    )
    fitted: Fitted = distributed.run(_fit, arguments, processes=processes, device=device)
    network = Network(chosen)
    files.load_into(network, {name: tensor.cpu() for name, tensor in fitted.weights.items()})
    recipe = {
        "begun_with": None if before is None else before.settings.get("recipe"),
        "examples": len(known), "steps": fitted.steps, "samples": fitted.steps * batch_size, "seed": seed,
        "batch_size": batch_size, "processes": processes, "schedule": asdict(schedule),
        "loss": fitted.loss if math.isfinite(fitted.loss) else None,
        "held_out_loss": held_out_loss(network, packed, objective),
    }  # fmt: skip
    rng = np.random.default_rng(seed)
    shown = known[rng.permutation(len(known))[:MOST_POSES]]
    return Model(network, PoseSampler.of(packed.subset(shown)), objective, {"recipe": recipe}).dump()


def held_out_loss(network: Network, packed: Packed, objective: str) -> float | None:
    """Mean loss on linkers whose scaffolds were kept from training; None where there are too few."""
    chosen = np.flatnonzero(packed.held_out)
    size = min(64, len(chosen))
    if size < 2:
        return None
    measured = Pretraining(network.eval(), table(packed.subset(chosen)), size, seed=0, objective=objective)
    with torch.inference_mode():
        losses = [float(measured.loss(measured.batch(k, 0, 1))[0]) for k in range(_HELD_OUT_BATCHES)]
    return sum(losses) / len(losses)


def _fit(
    group: distributed.Group,
    packed: Packed,
    config: NetworkConfig,
    start: Path | None,
    schedule: Schedule,
    objective: str,
    batch_size: int,
    seed: int,
    device: str,
    checkpoint: Path | None,
    deadline: float,
    on_progress: ProgressCallback | None,
) -> Fitted:
    """The training of one rank."""
    torch.manual_seed(seed)
    size = max(1, batch_size // group.size)
    network = Network(config)
    if start is not None:
        network.load_state_dict(load(start).network.state_dict())
    trainee = Pretraining(network, table(packed), size, seed, objective=objective)
    of = {"objective": objective, "seed": seed, "batch_size": batch_size, "examples": len(packed)}
    return fit(
        trainee,
        schedule,
        group=group,
        checkpoint=checkpoint,
        of=of,
        deadline=deadline,
        on_progress=on_progress,
        device=device,
    )
