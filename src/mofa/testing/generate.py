"""Conformance of linker generators. The author of a plug-in calls `check_generator` in a test of his own.

A generator that can be retrained is checked by `check_trainable` as well.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mofa.chemistry import AnchorKind, Family, Linker, ModelRef, RawLinker, Reason, Rejected, Stage
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.errors import InputError
from mofa.generate import Generator, StreamRequest, Trainable, TrainingRequest


def check_generator(generator: Generator, *, family: Family = Family.BCA, n: int = 10, batch_size: int = 4) -> None:
    """Assert the `mofa.generate.Generator` contract on a short stream.

    Same request, same stream; batches before `start_batch` are skipped without changing those after; sizes as asked;
    heavy atoms only, finite, apart; as many anchors as the family has ends, on existing atoms; values that survive
    pickling.

    Args:
        generator: what to check.
        family: of the stream.
        n: linkers in the stream; more than two batches' worth.
        batch_size: linkers in a batch.
    """
    assert isinstance(generator, Generator)
    assert family in generator.families
    request = StreamRequest(family, n=n, seed=11, batch_size=batch_size)
    stream = list(generator.batches(request))
    assert [len(batch) for batch in stream] == [request.size_of(k) for k in range(request.n_batches)]
    again = list(generator.batches(request))
    later = list(generator.batches(StreamRequest(family, n=n, seed=11, batch_size=batch_size, start_batch=1)))
    assert _same(stream, again), "the same request gave another stream"
    assert _same(stream[1:], later), "skipping a batch changed the ones after it"
    other = list(generator.batches(StreamRequest(family, n=n, seed=12, batch_size=batch_size)))
    assert not _same(stream, other), "the seed changes nothing"
    for batch in stream:
        for linker in batch:
            _check_linker(linker, family, f"{generator.name}/{generator.version}")


def check_trainable(
    generator: Trainable,
    examples: Sequence[Linker],
    folder: Path,
    *,
    n: int = 10,
    batch_size: int = 4,
) -> ModelRef:
    """Assert the `mofa.generate.Trainable` contract on a short training and a short stream.

    Training reports its progress, gives the same weights for the same request and does not change the generator; what
    it gives survives pickling; the streams drawn with its weights differ from the pre-trained ones, repeat, and can be
    taken up at any batch; a file that is not the generator's own is refused before the first batch; a time limit that
    has run out is a refusal.

    Args:
        generator: what to check; a few seconds of training must be enough for `examples`.
        examples: sound linkers that the generator could have made, alike enough to be learnt from.
        folder: for the weights.
        n: linkers in the stream; more than two batches' worth.
        batch_size: linkers in a batch.

    Returns:
        The trained model, for further checks.
    """
    assert isinstance(generator, Trainable)
    request = StreamRequest(examples[0].family, n=n, seed=11, batch_size=batch_size)
    before = list(generator.batches(request))
    progress: list[float] = []
    model = generator.train(examples, TrainingRequest(seed=3), lambda fraction, text: progress.append(fraction))
    assert isinstance(model, ModelRef), f"the examples were refused: {model}"
    assert progress == sorted(progress), "progress went back"
    assert progress
    assert 0.0 <= progress[0] <= progress[-1] <= 1.0
    again = generator.train(examples, TrainingRequest(seed=3))
    assert isinstance(again, ModelRef)
    assert again.weights == model.weights, "the same request gave other weights"
    assert _same(list(generator.batches(request)), before), "training changed the generator itself"
    _check_model(model, generator.name, len(examples))

    path = folder / f"weights{model.suffix}"
    path.write_bytes(model.weights)
    request = replace(request, weights=path)
    stream = list(generator.batches(request))
    assert not _same(stream, before), "the weights change nothing"
    assert _same(stream, list(generator.batches(request))), "the same weights gave another stream"
    later = list(generator.batches(replace(request, start_batch=1)))
    assert _same(stream[1:], later), "skipping a batch changed the ones after it"
    for linker in (linker for batch in stream for linker in batch):
        _check_linker(linker, request.family, f"{generator.name}/{generator.version}")

    late = generator.train(examples, TrainingRequest(deadline=time.monotonic()))
    assert isinstance(late, Rejected)
    assert (late.stage, late.reason) == (Stage.TRAIN, Reason.TIME_LIMIT)
    _check_bad_weights(generator, request, folder / f"damaged{model.suffix}", model.weights)
    return model


def _check_model(model: ModelRef, name: str, n_examples: int) -> None:
    assert model.generator == name
    assert model.suffix.startswith(".")
    assert model.method
    assert 0 < model.n_examples <= n_examples
    assert model.cpu_s >= 0.0
    assert all(np.isfinite(value) for value in model.metrics.values())
    assert pickle.loads(pickle.dumps(model)) == model


def _check_bad_weights(generator: Trainable, request: StreamRequest, path: Path, weights: bytes) -> None:
    """Weights that are absent, empty, cut off or a pickle (which could run code) are named, not loaded."""
    bad = replace(request, weights=path)
    for content in (None, b"", weights[: len(weights) // 2], pickle.dumps(_Bomb())):
        if content is not None:
            path.write_bytes(content)
        try:
            next(iter(generator.batches(bad)), None)
        except InputError as error:
            assert path.name in str(error), "the error does not name the file"  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
        else:
            raise AssertionError("a damaged weights file was taken")


class _Bomb:
    """Fails the check when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (_explode, ())


def _explode() -> None:
    raise AssertionError("loading the weights ran code from the file")


def _check_linker(linker: RawLinker, family: Family, source: str) -> None:
    assert linker.family is family
    assert linker.source == source
    assert "H" not in linker.symbols
    assert np.isfinite(linker.positions).all()
    distance = np.linalg.norm(linker.positions[:, None] - linker.positions[None, :], axis=2)
    assert distance[~np.eye(len(distance), dtype=bool)].min() > 0.8
    ends = ENDS_OF_FAMILY[family]
    assert len(linker.anchors) == ends.count
    assert len({anchor[0] for anchor in linker.anchors}) == ends.count, "two anchors bind through one atom"
    first = "C" if ends.kind is AnchorKind.CARBOXYLATE else "N"
    for anchor in linker.anchors:
        assert linker.symbols[anchor[0]] == first
        assert set(anchor) <= set(range(len(linker.symbols)))
    for optional in (linker.hydrogens, linker.formal_charges):
        assert optional is None or len(optional) == len(linker.symbols)
    copy = pickle.loads(pickle.dumps(linker))
    assert copy.symbols == linker.symbols
    assert np.array_equal(copy.positions, linker.positions)


def _same(a: list[list[RawLinker]], b: list[list[RawLinker]]) -> bool:
    """Whether two streams hold the same linkers in the same places."""
    if [len(batch) for batch in a] != [len(batch) for batch in b]:
        return False
    pairs = ((x, y) for one, other in zip(a, b, strict=True) for x, y in zip(one, other, strict=True))
    return all(x.symbols == y.symbols and np.array_equal(x.positions, y.positions) for x, y in pairs)
