"""Linkers: what a generator proposes (`RawLinker`) and what assembly accepts (`Linker`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.arrays import frozen_floats


class AnchorKind(StrEnum):
    """Type of a connection point; a linker end only joins a node site of the same kind."""

    CARBOXYLATE = "carboxylate"
    """The node holds the whole carboxylate; the linker's atom bonds to its carbon."""
    N_DONOR = "n_donor"
    """A neutral nitrogen with a lone pair along the exit: nitrile, pyridine, bridgehead amine."""
    AZOLATE = "azolate"
    """A nitrogen of a deprotonated azole; the metal lies in the ring's plane."""


class Family(StrEnum):
    """Linker families. BCA and BZN are the paper's; the others serve nodes and nets that need other ends."""

    BCA = "BCA"
    """Two benzenecarboxylic-acid ends; each binds a node through a carboxylate."""
    BZN = "BZN"
    """Two benzonitrile ends; each binds a metal through the nitrile N."""
    PYR = "PYR"
    """Two pyridyl ends (an aromatic N with no hydrogen, such as 4,4'-bipyridine)."""
    AMN = "AMN"
    """Two bridgehead tertiary amines, such as DABCO."""
    TCA = "TCA"
    """Three carboxylic acids, such as trimesic acid."""
    QCA = "QCA"
    """Four carboxylic acids, such as porphyrin tetrabenzoic acid."""
    IMD = "IMD"
    """An imidazole or another azole that bridges two metals through two ring nitrogens once its NH is gone."""


@dataclass(frozen=True)
class Ends:
    """The ends of a family's linkers."""

    kind: AnchorKind
    count: int


ENDS_OF_FAMILY = {
    Family.BCA: Ends(AnchorKind.CARBOXYLATE, 2),
    Family.BZN: Ends(AnchorKind.N_DONOR, 2),
    Family.PYR: Ends(AnchorKind.N_DONOR, 2),
    Family.AMN: Ends(AnchorKind.N_DONOR, 2),
    Family.TCA: Ends(AnchorKind.CARBOXYLATE, 3),
    Family.QCA: Ends(AnchorKind.CARBOXYLATE, 4),
    Family.IMD: Ends(AnchorKind.AZOLATE, 2),
}
DUMMY_OF_ANCHOR = {AnchorKind.CARBOXYLATE: "At", AnchorKind.N_DONOR: "Fr", AnchorKind.AZOLATE: "Fr"}


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
    """Index of the dummy atom: At in place of the carboxyl carbon, Fr 2 Å beyond the donor N, where the metal goes."""
    neighbor: int
    """Index of the linker atom that the dummy hangs on: the ipso carbon, the donor N."""


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
