"""When a retrained generator may take the place of the pre-trained one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mofa.chemistry import Family, Linker, RawLinker, Reason, Rejected
from mofa.chemistry.molecules import from_smiles
from mofa.errors import InputError
from mofa.evaluate import acceptance
from mofa.evaluate.acceptance import Acceptance, accept
from mofa.evaluate.gate import gate
from mofa.evaluate.outcomes import Counts, Sample
from mofa.evaluate.shares import Share
from mofa.generate import train
from tests.evaluate.samples import features, passed, refused, sample

BEFORE = Share(90, 100)


def sound_linker(smiles: str) -> Linker:
    raw = from_smiles(smiles)
    assert isinstance(raw, RawLinker)
    linker = gate(raw)
    assert isinstance(linker, Linker)
    return linker


def verdict(monkeypatch: pytest.MonkeyPatch, fresh: Sample, examples: Sequence[Linker] = ()) -> Acceptance:
    monkeypatch.setattr(acceptance, "_fresh", lambda *_: fresh)
    return accept(b"", generator="graph", families=[Family.BZN], examples=examples, before=BEFORE)


def test_a_good_retraining_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = verdict(monkeypatch, sample(*[passed()] * 82, *[refused(Reason.VALENCE)] * 18, counts=Counts(100, 0, 2)))
    assert judged.accepted
    assert judged.gated_yield == Share(82, 100)
    assert judged.uniqueness == Share(98, 100)


def test_a_lower_yield_is_refused_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = verdict(monkeypatch, sample(*[passed()] * 80, *[refused(Reason.VALENCE)] * 20, counts=Counts(100, 0, 2)))
    assert not judged.accepted
    assert judged.reason == "the gated yield went from 0.90 to 0.80, below 0.9 times"


def test_failed_draws_lower_the_yield(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not verdict(monkeypatch, sample(*[passed()] * 100, counts=Counts(150, 50, 0))).accepted


def test_a_generator_that_repeats_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = verdict(monkeypatch, sample(*[passed()] * 100, counts=Counts(200, 0, 100)))
    assert not judged.accepted
    assert "0.50 of its linkers are different" in judged.reason


def test_copies_of_examples_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    example = sound_linker("N#Cc1ccc(cc1)C=Cc1ccc(C#N)cc1")
    key = acceptance.identity_of(example.smiles)
    fresh = sample(*[passed()] * 94, *[passed(features(key=key))] * 6, counts=Counts(100, 0, 0))
    judged = verdict(monkeypatch, fresh, (example,))
    assert judged.copies == Share(6, 100)
    assert not judged.accepted
    assert "0.06 of its linkers are copies" in judged.reason


def test_nothing_sound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = verdict(monkeypatch, sample())
    assert (judged.accepted, judged.reason) == (False, "it makes no sound linker")


def test_a_retrained_library_is_judged_and_the_old_one_measured_once(tmp_path: Path) -> None:
    acceptance.gated_yield_before.cache_clear()
    examples = [sound_linker("N#Cc1ccc(cc1)C=Cc1ccc(C#N)cc1"), sound_linker("N#Cc1ccc(C#N)cc1")]
    model = train(examples, generator="library")
    assert not isinstance(model, Rejected)
    file = tmp_path / "weights.json"
    file.write_bytes(model.weights)
    options = {
        "generator": "library",
        "families": [Family.BZN],
        "examples": examples,
        "n": 4,
        "seed": 7,
        "max_heavy_atoms": 16,
    }
    by_bytes, by_file = accept(model.weights, **options), accept(file, **options)
    assert by_bytes.gated_yield == by_file.gated_yield
    assert by_bytes.gated_yield.n == 4
    assert acceptance.gated_yield_before.cache_info().misses == 1


def test_weights_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        accept(b"no weights", generator="library", families=[Family.BZN], examples=[], n=4, before=BEFORE)
