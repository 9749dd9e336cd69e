"""MOFA's grid engine against RASPA3: the same frameworks, charges and conditions, a different program.

    python -m benchmarks.adsorption_agreement                 all, about an hour and a half on one core
    python -m benchmarks.adsorption_agreement --names MOF-5   some
    python -m benchmarks.adsorption_agreement --table         what is in the file, without running anything

Results are appended to ``benchmarks/adsorption_agreement.csv``; points that are there are not run again.
"""

from __future__ import annotations

import argparse
import csv
import math
import zlib
from pathlib import Path

import numpy as np

from benchmarks.adsorption_frameworks import frameworks
from mofa.adsorb import adsorb
from mofa.chemistry import Framework, Uptake

RESULTS = Path(__file__).with_suffix(".csv")
CONDITIONS = (("N2", 1.0e5), ("CO2", 1.0e4))
TEMPERATURE_K = 298.0
ENGINES = {"grid": 0.02, "raspa3": 0.10}
"""Relative 95 % error that each is asked for."""
TIME_LIMIT_S = 500.0
FIELDS = (
    "framework", "gas", "pressure_pa", "engine", "uptake_mol_per_kg", "error_mol_per_kg", "heat_kj_per_mol",
    "heat_error_kj_per_mol", "cycles", "equilibration_cycles", "chain_ratio", "converged", "cpu_s",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="*")
    parser.add_argument("--engines", nargs="*", default=list(ENGINES))
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if not options.table:
        chosen = frameworks(options.names)
        for gas, pressure_pa in CONDITIONS:
            for framework in chosen:
                for engine in options.engines:
                    run(framework, gas, pressure_pa, engine)
    table(read())


def read() -> list[dict[str, str]]:
    """The rows of the results file."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as stream:
        return list(csv.DictReader(stream))


def run(framework: Framework, gas: str, pressure_pa: float, engine: str) -> None:
    """One simulation, unless it has been done; its row is appended."""
    key = (framework.name, gas, f"{pressure_pa:g}", engine)
    if any(tuple(row[name] for name in FIELDS[:4]) == key for row in read()):
        return
    found = adsorb(
        framework,
        gas=gas,
        pressure_pa=pressure_pa,
        temperature_k=TEMPERATURE_K,
        engine=engine,
        target_relative_error=ENGINES[engine],
        initialization_cycles=1000,
        min_cycles=2000,
        max_cycles=200_000,
        min_pore_diameter_ang=0.0,
        # Of its own for every point: like random numbers in like frameworks give like errors.
        seed=zlib.crc32(" ".join(key).encode()) % 100_000,
        time_limit_s=TIME_LIMIT_S,
    )
    if not isinstance(found, Uptake):
        print(f"{key}: {found}", flush=True)
        return
    values = {**vars(found), "framework": framework.name, "pressure_pa": f"{pressure_pa:g}", "engine": engine}
    row = {name: f"{values[name]:.5g}" if isinstance(values[name], float) else str(values[name]) for name in FIELDS}
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(" ".join(row.values()), flush=True)


def table(rows: list[dict[str, str]]) -> None:
    """Both engines side by side, and how often and how far they differ."""
    pairs: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for row in rows:
        pairs.setdefault((row["framework"], row["gas"], row["pressure_pa"]), {})[row["engine"]] = row
    line = "| {:12} | {:4} | {:>6} | {:>18} | {:>18} | {:>7} | {:>5} | {:>12} | {:>13} |"
    heads = ("framework", "gas", "Pa", "grid, mol/kg", "RASPA3, mol/kg", "diff, %", "in CI", "heats", "CPU s")
    print(line.format(*heads))
    print("|" + "---|" * len(heads))
    relative, weights, inside = [], [], []
    for (name, gas, pressure), engines in pairs.items():
        if len(engines) < 2:
            continue
        (q, dq), (r, dr) = (
            (float(engines[e]["uptake_mol_per_kg"]), float(engines[e]["error_mol_per_kg"])) for e in ENGINES
        )
        difference, combined = q / r - 1.0, math.hypot(dq / q, dr / r)
        relative.append(difference)
        weights.append(combined**-2)
        inside.append(abs(q - r) <= math.hypot(dq, dr))
        heats = " ".join(f"{float(engines[e]['heat_kj_per_mol']):.1f}" for e in ENGINES)
        cpu = " ".join(f"{float(engines[e]['cpu_s']):.1f}" for e in ENGINES)
        numbers = (f"{q:.4f} ± {dq:.4f}", f"{r:.4f} ± {dr:.4f}", f"{100 * difference:+.1f}")
        print(line.format(name, gas, pressure, *numbers, "yes" if inside[-1] else "NO", heats, cpu))
    if relative:
        bias = float(np.average(relative, weights=weights))
        spread = 1.0 / math.sqrt(sum(weights))
        print(
            f"\n{sum(inside)} of {len(inside)} points within the combined 95 % error; mean difference"
            f" {100 * np.mean(relative):+.2f} %, weighted by error {100 * bias:+.2f} ± {100 * spread:.2f} %"
        )


if __name__ == "__main__":
    main()
