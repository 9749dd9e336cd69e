"""Flow matching of linkers: from noise along the anchors' axis to a linker in some ten steps.

Positions go in straight lines from an anisotropic Gaussian between the anchors to the linker, each atom from the noise
that an optimal assignment gives it (Lipman et al., arXiv 2210.02747; Tong et al., arXiv 2302.00482); types are hidden
at first and uncovered along the way (Campbell et al., arXiv 2402.04997). The network guesses the linker at the end;
half the time in training, and always in sampling, it sees its own earlier guess, bonds included (Chen, Zhang and
Hinton, arXiv 2208.04202). Fake atoms let it decide how many it needs (Dunn and Koes, FlowMol3, arXiv 2508.12629).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from mofa.generate.moflinker.network import ANCHOR_TOKENS, FAKE, MASK, Guess, Noisy
from mofa.generate.moflinker.tensors import Batch, matched

SPREAD_ALONG, SPREAD_ACROSS_ANG = 1 / 3.2, 1.6
"""Standard deviations of the noise: along the axis as a share of the anchors' distance, and across it."""
PATH_NOISE_ANG = 0.10
"""Standard deviation of what is added to training positions, so that the model learns to come back to the path."""
BACK_TO = 0.4
"""Time to which a sample that is no molecule is taken back."""
TYPE_POWER = 2.0
"""Types are uncovered with probability time to this power: late, when positions tell what fits."""
_TYPE_WEIGHT, _HYDROGEN_WEIGHT, _CHARGE_WEIGHT, _BOND_WEIGHT = 0.5, 0.3, 0.2, 1.5


def noise(context: Tensor, n: int, generator: torch.Generator | None = None) -> Tensor:
    """Atoms between the anchors before the flow, Å, ``[B, n, 3]``."""
    anchor_a, anchor_b = context[:, ANCHOR_TOKENS[0]], context[:, ANCHOR_TOKENS[1]]
    span = (anchor_b - anchor_a).norm(dim=-1)[:, None, None]
    axis = functional.normalize(anchor_b - anchor_a, dim=-1)[:, None]
    normal = torch.randn(len(context), n, 3, generator=generator, device=context.device) * SPREAD_ACROSS_ANG
    along = (normal * axis).sum(-1, keepdim=True)
    start: Tensor = normal + along * axis * (span * SPREAD_ALONG / SPREAD_ACROSS_ANG - 1.0)
    return start


def matched_noise(batch: Batch, generator: torch.Generator) -> Tensor:
    """Where the atoms of some linkers start, Å, ``[B, n, 3]``."""
    return matched(noise(batch.context, batch.types.shape[1], generator), batch.positions, batch.mask)


