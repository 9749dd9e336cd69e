"""The `graph` generator: the contract, what it is asked for, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from mofa.chemistry import Family, Linker
from mofa.errors import InputError
from mofa.generate import Conditioned, Counted, StreamRequest, Trainable, generate
from mofa.generate.conditions import Conditions
from mofa.generate.graph import generator as module
from mofa.generate.graph import weights
from mofa.generate.graph.corpus import polar_atoms, sp3_atoms
from mofa.generate.graph.generator import GraphGenerator
from mofa.generate.graph.model import GraphModel, ModelConfig
from mofa.generate.graph.placing import bend_deg, placed, understood
from mofa.generate.graph.shares import Shares
from mofa.generate.moflinker.vocabulary import PROMPT_HEAVY_ATOMS
from mofa.process import process
from mofa.testing.generate import check_generator
from tests.generate.graph.cores import whole


def written(n: int, *, family: Family = Family.BCA, seed: int = 5, **asked: object) -> list[str]:
    """Cores of a stream, without 3-D."""
    request = StreamRequest(family, n=n, seed=seed, conditions=Conditions(**asked))
    return [core.identity for core in islice(GraphGenerator().cores(request), n)]


def mean(of, cores: list[str]) -> float:
    return float(np.mean([of(Chem.MolFromSmiles(core)) for core in cores]))


@pytest.mark.engine
@pytest.mark.parametrize("family", [Family.BCA, Family.BZN])
def test_graph_meets_the_generator_contract(family: Family) -> None:
    generator = GraphGenerator()
    assert isinstance(generator, Trainable)
    assert isinstance(generator, Conditioned)
    assert isinstance(generator, Counted)
    check_generator(generator, family=family)


def test_draws_are_counted_and_repetitions_are_left_out() -> None:
    generator = GraphGenerator()
    request = StreamRequest(Family.BCA, n=150, seed=2, conditions=Conditions(core_atoms=(6, 7)))
    cores = [core.identity for core in islice(generator.cores(request), 150)]
    assert len(set(cores)) == 150
    assert generator.n_repeated > 0
    assert generator.n_draws == 150 + generator.n_failed + generator.n_repeated
    generator = GraphGenerator()
    made = sum(map(len, generator.batches(StreamRequest(Family.BCA, n=20, batch_size=8))))
    assert generator.n_draws == made + generator.n_failed + generator.n_repeated


def test_what_was_written_before_does_not_change_what_comes() -> None:
    generator = GraphGenerator()
    request = StreamRequest(Family.BZN, n=20, seed=9)
    first = [core.identity for core in islice(generator.cores(request), 20)]
    list(islice(generator.cores(replace(request, seed=10)), 20))
    assert [core.identity for core in islice(generator.cores(request), 20)] == first


def test_sizes_are_as_asked() -> None:
    for asked in ((6, 6), (9, 11), (20, 20)):
        cores = written(40, core_atoms=asked)
        sizes = [Chem.MolFromSmiles(core).GetNumAtoms() - 2 for core in cores]
        assert asked[0] <= min(sizes) <= max(sizes) <= asked[1]


def test_the_size_limit_counts_the_prompts() -> None:
    for family in (Family.BCA, Family.BZN):
        limit = 2 * PROMPT_HEAVY_ATOMS[family] + 10
        (batch,) = GraphGenerator().batches(StreamRequest(family, n=6, max_heavy_atoms=limit))
        assert max(len(raw.symbols) for raw in batch) <= limit


def test_conditions_move_what_they_name() -> None:
    few, many = written(80, polar_atoms=0), written(80, polar_atoms=6)
    assert mean(polar_atoms, many) > mean(polar_atoms, few) + 3
    stiff, floppy = written(80, sp3_atoms=0), written(80, sp3_atoms=4)
    assert mean(sp3_atoms, floppy) > mean(sp3_atoms, stiff) + 2


def test_the_anchors_are_as_far_apart_as_asked() -> None:
    def span(length_ang: float) -> float:
        asked = Conditions(length_ang=length_ang)
        (batch,) = GraphGenerator().batches(StreamRequest(Family.BCA, n=60, batch_size=60, conditions=asked))
        second = PROMPT_HEAVY_ATOMS[Family.BCA]
        return float(np.mean([np.linalg.norm(raw.positions[second] - raw.positions[0]) for raw in batch]))

    assert span(7.0) == pytest.approx(7.0, abs=0.7)
    assert span(12.0) == pytest.approx(12.0, abs=0.7)


@pytest.mark.parametrize("family", [Family.BCA, Family.BZN])
@pytest.mark.parametrize(
    "core",
    [
        "*c1ccc(*)cc1",
        "*C=Cc1ccc(C=C*)cc1",
        "*c1cc(C(F)(F)F)c(*)cc1[N+](=O)[O-]",
        "*C(=O)Nc1ccc(*)s1",
        "*C#CC1CCC(*)CC1",
    ],
)
def test_a_core_between_prompts_is_the_linker_meant(core: str, family: Family) -> None:
    known = understood(core)
    assert known is not None
    raw = placed(known, family, seed=1, source="graph/1")
    assert raw is not None
    linker = process(raw)
    assert isinstance(linker, Linker), str(linker)
    found = Chem.MolFromSmiles(linker.smiles)
    assert all(bond.GetStereo() != Chem.BondStereo.STEREOZ for bond in found.GetBonds())
    Chem.RemoveStereochemistry(found)
    assert Chem.MolToSmiles(found) == whole(core, family)


@pytest.mark.parametrize("text", ["", "*c1ccc(*)cc", "*c1cccc1*", "*[Si](C)(C)c1ccc(*)cc1", "*CF(C)*"])
def test_what_is_no_molecule_is_not_understood(text: str) -> None:
    assert understood(text) is None


def test_how_a_core_is_written_does_not_move_its_atoms() -> None:
    one, other = understood("*c1ccc(C#C*)cc1"), understood("*C#Cc1ccc(*)cc1")
    assert one is not None
    assert other is not None
    first, second = (placed(core, Family.BCA, seed=3, source="graph/1") for core in (one, other))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.positions, second.positions)


def test_a_stream_ends_when_nothing_new_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    always = understood("*c1ccc(*)cc1")
    monkeypatch.setattr(module, "understood", lambda text: always)
    monkeypatch.setattr(module, "FRUITLESS_ROUNDS", 2)
    assert [len(batch) for batch in GraphGenerator().batches(StreamRequest(Family.BCA, n=64))] == [1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"conditions": Conditions(core_atoms=(4, 10))}, r"core_atoms is \(4, 10\).* 6 to 20"),
        ({"conditions": Conditions(core_atoms=(18, 24))}, r"core_atoms is \(18, 24\).* 6 to 20"),
        ({"max_heavy_atoms": 23}, "max_heavy_atoms is 23, which leaves 5 core atoms .* 6 are the fewest"),
        ({"max_heavy_atoms": 30, "conditions": Conditions(core_atoms=(14, 20))}, "leaves 12 core atoms .* 14"),
    ],
)
def test_sizes_that_were_not_trained_on_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        GraphGenerator().batches(StreamRequest(Family.BCA, n=4, **options))
    with pytest.raises(InputError, match="makes no PYR"):
        generate("PYR", generator="graph")


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    config = ModelConfig(hidden=8, token_width=4, condition_width=4)
    shares = Shares.of([])
    small = GraphModel(config)
    good = weights.dump(small.state_dict(), config, shares, {})
    path = tmp_path / "weights.safetensors"
    path.write_bytes(good)
    assert weights.load(path).model.config == config
    other = replace(config, hidden=16)
    bad = {
        "do not fit": weights.dump(small.state_dict(), other, shares, {}),
        "configuration": weights.dump(small.state_dict(), config, Shares(np.zeros(21), shares.lengths), {}),
        "truncated": good[: len(good) - 100],
        "not finite": weights.dump({k: v * np.inf for k, v in small.state_dict().items()}, config, shares, {}),
    }
    for named, content in bad.items():
        path.write_bytes(content)
        with pytest.raises(InputError, match=named) as caught:
            GraphGenerator().batches(StreamRequest(Family.BCA, n=4, weights=path))
        assert path.name in str(caught.value)


def test_straight_linkers_on_demand_stay_straight_when_relaxed() -> None:
    asked = StreamRequest(Family.BZN, n=16, seed=2, batch_size=8, conditions=Conditions(max_bend_deg=15.0))
    made = [linker for batch in GraphGenerator().batches(asked) for linker in batch]
    later = [linker for batch in GraphGenerator().batches(replace(asked, start_batch=1)) for linker in batch]
    assert [linker.symbols for linker in later] == [linker.symbols for linker in made[8:]]
    assert max(map(bend_deg, made)) < 15.0
    free = [linker for batch in GraphGenerator().batches(StreamRequest(Family.BZN, n=16, seed=2)) for linker in batch]
    assert max(map(bend_deg, free)) > 30.0
