"""What an uptake costs with each engine: CPU time to a 95 % error of 10 %, everything included.

    python -m benchmarks.adsorption_cost              grid, RASPA3 and RASPA2, about half an hour on one core
    python -m benchmarks.adsorption_cost --table      what is in the file

Every simulation is a process of its own, so that the start of Python, imports, compiled code from the cache and the
grids count (the compilation itself, once for each installation, does not). All engines share cycle numbers, error
target and error estimate. A run may stop with a smaller error than it was asked for; the last columns therefore compare
CPU time times squared relative error, the cost of a given error, too.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.adsorption_frameworks import frameworks
from mofa.adsorb import adsorb
from mofa.chemistry import Uptake

RESULTS = Path(__file__).with_suffix(".csv")
NAMES = ("MOF-5", "UiO-66", "pcu-nitro", "pcu-azo")
ENGINES = ("grid", "raspa3", "raspa2")
CONDITIONS = {"gas": "CO2", "pressure_pa": 1.0e4, "temperature_k": 300.0, "target_relative_error": 0.10}
FIELDS = ("framework", "atoms", "engine", "uptake_mol_per_kg", "error_mol_per_kg", "cycles", "cpu_s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="*", default=list(NAMES))
    parser.add_argument("--engines", nargs="*", default=list(ENGINES))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "ENGINE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(*options.one)
        return
    if not options.table:
        (framework, *_) = frameworks(options.names)
        # So that what is compiled once for each installation has been compiled.
        adsorb(framework, min_pore_diameter_ang=0.0, **CONDITIONS)  # type: ignore[arg-type]
        for name in options.names:
            for engine in options.engines:
                measure(name, engine)
    table()


def one(name: str, engine: str) -> None:
    """One uptake, in this process: its numbers on stdout."""
    (framework,) = frameworks([name])
    found = adsorb(framework, engine=engine, min_pore_diameter_ang=0.0, time_limit_s=1500.0, **CONDITIONS)  # type: ignore[arg-type]
    if not isinstance(found, Uptake):
        raise SystemExit(str(found))
    a, b, c = found.supercell
    print(len(framework) * a * b * c, found.uptake_mol_per_kg, found.error_mol_per_kg, found.cycles, found.cpu_s)


def measure(name: str, engine: str) -> None:
    """Run one uptake in a new process; a row with its CPU time is appended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.adsorption_cost", "--one", name, engine],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{name} {engine}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    atoms, uptake, error, cycles, engines_own_s = done.stdout.split()
    # RASPA2 is ended by a signal to its group, which may hide its time from the parent: the engine's own count holds.
    cpu_s = max(cpu_s, float(engines_own_s))
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(FIELDS)
        row = (name, atoms, engine, f"{float(uptake):.5g}", f"{float(error):.4g}", cycles, f"{cpu_s:.2f}")
        writer.writerow(row)
    print(*row, flush=True)


def table() -> None:
    """Costs side by side, and their ratios to the grid engine's."""
    with RESULTS.open(newline="") as stream:
        rows = {(row["framework"], row["engine"]): row for row in csv.DictReader(stream)}
    heads = ("framework", "atoms", "engine", "mol/kg", "error, %", "CPU s", "CPU, ratio", "CPU x error^2, ratio")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for (name, engine), row in rows.items():
        base = rows[(name, "grid")]
        cpu, relative = float(row["cpu_s"]), float(row["error_mol_per_kg"]) / float(row["uptake_mol_per_kg"])
        base_cpu = float(base["cpu_s"])
        base_relative = float(base["error_mol_per_kg"]) / float(base["uptake_mol_per_kg"])
        same_error = cpu * relative**2 / (base_cpu * base_relative**2)
        uptake = f"{float(row['uptake_mol_per_kg']):.4f}"
        cells = (name, row["atoms"], engine, uptake, f"{100 * relative:.1f}", f"{cpu:.1f}", f"{cpu / base_cpu:.1f}")
        print("| " + " | ".join((*cells, f"{same_error:.1f}")) + " |")


if __name__ == "__main__":
    main()
