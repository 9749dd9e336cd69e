"""The chemistry's dataclasses as JSON and back.

Decoding follows the field types, so a new dataclass needs no code here. Frameworks become CIF files in the file store
and leave a reference; NaN and infinities, which JSON lacks, become strings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

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
Decoder: TypeAlias = Callable[[Any, FileStore | None], Any]
TYPE = "$type"
CIF = "$cif"
_TYPES = {
    kind.__name__: kind for kind in (Charges, Linker, Optimized, PoreGeometry, RawLinker, Rejected, Stability, Uptake)
}


def encode(value: object, files: FileStore) -> Any:
    """A dataclass of `mofa.chemistry`, or any part of one, as JSON values.

    Args:
        value: dataclass, array, enum, sequence, mapping from names, or scalar.
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
    if isinstance(value, Mapping):
        return {str(name): encode(item, files) for name, item in value.items()}
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
    decoders = _decoders(cast(Hashable, kind))
    known = {}
    try:
        for name, value in data.items():
            if name in decoders:
                decode_field = decoders[name]
                known[name] = value if decode_field is None else decode_field(value, files)
        return kind(**known)
    except (TypeError, ValueError, KeyError) as error:
        raise StoreError(
            f"a stored {kind.__name__} cannot be read ({error})", action="Use the version of MOFA that wrote it"
        ) from error


def fields_of(value: Any) -> Any:
    """A dataclass of scalars, dataclasses and tuples of them as JSON values; mappings inside are taken as they are.

    Much faster than `dataclasses.asdict`, which copies whatever it meets.
    """
    if isinstance(value, tuple):
        return [fields_of(part) for part in value]
    names = _names(cast(Hashable, type(value)))
    return {name: fields_of(getattr(value, name)) for name in names} if names else value


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
def _names(kind: Hashable) -> tuple[str, ...]:
    """The fields of a dataclass; none for any other type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


@cache
def _decoders(kind: Hashable) -> dict[str, Decoder | None]:
    """Field name -> decoder of a dataclass; None where the JSON value is the value."""
    return {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}


def _decoder(hint: Any) -> Decoder | None:
    """How to make a value of a type from its JSON value, found once for each field; None if there is nothing to do."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        (inner,) = (option for option in get_args(hint) if option is not NoneType)
        return _optional(_decoder(inner))
    if origin is np.ndarray:
        scalar = get_args(get_args(hint)[1])[0]
        return lambda value, _: np.array(value, dtype=scalar)
    if origin is tuple:
        parts = get_args(hint)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return _tuple_of(_decoder(parts[0]))
        return _tuple_like([_decoder(part) for part in parts])
    if origin is Mapping:
        return _mapping_of(_decoder(get_args(hint)[1]))
    if hint is Framework:
        return _decode_framework
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value, files: decode_as(hint, value, files)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value, _: hint(value)
    return (lambda value, _: float(value)) if hint is float else None


def _optional(decoder: Decoder | None) -> Decoder | None:
    if decoder is None:
        return None
    return lambda value, files: None if value is None else decoder(value, files)


def _tuple_of(decoder: Decoder | None) -> Decoder:
    if decoder is None:
        return lambda value, _: tuple(value)
    return lambda value, files: tuple([decoder(part, files) for part in value])


def _mapping_of(decoder: Decoder | None) -> Decoder | None:
    if decoder is None:
        return None
    return lambda value, files: {name: decoder(part, files) for name, part in value.items()}


def _tuple_like(decoders: list[Decoder | None]) -> Decoder:
    def decode_tuple(value: Any, files: FileStore | None) -> Any:
        parts = zip(decoders, value, strict=True)
        return tuple(part if decoder is None else decoder(part, files) for decoder, part in parts)

    return decode_tuple


def _decode_framework(value: Any, files: FileStore | None) -> Framework:
    if files is None:
        raise TypeError("a framework needs the file store")
    return get_framework(value[CIF], files)
