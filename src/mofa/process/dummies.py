"""From the whole molecule to the linker that assembly takes: acid groups and azole protons out, dummy atoms in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Anchor, AnchorKind, Bond, Family
from mofa.chemistry.anchors import AnchorAtoms, neighbor_table
from mofa.chemistry.linker import DUMMY_OF_ANCHOR, ENDS_OF_FAMILY

FR_DISTANCE_ANG = 2.0
LINEAR_EXITS_DEG = 20.0
RISING_EXIT_DEG = 20.0
FLAT_FOUR = 0.18
"""Smallest over middle extent of four dummies: the tangent of half the twist of the two pairs, here about 20°."""
SOLID_FOUR = 0.70
"""The same for about 70°; a regular tetrahedron has 1."""


def place_dummies(
    family: Family,
    symbols: tuple[str, ...],
    positions: NDArray[np.float64],
    bonds: tuple[Bond, ...],
    anchors: tuple[AnchorAtoms, ...],
) -> tuple[tuple[str, ...], NDArray[np.float64], tuple[Bond, ...], tuple[Anchor, ...]]:
    """Symbols, positions, bonds and anchors with dummies, as the paper places them.

    Carboxylic acids: carboxyl C, both O and their H go, At takes the place of the carbon. Nitrogens: Fr is put 2 Å
    from the N, outward along its lone pair, that is away from all its neighbours; the proton of an azole
    goes, whichever of the ring's nitrogens bears it. Kept atoms keep their order; the dummies come last.

    Args:
        family: decides which dummy.
        symbols: of the whole molecule, hydrogens included.
        positions: Å, ``[n_atoms, 3]``.
        bonds: among all atoms.
        anchors: the ends, see `mofa.chemistry.anchor_groups.AnchorAtoms`.
    """
    kind = ENDS_OF_FAMILY[family].kind
    table = neighbor_table(len(symbols), bonds)
    gone: set[int] = set()
    if kind is AnchorKind.AZOLATE:
        ring_nitrogens = {k for anchor in anchors for k in anchor if symbols[k] == "N"}
        gone = {k for nitrogen in ring_nitrogens for k in table[nitrogen] if symbols[k] == "H"}
    places = []
    for anchor in anchors:
        if kind is AnchorKind.CARBOXYLATE:
            carbon, *oxygens, ipso = anchor
            gone |= {carbon, *oxygens}
            gone |= {k for oxygen in oxygens for k in table[oxygen] if symbols[k] == "H"}
            places.append((ipso, positions[carbon]))
        else:
            nitrogen = anchor[0]
            heavy = [k for k in table[nitrogen] if symbols[k] != "H"]
            places.append((nitrogen, positions[nitrogen] + FR_DISTANCE_ANG * _outward(positions, nitrogen, heavy)))
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
    """How the exits point: part of a linker's identity, since two conformers of one molecule make two frameworks.

    An exit is the vector from the anchor's neighbour to its dummy. The class depends on neither the order of the atoms
    nor how the linker lies in space; noise and small torsions leave it as it is.

    Two ends: ``linear`` when both exits lie within `LINEAR_EXITS_DEG` of the line through the dummies; otherwise their
    dihedral about that line decides, 90° or more is ``trans``, less ``cis``. Three ends: ``planar`` when no exit
    rises more than `RISING_EXIT_DEG` from the plane of the dummies, ``pyramidal`` when those that do rise to one side,
    ``mixed`` otherwise. Four ends: ``planar``, ``tetrahedral`` or, between, ``twisted`` by how far the dummies are from
    a plane, see `FLAT_FOUR` and `SOLID_FOUR`. The exits of an azolate are held by its one ring: ``ring``.

    Args:
        positions: Å, ``[n_atoms, 3]``, dummies included.
        anchors: two to four.
    """
    dummies = positions[[anchor.dummy for anchor in anchors]]
    exits = dummies - positions[[anchor.neighbor for anchor in anchors]]
    exits = exits / np.linalg.norm(exits, axis=1)[:, None]
    if anchors[0].kind is AnchorKind.AZOLATE:
        return "ring"
    if len(anchors) == 2:
        return _class_of_two(dummies, exits)
    spread, normal = _plane(dummies)
    if len(anchors) == 3:
        rise_deg = np.degrees(np.arcsin(np.clip(exits @ normal, -1.0, 1.0)))
        rising = rise_deg[np.abs(rise_deg) > RISING_EXIT_DEG]
        if not len(rising):
            return "planar"
        return "pyramidal" if abs(np.sign(rising).sum()) == len(rising) else "mixed"
    depth = spread[2] / spread[1]
    if depth < FLAT_FOUR:
        return "planar"
    return "tetrahedral" if depth > SOLID_FOUR else "twisted"


def _class_of_two(dummies: NDArray[np.float64], exits: NDArray[np.float64]) -> str:
    """``linear``, ``trans`` or ``cis``; both arguments ``[2, 3]``, the exits of unit length."""
    axis = dummies[1] - dummies[0]
    axis = axis / np.linalg.norm(axis)
    along = exits @ axis
    if np.degrees(np.arccos(np.clip(min(-along[0], along[1]), -1.0, 1.0))) < LINEAR_EXITS_DEG:
        return "linear"
    across = exits - along[:, None] * axis
    return "cis" if float(across[0] @ across[1]) > 0 else "trans"


def _plane(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Extents of points ``[n, 3]`` along their principal axes, largest first, and the normal of their plane."""
    _, extents, axes = np.linalg.svd(points - points.mean(axis=0))
    return extents, axes[2]


def _outward(positions: NDArray[np.float64], atom: int, neighbors: list[int]) -> NDArray[np.float64]:
    """Unit vector from an atom away from its neighbours: where its lone pair points."""
    arms = positions[atom] - positions[neighbors]
    outward: NDArray[np.float64] = (arms / np.linalg.norm(arms, axis=1)[:, None]).sum(axis=0)
    return outward / np.linalg.norm(outward)
