"""Examples to learn from, without 3-D where none is needed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np

from mofa.chemistry import Family, Linker
from mofa.generate.library import enumerate_smiles


def flat_linker(smiles: str, family: Family) -> Linker:
    """A linker of which only the molecule is known."""
    return Linker(smiles, f"key of {smiles}", family, ("C",), np.zeros((1, 3)), (), ())


def library_linkers(
    family: Family,
    n: int,
    *,
    where: Callable[[str], bool] = lambda smiles: True,
    seed: int = 1,
    max_heavy_atoms: int = 38,
) -> list[Linker]:
    """The first `n` linkers of a stream whose SMILES meets a condition."""
    stream = enumerate_smiles(family, max_heavy_atoms=max_heavy_atoms, seed=seed)
    return [flat_linker(smiles, family) for smiles in islice(filter(where, stream), n)]
