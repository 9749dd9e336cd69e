"""The library generator: enumerated linkers, in 3-D by ETKDG and MMFF94.

It makes dicarboxylic acids (BCA) and dinitriles (BZN) of one to three ring systems, dipyridyls (PYR), tri- and
tetracarboxylic acids (TCA, QCA) and azoles of the imidazole sort (IMD). The whole molecule is known, so its
`RawLinker` carries bonds, hydrogens and formal charges, and `process` need not guess them.

Streams of BCA, BZN and PYR can be retrained: `mofa.generate.training` estimates from examples how much more or less
likely each choice of ring core, substituent, position, spacer and number of rings should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from rdkit import Chem

from mofa.chemistry import Family, Linker, ModelRef, RawLinker
from mofa.chemistry.molecules import embed, raw_linker
from mofa.chemistry.rejected import Rejected
from mofa.generate import weights
from mofa.generate.azoles import azole_space
from mofa.generate.chains import PRE_TRAINED, ChainSpace, Factors, chain_space
from mofa.generate.fragments import STAR_SHARE
from mofa.generate.protocol import ProgressCallback, StreamRequest, TrainingRequest
from mofa.generate.spaces import Design, Space, Union
from mofa.generate.stars import star_space

_SPACES: Mapping[Family, Callable[[int], Space]] = {
    Family.BCA: lambda size: chain_space(Family.BCA, size),
    Family.BZN: lambda size: chain_space(Family.BZN, size),
    Family.PYR: lambda size: chain_space(Family.PYR, size),
    Family.TCA: lambda size: star_space(Family.TCA, size),
    Family.QCA: lambda size: Union(
        (star_space(Family.QCA, size), chain_space(Family.QCA, size)), (STAR_SHARE, 1.0 - STAR_SHARE)
    ),
    Family.IMD: azole_space,
}
"""The linkers of each family up to a number of heavy atoms."""
FAMILIES = tuple(_SPACES)
"""What the library makes."""


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
        space = library_space(request.family, request.max_heavy_atoms)
        return self._stream(request, space, _draws(space, request.seed, known.factors if known else PRE_TRAINED))

    def train(
        self, examples: Sequence[Linker], request: TrainingRequest, on_progress: ProgressCallback | None = None
    ) -> ModelRef | Rejected:
        """Estimate the weights of the building choices from examples; see `mofa.generate.training`."""
        from mofa.generate.training import train_library

        return train_library(examples, request, on_progress, name=self.name, source=self._source)

    @property
    def _source(self) -> str:
        return f"{self.name}/{self.version}"

    def _stream(self, request: StreamRequest, space: Space, designs: Iterator[Design]) -> Iterator[list[RawLinker]]:
        """The batches of these designs.

        Every batch owns a block of the seeded sequence of designs, slightly longer than the batch; those that cannot
        be embedded are replaced from the rest of the block. So batches do not depend on one another.
        """
        spare = 1 + request.batch_size // 8
        for batch in range(request.n_batches):
            block = list(islice(designs, request.batch_size + spare))
            if not block:
                return
            if batch >= request.start_batch:
                linkers = (self._linker(space, design, request.seed) for design in block)
                made = list(islice((k for k in linkers if k is not None), request.size_of(batch)))
                if made:
                    yield made

    def _linker(self, space: Space, design: Design, seed: int) -> RawLinker | None:
        """One linker in 3-D, or None when the force field does not find a conformer."""
        conformer = embed(space.molecule(design), seed=seed)
        if conformer is None:
            return None
        linker = raw_linker(conformer, family=space.family, source=self._source)
        return None if isinstance(linker, Rejected) else linker


def library_space(family: Family, max_heavy_atoms: int = 38) -> Space:
    """All linkers of one of `FAMILIES` up to a number of heavy atoms, anchors included."""
    return _SPACES[family](max_heavy_atoms)


def library_size(family: Family, max_heavy_atoms: int = 38) -> int:
    """Number of distinct linkers that the library can make, counted or in closed form."""
    return library_space(family, max_heavy_atoms).size()


def enumerate_smiles(
    family: Family, *, max_heavy_atoms: int = 38, seed: int = 0, factors: Factors = PRE_TRAINED
) -> Iterator[str]:
    """Canonical SMILES of the library's linkers, in the order of the stream of that seed, without 3-D."""
    space = library_space(family, max_heavy_atoms)
    for design in _draws(space, seed, factors):
        yield Chem.MolToSmiles(space.molecule(design))


def _draws(space: Space, seed: int, factors: Factors) -> Iterator[Design]:
    """Designs in the order of a stream; chains are drawn with what training has changed."""
    return space.draws(seed, factors) if isinstance(space, ChainSpace) else space.draws(seed)
