"""How good a generator is: the gate that its linkers must pass, and what is measured on those that pass.

>>> from mofa.evaluate import Workers, evaluate, reference_of, streamed
>>> with Workers(2) as workers:
...     sample = workers.sample(streamed("graph", ["BCA", "BZN"], n=2000, seed=1))
...     evaluation = evaluate(sample, reference_of(Path("linkers.npz"), families, workers))
>>> print(evaluation.yields.gated)

`mofa.evaluate.gate` is the gate; `mofa.evaluate.sources` says where linkers come from (a generator, files of another
tool); `mofa.evaluate.reference` what they are compared with; `mofa.evaluate.figures` draws; `mofa.evaluate.acceptance`
decides whether a retrained generator may replace the pre-trained one.
"""

from mofa.evaluate.acceptance import Acceptance, accept
from mofa.evaluate.evaluation import Evaluation, evaluate
from mofa.evaluate.gate import gate
from mofa.evaluate.reference import NO_REFERENCE, Reference, reference_of
from mofa.evaluate.sampling import Workers
from mofa.evaluate.sources import Source, from_file, streamed

__all__ = [
    "NO_REFERENCE", "Acceptance", "Evaluation", "Reference", "Source", "Workers", "accept", "evaluate", "from_file",
    "gate", "reference_of", "streamed",
]  # fmt: skip
