"""What linkers cost and how many are good, generator by generator, side by side; and what a retraining costs.

Run from the repository root: ``python -m benchmarks.generators`` (about ten minutes). CPU time of one core; linkers of
12 core atoms for the learned generators, of up to 30 heavy atoms for the library. *Assembled* are pillared pcu
frameworks with the zinc paddlewheel, from linkers that were asked to be straight where the generator can be asked. The
retraining learns linkers with two or more halogens; *halogens* is their share before and after.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from mofa.assemble import assemble
from mofa.chemistry import Family, Linker, Rejected
from mofa.evaluate.acceptance import accept
from mofa.evaluate.gate import gate
from mofa.generate import GENERATORS, Conditions, StreamRequest, train
from mofa.process import process

SEED = 20_011
KINDS = ("graph", "flow", "library")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=256, help="linkers of each family")
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    parser.add_argument("--examples", type=int, nargs="*", default=(128, 4096), help="sizes of the retraining's set")
    parser.add_argument("--processes", type=int, default=2, help="of a retraining")
    options = parser.parse_args()
    print("| generator | CPU-ms per linker | of the gate | pass | per draw | sound linkers per core-hour | assembled |")
    print("|---|---|---|---|---|---|---|")
    costs = {kind: linkers(kind, options.n) for kind in options.kinds}
    for kind in options.kinds[1:]:
        print(f"{kind} / {options.kinds[0]}, CPU time per linker: {costs[kind] / costs[options.kinds[0]]:.1f}")
    print("\n| generator | examples | wall, s | with the verdict | verdict | halogens before | after | copies |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in options.kinds:
        for n_examples in options.examples:
            retraining(kind, n_examples, options.processes)


def linkers(kind: str, n: int) -> float:
    """One line of the first table; the CPU time per linker, s."""
    engine = GENERATORS.load(kind)()
    learned = kind != "library"
    conditions = Conditions(core_atoms=(12, 12)) if learned else Conditions()
    size = 38 if learned else 30
    list(engine.batches(StreamRequest(Family.BCA, 2, 1, max_heavy_atoms=size)))  # loads libraries and weights
    engine = GENERATORS.load(kind)()
    made, generate_s = [], 0.0
    for family in (Family.BCA, Family.BZN):
        start = time.process_time()
        request = StreamRequest(family, n, SEED, batch_size=32, max_heavy_atoms=size, conditions=conditions)
        made += [linker for batch in engine.batches(request) for linker in batch]
        generate_s += time.process_time() - start
    gate(made[0])
    start = time.process_time()
    passed = sum(isinstance(gate(linker), Linker) for linker in made)
    gate_s = time.process_time() - start
    draws = getattr(engine, "n_draws", len(made)) - getattr(engine, "n_repeated", 0)
    per_hour = passed / (generate_s + gate_s) * 3600
    print(
        f"| {kind} | {1e3 * generate_s / len(made):.1f} | {1e3 * gate_s / len(made):.1f} | {passed / len(made):.1%}"
        f" | {passed / draws:.1%} | {per_hour:.0f} | {assembled(kind, size):.0%} |",
        flush=True,
    )
    return generate_s / len(made)


def assembled(kind: str, max_heavy_atoms: int, n: int = 200) -> float:
    """Share of random combinations of two acids and a dinitrile that assemble."""
    conditions = Conditions(max_bend_deg=15.0) if kind != "library" else Conditions()
    sound = {
        family: [
            linker
            for linker in map(process, drawn(kind, family, n // 2, SEED + 1, max_heavy_atoms, conditions))
            if isinstance(linker, Linker)
        ]
        for family in (Family.BCA, Family.BZN)
    }
    rng = random.Random(SEED)
    mofs = [assemble([*rng.sample(sound[Family.BCA], 2), rng.choice(sound[Family.BZN])]) for _ in range(n)]
    refused = Counter(str(mof.reason) for mof in mofs if isinstance(mof, Rejected))
    return 1.0 - sum(refused.values()) / n


def drawn(
    kind: str, family: Family, n: int, seed: int, max_heavy_atoms: int = 38, conditions: Conditions | None = None
) -> list[Any]:
    """Raw linkers of a stream."""
    request = StreamRequest(
        family, n, seed, batch_size=32, max_heavy_atoms=max_heavy_atoms, conditions=conditions or Conditions()
    )
    return [linker for batch in GENERATORS.load(kind)().batches(request) for linker in batch]


def retraining(kind: str, n_examples: int, processes: int) -> None:
    """One line of the second table."""
    examples = halogenated(n_examples)
    start = time.monotonic()
    model = train(examples, generator=kind, seed=1, processes=processes)
    if isinstance(model, Rejected):
        print(f"| {kind} | {len(examples)} | refused: {model.detail} |")
        return
    trained_s = time.monotonic() - start
    verdict = accept(
        model.weights, generator=kind, families=[Family.BCA, Family.BZN], n=128, seed=SEED, examples=examples
    )
    judged_s = time.monotonic() - start
    before, after = halogen_share(kind, None), halogen_share(kind, model.weights)
    print(
        f"| {kind} | {len(examples)} | {trained_s:.0f} | {judged_s:.0f} | {'used' if verdict.accepted else 'not used'}"
        f" ({verdict.gated_yield_before.value:.2f} to {verdict.gated_yield.value:.2f}) | {before:.0%} | {after:.0%}"
        f" | {verdict.copies.value:.1%} |",
        flush=True,
    )


@lru_cache(maxsize=4)
def halogenated(n: int) -> list[Linker]:
    """Sound enumerated linkers with two or more halogens, of both families."""
    from mofa.generate.moflinker.conformers import featurize
    from mofa.generate.moflinker.enumeration import cores
    from mofa.generate.moflinker.prompts import raw_linker_of

    found: list[Linker] = []
    seen: set[str] = set()
    for core in cores("halogens"):
        if len(found) >= n:
            return found
        if core.smiles in seen or sum(core.smiles.count(x) for x in ("F", "Cl", "Br")) < 2:
            continue
        seen.add(core.smiles)
        example = featurize(core.molecule, seed=1)
        family = (Family.BCA, Family.BZN)[len(found) % 2]
        linker = None if example is None else process(raw_linker_of(example, family, source="benchmark"))
        if isinstance(linker, Linker):
            found.append(linker)
    return found


def halogen_share(kind: str, weights: bytes | None, n: int = 256) -> float:
    """Share of fresh linkers with two or more halogens."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        file = None
        if weights is not None:
            file = Path(folder, "weights.json" if kind == "library" else "weights.safetensors")
            file.write_bytes(weights)
        request = StreamRequest(Family.BCA, n, SEED + 2, batch_size=32, weights=file)
        made = [linker for batch in GENERATORS.load(kind)().batches(request) for linker in batch]
    return share_of_halogenated([linker.symbols for linker in made])


def share_of_halogenated(molecules: Sequence[Sequence[str]]) -> float:
    """Share of molecules with two or more halogens."""
    return sum(sum(symbol in ("F", "Cl", "Br") for symbol in symbols) >= 2 for symbols in molecules) / len(molecules)


if __name__ == "__main__":
    main()
