"""Is this a sound MOF? Each answer of no has a named reason, numbers and the atoms concerned.

Works on assembled frameworks and on a user's CIF alike, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.finding import Finding
from mofa.assemble.periodicity import pieces
from mofa.assemble.windows import (
    CARBON_ANGLES_DEG,
    FAR_FRACTION,
    NEAR_BONDS,
    NEAR_FRACTION,
    SHARPEST_ANGLE_DEG,
    bond_window_ang,
    contact_ang,
    contact_kind,
    neighbor_range,
)
from mofa.chemistry import BondGraph, Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import neighbor_pairs, perceive
from mofa.chemistry.elements import is_metal
from mofa.chemistry.inspection import inspect

# A carbon's bond orders sum to 4; 4.5 where three aromatic bonds meet.
_CARBON_VALENCE = (3.5, 4.5)
# Metals without unpaired electrons in MOFs: only with these does an odd electron count prove a mistake.
_CLOSED_SHELL = frozenset("Li Na K Rb Cs Be Mg Ca Sr Ba Al Ga In Zn Cd Hg Sc Y La Lu Zr Hf Sn Pb Bi Ag Au".split())

Check = Callable[[Framework, BondGraph], Finding | None]


def check_framework(framework: Framework, *, stage: Stage = Stage.ASSEMBLE) -> Rejected | None:
    """The first thing that is wrong with a framework, or None.

    Looks at: finite coordinates and cell; bond lengths; contacts; neighbours and valence by element; angles; the bonds
    given against those found in the geometry; one connected net in three directions (more where the lineage says it
    is catenated); the electron count.

    Args:
        framework: bonds are perceived where it has none.
        stage: the task that asks, named in the refusal.
    """
    graph = framework.bonds
    refused = inspect(framework, stage)
    # Where the bonds are known, the checks below say whether atoms on one another are a short bond or a clash.
    if refused is not None and (graph is None or refused.reason is not Reason.OVERLAP):
        return refused
    if graph is None:
        graph = perceive(framework.symbols, framework.positions, framework.cell)
    for check in _CHECKS:
        found = check(framework, graph)
        if found is not None:
            return Rejected(stage, *found)
    return None


def _label(framework: Framework, atom: int) -> str:
    return f"{framework.symbols[atom]}{atom + 1}"


def _bond_lengths(framework: Framework, graph: BondGraph) -> Finding | None:
    """Bonded pairs against the window of their elements."""
    length = np.linalg.norm(graph.vectors(framework.positions, framework.cell), axis=1)
    s = framework.symbols
    window = np.array([bond_window_ang(s[i], s[j]) for i, j in zip(graph.i.tolist(), graph.j.tolist(), strict=True)])
    window = window.reshape(-1, 2)
    excess = np.maximum(window[:, 0] - length, length - window[:, 1])
    wrong = np.flatnonzero(excess > 0.0)
    if not len(wrong):
        return None
    k = int(np.argmax(excess))
    i, j = int(graph.i[k]), int(graph.j[k])
    detail = (
        f"{_label(framework, i)}-{_label(framework, j)} is {length[k]:.2f} Å, allowed {window[k, 0]:.2f} to"
        f" {window[k, 1]:.2f} ({len(wrong)} bonds out of range)"
    )
    return Reason.BOND_LENGTH, detail, _atoms(graph.i[wrong], graph.j[wrong])


def _contacts(framework: Framework, graph: BondGraph) -> Finding | None:
    """Pairs without a bond against the closest contact of their elements; neighbours of a neighbour are left out."""
    s = framework.symbols
    kind = [contact_kind(s[k], (s[other] for other, _, _ in row)) for k, row in enumerate(graph.neighbors)]
    kinds = sorted(set(kind))
    limit = np.array([[contact_ang(a, b, FAR_FRACTION) for b in kinds] for a in kinds])
    number = np.array([kinds.index(name) for name in kind])
    pairs = neighbor_pairs(framework.symbols, framework.positions, framework.cell, float(limit.max()))
    i, j, distance, shift = (column[pairs[2] < limit[number[pairs[0]], number[pairs[1]]]] for column in pairs)
    clashes = []
    for a, b, r, image in zip(i.tolist(), j.tolist(), distance.tolist(), shift.tolist(), strict=True):
        bonds = _bonds_apart(graph, a, (b, tuple(image)), NEAR_BONDS)
        if bonds <= 2:
            continue
        allowed = contact_ang(kind[a], kind[b], NEAR_FRACTION if bonds <= NEAR_BONDS else FAR_FRACTION)
        if r < allowed:
            clashes.append((r - allowed, a, b, r, allowed))
    if not clashes:
        return None
    _, a, b, r, allowed = min(clashes)
    detail = (
        f"{_label(framework, a)} and {_label(framework, b)} are {r:.2f} Å apart without a bond, allowed from"
        f" {allowed:.2f} ({len(clashes)} such pairs)"
    )
    return Reason.CLASH, detail, tuple(sorted({atom for clash in clashes for atom in clash[1:3]}))


def _bonds_apart(graph: BondGraph, start: int, goal: tuple[int, tuple[int, ...]], most: int) -> int:
    """Bonds on the shortest way between an atom and an image of another; ``most + 1`` when it is longer."""
    home = (start, (0, 0, 0))
    seen, shell = {home}, [home]
    for steps in range(1, most + 1):
        following = []
        for atom, (x, y, z) in shell:
            for neighbor, (dx, dy, dz), _ in graph.neighbors[atom]:
                image = (neighbor, (x + dx, y + dy, z + dz))
                if image == goal:
                    return steps
                if image not in seen:
                    seen.add(image)
                    following.append(image)
        shell = following
    return most + 1


def _angles(framework: Framework, graph: BondGraph) -> Finding | None:
    """Angles between bonds: none too sharp, and those at carbon within what its hybridisation allows."""
    bonds = graph.vectors(framework.positions, framework.cell)
    unit = np.concatenate([bonds, -bonds]) / np.tile(np.linalg.norm(bonds, axis=1), 2)[:, None]
    centre, outer = np.concatenate([graph.i, graph.j]), np.concatenate([graph.j, graph.i])
    by_centre = np.argsort(centre, kind="stable")
    first_row = np.concatenate([[0], np.cumsum(graph.coordination)])
    limits = _angle_limits(framework, graph)
    worst: tuple[float, str, tuple[int, ...]] | None = None
    for count in sorted({c for c in graph.coordination.tolist() if c > 1}):
        atoms = np.flatnonzero(graph.coordination == count)
        rows = by_centre[first_row[atoms][:, None] + np.arange(count)]
        one, two = np.triu_indices(count, 1)
        cosine = (unit[rows[:, one]] * unit[rows[:, two]]).sum(axis=-1)
        angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
        excess = np.maximum(limits[atoms, :1] - angle, angle - limits[atoms, 1:])
        k, pair = np.unravel_index(int(np.argmax(excess)), excess.shape)
        if excess[k, pair] > (worst[0] if worst else 0.0):
            triple = (int(outer[rows[k, one[pair]]]), int(atoms[k]), int(outer[rows[k, two[pair]]]))
            names = "-".join(_label(framework, atom) for atom in triple)
            low, high = limits[triple[1]]
            detail = f"{names} is {angle[k, pair]:.0f} degrees, allowed {low:.0f} to {high:.0f}"
            worst = (float(excess[k, pair]), detail, triple)
    return None if worst is None else (Reason.BOND_ANGLE, worst[1], worst[2])


def _angle_limits(framework: Framework, graph: BondGraph) -> NDArray[np.float64]:
    """Narrowest and widest angle at every atom, degrees, ``[n_atoms, 2]``."""
    metal = [is_metal(symbol) for symbol in framework.symbols]
    limits = []
    for atom, row in enumerate(graph.neighbors):
        coordinated = metal[atom] or any(metal[k] for k, _, _ in row)
        if framework.symbols[atom] == "C" and not coordinated and len(row) in CARBON_ANGLES_DEG:
            limits.append(CARBON_ANGLES_DEG[len(row)])
        else:
            limits.append((SHARPEST_ANGLE_DEG[coordinated], 180.0))
    return np.array(limits)


def _bonding(framework: Framework, graph: BondGraph) -> Finding | None:
    """The bonds that the framework carries against those that its geometry shows."""
    if framework.bonds is None:
        return None
    given, seen = graph.keys(), perceive(framework.symbols, framework.positions, framework.cell).keys()
    if given == seen:
        return None
    missing, extra = given - seen, seen - given
    some = min(missing or extra)
    detail = (
        f"{len(missing)} bonds are not seen in the geometry and {len(extra)} others are, such as"
        f" {_label(framework, some[0])}-{_label(framework, some[1])}"
    )
    return Reason.BONDING, detail, tuple(sorted({atom for bond in missing | extra for atom in bond[:2]}))


def _coordination(framework: Framework, graph: BondGraph) -> Finding | None:
    """Number of neighbours by element."""
    for atom, row in enumerate(graph.neighbors):
        symbol = framework.symbols[atom]
        metals = sum(is_metal(framework.symbols[k]) for k, _, _ in row)
        count = len(row) - metals if is_metal(symbol) else len(row)
        least, most = neighbor_range(symbol, on_metal=metals > 0)
        if not least <= count <= most:
            detail = f"{_label(framework, atom)} has {count} neighbours, {symbol} takes {least} to {most}"
            return Reason.COORDINATION, detail, (atom,)
    return None


def _valence(framework: Framework, graph: BondGraph) -> Finding | None:
    """Bond orders at carbon, where all of them are known."""
    for atom, row in enumerate(graph.neighbors):
        if framework.symbols[atom] != "C" or any(order < 1.0 for _, _, order in row):
            continue
        total = sum(order for _, _, order in row)
        if not _CARBON_VALENCE[0] <= total <= _CARBON_VALENCE[1]:
            detail = f"the bond orders of {_label(framework, atom)} sum to {total:g}, not to 4"
            return Reason.VALENCE, detail, (atom,)
    return None


def _extent(framework: Framework, graph: BondGraph) -> Finding | None:
    """Three-periodic nets, as many as the lineage says and nothing else."""
    found = pieces(graph)
    wanted = framework.lineage.catenation + 1
    nets = sum(piece.copies for piece in found)
    rest = [piece for piece in found if piece.rank < 3]
    if not nets:
        rank = max(piece.rank for piece in found)
        return Reason.NOT_PERIODIC, f"the bonds extend in {rank} directions, not in 3", ()
    if rest:
        loose = tuple(sorted(atom for piece in rest for atom in piece.atoms))
        detail = f"{len(rest)} pieces with {len(loose)} atoms are not bonded to the net; remove guests first"
        return Reason.DISCONNECTED, detail, loose
    if nets != wanted:
        return Reason.DISCONNECTED, f"{nets} separate nets where {wanted} was asked for", ()
    return None


def _electrons(framework: Framework, graph: BondGraph) -> Finding | None:
    """An even number of electrons, unless a metal may carry unpaired ones."""
    metals = {symbol for symbol in framework.symbols if is_metal(symbol)}
    total = int(framework.numbers.sum())
    if total % 2 == 0 or metals - _CLOSED_SHELL:
        return None
    return Reason.ODD_ELECTRONS, f"{total} electrons in the neutral cell: a hydrogen or a counter-ion is missing", ()


def _atoms(i: NDArray[np.int64], j: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted({*i.tolist(), *j.tolist()}))


# Causes before consequences: a missing hydrogen also leaves a wrong angle, linkers in one place also make bonds.
_CHECKS: tuple[Check, ...] = (
    _bond_lengths,
    _contacts,
    _coordination,
    _valence,
    _angles,
    _bonding,
    _extent,
    _electrons,
)
