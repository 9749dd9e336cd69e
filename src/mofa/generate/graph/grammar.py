"""Which token may come next: brackets and rings are closed, there are two ends, and bonds lead somewhere.

Valences are not looked at; those the network has to know. All states are arrays over the rows that are being written.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mofa.generate.graph.tokens import (
    ATOMS,
    BONDS,
    CLOSE,
    DIGITS,
    END_INDEX,
    INDEX,
    OPEN,
    STAR,
    STAR_INDEX,
    VOCABULARY,
)

_N = len(VOCABULARY)
_CLOSE, _OPEN = INDEX[CLOSE], INDEX[OPEN]
_DIGITS = slice(INDEX[DIGITS[0]], INDEX[DIGITS[-1]] + 1)
LEAST_RING_STEP = 2
"""Atoms from the opening to the closing of a ring along the row, at least."""
_NO_RING = -1


def _followers() -> NDArray[np.bool_]:
    """Whether a token may follow another as far as these two decide, ``[vocabulary, vocabulary]``."""

    def mask(tokens: Iterable[str]) -> NDArray[np.bool_]:
        row = np.zeros(_N, dtype=bool)
        row[[INDEX[token] for token in tokens]] = True
        return row

    table = np.zeros((_N, _N), dtype=bool)
    table[[INDEX[token] for token in ATOMS]] = mask(VOCABULARY)
    table[[INDEX[token] for token in DIGITS]] = mask(VOCABULARY)
    table[[INDEX[token] for token in BONDS]] = mask((*ATOMS, *DIGITS))
    table[_OPEN] = mask((STAR, *ATOMS, *BONDS))
    table[_CLOSE] = mask((STAR, *ATOMS, *BONDS, OPEN))
    table[STAR_INDEX] = mask((CLOSE, VOCABULARY[END_INDEX]))
    return table


FOLLOWERS = _followers()


class Grammar:
    """State of rows that all begin with ``*``."""

    def __init__(self, n_rows: int) -> None:
        self._stars = np.ones(n_rows, dtype=np.int64)
        self._depth = np.zeros(n_rows, dtype=np.int64)
        self._atoms = np.zeros(n_rows, dtype=np.int64)
        self._opened = np.full((n_rows, len(DIGITS)), _NO_RING, dtype=np.int64)
        self._last = np.full(n_rows, STAR_INDEX, dtype=np.int64)

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Whether each token may come next, ``[n_rows, vocabulary]``."""
        table = FOLLOWERS[self._last]
        first = self._atoms == 0
        if first.any():
            table[first] = False
            table[np.ix_(first, [INDEX[token] for token in ATOMS])] = True
        open_ring = self._opened != _NO_RING
        both = self._stars == 2
        closed = ~open_ring.any(axis=1)
        table[:, END_INDEX] &= both & (self._depth == 0) & closed
        # Outside all branches nothing but <end> can follow the second anchor.
        table[:, STAR_INDEX] &= ~both & ((self._depth > 0) | closed)
        table[:, _CLOSE] &= self._depth > 0
        too_small = open_ring & (self._atoms[:, None] - self._opened < LEAST_RING_STEP)
        table[:, _DIGITS] &= ~too_small
        return table

    def take(self, tokens: NDArray[np.int64]) -> None:
        """Go on with these tokens, one a row."""
        is_digit = (tokens >= _DIGITS.start) & (tokens < _DIGITS.stop)
        rows = np.flatnonzero(is_digit)
        if len(rows):
            columns = tokens[rows] - _DIGITS.start
            was_closed = self._opened[rows, columns] == _NO_RING
            self._opened[rows, columns] = np.where(was_closed, self._atoms[rows], _NO_RING)
        self._atoms += _IS_ATOM[tokens]
        self._stars += tokens == STAR_INDEX
        self._depth += (tokens == _OPEN).astype(np.int64) - (tokens == _CLOSE)
        self._last = tokens

    def keep(self, rows: NDArray[np.integer]) -> None:
        """Go on with some of the rows only."""
        for name in ("_stars", "_depth", "_atoms", "_opened", "_last"):
            setattr(self, name, getattr(self, name)[rows])


_IS_ATOM = np.zeros(_N, dtype=np.int64)
_IS_ATOM[[INDEX[token] for token in ATOMS]] = 1
