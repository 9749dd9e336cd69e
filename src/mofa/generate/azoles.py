"""Azoles: imidazole and its fused relatives, with small groups on the carbons.

Once the proton is gone the two nitrogens that bind are alike, so a frame read from either of them is the same ligand:
4- and 5-methylimidazole count once. All are enumerated, and the size is a count.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import Any

from mofa.chemistry import Family
from mofa.generate.building import Assembly
from mofa.generate.fragments import AZOLE_FRAMES, AZOLE_SUBSTITUENTS, AzoleFrame
from mofa.generate.spaces import Design


@dataclass(frozen=True)
class AzoleSpace:
    """All azoles up to a size. A design is the frame and the group on each of its exits, 0 for hydrogen."""

    max_heavy_atoms: int
    family: Family = Family.IMD

    def size(self) -> int:
        """Number of azoles, counted."""
        return len(self._weights)

    def draws(self, seed: int) -> Iterator[Design]:
        """All of them, in a weighted random order (Efraimidis and Spirakis, 10.1016/j.ipl.2005.11.003)."""
        rng = random.Random(f"azoles {self.max_heavy_atoms} {seed}")
        places = {design: rng.random() ** (1.0 / weight) for design, weight in self._weights.items()}
        return iter(sorted(places, key=lambda design: (-places[design], design)))

    def molecule(self, design: Design) -> Any:
        """The RDKit molecule, no coordinates."""
        assembly = Assembly()
        exits = assembly.add(AZOLE_FRAMES[design[0]].smiles)
        for number, group in enumerate(design[1:], start=1):
            if group:
                assembly.add_chain([f"[1*]{AZOLE_SUBSTITUENTS[group - 1].smiles}"], exits[number][0])
        return assembly.finished()

    @cached_property
    def _weights(self) -> dict[Design, float]:
        """Every design within the size limit, once for both ways to read it."""
        found: dict[Design, float] = {}
        for number, frame in enumerate(AZOLE_FRAMES):
            for groups in product(range(len(AZOLE_SUBSTITUENTS) + 1), repeat=frame.n_exits):
                present = [AZOLE_SUBSTITUENTS[group - 1] for group in groups if group]
                n_heavy = frame.n_heavy + sum(substituent.n_heavy for substituent in present)
                if len(present) <= frame.most_groups and n_heavy <= self.max_heavy_atoms:
                    weight = frame.weight * prod(substituent.weight for substituent in present)
                    found[(number, *min(groups, _mirrored(frame, groups)))] = weight
        return found


@lru_cache(maxsize=8)
def azole_space(max_heavy_atoms: int) -> AzoleSpace:
    """The azoles up to `max_heavy_atoms` heavy atoms."""
    return AzoleSpace(max_heavy_atoms)


def _mirrored(frame: AzoleFrame, groups: tuple[int, ...]) -> tuple[int, ...]:
    """The groups as read from the other nitrogen."""
    return tuple(groups[number - 1] for number in frame.mirror)
