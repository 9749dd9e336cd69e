"""The library generator: enumerated ditopic linkers, in 3-D by ETKDG and MMFF94.

It makes dicarboxylic acids (BCA) and dinitriles (BZN) of one to three ring systems. The whole molecule is known, so its
`RawLinker` carries bonds, hydrogens and formal charges, and `process` need not guess them.

It can be retrained: `mofa.generate.training` estimates from examples how much more or less likely each choice of ring
core, substituent, position, spacer and number of rings should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from rdkit import Chem

from mofa.chemistry import Family, Linker, ModelRef, RawLinker
from mofa.chemistry.molecules import embed, raw_linker
from mofa.chemistry.rejected import Rejected
from mofa.generate import weights
from mofa.generate.chains import PRE_TRAINED, Chain, ChainSpace, Factors, chain_space
from mofa.generate.protocol import ProgressCallback, StreamRequest, TrainingRequest

FAMILIES = (Family.BCA, Family.BZN)
"""What the library makes."""
_ANCHOR_SMILES = {Family.BCA: "C(=O)O", Family.BZN: "C#N"}


class LibraryGenerator:
    """Enumerated linkers, drawn by weight without repetition. A `mofa.generate.Trainable`."""

    name = "library"
    version = "1"
    families = FAMILIES

    def batches(self, request: StreamRequest) -> Iterator[list[RawLinker]]:
        """Deliver the batches of a stream from ``request.start_batch`` on.

        Raises:
            InputError: the weights file is not one of the library's.
        """
        learnt = {} if request.weights is None else weights.load(request.weights, generator=self._source)
        known = learnt.get(request.family)
        return self._stream(request, PRE_TRAINED if known is None else known.factors)

    def train(
        self, examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None = None
    ) -> ModelRef | Rejected:
        """Estimate the weights of the building choices from examples; see `mofa.generate.training`."""
        from mofa.generate.training import train_library

        return train_library(examples, request, on_progress, name=self.name, source=self._source)

    @property
    def _source(self) -> str:
        return f"{self.name}/{self.version}"

    def _stream(self, request: StreamRequest, factors: Factors) -> Iterator[list[RawLinker]]:
        """The batches, drawn with these factors.

        Every batch owns a block of the seeded sequence of chains, slightly longer than the batch; chains that cannot
        be embedded are replaced from the rest of the block. So batches do not depend on one another.
        """
        space = chain_space(request.family, request.max_heavy_atoms)
        chains = space.draws(request.seed, factors)
        spare = 1 + request.batch_size // 8
        for batch in range(request.n_batches):
            block = list(islice(chains, request.batch_size + spare))
            if not block:
                return
            if batch >= request.start_batch:
                linkers = (self._linker(space, chain, request.seed) for chain in block)
                made = list(islice((k for k in linkers if k is not None), request.size_of(batch)))
                if made:
                    yield made

    def _linker(self, space: ChainSpace, chain: Chain, seed: int) -> RawLinker | None:
        """One linker in 3-D, or None when the force field does not find a conformer."""
        conformer = embed(molecule_of_chain(space, chain), seed=seed)
        if conformer is None:
            return None
        linker = raw_linker(conformer, family=space.family, source=self._source)
        return None if isinstance(linker, Rejected) else linker


def library_size(family: Family, max_heavy_atoms: int = 38) -> int:
    """Number of distinct linkers that the library can make, in closed form."""
    return chain_space(family, max_heavy_atoms).size()


def enumerate_smiles(
    family: Family, *, max_heavy_atoms: int = 38, seed: int = 0, factors: Factors = PRE_TRAINED
) -> Iterator[str]:
    """Canonical SMILES of the library's linkers, in the order of the stream of that seed, without 3-D."""
    space = chain_space(family, max_heavy_atoms)
    for chain in space.draws(seed, factors):
        yield Chem.MolToSmiles(molecule_of_chain(space, chain))


def molecule_of_chain(space: ChainSpace, chain: Chain) -> Any:
    """The RDKit molecule (no coordinates) of a chain with an anchor on each outer exit; double bonds are E."""
    anchor = _ANCHOR_SMILES[space.family]
    parts = [f"[2*]{anchor}", *(space.part(chain, place).smiles for place in range(len(chain))), f"[1*]{anchor}"]
    editable = Chem.RWMol()
    open_end = -1
    for smiles in filter(None, parts):
        piece, exits = _without_exits(smiles)
        first = editable.GetNumAtoms()
        editable.InsertMol(piece)
        if open_end >= 0:
            editable.AddBond(open_end, first + exits[1], Chem.BondType.SINGLE)
        open_end = first + exits.get(2, 0)
    molecule = editable.GetMol()
    Chem.SanitizeMol(molecule)
    _set_trans(molecule)
    return molecule


@lru_cache(maxsize=4096)
def _without_exits(smiles: str) -> tuple[Any, dict[int, int]]:
    """A part without its exit atoms, and the atom that each exit (1, 2) was on."""
    piece = Chem.MolFromSmiles(smiles)
    exits = {}
    for exit_atom in [atom for atom in piece.GetAtoms() if atom.GetAtomicNum() == 0]:
        neighbor = exit_atom.GetNeighbors()[0]
        neighbor.SetIntProp("exit_mask", _exit_mask(neighbor) | exit_atom.GetIsotope())
    editable = Chem.RWMol(piece)
    for index in sorted((a.GetIdx() for a in piece.GetAtoms() if a.GetAtomicNum() == 0), reverse=True):
        editable.RemoveAtom(index)
    for atom in editable.GetAtoms():
        for exit_number in (1, 2):
            if _exit_mask(atom) & exit_number:
                exits[exit_number] = atom.GetIdx()
    return editable.GetMol(), exits


def _exit_mask(atom: Any) -> int:
    return int(atom.GetIntProp("exit_mask")) if atom.HasProp("exit_mask") else 0


def _set_trans(molecule: Any) -> None:
    """Make every open-chain double bond between two singly substituted atoms E."""
    changed = False
    for bond in molecule.GetBonds():
        if bond.GetBondType() != Chem.BondType.DOUBLE or bond.IsInRing():
            continue
        begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
        left = [a.GetIdx() for a in begin.GetNeighbors() if a.GetIdx() != end.GetIdx()]
        right = [a.GetIdx() for a in end.GetNeighbors() if a.GetIdx() != begin.GetIdx()]
        if len(left) == len(right) == 1:
            bond.SetStereoAtoms(left[0], right[0])
            bond.SetStereo(Chem.BondStereo.STEREOTRANS)
            changed = True
    if changed:
        # Without this RDKit takes the marks for stale and drops them when it writes SMILES.
        Chem.AssignStereochemistry(molecule, cleanIt=False, force=True)
