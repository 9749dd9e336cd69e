"""One linker after the other through the gate: what came out, why not, and what it cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rdkit import Chem, rdBase

from mofa.chemistry import Family, RawLinker, Reason, Rejected
from mofa.chemistry.accessibility import load_scorer
from mofa.chemistry.molecules import molecule_of
from mofa.evaluate.features import Features, features_of
from mofa.evaluate.gate import MAX_SA_SCORE, gate

NO_MOLECULE = frozenset({
    Reason.UNREADABLE, Reason.UNKNOWN_ELEMENT, Reason.NOT_FINITE, Reason.OVERLAP, Reason.VALENCE, Reason.FRAGMENTED,
    Reason.CHARGED, Reason.RADICAL,
})  # fmt: skip
"""Reasons for which a linker is not even one neutral molecule with possible valences."""


@dataclass(frozen=True)
class Candidate:
    """A linker on its way to the gate."""

    entry: RawLinker | Rejected
    cpu_s: float | None
    """What making it cost; None where that cannot be told."""
    text: str = ""
    """Its SMILES, where it was given as one."""


@dataclass(frozen=True)
class Outcome:
    """What became of one linker."""

    text: str
    """SMILES, or the formula of the heavy atoms where they make no molecule."""
    family: Family | None
    """None where it was refused before its ends were found."""
    refusal: Rejected | None
    features: Features | None
    """Of a linker that passed."""
    generate_cpu_s: float | None
    """None where it cannot be told."""
    process_cpu_s: float | None
    """None where there was nothing to process."""


@dataclass(frozen=True)
class Counts:
    """Draws of a generator that counts them, see `mofa.generate.protocol.Counted`."""

    n_draws: int
    n_failed: int
    """Came to nothing: no molecule, no conformer."""
    n_repeated: int
    """Came a second time, and were thrown away."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.n_draws + other.n_draws, self.n_failed + other.n_failed, self.n_repeated + other.n_repeated)

    def __sub__(self, other: Counts) -> Counts:
        return Counts(self.n_draws - other.n_draws, self.n_failed - other.n_failed, self.n_repeated - other.n_repeated)


@dataclass(frozen=True)
class Sample:
    """Linkers that went through the gate."""

    title: str
    outcomes: tuple[Outcome, ...] = field(repr=False)
    counts: Counts | None = None
    """None where the source does not count its draws."""
    n_asked: int = 0

    @property
    def sound(self) -> list[Features]:
        """Those that passed."""
        return [outcome.features for outcome in self.outcomes if outcome.features is not None]


def examine(candidate: Candidate, *, max_sa_score: float = MAX_SA_SCORE) -> Outcome:
    """Put one linker through the gate."""
    raw = candidate.entry
    if isinstance(raw, Rejected):
        return Outcome(candidate.text, None, raw, None, candidate.cpu_s, None)
    load_scorer()  # once in a process: not on the linker's clock
    start = time.process_time()
    result = gate(raw, max_sa_score=max_sa_score)
    cpu_s = time.process_time() - start
    if isinstance(result, Rejected):
        return Outcome(candidate.text or _text(raw), raw.family, result, None, candidate.cpu_s, cpu_s)
    return Outcome(result.smiles, raw.family, None, features_of(raw, result), candidate.cpu_s, cpu_s)


def _text(raw: RawLinker) -> str:
    """SMILES of a linker that was refused, or its formula."""
    if raw.bonds is not None:
        try:
            with rdBase.BlockLogs():
                return str(Chem.MolToSmiles(molecule_of(raw)))
        except (Chem.MolSanitizeException, ValueError):
            return _formula(raw.symbols)
    return _formula(raw.symbols)


def _formula(symbols: Iterable[str]) -> str:
    """Such as ``C20N2O4``: carbon first, then by name."""
    counts = Counter(symbols)
    ordered = sorted(counts, key=lambda symbol: (symbol != "C", symbol))
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in ordered)
