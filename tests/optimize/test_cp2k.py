"""Real CP2K on cells: stored energies, conformance, kill and resume, unconverged fields, any orientation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Optimized, Reason, Rejected
from mofa.cp2k.outputs import parse_output
from mofa.cp2k.program import version
from mofa.cp2k.restarts import read_restart
from mofa.errors import InputError
from mofa.optimize import Relaxation, optimize
from mofa.optimize.cp2k import Cp2kOptimizer
from mofa.testing.optimize import check_cell_optimizer
from mofa.units import HARTREE_TO_EV
from tests.cp2k.cases import SZV, edited_template, electrons, hydrogen, left_running, needs_cp2k
from tests.structures import dry_ice

pytestmark = [pytest.mark.engine, needs_cp2k]
STORED_VERSION = "2023.1"
START_HA, END_HA = -150.29374697383, -150.3466901907
JOB = {"max_steps": 12, "fmax_ev_per_ang": 0.25}
KILLED = """
import sys
from pathlib import Path
from mofa.optimize import Relaxation
from mofa.optimize.cp2k import Cp2kOptimizer
from tests.optimize.test_cp2k import JOB, carbon_dioxide
optimizer = Cp2kOptimizer(template=sys.argv[2], cutoff_ry=200.0, basis_set="SZV-MOLOPT-SR-GTH")
optimizer.relax(carbon_dioxide(), Relaxation(**JOB, folder=Path(sys.argv[1])), time_limit_s=600.0)
"""


def carbon_dioxide():
    """Dry ice with the long bonds that the smallest basis set gives it."""
    return dry_ice(bond_ang=1.22)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """MOFA's, content with a pressure within 1 GPa."""
    path = tmp_path_factory.mktemp("template") / "mine.inp"
    return edited_template(path, ("PRESSURE_TOLERANCE 500.0", "PRESSURE_TOLERANCE 10000.0"))


@pytest.fixture(scope="module")
def optimizer(template: str) -> Cp2kOptimizer:
    return Cp2kOptimizer(template=template, cutoff_ry=200.0, basis_set=SZV)


@pytest.fixture(scope="module")
def relaxed(optimizer: Cp2kOptimizer, tmp_path_factory: pytest.TempPathFactory) -> Optimized:
    """Dry ice, relaxed without interruption."""
    job = Relaxation(**JOB, folder=tmp_path_factory.mktemp("dry-ice"))
    result = optimizer.relax(carbon_dioxide(), job, time_limit_s=600.0)
    assert isinstance(result, Optimized), str(result)
    return result


def test_dry_ice_relaxes_to_the_energy_it_had_before(relaxed: Optimized) -> None:
    assert relaxed.converged
    assert relaxed.max_force_ev_per_ang <= JOB["fmax_ev_per_ang"]
    assert abs(relaxed.pressure_gpa) < 1.0
    tolerance_ha = 1e-6 if version() == STORED_VERSION else 1e-2
    assert relaxed.energy_trace_ev[0] / HARTREE_TO_EV == pytest.approx(START_HA, abs=tolerance_ha)
    assert relaxed.energy_ev / HARTREE_TO_EV == pytest.approx(END_HA, abs=tolerance_ha)


def test_dry_ice_stays_cubic_and_its_density_is_kept(relaxed: Optimized) -> None:
    a, b, c, *angles = relaxed.framework.cell_parameters()
    assert np.allclose([b, c], a, atol=1e-3)
    assert np.allclose(angles, 90.0, atol=0.01)
    cube = Path(relaxed.density_cube)
    assert electrons(cube) == pytest.approx(64.0, abs=1e-2)
    assert len(list(cube.parent.glob("*.cube"))) == 1


