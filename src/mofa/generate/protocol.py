"""What every linker generator offers: a stream of batches that can be taken up again where it stopped.

Generators that can learn from a campaign's best linkers offer `Trainable` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Rejected
from mofa.errors import InputError

ProgressCallback = Callable[[float, str], None]
"""Receives the fraction done (0 to 1) and a short text."""


@dataclass(frozen=True)
class StreamRequest:
    """One stream of linkers: what, how many, and from which batch on."""

    family: Family
    n: int
    """Linkers in the whole stream, counted from batch 0."""
    seed: int = 0
    start_batch: int = 0
    """First batch to deliver; those before it are skipped without being built."""
    batch_size: int = 16
    max_heavy_atoms: int = 38
    """Largest linker, heavy atoms of the whole molecule with its anchors."""
    weights: Path | None = None
    """File with the `ModelRef.weights` of a retraining; None for the pre-trained ones. Only a `Trainable` gets any."""

    def __post_init__(self) -> None:
        for name, least in (("n", 1), ("start_batch", 0), ("batch_size", 1), ("max_heavy_atoms", 1)):
            value = getattr(self, name)
            if value < least:
                raise InputError(f"{name} is {value}", where="generate", action=f"Give {least} or more")

    @property
    def n_batches(self) -> int:
        """Batches in the whole stream, the skipped ones included."""
        return -(-self.n // self.batch_size)

    def size_of(self, batch: int) -> int:
        """Linkers in batch number `batch`: all full but the last."""
        return min(self.batch_size, self.n - batch * self.batch_size)


@dataclass(frozen=True)
class TrainingRequest:
    """How to train."""

    seed: int = 0
    prior_share: float = 0.1
    """Least share of the pre-trained behaviour that stays, above 0, at most 1."""
    max_heavy_atoms: int = 38
    """Largest linker of the streams that the examples come from, heavy atoms with anchors."""
    deadline: float = float("inf")
    """`time.monotonic()` value at which to give up, s."""

    def __post_init__(self) -> None:
        if not 0.0 < self.prior_share <= 1.0:
            raise InputError(f"prior_share is {self.prior_share}", where="train", action="Give more than 0, at most 1")
        if self.max_heavy_atoms < 1:
            raise InputError(f"max_heavy_atoms is {self.max_heavy_atoms}", where="train", action="Give 1 or more")


@runtime_checkable
class Generator(Protocol):
    """A source of linkers.

    The same request gives the same batches, on every machine and after every restart: batch k depends on the family,
    the seed, the sizes, the weights and k, not on `start_batch`. No linker comes twice within a stream. A stream may
    end early when there are no more linkers of the size asked for.
    """

    name: str
    version: str
    """Carried as ``name/version`` in `RawLinker.source`; weights of other versions are refused."""
    families: tuple[Family, ...]
    """What it can make; streams of other families are refused before they reach it."""

    def batches(self, request: StreamRequest) -> Iterator[list[RawLinker]]:
        """Deliver the batches from ``request.start_batch`` on, each as soon as it is ready."""
        ...


@runtime_checkable
class Trainable(Generator, Protocol):
    """A generator that can be retrained on linkers that did well.

    Training starts from the pre-trained weights, always: there is no way to hand in others. `batches` takes the result
    as the file `StreamRequest.weights`; a file that is not its own is an `InputError`, raised before the first batch,
    and reading one never runs code from it.
    """

    def train(
        self, examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None = None
    ) -> ModelRef | Rejected:
        """Weights that favour linkers like the examples, at least one; several families may be mixed."""
        ...
