"""Batches and pre-training: what a batch may show, which linkers it takes, and a weights file at the end."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from mofa.errors import InputError
from mofa.generate.learning.loop import Schedule
from mofa.generate.moflinker import model, pretraining
from mofa.generate.moflinker.network import FAKE
from mofa.generate.moflinker.poses import PoseSampler
from mofa.generate.moflinker.tensors import Batch, joined, polar_bin, sp3_bin, table
from mofa.generate.moflinker.training import Pretraining
from tests.generate.moflinker.small import CONFIG, N_CORES, known, network

SCHEDULE = Schedule(steps=4, learning_rate=1e-3, warmup_steps=2)


def same(a: Batch, b: Batch) -> bool:
    return all(torch.equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(Batch))


def test_a_batch_holds_the_linkers_as_they_are() -> None:
    chosen = torch.tensor([3, 8, 5])
    batch = table(known().packed).take(chosen, np.random.default_rng(0))
    for row, k in enumerate(chosen.tolist()):
        example = known().packed[k]
        n = example.n_atoms
        assert int(batch.mask[row].sum()) == n
        assert np.array_equal(batch.positions[row, :n].numpy(), example.positions)
        assert np.array_equal(batch.types[row, :n].numpy(), example.elements)
        assert (batch.types[row, n:] == FAKE).all()
        assert np.array_equal(batch.hydrogens[row, :n].numpy(), example.hydrogens)
        assert np.array_equal(batch.charges[row, :n].numpy(), example.charges + 1)
        context, bonds = batch.context[row].numpy(), batch.bonds[row].numpy()
        order = np.arange(n + 2)
        if not np.array_equal(context, example.context):
            assert np.array_equal(context, np.roll(example.context, 3, axis=0))
            order[:2] = 1, 0
        assert np.array_equal(bonds[: n + 2, : n + 2], example.bond_classes()[order][:, order])
        assert not bonds[n + 2 :].any()
        assert int(batch.conditions[row, 1]) == n


def test_ends_families_and_conditions_vary_from_batch_to_batch() -> None:
    known_ones = table(known().packed)
    rng = np.random.default_rng(1)
    drawn = [known_ones.take(torch.tensor([4]), rng) for _ in range(60)]
    example = known().packed[4]
    turned = np.mean([not np.array_equal(batch.context[0].numpy(), example.context) for batch in drawn])
    assert 0.25 < turned < 0.75
    conditions = torch.cat([batch.conditions for batch in drawn])
    assert 0.25 < float((conditions[:, 0] == 1).float().mean()) < 0.75
    for column, value in ((2, polar_bin(example.n_polar)), (3, sp3_bin(example.n_sp3))):
        assert set(conditions[:, column].tolist()) == {0, value}
        assert 0.2 < float((conditions[:, column] == 0).float().mean()) < 0.6


def test_fake_atoms_stand_near_real_ones() -> None:
    batch = table(known().packed).take(torch.arange(30), np.random.default_rng(2), most_fakes=2)
    sizes = torch.from_numpy(known().packed.n_atoms[:30].astype(int))
    extra = batch.mask.sum(1).int() - sizes
    assert set(extra.tolist()) == {0, 1, 2}
    assert torch.equal(batch.conditions[:, 1], sizes)
    for row in range(30):
        n, whole = int(sizes[row]), int(batch.mask[row].sum())
        assert (batch.types[row, n:] == FAKE).all()
        for k in range(n, whole):
            assert float((batch.positions[row, :n] - batch.positions[row, k]).norm(dim=-1).min()) < 4.5
        assert not batch.positions[row, whole:].any()
        assert not batch.bonds[row, n + 2 :].any()


def test_batches_of_different_sizes_are_joined_with_padding() -> None:
    sizes = np.argsort(known().packed.n_atoms)
    small, large = (
        table(known().packed.subset(sizes[[place]])).take(torch.tensor([0]), np.random.default_rng(3))
        for place in (0, -1)
    )
    whole = joined([small, large])
    n, most = small.types.shape[1], large.types.shape[1]
    assert whole.positions.shape == (2, most, 3)
    assert whole.bonds.shape == (2, most + 2, most + 2)
    for field in fields(Batch):
        assert torch.equal(getattr(whole, field.name)[1:], getattr(large, field.name)), field.name
    assert torch.equal(whole.bonds[0, : n + 2, : n + 2], small.bonds[0])
    assert (whole.types[0, n:] == FAKE).all()
    assert not whole.mask[0, n:].any()
    assert same(joined([small]), small)


def test_bins_of_conditions() -> None:
    assert [polar_bin(n) for n in (None, 0, 1, 2, 3, 4, 5, 20)] == [0, 1, 2, 2, 3, 3, 4, 4]
    assert [sp3_bin(n) for n in (None, 0, 1, 2, 3, 20)] == [0, 1, 2, 2, 3, 3]


def test_batches_are_functions_of_the_step_and_the_rank() -> None:
    def task() -> Pretraining:
        return Pretraining(network(), table(known().packed), 8, seed=4)

    first, second = task(), task()
    late = second.batch(7, 1, 2)
    for step in range(8):
        for rank in range(2):
            drawn = first.batch(step, rank, 2)
    assert same(drawn.batch, late.batch)
    assert float(first.loss(drawn)[0].detach()) == float(second.loss(late)[0].detach())
    assert not same(first.batch(0, 0, 2).batch, first.batch(0, 1, 2).batch)


def test_an_epoch_shows_every_linker_once_in_batches_of_like_sizes() -> None:
    task = Pretraining(network(), table(known().packed), 8, seed=4)
    sizes = known().packed.n_atoms
    for epoch in range(2):
        batches = task._shuffled(epoch)
        assert batches.shape == (N_CORES // 8, 8)
        assert sorted(batches.flatten().tolist()) == list(range(N_CORES))
        spread = np.mean([np.ptp(sizes[batch.numpy()].astype(int)) for batch in batches])
        assert spread < 0.6 * np.ptp(sizes.astype(int))
    assert not torch.equal(task._shuffled(0), task._shuffled(1))
    few = Pretraining(network(), table(known().packed.subset([0, 1, 2])), 8, seed=4)
    assert [few.batch(step, 0, 1).batch.types.shape[0] for step in range(3)] == [3, 3, 3]


@pytest.mark.parametrize("objective", ["flow", "ddpm"])
def test_pretraining_gives_a_weights_file(objective: str, tmp_path: Path) -> None:
    told: list[float] = []
    options = {"schedule": SCHEDULE, "config": CONFIG, "objective": objective, "batch_size": 8, "seed": 2}
    content = pretraining.pretrain(known().packed, **options, on_progress=lambda fraction, text: told.append(fraction))  # type: ignore[arg-type]
    assert told == sorted(told)
    assert told[-1] == 1.0
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    made = model.load(path)
    assert made.objective == objective
    assert made.network.config == CONFIG
    n_known = int((~known().packed.held_out).sum())
    assert len(made.poses.sizes) == n_known
    recipe = made.settings["recipe"]
    assert (recipe["examples"], recipe["steps"], recipe["samples"]) == (n_known, 4, 32)
    assert recipe["loss"] > 0.0
    assert recipe["held_out_loss"] > 0.0
    assert pretraining.pretrain(known().packed, **options) == content  # type: ignore[arg-type]


def test_a_pretraining_that_had_ended_can_be_asked_for_again(tmp_path: Path) -> None:
    options = {"schedule": SCHEDULE, "config": CONFIG, "batch_size": 8, "checkpoint": tmp_path / "state"}
    first, again = (pretraining.pretrain(known().packed, **options) for _ in range(2))  # type: ignore[arg-type]
    paths = [tmp_path / name for name in ("a", "b")]
    for path, content in zip(paths, (first, again), strict=True):
        path.write_bytes(content)
    weights = [model.load(path).network.state_dict() for path in paths]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_nothing_to_learn_and_unknown_objectives_are_refused() -> None:
    held_out = known().packed.subset(np.flatnonzero(known().packed.held_out))
    with pytest.raises(InputError, match="no linkers to learn"):
        pretraining.pretrain(held_out, schedule=SCHEDULE, config=CONFIG)
    with pytest.raises(InputError, match="Choose flow or ddpm"):
        pretraining.pretrain(known().packed, schedule=SCHEDULE, config=CONFIG, objective="gan")


def test_poses_of_a_model_are_those_it_was_trained_on() -> None:
    poses = PoseSampler.of(known().packed)
    assert poses.polar.tolist() == [example.n_polar for example in known().examples]
    assert poses.sizes.tolist() == known().packed.n_atoms.tolist()
