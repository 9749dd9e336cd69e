"""Linkers: what a generator proposes (`RawLinker`) and what assembly accepts (`Linker`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats


class Family(StrEnum):
    """Linker families of the paper, both ditopic."""

    BCA = "BCA"
    """Benzenecarboxylic acid ends; each end binds a node through a carboxylate."""
    BZN = "BZN"
    """Benzonitrile ends; each end binds a metal through the nitrile N."""


class AnchorKind(StrEnum):
    """Type of a connection point; a linker end only joins a node site of the same kind."""

    CARBOXYLATE = "carboxylate"
    N_DONOR = "n_donor"


ANCHOR_OF_FAMILY = {Family.BCA: AnchorKind.CARBOXYLATE, Family.BZN: AnchorKind.N_DONOR}
DUMMY_OF_ANCHOR = {AnchorKind.CARBOXYLATE: "At", AnchorKind.N_DONOR: "Fr"}


@dataclass(frozen=True)
class Bond:
    """A covalent bond between atoms `i` and `j`; `order` is 1, 1.5 (aromatic), 2 or 3."""

    i: int
    j: int
    order: float


@dataclass(frozen=True, eq=False)
class RawLinker:
    """A generator's proposal: heavy atoms in 3-D, with the fixed anchor fragments among them.

    `bonds` and `hydrogens` (number on each heavy atom) are given by generators that predict them and are None for
    those that only place atoms; `process` then perceives them from the geometry.
    """

    family: Family
    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n_atoms, 3]``."""
    anchors: tuple[tuple[int, ...], ...]
    """Indices of the fixed atoms of each anchor fragment."""
    source: str
    """Generator name and version, carried along to the MOF."""
    bonds: tuple[Bond, ...] | None = None
    hydrogens: tuple[int, ...] | None = None
    formal_charges: tuple[int, ...] | None = None
    model_version: int = 0
    """How many times the generator had been retrained when it made this; 0 for the pre-trained weights."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", frozen_floats(self.positions, (len(self.symbols), 3)))


@dataclass(frozen=True)
class Anchor:
    """One end of a linker, as assembly needs it."""

    kind: AnchorKind
    dummy: int
    """Index of the dummy atom: At in place of the carboxyl carbon, Fr 2 Å beyond the nitrile N."""
    neighbor: int
    """Index of the linker atom that the dummy hangs on: the ipso carbon, the nitrile N."""


@dataclass(frozen=True, eq=False)
class Linker:
    """A sound linker, hydrogens and dummy atoms included, relaxed and ready for assembly."""

    smiles: str
    """Canonical SMILES of the whole molecule (acid or dinitrile), without dummies."""
    inchikey: str
    family: Family
    symbols: tuple[str, ...]
    """Element symbols; At and Fr mark the connection points."""
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n_atoms, 3]``."""
    bonds: tuple[Bond, ...]
    """Bonds among all atoms, those to the dummies included (order 1)."""
    anchors: tuple[Anchor, ...]
    source: str = "user"
    conformer: str = ""
    """Conformer class: part of the identity, since two conformers of one molecule make two MOFs."""
    model_version: int = 0
    """Carried on from the `RawLinker`; provenance, no part of the identity."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", frozen_floats(self.positions, (len(self.symbols), 3)))

    @property
    def key(self) -> str:
        """Identity of the linker: InChIKey and conformer class."""
        return f"{self.inchikey}-{self.conformer}" if self.conformer else self.inchikey

    @property
    def n_atoms(self) -> int:
        """Atoms without the dummies."""
        return len(self.symbols) - len(self.anchors)
