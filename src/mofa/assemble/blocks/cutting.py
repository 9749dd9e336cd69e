"""Where a fragment's connection points are: marked by dummies, named by the user, or cut out of a crystal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.blocks.fragments import Fragment, carboxylate_oxygens, is_whole, share_ring_of_five
from mofa.chemistry import AnchorKind, Bond
from mofa.chemistry.elements import formula, is_metal
from mofa.errors import InputError

# A linker's atom is no further from the node's; the longest metal-nitrogen bonds have 2.7.
_FARTHEST_DUMMY_ANG = 3.0
# An oxygen on one metal only is an oxo ligand (vanadyl 1.6, uranyl 1.8) or has lost its hydrogens in the X-rays.
_LONGEST_OXO_ANG = 1.85
_INORGANIC = frozenset({"O", "S", "F", "Cl", "Br", "I"})
_Piece = dict[int, tuple[int, int, int]]


@dataclass(frozen=True, eq=False)
class Exit:
    """A connection point as found: where the linker leaves."""

    atom: int
    toward: NDArray[np.float64]
    """From the node's atom towards the linker's, Å, ``[3]``; only the direction matters."""
    kind: AnchorKind | None
    """None where the user has to say."""
    length_ang: float | None = None


@dataclass(frozen=True, eq=False)
class Cluster:
    """A node's atoms in one piece, with its exits."""

    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Cartesian, Å, ``[n_atoms, 3]``."""
    bonds: tuple[Bond, ...]
    exits: tuple[Exit, ...]


def marked(fragment: Fragment) -> Cluster:
    """The whole fragment, with an exit at every dummy: it stands where the linker's atom goes.

    Raises:
        InputError: the fragment is periodic, or a dummy has no atom near it.
    """
    piece = _one_molecule(fragment)
    order, positions = _unwrapped(fragment, piece)
    inverse = np.linalg.inv(fragment.cell)
    exits = []
    for number, dummy in enumerate(fragment.dummies):
        apart = (dummy - positions) @ inverse
        toward = (apart - np.rint(apart)) @ fragment.cell
        distance = np.linalg.norm(toward, axis=1)
        nearest = int(np.argmin(distance))
        if distance[nearest] > _FARTHEST_DUMMY_ANG or distance[nearest] < 0.5:
            raise InputError(
                f"dummy {number} is {distance[nearest]:.2f} Å from {fragment.label(order[nearest])}, the nearest atom",
                where=fragment.where,
                action="Put it where the linker's atom goes, a bond away from the node's",
            )
        metal = is_metal(fragment.symbols[order[nearest]])
        kind = AnchorKind.CARBOXYLATE if carboxylate_oxygens(fragment, order[nearest]) else None
        exits.append(Exit(nearest, toward[nearest], kind, float(distance[nearest]) if metal else None))
    return _cluster(fragment, piece, exits)


def named(fragment: Fragment, ends: list[tuple[int, int | NDArray[np.float64]]]) -> Cluster:
    """The fragment without what hangs on its exits.

    Args:
        fragment: node with or without linkers on it.
        ends: for every exit the node's atom and either the linker's, or a vector towards it; atoms by their numbers
            in the file.

    Raises:
        InputError: an atom that is not there, is periodic, or a linker that is bonded to the node elsewhere too.
    """
    index = {number: k for k, number in enumerate(fragment.numbers)}
    for numbers in ((atom, *([end] if isinstance(end, int) else [])) for atom, end in ends):
        missing = [number for number in numbers if number not in index]
        if missing:
            raise InputError(
                f"there is no atom {missing[0]}; atoms are numbered from 0 to {max(index)}",
                where=fragment.where,
                action="Correct `atom` or `towards`",
            )
    outside = {index[end] for _, end in ends if isinstance(end, int)}
    pieces = fragment.bonds.unwrapped_components(skip=frozenset(outside))
    atoms = [index[atom] for atom, _ in ends]
    piece = next((piece for piece in pieces if atoms[0] in piece), None)
    strays = [atom for atom in atoms if piece is None or atom not in piece]
    if piece is None or strays:
        raise InputError(
            f"{fragment.label((strays or atoms)[0])} is not bonded to the atoms of the other points",
            where=fragment.where,
            action="Give points of one node, and a vector as `towards` where the atom belongs to the node",
        )
    if not is_whole(fragment, piece):
        raise _periodic(fragment)
    hanging = [p for p in pieces if any(j in outside for atom in p for j, _, _ in fragment.bonds.neighbors[atom])]
    if any(other is not piece and other not in hanging for other in pieces):
        raise _in_pieces(fragment, pieces)
    order = sorted(piece)
    exits = []
    for atom, (_, end) in zip(atoms, ends, strict=True):
        toward = end if not isinstance(end, int) else _vector(fragment, atom, index[end])
        metal = is_metal(fragment.symbols[atom]) and isinstance(end, int)
        kind = AnchorKind.CARBOXYLATE if carboxylate_oxygens(fragment, atom) else None
        exits.append(Exit(order.index(atom), toward, kind, float(np.linalg.norm(toward)) if metal else None))
    return _cluster(fragment, piece, exits)


def cut_out(fragment: Fragment, *, metal: str | None = None) -> Cluster:
    """The metal cluster of a crystal or molecule, its linkers cut off where they begin.

    A cluster is metals with the oxo, hydroxo, aqua and halide ligands and whole carboxylates between them. A
    carboxylate without anything on its carbon is an exit too. Of clusters of one formula the one with most exits is
    taken: those at the rim of a molecule lack some.

    Args:
        fragment: structure without solvent on its metals.
        metal: element that the cluster must hold, for crystals with several kinds.

    Raises:
        InputError: no metal, an infinite rod, clusters of several kinds, or ligands that no connection point fits.
    """
    core = _core(fragment)
    rest = frozenset(range(len(fragment.symbols))) - core
    pieces = fragment.bonds.unwrapped_components(skip=rest)
    pieces = [piece for piece in pieces if metal is None or any(fragment.symbols[k] == metal for k in piece)]
    if not pieces:
        raise InputError(
            f"there is no {metal or 'metal'} in it", where=fragment.where, action="Give a structure with its metal"
        )
    if not all(is_whole(fragment, piece) for piece in pieces):
        raise _periodic(fragment)
    formulas = {_formula(fragment, piece) for piece in pieces}
    if len(formulas) > 1:
        raise InputError(
            f"it holds several kinds of clusters: {', '.join(sorted(formulas))}",
            where=fragment.where,
            action='Choose one by an element that only it holds, such as metal = "Zr", or give a fragment',
        )
    exits = [[found for atom in sorted(piece) for found in _exits(fragment, piece, atom)] for piece in pieces]
    fullest = max(range(len(pieces)), key=lambda k: len(exits[k]))
    return _cluster(fragment, pieces[fullest], exits[fullest])


def _core(fragment: Fragment) -> frozenset[int]:
    """Atoms of all clusters."""
    core: set[int] = set()
    for metal in (k for k, symbol in enumerate(fragment.symbols) if is_metal(symbol)):
        core.add(metal)
        for ligand in {j for j, _, _ in fragment.bonds.neighbors[metal]}:
            if fragment.symbols[ligand] != "N" and not is_metal(fragment.symbols[ligand]):
                core |= _ligand(fragment, metal, ligand)
    return frozenset(core)


def _ligand(fragment: Fragment, metal: int, atom: int) -> set[int]:
    """Atoms of the oxo, hydroxo, aqua or halide ligand or of the carboxylate that binds through `atom`."""
    neighbors = [j for j, _, _ in fragment.bonds.neighbors[atom]]
    beyond = [j for j in neighbors if not is_metal(fragment.symbols[j])]
    bare = fragment.symbols[atom] == "O" and len(neighbors) == 1
    if bare and float(np.linalg.norm(_vector(fragment, metal, atom))) > _LONGEST_OXO_ANG:
        raise InputError(
            f"{fragment.label(atom)} is bonded to {fragment.label(metal)} and nothing else: its hydrogens are missing",
            where=fragment.where,
            action="Add them, or leave the atom out",
        )
    if fragment.symbols[atom] in _INORGANIC and all(fragment.symbols[j] == "H" for j in beyond):
        return {atom, *beyond}
    oxygens = carboxylate_oxygens(fragment, beyond[0]) if len(beyond) == 1 else []
    if fragment.symbols[atom] != "O" or not oxygens:
        raise InputError(
            f"{fragment.label(metal)} is bonded to {fragment.label(atom)}, which is neither of a carboxylate nor a"
            " nitrogen donor",
            where=fragment.where,
            action="Take solvent off the metal, or mark the points with dummy atoms X",
        )
    hydrogens = (j for j, _, _ in fragment.bonds.neighbors[beyond[0]] if fragment.symbols[j] == "H")
    return {beyond[0], *oxygens, *hydrogens}


def _exits(fragment: Fragment, piece: _Piece, atom: int) -> list[Exit]:
    """Where the bonds of an atom lead out of its cluster; exits number their atoms within the piece."""
    start, neighbors = sorted(piece).index(atom), fragment.bonds.neighbors[atom]
    if is_metal(fragment.symbols[atom]):
        found = []
        for ligand, shift, _ in neighbors:
            if fragment.symbols[ligand] == "N":
                toward = _vector(fragment, atom, ligand, shift)
                found.append(Exit(start, toward, _nitrogen_kind(fragment, ligand), float(np.linalg.norm(toward))))
        return found
    oxygens = carboxylate_oxygens(fragment, atom)
    others = [j for j, _, _ in neighbors if j not in oxygens]
    if not oxygens or (others and others[0] in piece):
        return []
    inward = np.sum([_vector(fragment, atom, oxygen) for oxygen in oxygens], axis=0)
    return [Exit(start, _vector(fragment, atom, others[0]) if others else -inward, AnchorKind.CARBOXYLATE)]


def _nitrogen_kind(fragment: Fragment, nitrogen: int) -> AnchorKind:
    """An azolate's ring of five holds another nitrogen on a metal; anything else is a neutral donor."""
    for other in share_ring_of_five(fragment, nitrogen):
        on_metal = any(is_metal(fragment.symbols[j]) for j, _, _ in fragment.bonds.neighbors[other])
        if fragment.symbols[other] == "N" and on_metal:
            return AnchorKind.AZOLATE
    return AnchorKind.N_DONOR


