"""Where a run's files lie, and whether they stay."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mofa.errors import MofaError
from mofa.textfiles import make_writable_folder


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

    Raises:
        OutputError: it cannot be made or written.
    """
    if folder is not None:
        make_writable_folder(folder)
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
