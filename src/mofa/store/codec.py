"""The chemistry's dataclasses as JSON and back.

Decoding follows the field types, so a new dataclass needs no code here. Frameworks become CIF files in the file store
and leave a reference; NaN and infinities, which JSON lacks, become strings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from mofa.chemistry import (
    Charges,
    Framework,
    Linker,
    Optimized,
    PoreGeometry,
    RawLinker,
    Rejected,
    Stability,
    Uptake,
)
from mofa.chemistry.cif import parse_cif, to_cif
from mofa.errors import StoreError
from mofa.store.files import FileStore

T = TypeVar("T")
TYPE = "$type"
CIF = "$cif"
_TYPES = {
    kind.__name__: kind for kind in (Charges, Linker, Optimized, PoreGeometry, RawLinker, Rejected, Stability, Uptake)
}


def encode(value: object, files: FileStore) -> Any:
    """A dataclass of `mofa.chemistry`, or any part of one, as JSON values.

    Args:
        value: dataclass, array, enum, sequence or scalar.
        files: receives the CIF file of every framework inside.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, (float, np.floating)):
        return _encode_float(float(value))
    if isinstance(value, (np.ndarray, np.generic)):
        return encode(value.tolist(), files)
    if isinstance(value, (tuple, list)):
        return [encode(item, files) for item in value]
    if isinstance(value, Framework):
        return {CIF: put_framework(value, files)}
    if is_dataclass(value):
        named = {field.name: encode(getattr(value, field.name), files) for field in fields(value)}
        kind = type(value).__name__
        return {TYPE: kind, **named} if kind in _TYPES else named
    raise TypeError(f"{type(value).__name__} cannot be stored")


def decode(data: Mapping[str, Any], files: FileStore) -> Any:
    """The dataclass that `encode` was given.

    Raises:
        StoreError: the type is not known, a field is missing, or a referenced file is.
    """
    kind = _TYPES.get(str(data.get(TYPE)))
    if kind is None:
        raise StoreError(
            f"records of type {data.get(TYPE)!r} are not known",
            action="Use the version of MOFA that wrote the campaign",
        )
    return decode_as(kind, data, files)


def decode_as(kind: type[T], data: Mapping[str, Any], files: FileStore | None = None) -> T:
    """A dataclass from the fields that it shares with `data`; others are ignored, missing ones take their default.

    Raises:
        StoreError: a field without a default is missing, or a value does not fit its field.
    """
    hints = _hints(cast(Hashable, kind))
    try:
        known = {name: _decode_value(hints[name], value, files) for name, value in data.items() if name in hints}
        return kind(**known)
    except (TypeError, ValueError, KeyError) as error:
        raise StoreError(
            f"a stored {kind.__name__} cannot be read ({error})", action="Use the version of MOFA that wrote it"
        ) from error


def put_framework(framework: Framework, files: FileStore) -> str:
    """Store a framework as CIF and return the reference."""
    return files.put(to_cif(framework).encode(), ".cif")


def get_framework(ref: str, files: FileStore) -> Framework:
    """The framework behind a reference."""
    return parse_cif(files.get(ref).decode(), where=str(files.path(ref)))


def put_json(value: object, files: FileStore) -> str:
    """Store a dataclass or a list of them as a JSON file and return the reference."""
    return files.put(json.dumps(encode(value, files), allow_nan=False, separators=(",", ":")).encode(), ".json")


def get_json(ref: str, files: FileStore) -> Any:
    """What `put_json` stored; a list comes back as a list."""
    data = json.loads(files.get(ref))
    return [decode(item, files) for item in data] if isinstance(data, list) else decode(data, files)


def _encode_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    """Field name -> type of a dataclass."""
    return get_type_hints(kind)


def _decode_value(hint: Any, value: Any, files: FileStore | None) -> Any:
    """A JSON value as the type of its field."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        (inner,) = (option for option in get_args(hint) if option is not NoneType)
        return None if value is None else _decode_value(inner, value, files)
    if origin is np.ndarray:
        scalar = get_args(get_args(hint)[1])[0]
        return np.array(value, dtype=scalar)
    if origin is tuple:
        inner = get_args(hint)
        repeated = len(inner) == 2 and inner[1] is Ellipsis
        hints = [inner[0]] * len(value) if repeated else inner
        return tuple(_decode_value(item, part, files) for item, part in zip(hints, value, strict=True))
    if hint is Framework:
        if files is None:
            raise TypeError("a framework needs the file store")
        return get_framework(value[CIF], files)
    if is_dataclass(hint) and isinstance(hint, type):
        return decode_as(hint, value, files)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return float(value) if hint is float else value
