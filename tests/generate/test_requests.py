"""What is asked of generators: conditions, and how to train; what they cannot do is named before any work."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from mofa.chemistry import Family
from mofa.errors import InputError
from mofa.generate import GENERATORS, Conditioned, Conditions, Counted, StreamRequest, TrainingRequest, generate, train
from mofa.generate import task as generate_task
from mofa.generate.library import LibraryGenerator, enumerate_smiles
from mofa.generate.weights import load
from mofa.registry import EngineEntry, Registry
from tests.generate.linkers import library_linkers


class Long:
    """A generator that can be asked for a length."""

    name = "long"
    version = "1"
    families = (Family.BCA,)
    follows = ("length_ang",)
    n_draws = n_failed = n_repeated = 0

    def batches(self, request: StreamRequest):
        yield [request.conditions.length_ang]


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {**GENERATORS.entries, "long": EngineEntry(f"{__name__}:Long", "")}
    monkeypatch.setattr(generate_task, "GENERATORS", Registry("generator", entries))


def test_conditions_reach_a_generator_that_follows_them(long: None) -> None:
    assert isinstance(Long(), Conditioned)
    assert isinstance(Long(), Counted)
    assert next(generate("BCA", generator="long", conditions=Conditions(length_ang=11.5))) == [11.5]
    assert next(generate("BCA", generator="long")) == [None]


def test_conditions_that_a_generator_cannot_follow_are_named_with_those_that_can(long: None) -> None:
    with pytest.raises(InputError, match=r"'library' cannot be asked for core_atoms, sp3_atoms.*graph or flow"):
        generate("BCA", generator="library", conditions=Conditions(core_atoms=(8, 14), sp3_atoms=0))
    with pytest.raises(InputError, match=r"'long' cannot be asked for polar_atoms.*or ask for length_ang"):
        generate("BCA", generator="long", conditions=Conditions(polar_atoms=2, length_ang=10.0))


def test_a_family_that_is_not_made_names_the_generator_with_most_families(long: None) -> None:
    with pytest.raises(InputError, match=r"'long' makes no PYR linkers.*such as library"):
        generate("PYR", generator="long")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("steps", 59),
        ("steps", 401),
        ("replay_share", 1.0),
        ("replay_share", -0.1),
        ("processes", 0),
        ("example_weights", (1.0, 0.0)),
        ("example_weights", (1.0, float("nan"))),
        ("example_weights", (1.0, float("inf"))),
    ],
)
def test_what_cannot_be_trained_by_is_named(option: str, value: object) -> None:
    with pytest.raises(InputError, match=option.removesuffix("s").replace("_", ".")):
        TrainingRequest(**{option: value})


def test_example_weights_have_a_mean_of_one_and_one_for_each_example() -> None:
    assert TrainingRequest().weights_of(3) == (1.0, 1.0, 1.0)
    assert TrainingRequest(example_weights=(3.0, 1.0)).weights_of(2) == (1.5, 0.5)
    with pytest.raises(InputError, match="2 example weights for 3 examples"):
        TrainingRequest(example_weights=(3.0, 1.0)).weights_of(3)
    with pytest.raises(InputError, match="1 example weights for 2 examples"):
        train(library_linkers(Family.BCA, 2), example_weights=[1.0], generator="library")


def test_the_library_learns_more_of_the_examples_that_weigh_more(tmp_path: Path) -> None:
    with_alkyne = library_linkers(Family.BCA, 48, where=lambda smiles: "C#C" in smiles)
    without = library_linkers(Family.BCA, 48, where=lambda smiles: "C#C" not in smiles)

    def share(weights: list[float] | None) -> float:
        model = LibraryGenerator().train(
            [*with_alkyne, *without], TrainingRequest(example_weights=None if weights is None else tuple(weights)), None
        )
        path = tmp_path / "weights.json"
        path.write_bytes(model.weights)
        factors = load(path, generator="library/1")[Family.BCA].factors
        drawn = list(islice(enumerate_smiles(Family.BCA, seed=3, factors=factors), 400))
        return sum("C#C" in smiles for smiles in drawn) / len(drawn)

    alike, favoured, unwanted = share(None), share([10.0] * 48 + [1.0] * 48), share([1.0] * 48 + [10.0] * 48)
    assert favoured > alike + 0.05 > unwanted + 0.10
    assert share([2.0] * 96) == alike


def test_few_examples_are_learnt_in_fewer_steps() -> None:
    assert [TrainingRequest(steps=200).steps_for(n) for n in (1, 30, 100, 128, 4096)] == [60, 60, 160, 200, 200]
    assert TrainingRequest(steps=400).steps_for(4096) == 400


def test_one_generator_is_the_default_everywhere() -> None:
    from inspect import signature

    from mofa.cli import evaluate, linkers
    from mofa.config.sections import Generate
    from mofa.generate.task import CONDITIONED, DEFAULT

    defaults = [signature(verb).parameters["kind"].default for verb in (linkers.generate, linkers.train)]
    assert {*defaults, evaluate.DEFAULT_KIND, Generate().generator} == {DEFAULT}
    assert DEFAULT in CONDITIONED
