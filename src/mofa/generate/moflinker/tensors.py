"""Training examples as padded tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mofa.generate.moflinker.examples import Packed
from mofa.generate.moflinker.network import FAKE
from mofa.generate.moflinker.vocabulary import CHARGES, FAMILIES, N_ANCHORS

_POLAR_EDGES, _SP3_EDGES = (1, 3, 5), (1, 3)
_UNASKED_SHARE = 0.4
_PADDING = {"types": FAKE, "charges": 1}


@dataclass
class Batch:
    """Linkers as the loss needs them; ``n`` counts core atoms, padding and fake atoms included."""

    positions: Tensor
    """Å, ``[B, n, 3]``."""
    types: Tensor
    """``[B, n]``"""
    hydrogens: Tensor
    """``[B, n]``"""
    charges: Tensor
    """Class, ``[B, n]``."""
    bonds: Tensor
    """Class, ``[B, n + 2, n + 2]``; anchors first."""
    context: Tensor
    """Å, ``[B, 6, 3]``."""
    mask: Tensor
    """``[B, n]``"""
    conditions: Tensor
    """Family, size, polar bin, tetrahedral bin, ``[B, 4]``."""

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


@dataclass(frozen=True)
class Table:
    """All examples as padded tensors, ``n`` being the largest size."""

    batch: Batch
    sizes: Tensor
    """``[n_examples]``"""

    def __len__(self) -> int:
        return len(self.sizes)

    def take(self, chosen: Tensor, rng: np.random.Generator, *, most_fakes: int = 0) -> Batch:
        """A batch of some examples, cut to their sizes.

        Families are drawn at random, since a core stands for both; ends are swapped, conditions left out, and up to
        `most_fakes` fake atoms added at random.

        Args:
            chosen: indices.
            rng: of what is random.
            most_fakes: fake atoms beside each linker.
        """
        count, sizes = len(chosen), self.sizes[chosen]
        fakes = torch.from_numpy(rng.integers(0, most_fakes + 1, count))
        n = int((sizes + fakes).max())
        whole = self.batch
        n_known = min(n, whole.types.shape[1])

        def grown(tensor: Tensor, value: int, dims: int, extra: int = 0) -> Tensor:
            taken = tensor[chosen]
            for dim in range(1, dims + 1):
                taken = taken.narrow(dim, 0, n_known + extra)
            pads = [0, 0] * (taken.dim() - 1 - dims) + [0, n - n_known] * dims
            return torch.nn.functional.pad(taken, pads, value=value)

        positions = grown(whole.positions, 0, 1)
        types, mask = grown(whole.types, FAKE, 1).long(), torch.arange(n)[None] < (sizes + fakes)[:, None]
        places = torch.from_numpy(rng.integers(0, 2**31, (count, n))) % sizes[:, None]
        near = torch.take_along_dim(positions, places[..., None], 1)
        near = near + torch.from_numpy(rng.normal(0.0, 1.0, (count, n, 3)).astype(np.float32))
        is_fake = torch.arange(n)[None] >= sizes[:, None]
        positions = torch.where(is_fake[..., None], near, positions) * mask[..., None]
        context, bonds = whole.context[chosen], grown(whole.bonds, 0, 2, N_ANCHORS).long()
        swap = torch.from_numpy(rng.random(count) < 0.5)
        context = torch.where(swap[:, None, None], context.roll(3, 1), context)
        order = torch.arange(n + N_ANCHORS).repeat(count, 1)
        order[swap, 0], order[swap, 1] = 1, 0
        bonds = torch.take_along_dim(torch.take_along_dim(bonds, order[:, :, None], 1), order[:, None], 2)
        conditions = whole.conditions[chosen].clone()
        conditions[:, 0] = torch.from_numpy(rng.integers(0, len(FAMILIES), count))
        for column in (2, 3):
            conditions[torch.from_numpy(rng.random(count) < _UNASKED_SHARE), column] = 0
        return Batch(
            positions, types, grown(whole.hydrogens, 0, 1).long(), grown(whole.charges, 1, 1).long(), bonds,
            context, mask.float(), conditions,
        )  # fmt: skip


def table(packed: Packed) -> Table:
    """Padded tensors of packed examples."""
    count, n = len(packed), int(packed.n_atoms.max())
    positions = np.zeros((count, n, 3), np.float32)
    types = np.full((count, n), FAKE, np.int8)
    hydrogens, charges = np.zeros((count, n), np.int8), np.ones((count, n), np.int8)
    bonds = np.zeros((count, n + N_ANCHORS, n + N_ANCHORS), np.int8)
    context = np.zeros((count, *packed.context.shape[1:]), np.float32)
    conditions = np.zeros((count, 4), np.int64)
    mask = np.arange(n)[None] < packed.n_atoms[:, None]
    for k in range(count):
        example = packed[k]
        size = example.n_atoms
        positions[k, :size], types[k, :size] = example.positions, example.elements
        hydrogens[k, :size], charges[k, :size] = example.hydrogens, example.charges - CHARGES[0]
        bonds[k, : size + N_ANCHORS, : size + N_ANCHORS] = example.bond_classes()
        context[k] = example.context
        conditions[k] = 0, size, polar_bin(example.n_polar), sp3_bin(example.n_sp3)
    arrays = (positions, types, hydrogens, charges, bonds, context, mask, conditions)
    whole = Batch(*(torch.from_numpy(array) for array in arrays))
    return Table(whole, torch.from_numpy(packed.n_atoms.astype(np.int64)))


def joined(parts: Sequence[Batch]) -> Batch:
    """Batches of different sizes as one."""
    n = max(part.types.shape[1] for part in parts)

    def grown(part: Batch, name: str) -> Tensor:
        tensor: Tensor = getattr(part, name)
        extra = n - part.types.shape[1]
        dims = {"context": 0, "conditions": 0, "bonds": 2}.get(name, 1)
        pads = [0, 0] * (tensor.dim() - 1 - dims) + [0, extra] * dims
        return torch.nn.functional.pad(tensor, pads, value=_PADDING.get(name, 0)) if dims and extra else tensor

    names = [field.name for field in fields(Batch)]
    return Batch(*(torch.cat([grown(part, name) for part in parts]) for name in names))


def matched(start: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
    """Noise in the order that makes all its ways to the linkers' atoms shortest, squared, ``[B, n, 3]``."""
    costs = torch.cdist(positions, start).square().cpu().numpy()
    counts = mask.sum(1).int().tolist()
    order = np.tile(np.arange(start.shape[1]), (len(start), 1))
    for k, count in enumerate(counts):
        order[k, :count] = linear_sum_assignment(costs[k, :count, :count])[1]
    return torch.take_along_dim(start, torch.from_numpy(order)[..., None].to(start.device), 1)


def polar_bin(n: int | None) -> int:
    """Bin of a number of polar atoms: 0 not asked, 1 none, 2 up to two, 3 up to four, 4 more."""
    return 0 if n is None else 1 + sum(n >= edge for edge in _POLAR_EDGES)


def sp3_bin(n: int | None) -> int:
    """Bin of a number of tetrahedral carbons: 0 not asked, 1 none, 2 one or two, 3 more."""
    return 0 if n is None else 1 + sum(n >= edge for edge in _SP3_EDGES)
