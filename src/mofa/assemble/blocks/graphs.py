"""Small questions to the bonds of a block, asked again and again: answers are kept, block by block."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.checks.windows import contact_kind
from mofa.chemistry import Linker, Node

# More bonds than any molecule has.
FAR = 1_000_000


@lru_cache(maxsize=1024)
def contact_kinds(block: Node | Linker) -> NDArray[np.str_]:
    """`contact_kind` of every atom, ``[n]``."""
    s = block.symbols
    return np.array([contact_kind(s[k], (s[other] for other in row)) for k, row in enumerate(neighbors(block))])


@lru_cache(maxsize=8192)
def bonds_from(block: Node | Linker, atom: int) -> NDArray[np.int64]:
    """Bonds on the shortest way from `atom` to every atom, ``[n_atoms]``; `FAR` where there is no way."""
    rows = neighbors(block)
    depth = np.full(len(rows), FAR, dtype=np.int64)
    shell, steps = {atom}, 0
    while shell:
        depth[list(shell)] = steps
        steps += 1
        shell = {b for a in shell for b in rows[a] if depth[b] > steps}
    return depth


@lru_cache(maxsize=1024)
def neighbors(block: Node | Linker) -> tuple[tuple[int, ...], ...]:
    """Neighbours of every atom."""
    rows: list[list[int]] = [[] for _ in block.symbols]
    for bond in block.bonds:
        rows[bond.i].append(bond.j)
        rows[bond.j].append(bond.i)
    return tuple(map(tuple, rows))


def side_of(
    rows: tuple[tuple[int, ...], ...],
    start: int,
    without: int | None = None,
    cut: frozenset[frozenset[int]] = frozenset(),
) -> set[int]:
    """Atoms reached from `start` without the bond from it to `without` and without the bonds `cut`.

    Args:
        rows: neighbours of every atom.
        start: where to begin.
        without: the other end of the bond that is not taken; None takes all.
        cut: further bonds that are not taken.
    """
    blocked = cut if without is None else cut | {frozenset((start, without))}
    seen, waiting = {start}, [start]
    while waiting:
        atom = waiting.pop()
        for other in rows[atom]:
            if other not in seen and frozenset((atom, other)) not in blocked:
                seen.add(other)
                waiting.append(other)
    return seen
