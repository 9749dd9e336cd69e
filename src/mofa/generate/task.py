"""The task functions of the room."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Rejected
from mofa.errors import InputError
from mofa.generate.conditions import ANYTHING, Conditions
from mofa.generate.protocol import (
    Conditioned,
    Generator,
    ProgressCallback,
    StreamRequest,
    Trainable,
    TrainingRequest,
)
from mofa.registry import EngineEntry, Registry

_INSTALL_LEARNED = "pip install torch safetensors"
_LEARNED = ("rdkit", "torch", "safetensors")
GENERATORS = Registry(
    "generator",
    {
        "graph": EngineEntry("mofa.generate.graph.generator:GraphGenerator", _INSTALL_LEARNED, _LEARNED),
        "flow": EngineEntry("mofa.generate.moflinker.generator:FlowGenerator", _INSTALL_LEARNED, _LEARNED),
        "library": EngineEntry("mofa.generate.library:LibraryGenerator", "pip install rdkit", ("rdkit",)),
    },
)

CONDITIONED = ("graph", "flow")
"""Generators of MOFA that follow `Conditions`."""
DEFAULT = "flow"
"""The generator that is taken when none is named."""
LARGEST = "library"
"""The generator of MOFA that makes most families, and linkers of every size."""


def generate(
    family: Family | str,
    *,
    n: int = 64,
    seed: int = 0,
    generator: str = DEFAULT,
    start_batch: int = 0,
    batch_size: int = 16,
    max_heavy_atoms: int = 38,
    weights: str | Path | None = None,
    conditions: Conditions = ANYTHING,
) -> Iterator[list[RawLinker]]:
    """Stream `n` distinct linkers of one family in batches.

    The same arguments give the same batches, so a stream that was interrupted goes on with `start_batch`.

    Args:
        family: of `Family`, such as "BCA" (dicarboxylic acids); a generator's `families` says which it makes.
        n: linkers in the whole stream, counted from batch 0.
        seed: of the stream.
        generator: name in `GENERATORS`.
        start_batch: first batch to deliver; earlier ones are not delivered (`library`, `graph`: nor built).
        batch_size: linkers in a batch.
        max_heavy_atoms: largest linker, heavy atoms with anchors. 38 is the paper's largest, 20 atoms between two
            benzoic acids; what simulations downstream cost grows at least linearly with it.
        weights: file that holds the `ModelRef.weights` of a retraining; None for the pre-trained ones.
        conditions: what the linkers are asked to be like: size, length, polarity, stiffness. `graph` and `flow`
            follow them, `library` does not.

    Yields:
        Batches of `RawLinker`; the stream ends early when no more linkers of that size exist.

    Raises:
        InputError: a family that the generator does not make, an argument out of range, a weights file that is not
            the generator's, weights for a generator that has none, or conditions that it cannot follow.
        EngineMissingError: no such generator, or its library is not installed.
    """
    if family not in list(Family):
        raise InputError(
            f"unknown linker family {family!r}", where="generate", action=f"Choose {_one_of(tuple(Family))}"
        )
    file = None if weights is None else Path(weights)
    request = StreamRequest(Family(family), n, seed, start_batch, batch_size, max_heavy_atoms, file, conditions)
    engine: Generator = GENERATORS.load(generator)()
    if request.family not in engine.families:
        other = "another generator" if engine.name == LARGEST else f"another generator, such as {LARGEST}"
        raise InputError(
            f"the generator {engine.name!r} makes no {family} linkers",
            where="generate",
            action=f"Choose {_one_of(engine.families)}, or {other}",
        )
    if file is not None:
        _trainable(engine)
    _check_conditions(engine, conditions)
    return engine.batches(request)


def train(
    examples: Sequence[Linker],
    *,
    generator: str = DEFAULT,
    seed: int = 0,
    prior_share: float = 0.1,
    max_heavy_atoms: int = 38,
    time_limit_s: float | None = 300.0,
    steps: int = 200,
    replay_share: float = 0.5,
    example_weights: Sequence[float] | None = None,
    processes: int = 1,
    on_progress: ProgressCallback | None = None,
) -> ModelRef | Rejected:
    """Retrain a generator on linkers that did well, from its pre-trained weights.

    Earlier retrainings play no part: what one learnt from a few early examples must not be learnt twice.

    Args:
        examples: linkers of one or of several families; a linker that is given twice counts twice.
        generator: name in `GENERATORS`.
        seed: of the training, where it draws random numbers; that of the library does not.
        prior_share: of the library: least share of the pre-trained behaviour that stays, above 0, at most 1, so that
            the stream never narrows down to what is known already.
        max_heavy_atoms: size limit of the streams that the examples come from, as in `generate`; smallness that was
            asked for is then not learnt on top.
        time_limit_s: wall-clock limit, s; None for none.
        steps: of `graph` and `flow`: step budget of the training, 60 to 400.
        replay_share: of `graph` and `flow`: share of pre-training data in every batch, 0 to less than 1.
        example_weights: how much each example counts, above 0; None for all alike. Only their ratios matter.
        processes: of `graph` and `flow`: processes that share every batch.
        on_progress: gets the fraction done and a short text.

    Returns:
        The weights, for a file that `generate` takes; or the reason why nothing was learnt.

    Raises:
        InputError: no examples, an argument out of range, or a generator that cannot be trained.
        EngineMissingError: no such generator, or its library is not installed.
    """
    if not examples:
        raise InputError("there are no linkers to learn from", where="train", action="Give at least one")
    deadline = float("inf") if time_limit_s is None else time.monotonic() + time_limit_s
    weights = None if example_weights is None else tuple(map(float, example_weights))
    request = TrainingRequest(seed, prior_share, max_heavy_atoms, deadline, steps, replay_share, weights, processes)
    request.weights_of(len(examples))
    engine: Generator = GENERATORS.load(generator)()
    return _trainable(engine).train(examples, request, on_progress)


def _check_conditions(engine: Generator, conditions: Conditions) -> None:
    """Make sure that a generator follows what it is asked for.

    Raises:
        InputError: it does not.
    """
    asked = [field.name for field in fields(conditions) if getattr(conditions, field.name) is not None]
    follows = engine.follows if isinstance(engine, Conditioned) else ()
    wrong = [name for name in asked if name not in follows]
    if wrong:
        raise InputError(
            f"the generator {engine.name!r} cannot be asked for {', '.join(wrong)}",
            where="generate",
            action=f"Choose the generator {_one_of(CONDITIONED)}"
            + (f", or ask for {_one_of(follows)}" if follows else ""),
        )


def _one_of(names: Sequence[str]) -> str:
    """Names to choose from."""
    *first, last = map(str, names)
    return f"{', '.join(first)} or {last}" if first else last


def _trainable(engine: Generator) -> Trainable:
    if not isinstance(engine, Trainable):
        raise InputError(
            f"the generator {engine.name!r} cannot be trained and has no weights",
            where="generate",
            action="Choose another generator, such as library",
        )
    return engine
