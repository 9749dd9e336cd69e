"""How different the linkers are: from each other, and from those that the generator was trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from mofa.evaluate.features import Features
from mofa.evaluate.outcomes import Sample
from mofa.evaluate.rings import known_ring_systems, ring_systems
from mofa.evaluate.shares import Share

MOST_COMPARED = 2000
"""Linkers of which all pairs are compared."""


@dataclass(frozen=True)
class Diversity:
    """Of the linkers that passed the gate."""

    unique: Share
    """Different linkers among them. A stream never gives a linker twice, but the sample is made of several."""
    unique_draws: Share | None
    """Among the draws that gave a linker, those of linkers that the stream had not given before; None where draws are
    not counted."""
    novel: Share | None
    """Different linkers that are not in the training set; None without one."""
    familiar: Share | None
    """Different linkers all of whose ring systems occur in the training set; None without one. What passes the gate can
    still be odd: a model that has learnt its data well draws few rings that are not in them."""
    scaffolds: Share
    """Different Murcko scaffolds among all that passed. DOI 10.1021/jm9602928."""
    internal: float | None
    """One minus the mean Tanimoto similarity of all pairs; None of fewer than two. DOI 10.3389/fphar.2020.565644."""


def diversity_of(sample: Sample, training: Collection[str] | None) -> Diversity:
    """How different a sample is.

    Args:
        sample: after the gate.
        training: `mofa.evaluate.inner.identity_of` of the training set; None where it is not known.
    """
    sound = sample.sound
    keys = {features.key for features in sound}
    return Diversity(
        unique=Share(len({features.smiles for features in sound}), len(sound)),
        unique_draws=unique_draws(sample),
        novel=None if training is None else Share(len(keys - set(training)), len(keys)),
        familiar=None if training is None else _familiar(keys, training),
        scaffolds=Share(len({features.scaffold for features in sound}), len(sound)),
        internal=internal_diversity(sound),
    )


def _familiar(keys: Collection[str], training: Collection[str]) -> Share:
    known = known_ring_systems(training)
    return Share(sum(ring_systems(key) <= known for key in keys), len(keys))


def unique_draws(sample: Sample) -> Share | None:
    """Among the draws that gave a linker, those that the stream had not given before; None where none are counted."""
    counts = sample.counts
    n_made = 0 if counts is None else counts.n_draws - counts.n_failed
    return Share(n_made - counts.n_repeated, n_made) if counts is not None and n_made > 0 else None


def internal_diversity(sound: Sequence[Features]) -> float | None:
    """One minus the mean Tanimoto similarity of Morgan fingerprints (radius 2, 2048 bits) of the linkers' insides."""
    fingerprints = [_fingerprint(features.key) for features in sound[:MOST_COMPARED]]
    n_pairs = len(fingerprints) * (len(fingerprints) - 1) // 2
    if not n_pairs:
        return None
    similar = sum(
        sum(DataStructs.BulkTanimotoSimilarity(fingerprint, fingerprints[:k]))
        for k, fingerprint in enumerate(fingerprints)
    )
    return 1.0 - float(similar) / n_pairs


def _fingerprint(smiles: str) -> Any:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    return generator.GetFingerprint(Chem.MolFromSmiles(smiles))
