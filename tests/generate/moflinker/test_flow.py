"""Flow and diffusion: noise, matching, losses that fall, samples that turn with their prompts."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mofa.generate.moflinker import ddpm, flow
from mofa.generate.moflinker.decode import Decoded, decode
from mofa.generate.moflinker.graphs import core_smiles
from mofa.generate.moflinker.network import FAKE, MASK, Guess, Network, NetworkConfig, Noisy
from mofa.generate.moflinker.tensors import Batch, matched, table
from mofa.generate.moflinker.training import Pretraining
from tests.generate.moflinker.small import known, network, rotation, scores_of


def batch_of(k: list[int], *, most_fakes: int = 0, seed: int = 0) -> Batch:
    return table(known().packed).take(torch.tensor(k), np.random.default_rng(seed), most_fakes=most_fakes)


def perfect(batch: Batch, *, sure: float = 12.0) -> Guess:
    def logits(classes: Tensor, count: int) -> Tensor:
        return sure * torch.nn.functional.one_hot(classes, count).float()

    return Guess(
        positions=batch.positions,
        types=logits(batch.types, 8),
        hydrogens=logits(batch.hydrogens, 4),
        charges=logits(batch.charges, 3),
        bonds=logits(batch.bonds, 5),
    )


class Oracle(torch.nn.Module):
    """Knows the linkers."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self.guess = perfect(batch)
        self.shown: list[Noisy] = []

    def forward(self, noisy: Noisy, earlier: Guess | None = None) -> Guess:
        self.shown.append(noisy)
        return self.guess


def test_noise_is_spread_along_and_across_the_axis() -> None:
    context = torch.from_numpy(known().packed[0].context)[None]
    turn = torch.from_numpy(rotation(3).copy()).float()
    start = flow.noise(context @ turn.T, 20_000, torch.Generator().manual_seed(1))[0] @ turn
    span = float((context[0, 3] - context[0, 0]).norm())
    wanted = (flow.SPREAD_ALONG * span, flow.SPREAD_ACROSS_ANG, flow.SPREAD_ACROSS_ANG)
    assert start.std(0).tolist() == pytest.approx(wanted, rel=0.03)
    assert start.mean(0).abs().max() < 0.1
    assert torch.corrcoef(start.T).fill_diagonal_(0.0).abs().max() < 0.03


def test_matching_makes_the_ways_as_short_as_can_be() -> None:
    batch = batch_of([0, 1, 2])
    n = 5
    mask = torch.ones(3, n)
    mask[1, 4] = 0.0
    few = replace(batch, positions=batch.positions[:, :n], mask=mask)
    start = flow.noise(batch.context, n, torch.Generator().manual_seed(4))
    ordered = matched(start, few.positions, mask)
    for k, count in enumerate((5, 4, 5)):
        ways = (
            (few.positions[k, :count] - start[k, list(order)]).square().sum() for order in permutations(range(count))
        )
        assert float((few.positions[k, :count] - ordered[k, :count]).square().sum()) == pytest.approx(float(min(ways)))
    assert torch.equal(ordered[1, 4], start[1, 4])


@pytest.mark.parametrize("objective", [flow, ddpm])
def test_a_perfect_guess_costs_least(objective: Any) -> None:
    batch = batch_of(list(range(8)), most_fakes=1)
    right, blind = Oracle(batch), network(1)
    with torch.no_grad():
        best, _ = objective.loss(right, batch, generator=torch.Generator().manual_seed(0))
        other, parts = objective.loss(blind, batch, generator=torch.Generator().manual_seed(0))
    assert 0.0 <= float(best) < 0.01 < float(other)
    assert set(parts) == {"x", "type", "h", "bond"}
    assert all(float(part) > 0.0 for part in parts.values())


@pytest.mark.parametrize("part", ["positions", "types", "hydrogens", "charges", "bonds"])
def test_every_part_of_a_wrong_guess_costs(part: str) -> None:
    batch, time = batch_of([0, 1, 2, 3]), torch.full((4,), 0.8)
    weight = torch.ones(4)
    good = perfect(batch)
    wrong = getattr(good, part) + 1.0 if part == "positions" else getattr(good, part).roll(1, -1)
    best, worse = (float(flow.guess_loss(g, batch, time, weight)[0]) for g in (good, replace(good, **{part: wrong})))
    assert worse > best + 0.1


