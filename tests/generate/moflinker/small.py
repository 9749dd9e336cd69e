"""Few cores and small networks, made once a session."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mofa.generate.moflinker import examples
from mofa.generate.moflinker.conformers import featurize
from mofa.generate.moflinker.decode import Scores
from mofa.generate.moflinker.enumeration import cores, has_usual_rings
from mofa.generate.moflinker.examples import Example, Packed
from mofa.generate.moflinker.model import Model
from mofa.generate.moflinker.network import ANCHOR_TOKENS, FAKE, MASK, N_TYPES, Guess, Network, NetworkConfig, Noisy
from mofa.generate.moflinker.poses import PoseSampler

CONFIG = NetworkConfig(width=16, vectors=4, layers=2, heads=2, radial=6)
N_CORES = 40


@dataclass(frozen=True)
class Known:
    """Cores with all that the data set knows about them."""

    molecules: tuple[Any, ...]
    smiles: tuple[str, ...]
    examples: tuple[Example, ...]
    packed: Packed


@lru_cache(maxsize=1)
def known() -> Known:
    """The first distinct cores of a seed that have a conformer; every tenth is held out."""
    found: dict[str, tuple[Any, Example]] = {}
    for core in islice(cores("tests"), 3 * N_CORES):
        if core.smiles in found or not has_usual_rings(core.molecule):
            continue
        example = featurize(core.molecule, seed=1)
        if example is not None:
            found[core.smiles] = core.molecule, example
        if len(found) == N_CORES:
            break
    molecules, every = zip(*found.values(), strict=True)
    packed = examples.pack(every, (k % 10 == 9 for k in range(N_CORES)))
    return Known(molecules, tuple(found), every, packed)


def network(seed: int = 0, config: NetworkConfig = CONFIG, *, scale: float = 2.0) -> Network:
    """A random network whose outputs depend on all of its inputs."""
    torch.manual_seed(seed)
    made = Network(config)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
        made.move_head.weight.mul_(10 * scale)
    return made.eval()


def model(seed: int = 0, objective: str = "flow") -> Model:
    """A random model with the poses of the known cores."""
    return Model(network(seed), PoseSampler.of(known().packed), objective, {})


def noisy(n_batch: int = 3, n: int = 9, *, seed: int = 5, dtype: torch.dtype = torch.float32) -> Noisy:
    """What a network may be shown; the second linker has two atoms of padding."""
    rng = np.random.default_rng(seed)
    mask = np.ones((n_batch, n))
    mask[1, -2:] = 0.0
    positions = rng.normal(0.0, 2.0, (n_batch, n, 3)) * mask[..., None]
    types = rng.integers(0, N_TYPES, (n_batch, n))
    types[0, ::2] = MASK
    conditions = np.stack([rng.integers(0, most, n_batch) for most in (2, 20, 5, 4)], axis=1)
    context = np.stack([known().examples[k].context for k in range(n_batch)])
    return Noisy(
        positions=torch.from_numpy(positions).to(dtype),
        types=torch.from_numpy(types),
        context=torch.from_numpy(context).to(dtype),
        time=torch.from_numpy(rng.uniform(0.1, 0.9, n_batch)).to(dtype),
        mask=torch.from_numpy(mask).to(dtype),
        conditions=torch.from_numpy(conditions),
    )


def turned(example: Example, turn: NDArray[np.float64], shift: NDArray[np.float64]) -> Example:
    """The same core somewhere else."""
    places = [(x @ turn.T + shift).astype(np.float32) for x in (example.positions, example.context)]
    return Example(example.elements, example.hydrogens, example.charges, *places, example.bonds)


def rotation(seed: int, *, mirror: bool = False) -> NDArray[np.float64]:
    """A random rotation, or a rotation and a reflection."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    if (np.linalg.det(q) < 0) != mirror:
        q[:, 0] *= -1
    return np.asarray(q)


def smoothed(packed: Packed, k: int, *, sure: float = 4.0) -> Guess:
    """The guess of a network that knows linker `k`, and is `sure` of it, nats; a batch of one."""
    example = packed[k]

    def logits(classes: Any, count: int) -> Tensor:
        return sure * torch.nn.functional.one_hot(torch.from_numpy(np.asarray(classes, dtype=np.int64)), count).float()

    return Guess(
        positions=torch.from_numpy(example.positions)[None],
        types=logits(example.elements, N_TYPES)[None],
        hydrogens=logits(example.hydrogens, 4)[None],
        charges=logits(example.charges + 1, 3)[None],
        bonds=logits(example.bond_classes(), 5)[None],
    )


def scores_of(
    guess: Guess, k: int, positions: Tensor, types: Tensor, context: Any, mask: Tensor | None = None
) -> Scores:
    """What decoding sees of linker `k` of a batch."""
    real = types[k] != FAKE if mask is None else (types[k] != FAKE) & (mask[k] > 0)
    kept = torch.nonzero(real)[:, 0]
    ends = torch.cat([torch.tensor([0, 1]), kept + 2])
    x = np.vstack([np.asarray(context)[list(ANCHOR_TOKENS)], positions[k, kept].double().numpy()])
    return Scores.of_logits(
        types[k, kept].numpy().astype(np.int64),
        x,
        guess.bonds[k][ends[:, None], ends[None]].double().numpy(),
        guess.hydrogens[k, kept].double().numpy(),
        guess.charges[k, kept].double().numpy(),
    )
