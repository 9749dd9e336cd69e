"""Task 3: put linkers and a metal node together into a periodic MOF, and refuse what is not sound.

    from mofa.assemble import assemble

    mof = assemble([bca, bca_2, bzn], node="zn-paddlewheel-pillar", net="pcu")   # Framework | Rejected

How it goes: `plan` matches the typed ends of the linkers to the node's connection points; a `Builder` (`closed_form`)
finds the coordinates, `torsion` turns each linker about its axis; `compose` joins the bonds and names the result
(`identity`); `checks` looks for everything that can be wrong. `check_framework` and `bond_graph_hash` also serve a
user's CIF. Nodes are data files (`nodes`), nets are quotient graphs (`nets`).
"""

from mofa.assemble.builder import assemble
from mofa.assemble.catenation import catenate
from mofa.assemble.checks import check_framework
from mofa.assemble.identity import bond_graph_hash, find_duplicates, framework_id
from mofa.assemble.nets import load_net, nets
from mofa.assemble.nodes import load_node, nodes
from mofa.assemble.places import Place, places
from mofa.assemble.plan import Builder, EdgePlan, EdgeSite, Placement, Plan, Sites
from mofa.assemble.pore import check_pore

__all__ = [
    "Builder",
    "EdgePlan",
    "EdgeSite",
    "Place",
    "Placement",
    "Plan",
    "Sites",
    "assemble",
    "bond_graph_hash",
    "catenate",
    "check_framework",
    "check_pore",
    "find_duplicates",
    "framework_id",
    "load_net",
    "load_node",
    "nets",
    "nodes",
    "places",
]
