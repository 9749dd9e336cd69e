"""Where a run's files lie, and whether they stay."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mofa.errors import InputError, MofaError, OutputError
from mofa.textfiles import make_writable_folder

LOCK = "mofa-run.lock"
"""File that a run keeps locked in a folder that was given."""


@dataclass
class RunFolder:
    """The folder of a run."""

    path: Path
    stays: bool
    """Whether its files are still there when the run is over."""

    def keep(self) -> None:
        """Let the files stay, since something went wrong and they tell what."""
        self.stays = True


@contextmanager
def run_folder(folder: Path | None) -> Iterator[RunFolder]:
    """A folder to run CP2K in: the given one, or a scratch folder that goes away at the end of the block.

    A scratch folder stays where the block ends with a `MofaError`, and where `RunFolder.keep` was called, as
    `single_point` and the cell optimiser do for a run that they refuse.

    A given folder is locked for the length of the block; the lock ends with its process, however that ends.

    Raises:
        InputError: another run is at work in it.
        OutputError: it cannot be made or written.
    """
    if folder is not None:
        make_writable_folder(folder)
        with _locked(folder):
            yield RunFolder(folder.absolute(), stays=True)
        return
    run = RunFolder(Path(tempfile.mkdtemp(prefix="mofa-cp2k-")), stays=False)
    try:
        yield run
    except MofaError:
        run.keep()
        raise
    finally:
        if not run.stays:
            shutil.rmtree(run.path, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, where its file system has locks."""
    try:
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise OutputError(what, where=folder / LOCK, action="Choose another folder") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            action = "Wait until that has ended, or choose another folder"
            raise InputError("the folder is in use by another run", where=folder, action=action) from error
        except OSError:
            pass  # a network file system without locks
        yield
