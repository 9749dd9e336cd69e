"""The LAMMPS text, against golden files; rewrite them with ``MOFA_REWRITE_GOLDEN=1``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mofa.build import build
from mofa.chemistry import Reason, Rejected
from mofa.errors import InputError
from mofa.isolate import run_isolated
from mofa.validate import lammps_files
from mofa.validate.lammps_worker import open_lammps
from tests.validate.frameworks import molecule, paddlewheel, sheared

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "part"), [("zn-bdc-dcb.data", 0), ("zn-bdc-dcb.in", 1)])
def test_golden(name, part):
    text = lammps_files(paddlewheel(), supercell=(1, 1, 1), data_name="zn-bdc-dcb.data")[part]
    path = GOLDEN / name
    if os.environ.get("MOFA_REWRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize(
    ("name", "node", "net", "linker"),
    [
        ("mof-5", "zn4o", "pcu", "OC(=O)c1ccc(cc1)C(=O)O"),
        ("uio-66", "zr6", "fcu", "OC(=O)c1ccc(cc1)C(=O)O"),
        ("hkust-1", "cu-paddlewheel", "tbo", "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"),
    ],
)
def test_golden_force_fields(name, node, net, linker):
    """Counts, types and coefficients of known frameworks: all of the data file but coordinates and topology."""
    data, _ = lammps_files(build(node, net, [linker]), supercell=(1, 1, 1))
    head, rest = data.split("\n", 1)[1].split("Atoms # molecular")[0].split("0.0 ", 1)
    text = head + rest.split("xy xz yz\n", 1)[1]
    path = GOLDEN / f"{name}.coefficients"
    if os.environ.get("MOFA_REWRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_counts_scale_with_the_supercell():
    one, eight = (lammps_files(paddlewheel(), supercell=s)[0].splitlines() for s in ((1, 1, 1), (2, 2, 2)))
    for single, many in zip(one[2:7], eight[2:7], strict=True):
        assert int(many.split()[0]) == 8 * int(single.split()[0])
    assert one[7:12] == eight[7:12]


def test_refusals_and_bad_options():
    refused = lammps_files(molecule("CCO")[0])
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.NOT_PERIODIC
    with pytest.raises(InputError, match="supercell"):
        lammps_files(paddlewheel(), supercell=(0, 1, 1))


def run_input(data, script, *, on_progress):
    """Run a user's input file; the last step and the files it wrote."""
    Path("mof.data").write_text(data)
    Path("in.mof").write_text(script)
    lmp = open_lammps()
    lmp.file("in.mof")
    step = int(lmp.get_thermo("step"))
    lmp.close()
    return step, sorted(path.name for path in Path().iterdir())


@pytest.mark.engine
def test_written_input_runs_as_it_is():
    data, script = lammps_files(sheared(paddlewheel()), steps=20, chunk_steps=10, supercell=(1, 1, 1))
    step, names = run_isolated(run_input, data, script, time_limit_s=60)
    assert step >= 20  # the quench counts its iterations as steps
    assert {"dump.lammpstrj", "final.data"} <= set(names)
