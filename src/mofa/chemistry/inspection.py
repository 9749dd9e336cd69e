"""The first look at any framework: what no engine should ever be given."""

from __future__ import annotations

import numpy as np

from mofa.chemistry.bonds import Pairs, neighbor_pairs
from mofa.chemistry.elements import DUMMIES, is_element
from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected, Stage

# No covalent or hydrogen bond, at any pressure of interest, is shorter.
SHORTEST_CONTACT_ANG = 0.60
MIN_VOLUME_PER_ATOM_ANG3 = 2.0


def inspect(framework: Framework, stage: Stage) -> Rejected | None:
    """Refuse a framework that is not finite, not periodic, made of unknown elements or overlapping itself.

    Args:
        framework: what is about to be given to an engine.
        stage: the task that asks, named in the refusal.
    """
    refused = inspect_contents(framework, stage)
    if refused is not None:
        return refused
    pairs = neighbor_pairs(framework.symbols, framework.positions, framework.cell, SHORTEST_CONTACT_ANG)
    return inspect_overlap(framework, pairs, stage)


def inspect_contents(framework: Framework, stage: Stage) -> Rejected | None:
    """The part of `inspect` that needs no distances: elements, finite numbers, a right-handed cell with room."""
    unknown = tuple(k for k, s in enumerate(framework.symbols) if s in DUMMIES or not is_element(s))
    if unknown:
        names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
        detail = f"not an element, or a dummy atom of a linker: {names}"
        return Rejected(stage, Reason.UNKNOWN_ELEMENT, detail, unknown)
    if not len(framework):
        return Rejected(stage, Reason.UNREADABLE, "the structure has no atoms")
    if not np.isfinite(framework.cell).all():
        return Rejected(stage, Reason.NOT_FINITE, "the cell holds NaN or infinity")
    bad = np.flatnonzero(~np.isfinite(framework.positions).all(axis=1))
    if len(bad):
        return Rejected(
            stage,
            Reason.NOT_FINITE,
            f"{len(bad)} atoms have NaN or infinite coordinates",
            tuple(bad.tolist()),
        )
    determinant = float(np.linalg.det(framework.cell))
    if abs(determinant) < MIN_VOLUME_PER_ATOM_ANG3 * len(framework):
        detail = f"the cell of {abs(determinant):.1f} Å3 is too small for {len(framework)} atoms, or has no volume"
        return Rejected(stage, Reason.NOT_PERIODIC, detail)
    if determinant < 0:
        return Rejected(stage, Reason.NOT_PERIODIC, "the cell vectors are left-handed; exchange two of them")
    if framework.charges is not None and not np.isfinite(framework.charges).all():
        bad = np.flatnonzero(~np.isfinite(framework.charges))
        return Rejected(stage, Reason.NOT_FINITE, f"{len(bad)} charges are not finite", tuple(bad.tolist()))
    return None


def inspect_overlap(framework: Framework, pairs: Pairs, stage: Stage) -> Rejected | None:
    """Refuse atoms on one another.

    Args:
        framework: the structure.
        pairs: its pairs of atoms, at least those up to `SHORTEST_CONTACT_ANG`.
        stage: the task that asks, named in the refusal.
    """
    near = np.flatnonzero(pairs.distance < SHORTEST_CONTACT_ANG)
    if not len(near):
        return None
    i, j, distance = pairs.i[near], pairs.j[near], pairs.distance[near]
    k = int(np.argmin(distance))
    a, b = int(i[k]), int(j[k])
    detail = (
        f"{framework.symbols[a]}{a + 1} and {framework.symbols[b]}{b + 1} are {distance[k]:.2f} Å apart"
        f" ({len(i)} pairs under {SHORTEST_CONTACT_ANG} Å); remove disordered or duplicate atoms"
    )
    return Rejected(stage, Reason.OVERLAP, detail, tuple(sorted({*i.tolist(), *j.tolist()})))
