"""Task 3: put linkers and a metal node together into a periodic MOF, and refuse what is not sound.

    from mofa.assemble import assemble

    mof = assemble([bca, bca_2, bzn], node="zn-paddlewheel-pillar", net="pcu")   # Framework | Rejected

How it goes: `embed.arrange` puts blocks on the vertices of the net and `embed.orient` turns them; `plan` gives every
edge its linker by the typed ends; a `Builder` (`embed.closed_form`, `embed.general`) finds the coordinates and
`embed.torsion` turns linkers about their axes; `compose` joins the bonds and names the result (`identity`);
`catenation` puts further nets through it; `checks` looks for everything that can be wrong, and `topology` reads off
the bonds which net was made. Checks, topology and `bond_graph_hash` also serve a user's CIF. Nodes are data files
(`blocks`), nets come from `.cgd` files (`nets`). `mofa.build.build` does all this from SMILES in one line.
"""

from mofa.assemble.blocks.nodes import load_node, nodes
from mofa.assemble.builder import assemble
from mofa.assemble.catenation import catenate
from mofa.assemble.checks.framework import check_framework
from mofa.assemble.checks.pore import check_pore
from mofa.assemble.identity import bond_graph_hash, find_duplicates, framework_id
from mofa.assemble.nets.catalogue import load_net, nets
from mofa.assemble.places import Place, places
from mofa.assemble.plan import Builder, EdgePlan, EdgeSite, Placement, Plan, Sites

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
