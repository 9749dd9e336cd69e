"""The choices that perception has: states of all atoms of a bare linker, and what each pair of them costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import AnchorKind, Bond, Family, RawLinker, Reason, Rejected, Stage
from mofa.chemistry.anchors import anchor_groups
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.process.geometry import connected_pairs
from mofa.process.states import VALENCES, State, Surroundings, states_of, table_of_pair


@dataclass(frozen=True, eq=False)
class Choices:
    """One state is to be chosen for every atom; the molecule is the choice of least total cost."""

    known: Surroundings
    states: list[list[State]]
    costs: list[NDArray[np.float64]]
    """For each atom ``[n_states]``."""
    pair_costs: dict[tuple[int, int], NDArray[np.float64]]
    """For each bond ``[n_states, n_states]``; infinite where two states exclude each other."""

    def molecule(self, chosen: tuple[int, ...]) -> RawLinker:
        """The linker in which atom k is in state ``chosen[k]``."""
        states = [options[s] for options, s in zip(self.states, chosen, strict=True)]
        neighbors = self.known.neighbors
        return replace(
            self.known.raw,
            bonds=tuple(Bond(i, j, float(states[i].orders[neighbors[i].index(j)])) for i, j in self.known.pairs),
            hydrogens=tuple(state.hydrogens for state in states),
            formal_charges=tuple(state.charge for state in states),
        )


def choices_of(raw: RawLinker) -> Choices | Rejected:
    """All closed shells of all atoms, the ends held to what the family says they are.

    Args:
        raw: heavy atoms only; `hydrogens`, where given, are kept as they are.
    """
    foreign = tuple(k for k, symbol in enumerate(raw.symbols) if symbol not in VALENCES)
    if foreign:
        names = ", ".join(sorted({raw.symbols[k] for k in foreign}))
        detail = f"bond orders of {names} cannot be perceived; give the bonds (SDF or SMILES)"
        return Rejected(Stage.PROCESS, Reason.UNKNOWN_ELEMENT, detail, foreign)
    known = Surroundings(raw, connected_pairs(raw.symbols, raw.positions))
    lone = tuple(k for k, neighbors in enumerate(known.neighbors) if not neighbors)
    if lone:
        return Rejected(Stage.PROCESS, Reason.FRAGMENTED, f"{len(lone)} atoms have no bond", lone)
    states = _ends_held(known, [states_of(known, k) for k in range(len(raw.symbols))])
    crowded = tuple(k for k, options in enumerate(states) if not options)
    if crowded:
        k = crowded[0]
        detail = f"{raw.symbols[k]}{k + 1} has {len(known.neighbors[k])} bonds; no closed shell fits"
        return Rejected(Stage.PROCESS, Reason.VALENCE, detail, crowded)
    costs = [np.array([state.cost for state in options]) for options in states]
    tables = {(i, j): table_of_pair(known, i, j, states[i], states[j]) for i, j in known.pairs}
    return Choices(known, states, costs, tables)


def _ends_held(known: Surroundings, states: list[list[State]]) -> list[list[State]]:
    """States of the ends: C(=O)O and C#N hang on single bonds, nitrogens that the generator names bear no hydrogen."""
    raw = known.raw
    held = list(states)
    if ENDS_OF_FAMILY[raw.family].kind is AnchorKind.CARBOXYLATE or raw.family is Family.BZN:
        unknown = [Bond(i, j, 0.0) for i, j in known.pairs]
        for group in anchor_groups(raw.family, raw.symbols, unknown, raw.positions):
            carbon, ipso = group[1] if raw.family is Family.BZN else group[0], group[-1]
            at = known.neighbors[carbon].index(ipso)
            bare = [state for state in states[carbon] if state.hydrogens == 0 and state.orders[at] == 1]
            held[carbon] = bare or states[carbon]
    elif ENDS_OF_FAMILY[raw.family].kind is AnchorKind.N_DONOR:
        for nitrogen in (anchor[0] for anchor in raw.anchors if anchor):
            held[nitrogen] = [state for state in states[nitrogen] if state.hydrogens == 0] or states[nitrogen]
    return held
