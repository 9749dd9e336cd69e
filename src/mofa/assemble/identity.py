"""Who a framework is: an identity from what it is made of, a readable name, and a hash of its bonds.

The identity is the same for every geometry of a MOF, and known before it is built. The bond-graph hash finds the same
MOF among structures whose making is unknown (a user's CIF).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from math import gcd

from mofa.assemble.periodicity import n_nets
from mofa.chemistry import Framework
from mofa.chemistry.bonds import perceive

_DIGEST_BYTES = 16
_TAG_LETTERS = 6


def framework_id(node: str, net: str, linker_keys: Sequence[str], *, catenation: int = 0) -> str:
    """128 bits of hexadecimal from the parts of a MOF.

    Args:
        node: name of the node.
        net: RCSR symbol.
        linker_keys: `Linker.key` per edge class, in the order of `make_plan`, in which linkers that symmetry can
            exchange are sorted.
        catenation: number of further interpenetrating nets.
    """
    parts = ["mofa-framework", node, net, str(catenation), *linker_keys]
    return blake2b("\n".join(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def readable_name(node: str, net: str, linker_keys: Sequence[str], *, catenation: int = 0) -> str:
    """``node.linkers.net.cat``, with the first letters of each linker's InChIKey; made to be read, not unique."""
    tags = "-".join(key[:_TAG_LETTERS] for key in linker_keys)
    return f"{node}.{tags}.{net}.cat{catenation}"


def bond_graph_hash(framework: Framework) -> str:
    """128 bits of hexadecimal from elements, bonds and interpenetration.

    Weisfeiler-Lehman refinement: an atom's colour is hashed with its neighbours' until no more atoms can be told apart.
    Colours are counted relative to one another, so the order of atoms, the origin and the choice of cell do
    not matter; bond orders, which a CIF may lack, do not either. Equal hashes mean equal surroundings of all atoms at
    any distance along the bonds, not a proof of isomorphism: nets that differ only in how their rings
    close share a hash.

    Args:
        framework: bonds are perceived when it has none.
    """
    graph = framework.bonds
    if graph is None:
        graph = perceive(framework.symbols, framework.positions, framework.cell)
    neighbors = [[j for j, _, _ in row] for row in graph.neighbors]
    colors = [symbol.encode() for symbol in framework.symbols]
    classes = len(set(colors))
    while True:
        refined = [
            _digest(colors[k] + b"|" + b"".join(sorted(colors[j] for j in row))) for k, row in enumerate(neighbors)
        ]
        colors = refined
        if len(set(refined)) == classes:
            break
        classes = len(set(refined))
    counts = Counter(colors)
    unit = gcd(*counts.values())
    summary = b"".join(color + str(counts[color] // unit).encode() for color in sorted(counts))
    return blake2b(summary + str(n_nets(graph)).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()
