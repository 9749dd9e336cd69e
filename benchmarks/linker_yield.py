"""How many generated linkers survive processing, why the others fall, and what both steps cost.

Run ``python benchmarks/linker_yield.py --n 200``. The paper's learned generator passes 22.8 % (Table I); the library
knows its molecules, so its yield is the upper end. ``--perceive`` throws bonds and hydrogens away first, ``--noise``
shakes the atoms: what a model that only places atoms would meet.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace

import numpy as np

from mofa.chemistry import Family, Linker, RawLinker
from mofa.generate import generate
from mofa.generate.library import library_size
from mofa.process import process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100, help="linkers of each family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-heavy-atoms", type=int, default=38)
    parser.add_argument("--perceive", action="store_true", help="drop bonds and hydrogens, so that they are perceived")
    parser.add_argument("--noise", type=float, default=0.0, help="standard deviation per coordinate, Å")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    for family in (Family.BCA, Family.BZN):
        largest = options.max_heavy_atoms
        stream = generate(family, n=options.n, seed=options.seed, max_heavy_atoms=largest, generator="library")
        process(
            next(generate(family, n=1, generator="library"))[0]
        )  # libraries and tables are loaded before the clock starts
        start = time.process_time()
        raws = [linker for batch in stream for linker in batch]
        generated = time.process_time()
        truth = [process(raw) for raw in raws]
        disturbed = [_disturbed(raw, options.perceive, options.noise, rng) for raw in raws]
        before = time.process_time()
        outcomes = [process(raw) for raw in disturbed]
        processed = time.process_time()
        report(family, raws, truth, outcomes, options.max_heavy_atoms)
        print(f"  generate {1e3 * (generated - start) / len(raws):6.1f} CPU-ms per linker")
        print(f"  process  {1e3 * (processed - before) / len(raws):6.1f} CPU-ms per linker")


def _disturbed(raw: RawLinker, perceive: bool, noise_ang: float, rng: np.random.Generator) -> RawLinker:
    shaken = replace(raw, positions=raw.positions + rng.normal(0.0, noise_ang, raw.positions.shape))
    return replace(shaken, bonds=None, hydrogens=None, formal_charges=None) if perceive else shaken


def report(family: Family, raws: list[RawLinker], truth: list, outcomes: list, max_heavy_atoms: int) -> None:
    kept = [outcome for outcome in outcomes if isinstance(outcome, Linker)]
    same = sum(
        isinstance(a, Linker) and isinstance(b, Linker) and a.smiles == b.smiles
        for a, b in zip(truth, outcomes, strict=True)
    )
    sizes = np.array([len(raw.symbols) for raw in raws])
    print(f"{family}: {library_size(family, max_heavy_atoms):,} distinct linkers reachable")
    print(f"  generated {len(raws)}, heavy atoms {sizes.min()} to {sizes.max()}, median {np.median(sizes):.0f}")
    print(f"  processed {len(kept)} = {100 * len(kept) / len(raws):.1f} %, the molecule that was meant {same}")
    for reason, count in Counter(str(k.reason) for k in outcomes if not isinstance(k, Linker)).most_common():
        print(f"  rejected  {count} {reason}")
    classes = Counter(linker.conformer for linker in kept)
    print("  exits     " + ", ".join(f"{count} {name}" for name, count in classes.most_common()))


if __name__ == "__main__":
    main()
