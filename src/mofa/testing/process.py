"""Conformance of perceptions. The author of a plug-in calls `check_perception` in a test of his own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mofa.chemistry import RawLinker, Rejected, Stage
from mofa.process import Perception

ELEMENT_WITHOUT_BONDS = "Ne"


def check_perception(perception: Perception, linkers: Iterable[RawLinker], *, least_right: float = 0.8) -> float:
    """Assert the `mofa.process.Perception` contract on linkers whose bonds and hydrogens are known.

    Elements, coordinates and anchors come back as they were; every bond joins two atoms of the linker with an order of
    1, 1.5, 2 or 3; hydrogens and charges are given for every atom; the same linker gives the same answer, and so does
    the same linker elsewhere in space; an element that cannot be bonded is a refusal or a molecule, no exception.

    Args:
        perception: what to check.
        linkers: with `bonds` and `hydrogens`, and a sound geometry.
        least_right: share of linkers that must come out as the molecule they are.

    Returns:
        The share that did.
    """
    assert isinstance(perception, Perception)
    assert perception.name
    right = []
    for linker in linkers:
        bare = replace(linker, bonds=None, hydrogens=None, formal_charges=None)
        seen = perception.perceive(bare, deadline=time.monotonic() + 60.0)
        if isinstance(seen, Rejected):
            assert seen.stage is Stage.PROCESS
            assert seen.detail
            right.append(False)
            continue
        _check_answer(bare, seen)
        again = perception.perceive(bare, deadline=time.monotonic() + 60.0)
        assert _same(seen, again), "the same linker gave another molecule"
        moved = replace(bare, positions=_turned(bare.positions))
        assert _same(seen, perception.perceive(moved, deadline=time.monotonic() + 60.0)), "the place in space matters"
        right.append(_smiles(seen) == _smiles(linker))
        noble = replace(bare, symbols=(ELEMENT_WITHOUT_BONDS, *bare.symbols[1:]))
        assert isinstance(perception.perceive(noble, deadline=time.monotonic() + 60.0), RawLinker | Rejected)
    share = float(np.mean(right))
    assert share >= least_right, f"only {100 * share:.0f} % of the linkers came out as what they are"
    return share


def _check_answer(bare: RawLinker, seen: RawLinker) -> None:
    assert seen.symbols == bare.symbols
    assert np.array_equal(seen.positions, bare.positions), "coordinates were changed"
    assert seen.anchors == bare.anchors
    assert seen.bonds is not None
    assert seen.hydrogens is not None
    assert seen.formal_charges is not None
    atoms = range(len(bare.symbols))
    assert len(seen.hydrogens) == len(seen.formal_charges) == len(atoms)
    assert all(count >= 0 for count in seen.hydrogens)
    assert len({frozenset((bond.i, bond.j)) for bond in seen.bonds}) == len(seen.bonds), "a bond came twice"
    for bond in seen.bonds:
        assert bond.i in atoms
        assert bond.j in atoms
        assert bond.i != bond.j
        assert bond.order in (1.0, 1.5, 2.0, 3.0)


def _smiles(linker: RawLinker) -> str:
    """Canonical SMILES, empty for a molecule that makes no sense."""
    from rdkit import Chem

    from mofa.chemistry.molecules import molecule_of

    try:
        return str(Chem.MolToSmiles(molecule_of(linker)))
    except Chem.MolSanitizeException:
        return ""


def _same(seen: RawLinker, other: RawLinker | Rejected) -> bool:
    return isinstance(other, RawLinker) and (seen.hydrogens, seen.formal_charges) == (
        other.hydrogens,
        other.formal_charges,
    )


def _turned(positions: np.ndarray) -> np.ndarray:
    """A quarter turn and a shift, exact but for rounding."""
    x, y, z = positions.T
    return np.column_stack([y + 1.0, 2.0 - x, z - 3.0])
