"""Whether a relaxation kept the chemistry: the bond graphs of two geometries of one framework."""

from __future__ import annotations

import numpy as np

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import labels
from mofa.chemistry.elements import is_metal

NAMED_BONDS = 4

Key = tuple[int, int, int, int, int]


def refuse_changed_bonds(before: Framework, after: Framework) -> Rejected | None:
    """Refuse when a bond was lost or formed between the two geometries, naming the atoms.

    Both graphs are perceived from distances alone, so that the same rule judges both. Contacts between metals (the
    Zn-Zn axis of a paddlewheel) are left out: they are held by the carboxylates around them and no bond of their own.

    Args:
        before: the starting geometry.
        after: the same atoms in the same order, not wrapped in between.
    """
    old, new = _bonds(before), _bonds(after)
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


def _bonds(framework: Framework) -> set[Key]:
    bonds = perceive(framework.symbols, framework.positions, framework.cell).keys()
    metal = [is_metal(symbol) for symbol in framework.symbols]
    return {key for key in bonds if not (metal[key[0]] and metal[key[1]])}


def _describe(key: Key, names: list[str], before: Framework, after: Framework) -> str:
    i, j, *shift = key
    start, end = (
        float(np.linalg.norm(f.positions[j] + np.array(shift) @ f.cell - f.positions[i])) for f in (before, after)
    )
    return f"{names[i]}-{names[j]} {start:.2f} to {end:.2f} Å"
