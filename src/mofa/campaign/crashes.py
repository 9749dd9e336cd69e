"""What is kept of a task that crashed every time: everything that is needed to run it again by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from mofa.campaign.tasks import Task
from mofa.store.durable import RESUME, store_error
from mofa.store.folder import CampaignFolder

SCRATCH = "work"
"""Folder in a campaign's folder where costly tasks have their working directories."""


def keep_crash(folder: CampaignFolder, task: Task, error: str) -> Path:
    """Fill ``crashed/<task>``: the task, its input files, the error, and the working directories of its attempts.

    Returns:
        The folder.

    Raises:
        StoreError: it cannot be written.
    """
    kept = folder.root / "crashed" / task.id
    try:
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "error.txt").write_text(error + "\n", encoding="utf-8")
        (kept / "task.json").write_text(json.dumps({"kind": task.kind, **task.to_json()}, indent=2), encoding="utf-8")
        for ref in task.inputs:
            source = folder.files.path(ref)
            if source.is_file():
                shutil.copy(source, kept / ref)
        scratch = folder.root / SCRATCH / task.id
        if scratch.is_dir():
            shutil.rmtree(kept / "scratch", ignore_errors=True)
            scratch.rename(kept / "scratch")
    except OSError as problem:
        raise store_error("written", kept, problem, then=RESUME) from problem
    return kept


def clear_scratch(folder: CampaignFolder) -> None:
    """Remove the working directories that a killed session has left."""
    shutil.rmtree(folder.root / SCRATCH, ignore_errors=True)