def _vector(
    fragment: Fragment, atom: int, other: int, shift: tuple[int, int, int] | None = None
) -> NDArray[np.float64]:
    """From an atom to the image of another at `shift`, else to the one it is bonded to or the nearest, Å, ``[3]``."""
    fractional = (fragment.positions[other] - fragment.positions[atom]) @ np.linalg.inv(fragment.cell)
    bonded = shift or next((s for j, s, _ in fragment.bonds.neighbors[atom] if j == other), None)
    moved = fractional - np.rint(fractional) if bonded is None else fractional + np.array(bonded)
    return np.asarray(moved @ fragment.cell, dtype=np.float64)


def _unwrapped(fragment: Fragment, piece: _Piece) -> tuple[list[int], NDArray[np.float64]]:
    """Atoms of a piece in their order, and where they stand when it is in one piece, Å, ``[n, 3]``."""
    order = sorted(piece)
    return order, fragment.positions[order] + np.array([piece[k] for k in order]) @ fragment.cell


def _cluster(fragment: Fragment, piece: _Piece, exits: list[Exit]) -> Cluster:
    order, positions = _unwrapped(fragment, piece)
    number = {atom: k for k, atom in enumerate(order)}
    graph = fragment.bonds
    bonds = tuple(
        Bond(number[i], number[j], order_ij)
        for i, j, order_ij in zip(graph.i.tolist(), graph.j.tolist(), graph.order.tolist(), strict=True)
        if i in number and j in number
    )
    return Cluster(tuple(fragment.symbols[k] for k in order), positions, bonds, tuple(exits))


def _one_molecule(fragment: Fragment) -> _Piece:
    """All atoms in one piece, finite."""
    pieces = fragment.bonds.unwrapped_components()
    if len(pieces) > 1:
        raise _in_pieces(fragment, pieces)
    if not is_whole(fragment, pieces[0]):
        raise _periodic(fragment)
    return pieces[0]


def _in_pieces(fragment: Fragment, pieces: list[_Piece]) -> InputError:
    formulas = sorted((_formula(fragment, piece) for piece in pieces), key=len)
    return InputError(
        f"the node falls into {len(pieces)} pieces ({', '.join(formulas[:4])})",
        where=fragment.where,
        action="Leave out what does not belong to it, or correct the bond lengths",
    )


def _periodic(fragment: Fragment) -> InputError:
    return InputError(
        "the node is infinite: its bonds lead to its own periodic image",
        where=fragment.where,
        action="Give a finite cluster; rods of metal are not built here",
    )


def _formula(fragment: Fragment, piece: _Piece) -> str:
    return formula(Counter(fragment.symbols[k] for k in piece))
