"""Cores as molecular graphs: whether they are sound, their pieces, and their rings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rdkit import Chem, rdBase

from mofa.generate.moflinker.vocabulary import N_ANCHORS, RING_SIZES

_TYPES = {
    1.0: Chem.BondType.SINGLE,
    2.0: Chem.BondType.DOUBLE,
    3.0: Chem.BondType.TRIPLE,
    1.5: Chem.BondType.AROMATIC,
}


def molecule(
    symbols: Sequence[str],
    bonds: Sequence[tuple[int, int, float]],
    hydrogens: Sequence[int] | None = None,
    charges: Sequence[int] | None = None,
) -> Any:
    """RDKit molecule of a core, not sanitised; its first two atoms stand for the anchors.

    Args:
        symbols: of the core, ``[n]``.
        bonds: two atoms and the order; atoms 0 and 1 are the anchors.
        hydrogens: on each core atom; None leaves them to the usual valences.
        charges: of each core atom, e; None for none.
    """
    editable = Chem.RWMol()
    for _ in range(N_ANCHORS):
        editable.AddAtom(Chem.Atom(0))
    for k, symbol in enumerate(symbols):
        atom = Chem.Atom(symbol)
        if hydrogens is not None:
            atom.SetNoImplicit(True)
            atom.SetNumExplicitHs(hydrogens[k])
        if charges is not None:
            atom.SetFormalCharge(charges[k])
        editable.AddAtom(atom)
    for i, j, order in bonds:
        editable.AddBond(i, j, _TYPES[order])
        if order == 1.5:
            editable.GetBondBetweenAtoms(i, j).SetIsAromatic(True)
            for end in (i, j):
                editable.GetAtomWithIdx(end).SetIsAromatic(True)
    return editable.GetMol()


def is_sound(
    symbols: Sequence[str],
    bonds: Sequence[tuple[int, int, float]],
    hydrogens: Sequence[int],
    charges: Sequence[int],
) -> bool:
    """Whether a core is one closed-shell molecule with a single bond to each anchor and rings of five to seven."""
    at_anchors = [order for i, j, order in bonds if min(i, j) < N_ANCHORS]
    degrees = [sum(anchor in (i, j) for i, j, _ in bonds) for anchor in range(N_ANCHORS)]
    if degrees != [1, 1] or at_anchors != [1.0] * N_ANCHORS:
        return False
    if len(components(len(symbols) + N_ANCHORS, bonds)) > 1:
        return False
    whole = molecule(symbols, bonds, hydrogens, charges)
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(whole)
        except Chem.MolSanitizeException:
            return False
    if any(atom.GetNumRadicalElectrons() or _is_odd_sulphur(atom) for atom in whole.GetAtoms()):
        return False
    return not bad_rings(symbols, bonds)


def _is_odd_sulphur(atom: Any) -> bool:
    """Sulphur of more than two bonds with a hydrogen, which no linker has."""
    return bool(atom.GetSymbol() == "S" and atom.GetTotalNumHs() and atom.GetTotalValence() > 2)


def core_smiles(
    symbols: Sequence[str],
    bonds: Sequence[tuple[int, int, float]],
    hydrogens: Sequence[int],
    charges: Sequence[int],
) -> str:
    """Canonical SMILES of a sound core, ``*`` for each anchor, without stereo marks."""
    return Chem.MolToSmiles(sanitised(symbols, bonds, hydrogens, charges))


def sanitised(
    symbols: Sequence[str],
    bonds: Sequence[tuple[int, int, float]],
    hydrogens: Sequence[int],
    charges: Sequence[int],
) -> Any:
    """RDKit molecule of a sound core, its first two atoms standing for the anchors."""
    whole = molecule(symbols, bonds, hydrogens, charges)
    Chem.SanitizeMol(whole)
    return whole


def components(n: int, bonds: Sequence[tuple[int, int, float]]) -> list[set[int]]:
    """Connected sets of `n` atoms."""
    parent = list(range(n))

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for i, j, _ in bonds:
        parent[root(i)] = root(j)
    found: dict[int, set[int]] = {}
    for k in range(n):
        found.setdefault(root(k), set()).add(k)
    return list(found.values())


def small_rings(symbols: Sequence[str], bonds: Sequence[tuple[int, int, float]]) -> list[tuple[int, ...]]:
    """The smallest rings of a core, atoms 0 and 1 being the anchors."""
    whole = molecule(symbols, [(i, j, 1.0) for i, j, _ in bonds])
    return [tuple(ring) for ring in Chem.GetSymmSSSR(whole)]


def bad_rings(symbols: Sequence[str], bonds: Sequence[tuple[int, int, float]]) -> list[tuple[int, ...]]:
    """Rings of other sizes than five to seven, and rings with a triple bond."""
    triple = {frozenset((i, j)) for i, j, order in bonds if order == 3.0}
    return [
        ring
        for ring in small_rings(symbols, bonds)
        if len(ring) not in RING_SIZES
        or any(frozenset(edge) in triple for edge in zip(ring, (*ring[1:], ring[0]), strict=True))
    ]
