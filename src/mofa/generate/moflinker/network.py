"""The equivariant network of MOFLinker: scalars and vectors on atoms, attention between all atoms of a linker.

Every atom carries scalars, which do not change when the linker is turned, mirrored or shifted, and vectors, which turn
and mirror with it (Deng et al., vector neurons, 10.1109/ICCV48922.2021.01198; Satorras, Hoogeboom and Welling, EGNN,
arXiv 2102.09844, for the idea of an equivariant denoiser). Vectors are only ever added up with scalar weights and
multiplied with one another by inner products, so that equivariance under rotation, reflection and permutation is exact;
positions are taken relative to the midpoint of the anchors, which makes it hold for translations.

Attention sees three things about a pair: scalars of both, inner products of their vectors, and a bias from their
distances (noisy and predicted) and the bonds predicted so far. All of it is matrix products over atoms, which is what a
CPU does fast.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mofa.generate.moflinker.vocabulary import (
    CHARGES,
    FAMILIES,
    MAX_CORE_ATOMS,
    MAX_HYDROGENS,
    N_BOND_CLASSES,
    N_CONTEXT,
    N_ELEMENTS,
)

FAKE = N_ELEMENTS
"""Type of an atom that is none: the model decides with it how many atoms it really needs."""
N_TYPES = N_ELEMENTS + 1
MASK = N_TYPES
"""Type token of an atom whose type is not decided yet."""
_ANCHOR, _BESIDE = N_TYPES + 1, N_TYPES + 2
CONTEXT_TYPES = (_ANCHOR, _BESIDE, _BESIDE) * 2
ANCHOR_TOKENS = (0, 3)
N_POLAR_BINS, N_SP3_BINS = 5, 4
"""Bins of the numbers of polar and of tetrahedral atoms; bin 0 says that nothing is asked."""
_N_INPUT_VECTORS = 6
_LENGTH_SCALE_ANG = 4.0
_VECTOR_FLOOR = 1e-4
_LARGEST_SIZE = 1024


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    width: int = 128
    """Scalars on each atom."""
    vectors: int = 16
    """Vectors on each atom."""
    layers: int = 6
    heads: int = 4
    radial: int = 12
    """Radial functions of a distance."""
    radial_reach_ang: float = 7.0

    @classmethod
    def checked(cls, values: Any) -> NetworkConfig:
        """From the metadata of a weights file.

        Raises:
            ValueError: not such sizes, or sizes that no model of ours has.
        """
        known = {field.name: field.type for field in fields(cls)}
        if not isinstance(values, dict) or values.keys() != known.keys():
            raise ValueError("the network's sizes are not those that are known")
        for name, value in values.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 1 <= value <= _LARGEST_SIZE or (known[name] == "int" and value != int(value)):
                raise ValueError(f"{name} is {value!r}")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """For the metadata of a weights file."""
        return asdict(self)


@dataclass
class Noisy:
    """What the network is shown of some linkers at one time of the flow; the last atoms of small ones are padding."""

    positions: Tensor
    """Of the core, Å, ``[B, n, 3]``."""
    types: Tensor
    """Type tokens of the core: elements, `FAKE` or `MASK`, ``[B, n]``."""
    context: Tensor
    """Prompt atoms, Å, ``[B, 6, 3]``."""
    time: Tensor
    """0 (noise) to 1 (linker), ``[B]``."""
    mask: Tensor
    """1 for atoms, 0 for padding, ``[B, n]``."""
    conditions: Tensor
    """Family, size, polar bin, tetrahedral bin, ``[B, 4]``."""


@dataclass
class Guess:
    """What the network makes of them: the linker at time 1."""

    positions: Tensor
    """``[B, n, 3]``"""
    types: Tensor
    """Logits, ``[B, n, N_TYPES]``."""
    hydrogens: Tensor
    """Logits, ``[B, n, 4]``."""
    charges: Tensor
    """Logits, ``[B, n, 3]``."""
    bonds: Tensor
    """Logits among the anchors (first two) and the core, symmetric, ``[B, n + 2, n + 2, 5]``."""

    def detached(self) -> Guess:
        """The same without gradients, to be shown to the network again."""
        return Guess(*(getattr(self, field.name).detach() for field in fields(self)))


class Network(nn.Module):
    """From noisy linkers to a guess at the linkers."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width, pair_width = config.width, 32
        self.type_embedding = nn.Embedding(N_TYPES + 3, width)
        self.family_embedding = nn.Embedding(len(FAMILIES), width)
        self.size_embedding = nn.Embedding(MAX_CORE_ATOMS + 1, width)
        self.polar_embedding = nn.Embedding(N_POLAR_BINS, width)
        self.sp3_embedding = nn.Embedding(N_SP3_BINS, width)
        self.time_embedding = nn.Sequential(nn.Linear(17, width), nn.SiLU(), nn.Linear(width, width))
        self.earlier = nn.Linear(N_TYPES + MAX_HYDROGENS + 1 + len(CHARGES), width, bias=False)
        n_products = _N_INPUT_VECTORS * (_N_INPUT_VECTORS + 1) // 2
        self.products = nn.Sequential(nn.Linear(n_products, width), nn.SiLU(), nn.Linear(width, width))
        self.vector_embedding = nn.Linear(_N_INPUT_VECTORS, config.vectors, bias=False)
        self.radial = Radial(config.radial, config.radial_reach_ang)
        self.pair_in = nn.Linear(2 * config.radial + N_BOND_CLASSES + 1, pair_width)
        self.pair_out = nn.Linear(pair_width, config.layers * config.heads)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.type_head = nn.Linear(width, N_TYPES)
        self.hydrogen_head = nn.Linear(width, MAX_HYDROGENS + 1)
        self.charge_head = nn.Linear(width, len(CHARGES))
        self.move_head = nn.Linear(config.vectors, 1, bias=False)
        self.move_gate = nn.Linear(width, config.vectors)
        self.bond_atoms = nn.Linear(width, width // 2)
        self.bond_distances = nn.Linear(2 * config.radial, width // 2, bias=False)
        self.bond_hidden = nn.Linear(width // 2, width // 4)
        self.bond_head = nn.Linear(width // 4, N_BOND_CLASSES)
        self._context_types: Tensor
        self.register_buffer("_context_types", torch.tensor(CONTEXT_TYPES), persistent=False)
        nn.init.normal_(self.move_head.weight, std=0.02)

    def forward(self, noisy: Noisy, earlier: Guess | None = None) -> Guess:
        """Guess the linkers.

        Args:
            noisy: what is shown.
            earlier: an earlier guess at the same linkers, from this or a nearby time; None for none.
        """
        origin = noisy.context[:, list(ANCHOR_TOKENS)].mean(1, keepdim=True)
        context = noisy.context - origin
        mask = functional.pad(noisy.mask, (N_CONTEXT, 0), value=1.0)
        positions = torch.cat([context, noisy.positions - origin], dim=1)
        guessed = positions if earlier is None else torch.cat([context, earlier.positions - origin], dim=1)
        vectors = _input_vectors(positions, guessed, context)
        scalars = self._scalars(noisy, earlier, vectors)
        v = self.vector_embedding(vectors.transpose(-1, -2))
        bias = self._pair_bias(positions, guessed, earlier, mask)
        for layer, of_layer in zip(self.layers, bias.unbind(1), strict=True):
            scalars, v = layer(scalars, v, of_layer)
        return self._heads(noisy, positions, self.norm(scalars), v)

    def _scalars(self, noisy: Noisy, earlier: Guess | None, vectors: Tensor) -> Tensor:
        """Scalars on all atoms before the first layer, ``[B, N, width]``."""
        n_batch = len(noisy.types)
        tokens = torch.cat([self._context_types.expand(n_batch, -1), noisy.types], dim=1)
        family, size, polar, sp3 = noisy.conditions.unbind(-1)
        about_linker = (
            self.time_embedding(_time_features(noisy.time))
            + self.family_embedding(family) + self.size_embedding(size)
            + self.polar_embedding(polar) + self.sp3_embedding(sp3)
        )  # fmt: skip
        gram = vectors @ vectors.transpose(-1, -2)
        upper = torch.triu_indices(_N_INPUT_VECTORS, _N_INPUT_VECTORS, device=gram.device)
        products = gram[..., upper[0], upper[1]]
        products = torch.sign(products) * products.abs().add(1e-6).sqrt()
        scalars: Tensor = self.type_embedding(tokens) + self.products(products)
        scalars = scalars + about_linker[:, None]
        if earlier is not None:
            seen = [logits.softmax(-1) for logits in (earlier.types, earlier.hydrogens, earlier.charges)]
            scalars = scalars + functional.pad(self.earlier(torch.cat(seen, dim=-1)), (0, 0, N_CONTEXT, 0))
        return scalars

    def _pair_bias(self, positions: Tensor, guessed: Tensor, earlier: Guess | None, mask: Tensor) -> Tensor:
        """What attention adds for each pair, ``[B, layers, heads, N, N]``."""
        n_batch, n = mask.shape
        bonds = positions.new_zeros(n_batch, n, n, N_BOND_CLASSES + 1)
        if earlier is not None:
            shown = [*ANCHOR_TOKENS, *range(N_CONTEXT, n)]
            index = torch.tensor(shown, device=positions.device)
            bonds[:, index[:, None], index[None, :], :N_BOND_CLASSES] = earlier.bonds.softmax(-1).to(bonds.dtype)
        bonds[:, :3, :3, N_BOND_CLASSES] = 1.0
        bonds[:, 3:6, 3:6, N_BOND_CLASSES] = 1.0
        features = torch.cat([self.radial(distances(positions)), self.radial(distances(guessed)), bonds], dim=-1)
        bias = self.pair_out(functional.silu(self.pair_in(features)))
        bias = bias.view(n_batch, n, n, self.config.layers, self.config.heads).permute(0, 3, 4, 1, 2)
        masked: Tensor = bias.masked_fill(mask[:, None, None, None, :] == 0, -1e4)
        return masked

    def _heads(self, noisy: Noisy, positions: Tensor, scalars: Tensor, v: Tensor) -> Guess:
        """The guess from the last layer's scalars and vectors."""
        core = scalars[:, N_CONTEXT:]
        gate = self.move_gate(core)
        moves = self.move_head(v[:, N_CONTEXT:] * gate[..., None, :])[..., 0]
        moved = noisy.positions + moves.to(noisy.positions.dtype) * _LENGTH_SCALE_ANG
        moved = moved * noisy.mask[..., None]
        exact = noisy.positions.dtype
        shown = torch.tensor([*ANCHOR_TOKENS, *range(N_CONTEXT, positions.shape[1])], device=positions.device)
        ends = torch.cat([noisy.context[:, list(ANCHOR_TOKENS)], moved], dim=1)
        separation = distances(ends)
        hidden = self.bond_atoms(scalars[:, shown])
        pairs = torch.cat([self.radial(separation), self.radial(separation * 3.0)], dim=-1)
        hidden = functional.silu(hidden[:, :, None] + hidden[:, None] + self.bond_distances(pairs))
        return Guess(
            positions=moved,
            types=self.type_head(core).to(exact),
            hydrogens=self.hydrogen_head(core).to(exact),
            charges=self.charge_head(core).to(exact),
            bonds=self.bond_head(functional.silu(self.bond_hidden(hidden))).to(exact),
        )


class Layer(nn.Module):
    """Attention between atoms, then a step on each atom; both on scalars and vectors."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, self.n_vectors, self.n_heads = config.width, config.vectors, config.heads
        self.norm_attention, self.norm_atom = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.vector_qkv = nn.Linear(config.vectors, 3 * config.vectors, bias=False)
        self.out = nn.Linear(width, width)
        self.vector_out = nn.Linear(config.vectors, config.vectors, bias=False)
        self.vector_mix = nn.Linear(config.vectors, 2 * config.vectors, bias=False)
        self.up = nn.Linear(width + config.vectors, 2 * width)
        self.down = nn.Linear(2 * width, width + config.vectors)
        nn.init.zeros_(self.down.bias)

    def forward(self, scalars: Tensor, v: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """The next scalars and vectors.

        Args:
            scalars: ``[B, N, width]``.
            v: ``[B, N, 3, vectors]``.
            bias: ``[B, heads, N, N]``, very negative for padding.
        """
        n_batch, n, width = scalars.shape
        heads, d_scalar = self.n_heads, width // self.n_heads
        s = self.qkv(self.norm_attention(scalars)).view(n_batch, n, 3, heads, d_scalar)
        w = self.vector_qkv(_normed(v)).view(n_batch, n, 3, 3, heads, -1).movedim(2, -1).flatten(-2)
        query, key, value = torch.cat([s, w], dim=-1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype)).transpose(
            1, 2
        )
        scalars = scalars + self.out(mixed[..., :d_scalar].reshape(n_batch, n, width))
        w = mixed[..., d_scalar:].reshape(n_batch, n, heads, -1, 3).movedim(-1, 2).reshape(n_batch, n, 3, -1)
        v = v + self.vector_out(w)
        left, right = self.vector_mix(_normed(v)).chunk(2, dim=-1)
        products = (left * right).sum(-2)
        hidden = functional.silu(self.up(torch.cat([self.norm_atom(scalars), products], dim=-1)))
        step, gate = self.down(hidden).split([width, self.n_vectors], dim=-1)
        return scalars + step, v + left * gate[..., None, :]


class Radial(nn.Module):
    """Gaussians of a distance, evenly spaced up to a reach."""

    def __init__(self, count: int, reach_ang: float) -> None:
        super().__init__()
        self.centres: Tensor
        self.register_buffer("centres", torch.linspace(0.0, reach_ang, count), persistent=False)
        self.sharpness = math.log2(math.e) * 0.5 * (count / reach_ang) ** 2

    def forward(self, distance: Tensor) -> Tensor:
        """How near each centre it is, ``[..., count]``."""
        return torch.exp2(-self.sharpness * (distance[..., None] - self.centres) ** 2)


def distances(positions: Tensor) -> Tensor:
    """Between all atoms, Å, ``[B, N, N]``."""
    difference = positions[:, :, None] - positions[:, None]
    return difference.square().sum(-1).add(1e-6).sqrt()


def _input_vectors(positions: Tensor, guessed: Tensor, context: Tensor) -> Tensor:
    """Position, guess, and the frame of the anchors on every atom, ``[B, N, 6, 3]``, about 1 in length."""
    anchor_a, anchor_b = context[:, ANCHOR_TOKENS[0]], context[:, ANCHOR_TOKENS[1]]
    axis = functional.normalize(anchor_b - anchor_a, dim=-1)
    exits = [
        functional.normalize(context[:, k + 1] + context[:, k + 2] - 2 * context[:, k], dim=-1) for k in ANCHOR_TOKENS
    ]
    frame = torch.stack([axis, *exits], dim=1)[:, None].expand(-1, positions.shape[1], -1, -1)
    own = torch.stack([positions, guessed, 3.0 * (guessed - positions)], dim=2) / _LENGTH_SCALE_ANG
    return torch.cat([own, frame], dim=2)


def _time_features(time: Tensor) -> Tensor:
    """Time and its sines and cosines, ``[B, 17]``."""
    angles = time[:, None] * math.pi * 2.0 ** torch.arange(8, device=time.device)
    return torch.cat([time[:, None], angles.sin(), angles.cos()], dim=-1)


def _normed(v: Tensor) -> Tensor:
    """Vectors ``[B, N, 3, vectors]`` over their root mean square length on the atom."""
    return v * torch.rsqrt(v.square().sum(-2, keepdim=True).mean(-1, keepdim=True) + _VECTOR_FLOOR)