def loss(
    network: nn.Module, batch: Batch, *, generator: torch.Generator, start: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of the guesses at random times, and its parts.

    Args:
        network: to be trained.
        batch: linkers.
        generator: of noise and times.
        start: from `matched_noise`; None draws it.
    """
    n_batch, n = batch.types.shape
    device = batch.positions.device

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator).to(device)

    if start is None:
        start = matched_noise(batch, generator)
    time = _beta(uniform(n_batch))
    late = time[:, None, None]
    off_path = torch.randn(batch.positions.shape, generator=generator).to(device) * PATH_NOISE_ANG
    off_path = off_path * (uniform(n_batch, 1, 1) < 0.5)
    positions = ((1.0 - late) * start + late * batch.positions + off_path) * batch.mask[..., None]
    shown = uniform(n_batch, n) < time[:, None] ** TYPE_POWER
    types = torch.where(shown, batch.types, MASK)
    noisy = Noisy(positions, types, batch.context, time, batch.mask, batch.conditions)
    earlier: Guess | None = None
    if float(uniform(1)) < 0.5:
        with torch.no_grad():
            earlier = network(noisy).detached()
    # Errors late in the flow are small and matter most: weigh them up.
    return guess_loss(network(noisy, earlier), batch, time, 1.0 / (1.05 - time))


def guess_loss(guess: Guess, batch: Batch, time: Tensor, weight_of_moves: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """How far a guess is from the linkers: the sum over its parts, and the parts.

    Args:
        guess: of the network.
        batch: the linkers.
        time: that the guess was made at, ``[B]``; classes count the more the later.
        weight_of_moves: of the positions, ``[B]``.
    """
    mask, real = batch.mask, batch.mask * (batch.types != FAKE)
    n_atoms, n_real = mask.sum(1), real.sum(1).clamp(min=1.0)
    error = (guess.positions - batch.positions).square().sum(-1)
    moved = ((error * mask).sum(1) / (3.0 * n_atoms) * weight_of_moves).mean()
    weight = 0.05 + time.square()

    def entropy(logits: Tensor, classes: Tensor, of: Tensor, count: Tensor) -> Tensor:
        found = functional.cross_entropy(logits.movedim(-1, 1), classes, reduction="none") * of
        return (found.flatten(1).sum(1) / count * weight).mean()

    types = entropy(guess.types, batch.types, mask, n_atoms)
    hydrogens = entropy(guess.hydrogens, batch.hydrogens, real, n_real)
    charges = entropy(guess.charges, batch.charges, real, n_real)
    ends = functional.pad(real, (2, 0), value=1.0)
    pairs = torch.triu(ends[:, :, None] * ends[:, None], diagonal=1)
    bonds = entropy(guess.bonds, batch.bonds, pairs, n_real)
    total = (
        moved + _TYPE_WEIGHT * types + _HYDROGEN_WEIGHT * hydrogens + _CHARGE_WEIGHT * charges + _BOND_WEIGHT * bonds
    )  # fmt: skip
    return total, {"x": moved.detach(), "type": types.detach(), "h": hydrogens.detach(), "bond": bonds.detach()}


@torch.no_grad()
def sample(
    network: Callable[..., Guess],
    context: Tensor,
    mask: Tensor,
    conditions: Tensor,
    *,
    steps: int,
    generator: torch.Generator,
    type_temperature: float = 1.0,
    may_vanish: Tensor | None = None,
    before: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Guess]:
    """Positions and types at the end of the flow, and the last guess.

    Args:
        network: in evaluation mode.
        context: prompt atoms, Å, ``[B, 6, 3]``.
        mask: 1 for atoms, fake ones included, ``[B, n]``.
        conditions: ``[B, 4]``.
        steps: of the flow; one more evaluation gives the bonds of what came out.
        generator: of noise and types.
        type_temperature: below 1 for likelier, above 1 for rarer types.
        may_vanish: whether atoms of a linker may turn out fake, ``[B]``; None for all.
        before: positions and types of an earlier sample, to be taken back to `BACK_TO`, noise and all, and to find
            another way from there (Xu et al., restart sampling, arXiv 2306.14878); None begins with noise alone.
    """
    n_batch, n = mask.shape
    positions = noise(context, n, generator) * mask[..., None]
    types, begin = torch.full((n_batch, n), MASK), 0.0
    if before is not None:
        begin = BACK_TO
        positions = ((1.0 - begin) * matched(positions, before[0], mask) + begin * before[0]) * mask[..., None]
        types = torch.where(torch.rand(n_batch, n, generator=generator) < begin**TYPE_POWER, before[1], types)
    times = torch.linspace(begin, 1.0, steps + 1)
    guess: Guess | None = None
    for now, then in pairwise(times.tolist()):
        guess = network(Noisy(positions, types, context, torch.full((n_batch,), now), mask, conditions), guess)
        share = (then - now) / (1.0 - now)
        positions = (positions + share * (guess.positions - positions)) * mask[..., None]
        share = (then**TYPE_POWER - now**TYPE_POWER) / (1.0 - now**TYPE_POWER)
        logits = real_types(guess.types, may_vanish)
        drawn = draw_types(logits / type_temperature, generator)
        types = torch.where(surest(types, mask, logits, share), drawn, types)
    noisy = Noisy(positions, types, context, torch.full((n_batch,), 0.999), mask, conditions)
    return positions, types, network(noisy, guess)


def surest(types: Tensor, mask: Tensor, logits: Tensor, share: float) -> Tensor:
    """Which types are to be decided next: a share of those that are hidden, where the network is surest, ``[B, n]``.

    So doubtful atoms see what is decided around them (Chang et al., MaskGIT, arXiv 2202.04200). How sure it is does not
    depend on what is then drawn: going by the drawn type's probability makes rare elements rarer.
    """
    hidden = (types == MASK) & (mask > 0)
    likely = logits.log_softmax(-1).amax(-1).masked_fill(~hidden, -torch.inf)
    place = likely.argsort(1, descending=True).argsort(1)
    return hidden & (place < (hidden.sum(1, keepdim=True) * share).ceil())


def real_types(logits: Tensor, may_vanish: Tensor | None) -> Tensor:
    """Logits of types, without fake atoms for linkers that must not lose any."""
    if may_vanish is None:
        return logits
    banned = torch.zeros_like(logits)
    banned[..., FAKE] = torch.where(may_vanish, 0.0, -1e9)[:, None].to(logits.dtype)
    return logits + banned


def draw_types(logits: Tensor, generator: torch.Generator) -> Tensor:
    """One class for each row of logits."""
    uniform = torch.rand(logits.shape, generator=generator).clamp(1e-20, 1.0)
    return (logits - (-uniform.log()).log()).argmax(-1)


def _beta(uniform: Tensor) -> Tensor:
    """Times of the Beta(1.8, 1) distribution from uniform numbers: more of them late."""
    return uniform.clamp(max=0.999) ** (1.0 / 1.8)
