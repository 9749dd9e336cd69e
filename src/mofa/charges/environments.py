"""Bond environments: what an atom is bonded to, as readable names, from coarse to fine.

Three levels, each a refinement of the one before:

=====  ====================================================  ==============================
level  what it tells                                         carboxylate O of MOF-5
=====  ====================================================  ==============================
0      element and number of bonds                           ``O2``
1      and the elements that it is bonded to                 ``O(C,Zn)``
2      and the elements that each of those is bonded to      ``O(C(C,O,O),Zn(O,O,O,O))``
=====  ====================================================  ==============================
"""

from __future__ import annotations

from mofa.chemistry import Framework
from mofa.chemistry.bonds import BondGraph, perceive

LEVELS = 3


def environments(framework: Framework) -> list[tuple[str, ...]]:
    """Names of every atom's environment, one a level, coarsest first, ``[n_atoms][LEVELS]``.

    Uses the framework's own bond graph, or the perceived one where it has none.
    """
    bonds = framework.bonds
    if bonds is None:
        bonds = perceive(framework.symbols, framework.positions, framework.cell)
    return of_graph(framework.symbols, bonds)


def of_graph(symbols: tuple[str, ...], bonds: BondGraph) -> list[tuple[str, ...]]:
    """Names of every atom's environment in this bond graph; see `environments`."""
    neighbors = [[atom for atom, _, _ in row] for row in bonds.neighbors]
    plain = [_named(symbols[k], [symbols[n] for n in row]) for k, row in enumerate(neighbors)]
    return [
        (f"{symbols[k]}{len(row)}", plain[k], _named(symbols[k], [plain[n] for n in row]))
        for k, row in enumerate(neighbors)
    ]


def _named(symbol: str, neighbors: list[str]) -> str:
    return f"{symbol}({','.join(sorted(neighbors))})"
