"""The training loop: warm-up and cosine by step, gradient clipping, an exponential moving average, checkpoints.

Steps, not the clock, decide the learning rate, so that ranks agree and a resumed training goes on as it would have.
Batches depend on the step and the rank alone.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mofa.errors import EngineError, InputError
from mofa.generate.learning.distributed import SINGLE, Group
from mofa.generate.learning.state import TrainingState

ProgressCallback = Callable[[float, str], None]
_MOST_FEEDERS = 16
TELL_EVERY_S = 0.2


class TrainingError(EngineError):
    """A training that broke down: its loss is no longer a number."""


class Trainee(Protocol):
    """What is trained: a model, its batches and its loss."""

    model: nn.Module

    def batch(self, step: int, rank: int, world: int) -> Any:
        """Batch of a step on one of `world` ranks; a function of these three numbers."""
        ...

    def loss(self, batch: Any) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        """Loss to be minimised, and its parts by name, for the log; a batch is moved to where the model is."""
        ...


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 50
    final_share: float = 0.05
    """Learning rate at the end, relative to the highest."""
    ema_decay: float = 0.999
    """Of the moving average of the weights, which is the result; grows to this from 0 at the start."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    weight_decay: float = 1e-4
    bf16: bool = False
    """Whether matrix products run in bfloat16 (faster where the processor has them)."""
    checkpoint_every_s: float = 180.0

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        warm = min(1.0, (step + 1) / max(1, self.warmup_steps))
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / self.steps)))
        return self.learning_rate * warm * (self.final_share + (1.0 - self.final_share) * cosine)

    def decay(self, step: int) -> float:
        """Decay of the moving average at a step."""
        return min(self.ema_decay, (1.0 + step) / (10.0 + step))


@dataclass(frozen=True)
class Fitted:
    """A training that has ended."""

    weights: Mapping[str, Tensor]
    """Moving average of the model's weights."""
    steps: int
    finished: bool
    """False where the deadline came first."""
    loss: float
    """Mean over the last steps."""
    parts: Mapping[str, float] = field(default_factory=dict)
    cpu_s: float = 0.0


def fit(
    trainee: Trainee,
    schedule: Schedule,
    *,
    group: Group = SINGLE,
    checkpoint: Path | None = None,
    of: Mapping[str, Any] | None = None,
    deadline: float = math.inf,
    on_progress: ProgressCallback | None = None,
    device: str = "cpu",
) -> Fitted:
    """Train.

    Args:
        trainee: model, batches, loss; its model is trained in place, the result is the average.
        schedule: how.
        group: of data-parallel ranks, this process being one of them.
        checkpoint: file to resume from, where it is there, and to keep the state in.
        of: what is trained (objective, seed, batch size), JSON-able; a checkpoint of anything else is refused.
        deadline: `time.monotonic()` at which to stop, s.
        on_progress: gets the fraction done and the losses; on the first rank only.
        device: "cpu" or "cuda".

    Raises:
        TrainingError: the loss is not finite.
        InputError: a checkpoint of another training.
    """
    model = trainee.model.to(device).train()
    state = TrainingState.start(model, schedule.weight_decay, of or {})
    if checkpoint is not None and checkpoint.exists():
        state.load(checkpoint)
        if state.step > schedule.steps:
            raise InputError(
                f"the checkpoint is at step {state.step}, beyond the {schedule.steps} asked for",
                where=checkpoint,
                action="Ask for more steps, or remove it to begin anew",
            )
    group.share_start(model)
    started_s, saved_s, told_s = time.process_time(), time.monotonic(), -math.inf
    seen: dict[str, Tensor] = {}
    for batch in batches(trainee, group, range(state.step, schedule.steps), device):
        state.set_rate(schedule.rate(state.step))
        with torch.autocast(device, torch.bfloat16) if schedule.bf16 else nullcontext():
            loss, parts = trainee.loss(batch)
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        late = group.average_gradients(model, stop=time.monotonic() > deadline)
        norm = float(nn.utils.clip_grad_norm_(model.parameters(), schedule.gradient_clip))
        if not math.isfinite(norm):
            raise TrainingError(
                f"the loss is {float(loss.detach()):g} and its gradient {norm:g} at step {state.step}",
                where="train",
                action="Train with a lower learning rate, or look at the examples",
            )
        state.advance(schedule.decay(state.step))
        _remember(seen, {"loss": loss.detach(), **parts})
        if group.rank == 0:
            if checkpoint is not None and time.monotonic() - saved_s > schedule.checkpoint_every_s:
                state.save(checkpoint)
                saved_s = time.monotonic()
            if on_progress is not None and (time.monotonic() - told_s > TELL_EVERY_S or state.step == schedule.steps):
                told = ", ".join(f"{name} {float(value):.3f}" for name, value in seen.items())
                on_progress(state.step / schedule.steps, f"step {state.step}: {told}")
                told_s = time.monotonic()
        if late:
            break
    if checkpoint is not None and group.rank == 0:
        state.save(checkpoint)
    losses = {name: float(value) for name, value in seen.items()}
    return Fitted(
        weights=state.average,
        steps=state.step,
        finished=state.step >= schedule.steps,
        loss=losses.pop("loss", math.nan),
        parts=losses,
        cpu_s=time.process_time() - started_s,
    )


@dataclass(frozen=True)
class _Batches:
    """The batches of a rank by step, as PyTorch's loader takes them."""

    trainee: Trainee
    group: Group

    def __getitem__(self, step: int) -> Any:
        return self.trainee.batch(step, self.group.rank, self.group.size)


def batches(trainee: Trainee, group: Group, steps: range, device: str) -> Iterator[Any]:
    """The batches of these steps; for a GPU other processes make them ahead."""
    of_rank = _Batches(trainee, group)
    if device == "cpu":
        yield from (of_rank[step] for step in steps)
        return
    workers = max(1, min(_MOST_FEEDERS, len(os.sched_getaffinity(0)) - 1) // group.size)
    yield from DataLoader(
        of_rank,  # type: ignore[arg-type]
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        prefetch_factor=4,
        collate_fn=_as_it_is,
        multiprocessing_context="fork",
    )


def _as_it_is(batch: Any) -> Any:
    return batch


def _remember(seen: dict[str, Tensor], now: Mapping[str, float | Tensor]) -> None:
    """Moving averages of the losses; they stay where they are, since reading one waits for the GPU."""
    for name, value in now.items():
        number = torch.as_tensor(value)
        seen[name] = number if name not in seen else torch.lerp(seen[name], number, 0.01)
