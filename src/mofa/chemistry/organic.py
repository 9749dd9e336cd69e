"""Which elements a linker may have, and the refusal of the others with their place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mofa.chemistry.elements import DUMMIES, is_element, is_metal
from mofa.chemistry.rejected import Reason, Rejected, Stage

# The symbol in a SMILES bracket, such as C in [13CH4]; aromatic ones are written small.
_BRACKET = re.compile(r"\[\d*([A-Z][a-z]?|[a-z]{1,2}|\*)")
_AROMATIC = frozenset({"b", "c", "n", "o", "p", "s", "se", "as", "te"})
_MDL_FIRST_ATOM_LINE = 4


def is_organic(symbol: str) -> bool:
    """Whether an organic molecule may hold the element: no metal, no dummy."""
    return is_element(symbol) and symbol not in DUMMIES and not is_metal(symbol)


def foreign_elements(symbols: Sequence[str]) -> Rejected | None:
    """The refusal of elements that no linker has, with the atoms."""
    atoms = tuple(k for k, symbol in enumerate(symbols) if not is_organic(symbol))
    if not atoms:
        return None
    names = ", ".join(f"{symbols[k]} (atom {k + 1})" for k in atoms)
    return Rejected(Stage.PROCESS, Reason.UNKNOWN_ELEMENT, f"no element of an organic linker: {names}", atoms)


def unknown_in_smiles(smiles: str) -> Rejected | None:
    """The refusal of a bracket in a SMILES whose symbol is no element."""
    for match in _BRACKET.finditer(smiles):
        symbol = match.group(1)
        known = symbol in _AROMATIC or symbol[:1] in _AROMATIC or is_element(symbol) or is_element(symbol[:1])
        if symbol != "*" and not known:
            detail = f"{symbol!r} at character {match.start(1) + 1} of {smiles!r} is no element"
            return Rejected(Stage.PROCESS, Reason.UNKNOWN_ELEMENT, detail)
    return None


def unknown_in_rows(rows: Sequence[Sequence[str]], column: int, first_line: int) -> Rejected | None:
    """The refusal of a table of atoms with a symbol that is no element.

    Args:
        rows: one for each atom, split into words.
        column: of the symbol.
        first_line: number of the first row's line in its file or record, from 1.
    """
    for k, row in enumerate(rows):
        if len(row) > column and not is_element(row[column]):
            detail = f"{row[column]!r} in line {first_line + k} is no element"
            return Rejected(Stage.PROCESS, Reason.UNKNOWN_ELEMENT, detail, (k,))
    return None


def unknown_in_mdl(block: str) -> Rejected | None:
    """The refusal of an MDL record (V2000) with a symbol that is no element; lines count from the record's first."""
    lines = block.splitlines()
    counts = lines[_MDL_FIRST_ATOM_LINE - 1][:3].strip() if len(lines) >= _MDL_FIRST_ATOM_LINE else ""
    if not counts.isdigit():
        return None
    rows = [line.split() for line in lines[_MDL_FIRST_ATOM_LINE : _MDL_FIRST_ATOM_LINE + int(counts)]]
    return unknown_in_rows(rows, 3, _MDL_FIRST_ATOM_LINE + 1)
