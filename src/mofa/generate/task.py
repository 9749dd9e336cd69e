"""The task function of the room."""

from __future__ import annotations

from collections.abc import Iterator

from mofa.chemistry import Family, RawLinker
from mofa.errors import InputError
from mofa.generate.protocol import Generator, StreamRequest
from mofa.registry import EngineEntry, Registry

GENERATORS = Registry(
    "generator",
    {"library": EngineEntry("mofa.generate.library:LibraryGenerator", "pip install rdkit", ("rdkit",))},
)


def generate(
    family: Family | str,
    *,
    n: int = 64,
    seed: int = 0,
    generator: str = "library",
    start_batch: int = 0,
    batch_size: int = 16,
    max_heavy_atoms: int = 38,
) -> Iterator[list[RawLinker]]:
    """Stream `n` distinct linkers of one family in batches.

    The same arguments give the same batches, so a stream that was interrupted goes on with `start_batch`.

    Args:
        family: "BCA" (dicarboxylic acids) or "BZN" (dinitriles).
        n: linkers in the whole stream, counted from batch 0.
        seed: of the stream.
        generator: name in `GENERATORS`.
        start_batch: first batch to deliver; earlier ones are skipped at almost no cost.
        batch_size: linkers in a batch.
        max_heavy_atoms: largest linker, heavy atoms with anchors. 38 is the paper's largest, 20 atoms between two
            benzoic acids; what simulations downstream cost grows at least linearly with it.

    Yields:
        Batches of `RawLinker`; the stream ends early when no more linkers of that size exist.

    Raises:
        InputError: an argument out of range.
        EngineMissingError: no such generator, or its library is not installed.
    """
    if family not in list(Family):
        raise InputError(f"unknown linker family {family!r}", where="generate", action="Choose BCA or BZN")
    request = StreamRequest(Family(family), n, seed, start_batch, batch_size, max_heavy_atoms)
    engine: Generator = GENERATORS.load(generator)()
    return engine.batches(request)
