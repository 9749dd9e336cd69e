"""Small trainings, importable by other processes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from mofa.generate.learning.distributed import Group
from mofa.generate.learning.loop import Fitted, Schedule, fit

SCHEDULE = Schedule(steps=20, learning_rate=0.05, warmup_steps=4, ema_decay=0.8)
BATCH_SIZE = 8


class Line:
    """Fits a small network to a known function; the batch of a step is shared out among the ranks."""

    def __init__(self, seed: int = 0, *, scale: float = 1.0) -> None:
        torch.manual_seed(seed)
        self.model: nn.Module = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
        self.scale = scale
        self.seen: list[tuple[int, int, int]] = []

    def batch(self, step: int, rank: int, world: int) -> tuple[Tensor, Tensor]:
        self.seen.append((step, rank, world))
        x = torch.randn(BATCH_SIZE, 3, generator=torch.Generator().manual_seed(step))
        return x[rank::world], x.sum(1, keepdim=True)[rank::world]

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        x, y = batch
        squared = (self.model(x) - y).square().mean() * self.scale
        return squared, {"squared": squared.detach()}


class Slow(Line):
    """Takes its time, so that a deadline comes."""

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        time.sleep(0.05)
        return super().loss(batch)


class Broken(Line):
    """Its loss is no number from a step on."""

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        loss, parts = super().loss(batch)
        return (loss * float("nan"), parts) if self.seen[-1][0] >= 3 else (loss, parts)


def fit_line(group: Group, folder: Path | None = None) -> Fitted:
    """On any number of ranks; each but the first starts from other weights and leaves its steps in the folder."""
    fitted = fit(Line(seed=group.rank), SCHEDULE, group=group)
    if folder is not None:
        (folder / f"rank-{group.rank}").write_text(str(fitted.steps))
    return fitted


def fit_until_one_is_late(group: Group, folder: Path) -> Fitted:
    """The second rank's clock is the only one with a deadline."""
    deadline = time.monotonic() + 0.3 if group.rank == 1 else float("inf")
    fitted = fit(Slow(), Schedule(steps=1000), group=group, deadline=deadline)
    (folder / f"rank-{group.rank}").write_text(str(fitted.steps))
    return fitted


def fit_broken(group: Group) -> Fitted:
    """All ranks get no number."""
    return fit(Broken(), SCHEDULE, group=group)


def die(group: Group) -> str:
    """The second rank ends in the middle."""
    task = Line()
    if group.rank == 1:
        os._exit(3)
    fit(task, SCHEDULE, group=group)
    return "done"


def own_rank(group: Group, word: str) -> tuple[str, int, int]:
    """What a rank is told."""
    return word, group.rank, group.size
