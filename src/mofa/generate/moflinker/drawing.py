"""Drawing molecules between prompts: sample, decode, and go back half the way with what makes no good molecule.

Most samples decode to a molecule at once. The rest, and those with groups that no linker has, are taken back to an
earlier time of the flow and drawn again from there, which mends them more often, and into more usual linkers, than
repairing their bonds by integer programming does; that is left for those that still make none. All of this is one draw.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mofa.generate.learning.distributed import has_fast_bf16
from mofa.generate.moflinker.alerts import has_alert
from mofa.generate.moflinker.decode import Decoded, Fault, Scores, decode
from mofa.generate.moflinker.graphs import sanitised
from mofa.generate.moflinker.model import Model
from mofa.generate.moflinker.network import ANCHOR_TOKENS, FAKE, Guess
from mofa.generate.moflinker.polish import Drawing
from mofa.generate.moflinker.tensors import polar_bin, sp3_bin
from mofa.generate.moflinker.training import MOST_FAKES
from mofa.generate.moflinker.vocabulary import FAMILIES, N_ANCHORS
from mofa.generate.protocol import StreamRequest

TYPE_TEMPERATURE = 0.8
"""Below 1 fewer odd rings are drawn, and less nitrogen and oxygen."""
RETRIES = 3
"""How often a sample that makes no molecule is taken back."""
FEWEST_STEPS = 2
Molecule = tuple[Drawing, Decoded]


@dataclass(frozen=True)
class Prompted:
    """Prompts, and what is asked of the cores between them."""

    context: NDArray[np.float64]
    """Å, ``[B, 6, 3]``."""
    mask: Tensor
    """1 for atoms, fake ones included, ``[B, n]``."""
    conditions: Tensor
    """``[B, 4]``"""
    may_vanish: Tensor
    """Whether atoms may turn out fake, ``[B]``."""
    least_atoms: int

    @classmethod
    def of(
        cls, model: Model, request: StreamRequest, sizes: tuple[int, int], n: int, rng: np.random.Generator
    ) -> Prompted:
        """Draw the prompts of `n` linkers."""
        asked = request.conditions
        drawn = model.poses.draw(n, rng, sizes, asked)
        counts = torch.from_numpy(np.minimum(drawn.sizes + rng.integers(0, MOST_FAKES + 1, n), sizes[1]))
        family = FAMILIES.index(request.family)
        conditions = torch.tensor([[family, 0, polar_bin(asked.polar_atoms), sp3_bin(asked.sp3_atoms)]]).repeat(n, 1)
        conditions[:, 1] = torch.from_numpy(drawn.sizes)
        mask = (torch.arange(int(counts.max()))[None] < counts[:, None]).float()
        return cls(drawn.context, mask, conditions, counts > sizes[0], sizes[0])

    def rows(self, chosen: list[int]) -> Prompted:
        """Some of them."""
        rows = (self.context[chosen], self.mask[chosen], self.conditions[chosen], self.may_vanish[chosen])
        return Prompted(*rows, self.least_atoms)


def molecules(model: Model, prompted: Prompted, *, steps: int, generator: torch.Generator) -> list[Molecule | None]:
    """A molecule for each prompt, or None where none came out, or one smaller than asked.

    Args:
        model: whose objective is ``flow`` or ``ddpm``; samples of the latter cannot be taken back.
        prompted: the prompts.
        steps: of the first sample; each retry takes half of them.
        generator: of everything random.
    """
    found: list[Molecule | None] = [None] * len(prompted.context)
    left = list(range(len(found)))
    more: dict[str, Any] = {}
    retries = RETRIES if model.objective == "flow" else 0
    for attempt in range(retries + 1):
        part = prompted.rows(left)
        with torch.autocast("cpu", torch.bfloat16) if has_fast_bf16() else nullcontext():
            positions, types, guess = model.sampler()(
                model.network, torch.from_numpy(part.context).float(), part.mask, part.conditions,
                steps=max(FEWEST_STEPS, steps // 2) if attempt else steps, generator=generator,
                type_temperature=TYPE_TEMPERATURE, may_vanish=part.may_vanish, **more,
            )  # fmt: skip
        unsound = []
        # Weights that overflow give no numbers: there is nothing to go back to.
        for k in np.flatnonzero(positions.isfinite().all((1, 2)).numpy()).tolist():
            found[left[k]] = _decoded(guess, k, part, positions, types, repair=attempt == retries)
            if found[left[k]] is None:
                unsound.append(k)
        if not unsound:
            break
        left, more = [left[k] for k in unsound], {"before": (positions[unsound], types[unsound])}
    return found


def _decoded(
    guess: Guess, k: int, prompted: Prompted, positions: Tensor, types: Tensor, *, repair: bool
) -> Molecule | None:
    """Sample `k` as a molecule, or None where it is none, smaller than asked, or holds a group that no linker has."""
    kept = torch.nonzero((prompted.mask[k] > 0) & (types[k] != FAKE))[:, 0]
    x = positions[k, kept].double().numpy()
    ends = torch.cat([torch.arange(N_ANCHORS), kept + N_ANCHORS])
    scores = Scores.of_logits(
        types[k, kept].numpy().astype(np.int64),
        np.vstack([prompted.context[k][list(ANCHOR_TOKENS)], x]),
        guess.bonds[k][ends[:, None], ends[None]].double().numpy(),
        guess.hydrogens[k, kept].double().numpy(),
        guess.charges[k, kept].double().numpy(),
    )
    graph = decode(scores, least_atoms=prompted.least_atoms, repair=repair)
    if isinstance(graph, Fault) or has_alert(sanitised(scores.symbols, graph.bonds, graph.hydrogens, graph.charges)):
        return None
    return Drawing(scores.symbols, graph.bonds, x, prompted.context[k]), graph
