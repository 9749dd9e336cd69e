"""Files of weights: what was written is read; anything else is one clear line, and never code."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from mofa.errors import InputError
from mofa.generate.learning.checkpoint import dump, load_into, read

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, 2], dtype=torch.int16)}
CONFIG = {"width": 16, "recipe": {"steps": 3, "loss": None}, "names": ["x", "y"]}
CONTENT = dump(TENSORS, CONFIG, architecture="flow", version="1")


def test_a_file_gives_back_tensors_and_configuration(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(CONTENT)
    for source in (path, CONTENT):
        tensors, config = read(source, architecture="flow", version="1")
        assert config == CONFIG
        assert tensors.keys() == TENSORS.keys()
        for name, tensor in TENSORS.items():
            assert torch.equal(tensors[name], tensor)
            assert tensors[name].dtype == tensor.dtype
    assert dump(TENSORS, CONFIG, architecture="flow", version="1") == CONTENT


def test_tensors_that_need_gradients_or_are_views_can_be_written() -> None:
    odd = {"t": torch.ones(4, 6, requires_grad=True)[:, ::2].T}
    assert torch.equal(
        read(dump(odd, {}, architecture="a", version="1"), architecture="a", version="1")[0]["t"], odd["t"]
    )


@pytest.mark.parametrize(("architecture", "version"), [("graph", "1"), ("flow", "2")])
def test_weights_of_another_model_or_version_are_refused(architecture: str, version: str) -> None:
    with pytest.raises(InputError, match=f"the weights are of flow 1, not of {architecture} {version}"):
        read(CONTENT, architecture=architecture, version=version)


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("code from the file was run",))


def _header(header: object) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


FOREIGN = {
    "empty": b"",
    "text": b"hello, this is some text that is no file of weights at all",
    "half": CONTENT[: len(CONTENT) // 2],
    "one byte short": CONTENT[:-1],
    "header only": CONTENT[:40],
    "longer": CONTENT + b"0",
    "one bit changed": CONTENT[:-3] + bytes([CONTENT[-3] ^ 1]) + CONTENT[-2:],
    "pickle": pickle.dumps(_Bomb()),
    "no metadata": save({"a": torch.ones(2)}),
    "other metadata": save({"a": torch.ones(2)}, {"format": "pt"}),
    "header is a list": _header([1, 2]),
    "metadata is a list": _header({"__metadata__": ["format"]}),
    "huge length": struct.pack("<Q", 2**63) + b"{}",
    "deep": struct.pack("<Q", 200_000) + b"[" * 200_000,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_file_of_weights_is_one_clear_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(InputError) as caught:
        read(path, architecture="flow", version="1")
    assert "bad.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.action


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.safetensors: cannot be read \(No such file"):
        read(tmp_path / "none.safetensors", architecture="flow", version="1")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory"):
        read(tmp_path, architecture="flow", version="1")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(value: float) -> None:
    broken = dump({"fine": torch.ones(2), "broken": torch.tensor([1.0, value])}, {}, architecture="flow", version="1")
    with pytest.raises(InputError, match=r"not finite \(broken\)"):
        read(broken, architecture="flow", version="1")


def test_a_configuration_must_be_json_without_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump({}, {"loss": float("nan")}, architecture="flow", version="1")


def test_tensors_must_fit_the_model() -> None:
    good = nn.Linear(3, 2)
    model = nn.Linear(3, 2)
    load_into(model, good.state_dict())
    assert torch.equal(model.weight, good.weight)
    for wrong in (
        {"weight": good.weight},
        {**good.state_dict(), "more": torch.ones(1)},
        {"weight": torch.ones(2, 4), "bias": good.bias},
    ):
        with pytest.raises(InputError, match="the weights do not fit the model") as caught:
            load_into(model, wrong, "file.safetensors")
        assert "\n" not in str(caught.value)
        assert caught.value.where == "file.safetensors"
