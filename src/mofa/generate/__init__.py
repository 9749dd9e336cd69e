"""Tasks 1 and 7, generate linkers and retrain: batches of `RawLinker` from a generator that is chosen by name.

>>> from mofa.generate import generate, train
>>> batch = next(generate("BCA", n=16, seed=1))

Linkers that did well, as `mofa.process` gives them, retrain the generator; the weights go through a file:

>>> model = train(best_linkers)
>>> Path("weights.safetensors").write_bytes(model.weights)
>>> better = next(generate("BCA", n=16, seed=1, weights="weights.safetensors"))

``graph``, the default, writes linkers as text and puts them in 3-D; ``flow`` places atoms and bonds in space; both are
learned, make BCA and BZN linkers, and follow `Conditions`. ``library`` enumerates linkers of all families from ring
cores, spacers and substituents. Others join the `GENERATORS` registry behind the same `Generator` protocol through the
entry-point group ``mofa.generator``.
"""

from mofa.generate.conditions import ANYTHING, Conditions
from mofa.generate.protocol import Conditioned, Counted, Generator, StreamRequest, Trainable, TrainingRequest
from mofa.generate.task import GENERATORS, generate, train

__all__ = [
    "ANYTHING",
    "GENERATORS",
    "Conditioned",
    "Conditions",
    "Counted",
    "Generator",
    "StreamRequest",
    "Trainable",
    "TrainingRequest",
    "generate",
    "train",
]
