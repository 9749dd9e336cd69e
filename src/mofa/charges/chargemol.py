"""DDEC6 by Chargemol, the program of the method's authors, where the user has it.

It reads a folder with ``valence_density.cube``, which it knows by that name, and ``job_control.txt``. MOFA writes both,
runs it, and reads ``DDEC6_even_tempered_net_atomic_charges.xyz``. MOFA's own DDEC6 (`mofa.charges.ddec6`) needs no
such program. DOI 10.1039/C6RA04656H.
"""

from __future__ import annotations

import gzip
import math
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.charges.ddec6.cube import read_header
from mofa.charges.model import RawCharges
from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.elements import atomic_number
from mofa.cp2k.folders import run_folder
from mofa.cp2k.kinds import VALENCE_ELECTRONS
from mofa.errors import EngineError, EngineMissingError
from mofa.isolate import Progress, TimeLimitError, die_with_parent, run_isolated
from mofa.programs import split_command
from mofa.textfiles import write_text

METHOD = "ddec6-chargemol"
WHERE = "chargemol"
INSTALL = (
    "Run: conda install -c conda-forge chargemol, or see https://ddec.sourceforge.net, and give its path as --command"
)
DENSITIES_VARIABLE = "CHARGEMOL_ATOMIC_DENSITIES"
DENSITY, JOB, OUTPUT, RESULT = (
    "valence_density.cube",
    "job_control.txt",
    "chargemol.log",
    "DDEC6_even_tempered_net_atomic_charges.xyz",
)
REPORT_EVERY_S = 0.5
_DENSITIES_BESIDE = ("atomic_densities", "../atomic_densities", "../share/chargemol/atomic_densities")


class ChargemolCharges:
    """The `ChargeModel` of Chargemol.

    Args:
        density: cube file with the valence density of this very geometry, by GTH pseudopotentials.
        command: the program, found on the PATH, or its command line.
        threads: OpenMP threads.
        folder: where its files stay; empty: a scratch folder, which stays only when it fails.
    """

    def __init__(self, density: str, command: str = "chargemol", threads: int = 1, folder: str = "") -> None:
        self._density = Path(density)
        self._command = command
        self._threads = threads
        self._folder = Path(folder) if folder else None

    @property
    def label(self) -> str:
        """Name of the method."""
        return METHOD

    def charges(
        self, framework: Framework, *, time_limit_s: float, on_progress: Progress | None = None
    ) -> RawCharges | Rejected:
        """One run of the program in a folder of its own; see `ChargeModel.charges`.

        Raises:
            InputError: the density cannot be read, or is not of this structure.
        """
        words, densities = find_program(self._command)
        read_header(self._density).check(framework)
        unknown = tuple(k for k, symbol in enumerate(framework.symbols) if symbol not in VALENCE_ELECTRONS)
        if unknown:
            names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
            detail = f"no GTH pseudopotential is known for {names}"
            return Rejected(Stage.CHARGES, Reason.UNKNOWN_ELEMENT, detail, unknown)
        with run_folder(self._folder) as run:
            place_density(self._density, run.path)
            write_text(run.path / JOB, job_control(framework.symbols, densities))
            (run.path / RESULT).unlink(missing_ok=True)  # of an earlier run in a folder that stays
            try:
                cpu_s = run_isolated(
                    run_here, words, run.path, time_limit_s=time_limit_s, on_progress=on_progress, threads=self._threads
                )
            except TimeLimitError as error:
                what = f"{error.what}; the files are in {run.path}"
                raise TimeLimitError(what, where=WHERE, action=error.action) from error
            return RawCharges(read_result(run.path, framework.symbols), cpu_s=cpu_s, converged=None)


