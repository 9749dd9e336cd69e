"""Tables of `benchmarks/stability.md` from the runs of `benchmarks.stability_runs`.

    python -m benchmarks.stability_tables                     # from the committed runs: seconds
    python -m benchmarks.stability_tables runs/stability      # from fresh runs, which replace the committed ones

The committed file, `strain_runs.csv`, holds every run with its strain trace in thousandths, an entry each 500 steps.
Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from scipy.stats import spearmanr

from benchmarks.published_frameworks import PUBLISHED
from mofa.chemistry.results import STABLE_STRAIN, TRAINABLE_STRAIN
from mofa.validate.early import EarlyRejection

DATA = Path(__file__).with_name("strain_runs.csv")
CHUNK_STEPS = 500
SETS = ("published", "nitrile", "generated", "flexible", "floppy", "chains", "coils")
COLUMNS = ("set", "file", "name", "linkers", "n_atoms", "seed", "steps", "strain", "strain_inverted", "volume_percent",
           "edges_ang", "cpu_s", "refused", "trace_permille")  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One long run, never ended early."""

    set: str
    file: str
    name: str
    linkers: tuple[str, ...]
    n_atoms: int
    seed: int
    strain: float
    """At the end; 1 for a run that blew up."""
    cpu_s: float
    trace: tuple[float, ...]

    @property
    def stable(self) -> bool:
        return self.strain < STABLE_STRAIN

    @property
    def goes_on(self) -> bool:
        return self.strain < TRAINABLE_STRAIN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="fresh runs")
    options = parser.parse_args()
    if options.folder:
        collect(options.folder)
    runs = load()
    overview(runs)
    published(runs)
    two_seeds(runs)
    cells()
    stable_fraction(runs)
    explanation(runs)
    early_rejection(runs)


def collect(folder: Path) -> None:
    """Put fresh runs into the committed file."""
    listed = {}
    for kind in SETS:
        for file in sorted((folder / "structures").glob(f"{kind}*.json")):
            listed |= {entry["file"]: (kind, entry) for entry in json.loads(file.read_text())}
    found = {}
    for file in folder.glob("runs-*.jsonl"):
        for row in map(json.loads, file.read_text().splitlines()):
            ended = not row["refused"].startswith(("time_limit", "crashed"))
            if ended and row["file"] in listed and tuple(row["supercell"]) == (2, 2, 2):
                found[row["file"], row["seed"]] = row
    with DATA.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for (file, seed), row in sorted(found.items()):
            kind, entry = listed[file]
            volume = "" if not row["volume_trace"] else f"{100 * (fmean(row['volume_trace'][-10:]) - 1):.2f}"
            strains = ["" if row[key] is None else f"{row[key]:.4f}" for key in ("strain", "strain_inverted")]
            edges = "" if row["cell"] is None else " ".join(f"{math.hypot(*vector):.3f}" for vector in row["cell"])
            trace = " ".join(str(round(1000 * x)) for x in row["strain_trace"])
            writer.writerow(
                [kind, file, entry["name"], " ".join(entry["linkers"]), entry["n_atoms"], seed, row["steps"], *strains,
                 volume, edges, "" if row["cpu_s"] is None else round(row["cpu_s"]), row["refused"], trace]
            )  # fmt: skip


def load() -> list[Run]:
    """The committed runs."""
    with DATA.open() as stream:
        return [
            Run(
                row["set"],
                row["file"],
                row["name"],
                tuple(row["linkers"].split()),
                int(row["n_atoms"]),
                int(row["seed"]),
                float(row["strain"] or 1.0),
                float(row["cpu_s"] or "nan"),
                tuple(int(x) / 1000 for x in row["trace_permille"].split()),
            )
            for row in csv.DictReader(stream)
        ]


def wilson(n: int, of: int) -> str:
    """A share with its interval."""
    if not of:
        return "-"
    z, p = 1.96, n / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return f"{100 * p:.0f} % ({100 * max(0.0, middle - half):.0f} to {100 * min(1.0, middle + half):.0f})"


