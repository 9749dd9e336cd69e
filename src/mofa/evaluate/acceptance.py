"""Whether a retrained generator may take the place of the pre-trained one.

Both make fresh linkers from the same seed, which go through the gate. A retrained generator is refused when it has
become worse at making sound linkers, when it repeats itself, or when it gives back what it was shown.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mofa.chemistry import Family, Linker
from mofa.errors import InputError
from mofa.evaluate.diversity import unique_draws
from mofa.evaluate.inner import identity_of
from mofa.evaluate.outcomes import Sample
from mofa.evaluate.sampling import Workers
from mofa.evaluate.shares import Share
from mofa.evaluate.sources import streamed
from mofa.evaluate.yields import yields_of
from mofa.generate.conditions import ANYTHING, Conditions

MIN_YIELD_RATIO = 0.9
MIN_UNIQUENESS = 0.9
MAX_COPIES = 0.05
N_FRESH = 128


@dataclass(frozen=True)
class Acceptance:
    """The verdict on a retrained generator, with what it rests on."""

    accepted: bool
    reason: str
    """One sentence with the numbers."""
    gated_yield: Share
    """Of the retrained generator; per draw where draws are counted, see `mofa.evaluate.yields.Yields`."""
    gated_yield_before: Share
    """Of the pre-trained one."""
    uniqueness: Share
    """Different linkers among those drawn."""
    copies: Share
    """Sound linkers that are among the examples."""
    cpu_s: float
    """What the verdict cost, s; the pre-trained generator is measured once in a process."""


@lru_cache(maxsize=32)
def gated_yield_before(
    generator: str,
    families: tuple[Family, ...],
    *,
    n: int = N_FRESH,
    seed: int = 0,
    max_heavy_atoms: int = 38,
    conditions: Conditions = ANYTHING,
) -> Share:
    """The gated yield of the pre-trained generator; measured at the first call in a process."""
    return _gated_yield(_fresh(generator, families, n, seed, None, max_heavy_atoms, conditions))


def accept(
    weights: bytes | Path,
    *,
    generator: str,
    families: Sequence[Family],
    examples: Sequence[Linker],
    n: int = N_FRESH,
    seed: int = 0,
    max_heavy_atoms: int = 38,
    conditions: Conditions = ANYTHING,
    min_yield_ratio: float = MIN_YIELD_RATIO,
    min_uniqueness: float = MIN_UNIQUENESS,
    max_copies: float = MAX_COPIES,
    before: Share | None = None,
) -> Acceptance:
    """Judge the weights of a retraining.

    Args:
        weights: `ModelRef.weights`, or the file that holds them.
        generator: that was trained.
        families: that it is to make.
        examples: that it was trained on.
        n: fresh linkers in all.
        seed: of the fresh linkers; another one than that of the campaign's streams.
        max_heavy_atoms: of the campaign's streams.
        conditions: of the campaign's streams.
        min_yield_ratio: least gated yield, relative to the pre-trained generator.
        min_uniqueness: least share of different linkers among those drawn.
        max_copies: largest share of sound linkers that are among the examples.
        before: gated yield of the pre-trained generator, where it is known from `gated_yield_before`.

    Raises:
        InputError: the weights are not the generator's, or an argument is out of range.
    """
    if not families:
        raise InputError("no family to judge the generator by", where="train", action="Give at least one")
    start = time.process_time()
    every = tuple(map(Family, families))
    if before is None:
        before = gated_yield_before(
            generator, every, n=n, seed=seed, max_heavy_atoms=max_heavy_atoms, conditions=conditions
        )
    with TemporaryDirectory(prefix="mofa-weights-") as folder:
        if isinstance(weights, bytes):
            file = Path(folder) / "weights"
            file.write_bytes(weights)
        else:
            file = weights
        sample = _fresh(generator, every, n, seed, file, max_heavy_atoms, conditions)
    now, unique, copies = _gated_yield(sample), _uniqueness(sample), _copies(sample, examples)
    troubles = _troubles(now, before, unique, copies, min_yield_ratio, min_uniqueness, max_copies)
    facts = (
        f"gated yield {now.value:.2f} after {before.value:.2f}, {unique.value:.2f} unique, {copies.value:.2f} copies"
    )
    reason = facts if not troubles else "; ".join(troubles)
    return Acceptance(not troubles, reason, now, before, unique, copies, time.process_time() - start)


def _fresh(
    generator: str,
    families: tuple[Family, ...],
    n: int,
    seed: int,
    weights: Path | None,
    max_heavy_atoms: int,
    conditions: Conditions,
) -> Sample:
    source = streamed(
        generator, families, n=n, seed=seed, weights=weights, max_heavy_atoms=max_heavy_atoms, conditions=conditions
    )
    with Workers(1) as workers:
        return workers.sample(source)


def _gated_yield(sample: Sample) -> Share:
    yields = yields_of(sample)
    return yields.gated_per_draw or yields.gated


def _uniqueness(sample: Sample) -> Share:
    keys = [features.smiles for features in sample.sound]
    return unique_draws(sample) or Share(len(set(keys)), len(keys))


def _copies(sample: Sample, examples: Sequence[Linker]) -> Share:
    known = {identity_of(example.smiles) for example in examples}
    keys = [features.key for features in sample.sound]
    return Share(sum(key in known for key in keys), len(keys))


def _troubles(
    now: Share,
    before: Share,
    unique: Share,
    copies: Share,
    min_yield_ratio: float,
    min_uniqueness: float,
    max_copies: float,
) -> list[str]:
    """What speaks against the retrained generator."""
    if not now.count:
        return ["it makes no sound linker"]
    found = []
    if now.value < min_yield_ratio * before.value:
        fell = f"the gated yield went from {before.value:.2f} to {now.value:.2f}"
        found.append(f"{fell}, below {min_yield_ratio:g} times")
    if unique.value < min_uniqueness:
        found.append(f"only {unique.value:.2f} of its linkers are different, less than {min_uniqueness:g}")
    if copies.value > max_copies:
        found.append(f"{copies.value:.2f} of its linkers are copies of examples, more than {max_copies:g}")
    return found
