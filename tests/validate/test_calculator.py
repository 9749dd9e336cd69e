"""ASE calculators as force fields, for real: Stillinger-Weber-like silicon by ASE's Tersoff, carbon by GFN1-xTB."""

from __future__ import annotations

import numpy as np
import pytest

from mofa.chemistry import Reason, Stability
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.testing.validate import check_force_field_engine
from mofa.validate import validate
from mofa.validate.calculator import CalculatorEngine, CalculatorRelaxation, parse_option
from tests.validate.frameworks import diamond, paddlewheel

TERSOFF = "tests.validate.silicon:silicon_calculator"
SILICON_ANG = 5.432
SHORT = {"engine": "ase", "calculator": TERSOFF, "chunk_steps": 10, "checkpoint_steps": 20, "supercell": (1, 1, 1)}


def _silicon(a_ang=SILICON_ANG):
    return diamond("Si", a_ang)


def test_it_keeps_the_engine_contract():
    check_force_field_engine(CalculatorEngine(TERSOFF), _silicon(), steps=40, supercell=(2, 2, 2))


def test_a_prolonged_run_is_the_long_run(tmp_path):
    path = tmp_path / "run.restart"
    whole = validate(_silicon(), steps=60, **SHORT)
    first = validate(_silicon(), steps=40, restart=path, **SHORT)
    longer = validate(_silicon(), steps=60, restart=path, **SHORT)
    assert isinstance(whole, Stability)
    assert first.strain_trace == whole.strain_trace[:4]
    assert longer.strain_trace == pytest.approx(whole.strain_trace, rel=1e-6)
    assert longer.method.startswith("tests.validate.silicon:silicon_calculator, ASE ")


def test_relaxation_finds_the_cell():
    result = validate(
        _silicon(1.03 * SILICON_ANG),
        engine="ase-relax",
        calculator=TERSOFF,
        steps=200,
        chunk_steps=10,
        supercell=(1, 1, 1),
    )
    a = np.linalg.norm(result.framework.cell, axis=1)
    np.testing.assert_allclose(a, SILICON_ANG, atol=2e-3)
    assert result.strain == pytest.approx(1 - 1 / 1.03, abs=1e-3)
    assert len(result.strain_trace) == 20
    assert result.strain_trace[-1] == result.strain_trace[-2]  # a relaxed cell stays as it is


@pytest.mark.engine
def test_xtb_holds_diamond_together():
    pytest.importorskip("tblite", reason="pip install tblite")
    result = validate(
        diamond("C", 3.567),
        engine="ase",
        calculator="tblite.ase:TBLite",
        calculator_options=["method=GFN1-xTB", "verbosity=0"],
        steps=20,
        chunk_steps=10,
        supercell=(1, 1, 1),
    )
    assert result.strain < 0.05
    assert result.method.startswith("tblite.ase:TBLite")


def test_elements_that_the_calculator_does_not_know_are_named():
    refused = validate(diamond("C", 3.57), **SHORT)
    assert refused.reason is Reason.UNTYPED
    assert "cannot describe C" in refused.detail
    assert refused.atoms == tuple(range(8))


def test_a_calculator_that_fails_whatever_it_is_given_is_an_error():
    mof = paddlewheel()
    with pytest.raises(EngineError, match=r"does not work \(MemoryError: out of memory"):
        validate(mof, engine="ase", calculator="tests.validate.silicon:out_of_memory", steps=10)


def test_time_limit():
    refused = validate(_silicon(), steps=10**7, time_limit_s=2.0, **SHORT)
    assert refused.reason is Reason.TIME_LIMIT


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"calculator": ""}, InputError, "names no ASE calculator"),
        ({"calculator": "mace"}, InputError, "names no ASE calculator"),
        ({"calculator": "no.such.package:Calculator"}, EngineMissingError, "cannot be imported"),
        ({"calculator": "ase.calculators.emt:Nothing"}, EngineMissingError, "cannot be imported"),
        ({"calculator": TERSOFF, "calculator_options": ["colour=blue"]}, InputError, "cannot be made"),
        ({"calculator": TERSOFF, "calculator_options": ["blue"]}, InputError, "is no option of a calculator"),
        ({"engine": "lammps", "calculator": TERSOFF}, InputError, "'lammps' has no option calculator"),
        ({"calculator": TERSOFF, "command": "lmp"}, InputError, "'ase' has no option command"),
        ({"calculator": "tests.validate.silicon:stressless"}, InputError, "gives no energy, forces or stress"),
    ],
)
def test_bad_calculators_are_named(options, error, message):
    with pytest.raises(error, match=message):
        validate(_silicon(), **{"engine": "ase", "steps": 10, **options})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("device=cpu", ("device", "cpu")),
        ("a = 1", ("a", 1)),
        ("b=2.5e-3", ("b", 0.0025)),
        ("c=True", ("c", True)),
        ("d=x=y", ("d", "x=y")),
    ],
)
def test_options(text, expected):
    assert parse_option(text) == expected


def test_relaxation_is_a_calculator_engine():
    assert CalculatorRelaxation(TERSOFF).relax
