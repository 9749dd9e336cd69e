"""The vocabulary that every room speaks: linkers, nodes, nets, frameworks, bond graphs, results, refusals.

`Framework` is the central value: immutable, picklable, with its bond graph, charges and lineage. Everything that a
task refuses is a `Rejected` with a `Reason`; exceptions are kept for broken input and broken engines.
"""

from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.framework import Framework, Lineage
from mofa.chemistry.linker import Anchor, AnchorKind, Bond, Ends, Family, Linker, RawLinker
from mofa.chemistry.net import Net, NetEdge
from mofa.chemistry.node import ConnectionPoint, Node
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.chemistry.results import ChargeGate, Charges, Coadsorbed, ModelRef, Optimized, PoreGeometry, Stability, Uptake

__all__ = [
    "Anchor",
    "AnchorKind",
    "Bond",
    "BondGraph",
    "ChargeGate",
    "Charges",
    "Coadsorbed",
    "ConnectionPoint",
    "Ends",
    "Family",
    "Framework",
    "Lineage",
    "Linker",
    "ModelRef",
    "Net",
    "NetEdge",
    "Node",
    "Optimized",
    "PoreGeometry",
    "RawLinker",
    "Reason",
    "Rejected",
    "Stability",
    "Stage",
    "Uptake",
]
