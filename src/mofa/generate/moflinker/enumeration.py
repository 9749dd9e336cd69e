"""Seeded enumeration of two-ended cores: what lies between the two prompts of a linker, 6 to 20 heavy atoms.

A core is a chain (spacer) ring (spacer ring)* (spacer) with substituents on its aromatic carbons. It is drawn by weight
from `mofa.generate.moflinker.units`; what could hardly be made (bonds between two heteroatoms, cumulenes, a poor
synthetic accessibility) is not drawn. Its identity is the canonical SMILES with ``*`` for the anchor carbons.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from rdkit import Chem, rdBase

from mofa.generate.building import Assembly, set_trans
from mofa.generate.moflinker import units
from mofa.generate.moflinker.vocabulary import ELEMENTS, MAX_CORE_ATOMS, MAX_HYDROGENS, MIN_CORE_ATOMS, RING_SIZES

CAP_ATOMS = 6
"""Atoms of one phenyl cap, which stands for either family's prompt."""
MAX_SA_SCORE = 4.5

_UNSTABLE = (
    "[OX2,SX2,NX3;!a;!$(N-C=[O,N])]-[OX2,SX2,NX3;!a;!$(N-C=[O,N])]",  # peroxides, hydroxylamines, hydrazines
    "[OX2,SX2,NX3;!a]-[F,Cl,Br]",
    "[OX2H1,NX3H2,SX2H1]-[CX4]-[OX2,NX3,SX2]",  # hemiacetals, aminals
    "[NX3;!a;!$(N-C=[O,N]);!$(N-a)]-[NX2]=[CX3,NX2]",
    "[OX2;!a]-[NX2]=[NX2]",
    "[SX4](=O)(=O)-[SX4,OX2,SX2,NX2]",
)


class Core(NamedTuple):
    """A core between two phenyl caps."""

    molecule: Any
    """RDKit molecule, sanitised, no coordinates: cap A, core, cap B."""
    smiles: str
    """Canonical, ``*`` for each anchor carbon, open-chain double bonds E and unmarked."""


def cores(seed: int | str) -> Iterator[Core]:
    """An endless stream of cores, repetitions not left out; the same for the same seed."""
    rng = random.Random(f"moflinker cores {seed}")
    while True:
        core = _draw(rng)
        if core is not None:
            yield core


