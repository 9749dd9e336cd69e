"""The CP2K of this machine: whether it is there, its version, its data files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mofa.cp2k.datafiles import data_folder
from mofa.cp2k.settings import Cp2kSettings
from mofa.errors import EngineMissingError

INSTALL = "apt-get install --no-install-recommends cp2k libopenblas0-openmp"
VERSION_LIMIT_S = 60.0
# Variables by which an MPI launcher makes a process a rank of its own job.
_MPI_VARIABLES = ("PMI_", "PMIX_", "HYDI_", "MPI_LOCAL", "OMPI_COMM_WORLD", "OMPI_UNIVERSE")


@dataclass(frozen=True)
class Program:
    """A CP2K that answered."""

    words: tuple[str, ...]
    """Its command line, without files."""
    threads: int
    version: tuple[int, ...]
    data: Path | None
    """Folder of its data files, where that is known."""

    @property
    def name(self) -> str:
        """Program and version, for example ``CP2K 2023.1``."""
        return f"CP2K {'.'.join(str(part) for part in self.version)}"

    def environment(self) -> dict[str, str]:
        """The environment to run it in."""
        return environment(os.environ, self.threads)


def environment(outer: Mapping[str, str], threads: int) -> dict[str, str]:
    """An environment for a process of its own MPI job with that many threads."""
    kept = {name: value for name, value in outer.items() if not name.startswith(_MPI_VARIABLES)}
    return kept | {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}


def find_program(settings: Cp2kSettings) -> Program:
    """The program that the command starts.

    It is asked for its version once in the life of this process, through its launcher if it has one.

    Raises:
        EngineMissingError: there is none, or it does not start.
    """
    words = found_words(settings)
    version, data = _ask(words, os.environ.get("CP2K_DATA_DIR", ""))
    return Program(words, settings.threads, version, data)


def found_words(settings: Cp2kSettings) -> tuple[str, ...]:
    """The words of the command line, as they mean the same program in any folder: files named by a path, absolute.

    Raises:
        EngineMissingError: there is no program of the first word's name.
    """
    first, *rest = settings.words
    program = shutil.which(first)
    if program is None:
        raise EngineMissingError(
            f"there is no program {first!r}", where="cp2k", action=f"Run: {INSTALL}, or give its command line"
        )
    files = [os.path.abspath(word) if os.sep in word and os.path.isfile(word) else word for word in rest]
    return os.path.abspath(program), *files


def version() -> str:
    """Version of the CP2K that runs where no command is given.

    Raises:
        EngineMissingError: there is none, or it does not start.
    """
    return find_program(Cp2kSettings()).name.removeprefix("CP2K ")


@lru_cache(maxsize=8)
def _ask(words: tuple[str, ...], data: str) -> tuple[tuple[int, ...], Path | None]:
    """Version and data folder of the program; `data` only keeps answers apart."""
    del data
    with tempfile.TemporaryDirectory(prefix="mofa-", ignore_cleanup_errors=True) as scratch:
        try:
            done = subprocess.run(
                [*words, "--version"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=VERSION_LIMIT_S,
                check=False,
                stdin=subprocess.DEVNULL,
                cwd=scratch,
                env=environment(os.environ, 1),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            what = f"{' '.join(words)} does not start ({error})"
            raise EngineMissingError(what, where="cp2k", action="Try it in a terminal with --version") from error
    found = re.search(r"CP2K version (\d+)\.(\d+)", done.stdout)
    if found is None:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        what = f"{' '.join(words)} is no working CP2K ({said[-1].strip()})"
        raise EngineMissingError(what, where="cp2k", action=f"Correct the command, or run: {INSTALL}")
    return (int(found[1]), int(found[2])), data_folder(done.stdout)
