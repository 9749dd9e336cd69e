"""Small questions to the bonds of a block, asked again and again: answers are kept."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.windows import contact_kind
from mofa.chemistry import Bond

# More bonds than any molecule has.
FAR = 1_000_000


@lru_cache(maxsize=1024)
def contact_kinds(symbols: tuple[str, ...], bonds: tuple[Bond, ...]) -> NDArray[np.str_]:
    """`contact_kind` of every atom, ``[n]``."""
    rows = neighbors(len(symbols), bonds)
    return np.array([contact_kind(s, (symbols[k] for k in row)) for s, row in zip(symbols, rows, strict=True)])


@lru_cache(maxsize=1024)
def bonds_from(bonds: tuple[Bond, ...], n_atoms: int, atom: int) -> NDArray[np.int64]:
    """Bonds on the shortest way from `atom` to every atom, ``[n_atoms]``; `FAR` where there is no way."""
    rows = neighbors(n_atoms, bonds)
    depth = np.full(n_atoms, FAR, dtype=np.int64)
    shell, steps = {atom}, 0
    while shell:
        depth[list(shell)] = steps
        steps += 1
        shell = {b for a in shell for b in rows[a] if depth[b] > steps}
    return depth


def neighbors(n_atoms: int, bonds: tuple[Bond, ...]) -> list[list[int]]:
    """Neighbours of every atom."""
    rows: list[list[int]] = [[] for _ in range(n_atoms)]
    for bond in bonds:
        rows[bond.i].append(bond.j)
        rows[bond.j].append(bond.i)
    return rows
