"""Files of weights: safetensors with the configuration as JSON in the metadata. Reading one cannot run code."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from mofa.errors import InputError

FORMAT = "mofa weights"
SUFFIX = ".safetensors"
_ACTION = "Give a file that `mofa train` or a campaign's retraining wrote with this version of MOFA"


def dump(tensors: Mapping[str, Tensor], config: Mapping[str, Any], *, architecture: str, version: str) -> bytes:
    """Weights and their configuration as the content of a file.

    Args:
        tensors: by name.
        config: JSON-able.
        architecture: name of the model, such as "flow".
        version: of the model; only readers of the same version take the file.
    """
    metadata = {
        "format": FORMAT,
        "architecture": architecture,
        "version": version,
        "config": json.dumps(config, sort_keys=True, allow_nan=False),
    }
    content = save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    return _sealed(content)


def read(source: Path | bytes, *, architecture: str, version: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of a file that `dump` gave.

    Args:
        source: the file, or its content.
        architecture: name of the model that the weights must be for.
        version: that they must be of.

    Raises:
        InputError: no such file, not one of `dump`, truncated, of another model or of another version.
    """
    where = "weights" if isinstance(source, bytes) else source
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise _bad(where, f"cannot be read ({error.strerror or error})") from error
    metadata = _metadata(content, where)
    found = metadata.get("architecture"), metadata.get("version")
    if found != (architecture, version):
        raise _bad(where, f"the weights are of {found[0]} {found[1]}, not of {architecture} {version}")
    damaged = _bad(where, "the file of weights is truncated or damaged")
    if metadata.get("sha256") != _checksum(*_split(content)):
        raise damaged
    try:
        tensors = load_tensors(content)
        config = json.loads(metadata["config"])
    except (SafetensorError, ValueError, KeyError) as error:
        raise damaged from error
    if not isinstance(config, dict):
        raise damaged
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise _bad(where, f"the weights hold numbers that are not finite ({broken[0]})")
    return tensors, config


def config_of(content: bytes) -> dict[str, Any]:
    """The configuration in the content of a file that `dump` gave."""
    header, _ = _split(content)
    config: dict[str, Any] = json.loads(header["__metadata__"]["config"])
    return config


def load_into(model: Any, tensors: Mapping[str, Tensor], where: Path | str = "weights") -> None:
    """Put tensors into a module, all of them and of the right shapes.

    Raises:
        InputError: a tensor is missing, unknown or of another shape.
    """
    try:
        model.load_state_dict(dict(tensors))
    except RuntimeError as error:
        first = str(error).split("\n")[1:2] or [str(error)]
        raise _bad(where, f"the weights do not fit the model: {first[0].strip()}") from error


def _sealed(content: bytes) -> bytes:
    """The file with a checksum, and its header in one order, so that equal weights are one file."""
    header, numbers = _split(content)
    header["__metadata__"]["sha256"] = _checksum(header, numbers)
    written = _in_order(header)
    written += b" " * (-len(written) % 8)
    return struct.pack("<Q", len(written)) + written + numbers


def _split(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a file and the numbers after it."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _checksum(header: dict[str, Any], numbers: bytes) -> str:
    """Of everything in the file but itself."""
    metadata = {key: value for key, value in header["__metadata__"].items() if key != "sha256"}
    return sha256(_in_order({**header, "__metadata__": metadata}) + numbers).hexdigest()


def _in_order(header: dict[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode()


def _metadata(content: bytes, where: Path | str) -> dict[str, str]:
    """The metadata in the header, which is JSON after its length in eight bytes."""
    try:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length]) if 2 <= length <= len(content) - 8 else None
    except (struct.error, ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise _bad(where, "this is no file of weights, or it is truncated")
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise _bad(where, "these weights are not MOFA's")
    return metadata


def _bad(where: Path | str, what: str) -> InputError:
    return InputError(what, where=where, action=_ACTION)
