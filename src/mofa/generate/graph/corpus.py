"""What the network learns from: cores as SMILES with what they are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mofa.generate.graph.model import FIELDS, UNKNOWN, bins_of
from mofa.generate.graph.tokens import END_INDEX, rows, spelling
from mofa.generate.moflinker.vocabulary import FAMILIES, N_ANCHORS

CONDITION_DROPOUT = 0.5
"""How often each of length, polar and tetrahedral atoms is kept from the network, so that it can do without."""
_OPTIONAL = (2, 3, 4)


@dataclass(frozen=True)
class Entry:
    """One core."""

    smiles: str
    """With two ``*``."""
    length_ang: float | None = None
    """Distance of the anchor carbons; None where no conformer is known."""
    family: int | None = None
    """Place in `FAMILIES`; None for a core of either family."""


@dataclass(frozen=True)
class Rows:
    """Entries ready for the network."""

    tokens: NDArray[np.int64]
    """``[n, length]``"""
    conditions: NDArray[np.int64]
    """``[n, 5]``"""

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row up to its ``<end>``, this included, ``[n]``."""
        lengths: NDArray[np.int64] = (self.tokens != END_INDEX).sum(axis=1) + 1
        return lengths

    @property
    def weights(self) -> NDArray[np.float32]:
        """1 for what is to be predicted, 0 for what only fills up, ``[n, length - 1]``."""
        return (np.arange(1, self.tokens.shape[1]) < self.lengths[:, None]).astype(np.float32)

    def subset(self, chosen: NDArray[np.integer]) -> Rows:
        """Some of the rows, without the columns that they do not need."""
        return Rows(self.tokens[chosen, : self.lengths[chosen].max()], self.conditions[chosen])


def polar_atoms(core: Any) -> int:
    """Nitrogen and oxygen atoms of a core."""
    return sum(atom.GetAtomicNum() in (7, 8) for atom in core.GetAtoms())


def sp3_atoms(core: Any) -> int:
    """Tetrahedral carbons of a core: those with nothing but single bonds."""
    return sum(
        atom.GetAtomicNum() == 6 and all(bond.GetBondType() == Chem.BondType.SINGLE for bond in atom.GetBonds())
        for atom in core.GetAtoms()
    )


def spelt(entries: Sequence[Entry], rng: np.random.Generator, *, shuffled_share: float) -> Rows:
    """Entries each spelt in one of its ways and told apart from what the network will not be told.

    Args:
        entries: of which those that cannot be read or spelt are left out.
        rng: for all choices.
        shuffled_share: how often the order of the branches is random.
    """
    encoded, conditions = [], []
    for entry in entries:
        core = Chem.MolFromSmiles(entry.smiles, sanitize=False)  # aromatic as it stands
        pick, family, shuffle = (float(x) for x in rng.random(3))
        shuffled = shuffle < shuffled_share
        if core is not None and shuffled:
            core = Chem.RenumberAtoms(core, rng.permutation(core.GetNumAtoms()).tolist())
        indices = None if core is None else spelling(core, int(pick < 0.5), canonical=not shuffled)
        if core is None or indices is None:
            continue
        kind = int(family * len(FAMILIES)) if entry.family is None else entry.family
        n_atoms = core.GetNumAtoms() - N_ANCHORS
        encoded.append(indices)
        conditions.append(bins_of(kind, n_atoms, entry.length_ang, polar_atoms(core), sp3_atoms(core)))
    table = np.array(conditions, dtype=np.int64).reshape(-1, len(FIELDS))
    for column in _OPTIONAL:
        table[rng.random(len(table)) < CONDITION_DROPOUT, column] = UNKNOWN
    return Rows(rows(encoded), table)
