"""Bond orders as UFF counts them: shared where a Lewis structure must choose.

A molecule drawn as ``C(=O)[O-]`` or ``[N+](=O)[O-]`` has two equal bonds; UFF also gives the amide C-N bond an order
of 1.41. DOI 10.1021/ja00051a040. Bonds to metals count half as UFF4MOF has it, DOI 10.1021/ct400952t, but for
zirconium, whose radius is that of single bonds: whole ones give Zr-O 2.20 Å and UiO-66 a cell of 20.8 Å, halves
2.41 and 21.7 Å (experiment: 2.06 to 2.25, 20.7 Å).
"""

from __future__ import annotations

import numpy as np

from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.elements import is_metal

AMIDE_ORDER = 1.41
METALS_OF_WHOLE_BONDS = frozenset({"Zr"})


def force_field_orders(symbols: tuple[str, ...], graph: BondGraph) -> BondGraph:
    """The graph with shared orders for terminal oxygens of one centre, 1.41 for amides, 1 for bonds to zirconium."""
    metal = [is_metal(symbol) for symbol in symbols]
    links: list[list[tuple[int, int]]] = [[] for _ in symbols]
    order = np.array(graph.order)
    for k, (i, j) in enumerate(zip(graph.i.tolist(), graph.j.tolist(), strict=True)):
        if not metal[i] and not metal[j]:
            links[i].append((k, j))
            links[j].append((k, i))
        elif metal[i] != metal[j] and METALS_OF_WHOLE_BONDS & {symbols[i], symbols[j]}:
            order[k] = 1.0
    for centre, symbol in enumerate(symbols):
        if symbol not in ("C", "N", "S", "P"):
            continue
        ends = [k for k, end in links[centre] if symbols[end] == "O" and len(links[end]) == 1]
        if len(ends) > 1:
            order[ends] = order[ends].mean()
        if symbol == "C" and len(ends) == 1 and order[ends[0]] == 2.0:
            amides = [k for k, end in links[centre] if symbols[end] == "N" and len(links[end]) == 3 and order[k] == 1.0]
            order[amides] = AMIDE_ORDER
    return BondGraph(graph.n_atoms, graph.i, graph.j, graph.shift, order)
