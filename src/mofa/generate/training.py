"""Retraining of the library: the building choices of good linkers become more likely, those of none less.

This is one update of the cross-entropy method (de Boer, Kroese, Mannor and Rubinstein, 10.1007/s10479-005-5724-z)
over independent choices: the family of distributions is that of the enumeration, so the sample closest to the examples
is the one that makes each choice as often as they do. How often that is, is smoothed towards the prior:

    target use = (1 - share) x use in the examples + share x use before training

with ``share = max(prior_share, 32 / (32 + n))`` for n examples of the family. The prior counts as 32 examples, the
least that the paper trains on, because a choice that is missing from a few dozen linkers is not yet a bad one; and
`prior_share` of it stays for good, because a choice of probability zero could never be drawn, and so never be learnt,
again. Each choice is thus made at least `prior_share` times as often as before. Where examples have weights, they count
as so many examples, with a mean of 1.

Choices are learnt apart from one another and for each family on its own: that a ring is good only beside a certain
spacer is beyond this model. Families whose linkers are no chains (TCA, QCA, IMD) are not learnt.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from mofa.chemistry import Family, Linker, ModelRef, Reason, Rejected, Stage
from mofa.generate import weights
from mofa.generate.chains import Chain, chain_space
from mofa.generate.decompose import LEARNT_FAMILIES, chain_of
from mofa.generate.estimate import Fit, Smoothing, fit
from mofa.generate.protocol import ProgressCallback, TrainingRequest

_Weighted = tuple[Chain, float]
"""An example, and how much it counts."""
METHOD = "cross-entropy"
PRIOR_EXAMPLES = 32.0
"""How many examples of a family the pre-trained weights count as."""
_DECOMPOSED = 0.5
"""Share of the work that taking the examples apart is, for the progress."""


def train_library(
    examples: Sequence[Linker],
    request: TrainingRequest,
    on_progress: ProgressCallback | None,
    *,
    name: str,
    source: str,
) -> ModelRef | Rejected:
    """Weights of the building choices, from examples.

    The metrics are, over all examples that the library can make: their share (``expressed_fraction``) and the mean
    gain of their log-probability (``gain_nats``); and for each family with examples, under its name in lower case, the
    relative entropy of the trained to the pre-trained stream (``divergence_nats_bca``).

    Args:
        examples: at least one; those that the library cannot make are left out.
        request: how to train; examples beyond its size limit raise the limit.
        on_progress: gets the fraction done.
        name: of the generator.
        source: name and version of the generator, noted in the weights.
    """
    started_s = time.process_time()
    chains = _chains(examples, request, on_progress)
    if isinstance(chains, Rejected):
        return chains
    learnt: dict[Family, weights.FamilyWeights] = {}
    metrics: dict[str, float] = {}
    gain_nats, n_used = 0.0, sum(map(len, chains.values()))
    for family, found in chains.items():
        fitted = _fit(family, found, request)
        if fitted is None:
            return _out_of_time(f"{len(learnt)} of {len(chains)} families had been learnt")
        learnt[family] = weights.FamilyWeights(len(found), fitted.factors)
        gain_nats += fitted.gain_nats * len(found) / n_used
        metrics[f"divergence_nats_{family.lower()}"] = fitted.divergence_nats
        if on_progress is not None:
            on_progress(_DECOMPOSED + (1 - _DECOMPOSED) * len(learnt) / len(chains), f"{family} learnt")
    return ModelRef(
        generator=name,
        weights=weights.dump(learnt, generator=source, method=METHOD),
        suffix=weights.SUFFIX,
        n_examples=n_used,
        method=METHOD,
        metrics={"expressed_fraction": n_used / len(examples), "gain_nats": gain_nats, **metrics},
        cpu_s=time.process_time() - started_s,
    )


def _chains(
    examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None
) -> dict[Family, list[_Weighted]] | Rejected:
    """The examples as chains with their weights, by family."""
    known: dict[tuple[Family, str], Chain | None] = {}
    chains: dict[Family, list[_Weighted]] = {}
    counts = request.weights_of(len(examples))
    for number, (linker, weight) in enumerate(zip(examples, counts, strict=True), start=1):
        key = (linker.family, linker.smiles)
        if key not in known:
            learnt = linker.family in LEARNT_FAMILIES
            known[key] = chain_of(chain_space(linker.family), linker.smiles) if learnt else None
        chain = known[key]
        if chain is not None:
            chains.setdefault(linker.family, []).append((chain, weight))
        if time.monotonic() > request.deadline:
            return _out_of_time(f"{number} of {len(examples)} examples had been read")
        if on_progress is not None:
            on_progress(_DECOMPOSED * number / len(examples), f"{number} of {len(examples)} examples read")
    if not chains:
        return Rejected(Stage.TRAIN, Reason.NOT_EXPRESSIBLE, _why_none(examples))
    return {family: chains[family] for family in Family if family in chains}


def _fit(family: Family, weighted: Sequence[_Weighted], request: TrainingRequest) -> Fit | None:
    unlimited = chain_space(family)
    chains = [chain for chain, _ in weighted]
    counts = [weight for _, weight in weighted] if request.example_weights else None
    largest = max(map(unlimited.n_core_atoms, chains)) + unlimited.anchor_atoms
    space = chain_space(family, max(request.max_heavy_atoms, largest))
    smoothing = Smoothing(PRIOR_EXAMPLES, request.prior_share)
    return fit(space, chains, smoothing, deadline=request.deadline, weights=counts)


def _why_none(examples: Sequence[Linker]) -> str:
    families = sorted({linker.family for linker in examples} - set(LEARNT_FAMILIES))
    if families:
        known = ", ".join(LEARNT_FAMILIES)
        return f"the library learns from {known} linkers; the {len(examples)} examples are {', '.join(families)}"
    return f"the library can make none of the {len(examples)} examples, such as {examples[0].smiles}"


def _out_of_time(how_far: str) -> Rejected:
    return Rejected(Stage.TRAIN, Reason.TIME_LIMIT, f"time ran out when {how_far}")
