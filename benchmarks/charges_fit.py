"""Fit the corrections of `mofa.charges.corrected` and state their errors.

    python -m benchmarks.charges_fit                                         # from the committed table
    python -m benchmarks.charges_fit --data FOLDER                           # from fresh results, see charges_dataset
    python -m benchmarks.charges_fit --out src/mofa/charges/data/corrections.json

The form of the correction (levels, support, shrinkage, slope) is chosen by the leave-one-MOF-out error of the training
MOFs. Prints that error beside raw GFN1-xTB, a per-element linear correction and EQeq, then the held-out MOFs, which
take part in no choice. All errors are mean absolute errors against DDEC6, e, over atoms.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.charges_dataset import DATA, PROVENANCE, TRAIN, ChargedMof, from_folder, read_dataset
from mofa.charges.corrected import Correction, CorrectionTable, Slope, table_json
from mofa.charges.environments import LEVELS, environments
from mofa.charges.eqeq import equilibrate

Charges = NDArray[np.float64]
Model = Callable[["Sample"], Charges]


@dataclass(frozen=True, eq=False)
class Sample:
    """What a fit sees of one MOF."""

    name: str
    symbols: tuple[str, ...]
    environments: list[tuple[str, ...]]
    gfn1_e: Charges
    ddec6_e: Charges
    eqeq_e: Charges
    linkers: frozenset[str] = frozenset()
    node: str = ""

    def error_e(self, values: Charges) -> Charges:
        return np.abs(values - self.ddec6_e)


@dataclass(frozen=True)
class Form:
    """How corrections are fitted."""

    levels: int
    """Levels of environments that are told apart, 1 to `LEVELS`."""
    min_mofs: int
    """Fewest training MOFs that have an environment."""
    shrinkage: float
    """An environment seen in n MOFs has the weight n / (n + shrinkage) against the coarser one."""
    slope: str
    """``none``, ``element`` (regression over all atoms) or ``within`` (over deviations within environments)."""


FORMS = [
    Form(*x) for x in itertools.product((1, 2, 3), (1, 2), (0.0, 0.25, 0.5, 1.0, 2.0), ("none", "element", "within"))
]


def sample(mof: ChargedMof) -> Sample:
    framework = mof.framework
    eqeq, linkers = equilibrate(framework), frozenset(mof.linkers)
    return Sample(mof.name, mof.symbols, environments(framework), mof.gfn1_e, mof.ddec6_e, eqeq, linkers, mof.node)


def fit(samples: Sequence[Sample], form: Form) -> CorrectionTable:
    """Corrections from these MOFs; every MOF that has an environment counts once for it."""
    slopes = _slopes(samples, form.slope)
    residuals = [s.ddec6_e - s.gfn1_e - _sloped(s, slopes) for s in samples]
    estimates = _element_means(samples, residuals)
    found: dict[str, Correction] = {}
    for level in range(form.levels):
        groups: dict[str, list[tuple[int, list[int]]]] = defaultdict(list)
        for m, s in enumerate(samples):
            atoms: dict[str, list[int]] = defaultdict(list)
            for k, names in enumerate(s.environments):
                atoms[names[level]].append(k)
            for name, members in atoms.items():
                groups[name].append((m, members))
        known = {name: rows for name, rows in groups.items() if len(rows) >= form.min_mofs}
        off = [np.mean((residuals[m][a] - estimates[m][a]) ** 2) for rows in known.values() for m, a in rows]
        prior_variance = float(np.mean(off)) if off else 0.0
        for name, rows in known.items():
            coarse = estimates[rows[0][0]][rows[0][1][0]]
            excess = np.mean([np.mean(residuals[m][a]) for m, a in rows]) - coarse
            shift = float(coarse + excess * len(rows) / (len(rows) + form.shrinkage))
            squares = sum(float(np.mean((residuals[m][a] - shift) ** 2)) for m, a in rows)
            spread = float(np.sqrt((squares + prior_variance) / (len(rows) + 1)))
            found[name] = Correction(shift, spread, sum(len(a) for _, a in rows), len(rows))
            for m, a in rows:
                estimates[m][a] = shift
    raw = np.concatenate([s.ddec6_e - s.gfn1_e for s in samples])
    return CorrectionTable(found, slopes, float(np.sqrt(np.mean(raw**2))))


def _slopes(samples: Sequence[Sample], kind: str) -> dict[str, Slope]:
    rows: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for s in samples:
        for symbol, names, q, d in zip(s.symbols, s.environments, s.gfn1_e, s.ddec6_e, strict=True):
            rows[symbol].append((q, d - q, names[-1]))
    if kind == "none":
        return {}
    slopes = {}
    for symbol, atoms in rows.items():
        q, delta = np.array([(a[0], a[1]) for a in atoms]).T
        dq, dd = q - q.mean(), delta - delta.mean()
        if kind == "within":
            _, index = np.unique([a[2] for a in atoms], return_inverse=True)
            count = np.bincount(index)
            dq, dd = (x - (np.bincount(index, x) / count)[index] for x in (q, delta))
        ridge = 1e-4 * len(atoms)  # a spread of 0.01 e: charges that hardly differ tell no slope
        slopes[symbol] = Slope(float(dq @ dd / (dq @ dq + ridge)), float(q.mean()))
    return slopes


def _sloped(s: Sample, slopes: dict[str, Slope]) -> Charges:
    none = Slope(0.0, 0.0)
    pairs = [(slopes.get(symbol, none), q) for symbol, q in zip(s.symbols, s.gfn1_e, strict=True)]
    return np.array([slope.per_e * (q - slope.at_e) for slope, q in pairs])


def _element_means(samples: Sequence[Sample], residuals: Sequence[Charges]) -> list[Charges]:
    """Mean residual of each atom's element, the coarsest estimate, ``[n_mofs][n_atoms]``."""
    by_mof: dict[str, list[float]] = defaultdict(list)
    for s, residual in zip(samples, residuals, strict=True):
        for symbol in set(s.symbols):
            by_mof[symbol].append(float(residual[[x == symbol for x in s.symbols]].mean()))
    return [np.array([np.mean(by_mof[symbol]) for symbol in s.symbols]) for s in samples]


