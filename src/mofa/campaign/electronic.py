"""What optimise and charges tasks share: a folder to go on in, and the electron density. Runs in workers."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mofa.chemistry import Charges, Optimized, Rejected
from mofa.errors import InputError

if TYPE_CHECKING:
    from mofa.campaign.actions import Job

FOLDER = "electronic"
"""Folder in that of the campaign with a folder for every MOF that is on its way to adsorption, or was refused there."""
OPTIMIZE = "optimize"
"""Start of the names of its folders in it."""
DENSITY = "valence_density.cube"
"""What a cell optimiser leaves there, see `mofa.cp2k.cubes`."""


def optimized(job: Job) -> Optimized | Rejected:
    """Relax a structure in a folder of its own.

    A task that is taken up again goes on where it was. Where it cannot, since the files are damaged, of other settings
    or in use by a run on a lost node, it starts in a folder of its own. The folder stays for the charges, and where the
    relaxation was refused, since it tells why.
    """
    folder = _folder(job) / OPTIMIZE
    if job.accepts("folder"):
        job.give("folder", folder)
    try:
        answer: Optimized | Rejected = job.call(job.framework())
    except InputError:
        if not folder.exists():
            raise
        job.give("folder", Path(tempfile.mkdtemp(prefix=f"{OPTIMIZE}-", dir=folder.parent)))
        answer = job.call(job.framework())
    return answer


def charged(job: Job) -> Charges | Rejected:
    """Charges of a structure, from the density that its optimisation left where the method takes one."""
    from mofa.charges.model import takes_density

    folder = _folder(job)
    if job.accepts("density") and takes_density(job.peek("method")):
        densities = sorted(folder.glob(f"{OPTIMIZE}*/{DENSITY}"), key=lambda path: path.stat().st_mtime_ns)
        if densities:
            job.give("density", densities[-1])
        job.give("folder", folder / "charges")
    answer: Charges | Rejected = job.call(job.framework())
    return answer


def forget(job: Job) -> None:
    """Remove the folder of a MOF whose charges are on record."""
    shutil.rmtree(_folder(job), ignore_errors=True)


def _folder(job: Job) -> Path:
    return job.folder / FOLDER / job.task.subject
