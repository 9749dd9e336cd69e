"""Training of MOFLinker: which linkers make a batch, and what is minimised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mofa.generate.moflinker import ddpm, flow
from mofa.generate.moflinker.tensors import Batch, Table

OBJECTIVES = ("flow", "ddpm")
MOST_FAKES = 1
_SIZE_JITTER = 2.0
"""Linkers of a batch differ in size by about this, so that little padding is computed."""


@dataclass
class Step:
    """What one step learns from."""

    batch: Batch
    start: Tensor
    """Where the atoms start in the flow, Å, ``[B, n, 3]``."""
    seed: int
    """Of everything random in the loss."""

    @classmethod
    def of(cls, batch: Batch, seed: int) -> Step:
        """A batch with its noise."""
        return cls(batch, flow.matched_noise(batch, torch.Generator().manual_seed(seed)), seed)

    def loss(self, model: nn.Module, objective: str) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of one of `OBJECTIVES`, and its parts."""
        generator = torch.Generator().manual_seed(self.seed + 1)
        device = next(model.parameters()).device
        batch = self.batch.to(device)
        if objective == "flow":
            return flow.loss(model, batch, generator=generator, start=self.start.to(device))
        return ddpm.loss(model, batch, generator=generator)


@dataclass(eq=False)
class Pretraining:
    """All examples, epoch by epoch, in batches of similar sizes. A `mofa.generate.learning.loop.Trainee`."""

    model: nn.Module
    data: Table
    batch_size: int
    seed: int
    objective: str = "flow"

    def __post_init__(self) -> None:
        self._epoch, self._batches = -1, torch.zeros(0, 0, dtype=torch.long)

    def batch(self, step: int, rank: int, world: int) -> Step:
        """Batch of a step on a rank; a function of the seed and these numbers."""
        number = step * world + rank
        epoch, place = divmod(number, max(1, len(self.data) // self.batch_size))
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._shuffled(epoch)
        batch = self.data.take(self._batches[place], np.random.default_rng([self.seed, number]), most_fakes=MOST_FAKES)
        return Step.of(batch, self.seed * 1_000_003 + 2 * number)

    def loss(self, batch: Step) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the objective."""
        return batch.loss(self.model, self.objective)

    def _shuffled(self, epoch: int) -> Tensor:
        """The batches of an epoch, ``[n_batches, batch_size]``."""
        rng = np.random.default_rng([self.seed, epoch, 1])
        order = np.argsort(self.data.sizes.numpy() + rng.uniform(0.0, _SIZE_JITTER, len(self.data)))
        size = min(self.batch_size, len(order))
        start = int(rng.integers(0, len(order) % size + 1))
        batches = order[start : start + len(order) // size * size].reshape(-1, size)
        return torch.from_numpy(batches[rng.permutation(len(batches))])
