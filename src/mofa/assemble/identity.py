"""Who a framework is: an identity from what it is made of, a readable name, and a hash of its bonds.

The identity is the same for every geometry of a MOF, and known before it is built. The bond-graph hash finds the same
MOF among structures whose making is unknown (a user's CIF) or differs (another node file of the same chemistry).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from mofa.assemble.topology.invariants import periodic_invariant, proportions, refined_colors
from mofa.assemble.topology.periodicity import pieces
from mofa.chemistry import Framework
from mofa.chemistry.bonds import perceive

_DIGEST_BYTES = 16
_TAG_LETTERS = 6
_SINGLE_NET = ".cat0"


def framework_id(node: str, net: str, linker_keys: Sequence[str], *, catenation: int = 0) -> str:
    """128 bits of hexadecimal from the parts of a MOF.

    Args:
        node: `Node.key`, which tells a user's node from one that is shipped under the same name.
        net: RCSR symbol.
        linker_keys: `Linker.key` per edge class, in the order of `make_plan`, in which linkers that symmetry can
            exchange are sorted.
        catenation: number of further interpenetrating nets.
    """
    return catenated_id(_digest("mofa-framework", node, net, "0", *linker_keys), catenation)


def catenated_id(single_id: str, catenation: int) -> str:
    """Identity of the interpenetrated framework whose single net has the identity given."""
    return _digest("mofa-catenated", single_id, str(catenation)) if catenation else single_id


def readable_name(node: str, net: str, linker_keys: Sequence[str], *, catenation: int = 0) -> str:
    """``node.linkers.net.cat``, after the MOFkey (DOI 10.1021/acs.cgd.9b01050).

    Made to be read and to name files, not unique: a linker is given by the first letters of its InChIKey.
    """
    tags = "-".join(key[:_TAG_LETTERS] for key in linker_keys)
    single = re.sub(r"[^A-Za-z0-9.+_-]+", "_", f"{node}.{tags}.{net}{_SINGLE_NET}")
    return catenated_name(single, catenation)


def catenated_name(single_name: str, catenation: int) -> str:
    """Name of the interpenetrated framework whose single net has the name given."""
    return f"{single_name.removesuffix(_SINGLE_NET)}.cat{catenation}"


def bond_graph_hash(framework: Framework) -> str:
    """128 bits of hexadecimal from elements, bonds and interpenetration.

    Two descriptions of a MOF have one hash, whatever the order of its atoms, the origin, the orientation, the choice of
    cell and the geometry; bond orders, which a CIF may lack, do not count either. It is made of the colours of
    `refined_colors`, which see the chemistry around every atom, the `periodic_invariant`, which sees how the net
    closes (dia or lon, and which linker lies on which edge), and the number of interpenetrating nets.

    Args:
        framework: bonds are perceived when it has none.
    """
    graph = framework.bonds
    if graph is None:
        graph = perceive(framework.symbols, framework.positions, framework.cell)
    colors = refined_colors(framework.numbers, graph)
    found = pieces(graph)
    nets = sum(piece.copies for piece in found)
    invariants = sorted({periodic_invariant(graph, piece, colors) for piece in found if piece.rank == 3})
    return _digest("mofa-bonds", proportions(colors), *invariants, str(nets))


def find_duplicates(frameworks: Iterable[Framework]) -> list[tuple[int, ...]]:
    """Which frameworks are the same MOF, by their bond-graph hashes.

    Args:
        frameworks: looked at one after the other and not kept.

    Returns:
        For every MOF that comes more than once, the positions at which it comes, in the order of the first.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, framework in enumerate(frameworks):
        places[bond_graph_hash(framework)].append(number)
    return [tuple(group) for group in places.values() if len(group) > 1]


def _digest(*parts: str) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()
