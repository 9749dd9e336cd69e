"""What an adsorb task does with a MOF: all points of the campaign and the objective, or the judge. Runs in workers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mofa.campaign.tasks import finite
from mofa.chemistry import Framework, Rejected, Uptake
from mofa.errors import InputError
from mofa.expression import names_with, parse
from mofa.store import codec
from mofa.store.payloads import JUDGE, Item

if TYPE_CHECKING:
    from mofa.campaign.actions import Job

FILES = "adsorption"
"""Folder in that of the campaign with the input files of engines, where they are kept."""
OF_ONE_ENGINE = ("grid_spacing_ang", "chains", "command")
"""Options of some engines, which the judge does not share."""


def adsorbed(job: Job) -> Item:
    """The item of an adsorb task: a MOF's uptakes with its objective as the score, or the judge's uptake."""
    strain: float | None = job.option("strain")
    points: Mapping[str, Mapping[str, Any]] = job.option("points") or {}
    objective: Mapping[str, str] = job.option("objective") or {}
    keep, judge = job.option("keep_input_files"), job.option(JUDGE)
    framework = job.framework()
    if keep and writes_files(job.peek("engine")):
        job.give("input_files", job.folder / FILES / (JUDGE if judge else ""))
    if judge:
        return _judged(job, framework)
    uptakes: dict[str, Uptake] = {}
    for name, answer in _simulated(job, framework, {"": {}, **points}):
        if isinstance(answer, Rejected):
            return job.refused(replace(answer, detail=f"{name}: {answer.detail}") if name else answer)
        uptakes[name] = answer
    main = uptakes.pop("")
    finite(main.uptake_mol_per_kg)
    score, note = scored(objective, known_values(framework, strain, main, uptakes), points)
    value = {
        **codec.encode(main, job.files),
        "points": codec.encode(uptakes, job.files),
        "objective": score,
        "objective_note": note,
    }
    return Item(job.task.subject, job.task.inputs[0], score=score, value=value)


def _judged(job: Job, framework: Framework) -> Item:
    """A second opinion on the uptake; a job that its engine cannot do is no reason to run it again."""
    for name in OF_ONE_ENGINE:
        job.option(name)
    subject, ref = job.task.subject, job.task.inputs[0]
    try:
        answer: Uptake | Rejected = job.call(framework)
    except InputError as error:
        return Item(subject, ref, value={"judged": True, "judge_note": str(error)})
    if isinstance(answer, Rejected):
        return job.refused(answer)
    return Item(subject, ref, value={**codec.encode(answer, job.files), "judged": True})


def _simulated(
    job: Job, framework: Framework, points: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, Uptake | Rejected]]:
    """What the task function says of each point, one after another: the energy grids of a gas are made once."""
    for k, (name, changes) in enumerate(points.items()):
        progress = job.progress and {"on_progress": _share(job.progress, k, len(points), name)}
        yield name, job.call(framework, **changes, **(progress or {}))


def _share(report: Callable[[float, str], None], k: int, n: int, name: str) -> Callable[[float, str], None]:
    """The progress of the k-th of n points as that of the whole."""
    return lambda fraction, text: report((k + fraction) / n, f"{name}: {text}" if name else text)


def writes_files(engine: str) -> bool:
    """Whether an engine works by input files, which can be kept.

    Raises:
        EngineMissingError: it is not known or not installed.
    """
    from mofa.adsorb import ENGINES

    return "input_files" in inspect.signature(ENGINES.load(engine)).parameters


def known_values(
    framework: Framework, strain: float | None, uptake: Uptake, points: Mapping[str, Uptake]
) -> dict[str, float]:
    """What expressions may speak of, by the names of `mofa.expression`; NaN for what is not known."""
    pores = uptake.pores
    values = {
        "strain": math.nan if strain is None else strain,
        "n_atoms": float(len(framework)),
        "density": framework.density_g_per_cm3,
        "lcd": pores.largest_cavity_diameter_ang if pores else math.nan,
        "pld": pores.pore_limiting_diameter_ang if pores else math.nan,
        "surface": pores.accessible_surface_m2_per_g if pores else math.nan,
        "void_fraction": pores.accessible_volume_fraction if pores else math.nan,
        **_of(uptake),
    }
    for name, further in points.items():
        values |= {f"{name}.{key}": value for key, value in _of(further).items()}
    return values


def _of(uptake: Uptake) -> dict[str, float]:
    return {
        "uptake": uptake.uptake_mol_per_kg,
        "uptake_mg_per_g": uptake.uptake_mg_per_g,
        "uptake_cm3_per_cm3": uptake.uptake_cm3_stp_per_cm3,
        "heat": uptake.heat_kj_per_mol,
        "selectivity": uptake.selectivity,
    }


def scored(
    objective: Mapping[str, str], values: Mapping[str, float], points: Mapping[str, object]
) -> tuple[float | None, str]:
    """The objective of a MOF, or None and why.

    Args:
        objective: `expression` and `require`; without them the uptake.
        values: what is known, by name.
        points: the further points, by name.
    """
    known = names_with(points)
    require, expression = objective.get("require", ""), objective.get("expression", "uptake")
    if require:
        holds = parse(require, known, condition=True).holds(values)
        if not holds:
            return None, f"{'not known whether' if holds is None else 'not'} {require}"
    score = parse(expression, known).value(values)
    return score, "" if score is not None else f"{expression} is not known"