def find_program(command: str) -> tuple[tuple[str, ...], Path]:
    """The words of the command, and the folder of the program's atomic densities.

    Raises:
        EngineMissingError: either is missing.
        InputError: the command cannot be read.
    """
    words = split_command(command, example="chargemol", program="Chargemol")
    program = shutil.which(words[0])
    if program is None:
        raise EngineMissingError(f"there is no program {command!r}", where=WHERE, action=INSTALL)
    program = os.path.abspath(program)
    given = os.environ.get(DENSITIES_VARIABLE)
    beside = Path(program).resolve().parent
    places = [Path(given)] if given else [beside / place for place in _DENSITIES_BESIDE]
    for place in places:
        if place.is_dir():
            return (program, *words[1:]), place.resolve()
    raise EngineMissingError(
        f"its atomic densities are not in {' or '.join(str(place) for place in places)}",
        where=WHERE,
        action=f"Set {DENSITIES_VARIABLE} to the folder atomic_densities that came with it",
    )


def place_density(density: Path, folder: Path) -> None:
    """Put the cube into the folder under the name that Chargemol knows: unpacked, or as a link."""
    target = folder / DENSITY
    if target.exists() and target.samefile(density):
        return
    target.unlink(missing_ok=True)
    if density.suffix == ".gz":
        with gzip.open(density, "rb") as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    else:
        target.symlink_to(density.absolute())


def job_control(symbols: Sequence[str], densities: Path) -> str:
    """Text of ``job_control.txt`` for a neutral crystal.

    Args:
        symbols: elements of the structure.
        densities: folder of Chargemol's atomic densities.
    """
    numbers = {symbol: atomic_number(symbol) for symbol in symbols}
    by_number = sorted(numbers, key=lambda symbol: numbers[symbol])
    sections = {
        "net charge": ["0.0"],
        "periodicity along A, B, and C vectors": [".true."] * 3,
        "atomic densities directory complete path": [f"{densities}/"],
        "charge type": ["DDEC6"],
        "compute BOs": [".false."],
        "number of core electrons": [f"{numbers[s]} {numbers[s] - VALENCE_ELECTRONS[s]}" for s in by_number],
    }
    return "\n".join("\n".join([f"<{tag}>", *lines, f"</{tag}>", ""]) for tag, lines in sections.items())


def run_here(words: tuple[str, ...], folder: Path, *, on_progress: Progress) -> float:
    """Run the program in its folder as a child of this process, with which it dies; its CPU time, s.

    Raises:
        EngineError: it failed.
    """
    with (folder / OUTPUT).open("wb") as output:
        child = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
    while True:
        on_progress(0.0, "Chargemol")
        try:
            code = child.wait(REPORT_EVERY_S)
            break
        except subprocess.TimeoutExpired:
            continue
    if code != 0:
        how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        raise _failure(folder, f"the program {how}")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_result(folder: Path, symbols: Sequence[str]) -> NDArray[np.float64]:
    """Charges that Chargemol wrote, e, ``[n_atoms]``.

    Raises:
        EngineError: it wrote none, or not those of these atoms.
    """
    try:
        lines = (folder / RESULT).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise _failure(folder, f"the program ended without {RESULT}") from error
    try:
        count = int(lines[0])
        rows = [line.split() for line in lines[2 : 2 + count]]
        found = tuple(row[0] for row in rows)
        values = np.array([float(row[4]) for row in rows])
    except (ValueError, IndexError) as error:
        raise _failure(folder, f"{RESULT} cannot be read ({error})") from error
    if len(values) != count or count != len(symbols):
        raise _failure(folder, f"{RESULT} has {min(len(values), count)} atoms, the structure {len(symbols)}")
    if found != tuple(symbols):
        raise _failure(folder, f"{RESULT} lists other elements than the structure, or another order")
    if not all(map(math.isfinite, values)):
        raise _failure(folder, f"{RESULT} has charges that are not finite")
    return values


def _failure(folder: Path, what: str) -> EngineError:
    """An error that quotes the program's last words and says where its files are."""
    text = (folder / OUTPUT).read_text(encoding="utf-8", errors="replace") if (folder / OUTPUT).exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = f"; its last words: {lines[-1]!r}" if lines else ""
    return EngineError(f"{what}{last}", where=folder, action=f"Its files are kept there; see {OUTPUT}")
