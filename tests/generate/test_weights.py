"""Weights files: what is written comes back; anything else is one clear line, and runs nothing."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from mofa.chemistry import Family
from mofa.errors import InputError
from mofa.generate import generate, weights
from mofa.generate.units import ChoiceKind
from mofa.generate.weights import FamilyWeights

SOURCE = "library/1"
LEARNT = {
    Family.BZN: FamilyWeights(
        40,
        {
            (ChoiceKind.RING_COUNT, "2"): 1.5,
            (ChoiceKind.CORE, "[1*]c1ccc([2*])cc1"): 0.123457,
            (ChoiceKind.PATTERN, "perfluoro"): 1e-9,
            (ChoiceKind.SUBSTITUENT, "F"): 2e9,
            (ChoiceKind.POSITION, "[1*]c1cc([2*])c([3*])cc1[3*]"): 1.0,
            (ChoiceKind.SPACER, "direct"): 3.0,
        },
    )
}


def test_weights_come_back_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(weights.dump(LEARNT, generator=SOURCE, method="test"))
    assert weights.load(path, generator=SOURCE) == LEARNT


def with_factors(factors: Any, **changes: Any) -> bytes:
    content = json.loads(weights.dump(LEARNT, generator=SOURCE, method="test"))
    content["families"]["BZN"]["factors"] = factors
    content.update(changes)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (pickle.dumps({"format": "mofa library weights"}), "not JSON"),
        (b"[]", "not a weights file"),
        (b'{"format": "other"}', "not a weights file"),
        (with_factors({}, format_version=2), "format 2"),
        (with_factors({}, generator="library/2"), "library/2"),
        (with_factors({}, generator="x" * 10_000), "library/1"),
        (with_factors({}, families={"XYZ": {}}), "`families`"),
        (with_factors({}, families=[]), "`families`"),
        (with_factors({}, families={"BCA": {}}), "`factors`"),
        (with_factors({}, families={"BCA": {"factors": {}, "n_examples": True}}), "`n_examples`"),
        (with_factors([]), "`factors`"),
        (with_factors({"colour": {}}), "colour"),
        (with_factors({"spacer": []}), "spacer"),
        (with_factors({"spacer": {"[1*]CC[2*]": 1.0}}), "no spacer '[1*]CC[2*]'"),
        (with_factors({"substituent": {"C#N": 1.0}}), "no substituent 'C#N'"),
        (with_factors({"spacer": {"direct": 0.0}}), "not a positive number"),
        (with_factors({"spacer": {"direct": float("nan")}}), "not a positive number"),
        (with_factors({"spacer": {"direct": float("inf")}}), "not a positive number"),
        (with_factors({"spacer": {"direct": 10**400}}), "not a positive number"),
        (with_factors({"spacer": {"direct": "1"}}), "not a positive number"),
        (with_factors({"spacer": {"direct": True}}), "not a positive number"),
    ],
)
def test_bad_weights_are_one_clear_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        generate("BZN", weights=path, generator="library")
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert message in text
    assert "\n" not in text
    assert len(text) < 500


@pytest.mark.parametrize("name", ["none.json", "."])
def test_files_that_cannot_be_read_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        generate("BCA", weights=tmp_path / name, generator="library")