def corrected(samples: Sequence[Sample], form: Form) -> Model:
    table = fit(samples, form)
    return lambda s: table.correct(s.symbols, s.environments, s.gfn1_e).values


def corrected_evenly(samples: Sequence[Sample], form: Form) -> Model:
    """The same, but what the sum lacks of zero is taken from all atoms alike."""
    table = fit(samples, form)

    def model(s: Sample) -> Charges:
        values = s.gfn1_e + table.shifts(s.symbols, s.environments, s.gfn1_e)[0]
        return values - values.mean()

    return model


def linear(samples: Sequence[Sample]) -> Model:
    """Per-element line through (GFN1, DDEC6); unseen elements stay raw."""
    lines = {}
    symbols = np.concatenate([s.symbols for s in samples])
    gfn1, ddec6 = (np.concatenate([getattr(s, x) for s in samples]) for x in ("gfn1_e", "ddec6_e"))
    for symbol in np.unique(symbols):
        q, d = gfn1[symbols == symbol], ddec6[symbols == symbol]
        slope = (
            float((q - q.mean()) @ (d - d.mean()) / ((q - q.mean()) @ (q - q.mean()) + 1e-12)) if len(q) > 2 else 1.0
        )
        lines[symbol] = (slope, d.mean() - slope * q.mean())

    def model(s: Sample) -> Charges:
        pairs = [lines.get(symbol, (1.0, 0.0)) for symbol in s.symbols]
        values = np.array([b * q + a for (b, a), q in zip(pairs, s.gfn1_e, strict=True)])
        return values - values.mean()

    return model


def left_out(samples: Sequence[Sample], fitted: Callable[[Sequence[Sample]], Model]) -> list[Charges]:
    """Charges of every MOF by the model fitted to all others."""
    return [fitted([*samples[:m], *samples[m + 1 :]])(s) for m, s in enumerate(samples)]


def by_strangers(samples: Sequence[Sample], form: Form, related: Callable[[Sample, Sample], bool]) -> list[Charges]:
    """Corrected charges of every MOF by a fit to those alone that are not related to it."""
    return [corrected([t for t in samples if t is not s and not related(s, t)], form)(s) for s in samples]


def mae_e(samples: Sequence[Sample], values: Sequence[Charges]) -> float:
    return float(np.concatenate([s.error_e(v) for s, v in zip(samples, values, strict=True)]).mean())


def choose(samples: Sequence[Sample]) -> tuple[Form, list[tuple[float, Form]]]:
    """The form of least leave-one-MOF-out error, and all of them with theirs, best first."""
    ranked = [(mae_e(samples, left_out(samples, lambda rest, f=form: corrected(rest, f))), form) for form in FORMS]
    ranked.sort(key=lambda row: row[0])
    return ranked[0][1], ranked


def print_table(samples: Sequence[Sample], columns: dict[str, list[Charges]], *, by_mof: bool) -> None:
    """MAE of each method by element or by MOF, and over all atoms."""
    print(f"{'':28s}{'atoms':>6s}" + "".join(f"{name:>11s}" for name in columns))
    errors = {name: [s.error_e(v) for s, v in zip(samples, values, strict=True)] for name, values in columns.items()}
    if by_mof:
        rows = {s.name: [np.arange(len(s.symbols)) if t is s else np.array([], int) for t in samples] for s in samples}
    else:
        elements = sorted({symbol for s in samples for symbol in s.symbols})
        rows = {e: [np.array([k for k, x in enumerate(s.symbols) if x == e], int) for s in samples] for e in elements}
    rows["all"] = [np.arange(len(s.symbols)) for s in samples]
    for row, picks in rows.items():
        means = [np.concatenate([e[p] for e, p in zip(errors[name], picks, strict=True)]).mean() for name in columns]
        print(f"{row:28s}{sum(map(len, picks)):6d}" + "".join(f"{x:11.4f}" for x in means))


