"""The weights file of the generator: the network, and how often sizes and lengths come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mofa.errors import InputError
from mofa.generate.graph.model import ARCHITECTURE, VERSION, GraphModel, ModelConfig
from mofa.generate.graph.shares import Shares
from mofa.generate.learning import checkpoint

SHIPPED = "pretrained/graph.safetensors"
_STORED = torch.float16
"""Half the size, and far finer than what training leaves undecided."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """A network that is ready to write."""

    model: GraphModel
    shares: Shares


def dump(model: Mapping[str, Tensor], config: ModelConfig, shares: Shares, notes: Mapping[str, Any]) -> bytes:
    """The content of a file.

    Args:
        model: tensors of a `GraphModel`.
        config: its sizes.
        shares: of sizes and lengths.
        notes: JSON-able: what the weights were trained on, and how.
    """
    tensors = {name: tensor.to(_STORED) for name, tensor in model.items()}
    content = {"model": asdict(config), "shares": shares.to_json(), **notes}
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
    try:
        model, shares = GraphModel(ModelConfig.of(config["model"])), Shares.checked(config["shares"])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"the configuration of the weights makes no model ({error})",
            where=where,
            action="Give a file that MOFA wrote",
        ) from error
    checkpoint.load_into(model, {name: tensor.float() for name, tensor in tensors.items()}, where)
    return Learnt(model.eval(), shares)
