"""Conformance of linker generators. The author of a plug-in calls `check_generator` in a test of his own."""

from __future__ import annotations

import pickle

import numpy as np

from mofa.chemistry import Family, RawLinker
from mofa.generate import Generator, StreamRequest


def check_generator(generator: Generator, *, family: Family = Family.BCA, n: int = 10, batch_size: int = 4) -> None:
    """Assert the `mofa.generate.Generator` contract on a short stream.

    Same request, same stream; batches before `start_batch` are skipped without changing those after; sizes as asked;
    heavy atoms only, finite, apart; two anchors on existing atoms; values that survive pickling.

    Args:
        generator: what to check.
        family: of the stream.
        n: linkers in the stream; more than two batches' worth.
        batch_size: linkers in a batch.
    """
    assert isinstance(generator, Generator)
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


def _check_linker(linker: RawLinker, family: Family, source: str) -> None:
    assert linker.family is family
    assert linker.source == source
    assert "H" not in linker.symbols
    assert np.isfinite(linker.positions).all()
    distance = np.linalg.norm(linker.positions[:, None] - linker.positions[None, :], axis=2)
    assert distance[~np.eye(len(distance), dtype=bool)].min() > 0.8
    assert len(linker.anchors) == 2
    first = {Family.BCA: "C", Family.BZN: "N"}[family]
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