def report(train: Sequence[Sample], held_out: Sequence[Sample]) -> tuple[CorrectionTable, dict[str, object]]:
    """Fit, print every error, and return the table with its provenance."""
    form, ranked = choose(train)
    print("Leave-one-MOF-out error of the best forms, e:")
    for error, other in [*ranked[:5], *(row for row in ranked if row[1] == Form(3, 1, 0.0, "none"))]:
        print(f"  {error:.4f}  {other}")
    evenly = mae_e(train, left_out(train, lambda rest: corrected_evenly(rest, form)))
    print(f"  {evenly:.4f}  the first of these, with the residual sum spread evenly instead of by variance")
    everyone = {
        "GFN1": [s.gfn1_e for s in train],
        "EQeq": [s.eqeq_e for s in train],
        "linear": left_out(train, linear),
        "corrected": left_out(train, lambda rest: corrected(rest, form)),
    }
    print(f"\nTraining MOFs ({len(train)}), each left out in turn, by element:")
    print_table(train, everyone, by_mof=False)
    print("\nby MOF:")
    print_table(train, everyone, by_mof=True)
    every = [*train, *held_out]
    provenance: dict[str, object] = {
        "made_by": "benchmarks/charges_fit.py from benchmarks/charges_dataset.json.gz, by all its MOFs",
        "data": PROVENANCE,
        "form": asdict(form),
        "mofs": [s.name for s in every],
        "leave_one_mof_out_mae_e": round(mae_e(every, left_out(every, lambda rest: corrected(rest, form))), 4),
        "training_mofs_leave_one_mof_out_mae_e": {name: round(mae_e(train, v), 4) for name, v in everyone.items()},
    }
    if held_out:
        provenance["held_out_mofs"] = [s.name for s in held_out]
        provenance["held_out_mofs_by_a_fit_to_training_mofs_mae_e"] = _report_held_out(
            train, held_out, fit(train, form)
        )
    provenance |= _report_strangers(every, form)
    return fit(every, form), provenance


def _report_strangers(every: Sequence[Sample], form: Form) -> dict[str, object]:
    """How the correction does where it knows less: neither linker of a MOF, or not its node."""
    columns = {
        "GFN1": [s.gfn1_e for s in every],
        "EQeq": [s.eqeq_e for s in every],
        "new linkers": by_strangers(every, form, lambda s, t: bool(s.linkers & t.linkers)),
        "new node": by_strangers(every, form, lambda s, t: s.node == t.node),
    }
    print(f"\nAll MOFs ({len(every)}), by fits to those that share no linker with it, and to those of other nodes:")
    print_table(every, columns, by_mof=True)
    means = {name: round(mae_e(every, values), 4) for name, values in columns.items()}
    return {"no_shared_linker_mae_e": means["new linkers"], "no_shared_node_mae_e": means["new node"]}


def _report_held_out(train: Sequence[Sample], held_out: Sequence[Sample], table: CorrectionTable) -> dict[str, float]:
    line = linear(train)
    found = [table.correct(s.symbols, s.environments, s.gfn1_e) for s in held_out]
    columns = {
        "GFN1": [s.gfn1_e for s in held_out],
        "EQeq": [s.eqeq_e for s in held_out],
        "linear": [line(s) for s in held_out],
        "corrected": [f.values for f in found],
    }
    for by_mof in (True, False):
        print(f"\nHeld-out MOFs ({len(held_out)}), by {'MOF' if by_mof else 'element'}:")
        print_table(held_out, columns, by_mof=by_mof)
    print("\nBy level of the environment that was known (corrected / GFN1, e):")
    levels = np.concatenate([f.levels for f in found])
    errors = [np.concatenate([s.error_e(v) for s, v in zip(held_out, columns[x], strict=True)]) for x in columns]
    for level in range(-1, LEVELS):
        if (levels == level).any():
            name = "unseen" if level < 0 else f"level {level}"
            of_level = [e[levels == level].mean() for e in (errors[3], errors[0])]
            print(f"  {name:8s} {(levels == level).sum():5d} atoms  {of_level[0]:.4f} / {of_level[1]:.4f}")
    return {name: round(mae_e(held_out, values), 4) for name, values in columns.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Fit corrections of GFN1-xTB charges to DDEC6 charges.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of results, or a table of charges_dataset")
    parser.add_argument("--out", type=Path, help="where to write the corrections")
    options = parser.parse_args()
    if options.data.is_dir():
        mofs, problems = from_folder(options.data)
        for problem in problems:
            print(f"left out: {problem}", file=sys.stderr)
    else:
        mofs = read_dataset(options.data)
    samples = {mof.name: sample(mof) for mof in mofs}
    train = [samples[mof.name] for mof in mofs if mof.split == TRAIN]
    if len(train) < 2:
        print(f"{len(train)} training MOFs: too few to leave one out", file=sys.stderr)
        return 1
    table, provenance = report(train, [samples[mof.name] for mof in mofs if mof.split != TRAIN])
    if options.out is not None:
        options.out.write_text(table_json(table, provenance), encoding="utf-8")
        print(f"\n{len(table.environments)} environments -> {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