def capped(core_smiles: str) -> Any | None:
    """The molecule of a core with two phenyl caps, or None where the SMILES is no two-ended molecule.

    Args:
        core_smiles: with two ``*``, each on one atom by a single bond.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(core_smiles)
    if molecule is None:
        return None
    ends = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(ends) != 2 or any(end.GetDegree() != 1 or end.GetBonds()[0].GetBondTypeAsDouble() != 1.0 for end in ends):
        return None
    for number, end in enumerate(ends, start=1):
        end.SetIsotope(number)
    assembly = Assembly()
    (start,) = assembly.add("[2*]c1ccccc1")[2]
    if ends[0].GetNeighbors()[0].GetAtomicNum() == 0:
        return None
    assembly.add_chain((Chem.MolToSmiles(molecule), "[1*]c1ccccc1"), start)
    try:
        with rdBase.BlockLogs():
            return assembly.finished()
    except Chem.MolSanitizeException:
        return None


def core_atoms(molecule: Any) -> range:
    """Indices of the core of a capped molecule; the caps come first and last."""
    return range(CAP_ATOMS, molecule.GetNumAtoms() - CAP_ATOMS)


def identity(molecule: Any) -> str:
    """Canonical SMILES of the core of a capped molecule."""
    editable = Chem.RWMol(molecule)
    last = molecule.GetNumAtoms() - CAP_ATOMS
    for anchor in (0, last):
        editable.ReplaceAtom(anchor, Chem.Atom(0))
    for atom in (*range(last + CAP_ATOMS - 1, last, -1), *range(CAP_ATOMS - 1, 0, -1)):
        editable.RemoveAtom(atom)
    bare = editable.GetMol()
    for atom in bare.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsAromatic(False)
            atom.SetNoImplicit(True)
    Chem.RemoveStereochemistry(bare)
    Chem.SanitizeMol(bare)
    return Chem.MolToSmiles(bare)


def fits(molecule: Any) -> bool:
    """Whether the core of a capped molecule is within the size and the elements that the models know."""
    atoms = [molecule.GetAtomWithIdx(k) for k in core_atoms(molecule)]
    return MIN_CORE_ATOMS <= len(atoms) <= MAX_CORE_ATOMS and all(
        atom.GetSymbol() in ELEMENTS and atom.GetTotalNumHs() <= MAX_HYDROGENS and abs(atom.GetFormalCharge()) <= 1
        for atom in atoms
    )


def has_usual_rings(molecule: Any) -> bool:
    """Whether all rings have five to seven atoms."""
    sizes = [len(ring) for ring in molecule.GetRingInfo().AtomRings()]
    return set(sizes) <= set(RING_SIZES)


def _draw(rng: random.Random) -> Core | None:
    n_rings = _choice(rng, units.RING_COUNTS)
    parts = [_end_spacer(rng)]
    for k in range(n_rings):
        parts.append(_turned(rng, _weighted(rng, units.RINGS)))
        parts.append(_turned(rng, _weighted(rng, units.JOINTS)) if k < n_rings - 1 else _end_spacer(rng))
    parts = [part for part in parts if part]
    if sum(_n_heavy(part) for part in parts) > MAX_CORE_ATOMS:
        return None
    assembly = Assembly()
    (start,) = assembly.add("[2*]c1ccccc1")[2]
    assembly.add_chain((*parts, "[1*]c1ccccc1"), start)
    with rdBase.BlockLogs():
        try:
            molecule = _with_groups(rng, assembly.finished())
        except Chem.MolSanitizeException:
            return None
    if molecule is None or not fits(molecule) or _is_unstable(molecule):
        return None
    return Core(molecule, identity(molecule))


def _end_spacer(rng: random.Random) -> str:
    return _turned(rng, _weighted(rng, units.JOINTS)) if rng.random() < units.END_SPACER_SHARE else ""


def _with_groups(rng: random.Random, molecule: Any) -> Any | None:
    """The molecule with substituents on aromatic CH of the core; atoms of the last cap stay last."""
    count = _choice(rng, units.GROUP_COUNTS)
    if not count:
        return molecule
    sites = [k for k in core_atoms(molecule) if _is_free(molecule.GetAtomWithIdx(k))]
    chosen = rng.sample(sites, min(count, len(sites)))
    same = _weighted(rng, units.GROUPS) if rng.random() < 0.5 else None
    editable = Chem.RWMol(molecule)
    for site in chosen:
        first = editable.GetNumAtoms()
        editable.InsertMol(_group(same or _weighted(rng, units.GROUPS)))
        editable.AddBond(site, first, Chem.BondType.SINGLE)
    n, n_cap = molecule.GetNumAtoms(), molecule.GetNumAtoms() - CAP_ATOMS
    order = [*range(n_cap), *range(n, editable.GetNumAtoms()), *range(n_cap, n)]
    grown = Chem.RenumberAtoms(editable.GetMol(), order)
    Chem.SanitizeMol(grown)
    set_trans(grown)
    return grown


def _is_free(atom: Any) -> bool:
    return bool(atom.GetSymbol() == "C" and atom.GetIsAromatic() and atom.GetTotalNumHs() == 1)


def _is_unstable(molecule: Any) -> bool:
    return any(bool(molecule.HasSubstructMatch(query)) for query in _queries())


def _turned(rng: random.Random, smiles: str) -> str:
    """The part, or the same part turned round."""
    if rng.random() < 0.5:
        return smiles
    return smiles.replace("[1*]", "[0*]").replace("[2*]", "[1*]").replace("[0*]", "[2*]")


def _weighted(rng: random.Random, table: tuple[Any, ...]) -> str:
    chosen: str = rng.choices(table, weights=_weights(table))[0].smiles
    return chosen


def _choice(rng: random.Random, weights: dict[int, float]) -> int:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


@lru_cache(maxsize=8)
def _weights(table: tuple[Any, ...]) -> tuple[float, ...]:
    return tuple(part.weight for part in table)


@lru_cache(maxsize=512)
def _n_heavy(smiles: str) -> int:
    return int(Chem.MolFromSmiles(smiles).GetNumAtoms()) - 2


@lru_cache(maxsize=64)
def _group(smiles: str) -> Any:
    return Chem.MolFromSmiles(smiles)


@lru_cache(maxsize=1)
def _queries() -> tuple[Any, ...]:
    return tuple(Chem.MolFromSmarts(smarts) for smarts in _UNSTABLE)
