"""Sizes of a stream: what is asked for, within the limit of heavy atoms and the trained range."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mofa.chemistry import Family
from mofa.errors import InputError
from mofa.generate import StreamRequest
from mofa.generate.conditions import Conditions
from mofa.generate.moflinker.sizes import core_sizes

REQUEST = StreamRequest(Family.BCA, n=1)


def test_sizes_keep_to_what_is_asked_and_to_the_limit_of_heavy_atoms() -> None:
    assert core_sizes(REQUEST) == range(6, 21)
    assert core_sizes(replace(REQUEST, max_heavy_atoms=30)) == range(6, 13)
    assert core_sizes(replace(REQUEST, max_heavy_atoms=60)) == range(6, 21)
    assert core_sizes(replace(REQUEST, family=Family.BZN, max_heavy_atoms=30)) == range(6, 15)
    asked = Conditions(core_atoms=(8, 18))
    assert core_sizes(replace(REQUEST, max_heavy_atoms=30, conditions=asked)) == range(8, 13)


@pytest.mark.parametrize(
    ("core_atoms", "max_heavy_atoms", "message"),
    [
        ((4, 12), 40, r"core_atoms is \(4, 12\); the generator was trained on 6 to 20"),
        ((8, 24), 60, r"core_atoms is \(8, 24\); the generator was trained on 6 to 20"),
        (None, 23, "max_heavy_atoms is 23, which leaves 5 core atoms between the prompts of BCA; 6 are the fewest"),
        ((12, 14), 28, "max_heavy_atoms is 28, which leaves 10 core atoms between the prompts of BCA; 12 are the"),
    ],
)
def test_sizes_outside_are_refused(core_atoms: tuple[int, int] | None, max_heavy_atoms: int, message: str) -> None:
    conditions = Conditions(core_atoms=core_atoms)
    with pytest.raises(InputError, match=message):
        core_sizes(replace(REQUEST, max_heavy_atoms=max_heavy_atoms, conditions=conditions))
