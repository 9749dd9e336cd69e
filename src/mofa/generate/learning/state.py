"""Everything that a training is at one step: weights, their moving average, the optimiser's memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mofa.errors import InputError
from mofa.generate.learning import checkpoint
from mofa.textfiles import write_bytes

_ARCHITECTURE, _VERSION = "training state", "1"
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(eq=False)
class TrainingState:
    """A training between two steps."""

    model: nn.Module
    optimizer: torch.optim.AdamW
    average: dict[str, Tensor]
    """Moving average of the model's weights."""
    of: Mapping[str, Any]
    """What is trained, JSON-able; a file of another training is refused."""
    step: int = 0

    @classmethod
    def start(cls, model: nn.Module, weight_decay: float, of: Mapping[str, Any]) -> TrainingState:
        """The state before the first step."""
        optimizer = torch.optim.AdamW(model.parameters(), weight_decay=weight_decay, betas=(0.9, 0.99))
        return cls(model, optimizer, {name: value.detach().clone() for name, value in model.state_dict().items()}, of)

    def set_rate(self, learning_rate: float) -> None:
        """Learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate

    @torch.no_grad()
    def advance(self, decay: float) -> None:
        """One step of the optimiser and of the average."""
        self.optimizer.step()
        self.step += 1
        now = self.model.state_dict()
        names = [name for name, value in now.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.average[name] for name in names], [now[name] for name in names], 1.0 - decay)

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.items()}
        for name, parameter in self.model.named_parameters():
            memory = self.optimizer.state.get(parameter, {})
            tensors |= {f"{moment}.{name}": memory[moment] for moment in _MOMENTS if moment in memory}
        content = checkpoint.dump(
            tensors, {"step": self.step, "of": self.of}, architecture=_ARCHITECTURE, version=_VERSION
        )
        write_bytes(path, content)

    def load(self, path: Path) -> None:
        """Go on from a state that `save` wrote.

        Raises:
            InputError: it is no such file, or of another model.
        """
        tensors, config = checkpoint.read(path, architecture=_ARCHITECTURE, version=_VERSION)
        found = config.get("of", {})
        other = [
            f"{key} {found.get(key)} instead of {value}" for key, value in self.of.items() if found.get(key) != value
        ]
        if other:
            raise InputError(
                f"the checkpoint is of another training ({', '.join(other)})",
                where=path,
                action="Remove it to begin anew, or train as before",
            )
        device = next(self.model.parameters()).device
        of = {part: _part(tensors, part, device) for part in ("model", "average", *_MOMENTS)}
        checkpoint.load_into(self.model, of["model"], path)
        if of["average"].keys() != self.average.keys():
            raise InputError("the checkpoint is of another model", where=path, action="Remove it to begin anew")
        self.average = of["average"]
        self.step = int(config["step"])
        for name, parameter in self.model.named_parameters():
            memory: dict[str, Any] = {moment: of[moment][name] for moment in _MOMENTS if name in of[moment]}
            if memory:
                self.optimizer.state[parameter] = {"step": torch.tensor(float(self.step)), **memory}


def _part(tensors: Mapping[str, Tensor], part: str, device: torch.device) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name.removeprefix(prefix): value.to(device) for name, value in tensors.items() if name.startswith(prefix)}
