"""The weights file of the library: factors by which training has changed each building choice, as JSON.

    {"format": "mofa library weights", "format_version": 1, "generator": "library/1", "method": "...",
     "families": {"BCA": {"n_examples": 64, "factors": {"spacer": {"[1*]C#C[2*]": 2.41, ...}, ...}}, ...}}

A factor of 2 makes a choice twice as likely against the others of its kind; choices and families that are not named
stay as they were. Reading a file checks every name and number and can run no code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any

from mofa.chemistry import Family
from mofa.errors import InputError
from mofa.generate.chains import Factors, chain_space, ring_count
from mofa.generate.decompose import LEARNT_FAMILIES
from mofa.generate.units import Choice, ChoiceKind

FORMAT = "mofa library weights"
FORMAT_VERSION = 1
SUFFIX = ".json"
LARGEST_FACTOR = 1e12
_DIGITS = 6


@dataclass(frozen=True)
class FamilyWeights:
    """What was learnt of one family."""

    n_examples: int
    factors: Factors


LibraryWeights = Mapping[Family, FamilyWeights]
"""Families without examples are not named: they stay as they were."""


def dump(weights: LibraryWeights, *, generator: str, method: str) -> bytes:
    """The weights as the content of a file."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "generator": generator,
        "method": method,
        "families": {
            family.value: {"n_examples": known.n_examples, "factors": _sections(known.factors)}
            for family, known in weights.items()
        },
    }
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


def _sections(factors: Factors) -> dict[str, dict[str, float]]:
    return {
        kind.value: {
            name: float(f"{min(max(factor, 1 / LARGEST_FACTOR), LARGEST_FACTOR):.{_DIGITS}g}")
            for (found, name), factor in factors.items()
            if found is kind
        }
        for kind in ChoiceKind
    }


def load(path: Path, *, generator: str) -> LibraryWeights:
    """The weights in a file.

    Args:
        path: what `dump` gave.
        generator: name and version that must have written it.

    Raises:
        InputError: no such file, another format, another generator, or a choice or number that makes no sense.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        raise _bad(path, "the weights are not JSON") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _bad(path, "this is not a weights file of the library generator")
    if content.get("format_version") != FORMAT_VERSION or content.get("generator") != generator:
        written_by = f"{short(content.get('generator'))}, format {short(content.get('format_version'))}"
        raise _bad(path, f"the weights are of {written_by}, not of {generator!r}, format {FORMAT_VERSION}")
    families = content.get("families")
    if not isinstance(families, dict) or not set(families) <= set(LEARNT_FAMILIES):
        raise _bad(path, f"`families` is not a table of {', '.join(LEARNT_FAMILIES)}")
    return {Family(name): _family(path, Family(name), value) for name, value in families.items()}


def _family(path: Path, family: Family, value: Any) -> FamilyWeights:
    if not isinstance(value, dict) or not isinstance(value.get("factors"), dict):
        raise _bad(path, f"{family} has no table `factors`")
    n_examples = value.get("n_examples")
    if not isinstance(n_examples, int) or isinstance(n_examples, bool) or n_examples < 1:
        raise _bad(path, f"`n_examples` of {family} is {short(n_examples)}")
    known = _known_choices(family)
    factors: dict[Choice, float] = {}
    for section, entries in value["factors"].items():
        if section not in list(ChoiceKind) or not isinstance(entries, dict):
            raise _bad(path, f"{family}: {short(section)} is no table of building choices")
        for name, factor in entries.items():
            choice = (ChoiceKind(section), name)
            if choice not in known:
                raise _bad(path, f"{family}: the library has no {section} {short(name)}")
            factors[choice] = _factor(path, f"{family}: {section} {name!r}", factor)
    return FamilyWeights(n_examples, factors)


def _factor(path: Path, where: str, value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 1 / LARGEST_FACTOR <= value <= LARGEST_FACTOR:
        return float(value)
    raise _bad(path, f"{where} has the factor {short(value)}, not a positive number")


def _known_choices(family: Family) -> set[Choice]:
    space = chain_space(family)
    parts = (*space.rings, *space.spacers)
    return {*map(ring_count, space.ring_count_weights), *(choice for part in parts for choice in part.choices)}


def _bad(path: Path, what: str) -> InputError:
    return InputError(what, where=path, action="Give a file that `mofa train` or a campaign's retraining wrote")
