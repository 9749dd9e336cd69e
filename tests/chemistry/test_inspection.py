from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mofa.chemistry import Framework, Reason, Stage
from mofa.chemistry.inspection import inspect
from tests.structures import irmof1


def _with_position(framework: Framework, atom: int, position: list[float]) -> Framework:
    positions = framework.positions.copy()
    positions[atom] = position
    return framework.with_geometry(positions, framework.cell)


def test_a_sound_framework_passes() -> None:
    assert inspect(irmof1(), Stage.VALIDATE) is None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda f: _with_position(f, 7, [np.nan, 0, 0]), Reason.NOT_FINITE),
        (lambda f: replace(f, cell=np.full((3, 3), np.inf)), Reason.NOT_FINITE),
        (lambda f: f.with_charges(np.full(len(f), np.nan), "x"), Reason.NOT_FINITE),
        (lambda f: _with_position(f, 7, (f.positions[20] + 0.2).tolist()), Reason.OVERLAP),
        (lambda f: replace(f, cell=f.cell * [[1], [1], [0]]), Reason.NOT_PERIODIC),
        (lambda f: replace(f, cell=f.cell[[1, 0, 2]]), Reason.NOT_PERIODIC),
        (lambda f: replace(f, cell=f.cell * 0.3), Reason.NOT_PERIODIC),
        (lambda f: replace(f, symbols=("Qq", *f.symbols[1:])), Reason.UNKNOWN_ELEMENT),
    ],
)
def test_what_no_engine_should_be_given_is_named(spoil, reason: Reason) -> None:
    refused = inspect(spoil(irmof1()), Stage.ADSORB)
    assert refused is not None
    assert refused.reason is reason
    assert refused.stage is Stage.ADSORB


def test_an_overlap_names_the_atoms() -> None:
    mof5 = irmof1()
    refused = inspect(_with_position(mof5, 7, (mof5.positions[20] + 0.2).tolist()), Stage.VALIDATE)
    assert refused is not None
    assert refused.atoms == (7, 20)
