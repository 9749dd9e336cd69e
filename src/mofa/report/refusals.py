"""What was refused, where and why, ready to be looked up."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mofa.chemistry import Reason, Stage
from mofa.errors import StoreError
from mofa.store.files import FileStore
from mofa.store.records import CampaignRecords, Rejection

COURSE_WIDTH, COURSE_HEIGHT = 120, 28
COURSE_STRAIN = 0.5
"""Upper end of the little plots, or what a MOF reached if that is more."""
MAX_ROWS = 250
"""Refusals of one stage that the page lists; `rejected.csv` has them all."""


@dataclass(frozen=True)
class Course:
    """The strain of a MOF that was lost, small enough for a line of the table."""

    points: str
    """Of a polyline in a box of `COURSE_WIDTH` by `COURSE_HEIGHT`, from the first chunk to the last."""
    limit_y: float
    """Height in that box at which a MOF no longer goes on."""
    last: float
    """Strain at the end."""


@dataclass(frozen=True)
class RefusalRow:
    """One refused linker, MOF or task."""

    rejection: Rejection
    name: str
    """Readable name, where there is one."""
    link: str
    """Its file, relative to the report; empty if there is none."""
    course: Course | None = None
    """Of its dynamics, where there were any."""


@dataclass(frozen=True)
class RefusalGroup:
    """The refusals of one stage."""

    stage: Stage
    n: int
    reasons: tuple[tuple[Reason, int], ...]
    """Most frequent first; together they are `n`."""
    rows: tuple[RefusalRow, ...]
    """The latest of each reason, at most `MAX_ROWS`."""


def refusals(records: CampaignRecords, files: FileStore, folder: Path) -> list[RefusalGroup]:
    """Refusals by stage, in the order of the work.

    Args:
        records: of the campaign.
        files: the campaign's files.
        folder: where the page will lie; links are relative to it.
    """
    groups = []
    for stage in Stage:
        found = [refusal for refusal in records.rejections if refusal.stage is stage]
        if not found:
            continue
        counts = Counter(refusal.reason for refusal in found)
        reasons = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
        shown = _selection(found, [reason for reason, _ in reasons])
        rows = tuple(
            RefusalRow(refusal, _name(records, refusal), _link(refusal, files, folder), _course(records, refusal))
            for refusal in shown
        )
        groups.append(RefusalGroup(stage, len(found), reasons, rows))
    return groups


def _selection(found: list[Rejection], reasons: list[Reason]) -> list[Rejection]:
    """The latest refusals, an equal share for every reason, so that a rare one is never crowded out."""
    share = max(1, MAX_ROWS // len(reasons))
    chosen: list[Rejection] = []
    for reason in reasons:
        of_reason = [refusal for refusal in found if refusal.reason is reason]
        chosen += of_reason[: -share - 1 : -1]
    return chosen


def _name(records: CampaignRecords, refusal: Rejection) -> str:
    mof = records.mofs.get(refusal.key)
    if mof is not None:
        return mof.name
    linker = records.linkers.get(refusal.key)
    return linker.smiles if linker is not None else ""


def _course(records: CampaignRecords, refusal: Rejection) -> Course | None:
    """The strain that led to a refusal of dynamics."""
    mof = records.mofs.get(refusal.key)
    whole = mof.stability.strain_trace if mof is not None and mof.stability is not None else ()
    trace = refusal.strain_trace or (whole if refusal.reason is Reason.UNSTABLE else ())
    if refusal.stage is not Stage.VALIDATE or len(trace) < 2:
        return None
    high = max(COURSE_STRAIN, *trace)
    step = COURSE_WIDTH / (len(trace) - 1)
    points = (f"{k * step:.1f},{COURSE_HEIGHT * (1 - strain / high):.1f}" for k, strain in enumerate(trace))
    limit_y = COURSE_HEIGHT * (1 - records.limits.trainable / high)
    return Course(" ".join(points), round(limit_y, 1), trace[-1])


def _link(refusal: Rejection, files: FileStore, folder: Path) -> str:
    if not refusal.ref:
        return ""
    try:
        return os.path.relpath(files.path(refusal.ref), folder)
    except StoreError:
        return ""
