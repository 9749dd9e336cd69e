"""Reading CP2K's output: of 2023.1, and in the words of newer versions."""

from __future__ import annotations

import math

import pytest

from mofa.cp2k.outputs import Output
from mofa.errors import EngineError
from tests.cp2k.fake import ABORT, CONVERGED, RESULTS, SCF, STEP

NOT_CONVERGED = "\n *** WARNING in qs_scf.F:601 :: SCF run NOT converged ***\n\n"
END = """ The number of warnings for this run is : 2
  **** **** ******  **  PROGRAM ENDED AT                 2026-11-27 07:36:06.960
"""
NEWER_RESULTS = """
 ENERGY| Total FORCE_EVAL ( QS ) energy [hartree]           -1.200000000000000

 FORCES| Atomic forces [hartree/bohr]
 FORCES| Atom     x               y               z              |f|
 FORCES|    1  3.00000000E-03  0.00000000E+00  4.00000000E-03  5.00000000E-03
 FORCES|    2  1.00000000E-03  0.00000000E+00  0.00000000E+00  1.00000000E-03
 FORCES| Sum   4.00000000E-03  0.00000000E+00  4.00000000E-03  5.65685425E-03

 STRESS| Analytical stress tensor [GPa]
 STRESS| 1/3 Trace                                             1.25000000000E+00

 OPT| Step number                                                              1
 OPT| Optimization method                                                 L-BFGS
 OPT| Total energy [hartree]                                       -1.2000000000
 OPT| Internal pressure [bar]                                   12500.0000000000
"""


def read(text: str) -> Output:
    output = Output()
    for line in text.splitlines():
        output.read(line)
    return output


def results(energy_ha: float) -> str:
    return RESULTS.format(energy=f"{energy_ha:.15f}")


@pytest.mark.parametrize("step", [results(-1.2) + STEP, NEWER_RESULTS])
def test_a_step(step: str) -> None:
    output = read(
        " CP2K| version string:  CP2K version 2023.1\n" + SCF + CONVERGED + results(-1.1) + SCF + CONVERGED + step
    )
    assert output.version == (2023, 1)
    assert [evaluation.energy_ha for evaluation in output.evaluations] == [-1.1, -1.2]
    (done,) = output.steps
    assert done.evaluation is output.evaluations[1]
    assert done.evaluation.max_force_ha_per_bohr == pytest.approx(0.005)
    assert (done.energy_ha, done.evaluation.pressure_gpa) == (-1.2, 1.25)
    assert output.all_converged
    assert not output.ended
    assert not output.optimised


@pytest.mark.parametrize(
    ("unit", "trace"), [("bar", 12500.0), ("kbar", 12.5), ("GPa", 1.25), ("Pa", 1.25e9), ("au_p", 4.24866e-5)]
)
def test_pressures_are_in_the_unit_of_their_header(unit: str, trace: float) -> None:
    text = NEWER_RESULTS.replace("tensor [GPa]", f"tensor [{unit}]").replace("1.25000000000E+00", f"{trace:.11E}")
    assert read(SCF + CONVERGED + text).evaluations[0].pressure_gpa == pytest.approx(1.25, rel=1e-5)


def test_a_pressure_without_a_unit_is_none() -> None:
    text = NEWER_RESULTS.replace(" STRESS| Analytical stress tensor [GPa]\n", "")
    assert math.isnan(read(SCF + CONVERGED + text).evaluations[0].pressure_gpa)


def test_forces_are_in_the_unit_of_their_header() -> None:
    text = NEWER_RESULTS.replace("[hartree/bohr]", "[eV/angstrom]")
    assert read(SCF + CONVERGED + text).evaluations[0].max_force_ha_per_bohr == pytest.approx(0.005 / 51.4220675)


@pytest.mark.parametrize(("known", "keyword"), [("GPa", "STRESS_UNIT"), ("hartree/bohr", "FORCE_UNIT")])
def test_a_unit_that_is_not_known_is_named(known: str, keyword: str) -> None:
    with pytest.raises(EngineError, match=rf"unit 'furlong'.*{keyword}: .*{known.lower()}"):
        read(SCF + CONVERGED + NEWER_RESULTS.replace(f"[{known}]", "[furlong]"))


def test_a_running_field() -> None:
    output = read(SCF)
    assert (output.scf_step, output.scf_change) == (2, 0.25293405)
    assert output.evaluations == []


def test_a_field_that_did_not_converge_is_seen_whatever_follows() -> None:
    output = read(SCF + NOT_CONVERGED + results(-1.1) + SCF + CONVERGED + results(-1.2) + STEP + END)
    assert [evaluation.converged for evaluation in output.evaluations] == [False, True]
    assert [evaluation.scf_steps for evaluation in output.evaluations] == [2, 2]
    assert not output.all_converged
    assert output.ended


def test_a_field_without_a_word_on_convergence_counts_as_not_converged() -> None:
    assert not read(SCF + results(-1.1)).all_converged


def test_a_step_belongs_to_the_energy_it_names() -> None:
    """After a line search the last energy may be that of a trial which was not taken."""
    output = read(SCF + CONVERGED + results(-1.2) + SCF + NOT_CONVERGED + results(-1.15) + STEP)
    assert output.steps[0].evaluation is output.evaluations[0]


def test_words_of_an_abort() -> None:
    assert read(ABORT).abort == (
        "The requested basis set <FOO-GTH> for element <C> was not found in the basis set files <BASIS_MOLOPT>"
    )


def test_energies_without_forces() -> None:
    output = read(SCF + CONVERGED + " ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:   -17.5\n" + END)
    assert output.evaluations[0].energy_ha == -17.5
    assert math.isnan(output.evaluations[0].max_force_ha_per_bohr)
    assert math.isnan(output.evaluations[0].pressure_gpa)
