"""Retraining: streams move towards the examples, from the prior every time, and stay broad, sound and repeatable."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Reason, Rejected, Stage
from mofa.errors import EngineMissingError, InputError
from mofa.generate import GENERATORS, StreamRequest, generate, train, weights
from mofa.generate.decompose import LEARNT_FAMILIES
from mofa.generate.library import LibraryGenerator, enumerate_smiles
from mofa.process import process
from mofa.registry import EngineEntry, Registry
from mofa.testing.generate import check_trainable
from tests.generate.linkers import flat_linker, library_linkers

ALKYNE = "C#C"


def trained(examples: list[Linker], **options: int) -> ModelRef:
    model = train(examples, generator="library", **options)
    assert isinstance(model, ModelRef), str(model)
    return model


def saved(model: ModelRef, folder: Path) -> Path:
    path = folder / f"weights{model.suffix}"
    path.write_bytes(model.weights)
    return path


def stream(family: Family, n: int, path: Path | None = None, *, seed: int = 7) -> list[str]:
    """SMILES of a stream drawn with the weights of a file, without 3-D."""
    learnt = {} if path is None else weights.load(path, generator="library/1")
    factors = learnt[family].factors if family in learnt else {}
    return list(islice(enumerate_smiles(family, seed=seed, factors=factors), n))


def share(smiles: list[str], where: Callable[[str], bool]) -> float:
    return sum(map(where, smiles)) / len(smiles)


def has_alkyne(smiles: str) -> bool:
    return ALKYNE in smiles


@pytest.mark.engine
@pytest.mark.parametrize("family", LEARNT_FAMILIES)
def test_the_library_meets_the_contract_of_trainable_generators(family: Family, tmp_path: Path) -> None:
    check_trainable(LibraryGenerator(), library_linkers(family, 40, where=has_alkyne), tmp_path)


def test_a_spacer_of_all_examples_becomes_frequent_and_the_others_stay(tmp_path: Path) -> None:
    examples = library_linkers(Family.BCA, 96, where=has_alkyne)
    path = saved(trained(examples), tmp_path)
    before, after = stream(Family.BCA, 600), stream(Family.BCA, 600, path)
    assert share(after, has_alkyne) > 2.5 * share(before, has_alkyne)
    for other in ("/C=C/", "/N=N/", "-c"):
        assert any(other in smiles and ALKYNE not in smiles for smiles in after), other
    assert len(set(after)) == len(after)


def test_three_rounds_from_the_better_half_keep_improving(tmp_path: Path) -> None:
    def has_fluorine(smiles: str) -> bool:
        return "F" in smiles

    pool: set[str] = set()
    path, shares = None, []
    for seed in range(4):
        drawn = stream(Family.BCA, 256, path, seed=seed)
        shares.append(share(drawn, has_fluorine))
        pool.update(drawn)
        best = sorted(pool, key=lambda smiles: (not has_fluorine(smiles), smiles))[: len(pool) // 2]
        path = saved(trained([flat_linker(smiles, Family.BCA) for smiles in best]), tmp_path)
    assert shares[0] < shares[1] < shares[2] < shares[3]
    assert shares[3] > 2 * shares[0]


def test_training_starts_from_the_prior_every_time() -> None:
    assert not {"weights", "model", "start_from"} & set(inspect.signature(train).parameters)
    first = library_linkers(Family.BCA, 40, where=has_alkyne)
    second = library_linkers(Family.BCA, 40, where=lambda smiles: "F" in smiles)
    alone = trained(second)
    trained(first)
    assert trained(second).weights == alone.weights


def test_families_are_learnt_apart(tmp_path: Path) -> None:
    acids = library_linkers(Family.BCA, 64, where=has_alkyne)
    nitriles = library_linkers(Family.BZN, 64, where=lambda smiles: "F" in smiles)
    only_acids, both = trained(acids), trained([*nitriles, *acids])
    assert set(json.loads(only_acids.weights)["families"]) == {"BCA"}
    assert stream(Family.BZN, 50, saved(only_acids, tmp_path)) == stream(Family.BZN, 50)
    first, second = (json.loads(model.weights)["families"]["BCA"] for model in (only_acids, both))
    assert first == second
    path = saved(both, tmp_path)
    assert share(stream(Family.BZN, 300, path), lambda smiles: "F" in smiles) > 0.4
    assert share(stream(Family.BCA, 300, path), has_alkyne) > 0.4
    assert both.n_examples == 128
    assert set(both.metrics) == {"expressed_fraction", "gain_nats", "divergence_nats_bca", "divergence_nats_bzn"}


def test_the_prior_share_is_a_floor_of_the_diversity(tmp_path: Path) -> None:
    examples = library_linkers(Family.BCA, 1, where=has_alkyne) * 5000
    shares = []
    for prior_share in (0.05, 0.5, 1.0):
        model = train(examples, prior_share=prior_share, generator="library")
        assert isinstance(model, ModelRef)
        shares.append(share(stream(Family.BCA, 300, saved(model, tmp_path)), has_alkyne))
    assert shares[0] > shares[1] > shares[2]
    assert shares[2] == share(stream(Family.BCA, 300), has_alkyne)


def test_foreign_examples_are_left_out_and_counted() -> None:
    own = library_linkers(Family.BCA, 20, where=has_alkyne)
    foreign = [flat_linker("O=C(O)CCC(=O)O", Family.BCA)] * 5
    mixed = trained([*own, *foreign])
    assert (mixed.n_examples, mixed.metrics["expressed_fraction"]) == (20, 0.8)
    assert mixed.weights == trained(own).weights
    refused = train(foreign, generator="library")
    assert isinstance(refused, Rejected)
    assert (refused.stage, refused.reason) == (Stage.TRAIN, Reason.NOT_EXPRESSIBLE)


@pytest.mark.parametrize("family", [Family.TCA, Family.QCA, Family.IMD])
def test_families_that_are_no_chains_are_not_learnt(family: Family) -> None:
    others = library_linkers(family, 5)
    refused = train(others, generator="library")
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.NOT_EXPRESSIBLE
    assert refused.detail == f"the library learns from BCA, BZN, PYR linkers; the 5 examples are {family}"
    acids = library_linkers(Family.BCA, 20, where=has_alkyne)
    assert trained([*acids, *others]).weights == trained(acids).weights


@pytest.mark.parametrize("max_heavy_atoms", [1, 11, 12])
def test_the_smallest_linker_of_all_can_be_learnt(max_heavy_atoms: int) -> None:
    model = trained([flat_linker("O=C(O)c1ccc(C(=O)O)s1", Family.BCA)] * 32, max_heavy_atoms=max_heavy_atoms)
    assert model.metrics["gain_nats"] > 0.5


def test_examples_beyond_the_size_limit_raise_it() -> None:
    large = library_linkers(Family.BCA, 20, where=lambda smiles: smiles.count("c") >= 18)
    assert trained(large, max_heavy_atoms=12).n_examples == 20


@pytest.mark.engine
def test_trained_linkers_are_sound_distinct_and_resumable(tmp_path: Path) -> None:
    path = saved(trained(library_linkers(Family.BZN, 64, where=has_alkyne)), tmp_path)
    batches = list(generate("BZN", n=24, seed=2, batch_size=8, max_heavy_atoms=26, weights=path, generator="library"))
    assert [len(batch) for batch in batches] == [8, 8, 8]
    linkers = [process(raw) for batch in batches for raw in batch]
    sound = [linker for linker in linkers if isinstance(linker, Linker)]
    assert len(sound) >= 23
    assert len({linker.key for linker in sound}) == len(sound)
    (last,) = generate(
        "BZN", n=24, seed=2, batch_size=8, max_heavy_atoms=26, start_batch=2, weights=path, generator="library"
    )
    assert [raw.symbols for raw in last] == [raw.symbols for raw in batches[2]]
    assert all(isinstance(raw, RawLinker) and raw.source == "library/1" for raw in last)


class Untrainable:
    """A generator without weights."""

    name = "fixed"
    version = "1"
    families = (Family.BCA,)

    def batches(self, request: StreamRequest):
        yield []


def test_generators_that_cannot_be_trained_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entries = {**GENERATORS.entries, "fixed": EngineEntry(f"{__name__}:Untrainable", "")}
    monkeypatch.setattr("mofa.generate.task.GENERATORS", Registry("generator", entries))
    with pytest.raises(InputError, match="'fixed' cannot be trained"):
        train(library_linkers(Family.BCA, 1), generator="fixed")
    with pytest.raises(InputError, match="'fixed' cannot be trained"):
        generate("BCA", generator="fixed", weights=tmp_path / "weights.json")


@pytest.mark.parametrize("option", ["prior_share", "max_heavy_atoms"])
def test_arguments_out_of_range_are_named(option: str) -> None:
    with pytest.raises(InputError, match=option):
        train(library_linkers(Family.BCA, 1), **{option: 0})
    with pytest.raises(InputError, match="no linkers"):
        train([])
    with pytest.raises(EngineMissingError, match="library"):
        train(library_linkers(Family.BCA, 1), generator="flow-9")
