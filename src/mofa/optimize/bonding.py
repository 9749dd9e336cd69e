"""Whether a relaxation kept the chemistry: the bond graphs of two geometries of one framework."""

from __future__ import annotations

import numpy as np

from mofa.chemistry import BondGraph, Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import labels
from mofa.chemistry.elements import is_metal

NAMED_BONDS = 4

Key = tuple[int, int, int, int, int]


def refuse_changed_bonds(before: Framework, after: Framework) -> Rejected | None:
    """Refuse when a bond was lost or formed between the two geometries, naming the atoms.

    The graph after is perceived from distances. The one before is the framework's own where it carries one, since a
    structure out of molecular dynamics may hold a bond that is stretched at the moment; else it is perceived, too.
    Contacts between metals (the Zn-Zn axis of a paddlewheel) are left out: they are held by the carboxylates around
    them and no bond of their own.

    Args:
        before: the starting geometry.
        after: the same atoms in the same order, not wrapped in between.
    """
    old = _bonds(before, before.bonds or _perceived(before))
    new = _bonds(after, _perceived(after))
    lost, formed = sorted(old - new), sorted(new - old)
    if not lost and not formed:
        return None
    names = labels(before.symbols)
    parts = []
    for verb, keys in (("lost", lost), ("formed", formed)):
        if keys:
            shown = ", ".join(_describe(key, names, before, after) for key in keys[:NAMED_BONDS])
            parts.append(f"{verb} {len(keys)}: {shown}{', ...' if len(keys) > NAMED_BONDS else ''}")
    atoms = tuple(sorted({atom for key in lost + formed for atom in key[:2]}))
    return Rejected(Stage.OPTIMIZE, Reason.BONDING, f"bonds changed on relaxation ({'; '.join(parts)})", atoms)


def n_compared_bonds(framework: Framework) -> int:
    """How many bonds of a starting geometry `refuse_changed_bonds` looks for in the relaxed one."""
    return len(_bonds(framework, framework.bonds or _perceived(framework)))


def _perceived(framework: Framework) -> BondGraph:
    return perceive(framework.symbols, framework.positions, framework.cell)


def _bonds(framework: Framework, bonds: BondGraph) -> set[Key]:
    metal = [is_metal(symbol) for symbol in framework.symbols]
    return {key for key in bonds.keys() if not (metal[key[0]] and metal[key[1]])}  # noqa: SIM118 (a method)


def _describe(key: Key, names: list[str], before: Framework, after: Framework) -> str:
    i, j, *shift = key
    start, end = (
        float(np.linalg.norm(f.positions[j] + np.array(shift) @ f.cell - f.positions[i])) for f in (before, after)
    )
    return f"{names[i]}-{names[j]} {start:.2f} to {end:.2f} Å"
