"""What every linker generator offers: a stream of batches that can be taken up again where it stopped.

Generators may offer more: `Trainable` ones learn from a campaign's best linkers, `Conditioned` ones can be asked for
linkers of a size or length, `Counted` ones say how many of their draws came to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Protocol, runtime_checkable

from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Rejected
from mofa.errors import InputError
from mofa.generate.conditions import ANYTHING, Conditions

ProgressCallback = Callable[[float, str], None]
"""Receives the fraction done (0 to 1) and a short text."""
FEWEST_STEPS, MOST_STEPS = 60, 400
"""Limits of the step budget of a retraining."""
STEPS_PER_EXAMPLE = 1.6
"""At half replay and batches of 32 each example is then seen some 25 times: more, and fresh linkers are copies."""


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
    conditions: Conditions = ANYTHING
    """What the linkers are asked to be like. Only a `Conditioned` generator gets any, and only those it follows."""

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
    """How to train. Each generator takes what concerns it."""

    seed: int = 0
    prior_share: float = 0.1
    """Least share of the pre-trained behaviour that stays, above 0, at most 1; for generators without replay."""
    max_heavy_atoms: int = 38
    """Largest linker of the streams that the examples come from, heavy atoms with anchors."""
    deadline: float = float("inf")
    """`time.monotonic()` value at which to give up, s."""
    steps: int = 200
    """Step budget of a neural generator, 60 to 400; few examples take fewer, see `steps_for`."""
    replay_share: float = 0.5
    """Share of pre-training data in every batch of a neural generator, 0 to less than 1."""
    example_weights: tuple[float, ...] | None = None
    """How much each example counts, above 0, in the order of the examples; None for all alike. Only ratios matter."""
    processes: int = 1
    """Processes that share every batch of a neural generator (data-parallel)."""

    def __post_init__(self) -> None:
        if not 0.0 < self.prior_share <= 1.0:
            raise _bad(f"prior_share is {self.prior_share}", "Give more than 0, at most 1")
        if not 0.0 <= self.replay_share < 1.0:
            raise _bad(f"replay_share is {self.replay_share}", "Give 0 or more, less than 1")
        if not FEWEST_STEPS <= self.steps <= MOST_STEPS:
            raise _bad(f"steps is {self.steps}", f"Give {FEWEST_STEPS} to {MOST_STEPS}")
        for name in ("max_heavy_atoms", "processes"):
            if getattr(self, name) < 1:
                raise _bad(f"{name} is {getattr(self, name)}", "Give 1 or more")
        for weight in self.example_weights or ():
            if not (weight > 0.0 and isfinite(weight)):
                raise _bad(f"an example weight is {weight}", "Give numbers above 0")

    def steps_for(self, n_examples: int) -> int:
        """Steps on so many different examples: few are learnt in fewer, so that they are not learnt by heart."""
        return min(self.steps, max(FEWEST_STEPS, round(STEPS_PER_EXAMPLE * n_examples)))

    def weights_of(self, n_examples: int) -> tuple[float, ...]:
        """How much each of `n_examples` counts, with a mean of 1.

        Raises:
            InputError: there are weights, but not as many.
        """
        if self.example_weights is None:
            return (1.0,) * n_examples
        if len(self.example_weights) != n_examples:
            n = len(self.example_weights)
            raise _bad(f"{n} example weights for {n_examples} examples", "Give one for each")
        mean = sum(self.example_weights) / n_examples
        return tuple(weight / mean for weight in self.example_weights)


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


@runtime_checkable
class Conditioned(Generator, Protocol):
    """A generator that can be asked for linkers of a certain size, length, polarity or stiffness."""

    follows: tuple[str, ...]
    """Fields of `Conditions` that it follows; a stream with any other is refused before it reaches it."""


@runtime_checkable
class Counted(Generator, Protocol):
    """A generator that draws until it has enough, and counts what it threw away since it was made."""

    n_draws: int
    """Linkers drawn, good or not."""
    n_failed: int
    """Draws that gave no linker: no molecule, no conformer."""
    n_repeated: int
    """Draws of a linker that the stream had given before."""


def _bad(what: str, action: str) -> InputError:
    return InputError(what, where="train", action=action)
