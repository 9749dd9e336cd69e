"""How often core sizes come, and how long cores of a size are: what is drawn before the network writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.generate.graph.corpus import Entry
from mofa.generate.graph.model import N_LENGTHS, length_bin
from mofa.generate.graph.tokens import is_atom, tokens_of
from mofa.generate.moflinker.vocabulary import MAX_CORE_ATOMS, MIN_CORE_ATOMS, N_ANCHORS

_DIGITS = 6
_LEAST = 1e-4


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of sizes, and of lengths given the size."""

    sizes: NDArray[np.float64]
    """Of each number of core atoms, ``[MAX_CORE_ATOMS + 1]``; above 0 for all that were trained on."""
    lengths: NDArray[np.float64]
    """Of each length among cores of a size, ``[MAX_CORE_ATOMS + 1, N_LENGTHS]``; 0 where none is known."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Shares:
        """Of some cores; sizes that lack count once."""
        sizes = np.zeros(MAX_CORE_ATOMS + 1)
        lengths = np.zeros((MAX_CORE_ATOMS + 1, N_LENGTHS))
        for entry in entries:
            n_atoms = core_atoms(entry)
            sizes[n_atoms] += 1
            if entry.length_ang is not None:
                lengths[n_atoms, length_bin(entry.length_ang) - 1] += 1
        sizes[MIN_CORE_ATOMS:] = np.maximum(sizes[MIN_CORE_ATOMS:], 1)
        return cls(sizes / sizes.sum(), lengths / np.maximum(lengths.sum(axis=1, keepdims=True), 1))

    def odds(self, sizes: range, length_ang: float | None) -> NDArray[np.float64]:
        """Probabilities of these sizes, given a length; the length counts for nothing where no size has it.

        Args:
            sizes: that may be drawn.
            length_ang: distance of the anchor carbons, Å; None for any.
        """
        chosen = self.sizes[list(sizes)]
        if length_ang is not None:
            fitting = chosen * self.lengths[list(sizes), length_bin(length_ang) - 1]
            chosen = fitting if fitting.any() else chosen
        odds: NDArray[np.float64] = chosen / chosen.sum()
        return odds

    def moved(self, sizes: NDArray[np.float64], share: float) -> Shares:
        """The same with a share of the sizes replaced; all sizes stay possible."""
        mixed = (1.0 - share) * self.sizes + share * sizes
        mixed[MIN_CORE_ATOMS:] = np.maximum(mixed[MIN_CORE_ATOMS:], _LEAST)
        return Shares(mixed / mixed.sum(), self.lengths)

    def to_json(self) -> dict[str, Any]:
        """For the configuration in a weights file."""
        return {"sizes": self.sizes.round(_DIGITS).tolist(), "lengths": self.lengths.round(_DIGITS).tolist()}

    @classmethod
    def checked(cls, values: Any) -> Shares:
        """From the configuration in a weights file.

        Raises:
            ValueError: no such shares.
        """
        try:
            sizes, lengths = (np.array(values[name], dtype=np.float64) for name in ("sizes", "lengths"))
        except (TypeError, KeyError) as error:
            raise ValueError("the shares of sizes and lengths are missing") from error
        if sizes.shape != (MAX_CORE_ATOMS + 1,) or lengths.shape != (MAX_CORE_ATOMS + 1, N_LENGTHS):
            raise ValueError("the shares are of other sizes and lengths")
        if not all(np.all((x >= 0) & (x <= 1)) for x in (sizes, lengths)) or sizes[MIN_CORE_ATOMS:].min() <= 0:
            raise ValueError("the shares are none")
        return cls(sizes, lengths)


def core_atoms(entry: Entry) -> int:
    """Atoms of a core without its two ends."""
    return sum(map(is_atom, tokens_of(entry.smiles))) - N_ANCHORS
