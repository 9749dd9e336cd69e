"""How often `process` finds the molecule again whose bonds and hydrogens were thrown away, and what that costs.

Run from the repository root: ``python -m benchmarks.process_yield`` (about ten minutes). Held-out linkers of the
library (a seed that nothing else uses), half BCA and half BZN, are stripped to elements and coordinates, shaken by
Gaussian noise and processed. *Same* means the same InChIKey, and the same canonical SMILES (which tells tautomers
apart); every linker counts, refused or not. Mistakes are listed by what is wrong with which atom.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import inchi

from mofa.chemistry import Family, Linker, RawLinker, Rejected
from mofa.chemistry.molecules import molecule_of
from mofa.generate import generate
from mofa.process import process
from mofa.process.perception import PERCEPTIONS, load_perception

HELD_OUT_SEED = 771_204
NOISES_ANG = (0.0, 0.02, 0.05, 0.10)
COMMONEST = 8


@dataclass(frozen=True)
class Truth:
    """A linker as the library meant it."""

    raw: RawLinker
    smiles: str
    inchikey: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=2000, help="linkers, half of each family")
    parser.add_argument("--noise", type=float, nargs="*", default=NOISES_ANG, help="per coordinate, Å")
    parser.add_argument("--perception", nargs="*", default=PERCEPTIONS.names())
    parser.add_argument("--mistakes", action="store_true", help="list the commonest mistakes and refusals")
    options = parser.parse_args()
    linkers = held_out(options.n)
    given = [process(truth.raw) for truth in linkers]
    n_sound = sum(isinstance(answer, Linker) for answer in given)
    print(f"{len(linkers)} linkers; with their own bonds and hydrogens {n_sound} pass")
    print("| perception | noise, Å | same InChIKey | same SMILES | refused | another molecule | median / p99, CPU-ms |")
    print("|---|---|---|---|---|---|---|")
    for perception in options.perception:
        for noise in options.noise:
            report(linkers, perception, noise, options.mistakes)


def held_out(n: int) -> list[Truth]:
    """Library linkers with what they are."""
    truths = []
    for family in (Family.BCA, Family.BZN):
        for batch in generate(family, n=n // 2, seed=HELD_OUT_SEED, generator="library"):
            truths += [Truth(raw, *names_of(raw)) for raw in batch]
    return truths


def names_of(raw: RawLinker) -> tuple[str, str]:
    """Canonical SMILES and InChIKey of a linker with bonds."""
    molecule = molecule_of(raw)
    with rdBase.BlockLogs():
        return Chem.MolToSmiles(molecule), inchi.MolToInchiKey(molecule)


def stripped(raw: RawLinker, noise_ang: float, rng: np.random.Generator) -> RawLinker:
    """Elements and shaken coordinates, nothing else."""
    shaken = raw.positions + rng.normal(0.0, noise_ang, raw.positions.shape)
    return replace(raw, positions=shaken, bonds=None, hydrogens=None, formal_charges=None)


def report(truths: Sequence[Truth], perception: str, noise_ang: float, mistakes: bool) -> None:
    rng = np.random.default_rng(HELD_OUT_SEED)
    bare = [stripped(truth.raw, noise_ang, rng) for truth in truths]
    process(bare[0], perception=perception)  # libraries and tables are loaded before the clock starts
    answers, times_ms = [], []
    for raw in bare:
        start = time.process_time()
        answers.append(process(raw, perception=perception))
        times_ms.append(1e3 * (time.process_time() - start))
    refused = sum(isinstance(answer, Rejected) for answer in answers)
    same = sum(isinstance(a, Linker) and a.inchikey == t.inchikey for a, t in zip(answers, truths, strict=True))
    strict = sum(isinstance(a, Linker) and a.smiles == t.smiles for a, t in zip(answers, truths, strict=True))
    n = len(truths)
    print(
        f"| {perception} | {noise_ang:g} | {100 * same / n:.2f} % | {100 * strict / n:.2f} % | {refused} |"
        f" {n - refused - same} | {np.median(times_ms):.1f} / {np.percentile(times_ms, 99):.1f} |",
        flush=True,
    )
    if mistakes:
        tell_mistakes(truths, bare, answers, perception)


def tell_mistakes(
    truths: Sequence[Truth], bare: Sequence[RawLinker], answers: Sequence[Linker | Rejected], perception: str
) -> None:
    refusals = Counter(str(answer.reason) for answer in answers if isinstance(answer, Rejected))
    for reason, count in refusals.most_common():
        print(f"  refused {count} {reason}")
    perceive = load_perception(perception)
    kinds: Counter[str] = Counter()
    example: dict[str, str] = {}
    for truth, raw, answer in zip(truths, bare, answers, strict=True):
        if isinstance(answer, Linker) and answer.inchikey == truth.inchikey:
            continue
        seen = perceive.perceive(raw, deadline=time.monotonic() + 5.0)
        for kind in difference(truth, seen) if isinstance(seen, RawLinker) else [str(seen.reason)]:
            kinds[kind] += 1
            example.setdefault(kind, f"{truth.smiles} -> {answer.smiles if isinstance(answer, Linker) else answer}")
    for kind, count in kinds.most_common(COMMONEST):
        print(f"  {count:4d} {kind}: {example[kind]}")


def difference(truth: Truth, seen: RawLinker) -> list[str]:
    """Which atoms have other hydrogens than they should, each kind once; bond orders where hydrogens agree."""
    molecule = molecule_of(truth.raw)
    found = set()
    for atom, meant, got in zip(molecule.GetAtoms(), truth.raw.hydrogens or (), seen.hydrogens or (), strict=True):
        if meant != got:
            ring = "".join(f"r{len(r)}" for r in molecule.GetRingInfo().AtomRings() if atom.GetIdx() in r)
            name = atom.GetSymbol().lower() if atom.GetIsAromatic() else atom.GetSymbol()
            found.add(f"{name}{'' if not ring else ' ' + ring} with {atom.GetDegree()} neighbours: H{meant} -> H{got}")
    return sorted(found) or ["orders or charges"]


if __name__ == "__main__":
    main()
