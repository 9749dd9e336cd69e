"""What a generator is compared with: the data that it was trained on, the user's own, or a few that are made here."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mofa.chemistry import Family, Reason, Rejected, Stage
from mofa.errors import InputError
from mofa.evaluate.inner import identity_of
from mofa.evaluate.outcomes import Candidate, Counts, Sample
from mofa.evaluate.sampling import Workers
from mofa.evaluate.sources import LOT_RECORDS, Lot, SmilesLot, Source, read_smiles

N_OF_DATA = 1000
"""Linkers of a data set that distributions are compared with, unless fewer are asked for."""
N_MADE = 500
ProgressCallback = Callable[[float, str], None]
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Reference:
    """What a sample is compared with."""

    sample: Sample
    """For distributions: linkers of the data that passed the same gate."""
    training: frozenset[str] | None
    """For novelty: `mofa.evaluate.inner.identity_of` of all linkers of the data; None where nothing is known."""


NO_REFERENCE = Reference(Sample("nothing", ()), None)


@dataclass(frozen=True)
class CoreLot:
    """Some cores as SMILES with two ``*``, in 3-D with prompts on them."""

    cores: tuple[str, ...]
    families: tuple[Family, ...]
    """Taken in turn."""
    seed: int

    def candidates(self) -> Iterator[Candidate]:
        """At no cost: what it takes to make data says nothing of a generator."""
        from mofa.generate.moflinker.conformers import featurize
        from mofa.generate.moflinker.enumeration import capped
        from mofa.generate.moflinker.prompts import raw_linker_of

        for k, smiles in enumerate(self.cores):
            molecule = capped(smiles)
            example = None if molecule is None else featurize(molecule, seed=self.seed)
            if example is None:
                refusal = Rejected(Stage.PROCESS, Reason.UNREADABLE, f"no conformer of the core {smiles} was found")
                yield Candidate(refusal, 0.0, smiles)
            else:
                raw = raw_linker_of(example, self.families[k % len(self.families)], source="data")
                yield Candidate(raw, 0.0)

    def counts(self) -> Counts | None:
        """Data tell nothing of draws."""
        return None


@dataclass(frozen=True)
class ExampleLot:
    """Some examples of a training set, with prompts on them."""

    path: Path
    chosen: tuple[int, ...]
    families: tuple[Family, ...]
    """Taken in turn."""

    def candidates(self) -> Iterator[Candidate]:
        """At no cost: what it takes to make data says nothing of a generator."""
        from mofa.generate.moflinker import examples
        from mofa.generate.moflinker.prompts import raw_linker_of

        packed, _ = examples.load(self.path)
        for k, number in enumerate(self.chosen):
            raw = raw_linker_of(packed[number], self.families[k % len(self.families)], source="data")
            yield Candidate(raw, 0.0)

    def counts(self) -> Counts | None:
        """Data tell nothing of draws."""
        return None


def reference_of(
    data: Path | None,
    families: Sequence[Family],
    workers: Workers,
    *,
    seed: int = 1,
    most: int = N_OF_DATA,
    on_progress: ProgressCallback | None = None,
) -> Reference:
    """Read or make what a generator is compared with.

    Args:
        data: a training set of `mofa data linkers` (.npz), or SMILES of whole linkers or of cores with two ``*``;
            None makes `N_MADE` linkers of the kind that MOFA's generators are trained on.
        families: of the linkers that training sets and cores are made into.
        workers: to put them through the gate.
        seed: of the choice among the data and of their 3-D embedding.
        most: linkers of a data set for the distributions; novelty refers to all.
        on_progress: gets the fraction done.

    Raises:
        InputError: the file cannot be read, or none of its linkers is sound.
    """
    source, training = _source(data, tuple(families), seed, most)
    sample = workers.sample(source, on_progress=on_progress)
    if not sample.sound:
        refused = next((outcome.refusal for outcome in sample.outcomes if outcome.refusal is not None), None)
        why = f", the first for: {refused.detail}" if refused else ""
        raise InputError(
            f"none of {len(sample.outcomes)} linkers to compare with passes the gate{why}",
            where=data,
            action="Check the file with `mofa process`",
        )
    return Reference(sample, training)


def training_set(path: Path) -> frozenset[str]:
    """The identities of all linkers of a file.

    Raises:
        InputError: it cannot be read, or holds no linker.
    """
    if path.suffix == ".npz":
        from mofa.generate.moflinker import examples

        names = examples.load(path)[1]
        if not names:
            raise InputError("the training set is empty", where=path, action="Build it with `mofa data linkers`")
        return frozenset(names)
    return frozenset(key for smiles in read_smiles(path) if (key := identity_of(smiles)) is not None)


def _source(
    data: Path | None, families: tuple[Family, ...], seed: int, most: int
) -> tuple[Source, frozenset[str] | None]:
    if data is None:
        from mofa.generate.moflinker.enumeration import cores

        made = [core.smiles for core in islice(cores(f"reference {seed}"), N_MADE)]
        return _of_cores(f"{N_MADE} enumerated linkers", made, families, seed), None
    training = training_set(data)
    rng = random.Random(f"reference {seed}")
    if data.suffix == ".npz":
        chosen = sorted(rng.sample(range(len(training)), min(most, len(training))))
        lots = [ExampleLot(data, tuple(part), families) for part in _parts(chosen)]
        return Source(data.name, len(chosen), tuple(lots)), training
    every = read_smiles(data)
    some = rng.sample(every, min(most, len(every)))
    if any("*" in smiles for smiles in some):
        return _of_cores(data.name, some, families, seed), training
    whole: list[Lot] = [SmilesLot(tuple(part), None, seed) for part in _parts(some)]
    return Source(data.name, len(some), tuple(whole)), training


def _of_cores(title: str, smiles: Sequence[str], families: tuple[Family, ...], seed: int) -> Source:
    return Source(title, len(smiles), tuple(CoreLot(tuple(part), families, seed) for part in _parts(smiles)))


def _parts(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[k : k + LOT_RECORDS] for k in range(0, len(items), LOT_RECORDS))