def print_table(title: str, *columns: str) -> None:
    """The head of a table."""
    print(f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def overview(runs: Sequence[Run]) -> None:
    """How many runs there are and how they ended."""
    print_table("Runs", "set", "MOFs", "runs", "strain < 10 %", "< 25 %", "median strain", "CPU-s a run")
    for kind in SETS:
        of = [run for run in runs if run.set == kind]
        if of:
            print(
                f"| {kind} | {len({run.file for run in of})} | {len(of)} | {sum(run.stable for run in of)}"
                f" | {sum(run.goes_on for run in of)} | {100 * median(run.strain for run in of):.1f} %"
                f" | {median(run.cpu_s for run in of):.0f} |"
            )


def published(runs: Sequence[Run]) -> None:
    """Known frameworks and the rigid nitriles, seed by seed."""
    print_table("Known frameworks, rigid nitriles and chains: strain by seed", "MOF", "atoms", "strain, %")
    for of in _by_file(run for run in runs if run.set not in ("generated", "flexible")):
        print(f"| {of[0].name} | {of[0].n_atoms} | {', '.join(f'{100 * run.strain:.1f}' for run in of)} |")


def cells() -> None:
    """Cells of known frameworks at the end of their runs against experiment."""
    print_table("Cells against experiment", "MOF", "seed", "edges, Å", "experiment, Å", "difference, %")
    with DATA.open() as stream:
        for row in csv.DictReader(stream):
            entry = PUBLISHED.get(row["name"]) if row["set"] == "published" else None
            if entry is None:
                continue
            edges = [float(edge) * entry.ratio for edge in row["edges_ang"].split()]
            off = [100 * (edge / real - 1) for edge, real in zip(edges, entry.edges_ang, strict=True)]
            shown = (", ".join(f"{x:.{digits}f}" for x in values) for values, digits in
                     ((edges, 2), (entry.edges_ang, 2), (off, 1)))  # fmt: skip
            print(f"| {row['name']} | {row['seed']} | {' | '.join(shown)} |")


def two_seeds(runs: Sequence[Run]) -> None:
    """Assembled MOFs that were run twice."""
    pairs = [of for of in _by_file(run for run in runs if run.set == "generated") if len(of) > 1]
    print_table(f"{len(pairs)} generated MOFs with two seeds: strain, %", "MOF", "atoms", "seed 1", "seed 2")
    for first, second, *_ in pairs:
        print(
            f"| {first.name.split('.')[1]} | {first.n_atoms} | {100 * first.strain:.1f} | {100 * second.strain:.1f} |"
        )
    same = sum(of[0].stable == of[1].stable for of in pairs)
    differences = [abs(of[0].strain - of[1].strain) for of in pairs]
    if pairs:
        print(f"\nSame side of 10 %: {same} of {len(pairs)}; median difference {100 * median(differences):.1f} points.")


def stable_fraction(runs: Sequence[Run]) -> None:
    """Of what a default campaign makes, first seed."""
    print_table("Stable fraction at 50 000 steps, first seed", "set", "MOFs", "< 10 %", "< 25 %")
    for kind in ("generated", "flexible", "chains", "coils"):
        of = [run for run in runs if run.set == kind and run.seed == 1]
        if not of:
            continue
        stable, goes_on = sum(run.stable for run in of), sum(run.goes_on for run in of)
        print(f"| {kind} | {len(of)} | {wilson(stable, len(of))} | {wilson(goes_on, len(of))} |")


FEATURES: dict[str, Callable[[Run], float]] = {
    "rotatable bonds, all linkers": lambda run: sum(map(rdMolDescriptors.CalcNumRotatableBonds, _molecules(run))),
    "rotatable bonds, pillar": lambda run: rdMolDescriptors.CalcNumRotatableBonds(_molecules(run)[-1]),
    "rotatable bonds, acids": lambda run: sum(map(rdMolDescriptors.CalcNumRotatableBonds, _molecules(run)[:-1])),
    "tetrahedral carbons, all linkers": lambda run: sum(map(_tetrahedral, _molecules(run))),
    "alkynes and nitriles, all linkers": lambda run: sum(map(_linear, _molecules(run))),
    "atoms of the cell": lambda run: run.n_atoms,
    "heavy atoms, longest acid": lambda run: max(m.GetNumHeavyAtoms() for m in _molecules(run)[:-1]),
    "heavy atoms, pillar": lambda run: _molecules(run)[-1].GetNumHeavyAtoms(),
    "difference of the two acids, heavy atoms": lambda run: abs(
        _molecules(run)[0].GetNumHeavyAtoms() - _molecules(run)[1].GetNumHeavyAtoms()
    ),
    "strain after 2 000 steps": lambda run: fmean(run.trace[1:4]),
    "strain after 5 000 steps": lambda run: fmean(run.trace[5:10]),
    "strain after 20 000 steps": lambda run: fmean(run.trace[30:40]),
}


def explanation(runs: Sequence[Run]) -> None:
    """What the final strain goes with."""
    print_table("What the strain at 50 000 steps goes with (Spearman)", "", "generated", "with chains and coils")
    one = [run for run in runs if run.set == "generated" and run.seed == 1]
    both = one + [run for run in runs if run.set in ("flexible", "chains", "coils") and run.seed == 1]
    for name, feature in FEATURES.items():
        values = [_rank(feature, of) for of in (one, both)]
        print(f"| {name} | {values[0]} | {values[1]} |")


def _rank(feature: Callable[[Run], float], runs: Sequence[Run]) -> str:
    values = [feature(run) for run in runs]
    if len(set(values)) < 2:
        return "-"
    found = spearmanr(values, [run.strain for run in runs])
    return f"{found.statistic:+.2f} (p = {found.pvalue:.2g})"


def early_rejection(runs: Sequence[Run]) -> None:
    """What ending lost runs would have saved, and whom it would have cost."""
    print_table(
        "Early rejection, on all runs", "strain beyond", "for steps", "rejected", "of those lost in the end",
        "false: came back below 25 %", "below 10 %", "steps saved, all runs", "of the lost ones",
    )  # fmt: skip
    for limit in (0.25, 0.30, 0.35, 0.40, 0.45, 0.50):
        for window in (500, 1500, 5000):
            _rule(runs, EarlyRejection(limit, window))
    lost = [run for run in runs if not run.goes_on]
    print(f"\n{len(runs)} runs, {len(lost)} of them with a strain of 25 % or more at the end.")
    default = EarlyRejection()
    print_table("Stable MOFs per CPU-hour", "set", "without early rejection", "with", "ratio")
    for kind in ("generated", "flexible", "chains", "coils"):
        of = [run for run in runs if run.set == kind and run.seed == 1]
        if not of:
            continue
        stable = sum(run.stable for run in of)
        kept = sum(run.stable and ended_at(run, default) is None for run in of)
        hours = sum(_cost_s(run) for run in of) / 3600
        shorter = sum(_cost_s(run) * _share_run(run, default) for run in of) / 3600
        print(f"| {kind} | {stable / hours:.1f} | {kept / shorter:.1f} | {kept / shorter / (stable / hours):.2f} |")


def _rule(runs: Sequence[Run], rule: EarlyRejection) -> None:
    rejected = [run for run in runs if ended_at(run, rule) is not None]
    lost = [run for run in runs if not run.goes_on]
    kept = [run for run in runs if run.goes_on]
    false = sum(run.goes_on for run in rejected)
    very_false = sum(run.stable for run in rejected)
    saved = 1 - fmean(_share_run(run, rule) for run in runs)
    saved_lost = 1 - fmean(_share_run(run, rule) for run in lost) if lost else float("nan")
    print(
        f"| {rule.strain:.2f} | {rule.window_steps} | {len(rejected)} | {len(rejected) - false} of {len(lost)}"
        f" | {false} of {len(kept)}: {wilson(false, len(kept))} | {very_false} | {100 * saved:.0f} %"
        f" | {100 * saved_lost:.0f} % |"
    )


def ended_at(run: Run, rule: EarlyRejection) -> int | None:
    """The chunk after which the rule would have ended the run; None for never."""
    for n in range(1, len(run.trace) + 1):
        if rule.is_lost(run.trace[:n], CHUNK_STEPS):
            return n
    return None


def _share_run(run: Run, rule: EarlyRejection) -> float:
    return (ended_at(run, rule) or len(run.trace)) / len(run.trace)


def _cost_s(run: Run) -> float:
    return 0.0 if math.isnan(run.cpu_s) else run.cpu_s


def _by_file(runs: Iterable[Run]) -> list[list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        found[run.file].append(run)
    return list(found.values())


def _molecules(run: Run) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(smiles) for smiles in run.linkers]


def _tetrahedral(molecule: Chem.Mol) -> int:
    sp3 = Chem.HybridizationType.SP3
    return sum(atom.GetSymbol() == "C" and atom.GetHybridization() == sp3 for atom in molecule.GetAtoms())


def _linear(molecule: Chem.Mol) -> int:
    return int(np.sum([bond.GetBondType() == Chem.BondType.TRIPLE for bond in molecule.GetBonds()]))


if __name__ == "__main__":
    main()
