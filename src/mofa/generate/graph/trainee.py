"""The network as the training loop sees it: batches of spelt cores, and how badly each next token is foretold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mofa.errors import InputError
from mofa.generate.graph.corpus import Entry, Rows, spelt
from mofa.generate.graph.model import GraphModel

_GROUP = 4
"""Steps whose batches are drawn together."""
_TYPICAL_TOKENS = 28.0
Draw = Callable[[np.random.Generator, int], Sequence[Entry]]
"""Gives as many entries as asked for."""


@dataclass(frozen=True)
class Source:
    """Entries that make up a share of every batch."""

    draw: Draw
    share: float


class GraphTrainee:
    """The next token of cores from several sources. A `mofa.generate.learning.loop.Trainee`."""

    def __init__(
        self,
        model: GraphModel,
        sources: Sequence[Source],
        *,
        batch_size: int,
        seed: int,
        shuffled_share: float = 0.0,
    ) -> None:
        self.model: nn.Module = model
        self._sources = sources
        self._batch_size = batch_size
        self._seed = seed
        self._shuffled_share = shuffled_share
        self._drawn: tuple[tuple[int, int, int], list[Rows]] | None = None

    def batch(self, step: int, rank: int, world: int) -> Rows:
        """This rank's part of a batch: rows of about the same length, so that little is filled up."""
        group, part = divmod(step, _GROUP)
        key = (group, rank, world)
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = (key, self._group(*key))
        return self._drawn[1][part]

    def loss(self, batch: Rows) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        """Cross-entropy, about per token: every core counts by its tokens; and nats per core."""
        device = next(self.model.parameters()).device
        tokens = torch.from_numpy(batch.tokens.T.copy()).to(device)
        weights = torch.from_numpy(batch.weights.T.copy()).to(device)
        logits = self.model(tokens[:-1], torch.from_numpy(batch.conditions).to(device)).float()
        each = functional.cross_entropy(logits.flatten(0, 1), tokens[1:].flatten(), reduction="none")
        per_core = (each * weights.flatten()).sum() / len(batch.tokens)
        return per_core / _TYPICAL_TOKENS, {"nats_per_core": per_core.detach()}

    def _group(self, group: int, rank: int, world: int) -> list[Rows]:
        """Batches of some steps, drawn together and sorted by length."""
        rng = np.random.default_rng((self._seed, group, rank))
        n = _GROUP * max(1, self._batch_size // world)
        entries = [entry for source in self._sources for entry in source.draw(rng, max(1, round(source.share * n)))]
        spelt_ones = spelt(entries, rng, shuffled_share=self._shuffled_share)
        if len(spelt_ones) < _GROUP:
            raise InputError("the cores cannot be spelt", where="train", action="Give SMILES with two *")
        by_length = np.argsort(spelt_ones.lengths, kind="stable")
        parts = [spelt_ones.subset(chosen) for chosen in np.array_split(by_length, _GROUP)]
        return [parts[k] for k in rng.permutation(_GROUP)]
