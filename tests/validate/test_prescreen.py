"""The cheap guess: it ranks, and refuses only what cannot be simulated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mofa.chemistry import Reason, Rejected
from mofa.validate.prescreen import LOST, expected_strain
from tests.validate.frameworks import diamond, molecule, paddlewheel, sheared

pytestmark = pytest.mark.engine


def test_a_squeezed_framework_is_expected_to_go_further():
    sound = expected_strain(paddlewheel(), steps=400)
    assert 0.0 < sound < 0.1
    assert expected_strain(sheared(paddlewheel(), strain=0.3), steps=400) > 2 * sound


def test_it_is_reproducible():
    assert expected_strain(paddlewheel(), steps=80) == expected_strain(paddlewheel(), steps=80)
    assert expected_strain(paddlewheel(), steps=80) != expected_strain(paddlewheel(), steps=80, seed=2)


def test_a_cell_that_is_too_small_is_repeated():
    assert expected_strain(diamond("C", 3.57), steps=40) < 0.05


def test_only_what_cannot_be_simulated_is_refused():
    untyped = expected_strain(replace(paddlewheel(), symbols=("Rb", "Rb", *paddlewheel().symbols[2:])))
    assert isinstance(untyped, Rejected)
    assert untyped.reason is Reason.UNTYPED
    assert expected_strain(molecule("CCO")[0]).reason is Reason.NOT_PERIODIC
    assert expected_strain(paddlewheel(), steps=10**8, time_limit_s=2.0) == LOST
