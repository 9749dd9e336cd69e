"""Is this a sound MOF? Each answer of no has a named reason, numbers and the atoms concerned.

Works on assembled frameworks and on a user's CIF alike, in milliseconds. What the checks share (pairs, bonds by atom,
bond orders) is computed once, in a `Structure`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from mofa.assemble.checks.angles import angles
from mofa.assemble.checks.charge_balance import charge_balance
from mofa.assemble.checks.coordination import flatness, neighbors, roles, valences
from mofa.assemble.checks.distances import aromatic_lengths, bond_lengths, contacts
from mofa.assemble.checks.finding import Finding
from mofa.assemble.checks.formal_charges import formal_charges
from mofa.assemble.checks.structure import Structure, among
from mofa.assemble.topology.periodicity import pieces
from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.elements import is_metal
from mofa.chemistry.inspection import inspect_contents, inspect_overlap

# Metals without unpaired electrons in MOFs: only with these does an odd electron count prove a mistake.
_CLOSED_SHELL = frozenset("Li Na K Rb Cs Be Mg Ca Sr Ba Al Ga In Zn Cd Hg Sc Y La Lu Zr Hf Sn Pb Bi Ag Au".split())

Check = Callable[[Structure], Finding | None]


def check_framework(framework: Framework, *, stage: Stage = Stage.ASSEMBLE) -> Rejected | None:
    """The first thing that is wrong with a framework, or None.

    Looks at: finite coordinates and cell; bond lengths; contacts; neighbours by element and by role (an N donor on a
    carboxylate carbon, a carbon on a metal, a protonated carboxylate); valences and radicals; angles; the bonds given
    against those found in the geometry; one connected net in three directions (more where the lineage says it is
    catenated) and nothing else but counter-ions; the net charge; the electron count.

    Args:
        framework: bonds are perceived where it has none, bond orders where they are not all known.
        stage: the task that asks, named in the refusal.
    """
    refused = inspect_contents(framework, stage)
    if refused is not None:
        return refused
    structure = Structure.of(framework)
    if framework.bonds is None:
        # Where the bonds are known, the checks below say whether atoms on one another are a short bond or a clash.
        refused = inspect_overlap(framework, structure.pairs, stage)
        if refused is not None:
            return refused
    for check in CHECKS:
        found = check(structure)
        if found is not None:
            return Rejected(stage, *found)
    return None


def bonding(structure: Structure) -> Finding | None:
    """The bonds that the framework carries against those that its geometry shows."""
    if structure.framework.bonds is None:
        return None
    graph, seen = structure.graph, structure.seen
    given_keys, seen_keys = structure.bond_keys, structure.keys(seen.i, seen.j, seen.shift)
    missing = np.flatnonzero(~among(given_keys, seen_keys))
    extra = np.flatnonzero(~among(seen_keys, given_keys))
    if not len(missing) and not len(extra):
        return None
    wrong = [(int(graph.i[k]), int(graph.j[k])) for k in missing] + [(int(seen.i[k]), int(seen.j[k])) for k in extra]
    detail = (
        f"{len(missing)} bonds are not seen in the geometry and {len(extra)} others are, such as"
        f" {structure.label(wrong[0][0])}-{structure.label(wrong[0][1])}"
    )
    return Reason.BONDING, detail, tuple(sorted({atom for pair in wrong for atom in pair}))


def extent(structure: Structure) -> Finding | None:
    """Three-periodic nets, as many as the lineage says; beside them only ions."""
    found = pieces(structure.graph)
    wanted = structure.framework.lineage.catenation + 1
    nets = sum(piece.copies for piece in found)
    if not nets:
        rank = max(piece.rank for piece in found)
        return Reason.NOT_PERIODIC, f"the bonds extend in {rank} directions, not in 3", ()
    loose = [piece.atoms for piece in found if piece.rank < 3]
    guests = [atoms for atoms in loose if not _is_ion(structure, atoms)]
    if guests:
        names = Counter(structure.formula(atoms) for atoms in guests)
        what = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
        detail = f"{what} not bonded to the net; remove guests first"
        return Reason.DISCONNECTED, detail, tuple(sorted(atom for atoms in guests for atom in atoms))
    if nets != wanted:
        return Reason.DISCONNECTED, f"{nets} separate nets where {wanted} {_was(wanted)} asked for", ()
    return None


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _is_ion(structure: Structure, atoms: tuple[int, ...]) -> bool:
    """Whether a piece is a single metal, or a molecule with a charge."""
    rows = list(atoms)
    if structure.metal[rows].any():
        return len(atoms) == 1
    charges = formal_charges(structure)
    return not charges.undecided[rows].any() and round(float(charges.per_atom[rows].sum())) != 0


def electrons(structure: Structure) -> Finding | None:
    """Parity of the electron count where no metal can carry an unpaired electron."""
    metals = {symbol for symbol in structure.elements[0] if is_metal(symbol)}
    total = int(structure.numbers.sum())
    if total % 2 == 0 or metals - _CLOSED_SHELL:
        return None
    return Reason.ODD_ELECTRONS, f"{total} electrons in the neutral cell: a hydrogen or a counter-ion is missing", ()


# Causes before consequences: a missing hydrogen also leaves a wrong angle, linkers in one place also make bonds.
CHECKS: tuple[Check, ...] = (
    bond_lengths,
    contacts,
    neighbors,
    roles,
    valences,
    flatness,
    aromatic_lengths,
    angles,
    bonding,
    extent,
    charge_balance,
    electrons,
)
