"""Retraining: weights move towards the examples, old ones stay in the mix, and refusals say why."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mofa.chemistry import Family, Linker, ModelRef, Reason, Rejected, Stage
from mofa.generate import TrainingRequest
from mofa.generate.learning import checkpoint
from mofa.generate.learning.loop import TrainingError
from mofa.generate.moflinker import examples, finetune
from mofa.generate.moflinker import model as model_module
from mofa.generate.moflinker.finetune import Retraining
from mofa.generate.moflinker.generator import FlowGenerator
from mofa.generate.moflinker.prompts import raw_linker_of
from mofa.generate.moflinker.tensors import table
from mofa.process import process
from tests.generate.linkers import flat_linker
from tests.generate.moflinker.small import known, model, network

FOREIGN = flat_linker("OC(=O)c1ccc(C(=O)O)cc1", Family.BCA)


@pytest.fixture(scope="module")
def shown() -> list[Linker]:
    """Three linkers that did well."""
    found = [process(raw_linker_of(known().examples[k], Family.BCA, source="test/1")) for k in (1, 2, 3)]
    assert all(isinstance(linker, Linker) for linker in found)
    return found  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made, path = model(2), tmp_path / "replay.npz"
    examples.save(known().packed, path, known().smiles)
    monkeypatch.setattr(finetune, "load_model", lambda: made)
    monkeypatch.setattr(finetune, "REPLAY", path)
    monkeypatch.setattr(finetune, "BATCH_SIZE", 4)


def loaded(reference: ModelRef, folder: Path) -> model_module.Model:
    path = folder / f"trained{reference.suffix}"
    path.write_bytes(reference.weights)
    return model_module.load(path)


def test_retraining_changes_the_weights_and_mixes_the_poses(shown: list[Linker], tmp_path: Path) -> None:
    told: list[float] = []
    before = {name: value.clone() for name, value in model(2).network.state_dict().items()}
    request = TrainingRequest(seed=3, steps=60)
    made = FlowGenerator().train([*shown, FOREIGN], request, lambda fraction, text: told.append(fraction))
    assert isinstance(made, ModelRef), str(made)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert (made.generator, made.suffix, made.n_examples) == ("flow", checkpoint.SUFFIX, 3)
    assert made.metrics["expressed_fraction"] == 0.75
    assert made.metrics["loss"] > 0.0
    after = loaded(made, tmp_path)
    moved = [name for name, value in before.items() if not torch.equal(value, after.network.state_dict()[name])]
    assert len(moved) > 0.9 * len(before)
    unchanged = finetune.load_model().network.state_dict()
    assert all(torch.equal(value, unchanged[name]) for name, value in before.items()), "training changed the old model"
    contexts = {context.tobytes() for context in known().packed.context}
    old = np.mean([context.tobytes() in contexts for context in after.poses.context])
    assert old == pytest.approx(0.5, abs=0.01)
    assert len({context.tobytes() for context in after.poses.context} - contexts) == 3
    assert after.settings["recipe"]["from"] == "flow/1"
    again = FlowGenerator().train([*shown, FOREIGN], request)
    assert isinstance(again, ModelRef)
    assert again.weights == made.weights


def _task(replay_share: float, odds: list[float]) -> Retraining:
    lesson = known().packed.subset([1, 2, 3])
    lesson = examples.pack((lesson[k] for k in range(3)), [False] * 3)
    replay = known().packed.subset(range(10, 40))
    return Retraining(network(), table(lesson), np.array(odds), table(replay), replay_share, 5, "flow")


def _is_shown(batch: Any) -> list[int | None]:
    """Which example each row of a batch is, None for replay."""
    names = {known().packed.context[k].tobytes(): n for n, k in enumerate((1, 2, 3))}
    found = []
    for context in batch.context.numpy():
        both = (np.rint(1000.0 * x).astype(np.int16).tobytes() for x in (context, np.roll(context, 3, axis=0)))
        found.append(next((names[name] for name in both if name in names), None))
    return found


def test_batches_are_half_replay_and_examples_come_as_often_as_they_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "BATCH_SIZE", 32)
    task = _task(0.5, [0.7, 0.2, 0.1])
    rows = [row for step in range(20) for row in _is_shown(task.batch(step, 0, 1).batch)]
    assert len(rows) == 640
    assert rows.count(None) == 320
    assert [rows.count(k) / 320 for k in range(3)] == pytest.approx([0.7, 0.2, 0.1], abs=0.08)
    assert None not in _is_shown(_task(0.0, [1.0, 0.0, 0.0]).batch(0, 0, 1).batch)
    halves = [task.batch(3, rank, 2).batch for rank in range(2)]
    assert [len(half.types) for half in halves] == [16, 16]
    assert not torch.equal(halves[0].context, halves[1].context)
    assert torch.equal(_task(0.5, [0.7, 0.2, 0.1]).batch(3, 1, 2).batch.positions, halves[1].positions)


def test_weights_of_the_examples_decide_the_poses(shown: list[Linker], tmp_path: Path) -> None:
    request = TrainingRequest(seed=3, steps=60, replay_share=0.0, example_weights=(8.0, 1.0, 1.0))
    made = FlowGenerator().train(shown, request)
    assert isinstance(made, ModelRef)
    poses = loaded(made, tmp_path).poses
    counts = sorted(np.unique(poses.context, axis=0, return_counts=True)[1] / len(poses.sizes))
    assert counts == pytest.approx([0.1, 0.1, 0.8], abs=0.03)


def test_examples_that_are_no_cores_are_refused() -> None:
    refused = FlowGenerator().train([FOREIGN, FOREIGN], TrainingRequest(steps=60))
    assert isinstance(refused, Rejected)
    assert (refused.stage, refused.reason) == (Stage.TRAIN, Reason.NOT_EXPRESSIBLE)
    assert "none of the 2 examples" in refused.detail


def test_a_time_limit_is_a_refusal(shown: list[Linker]) -> None:
    late = FlowGenerator().train(shown, TrainingRequest(steps=60, deadline=time.monotonic()))
    assert isinstance(late, Rejected)
    assert (late.stage, late.reason) == (Stage.TRAIN, Reason.TIME_LIMIT)
    assert "of 60 steps" in late.detail


def test_a_loss_that_is_no_number_stops_the_training(shown: list[Linker], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Retraining.loss
    monkeypatch.setattr(
        Retraining, "loss", lambda task, batch: (plain(task, batch)[0] * float("nan"), plain(task, batch)[1])
    )
    with pytest.raises(TrainingError, match="the loss is nan"):
        FlowGenerator().train(shown, TrainingRequest(steps=60))
