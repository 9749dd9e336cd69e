"""Which cheap number tells the strain after 50 000 steps? Rank correlation, enrichment and cost, side by side.

    python -m benchmarks.prescreen runs/stability     # computes the cheap numbers: two seconds a MOF
    python -m benchmarks.prescreen                    # tables from the committed numbers

The structures are those of `benchmarks.stability_runs`, the strains those of `strain_runs.csv`, a mean over seeds.
*Enrichment* is the share of stable MOFs in the better half by the number, over the share among all.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.stats import spearmanr

from benchmarks.stability_tables import FEATURES, Run, load, print_table
from mofa.chemistry import Framework, Rejected
from mofa.chemistry.cif import read_cif
from mofa.chemistry.results import STABLE_STRAIN
from mofa.isolate import run_isolated
from mofa.units import PA_PER_ATM
from mofa.validate.engine import Dynamics
from mofa.validate.lammps import job_of, prepare
from mofa.validate.lammps_worker import Job, cell_of, open_lammps, read_structure
from mofa.validate.prescreen import expected_strain
from mofa.validate.stability import prepare_framework
from mofa.validate.strain import strain

DATA = Path(__file__).with_name("prescreen.csv")
SETS = ("generated", "flexible", "chains", "coils")
COMPUTED = {
    "box relaxation, one cell": lambda framework: relaxed_strain(framework),
    "dynamics, one cell, 1 000 steps": lambda framework: expected_strain(framework, steps=1000),
    "dynamics, one cell, 4 000 steps": lambda framework: expected_strain(framework, steps=4000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder of the runs, with their structures")
    options = parser.parse_args()
    if options.folder:
        compute(options.folder / "structures")
    numbers, costs = defaultdict(dict), defaultdict(list)
    with DATA.open() as stream:
        for row in csv.DictReader(stream):
            numbers[row["number"]][row["file"]] = float(row["value"])
            costs[row["number"]].append(float(row["wall_s"]))
    runs = [run for run in load() if run.set in SETS]
    of_file: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        of_file[run.file].append(run)
    for title, sets in (("Generated MOFs", ("generated",)), ("All MOFs", SETS)):
        _compare(title, [of for of in of_file.values() if of[0].set in sets], numbers, costs)


def _compare(title: str, mofs: Sequence[list[Run]], numbers: dict, costs: dict) -> None:  # type: ignore[type-arg]
    final = [fmean(run.strain for run in of) for of in mofs]
    print_table(f"{title}: {len(mofs)}", "number", "Spearman", "enrichment of stable MOFs", "of the 2x2x2 run's cost")
    whole_s = fmean(run.cpu_s for of in mofs for run in of if run.cpu_s == run.cpu_s)
    for name in numbers:
        values = [numbers[name].get(of[0].file, float("nan")) for of in mofs]
        _line(name, values, final, fmean(costs[name]) / whole_s)
    for name, feature in FEATURES.items():
        steps = int(name.split("after ")[1].removesuffix(" steps").replace(" ", "")) if "after" in name else 0
        _line(name, [fmean(feature(run) for run in of) for of in mofs], final, steps / 50_000)


def _line(name: str, values: Sequence[float], final: Sequence[float], cost: float) -> None:
    known = [(value, strain_) for value, strain_ in zip(values, final, strict=True) if value == value]
    if len({value for value, _ in known}) < 2:
        return
    ranks = spearmanr(*zip(*known, strict=True)).statistic
    better = sorted(known)[: len(known) // 2]
    share = [fmean(strain_ < STABLE_STRAIN for _, strain_ in part) for part in (better, known)]
    print(f"| {name} | {ranks:+.2f} | {share[0] / share[1]:.2f} | {100 * cost:.1f} % |")


def compute(structures: Path) -> None:
    """Compute the cheap numbers of all structures that have runs."""
    files = sorted({run.file for run in load() if run.set in SETS})
    with DATA.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "number", "value", "wall_s"))
        for file in files:
            framework = read_cif(structures / f"{file}.cif")
            for name, number in COMPUTED.items():
                start = time.monotonic()
                value = number(framework)
                if not isinstance(value, Rejected):
                    writer.writerow((file, name, f"{value:.4f}", f"{time.monotonic() - start:.2f}"))
            print(file, flush=True)


def relaxed_strain(framework: Framework) -> float | Rejected:
    """Strain of one cell that is relaxed with its atoms."""
    ready = prepare_framework(framework)
    if isinstance(ready, Rejected):
        return ready
    prepared = prepare(ready, (1, 1, 1))
    if isinstance(prepared, Rejected):
        return prepared
    dynamics = Dynamics(1, (1, 1, 1), 300.0, PA_PER_ATM, 0.5, chunk_steps=1, seed=1)
    return strain(ready.cell, run_isolated(relax, job_of(*prepared, dynamics, None)))


def relax(job: Job, *, on_progress: object) -> np.ndarray:
    """The relaxed box; for a child process."""
    lmp = open_lammps()
    read_structure(lmp, job)
    lmp.commands_list(
        [
            *job.start[:2],
            "fix box all box/relax tri 1.0 vmax 0.002",
            "minimize 0.0 1.0e-6 300 3000",
        ]
    )
    return cell_of(lmp)


if __name__ == "__main__":
    # Child processes find functions by the name of their module.
    from benchmarks import prescreen

    prescreen.main()
