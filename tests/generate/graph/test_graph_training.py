"""Training: the network learns what it is shown, moves towards examples, copies few, and says what it cannot learn."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from mofa.chemistry import Family, Linker, ModelRef, Reason, Rejected, Stage
from mofa.generate import StreamRequest, TrainingRequest
from mofa.generate.graph import pretraining, training, weights
from mofa.generate.graph.corpus import Entry, spelt
from mofa.generate.graph.generator import GraphGenerator
from mofa.generate.graph.model import UNKNOWN, GraphModel, ModelConfig, length_bin
from mofa.generate.graph.shares import Shares
from mofa.generate.graph.tokens import END_INDEX
from mofa.generate.graph.trainee import GraphTrainee, Source
from mofa.generate.learning.loop import Schedule
from mofa.generate.moflinker import examples
from mofa.generate.moflinker.conformers import featurize
from mofa.generate.moflinker.enumeration import capped
from mofa.testing.generate import check_trainable
from tests.generate.graph.cores import enumerated, linkers, whole
from tests.generate.linkers import flat_linker


def halogens(smiles: str) -> int:
    return smiles.count("F") + smiles.count("Cl") + smiles.count("Br")


def trained(shown: list[Linker], **options: object) -> ModelRef:
    model = GraphGenerator().train(shown, TrainingRequest(**{"steps": 60, **options}))
    assert isinstance(model, ModelRef), str(model)
    return model


def written(n: int, path: Path | None = None) -> list[str]:
    request = StreamRequest(Family.BCA, n=n, seed=21, weights=path)
    return [core.identity for core in islice(GraphGenerator().cores(request), n)]


@pytest.mark.engine
def test_graph_meets_the_contract_of_trainable_generators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "BATCH_SIZE", 8)
    shown = linkers(enumerated(40, where=lambda smiles: halogens(smiles) > 1), Family.BCA)
    model = check_trainable(GraphGenerator(), shown, tmp_path)
    assert model.n_examples == 40
    assert set(model.metrics) == {"expressed_fraction", "gain_nats", "nats_per_core"}
    assert model.metrics["gain_nats"] > 0


@pytest.mark.engine
def test_a_property_of_the_examples_becomes_frequent_with_few_copies(tmp_path: Path) -> None:
    cores = enumerated(128, where=lambda smiles: halogens(smiles) > 1)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(trained(linkers(cores, Family.BCA)).weights)
    before, after = written(256), written(256, path)
    share = [sum(halogens(smiles) > 1 for smiles in some) / len(some) for some in (before, after)]
    assert share[1] > share[0] + 0.15
    assert len(set(after) & set(cores)) <= 0.05 * len(after)


@pytest.mark.engine
def test_examples_that_cannot_be_learnt_are_left_out_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "BATCH_SIZE", 4)
    own = linkers(enumerated(6), Family.BZN)
    foreign = [flat_linker("OC(=O)c1ccc(C(=O)O)cc1", Family.BCA)] * 2
    mixed = trained([*own, *foreign])
    assert (mixed.n_examples, mixed.metrics["expressed_fraction"]) == (6, 0.75)
    for refused_ones, named in ((foreign, "none of the 2 examples"), (linkers_of_pyridyls(), "learns from BCA, BZN")):
        refused = GraphGenerator().train(refused_ones, TrainingRequest())
        assert isinstance(refused, Rejected)
        assert (refused.stage, refused.reason) == (Stage.TRAIN, Reason.NOT_EXPRESSIBLE)
        assert named in refused.detail


def linkers_of_pyridyls() -> list[Linker]:
    return [flat_linker("c1cc(-c2ccncc2)ccn1", Family.PYR)]


def test_a_deadline_that_has_passed_is_a_refusal() -> None:
    late = GraphGenerator().train(linkers(enumerated(3), Family.BCA), TrainingRequest(deadline=time.monotonic()))
    assert isinstance(late, Rejected)
    assert late.reason is Reason.TIME_LIMIT


def test_examples_come_as_often_as_they_weigh() -> None:
    cores = enumerated(3)
    request = TrainingRequest(example_weights=(1.0, 1.0, 6.0))
    lesson = training.lesson_of(linkers(cores, Family.BZN), request, None)
    assert not isinstance(lesson, Rejected)
    drawn = [entry.smiles for entry in lesson.draw(np.random.default_rng(0), 2000)]
    assert drawn.count(cores[2]) / 2000 == pytest.approx(0.75, abs=0.04)
    assert {entry.family for entry in lesson.entries} == {1}
    assert lesson.sizes.sum() == pytest.approx(1.0)


def test_replayed_cores_are_fresh_and_not_held_out() -> None:
    from mofa.generate.moflinker.dataset import is_held_out

    one, other = (training.replayed(np.random.default_rng(k), 40) for k in range(2))
    assert {entry.smiles for entry in one} != {entry.smiles for entry in other}
    assert not any(is_held_out(capped(entry.smiles)) for entry in one)


def test_batches_are_functions_of_the_step_and_hide_half_of_what_is_known() -> None:
    pool = [Entry(smiles, length_ang=9.3) for smiles in enumerated(50)]
    source = Source(lambda rng, n: [pool[k] for k in rng.integers(len(pool), size=n)], 1.0)

    def trainee() -> GraphTrainee:
        return GraphTrainee(weights.load(None).model, [source], batch_size=64, seed=4)

    first, second = trainee(), trainee()
    later = second.batch(5, 0, 2)
    for step in range(5):
        first.batch(step, 0, 2)
    assert np.array_equal(first.batch(5, 0, 2).tokens, later.tokens)
    assert not np.array_equal(first.batch(5, 1, 2).tokens, later.tokens)
    assert len(later) == 32
    rows = spelt(pool * 10, np.random.default_rng(0), shuffled_share=0.5)
    hidden = (rows.conditions[:, 2:] == UNKNOWN).mean(axis=0)
    assert np.abs(hidden - 0.5).max() < 0.08
    assert set(rows.conditions[:, 2]) == {UNKNOWN, length_bin(9.3)}
    assert (rows.weights.sum(axis=1) == rows.lengths - 1).all()
    assert (rows.tokens[np.arange(len(rows)), rows.lengths - 1] == END_INDEX).all()


@pytest.mark.engine
def test_pretraining_learns_from_the_packed_set_and_from_what_is_enumerated(tmp_path: Path) -> None:
    smiles = enumerated(12, where=lambda text: len(text) < 22)
    packed = examples.pack([featurize(capped(text), seed=1) for text in smiles], [False] * 10 + [True] * 2)
    corpus = pretraining.corpus_of(packed, smiles, n_enumerated=20, seed=3)
    assert len(corpus.packed) == 10
    assert [entry.smiles for entry in corpus.held_out] == smiles[10:]
    assert 15 <= len(corpus.enumerated) <= 20
    assert all(entry.length_ang is not None for entry in corpus.packed)
    shares = Shares.of(corpus.entries)
    assert shares.sizes.sum() == pytest.approx(1.0)
    assert shares.lengths.sum() == pytest.approx(np.count_nonzero(shares.lengths.any(axis=1)))

    def losses(steps: int) -> tuple[float, GraphModel]:
        content = pretraining.pretrain(
            corpus,
            schedule=Schedule(steps=steps, learning_rate=1e-2, warmup_steps=5, ema_decay=0.5),
            config=ModelConfig(hidden=32, token_width=16, condition_width=8),
            batch_size=16,
        )
        path = tmp_path / "weights.safetensors"
        path.write_bytes(content)
        model = weights.load(path).model
        return training.nats_per_core(model, corpus.packed), model

    (start, _), (end, one), (_, other) = losses(1), losses(80), losses(80)
    assert end < 0.6 * start
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_the_prompts_of_the_examples_decide_their_family() -> None:
    core = enumerated(1)[0]
    shown = [flat_linker(whole(core, family), family) for family in (Family.BCA, Family.BZN)]
    lesson = training.lesson_of(shown, TrainingRequest(), None)
    assert not isinstance(lesson, Rejected)
    assert [entry.family for entry in lesson.entries] == [0, 1]
