"""How many linkers pass, and why the others do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mofa.chemistry import Reason
from mofa.evaluate.outcomes import NO_MOLECULE, Sample
from mofa.evaluate.shares import Share


@dataclass(frozen=True)
class Refusals:
    """Linkers that were refused for one reason."""

    reason: Reason
    share: Share
    """Among all linkers of the sample."""


@dataclass(frozen=True)
class Yields:
    """Shares of the linkers that a generator delivered."""

    sound_molecule: Share
    """One neutral molecule with possible valences, whatever its geometry and its synthesis."""
    gated: Share
    """Passed the gate: `mofa.evaluate.gate`."""
    gated_per_draw: Share | None
    """The same with draws that gave no linker at all in the denominator; None where the source does not count them.
    Draws of a linker that the stream had given before are left out."""
    refusals: tuple[Refusals, ...]
    """Most frequent first."""


def yields_of(sample: Sample) -> Yields:
    """The yields of a sample."""
    n, n_sound = len(sample.outcomes), len(sample.sound)
    reasons = Counter(outcome.refusal.reason for outcome in sample.outcomes if outcome.refusal is not None)
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Yields(
        sound_molecule=Share(n - sum(reasons[reason] for reason in NO_MOLECULE), n),
        gated=Share(n_sound, n),
        gated_per_draw=_per_draw(sample),
        refusals=tuple(Refusals(reason, Share(count, n)) for reason, count in ordered),
    )


def _per_draw(sample: Sample) -> Share | None:
    """Draws are made ahead of what is delivered, so the share that failed is carried over to the linkers delivered."""
    counts = sample.counts
    if counts is None or counts.n_draws <= counts.n_repeated:
        return None
    failed = counts.n_failed / (counts.n_draws - counts.n_repeated)
    delivered = len(sample.outcomes)
    return Share(len(sample.sound), round(delivered / (1 - failed)) if failed < 1 else counts.n_draws)
