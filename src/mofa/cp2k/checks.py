"""Whether CP2K can be run as settings say, found out before the work."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np

from mofa.chemistry import Framework, Stage
from mofa.cp2k.datafiles import refuse_missing
from mofa.cp2k.inputs import Task, input_text, read_template
from mofa.cp2k.program import find_program, found_words
from mofa.cp2k.settings import Cp2kSettings
from mofa.errors import EngineMissingError

LAUNCHERS = frozenset(
    "mpirun mpiexec mpiexec.hydra mpirun.openmpi mpiexec.openmpi mpirun.mpich mpiexec.mpich mpirun_rsh orterun prun"
    " prterun srun salloc aprun jsrun lrun ibrun flux ccc_mprun runjob".split()
)
"""Programs that start others on the nodes of a job, and may have none where the check is made."""
_BINARY = re.compile(r"cp2k(\.[ps](smp|opt|dbg))?")
_ANY_VERSION: tuple[int, ...] = (2023, 1)


def check_settings(settings: Cp2kSettings) -> None:
    """Find the program, read the template, and look for the basis set in CP2K's data files.

    A program is asked for its version, as it is before every run. An MPI launcher is only looked for, not started; the
    CP2K that it launches is asked without it, where it is here, and its data files count if it answers.

    Raises:
        EngineMissingError: there is no such program, or it is no CP2K.
        InputError: the template cannot be used, or CP2K has no such basis set.
    """
    words = found_words(settings)
    read_template(settings)
    version, data = _ANY_VERSION, _named_data()
    if not any(Path(word).name in LAUNCHERS for word in words):
        program = find_program(settings)
        version, data = program.version, program.data
    elif data is None:
        data = _data_of_launched(settings, words)
    atoms = Framework("check", ("C", "H"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.1]]), 10.0 * np.eye(3))
    text = input_text(atoms, settings, Task("check", "ENERGY", atoms.cell, atoms.fractional), version)
    refuse_missing(atoms, text, folder=None, data=data, stage=Stage.OPTIMIZE)


def _named_data() -> Path | None:
    named = os.environ.get("CP2K_DATA_DIR")
    return Path(named) if named else None


def _data_of_launched(settings: Cp2kSettings, words: tuple[str, ...]) -> Path | None:
    """Data folder of the CP2K that a launcher starts, if it is here and answers by itself."""
    binary = next((word for word in words if _BINARY.fullmatch(Path(word).name)), None)
    if binary is None:
        return None
    try:
        return find_program(replace(settings, command=shlex.quote(binary))).data
    except EngineMissingError:
        return None
