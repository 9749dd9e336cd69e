"""The UFF4MOF force field: typed from the bond graph, written for LAMMPS.

`parametrise` is the way in: a framework with bond orders becomes `Terms`, or a refusal that names the atoms UFF4MOF
does not know. `writer` turns terms and supercell into LAMMPS text.
"""

from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Rejected
from mofa.validate.uff4mof.resonance import force_field_orders
from mofa.validate.uff4mof.terms import Terms, build_terms
from mofa.validate.uff4mof.typing import assign_types

__all__ = ["Terms", "parametrise"]


def parametrise(framework: Framework, bonds: BondGraph) -> Terms | Rejected:
    """Atom types and bonded terms of one unit cell.

    Args:
        framework: the structure; its own bond graph is not looked at.
        bonds: its bond graph with every order known (see `mofa.chemistry.bond_orders.with_orders`).
    """
    shared = force_field_orders(framework.symbols, bonds)
    types = assign_types(framework, shared)
    if isinstance(types, Rejected):
        return types
    return build_terms(types, shared)
