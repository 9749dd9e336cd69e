"""The flow generator: linkers from noise between two prompts, bonds and hydrogens included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Rejected
from mofa.generate.moflinker import prompts
from mofa.generate.moflinker.drawing import Molecule, Prompted, molecules
from mofa.generate.moflinker.graphs import core_smiles
from mofa.generate.moflinker.model import DEFAULT_STEPS, VERSION, Model, load
from mofa.generate.moflinker.polish import polish
from mofa.generate.moflinker.sizes import core_sizes
from mofa.generate.moflinker.vocabulary import FAMILIES
from mofa.generate.protocol import ProgressCallback, StreamRequest, TrainingRequest

MAX_ROUNDS = 8
"""Draws of a batch before it is given up as short, in batches."""


class FlowGenerator:
    """MOFLinker. A `mofa.generate.Trainable` that is `Conditioned` and `Counted`, too.

    Batches are the same on machines that round alike: processors with bfloat16 products give other linkers than those
    without. A draw is one prompt with all its retries (`mofa.generate.moflinker.drawing`).

    Args:
        steps: of the flow, or of the reverse diffusion.
    """

    name = "flow"
    version = VERSION
    families = FAMILIES
    follows = ("core_atoms", "length_ang", "polar_atoms", "sp3_atoms", "max_bend_deg")

    def __init__(self, steps: int = DEFAULT_STEPS) -> None:
        self.n_draws = self.n_failed = self.n_repeated = 0
        self._steps = steps

    def batches(self, request: StreamRequest) -> Iterator[list[RawLinker]]:
        """Deliver the batches of a stream from ``request.start_batch`` on.

        Whether a linker is a repetition depends on those before it, so batches that are skipped are drawn all the same.

        Raises:
            InputError: a weights file that is not of this model, or sizes outside the trained range.
        """
        sizes = core_sizes(request)
        return self._stream(request, load(request.weights), (sizes[0], sizes[-1]))

    def train(
        self, examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None = None
    ) -> ModelRef | Rejected:
        """Retrain on linkers that did well; see `mofa.generate.moflinker.finetune`."""
        from mofa.generate.moflinker.finetune import finetune

        return finetune(examples, request, on_progress, name=self.name, version=self.version)

    def _stream(self, request: StreamRequest, model: Model, sizes: tuple[int, int]) -> Iterator[list[RawLinker]]:
        seen: set[str] = set()
        for number in range(request.n_batches):
            batch = self._batch(request, model, sizes, number, seen)
            if number >= request.start_batch and batch:
                yield batch

    def _batch(
        self, request: StreamRequest, model: Model, sizes: tuple[int, int], number: int, seen: set[str]
    ) -> list[RawLinker]:
        """One batch; what fails or repeats is replaced from further draws."""
        wanted, made = request.size_of(number), list[RawLinker]()
        for round_number in range(MAX_ROUNDS):
            missing = wanted - len(made)
            if not missing:
                break
            seed = [request.seed, number, round_number, list(Family).index(request.family)]
            for linker in self.draw(model, request, sizes, missing, seed):
                self.n_draws += 1
                if linker is None:
                    self.n_failed += 1
                elif linker[0] in seen:
                    self.n_repeated += 1
                else:
                    seen.add(linker[0])
                    made.append(linker[1])
        return made

    def draw(
        self, model: Model, request: StreamRequest, sizes: tuple[int, int], n: int, seed: Sequence[int]
    ) -> list[tuple[str, RawLinker] | None]:
        """Core SMILES and linker of `n` draws; None for draws that gave no molecule."""
        rng = np.random.default_rng(list(seed))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        prompted = Prompted.of(model, request, sizes, n, rng)
        return self._linkers(request, molecules(model, prompted, steps=self._steps, generator=generator))

    def _linkers(
        self, request: StreamRequest, decoded: Sequence[Molecule | None]
    ) -> list[tuple[str, RawLinker] | None]:
        """Draws as linkers with their core SMILES; None for those that decode to no molecule."""
        polished = iter(polish([found[0] for found in decoded if found is not None]))
        linkers: list[tuple[str, RawLinker] | None] = []
        for found in decoded:
            if found is None:
                linkers.append(None)
                continue
            drawing, graph = found
            linker = prompts.assemble(
                drawing.symbols, next(polished), graph.bonds, graph.hydrogens, graph.charges,
                context=drawing.context, family=request.family, source=f"{self.name}/{self.version}",
            )  # fmt: skip
            linkers.append((core_smiles(drawing.symbols, graph.bonds, graph.hydrogens, graph.charges), linker))
        return linkers
