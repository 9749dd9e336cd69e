"""The first training of the network: on the pre-training set and on cores that are only enumerated, without 3-D."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mofa.chemistry.accessibility import sa_score
from mofa.errors import InputError
from mofa.generate.graph import weights
from mofa.generate.graph.corpus import Entry
from mofa.generate.graph.model import GraphModel, ModelConfig
from mofa.generate.graph.shares import Shares
from mofa.generate.graph.trainee import GraphTrainee, Source
from mofa.generate.graph.training import nats_per_core
from mofa.generate.learning import distributed
from mofa.generate.learning.loop import Fitted, ProgressCallback, Schedule, fit
from mofa.generate.moflinker.dataset import is_held_out
from mofa.generate.moflinker.enumeration import MAX_SA_SCORE, cores, has_usual_rings
from mofa.generate.moflinker.examples import Packed

BATCH_SIZE = 64
SCHEDULE = Schedule(steps=3000, learning_rate=2e-3, ema_decay=0.997, bf16=True)
N_ENUMERATED = 80_000
PACKED_SHARE = 0.6
"""Share of every batch that has conformers, and so lengths."""
_MOST_HELD_OUT = 2048


@dataclass(frozen=True)
class Corpus:
    """What the network is trained on, and what it is not."""

    packed: tuple[Entry, ...]
    """With lengths."""
    enumerated: tuple[Entry, ...]
    """Without."""
    held_out: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is trained on; a core may be in both."""
        return self.packed + self.enumerated


def corpus_of(packed: Packed, smiles: Sequence[str], *, n_enumerated: int, seed: int) -> Corpus:
    """The pre-training set and further distinct cores.

    Args:
        packed: from `mofa data linkers`.
        smiles: of its cores.
        n_enumerated: cores without 3-D, enumerated afresh (about 1.5 ms each).
        seed: of these.

    Raises:
        InputError: nothing is left to train on.
    """
    spans = np.linalg.norm((packed.context[:, 0].astype(float) - packed.context[:, 3]) / 1000.0, axis=1)
    known = [Entry(text, float(span)) for text, span in zip(smiles, spans, strict=True)]
    found: dict[str, bool] = {}
    for core in cores(f"graph/{seed}"):
        if len(found) >= n_enumerated:
            break
        usual = has_usual_rings(core.molecule) and sa_score(core.molecule) <= MAX_SA_SCORE
        if usual and core.smiles not in found:
            found[core.smiles] = is_held_out(core.molecule)
    corpus = Corpus(
        packed=tuple(entry for entry, out in zip(known, packed.held_out, strict=True) if not out),
        enumerated=tuple(Entry(text) for text, out in found.items() if not out),
        held_out=tuple(entry for entry, out in zip(known, packed.held_out, strict=True) if out),
    )
    if not corpus.entries:
        raise InputError("there are no cores to train on", where="train", action="Build data with `mofa data linkers`")
    return corpus


def pretrain(
    corpus: Corpus,
    *,
    schedule: Schedule = SCHEDULE,
    config: ModelConfig | None = None,
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
    processes: int = 1,
    device: str = "cpu",
    checkpoint: Path | None = None,
    deadline: float = math.inf,
    on_progress: ProgressCallback | None = None,
) -> bytes:
    """The content of a weights file, trained from nothing.

    Args:
        corpus: from `corpus_of`.
        schedule: how long and how fast.
        config: sizes of the network; None for the usual ones.
        batch_size: cores in a step, of all processes together.
        seed: of the first weights and of the batches.
        processes: data-parallel ranks.
        device: "cpu" or "cuda".
        checkpoint: file to resume from, where it is there, and to keep the state in.
        deadline: `time.monotonic()` at which to stop with what has been learnt by then, s.
        on_progress: gets the fraction done and the losses; with one process only.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    distributed.check(batch_size, processes, device)
    work = _Work(corpus, schedule, config or ModelConfig(), batch_size, seed, device, checkpoint, deadline)
    progress = on_progress if processes == 1 else None
    fitted: Fitted = distributed.run(_fit, (work, progress), processes=processes, device=device)
    model = GraphModel(work.config)
    model.load_state_dict({name: tensor.cpu() for name, tensor in fitted.weights.items()})
    notes = {
        "method": "next token",
        "n_packed": len(corpus.packed),
        "n_enumerated": len(corpus.enumerated),
        "batch_size": batch_size,
        "steps": fitted.steps,
        "seed": seed,
    }
    if corpus.held_out:
        notes["nats_per_core_held_out"] = round(nats_per_core(model, corpus.held_out[:_MOST_HELD_OUT]), 3)
    return weights.dump(fitted.weights, work.config, Shares.of(corpus.entries), notes)


@dataclass(frozen=True)
class _Work:
    """What every rank is given."""

    corpus: Corpus
    schedule: Schedule
    config: ModelConfig
    batch_size: int
    seed: int
    device: str
    checkpoint: Path | None
    deadline: float


def _fit(group: distributed.Group, work: _Work, on_progress: ProgressCallback | None) -> Fitted:
    torch.manual_seed(work.seed)
    model = GraphModel(work.config)
    pools = (work.corpus.packed, PACKED_SHARE), (work.corpus.enumerated, 1.0 - PACKED_SHARE)
    used = [(pool, share) for pool, share in pools if pool]
    total = sum(share for _, share in used)
    sources = [Source(_picking(pool), share / total) for pool, share in used]
    return fit(
        GraphTrainee(model, sources, batch_size=work.batch_size, seed=work.seed),
        work.schedule,
        group=group,
        checkpoint=work.checkpoint,
        of={"seed": work.seed, "batch_size": work.batch_size, "cores": len(work.corpus.entries)},
        deadline=work.deadline,
        on_progress=on_progress,
        device=work.device,
    )


def _picking(pool: Sequence[Entry]) -> Callable[[np.random.Generator, int], list[Entry]]:
    return lambda rng, n: [pool[k] for k in rng.integers(len(pool), size=n)]
