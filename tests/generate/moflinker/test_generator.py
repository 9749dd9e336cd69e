"""The generator: its contract, on random weights; what it counts; what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mofa.chemistry import Family, RawLinker
from mofa.errors import InputError
from mofa.generate import Conditioned, Conditions, Counted, StreamRequest, Trainable
from mofa.generate.learning import checkpoint
from mofa.generate.moflinker import flow
from mofa.generate.moflinker import generator as module
from mofa.generate.moflinker import model as model_module
from mofa.generate.moflinker.generator import FlowGenerator
from mofa.generate.moflinker.model import ARCHITECTURE, VERSION, load
from mofa.generate.moflinker.network import FAKE, Guess, Network, NetworkConfig
from mofa.generate.moflinker.tensors import table
from mofa.generate.moflinker.vocabulary import PROMPT_HEAVY_ATOMS
from mofa.testing.generate import check_generator
from tests.generate.moflinker.small import CONFIG, known, model, noisy

_KNOWN = table(known().packed)


_CONTEXTS = torch.stack([torch.from_numpy(example.context) for example in known().examples])


def recalled(
    network: Any, context: torch.Tensor, mask: torch.Tensor, conditions: torch.Tensor, *, generator: torch.Generator,
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor, Guess]:  # fmt: skip
    """In the place of a trained network: the known linkers whose prompts stand most like those asked."""
    apart = (_CONTEXTS[None] - context[:, None]).square().sum((2, 3))
    return _drawn(apart.argmin(1), mask, generator)


def mistaken(
    network: Any, context: torch.Tensor, mask: torch.Tensor, conditions: torch.Tensor, *, generator: torch.Generator,
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor, Guess]:  # fmt: skip
    """A network that fills every place with a carbon of a chain, whatever the size that was asked."""
    n, most = mask.shape
    bonds = torch.zeros(most + 2, most + 2)
    for i, j in [(0, 2), (1, most + 1), *((k, k + 1) for k in range(2, most + 1))]:
        bonds[i, j] = bonds[j, i] = 1.0
    one_hot = torch.nn.functional.one_hot
    types = torch.zeros(n, most, dtype=torch.long)
    x = torch.linspace(0.1, 0.9, most)[None, :, None]
    positions = context[:, :1] + x * (context[:, 3:4] - context[:, :1])
    positions = positions + torch.randn(positions.shape, generator=generator)
    hydrogens = 4.0 * one_hot(torch.full((n, most), 2), 4).float()
    charges = 4.0 * one_hot(torch.ones(n, most, dtype=torch.long), 3).float()
    of_bonds = 4.0 * one_hot(bonds.long(), 5).float().expand(n, -1, -1, -1)
    return positions, types, Guess(positions, 4.0 * one_hot(types, 8).float(), hydrogens, charges, of_bonds)


def _drawn(chosen: torch.Tensor, mask: torch.Tensor, generator: torch.Generator) -> tuple[Any, Any, Guess]:
    n, most = mask.shape
    whole = _KNOWN.batch
    one_hot = torch.nn.functional.one_hot

    def fitted(x: torch.Tensor, dims: int, extra: int, value: int) -> torch.Tensor:
        x = x[chosen]
        for dim in range(1, dims + 1):
            x = x.narrow(dim, 0, min(most + extra, x.shape[dim]))
        pads = [0, 0] * (x.dim() - 1 - dims) + [0, max(0, most + extra - x.shape[1])] * dims
        return torch.nn.functional.pad(x, pads, value=value)

    types = fitted(whole.types, 1, 0, FAKE).long()
    guess = Guess(
        positions=fitted(whole.positions, 1, 0, 0) + 0.02 * torch.randn(n, most, 3, generator=generator),
        types=4.0 * one_hot(types, 8).float(),
        hydrogens=4.0 * one_hot(fitted(whole.hydrogens, 1, 0, 0).long(), 4).float(),
        charges=4.0 * one_hot(fitted(whole.charges, 1, 0, 1).long(), 3).float(),
        bonds=4.0 * one_hot(fitted(whole.bonds, 2, 2, 0).long(), 5).float(),
    )
    return guess.positions, types, guess


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    path.write_bytes(model(1).dump())
    return path


class Small(FlowGenerator):
    """Takes a small model where none is given."""

    def __init__(self, path: Path) -> None:
        super().__init__(steps=4)
        self._path = path

    def batches(self, request: StreamRequest) -> Any:
        return super().batches(replace(request, weights=request.weights or self._path))


def heavy_atoms(stream: list[list[RawLinker]]) -> list[int]:
    return [len(linker.symbols) for batch in stream for linker in batch]


def stream_of(generator: FlowGenerator, request: StreamRequest) -> list[list[RawLinker]]:
    return list(generator.batches(request))


def same(a: list[list[RawLinker]], b: list[list[RawLinker]]) -> bool:
    return [len(x) for x in a] == [len(x) for x in b] and all(
        p.symbols == q.symbols and np.array_equal(p.positions, q.positions) and p.bonds == q.bonds
        for x, y in zip(a, b, strict=True)
        for p, q in zip(x, y, strict=True)
    )


@pytest.mark.parametrize("family", [Family.BCA, Family.BZN])
def test_flow_meets_the_contract_of_generators(weights: Path, family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "sample", recalled)
    generator = Small(weights)
    check_generator(generator, family=family, n=7, batch_size=3)
    for kind in (Trainable, Conditioned, Counted):
        assert isinstance(generator, kind)
    assert set(generator.follows) >= {"core_atoms", "length_ang", "polar_atoms", "sp3_atoms"}


def test_a_random_model_gives_one_stream_of_whole_linkers(weights: Path) -> None:
    request = StreamRequest(Family.BZN, n=4, seed=3, batch_size=2, weights=weights)
    first, again = (stream_of(FlowGenerator(steps=3), request) for _ in range(2))
    assert same(first, again)
    for linker in (linker for batch in first for linker in batch):
        assert linker.source == "flow/1"
        assert linker.bonds is not None
        assert np.isfinite(linker.positions).all()
        assert len(linker.symbols) <= 38


def test_what_comes_to_nothing_is_counted_and_replaced(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "sample", recalled)
    generator = Small(weights)
    assert (generator.n_draws, generator.n_failed, generator.n_repeated) == (0, 0, 0)
    stream = stream_of(generator, StreamRequest(Family.BCA, n=12, seed=1, batch_size=6))
    n = sum(map(len, stream))
    assert generator.n_draws == n + generator.n_failed + generator.n_repeated
    assert generator.n_failed + generator.n_repeated > 0
    assert n == 12


def test_a_model_that_makes_nothing_ends(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(network: Any, context: Any, mask: Any, conditions: Any, **options: Any) -> Any:
        positions, types, guess = recalled(network, context, mask, conditions, **options)
        return positions, torch.full_like(types, 7), guess

    monkeypatch.setattr(flow, "sample", empty)
    generator = Small(weights)
    assert stream_of(generator, StreamRequest(Family.BCA, n=4, batch_size=2)) == []
    assert generator.n_failed == generator.n_draws == 2 * 2 * module.MAX_ROUNDS


def test_no_linker_is_larger_than_asked(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "sample", mistaken)
    for family in (Family.BCA, Family.BZN):
        most = 2 * PROMPT_HEAVY_ATOMS[family] + 10
        sizes = heavy_atoms(stream_of(Small(weights), StreamRequest(family, n=4, batch_size=4, max_heavy_atoms=most)))
        assert sizes
        assert max(sizes) <= most


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": Conditions(core_atoms=(4, 12))},
        {"conditions": Conditions(core_atoms=(8, 24))},
        {"max_heavy_atoms": 23},
        {"max_heavy_atoms": 28, "conditions": Conditions(core_atoms=(12, 14))},
    ],
)
def test_sizes_outside_the_trained_range_are_refused_before_the_stream(weights: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="library"):
        FlowGenerator().batches(StreamRequest(Family.BCA, n=4, weights=weights, **changes))


def _other_files(good: bytes) -> dict[str, bytes | None]:
    made = model(1)
    tensors = {f"network.{name}": value for name, value in made.network.state_dict().items()} | made.poses.tensors()
    config = {"network": CONFIG.to_json(), "objective": "flow"}

    def dumped(of: dict[str, torch.Tensor], settings: dict[str, Any], architecture: str = "flow") -> bytes:
        return model_module.checkpoint.dump(of, settings, architecture=architecture, version="1")

    wider = NetworkConfig(width=32, vectors=4, layers=2, heads=2, radial=6).to_json()
    name = "network.type_head.weight"
    return {
        "missing": None,
        "empty": b"",
        "truncated": good[:-200],
        "another generator's": dumped(tensors, config, architecture="graph"),
        "no poses": dumped({n: t for n, t in tensors.items() if not n.startswith("poses")}, config),
        "no network settings": dumped(tensors, {"objective": "flow"}),
        "unknown settings": dumped(tensors, {**config, "network": {**CONFIG.to_json(), "depth": 3}}),
        "other sizes": dumped(tensors, {**config, "network": wider}),
        "a tensor is lacking": dumped({n: t for n, t in tensors.items() if n != name}, config),
        "not finite": dumped({**tensors, name: tensors[name] * float("nan")}, config),
    }


def test_weights_that_are_not_of_this_model_are_one_line_before_the_stream(weights: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    for name, content in _other_files(weights.read_bytes()).items():
        bad.unlink(missing_ok=True)
        if content is not None:
            bad.write_bytes(content)
        with pytest.raises(InputError) as caught:
            FlowGenerator().batches(StreamRequest(Family.BCA, n=2, weights=bad))
        assert "bad.safetensors" in str(caught.value), name
        assert "\n" not in str(caught.value), name


@pytest.mark.parametrize("objective", ["flow", "ddpm"])
def test_a_model_survives_its_file(tmp_path: Path, objective: str) -> None:
    made, path = model(3, objective), tmp_path / "w.safetensors"
    path.write_bytes(made.dump())
    again = model_module.load(path)
    assert again.objective == objective
    with torch.no_grad():
        assert torch.allclose(again.network(noisy()).bonds, made.network(noisy()).bonds, atol=1e-5)
    assert np.array_equal(again.poses.context, made.poses.context)
    assert again.dump() == made.dump()
    path.write_bytes(model(4, objective).dump())
    assert not torch.equal(model_module.load(path).network.type_head.weight, again.network.type_head.weight)


def test_an_untrained_model_is_a_function_of_its_seed() -> None:
    one, same_one, other = (model_module.untrained(CONFIG, model(0).poses, seed=seed) for seed in (1, 1, 2))
    assert isinstance(one.network, Network)
    weight = one.network.type_head.weight
    assert torch.equal(weight, same_one.network.type_head.weight)
    assert not torch.equal(weight, other.network.type_head.weight)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("objective", "banana"),
        ("network", {**CONFIG.to_json(), "layers": 40_000}),
        ("network", {**CONFIG.to_json(), "radial_reach_ang": 0}),
        ("network", []),
    ],
)
def test_weights_with_a_configuration_that_makes_no_sense_are_named(tmp_path: Path, part: str, value: object) -> None:
    tensors, config = checkpoint.read(model().dump(), architecture=ARCHITECTURE, version=VERSION)
    file = tmp_path / "odd.safetensors"
    file.write_bytes(checkpoint.dump(tensors, {**config, part: value}, architecture=ARCHITECTURE, version=VERSION))
    with pytest.raises(InputError, match="makes no model"):
        load(file)


@pytest.mark.parametrize("name", ["context", "sizes"])
def test_weights_with_damaged_poses_are_named(tmp_path: Path, name: str) -> None:
    tensors, config = checkpoint.read(model().dump(), architecture=ARCHITECTURE, version=VERSION)
    tensors[f"poses.{name}"] = torch.zeros_like(tensors[f"poses.{name}"])
    file = tmp_path / "odd.safetensors"
    file.write_bytes(checkpoint.dump(tensors, config, architecture=ARCHITECTURE, version=VERSION))
    with pytest.raises(InputError, match="poses"):
        load(file)
