"""What optimise and charges tasks share: a folder to go on in, and the electron density. Runs in workers."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mofa.chemistry import Charges, Optimized, Rejected

if TYPE_CHECKING:
    from mofa.campaign.actions import Job

FOLDER = "electronic"
"""Folder in that of the campaign with a folder for every MOF whose optimisation or charges are not done."""


def optimized(job: Job) -> Optimized | Rejected:
    """Relax a structure in a folder of its own.

    A task that is taken up again goes on where it was. The folder stays while the charges need its density, and where
    the relaxation was refused, since it tells why.
    """
    folder = _folder(job)
    if job.accepts("folder"):
        job.give("folder", folder / "optimize")
    answer: Optimized | Rejected = job.call(job.framework())
    if isinstance(answer, Optimized) and not answer.density_cube:
        shutil.rmtree(folder, ignore_errors=True)
    return answer


def charged(job: Job) -> Charges | Rejected:
    """Charges of a structure, from the density that its optimisation left where the method takes one."""
    folder = _folder(job)
    if job.accepts("density") and (parameters := _options_of_model(job)):
        density = folder / "optimize" / DENSITY
        if "density" in parameters and density.is_file():
            job.give("density", density)
        if "folder" in parameters:
            job.give("folder", folder / "charges")
    answer: Charges | Rejected = job.call(job.framework())
    if isinstance(answer, Charges):
        shutil.rmtree(folder, ignore_errors=True)
    return answer


DENSITY = "valence_density.cube"
"""What a cell optimiser leaves in its folder, see `mofa.cp2k.cubes`."""


def _folder(job: Job) -> Path:
    return job.folder / FOLDER / job.task.subject


def _options_of_model(job: Job) -> set[str]:
    """Options of the charge model's own."""
    from mofa.charges import CHARGE_MODELS

    return set(inspect.signature(CHARGE_MODELS.load(job.peek("method"))).parameters)
