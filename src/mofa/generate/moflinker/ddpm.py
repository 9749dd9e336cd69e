"""Denoising diffusion of linkers in T steps, the published objective, for comparison with the flow.

Positions follow a variance-preserving chain with a polynomial schedule (Ho, Jain and Abbeel, arXiv 2006.11239; Igashov
et al., DiffLinker, 10.1038/s42256-024-00815-9), from isotropic noise, unmatched; types are absorbed into "not decided
yet" (Austin et al., arXiv 2107.03006) instead of being noised as numbers, so that the network is the same as the
flow's. The loss of the positions is that of the noise, as published.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from mofa.generate.moflinker.flow import draw_types, guess_loss, real_types
from mofa.generate.moflinker.network import MASK, Guess, Noisy
from mofa.generate.moflinker.tensors import Batch

T = 500
SCALE_ANG = 3.0
"""Standard deviation of the noise at the end of the chain."""
_FLOOR = 1e-5
_MOST_WEIGHT = 20.0


def signal(steps: Tensor) -> Tensor:
    """Share of the signal's amplitude that is left after so many of T steps: 1 at 0, almost 0 at T."""
    fraction = steps / T
    squared = (1.0 - 2.0 * _FLOOR) * (1.0 - fraction.square()).square() + _FLOOR
    return squared.sqrt()


def loss(network: nn.Module, batch: Batch, *, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of the guesses after random numbers of steps, and its parts.

    Args:
        network: to be trained.
        batch: linkers.
        generator: of noise and steps.
    """
    n_batch, n = batch.types.shape
    device = batch.positions.device
    steps = torch.randint(1, T + 1, (n_batch,), generator=generator).to(device)
    alpha = signal(steps)
    sigma = (1.0 - alpha.square()).sqrt()
    noise = torch.randn(batch.positions.shape, generator=generator).to(device) * SCALE_ANG
    positions = alpha[:, None, None] * batch.positions + sigma[:, None, None] * noise
    time = 1.0 - steps / T
    shown = torch.rand(n_batch, n, generator=generator).to(device) < time[:, None]
    types = torch.where(shown, batch.types, MASK)
    noisy = Noisy(positions * batch.mask[..., None], types, batch.context, time, batch.mask, batch.conditions)
    weight = (alpha / (sigma * SCALE_ANG)).square().clamp(max=_MOST_WEIGHT)
    return guess_loss(network(noisy), batch, time, weight)


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
) -> tuple[Tensor, Tensor, Guess]:
    """Positions and types at the end of the reverse chain, and the last guess; arguments as in `flow.sample`."""
    n_batch, n = mask.shape
    positions = torch.randn(n_batch, n, 3, generator=generator) * SCALE_ANG * mask[..., None]
    types = torch.full((n_batch, n), MASK)
    chain = torch.linspace(T, 0, steps + 1).round()
    for now, then in pairwise(chain):
        time = float(1.0 - now / T)
        guess = network(Noisy(positions, types, context, torch.full((n_batch,), time), mask, conditions))
        alpha, alpha_then = signal(now), signal(then)
        sigma2, sigma2_then = 1.0 - alpha**2, 1.0 - alpha_then**2
        ratio = alpha / alpha_then
        between = sigma2 - ratio**2 * sigma2_then
        mean = (ratio * sigma2_then * positions + alpha_then * between * guess.positions) / sigma2
        spread = (between * sigma2_then / sigma2).clamp(min=0.0).sqrt() * SCALE_ANG
        fresh = torch.randn(positions.shape, generator=generator)
        positions = (mean + (spread * fresh if then > 0 else 0.0)) * mask[..., None]
        uncover = float((now - then) / now)
        drawn = draw_types(real_types(guess.types, may_vanish) / type_temperature, generator)
        types = torch.where((types == MASK) & (torch.rand(n_batch, n, generator=generator) < uncover), drawn, types)
    last = Noisy(positions, types, context, torch.full((n_batch,), 0.999), mask, conditions)
    return positions, types, network(last)
