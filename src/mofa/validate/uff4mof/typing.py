"""From bond graph to UFF4MOF atom types.

Nonmetals are typed by coordination and bond orders alone, so that a type does not change while the atoms move.
Metals are typed by the number and, for four ligands, the arrangement of their ligands. A nitrile's C and N are linear
(C_1, N_1) also where the N is bound to a metal: typed bent, they fold every pillared MOF.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.elements import is_metal
from mofa.chemistry.framework import Framework
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.validate.uff4mof.parameters import atom_types, metal_type

# Two ligands of a four-coordinate metal beyond this angle (degrees) make it square rather than tetrahedral.
TRANS_ANGLE_DEG = 150.0
# UFF's types of these, named as tetrahedral, have the angles of three ligands: pyramidal, or planar for thallium.
_THREE_LIGANDS = frozenset({"Sb", "Bi", "Tl"})
# Geometries (third character of the type) that serve a number of ligands, the best first: angles of 90 degrees are
# the same for a square and an octahedron.
_GEOMETRY_OF_LIGANDS = {1: "1", 2: "1", 3: "2", 5: "46", 6: "64", 7: "86", 8: "8", 9: "8", 10: "8", 12: "8"}


@dataclass(frozen=True)
class Site:
    """An atom as its typing rule sees it."""

    symbol: str
    orders: tuple[float, ...]
    """Orders of the bonds to nonmetals."""
    neighbors: tuple[str, ...]
    """Elements of the nonmetal neighbours."""
    n_metals: int
    conjugated: bool
    """Whether a nonmetal neighbour is an sp2 centre."""

    @property
    def coordination(self) -> int:
        """Neighbours of any kind."""
        return len(self.orders) + self.n_metals

    @property
    def highest(self) -> float:
        """Highest bond order to a nonmetal; 0 without any."""
        return max(self.orders, default=0.0)

    @property
    def linear(self) -> bool:
        """A triple bond or two cumulated double bonds."""
        return self.highest >= 3.0 or sum(order >= 2.0 for order in self.orders) > 1


def assign_types(framework: Framework, bonds: BondGraph) -> tuple[str, ...] | Rejected:
    """The UFF4MOF type of every atom, or a refusal that names element and coordination of those without one.

    Args:
        framework: the structure; only metals look at its positions.
        bonds: its bond graph with every order known.
    """
    metal = np.array([is_metal(symbol) for symbol in framework.symbols])
    sites = _sites(framework.symbols, bonds, metal)
    types: list[str | None] = []
    for atom, site in enumerate(sites):
        if metal[atom]:
            types.append(_metal(framework, bonds, metal, atom))
        else:
            rule = _RULES.get(site.symbol)
            types.append(rule(site) if rule else None)
    untyped = tuple(atom for atom, name in enumerate(types) if name is None)
    if untyped:
        shown = sorted({f"{sites[a].symbol} with {sites[a].coordination} neighbours" for a in untyped})
        detail = f"UFF4MOF has no type for {', '.join(shown)} ({len(untyped)} atoms)"
        return Rejected(Stage.VALIDATE, Reason.UNTYPED, detail, untyped)
    return tuple(name for name in types if name is not None)


def _sites(symbols: tuple[str, ...], bonds: BondGraph, metal: NDArray[np.bool_]) -> list[Site]:
    organic = [[(j, order) for j, _, order in row if not metal[j]] for row in bonds.neighbors]
    sp2 = [
        symbol in ("C", "N", "B")
        and 1.4 < max((order for _, order in row), default=0.0) < 3.0
        and sum(order >= 2.0 for _, order in row) < 2
        for symbol, row in zip(symbols, organic, strict=True)
    ]
    return [
        Site(
            symbols[atom],
            tuple(order for _, order in row),
            tuple(symbols[j] for j, _ in row),
            len(bonds.neighbors[atom]) - len(row),
            any(sp2[j] for j, _ in row),
        )
        for atom, row in enumerate(organic)
    ]


def _hydrogen(site: Site) -> str | None:
    return {1: "H_", 2: "H_b"}.get(site.coordination)


def _carbon(site: Site) -> str | None:
    if site.coordination > 4:
        return None
    if site.linear or site.coordination == 1:
        return "C_1"
    if site.highest >= 1.45 and site.highest < 2.0:
        return "C_R"
    return "C_2" if site.highest >= 2.0 or len(site.orders) == 3 else "C_3"


def _nitrogen(site: Site) -> str | None:
    n = len(site.orders)
    if site.coordination > 4 or n == 0:
        return None
    if site.linear or (n == 1 and not site.conjugated):
        return "N_1"
    if site.coordination == 4:
        return "N_3"
    if 1.45 <= site.highest < 2.0 or (site.coordination == 3 and (site.highest >= 2.0 or site.conjugated)):
        return "N_R"
    return "N_2" if site.highest >= 2.0 or site.conjugated else "N_3"


def _oxygen(site: Site) -> str | None:
    n = len(site.orders)
    inorganic = site.n_metals > 0 and all(symbol == "H" for symbol in site.neighbors)
    if site.coordination > 4:
        return None
    if inorganic:
        if site.coordination == 4:
            return "O_3_f"
        if site.coordination == 3 and site.n_metals > 1:
            return "O_2_z"
        return "O_3_z" if site.n_metals == 2 else "O_1" if site.coordination == 1 else "O_3"
    if site.highest > 1.3:
        return "O_2" if n == 1 else "O_R"
    if site.neighbors.count("Si") == 2:
        return "O_3_z"
    return "O_R" if site.conjugated else "O_3"


def _sulfur(site: Site) -> str | None:
    n = len(site.orders)
    if n > 4 or site.coordination == 0:
        return None
    if n == 0:
        return "S_3_f"
    if n > 2:
        return "S_3+4" if n == 3 else "S_3+6"
    if site.highest >= 1.45 and n == 1:
        return "S_2"
    return "S_R" if site.conjugated else "S_3+2"


def _phosphorus(site: Site) -> str | None:
    if len(site.orders) == 3:
        return "P_3+q" if site.n_metals else "P_3+3"
    return "P_3+5" if len(site.orders) == 4 else None


def _boron(site: Site) -> str | None:
    return {3: "B_2", 4: "B_3"}.get(site.coordination)


def _halogen(name: str) -> Callable[[Site], str | None]:
    def rule(site: Site) -> str | None:
        if site.symbol == "Cl" and site.n_metals > 1:
            return "Cl_f"
        return name if site.coordination == 1 else None

    return rule


def _fixed(name: str, *coordinations: int) -> Callable[[Site], str | None]:
    def rule(site: Site) -> str | None:
        return name if site.coordination in coordinations else None

    return rule


_RULES: dict[str, Callable[[Site], str | None]] = {
    "H": _hydrogen,
    "B": _boron,
    "C": _carbon,
    "N": _nitrogen,
    "O": _oxygen,
    "F": _halogen("F_"),
    "Si": _fixed("Si3", 4),
    "P": _phosphorus,
    "S": _sulfur,
    "Cl": _halogen("Cl"),
    "Ge": _fixed("Ge3", 4),
    "As": _fixed("As3+3", 3),
    "Se": _fixed("Se3+2", 1, 2),
    "Br": _halogen("Br"),
    "Te": _fixed("Te3+2", 1, 2),
    "I": _halogen("I_"),
    "At": _halogen("At"),
    **{symbol: _fixed(f"{symbol}4+4", 0) for symbol in ("He", "Ne", "Ar", "Kr", "Xe", "Rn")},
}


def _metal(framework: Framework, bonds: BondGraph, metal: NDArray[np.bool_], atom: int) -> str | None:
    """Type of a metal by its ligands; a metal-metal bond (paddlewheel) makes it square."""
    symbol = framework.symbols[atom]
    row = bonds.neighbors[atom]
    ligands = [(j, shift) for j, shift, _ in row if not metal[j]]
    if len(ligands) < len(row):
        geometries: str | None = "46"
    elif len(ligands) == 4:
        geometries = "46" if _is_square(framework, atom, ligands) else "3"
    elif len(ligands) == 3 and symbol in _THREE_LIGANDS:
        geometries = "3"
    else:
        geometries = _GEOMETRY_OF_LIGANDS.get(len(ligands))
    name = metal_type(symbol, geometries) if geometries else None
    single = symbol.ljust(2, "_") if len(ligands) <= 2 else None
    return name or (single if single in atom_types() else None)


def _is_square(framework: Framework, atom: int, ligands: list[tuple[int, tuple[int, int, int]]]) -> bool:
    rays = np.array(
        [framework.positions[j] + np.array(shift) @ framework.cell - framework.positions[atom] for j, shift in ligands]
    )
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    cosines = (rays @ rays.T)[np.triu_indices(4, 1)]
    return int((cosines < np.cos(np.radians(TRANS_ANGLE_DEG))).sum()) == 2
