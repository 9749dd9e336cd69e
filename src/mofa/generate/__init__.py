"""Task 1, generate linkers: a stream of `RawLinker` batches from a generator that is chosen by name.

>>> from mofa.generate import generate
>>> batch = next(generate("BCA", n=16, seed=1))

``library`` enumerates ditopic linkers from ring cores, spacers and substituents; it is the embedded default and the
baseline for learned generators, which join the `GENERATORS` registry behind the same `Generator` protocol, here or
through the entry-point group ``mofa.generator``.
"""

from mofa.generate.protocol import Generator, StreamRequest
from mofa.generate.task import GENERATORS, generate

__all__ = ["GENERATORS", "Generator", "StreamRequest", "generate"]
