"""From the whole acid or dinitrile to the linker that assembly takes: anchor groups out, dummy atoms in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Anchor, AnchorKind, Bond, Family
from mofa.chemistry.anchors import AnchorAtoms, neighbor_table
from mofa.chemistry.linker import DUMMY_OF_ANCHOR, ENDS_OF_FAMILY

FR_DISTANCE_ANG = 2.0
LINEAR_EXITS_DEG = 20.0


def place_dummies(
    family: Family,
    symbols: tuple[str, ...],
    positions: NDArray[np.float64],
    bonds: tuple[Bond, ...],
    anchors: tuple[AnchorAtoms, ...],
) -> tuple[tuple[str, ...], NDArray[np.float64], tuple[Bond, ...], tuple[Anchor, ...]]:
    """Symbols, positions, bonds and anchors with dummies, as the paper places them.

    BCA: carboxyl C, both O and their H go, At takes the place of the carbon. BZN: Fr is put 2 Å from the nitrile N,
    outward on the C-N line. Kept atoms keep their order; the dummies come last.

    Args:
        family: decides which dummy.
        symbols: of the whole molecule, hydrogens included.
        positions: Å, ``[n_atoms, 3]``.
        bonds: among all atoms.
        anchors: the two anchors, see `mofa.chemistry.anchors.AnchorAtoms`.
    """
    kind = ENDS_OF_FAMILY[family].kind
    table = neighbor_table(len(symbols), bonds)
    gone: set[int] = set()
    places = []
    for anchor in anchors:
        if kind is AnchorKind.CARBOXYLATE:
            carbon, *oxygens, ipso = anchor
            gone |= {carbon, *oxygens}
            gone |= {k for oxygen in oxygens for k in table[oxygen] if symbols[k] == "H"}
            places.append((ipso, positions[carbon]))
        else:
            nitrogen, carbon, _ = anchor
            outward = positions[nitrogen] - positions[carbon]
            places.append((nitrogen, positions[nitrogen] + FR_DISTANCE_ANG * outward / np.linalg.norm(outward)))
    kept = [k for k in range(len(symbols)) if k not in gone]
    new_index = {old: new for new, old in enumerate(kept)}
    new_bonds = [Bond(new_index[b.i], new_index[b.j], b.order) for b in bonds if b.i in new_index and b.j in new_index]
    new_anchors = []
    for k, (neighbor, _) in enumerate(places):
        dummy = len(kept) + k
        new_anchors.append(Anchor(kind, dummy, new_index[neighbor]))
        new_bonds.append(Bond(new_index[neighbor], dummy, 1.0))
    return (
        (*(symbols[k] for k in kept), *[DUMMY_OF_ANCHOR[kind]] * len(places)),
        np.vstack([positions[kept], [place for _, place in places]]),
        tuple(new_bonds),
        tuple(new_anchors),
    )


def conformer_class(positions: NDArray[np.float64], anchors: tuple[Anchor, ...]) -> str:
    """How the two exits point: ``linear``, ``trans`` or ``cis``.

    An exit is the vector from the anchor's neighbour to its dummy. Linear: both lie within `LINEAR_EXITS_DEG` of the
    line through the dummies. Otherwise the dihedral of the exits about that line decides: 90° or more is trans. The
    class tells the conformers apart that make different frameworks; noise and small torsions leave it as it is.

    Args:
        positions: Å, ``[n_atoms, 3]``, dummies included.
        anchors: the two anchors.
    """
    first, second = anchors
    axis = positions[second.dummy] - positions[first.dummy]
    axis = axis / np.linalg.norm(axis)
    across = []
    bends = []
    for anchor, sign in ((first, -1.0), (second, 1.0)):
        exit_vector = positions[anchor.dummy] - positions[anchor.neighbor]
        exit_vector = exit_vector / np.linalg.norm(exit_vector)
        bends.append(np.degrees(np.arccos(np.clip(sign * float(exit_vector @ axis), -1.0, 1.0))))
        across.append(exit_vector - (exit_vector @ axis) * axis)
    if max(bends) < LINEAR_EXITS_DEG:
        return "linear"
    return "cis" if float(across[0] @ across[1]) > 0 else "trans"
