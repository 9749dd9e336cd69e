"""What every linker generator offers: a stream of batches that can be taken up again where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mofa.chemistry import Family, RawLinker
from mofa.errors import InputError


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


@runtime_checkable
class Generator(Protocol):
    """A source of linkers.

    The same request gives the same batches, on every machine and after every restart: batch k depends on the family,
    the seed, the sizes and k, not on `start_batch`. No linker comes twice within a stream. A stream may end early
    when there are no more linkers of the size asked for.
    """

    name: str
    version: str
    """Carried as ``name/version`` in `RawLinker.source`; a retrained model counts as a new version."""

    def batches(self, request: StreamRequest) -> Iterator[list[RawLinker]]:
        """Deliver the batches from ``request.start_batch`` on, each as soon as it is ready."""
        ...
