"""A MOFLinker that is ready to draw: its network, its poses, and the file that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mofa.errors import InputError
from mofa.generate.learning import checkpoint
from mofa.generate.moflinker import ddpm, flow
from mofa.generate.moflinker.network import Guess, Network, NetworkConfig
from mofa.generate.moflinker.poses import PoseSampler
from mofa.generate.moflinker.training import OBJECTIVES

VERSION = "1"
ARCHITECTURE = "flow"
DEFAULT_STEPS = 12
SHIPPED = resources.files("mofa.generate") / "pretrained" / "flow.safetensors"


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with what sampling needs."""

    network: Network
    poses: PoseSampler
    objective: str
    """``flow`` or ``ddpm``."""
    settings: Mapping[str, Any]
    """The whole configuration in the weights file: sizes, recipe, metrics."""

    def dump(self) -> bytes:
        """The content of a weights file."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        config = {**self.settings, "network": self.network.config.to_json(), "objective": self.objective}
        return checkpoint.dump(tensors | self.poses.tensors(), config, architecture=ARCHITECTURE, version=VERSION)

    def sampler(self) -> Callable[..., tuple[Tensor, Tensor, Guess]]:
        """The sampling function of the objective."""
        return flow.sample if self.objective == "flow" else ddpm.sample


def load(path: Path | None = None) -> Model:
    """The model in a file, or the one that MOFA ships.

    Raises:
        InputError: the file is not one of a MOFLinker of this version, or damaged.
    """
    if path is None:
        with resources.as_file(SHIPPED) as file:
            return _read(file, file.stat().st_mtime_ns)
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})", where=path, action="Give a file that `mofa train` wrote"
        ) from error
    return _read(path, stamp)


@lru_cache(maxsize=2)
def _read(path: Path, stamp: int) -> Model:
    tensors, config = checkpoint.read(path, architecture=ARCHITECTURE, version=VERSION)
    try:
        network = Network(NetworkConfig.checked(config["network"]))
        poses = PoseSampler.of_tensors(tensors)
        objective = config["objective"]
        if objective not in OBJECTIVES:
            raise ValueError(f"objective is {objective!r}")
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the configuration of the weights makes no model ({error})",
            where=path,
            action="Give a file that `mofa train` wrote with this version of MOFA",
        ) from error
    of_network = {n.removeprefix("network."): t for n, t in tensors.items() if n.startswith("network.")}
    checkpoint.load_into(network, {name: tensor.float() for name, tensor in of_network.items()}, path)
    # Parameters keep asking for gradients: autocast casts those once, and all others at every use.
    return Model(network.eval(), poses, objective, config)


def untrained(config: NetworkConfig, poses: PoseSampler, *, objective: str = "flow", seed: int = 0) -> Model:
    """A model before training."""
    torch.manual_seed(seed)
    return Model(Network(config), poses, objective, {})
