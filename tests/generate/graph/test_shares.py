"""Sizes and lengths: how often they come, and which sizes fit a length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mofa.generate.graph.corpus import Entry
from mofa.generate.graph.model import N_LENGTHS, length_bin
from mofa.generate.graph.shares import Shares
from mofa.generate.moflinker.vocabulary import MAX_CORE_ATOMS

SHORT, LONG = "*c1ccc(*)cc1", "*c1ccc(-c2ccc(*)cc2)cc1"
SHARES = Shares.of([Entry(SHORT, 5.8), Entry(SHORT, 5.7), Entry(SHORT), Entry(LONG, 10.1)])


def test_shares_count_sizes_and_their_lengths() -> None:
    assert SHARES.sizes.sum() == pytest.approx(1.0)
    assert SHARES.sizes[6] == pytest.approx(3 * SHARES.sizes[12])
    assert SHARES.lengths[6, length_bin(5.8) - 1] == 1.0
    assert SHARES.lengths[12, length_bin(10.1) - 1] == 1.0
    assert not SHARES.lengths[7].any()


def test_a_length_decides_the_size_where_any_size_has_it() -> None:
    sizes = range(6, 21)
    free = SHARES.odds(sizes, None)
    assert free.sum() == pytest.approx(1.0)
    assert (free > 0).all()
    assert SHARES.odds(sizes, 10.0)[12 - 6] == 1.0
    assert SHARES.odds(sizes, 6.2)[0] == 1.0
    assert np.array_equal(SHARES.odds(sizes, 20.0), free)
    assert SHARES.odds(range(13, 16), 10.0).tolist() == pytest.approx([1 / 3] * 3)


def test_lengths_are_told_apart_by_the_angstrom() -> None:
    assert length_bin(9.6) == length_bin(10.0) == length_bin(10.4) == length_bin(9.4) + 1
    assert (length_bin(0.5), length_bin(99.0)) == (1, N_LENGTHS)


def test_shares_survive_a_file_and_what_is_none_is_named() -> None:
    again = Shares.checked(SHARES.to_json())
    assert np.allclose(again.sizes, SHARES.sizes, atol=1e-6)
    assert np.allclose(again.lengths, SHARES.lengths, atol=1e-6)
    moved = SHARES.moved(np.eye(MAX_CORE_ATOMS + 1)[12], 0.5)
    assert moved.sizes[12] == pytest.approx(0.5 + 0.5 * SHARES.sizes[12], abs=1e-3)
    only = SHARES.moved(np.eye(MAX_CORE_ATOMS + 1)[12], 1.0)
    assert Shares.checked(only.to_json()).sizes[12] > 0.99
    good = SHARES.to_json()
    bad: list[Any] = [None, {}, {**good, "sizes": [1.0]}, {**good, "lengths": [[2.0]]}, {**good, "sizes": ["x"] * 21}]
    bad.append({**good, "sizes": [0.0] * 21})
    for values in bad:
        with pytest.raises(ValueError, match=r"shares|could not convert"):
            Shares.checked(values)
