"""What retraining does on toy objectives, and what weights cost: winners round by round, yield, speed.

Run from the repository root: ``python -m benchmarks.retraining`` (some minutes). Every round draws linkers, processes
them, keeps the better half of all that were accepted so far, and retrains from the pre-trained weights. The line
"without" draws as many with the pre-trained weights, from the same seeds. Arguments are size limits, heavy atoms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from mofa.chemistry import Family, Linker, ModelRef
from mofa.generate import generate, train
from mofa.generate.chains import chain_space
from mofa.generate.decompose import chain_of
from mofa.generate.library import enumerate_smiles
from mofa.process import process

ROUNDS = 3
PER_ROUND = 96
OBJECTIVES: dict[str, Callable[[Linker], bool]] = {
    "has fluorine": lambda linker: "F" in linker.symbols,
    "at most 20 atoms, without dummies": lambda linker: linker.n_atoms <= 20,
    "has an alkyne spacer": lambda linker: "C#C" in linker.smiles,
}


def drawn(family: Family, seed: int, max_heavy_atoms: int, weights: Path | None) -> tuple[list[Linker], float]:
    """Accepted linkers of one stream, and the share that was accepted."""
    stream = generate(
        family, n=PER_ROUND, seed=seed, max_heavy_atoms=max_heavy_atoms, weights=weights, generator="library"
    )
    answers = [process(raw) for batch in stream for raw in batch]
    sound = [answer for answer in answers if isinstance(answer, Linker)]
    return sound, len(sound) / len(answers)


def rounds(objective: Callable[[Linker], bool], max_heavy_atoms: int, folder: Path, *, retrain: bool) -> str:
    """Winners, yield and new linkers of every round as a line of text."""
    pool: dict[str, Linker] = {}
    weights: Path | None = None
    parts = []
    for number in range(ROUNDS + 1):
        sound, accepted = drawn(Family.BCA, number, max_heavy_atoms, weights)
        winners = sum(map(objective, sound)) / len(sound)
        new = sum(linker.key not in pool for linker in sound) / len(sound)
        parts.append(f"{winners:4.0%} (sound {accepted:4.0%}, new {new:4.0%})")
        pool |= {linker.key: linker for linker in sound}
        best = sorted(pool.values(), key=lambda linker: (not objective(linker), linker.key))[: len(pool) // 2]
        if retrain:
            model = train(best, max_heavy_atoms=max_heavy_atoms, generator="library")
            assert isinstance(model, ModelRef), model
            weights = folder / f"weights{model.suffix}"
            weights.write_bytes(model.weights)
    return " -> ".join(parts)


def decomposed(n: int) -> None:
    """Share of the library's linkers that are recognised, and how fast."""
    for family in Family:
        space = chain_space(family)
        smiles = list(islice(enumerate_smiles(family), n))
        chain_of(space, smiles[0])
        start_s = time.perf_counter()
        found = sum(chain_of(space, text) is not None for text in smiles)
        each_ms = (time.perf_counter() - start_s) / n * 1e3
        print(f"{family}: {found} of {n} library linkers taken apart, {each_ms:.2f} ms each")


def speed(weights: Path) -> None:
    """Draws without 3-D, and whole linkers, with and without weights."""
    for label, file in (("pre-trained", None), ("retrained", weights), ("pre-trained", None), ("retrained", weights)):
        start_s = time.process_time()
        n = sum(
            len(batch) for batch in generate("BCA", n=96, seed=5, max_heavy_atoms=24, weights=file, generator="library")
        )
        print(f"generate, {label:<12} {1e3 * (time.process_time() - start_s) / n:6.1f} CPU-ms per linker")


def main() -> None:
    """Run everything."""
    decomposed(2000)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for max_heavy_atoms in map(int, sys.argv[1:] or ["38"]):
            for name, objective in OBJECTIVES.items():
                print(f"{name}, up to {max_heavy_atoms} heavy atoms, {PER_ROUND} linkers a round")
                print("  with   ", rounds(objective, max_heavy_atoms, folder, retrain=True), flush=True)
                print("  without", rounds(objective, max_heavy_atoms, folder, retrain=False), flush=True)
        speed(folder / "weights.json")


if __name__ == "__main__":
    main()
