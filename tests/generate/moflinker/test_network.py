"""The network: what turns, mirrors, shifts or renames its linkers does the same to its guess, exactly."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mofa.generate.moflinker.network import FAKE, Guess, Network, NetworkConfig, Noisy
from tests.generate.moflinker.small import network, noisy, rotation

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
LOGITS = ("types", "hydrogens", "charges", "bonds")
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
SEEDS = pytest.mark.parametrize("seed", [0, 1])
EARLIER = pytest.mark.parametrize("again", [False, True])


def apart(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / a.abs().max().clamp(min=1.0))


def guessed(made: Network, shown: Noisy, *, again: bool) -> tuple[Guess, Guess | None]:
    """The guess, and the earlier one that it saw, if it did; the earlier one is of an earlier time."""
    with torch.no_grad():
        earlier = made(replace(shown, time=0.5 * shown.time)) if again else None
        return made(shown, earlier), earlier


def moved(x: Tensor, turn: np.ndarray, shift: np.ndarray) -> Tensor:
    return x @ torch.from_numpy(turn.T.copy()).to(x.dtype) + torch.from_numpy(shift).to(x.dtype)


@EARLIER
@SEEDS
@PRECISIONS
@pytest.mark.parametrize("mirror", [False, True])
def test_turning_mirroring_and_shifting_does_the_same_to_the_guess(
    dtype: torch.dtype, seed: int, *, again: bool, mirror: bool
) -> None:
    made, shown = network(seed).to(dtype), noisy(dtype=dtype, seed=seed)
    turn, shift = rotation(seed, mirror=mirror), np.array([1.5, -2.0, 0.7])
    mask = shown.mask[..., None]
    elsewhere = replace(
        shown,
        positions=moved(shown.positions, turn, shift) * mask,
        context=moved(shown.context, turn, shift),
    )
    (here, _), (there, _) = (guessed(made, one, again=again) for one in (shown, elsewhere))
    assert apart(moved(here.positions, turn, shift) * mask, there.positions) < TOLERANCE[dtype]
    for name in LOGITS:
        assert apart(getattr(here, name)[[0, 2]], getattr(there, name)[[0, 2]]) < TOLERANCE[dtype], name
    assert apart(here.positions, shown.positions) > 0.01, "this network moves nothing"


@EARLIER
@PRECISIONS
def test_the_order_of_the_atoms_does_not_matter(dtype: torch.dtype, *, again: bool) -> None:
    made, shown = network(3).to(dtype), noisy(dtype=dtype)
    order = torch.from_numpy(np.random.default_rng(2).permutation(shown.types.shape[1]))
    renamed = replace(
        shown, positions=shown.positions[:, order], types=shown.types[:, order], mask=shown.mask[:, order]
    )
    (here, _), (there, _) = (guessed(made, one, again=again) for one in (shown, renamed))
    for name in ("positions", "types", "hydrogens", "charges"):
        assert apart(getattr(here, name)[:, order], getattr(there, name)) < TOLERANCE[dtype], name
    ends = torch.cat([torch.tensor([0, 1]), order + 2])
    assert apart(here.bonds[:, ends][:, :, ends], there.bonds) < TOLERANCE[dtype]


@EARLIER
@PRECISIONS
def test_the_two_carbons_beside_an_anchor_are_alike(dtype: torch.dtype, *, again: bool) -> None:
    made, shown = network(4).to(dtype), noisy(dtype=dtype)
    swapped = replace(shown, context=shown.context[:, [0, 2, 1, 3, 5, 4]])
    (here, _), (there, _) = (guessed(made, one, again=again) for one in (shown, swapped))
    for field in fields(Guess):
        assert apart(getattr(here, field.name), getattr(there, field.name)) < TOLERANCE[dtype], field.name


def test_the_three_context_atoms_of_an_end_are_not_alike() -> None:
    made, shown = network(4), noisy()
    swapped = replace(shown, context=shown.context[:, [1, 0, 2, 3, 4, 5]])
    (here, _), (there, _) = (guessed(made, one, again=False) for one in (shown, swapped))
    assert apart(here.types, there.types) > 1e-3


@EARLIER
def test_padding_changes_nothing(*, again: bool) -> None:
    made, shown = network(5).double(), noisy(dtype=torch.float64)
    n = shown.types.shape[1]
    padded = replace(
        shown,
        positions=torch.nn.functional.pad(shown.positions, (0, 0, 0, 4)),
        types=torch.nn.functional.pad(shown.types, (0, 4), value=FAKE),
        mask=torch.nn.functional.pad(shown.mask, (0, 4)),
    )
    (here, _), (there, _) = (guessed(made, one, again=again) for one in (shown, padded))
    real = shown.mask > 0
    for name in ("positions", "types", "hydrogens", "charges"):
        assert apart(getattr(here, name)[real], getattr(there, name)[:, :n][real]) < 1e-10, name
    ends = torch.nn.functional.pad(shown.mask, (2, 0), value=1.0)
    pairs = (ends[:, :, None] * ends[:, None]) > 0
    assert apart(here.bonds[pairs], there.bonds[:, : n + 2, : n + 2][pairs]) < 1e-10
    assert not there.positions[:, n:].any()
    assert not there.positions[1, n - 2 :].any()


def test_linkers_of_a_batch_do_not_see_one_another() -> None:
    made, shown = network(6).double(), noisy(dtype=torch.float64)
    one = Noisy(*(getattr(shown, field.name)[2:] for field in fields(Noisy)))
    (alone, _), (together, _) = (guessed(made, some, again=True) for some in (one, shown))
    for field in fields(Guess):
        assert apart(getattr(alone, field.name)[0], getattr(together, field.name)[2]) < 1e-10, field.name


def test_all_that_is_shown_matters() -> None:
    made, shown = network(7), noisy()
    here, earlier = guessed(made, shown, again=True)
    assert earlier is not None
    changed = {
        "time": replace(shown, time=shown.time * 0.5),
        "types": replace(shown, types=(shown.types + 1) % FAKE),
        **{
            f"condition {k}": replace(
                shown, conditions=(shown.conditions + torch.eye(4, dtype=torch.long)[k]) % torch.tensor([2, 20, 5, 4])
            )
            for k in range(4)
        },
    }
    with torch.no_grad():
        for name, other in changed.items():
            assert apart(here.types, made(other, earlier).types) > 1e-4, name
        for field in fields(Guess):
            other_guess = replace(earlier, **{field.name: getattr(earlier, field.name) + torch.randn(1) * 2.0})
            if field.name != "positions":
                other_guess = replace(earlier, **{field.name: getattr(earlier, field.name).flip(-1)})
            assert apart(here.types, made(shown, other_guess).types) > 1e-5, field.name
        assert apart(here.types, made(shown).types) > 1e-4


def test_bonds_are_symmetric_and_sizes_are_as_said() -> None:
    shown = noisy(3, 9)
    guess, _ = guessed(network(8), shown, again=True)
    assert apart(guess.bonds, guess.bonds.transpose(1, 2)) < 1e-6
    assert guess.positions.shape == (3, 9, 3)
    assert guess.types.shape == (3, 9, 8)
    assert guess.hydrogens.shape == (3, 9, 4)
    assert guess.charges.shape == (3, 9, 3)
    assert guess.bonds.shape == (3, 11, 11, 5)


def test_every_parameter_is_trained() -> None:
    made = network(9)
    earlier = made(noisy()).detached()
    assert not earlier.positions.requires_grad
    guess = made(noisy(), earlier)
    sum(getattr(guess, field.name).square().sum() for field in fields(Guess)).backward()
    idle = {name for name, p in made.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    assert not idle


def test_a_configuration_survives_json() -> None:
    config = NetworkConfig(width=8, vectors=2, layers=1, heads=2, radial=4, radial_reach_ang=5.0)
    assert NetworkConfig(**config.to_json()) == config
