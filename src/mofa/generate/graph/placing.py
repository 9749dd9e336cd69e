"""Cores in 3-D: distance geometry of the core and of the three nearest atoms of each prompt, without hydrogens.

The prompts are rigid and go where their three atoms are. Distance geometry with planar rings and double bonds (the K of
ETKDG, DOI 10.1021/acs.jcim.5b00654) takes a quarter of the time of the whole of ETKDG; torsions about single bonds are
whatever comes out, and `mofa.process` relaxes lengths and angles.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom
from scipy.spatial.distance import cdist

from mofa.chemistry import Family, RawLinker
from mofa.chemistry.molecules import bonds_of, positions_of
from mofa.generate.building import set_trans
from mofa.generate.graph.tokens import is_atom, tokens_of
from mofa.generate.moflinker.prompts import assemble
from mofa.generate.moflinker.vocabulary import ELEMENTS, MAX_HYDROGENS, N_ANCHORS

_END = "C(=C)C"
"""Stands for the anchor carbon and the two carbons beside it."""
_FIRST_END = "C(=C)(C)"
"""The same where the core comes next."""
_N_END = 3
_CLASH_ANG = 2.2
"""Atoms more than three bonds apart that are nearer than this clash."""
_TRIES = 3
_TIMEOUT_S = 2


@dataclass(frozen=True)
class Written:
    """A core that is a molecule."""

    smiles: str
    """As the network wrote it: it begins with ``*`` and holds another."""
    identity: str
    """Canonical SMILES."""
    n_atoms: int


def understood(smiles: str) -> Written | None:
    """The core that a SMILES with two ``*`` stands for; None where it is no molecule that the models know."""
    if not smiles:
        return None
    with rdBase.BlockLogs():
        core = Chem.MolFromSmiles(smiles)
    if core is None:
        return None
    for atom in core.GetAtoms():
        if atom.GetAtomicNum() and (atom.GetSymbol() not in ELEMENTS or atom.GetTotalNumHs() > MAX_HYDROGENS):
            return None
    return Written(smiles, Chem.MolToSmiles(core), core.GetNumAtoms() - N_ANCHORS)


def placed(core: Written, family: Family, *, seed: int, source: str, model_version: int = 0) -> RawLinker | None:
    """A core in 3-D between two prompts, or None where distance geometry finds no way to place it.

    The coordinates depend on the seed and on the molecule, not on how it was written.

    Args:
        core: from `understood`.
        family: which prompts.
        seed: of the conformer.
        source: carried along.
        model_version: carried along.
    """
    molecule, ends = _with_ends(core.identity)
    start = zlib.crc32(f"{seed}:{core.identity}".encode())
    for attempt in range(_TRIES):
        if _embed(molecule, (start + attempt) & 0x7FFFFFFF):
            linker = _between_prompts(molecule, ends, family, source, model_version)
            if not _clashes(linker):
                return linker
    return None


def _with_ends(identity: str) -> tuple[Any, tuple[int, int]]:
    """The core with `_END` in the place of each ``*``, and the anchor carbons."""
    pieces = identity.split("*")
    text = pieces[0] + (_END if pieces[0] else _FIRST_END) + pieces[1] + _END + pieces[2]
    before = [sum(map(is_atom, tokens_of(piece))) for piece in pieces]
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text)
    set_trans(molecule)
    return molecule, (before[0], before[0] + _N_END + before[1])


def _embed(molecule: Any, seed: int) -> bool:
    parameters: Any = rdDistGeom.KDG()
    parameters.randomSeed = seed
    parameters.maxIterations = 5
    parameters.timeout = _TIMEOUT_S
    with rdBase.BlockLogs():
        return bool(rdDistGeom.EmbedMolecule(molecule, parameters) == 0)


def _between_prompts(
    molecule: Any, ends: tuple[int, int], family: Family, source: str, model_version: int
) -> RawLinker:
    x = positions_of(molecule)
    outside = {k for end in ends for k in range(end, end + _N_END)}
    inside = [atom for atom in molecule.GetAtoms() if atom.GetIdx() not in outside]
    index = {atom.GetIdx(): k for k, atom in enumerate(inside, start=N_ANCHORS)} | {
        end: k for k, end in enumerate(ends)
    }
    return assemble(
        [atom.GetSymbol() for atom in inside],
        x[[atom.GetIdx() for atom in inside]],
        [(index[b.i], index[b.j], b.order) for b in bonds_of(molecule) if b.i in index and b.j in index],
        [atom.GetTotalNumHs() for atom in inside],
        [atom.GetFormalCharge() for atom in inside],
        context=np.concatenate([_context(x[end : end + _N_END]) for end in ends]),
        family=family,
        source=source,
        model_version=model_version,
    )


def _context(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The atoms of an end ``[3, 3]`` with both bonds of the same length."""
    arms = x[1:] - x[0]
    return np.vstack([x[:1], x[0] + arms / np.linalg.norm(arms, axis=1, keepdims=True)])


def _clashes(linker: RawLinker) -> bool:
    """Whether atoms that are more than three bonds apart come too near to each other."""
    n = len(linker.symbols)
    near = cdist(linker.positions, linker.positions) < _CLASH_ANG
    reach = np.eye(n, dtype=np.int64)
    for bond in linker.bonds or ():
        reach[bond.i, bond.j] = reach[bond.j, bond.i] = 1
    return bool((near & (reach @ reach @ reach == 0)).any())


def bend_deg(linker: RawLinker) -> float:
    """Larger angle between an exit of a linker and the line through both its ends, degrees."""
    binding = [linker.positions[group[0]] for group in linker.anchors]
    exits = [end - linker.positions[group[-1]] for end, group in zip(binding, linker.anchors, strict=True)]
    line = binding[1] - binding[0]
    cosines = [float(way @ exit_) / float(np.linalg.norm(way) * np.linalg.norm(exit_))
               for way, exit_ in zip((-line, line), exits, strict=True)]  # fmt: skip
    return float(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))).max())
