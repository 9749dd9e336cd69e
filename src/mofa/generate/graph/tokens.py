"""Core SMILES as tokens: one for each atom, bond, branch and ring digit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

END, STAR = "<end>", "*"
ATOMS = ("C", "N", "O", "F", "S", "Cl", "Br", "c", "n", "o", "s", "[nH]", "[N+]", "[O-]")
BONDS = ("=", "#", "-")
OPEN, CLOSE = "(", ")"
DIGITS = ("1", "2", "3", "4", "5", "6")
VOCABULARY = (END, STAR, *ATOMS, *BONDS, OPEN, CLOSE, *DIGITS)
"""Every core begins with ``*``, its first anchor carbon; ``<end>`` also fills up shorter rows."""
INDEX = {token: k for k, token in enumerate(VOCABULARY)}
END_INDEX, STAR_INDEX = INDEX[END], INDEX[STAR]
MAX_TOKENS = 72
"""Longest row, ``<end>`` included; no core of 20 atoms needs more than about 60."""
_PATTERN = re.compile(r"\[[^\]]+\]|Cl|Br|%\d\d|.")


def tokens_of(smiles: str) -> list[str]:
    """The tokens of a SMILES."""
    return _PATTERN.findall(smiles)


def is_atom(token: str) -> bool:
    """Whether a token stands for an atom, ``*`` included."""
    return token[0].isalpha() or token[0] in "[*"


def encode(smiles: str) -> list[int] | None:
    """Indices of the tokens of a core SMILES that begins with ``*``, or None where one is unknown or it is too long."""
    indices = [INDEX.get(token, -1) for token in tokens_of(smiles)]
    if not indices or indices[0] != STAR_INDEX or min(indices) < 1 or len(indices) >= MAX_TOKENS:
        return None
    return indices


def decode(indices: Sequence[int]) -> str:
    """The SMILES of a row of indices, up to the first ``<end>``."""
    row = list(indices)
    stop = row.index(END_INDEX) if END_INDEX in row else len(row)
    return "".join(VOCABULARY[k] for k in row[:stop])


def rows(encoded: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Encoded SMILES one below another, each closed with ``<end>`` and filled up with it, ``[n, longest + 1]``."""
    table = np.full((len(encoded), max(map(len, encoded), default=0) + 1), END_INDEX, dtype=np.int64)
    for row, indices in zip(table, encoded, strict=True):
        row[: len(indices)] = indices
    return table


def spelling(core: Any, pick: int, *, canonical: bool) -> list[int] | None:
    """One of the ways to write a core, from one of its ends, as indices; None where it has other tokens.

    Args:
        core: RDKit molecule with two ``*``.
        pick: an odd number begins at the second end.
        canonical: whether RDKit decides the order of branches; otherwise the order of the atoms does.
    """
    from rdkit import Chem

    ends = [atom.GetIdx() for atom in core.GetAtoms() if atom.GetAtomicNum() == 0]
    return encode(Chem.MolToSmiles(core, canonical=canonical, rootedAtAtom=ends[pick % len(ends)]))