def test_what_is_no_atom_costs_nothing() -> None:
    batch = batch_of([0, 1, 2, 3, 4, 5], most_fakes=1, seed=2)
    assert float((batch.types[batch.mask > 0] == FAKE).float().sum()) > 0
    good, time, weight = perfect(batch), torch.full((6,), 0.8), torch.ones(6)
    before = flow.guess_loss(good, batch, time, weight)[0]
    padding, fake = batch.mask == 0, batch.types == FAKE
    assert bool(padding.any())
    other = replace(
        good,
        positions=torch.where(padding[..., None], 99.0, good.positions),
        types=torch.where(padding[..., None], good.types.roll(1, -1), good.types),
        hydrogens=torch.where(fake[..., None], good.hydrogens.roll(1, -1), good.hydrogens),
        charges=torch.where(fake[..., None], good.charges.roll(1, -1), good.charges),
        bonds=torch.where(torch.nn.functional.pad(fake, (2, 0))[:, :, None, None], good.bonds.roll(1, -1), good.bonds),
    )
    assert float(flow.guess_loss(other, batch, time, weight)[0]) == pytest.approx(float(before))


def test_training_shows_the_way_from_noise_to_the_linkers() -> None:
    batch = batch_of([0] * 64)
    oracle = Oracle(batch)
    for seed in range(6):
        flow.loss(oracle, batch, generator=torch.Generator().manual_seed(seed))
    late = [(noisy, k) for noisy in oracle.shown for k in range(64) if noisy.time[k] > 0.97]
    early = [(noisy, k) for noisy in oracle.shown for k in range(64) if noisy.time[k] < 0.15]
    assert late
    assert early
    off = [(noisy.positions[k] - batch.positions[k]).square().mean().sqrt().item() for noisy, k in late]
    assert max(off) < 3 * flow.PATH_NOISE_ANG
    hidden = [float((noisy.types[k] == MASK).float().mean()) for noisy, k in late]
    assert np.mean(hidden) < 0.1
    assert np.mean([float((noisy.types[k] == MASK).float().mean()) for noisy, k in early]) > 0.9
    times = torch.cat([noisy.time for noisy in oracle.shown])
    assert 0.0 <= float(times.min()) < float(times.max()) <= 1.0
    assert float(times.mean()) == pytest.approx(1.8 / 2.8, abs=0.05)


@pytest.mark.parametrize("objective", [flow, ddpm])
def test_a_network_that_knows_the_linkers_draws_them(objective: Any) -> None:
    batch = batch_of([0, 1, 2])
    positions, types, guess = objective.sample(
        Oracle(batch), batch.context, batch.mask, batch.conditions, steps=12, generator=torch.Generator().manual_seed(0)
    )
    mask = batch.mask > 0
    assert (positions - batch.positions)[mask].abs().max() < (1e-4 if objective is flow else 0.1)
    assert torch.equal(types[mask], batch.types[mask])
    assert not positions[~mask].any()
    assert guess.bonds.shape == (*batch.bonds.shape, 5)


def test_a_sample_that_is_taken_back_goes_on_from_there() -> None:
    batch = batch_of([0, 1, 2])
    oracle = Oracle(batch)
    wrong = batch.types.roll(1, 1)
    positions, types, _ = flow.sample(
        oracle, batch.context, batch.mask, batch.conditions, steps=6, generator=torch.Generator().manual_seed(0),
        before=(batch.positions, wrong),
    )  # fmt: skip
    mask = batch.mask > 0
    first = oracle.shown[0]
    assert float(first.time[0]) == pytest.approx(flow.BACK_TO)
    # Some types are kept, most are hidden again; places are mixed with noise.
    kept = (first.types != MASK)[mask]
    assert 0.0 < float(kept.float().mean()) < 0.5
    assert torch.equal(first.types[mask][kept], wrong[mask][kept])
    off = (first.positions - batch.positions)[mask].norm(dim=-1).mean()
    fresh = (flow.noise(batch.context, mask.shape[1]) - batch.positions)[mask].norm(dim=-1).mean()
    assert 0.2 < float(off) < float(fresh)
    assert (positions - batch.positions)[mask].abs().max() < 1e-4
    assert torch.equal(types[mask][~kept], batch.types[mask][~kept])


