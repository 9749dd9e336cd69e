"""The network: two gated recurrent layers over tokens, told at every token what the core should be like."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mofa.generate.conditions import LARGEST_LENGTH_ANG, LEAST_LENGTH_ANG, MOST_PROPERTY_ATOMS
from mofa.generate.graph.tokens import VOCABULARY
from mofa.generate.moflinker.vocabulary import FAMILIES, MAX_CORE_ATOMS

ARCHITECTURE = "graph"
VERSION = "2"
UNKNOWN = 0
"""Bin of what is not asked for."""
N_LENGTHS = int(LARGEST_LENGTH_ANG - LEAST_LENGTH_ANG) + 1
FIELDS = ("family", "core_atoms", "length", "polar_atoms", "sp3_atoms")
"""What the network is told, in the order of the columns of a table of conditions; the last three may be unknown."""
BINS = (len(FAMILIES), MAX_CORE_ATOMS + 1, N_LENGTHS + 1, MOST_PROPERTY_ATOMS + 2, MOST_PROPERTY_ATOMS + 2)


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network."""

    hidden: int = 256
    layers: int = 2
    token_width: int = 64
    condition_width: int = 32

    @staticmethod
    def of(values: Any) -> ModelConfig:
        """The sizes in the configuration of a file.

        Raises:
            ValueError: a size is absent or no small positive number.
        """
        sizes = {name: values.get(name) for name in asdict(ModelConfig())} if isinstance(values, dict) else {}
        if not sizes or not all(isinstance(size, int) and 0 < size <= 4096 for size in sizes.values()):
            raise ValueError("the weights name no sizes of the network")
        return ModelConfig(**sizes)  # type: ignore[arg-type]


class GraphModel(nn.Module):
    """Logits of the next token, given those before and the conditions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(len(VOCABULARY), config.token_width)
        self.conditions = nn.ModuleList(nn.Embedding(n, config.condition_width) for n in BINS)
        self.recurrent = nn.GRU(config.token_width + config.condition_width, config.hidden, config.layers)
        self.head = nn.Linear(config.hidden, len(VOCABULARY))

    def told(self, conditions: Tensor) -> Tensor:
        """What the network makes of conditions ``[n, 5]`` (bins), ``[n, condition_width]``."""
        parts = [table(conditions[:, k]) for k, table in enumerate(self.conditions)]
        return torch.stack(parts).sum(0)

    def forward(self, tokens: Tensor, conditions: Tensor) -> Tensor:
        """Logits of what follows each token, ``[length, n, vocabulary]``.

        Args:
            tokens: indices, ``[length, n]``.
            conditions: bins, ``[n, 5]``, see `FIELDS`.
        """
        told = self.told(conditions).expand(len(tokens), -1, -1)
        states, _ = self.recurrent(torch.cat([self.tokens(tokens), told], dim=2))
        logits: Tensor = self.head(states)
        return logits


def length_bin(length_ang: float) -> int:
    """Bin of an anchor distance, 1 Å wide around every whole number; those beyond the limits go to the outermost."""
    return 1 + round(min(max(length_ang, LEAST_LENGTH_ANG), LARGEST_LENGTH_ANG) - LEAST_LENGTH_ANG)


def bins_of(
    family: int,
    core_atoms: int,
    length_ang: float | None = None,
    polar_atoms: int | None = None,
    sp3_atoms: int | None = None,
) -> NDArray[np.int64]:
    """One row of a table of conditions, ``[5]``.

    Args:
        family: place in `FAMILIES`.
        core_atoms: heavy atoms between the prompts.
        length_ang: distance of the anchor carbons, Å; None where it is not asked for, as for the others.
        polar_atoms: N and O among the core atoms.
        sp3_atoms: tetrahedral carbons among the core atoms.
    """
    row = [family, core_atoms, UNKNOWN, UNKNOWN, UNKNOWN]
    if length_ang is not None:
        row[2] = length_bin(length_ang)
    for column, count in ((3, polar_atoms), (4, sp3_atoms)):
        if count is not None:
            row[column] = 1 + min(count, MOST_PROPERTY_ATOMS)
    return np.array(row, dtype=np.int64)
