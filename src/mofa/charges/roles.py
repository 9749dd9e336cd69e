"""What every atom of a framework is, by its bonds: its role, and which others are surrounded like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.chemistry.bonds import BondGraph, perceive
from mofa.chemistry.elements import is_metal

SHELLS = 4
"""Bonds that the surroundings of an atom reach. Beyond, a substituent moves a charge by a few hundredths of e."""

HALOGENS = frozenset({"F", "Cl", "Br", "I"})
_ELECTROPOSITIVE = frozenset({"B", "Si", "P", "Ge", "As"})


def bonds_of(framework: Framework) -> BondGraph:
    """Its bond graph; perceived where it carries none.

    Bonds that were built stand: a geometry in motion does not make another atom of a carbon.
    """
    return framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)


def roles(symbols: Sequence[str], bonds: BondGraph) -> list[str]:
    """The role of every atom, ``[n_atoms]``: a key of `mofa.charges.bounds.BOUNDS_E` together with its element.

    A role is decided by the elements of the bonded atoms and, for oxygen and nitrogen, by how many bonds a carbon
    next to it has. Orders of bonds are not looked at, so a perceived graph serves as well as a built one.
    """
    around = [[k for k, _, _ in row] for row in bonds.neighbors]
    return [_role(atom, symbols, around) for atom in range(len(symbols))]


def surroundings(symbols: Sequence[str], bonds: BondGraph, *, shells: int = SHELLS) -> NDArray[np.int64]:
    """Number of the class of every atom, ``[n_atoms]``: atoms of one class see the same elements up to `shells` bonds.

    Colour refinement of the periodic bond graph. Atoms that a symmetry of the crystal maps onto one another are in
    one class; so are those that differ only far away.
    """
    neighbors = [[k for k, _, _ in row] for row in bonds.neighbors]
    colors: list[int] = _numbered(symbols)
    for _ in range(shells):
        colors = _numbered([(colors[k], *sorted(colors[n] for n in row)) for k, row in enumerate(neighbors)])
    return np.array(colors, dtype=np.int64)


def _numbered(keys: Sequence[object]) -> list[int]:
    known: dict[object, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


def _role(atom: int, symbols: Sequence[str], around: Sequence[Sequence[int]]) -> str:
    symbol = symbols[atom]
    if is_metal(symbol):
        return "metal"
    partners = [k for k in around[atom] if not is_metal(symbols[k])]
    elements = [symbols[k] for k in partners]
    on_metal = len(partners) < len(around[atom])
    match symbol:
        case "H":
            return _hydrogen(elements, [len(around[k]) for k in partners])
        case "C":
            return _carbon(elements, on_metal=on_metal)
        case "N":
            return _nitrogen(partners, elements, [len(around[k]) for k in partners])
        case "O":
            return _oxygen(partners, symbols, around, on_metal=on_metal)
        case _ if symbol in HALOGENS:
            return "ion" if not partners else "in a chain" if len(partners) > 1 or "O" in elements else "on a nonmetal"
        case _:
            return "with oxygen" if "O" in elements else "ion" if not partners else "without oxygen"


def _hydrogen(elements: Sequence[str], bonds_of_partners: Sequence[int]) -> str:
    if elements and elements[0] == "C":
        return "on saturated C" if bonds_of_partners[0] > 3 else "on unsaturated C"
    return f"on {elements[0]}" if elements and elements[0] in {"N", "O"} else "on others"


def _carbon(elements: Sequence[str], *, on_metal: bool) -> str:
    if on_metal or _ELECTROPOSITIVE & set(elements):
        return "on metal, B, Si or P"
    if elements.count("O") >= 2 and len(elements) == 3:
        return "carboxylate"
    if elements.count("F") >= 2:
        return "of CF2, CF3"
    if len(elements) <= 2 and "N" in elements:
        return "nitrile"
    if len(elements) <= 3:
        return "with O, N, S or halogen" if set(elements) - {"C", "H"} else "aryl"
    return "saturated, with O, N, S or halogen" if set(elements) - {"C", "H"} else "saturated"


def _nitrogen(partners: Sequence[int], elements: Sequence[str], bonds_of_partners: Sequence[int]) -> str:
    if "O" in elements:
        return "nitro" if elements.count("O") > 1 else "oxide"
    if not partners:
        return "ion"
    if elements == ["C"] and bonds_of_partners[0] <= 2:
        return "nitrile"
    if set(elements) == {"N"}:
        return "between nitrogens"
    return "amine" if len(partners) > 2 else "pyridine, imine, azo"


def _oxygen(partners: Sequence[int], symbols: Sequence[str], around: Sequence[Sequence[int]], *, on_metal: bool) -> str:
    elements = [symbols[k] for k in partners]
    if on_metal and not set(elements) - {"H"}:
        return "hydroxide, water" if elements else "oxide"
    if not set(elements) - {"C", "H"}:
        carbon = partners[elements.index("C")] if "C" in elements else -1
        acid = carbon >= 0 and sum(symbols[k] == "O" for k in around[carbon]) >= 2 and len(around[carbon]) > 2
        if acid and elements == ["C"]:
            return "carboxylate"
        if "H" in elements:
            return "hydroxyl"
        return "ether" if len(partners) > 1 else "carbonyl"
    return "on others" if len(partners) > 1 or on_metal else "of nitro, sulfonyl, N-oxide"