def test_the_surest_types_are_decided_first() -> None:
    hidden = torch.full((2, 4), MASK)
    hidden[1, 0] = 2
    mask = torch.tensor([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    sureness = torch.tensor([[1.0, 3.0, 2.0, 9.0], [9.0, 1.0, 2.0, 3.0]])
    logits = torch.zeros(2, 4, 8)
    logits[..., 5] = sureness
    first = flow.surest(hidden, mask, logits, 0.4)
    assert first.tolist() == [[False, True, True, False], [False, False, True, True]]
    rest = flow.surest(torch.where(first, 5, hidden), mask, logits, 1.0)
    assert rest.tolist() == [[True, False, False, False], [False, True, False, False]]


@pytest.mark.parametrize("objective", [flow, ddpm])
def test_a_generator_gives_one_sample(objective: Any) -> None:
    batch = batch_of([0, 1])

    def drawn(seed: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        positions, types, _ = objective.sample(
            network(2), batch.context, batch.mask, batch.conditions, steps=3, generator=generator
        )
        return positions, types

    first, again, other = drawn(1), drawn(1), drawn(2)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert int(first[1].max()) < MASK, "a type is not decided"


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("objective", [flow, ddpm])
def test_samples_turn_with_their_prompts(monkeypatch: pytest.MonkeyPatch, objective: Any, *, mirror: bool) -> None:
    """With the noise turned as well: what is random besides positions is the same by the seed."""
    batch = batch_of([0, 3, 5])
    turn = torch.from_numpy(rotation(8, mirror=mirror).copy())
    made = network(3).double()
    real = torch.randn

    def drawn(by: Tensor) -> tuple[Tensor, Tensor, Guess]:
        monkeypatch.setattr(torch, "randn", lambda *a, **k: real(*a, **k).double() @ by.T)
        if objective is flow:
            monkeypatch.setattr(flow, "noise", lambda context, n, generator: torch.randn(3, n, 3, generator=generator))
        try:
            return objective.sample(
                made, batch.context.double() @ by.T, batch.mask.double(), batch.conditions, steps=5,
                generator=torch.Generator().manual_seed(7),
            )  # fmt: skip
        finally:
            monkeypatch.undo()

    torch.set_default_dtype(torch.float64)
    try:
        (x, types, guess), (turned, other_types, other) = drawn(torch.eye(3).double()), drawn(turn)
    finally:
        torch.set_default_dtype(torch.float32)
    assert (x @ turn.T - turned).abs().max() < 1e-8
    assert torch.equal(types, other_types)
    assert (guess.bonds - other.bonds).abs().max() < 1e-8


def test_the_signal_of_the_diffusion_falls_from_one_to_almost_nothing() -> None:
    signal = ddpm.signal(torch.arange(ddpm.T + 1).float())
    assert float(signal[0]) == pytest.approx(1.0, abs=1e-4)
    assert 0.0 < float(signal[-1]) < 0.01
    assert bool((signal.diff() < 0).all())


def test_types_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([0.6, 0.3, 0.1]).log().expand(20_000, 3)
    drawn = flow.draw_types(logits, torch.Generator().manual_seed(0))
    assert (torch.bincount(drawn) / 20_000).tolist() == pytest.approx([0.6, 0.3, 0.1], abs=0.02)


@pytest.mark.parametrize("objective", ["flow", "ddpm"])
def test_the_loss_falls(objective: str) -> None:
    made = network(0).train()
    task = Pretraining(made, table(known().packed), 8, seed=1, objective=objective)
    optimizer = torch.optim.Adam(made.parameters(), lr=5e-3)
    losses = []
    for step in range(30):
        loss, _ = task.loss(task.batch(step, 0, 1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])


@pytest.mark.slow
def test_a_small_network_learns_four_linkers_by_heart_and_draws_them() -> None:
    torch.manual_seed(0)
    chosen = known().packed.subset(np.argsort(known().packed.n_atoms)[:4])
    made = Network(NetworkConfig(width=48, vectors=8, layers=3, heads=4, radial=10)).train()
    task = Pretraining(made, table(chosen.subset([0, 1, 2, 3] * 8)), 32, seed=1)
    optimizer = torch.optim.Adam(made.parameters(), lr=4e-3)
    steps = 500
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * (1.0 - step / steps) + 1e-5
        loss, _ = task.loss(task.batch(step, 0, 1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
    made.eval()
    batch = table(chosen).take(torch.arange(4).repeat(4), np.random.default_rng(0))
    positions, types, guess = flow.sample(
        made, batch.context, batch.mask, batch.conditions, steps=20, generator=torch.Generator().manual_seed(1),
        type_temperature=0.5,
    )  # fmt: skip
    names = {k: _name(perfect(batch), k, batch.positions, batch.types, batch) for k in range(4)}
    assert None not in names.values()
    drawn = [_name(guess, k, positions, types, batch) for k in range(16)]
    right = sum(drawn[k] == names[k % 4] for k in range(16))
    # By chance none of the 16 would be one of the four.
    assert right >= 4, (drawn, names)


def _name(guess: Guess, k: int, positions: Tensor, types: Tensor, batch: Batch) -> str | None:
    scores = scores_of(guess, k, positions, types, batch.context[k], batch.mask)
    found = decode(scores)
    if not isinstance(found, Decoded):
        return None
    return core_smiles(scores.symbols, found.bonds, found.hydrogens, found.charges)
