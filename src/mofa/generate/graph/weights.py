"""The weights file of the generator: the network and how often each core size comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mofa.errors import InputError
from mofa.generate.graph.model import ARCHITECTURE, VERSION, GraphModel, ModelConfig
from mofa.generate.learning import checkpoint
from mofa.generate.moflinker.vocabulary import MAX_CORE_ATOMS, MIN_CORE_ATOMS

SHIPPED = "weights/graph.safetensors"
_STORED = torch.float16
"""Half the size, and far finer than what training leaves undecided."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """A network that is ready to write."""

    model: GraphModel
    size_shares: NDArray[np.float64]
    """How often each number of core atoms comes, ``[MAX_CORE_ATOMS + 1]``; above 0 for all that were trained on."""


def dump(
    model: Mapping[str, Tensor], config: ModelConfig, size_shares: NDArray[np.float64], notes: Mapping[str, Any]
) -> bytes:
    """The content of a file.

    Args:
        model: tensors of a `GraphModel`.
        config: its sizes.
        size_shares: as in `Learnt`.
        notes: JSON-able: what the weights were trained on, and how.
    """
    tensors = {name: tensor.to(_STORED) for name, tensor in model.items()}
    shares = [round(float(share), 6) for share in size_shares]
    content = {"model": asdict(config), "size_shares": shares, **notes}
    return checkpoint.dump(tensors, content, architecture=ARCHITECTURE, version=VERSION)


def load(path: Path | None) -> Learnt:
    """The weights in a file, or the pre-trained ones.

    Raises:
        InputError: no such file, or not one of `dump`.
    """
    if path is None:
        return _shipped()
    return _learnt(path, path)


@lru_cache(maxsize=1)
def _shipped() -> Learnt:
    return _learnt(files("mofa.generate").joinpath(SHIPPED).read_bytes(), "weights")


def _learnt(source: Path | bytes, where: Path | str) -> Learnt:
    tensors, config = checkpoint.read(source, architecture=ARCHITECTURE, version=VERSION)
    sizes, shares = config.get("model"), config.get("size_shares")
    if not isinstance(sizes, dict) or not _are_shares(shares):
        raise InputError("the weights have no usable configuration", where=where, action="Give a file that MOFA wrote")
    model = GraphModel(ModelConfig.of(sizes))
    checkpoint.load_into(model, {name: tensor.float() for name, tensor in tensors.items()}, where)
    return Learnt(model.eval(), np.array(shares, dtype=np.float64))


def _are_shares(values: Any) -> bool:
    if not isinstance(values, list) or len(values) != MAX_CORE_ATOMS + 1:
        return False
    return all(isinstance(x, int | float) and 0 <= x <= 1 for x in values) and min(values[MIN_CORE_ATOMS:]) > 0
