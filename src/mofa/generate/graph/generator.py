"""The generator: draws cores from the network and puts them in 3-D, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Rejected
from mofa.generate.graph import weights
from mofa.generate.graph.model import ARCHITECTURE, VERSION, bins_of
from mofa.generate.graph.placing import Written, bend_deg, placed, understood
from mofa.generate.graph.sampling import Writer
from mofa.generate.graph.tokens import MAX_TOKENS
from mofa.generate.moflinker.sizes import core_sizes
from mofa.generate.moflinker.vocabulary import FAMILIES
from mofa.generate.protocol import ProgressCallback, StreamRequest, TrainingRequest

TEMPERATURE = 0.9
"""Below 1 more of what is drawn is a molecule, and less of it is new."""
ROUND = 64
"""Cores that are written together."""
RESERVE = 1
"""Cores of each batch beyond its size: hardly any cannot be placed."""
BEND_MARGIN_DEG = 2.0
"""By how much a bend may still grow when the linker is relaxed."""
MOST_BENT = 2000
"""A stream of straight linkers ends when so many in a row were bent."""
FRUITLESS_ROUNDS = 40
"""A stream ends when so many rounds in a row gave nothing new: hardly any linkers of that size are left."""


class GraphGenerator:
    """Cores written by a recurrent network, as linkers in 3-D.

    A `mofa.generate.Trainable` that is `Conditioned` and `Counted`, too. Batches are the same on every machine whose
    matrix products round alike; elsewhere a rare token differs.
    """

    name = ARCHITECTURE
    version = VERSION
    families: tuple[Family, ...] = FAMILIES
    follows = ("core_atoms", "length_ang", "polar_atoms", "sp3_atoms", "max_bend_deg")

    def __init__(self) -> None:
        self.n_draws = 0
        self.n_failed = 0
        self.n_repeated = 0
        self._ready: dict[str, RawLinker] = {}
        """What was put into 3-D before its time, to see whether it is straight, by the core's identity."""

    def batches(self, request: StreamRequest) -> Iterator[list[RawLinker]]:
        """Deliver the batches of a stream from ``request.start_batch`` on.

        Raises:
            InputError: the weights file is not one of this generator's, or the sizes asked for were not trained on.
        """
        return self._stream(request, self.cores(request))

    def cores(self, request: StreamRequest) -> Iterator[Written]:
        """The distinct cores that the stream of a request is made of, without 3-D, until nothing new comes.

        Raises:
            InputError: as `batches`.
        """
        sizes = core_sizes(request)
        return self._written(request, weights.load(request.weights), sizes)

    def train(
        self, examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None = None
    ) -> ModelRef | Rejected:
        """Go on training from the pre-trained weights with examples; see `mofa.generate.graph.training`."""
        from mofa.generate.graph.training import retrain

        return retrain(examples, request, on_progress)

    def _stream(self, request: StreamRequest, cores: Iterator[Written]) -> Iterator[list[RawLinker]]:
        """The batches: each owns a block of the seeded sequence of distinct cores, with some in reserve.

        Cores that cannot be placed are replaced from the reserve, so batches do not depend on one another; those of
        batches that are skipped are only written. What stays in reserve does not count as drawn.
        """
        if request.conditions.max_bend_deg is not None:
            cores = self._straight(cores, request, request.conditions.max_bend_deg)
        for batch in range(request.n_batches):
            self._ready.clear()
            block = list(islice(cores, request.size_of(batch) + RESERVE))
            if not block:
                return
            reserve = iter(block)
            if batch >= request.start_batch:
                made = list(islice(self._placed(reserve, request), request.size_of(batch)))
                self.n_draws -= len(list(reserve))
                if made:
                    yield made

    def _straight(self, cores: Iterator[Written], request: StreamRequest, max_bend_deg: float) -> Iterator[Written]:
        """Those cores whose linkers bend less than is asked; the others do not count as drawn.

        The network knows no bends, so every core is put into 3-D to see, also those of batches that are skipped.
        """
        refused = 0
        for core in cores:
            linker = self._place(core, request)
            if linker is None or bend_deg(linker) < max_bend_deg - BEND_MARGIN_DEG:
                refused = 0
                if linker is not None:
                    self._ready[core.identity] = linker
                yield core
                continue
            refused += 1
            self.n_draws -= 1
            if refused == MOST_BENT:
                return

    def _place(self, core: Written, request: StreamRequest) -> RawLinker | None:
        return placed(core, request.family, seed=request.seed, source=f"{self.name}/{self.version}")

    def _placed(self, block: Iterator[Written], request: StreamRequest) -> Iterator[RawLinker]:
        for core in block:
            linker = self._ready.get(core.identity) or self._place(core, request)
            if linker is None:
                self.n_failed += 1
            else:
                yield linker

    def _written(self, request: StreamRequest, learnt: weights.Learnt, sizes: range) -> Iterator[Written]:
        writer = Writer(learnt.model)
        told = _Told(request, learnt, sizes)
        seen: set[str] = set()
        fruitless, number = 0, 0
        while fruitless < FRUITLESS_ROUNDS:
            before = len(seen)
            rng = np.random.default_rng((request.seed, FAMILIES.index(request.family), number))
            texts = writer.write(told.conditions(rng), rng.random((MAX_TOKENS, ROUND)), temperature=TEMPERATURE)
            for text in texts:
                self.n_draws += 1
                core = understood(text)
                if core is None or core.n_atoms not in sizes:
                    self.n_failed += 1
                elif core.identity in seen:
                    self.n_repeated += 1
                else:
                    seen.add(core.identity)
                    yield core
            number += 1
            fruitless = 0 if len(seen) > before else fruitless + 1


@dataclass(frozen=True)
class _Told:
    """What the network is told in a stream."""

    request: StreamRequest
    learnt: weights.Learnt
    sizes: range

    def conditions(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Conditions of one round, ``[ROUND, 5]``: sizes as frequent as in the training data, the rest as asked."""
        asked = self.request.conditions
        odds = self.learnt.shares.odds(self.sizes, asked.length_ang)
        chosen = rng.choice(np.array(self.sizes), size=ROUND, p=odds)
        family = FAMILIES.index(self.request.family)
        return np.array([
            bins_of(family, int(size), asked.length_ang, asked.polar_atoms, asked.sp3_atoms) for size in chosen
        ])  # fmt: skip
