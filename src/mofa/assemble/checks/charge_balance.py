"""Do the charges add up? Oxidation states of the metals against formal charges of everything else.

A necessary condition: every metal may be in any of its usual states, so what is refused is certainly charged, while
a framework of metals with many states passes easily.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np

from mofa.assemble.checks.finding import Finding
from mofa.assemble.checks.formal_charges import FormalCharges, formal_charges
from mofa.assemble.checks.structure import Structure
from mofa.chemistry import Reason

# Usual oxidation states in frameworks.
_STATES = """
Li 1; Na 1; K 1; Rb 1; Cs 1; Be 2; Mg 2; Ca 2; Sr 2; Ba 2;
Al 3; Ga 3; In 3; Tl 1 3; Sn 2 4; Pb 2 4; Bi 3;
Sc 3; Ti 3 4; V 3 4 5; Cr 2 3; Mn 2 3 4; Fe 2 3; Co 2 3; Ni 2 3; Cu 1 2; Zn 2;
Y 3; Zr 4; Nb 4 5; Mo 2 3 4 5 6; Ru 2 3; Rh 1 2 3; Pd 2 4; Ag 1; Cd 2;
Hf 4; Ta 5; W 4 5 6; Re 3 4 5 7; Ir 1 3; Pt 2 4; Au 1 3; Hg 1 2;
La 3; Ce 3 4; Pr 3; Nd 3; Sm 3; Eu 2 3; Gd 3; Tb 3 4; Dy 3; Ho 3; Er 3; Tm 3; Yb 2 3; Lu 3;
Th 4; U 4 5 6
"""
_INTEGER = 1e-6


def charge_balance(structure: Structure) -> Finding | None:
    """Whether metals and everything else can be neutral together; None too where the rules do not say.

    Ions that are not bonded to the framework count like all else.
    """
    symbols, place = structure.elements
    counts = np.bincount(place[structure.metal], minlength=len(symbols)).tolist()
    metals = Counter({symbol: count for symbol, count in zip(symbols, counts, strict=True) if count})
    states = _states()
    if any(symbol not in states for symbol in metals):
        return None
    charges = formal_charges(structure)
    total = float(charges.per_atom.sum())
    if charges.undecided.any() or abs(total - round(total)) > _INTEGER:
        return None
    reachable = _reachable(metals)
    spare = sum(pairs for _, pairs in charges.pairs_to_give)
    possible = [round(total) - 2 * pairs for pairs in range(spare + 1)]
    if any(-ligands in reachable for ligands in possible):
        return None
    net = min((state + ligands for state in reachable for ligands in possible), key=abs)
    parts = [f"{count} {symbol}({_named(states[symbol])})" for symbol, count in sorted(metals.items())]
    parts += _bookkeeping(structure, charges)
    return Reason.CHARGE_IMBALANCE, f"{', '.join(parts)} make {net:+d}", ()


@cache
def _states() -> dict[str, tuple[int, ...]]:
    rows = (entry.split() for entry in _STATES.replace("\n", " ").split(";"))
    return {symbol: tuple(int(state) for state in states) for symbol, *states in rows}


def _named(states: tuple[int, ...]) -> str:
    return " or ".join(f"{state:+d}" for state in states)


def _reachable(metals: Counter[str]) -> set[int]:
    """Sums of oxidation states that the metals can have."""
    states = _states()
    sums = {0}
    for symbol, count in metals.items():
        if len(states[symbol]) == 1:
            sums = {total + count * states[symbol][0] for total in sums}
            continue
        for _ in range(count):
            sums = {total + state for total in sums for state in states[symbol]}
    return sums


def _bookkeeping(structure: Structure, charges: FormalCharges) -> list[str]:
    """Count, formula and charge of the ligands and ions that are left when the metals are taken out."""
    metals = frozenset(np.flatnonzero(structure.metal).tolist())
    found: Counter[tuple[str, int]] = Counter()
    for piece in structure.graph.unwrapped_components(metals):
        atoms = list(piece)
        found[structure.formula(atoms), round(float(charges.per_atom[atoms].sum()))] += 1
    return [
        f"{count} {name}({charge:+d})" if charge else f"{count} {name}"
        for (name, charge), count in sorted(found.items())
    ]