def test_a_killed_relaxation_goes_on_and_ends_at_the_same_energy(
    optimizer: Cp2kOptimizer, template: str, relaxed: Optimized, tmp_path: Path
) -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), template], cwd=Path(__file__).parents[2])
    symbols = carbon_dioxide().symbols
    while read_restart(tmp_path / "cell-opt-1-1.restart", symbols) is None:
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.1)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    time.sleep(0.5)
    assert not left_running(tmp_path), "CP2K dies with its caller"
    result = optimizer.relax(carbon_dioxide(), Relaxation(**JOB, folder=tmp_path), time_limit_s=600.0)
    assert isinstance(result, Optimized), str(result)
    assert result.converged
    assert result.resumed_at_step >= 1
    assert "SCF_GUESS RESTART" in (tmp_path / "cell-opt-2.inp").read_text()
    assert result.energy_trace_ev[0] == pytest.approx(relaxed.energy_trace_ev[0], abs=1e-4)
    assert result.energy_ev == pytest.approx(relaxed.energy_ev, abs=0.02)
    assert np.allclose(result.framework.cell, relaxed.framework.cell, atol=0.02)
    assert list(tmp_path.glob("*.cube")) == [Path(result.density_cube)], "that of the last geometry, and no other"


def test_conformance() -> None:
    check_cell_optimizer(Cp2kOptimizer(cutoff_ry=100.0, basis_set=SZV), hydrogen(), max_steps=3)


def test_the_orientation_of_the_cell_does_not_matter(tmp_path: Path) -> None:
    turn = np.linalg.qr(np.array([[1.0, 0.4, 0.2], [-0.3, 1.0, 0.5], [0.1, -0.6, 1.0]]))[0]
    turn *= np.sign(np.linalg.det(turn))
    optimizer = Cp2kOptimizer(cutoff_ry=100.0, basis_set=SZV)
    straight = optimizer.relax(hydrogen(), Relaxation(max_steps=1), time_limit_s=300.0)
    job = Relaxation(max_steps=1, folder=tmp_path)
    turned = optimizer.relax(hydrogen(rotation=turn), job, time_limit_s=300.0)
    assert isinstance(straight, Optimized)
    assert isinstance(turned, Optimized)
    assert turned.energy_ev == pytest.approx(straight.energy_ev, abs=1e-4)
    assert np.allclose(turned.framework.cell, straight.framework.cell @ turn, atol=1e-4)
    assert np.allclose(turned.framework.positions, straight.framework.positions @ turn, atol=1e-4)
    lines = Path(turned.density_cube).read_text().split("\n")
    steps = np.array([[float(x) for x in line.split()] for line in lines[3:6]])
    assert np.allclose(steps[:, :1] * steps[:, 1:] * 0.529177, turned.framework.cell, atol=1e-3)
    atoms = np.array([[float(x) for x in line.split()[2:]] for line in lines[6:8]]) * 0.529177
    shifts = np.linalg.solve(turned.framework.cell.T, (atoms - turned.framework.positions).T)
    assert np.allclose(shifts, np.round(shifts), atol=1e-3)


def relaxed_with(folder: Path, *edits: tuple[str, str], basis_set: str) -> Optimized | Rejected:
    """One step of hydrogen with a template that differs from MOFA's."""
    return optimize(
        hydrogen(),
        method="cp2k",
        template=edited_template(folder / "mine.inp", *edits),
        cutoff_ry=100.0,
        basis_set=basis_set,
        max_steps=1,
        folder=folder / "run",
    )


def test_a_field_on_the_way_that_does_not_converge_is_told(tmp_path: Path) -> None:
    """That of the start has no chance with a single iteration; those after it begin with its wave function."""
    edits = ("MAX_SCF 60", "MAX_SCF 1"), ("EPS_SCF $eps_scf", "EPS_SCF 1e-3")
    relaxed = relaxed_with(tmp_path, *edits, basis_set=SZV)
    assert isinstance(relaxed, Optimized), str(relaxed)
    output = parse_output(tmp_path / "run" / "cell-opt-1.out")
    assert [evaluation.converged for evaluation in output.evaluations][:: len(output.evaluations) - 1] == [False, True]
    assert not relaxed.converged


def test_a_last_field_that_does_not_converge_is_refused(tmp_path: Path) -> None:
    edits = ("MAX_SCF 60", "MAX_SCF 2"), ("EPS_SCF $eps_scf", "EPS_SCF 1e-15")
    refused = relaxed_with(tmp_path, *edits, basis_set="DZVP-MOLOPT-SR-GTH")
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.NOT_CONVERGED
    assert str(tmp_path / "run") in refused.detail


def test_a_basis_set_that_cp2k_lacks_is_named_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="FOO"):
        optimize(hydrogen(), method="cp2k", basis_set="FOO", folder=tmp_path)
    assert not list(tmp_path.glob("*.out"))
