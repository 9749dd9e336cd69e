"""What the campaigns of the experiment found: tables, a figure, and how sure the difference is."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import t as student

from mofa.chemistry import Stage
from mofa.store.records import CampaignRecords

Runs = Mapping[tuple[str, int], CampaignRecords]
"""By arm (retraining "on" or "off") and seed."""
COLOURS = {"on": "#1b6ca8", "off": "#b0562b"}
POINTS = 120
WINDOW = 40
"""MOFs over which the running share of stable ones is taken."""


@dataclass(frozen=True)
class Screened:
    """A MOF that came out of dynamics, or did not."""

    time_s: float
    """Since the campaign began."""
    mof: str
    strain: float | None
    """None where the dynamics ended early: blown up, untyped, beyond 40 %."""
    stable: bool
    model_version: int
    """Newest model among those of its linkers."""
    uptake_mol_per_kg: float | None
    uptake_s: float | None


def screened(records: CampaignRecords) -> list[Screened]:
    """All MOFs whose dynamics has ended, in order."""
    begun = records.sessions[0].started_s
    taken_s = {task.subject: task.recorded_s for task in records.tasks.values() if task.kind is Stage.ADSORB}
    found = []
    for task in records.tasks.values():
        if task.kind is not Stage.VALIDATE or task.recorded_s is None:
            continue
        mof = records.mofs[task.subject]
        uptake_s = taken_s.get(mof.id) if mof.uptake else None
        found.append(
            Screened(
                task.recorded_s - begun,
                mof.id,
                mof.stability.strain if mof.stability else None,
                mof.stable,
                max(mof.lineage.model_versions, default=0),
                mof.uptake.uptake_mol_per_kg if mof.uptake else None,
                None if uptake_s is None else uptake_s - begun,
            )
        )
    return sorted(found, key=lambda one: one.time_s)


def analyse(runs: Runs, out: Path, *, run_s: float) -> str:
    """Write `mofs.csv`, `summary.csv` and `retraining.png`; what they say in words."""
    found = {key: screened(records) for key, records in runs.items()}
    _write_mofs(found, out / "mofs.csv")
    rows = [_summary(arm, seed, found[arm, seed], runs[arm, seed]) for arm, seed in sorted(found)]
    with (out / "summary.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    _draw(found, runs, out / "retraining.png", run_s)
    return "\n".join([*_lines(rows), *_verdicts(found), f"See {out}/summary.csv, mofs.csv, retraining.png"])


def _write_mofs(found: Mapping[tuple[str, int], Sequence[Screened]], path: Path) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ["retraining", "seed", "time_s", "mof", "strain", "stable", "model_version", "uptake_mol_per_kg"]
        )
        for (arm, seed), mofs in sorted(found.items()):
            for one in mofs:
                row = [arm, seed, f"{one.time_s:.1f}", one.mof, one.strain, int(one.stable), one.model_version]
                table.writerow([*row, one.uptake_mol_per_kg])


def _summary(arm: str, seed: int, mofs: Sequence[Screened], records: CampaignRecords) -> dict[str, object]:
    late = mofs[len(mofs) // 2 :]
    refused = [found for found in records.rejections if found.stage is Stage.TRAIN]
    return {
        "retraining": arm,
        "seed": seed,
        "simulated": len(mofs),
        "stable": sum(one.stable for one in mofs),
        "stable_fraction": round(_share(mofs), 4),
        "stable_fraction_second_half": round(_share(late), 4),
        "best_uptake_mol_per_kg": max((one.uptake_mol_per_kg or 0.0 for one in mofs), default=0.0),
        "models": len(records.models),
        "models_refused": len(refused),
        "why": "; ".join(dict.fromkeys(found.reason.value for found in refused)),
    }


def _share(mofs: Sequence[Screened]) -> float:
    return sum(one.stable for one in mofs) / len(mofs) if mofs else 0.0


def _lines(rows: Sequence[Mapping[str, object]]) -> list[str]:
    return [
        f"retraining {row['retraining']:3}  seed {row['seed']}: {row['stable']} of {row['simulated']} MOFs stable"
        f" ({100 * float(str(row['stable_fraction'])):.0f} %; second half"
        f" {100 * float(str(row['stable_fraction_second_half'])):.0f} %),"
        f" best uptake {float(str(row['best_uptake_mol_per_kg'])):.2f} mol/kg, {row['models']} models used,"
        f" {row['models_refused']} refused"
        for row in rows
    ]


def _verdicts(found: Mapping[tuple[str, int], Sequence[Screened]]) -> list[str]:
    """Differences on - off over the seeds, each pair side by side, with 95 % intervals of Student's t."""
    seeds = sorted({seed for _, seed in found})
    measures: dict[str, tuple[Callable[[Sequence[Screened]], float], str]] = {
        "stable fraction": (lambda mofs: 100 * _share(mofs), "percentage points"),
        "stable fraction, second half": (lambda mofs: 100 * _share(mofs[len(mofs) // 2 :]), "percentage points"),
        "stable MOFs": (lambda mofs: float(sum(one.stable for one in mofs)), "MOFs"),
        "best uptake": (lambda mofs: max((one.uptake_mol_per_kg or 0.0 for one in mofs), default=0.0), "mol/kg"),
    }
    lines = []
    for name, (measure, unit) in measures.items():
        gains = np.array([measure(found["on", seed]) - measure(found["off", seed]) for seed in seeds])
        lines.append(f"{name}: on - off = {gains.mean():+.2f}{_interval(gains)} {unit} ({len(seeds)} seeds)")
    return lines


def _interval(values: NDArray[np.float64]) -> str:
    """Half-width of the 95 % interval of a mean."""
    if len(values) < 2:
        return ""
    return f" ± {student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)):.2f}"


def _draw(found: Mapping[tuple[str, int], Sequence[Screened]], runs: Runs, path: Path, run_s: float) -> None:
    """Mean over the seeds with the band of its standard error, and every run in the background."""
    grid = np.linspace(0.0, run_s, POINTS)
    panels: tuple[tuple[str, Callable[[Sequence[Screened]], NDArray[np.float64]]], ...] = (
        ("stable MOFs", lambda mofs: _count(mofs, grid)),
        (f"stable among the last {WINDOW} MOFs, %", lambda mofs: _running_share(mofs, grid)),
        ("best uptake without charges, mol/kg", lambda mofs: _best(mofs, grid)),
    )
    figure = Figure(figsize=(13, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (label, measure) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for arm, colour in COLOURS.items():
            curves = np.array([measure(mofs) for (name, _), mofs in sorted(found.items()) if name == arm])
            mean = curves.mean(axis=0)
            axes.plot(grid / 60, curves.T, color=colour, lw=0.6, alpha=0.4)
            axes.plot(grid / 60, mean, color=colour, lw=2, label=f"retraining {arm}")
            if len(curves) > 1:
                error = curves.std(axis=0, ddof=1) / np.sqrt(len(curves))
                axes.fill_between(grid / 60, mean - error, mean + error, color=colour, alpha=0.2, lw=0)
        firsts = [
            records.models[0].time_s - records.sessions[0].started_s for records in runs.values() if records.models
        ]
        for first in firsts:
            axes.axvline(first / 60, color=COLOURS["on"], lw=0.8, ls=":")
        axes.set_xlabel("time, min")
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False)
    n = len({seed for _, seed in found})
    figure.suptitle(f"Mean of {n} seeds, band: its standard error; dotted: first new model", fontsize=10)
    figure.savefig(path, dpi=130)


def _count(mofs: Sequence[Screened], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    times = np.array([one.time_s for one in mofs if one.stable])
    return np.searchsorted(times, grid, side="right").astype(float)


def _running_share(mofs: Sequence[Screened], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    times = np.array([one.time_s for one in mofs])
    stable = np.array([one.stable for one in mofs], dtype=float)
    ends = np.searchsorted(times, grid, side="right")
    return np.array([100 * stable[max(0, end - WINDOW) : end].mean() if end else 0.0 for end in ends])


def _best(mofs: Sequence[Screened], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    known = sorted((one.uptake_s, one.uptake_mol_per_kg or 0.0) for one in mofs if one.uptake_s is not None)
    times = np.array([time_s for time_s, _ in known])
    best = np.maximum.accumulate([0.0, *(uptake for _, uptake in known)])
    return np.asarray(best[np.searchsorted(times, grid, side="right")])
