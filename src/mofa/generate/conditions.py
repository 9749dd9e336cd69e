"""What may be asked of a linker beyond its family: size, length, polarity, stiffness."""

from __future__ import annotations

from dataclasses import dataclass

from mofa.errors import InputError

LEAST_LENGTH_ANG, LARGEST_LENGTH_ANG = 3.0, 25.0
MOST_PROPERTY_ATOMS = 20


@dataclass(frozen=True)
class Conditions:
    """What a stream of linkers is asked to be like; None leaves it to the data that the generator was trained on.

    Generators that learnt these quantities follow them on average, not in every linker. `flow` keeps to length and
    bend, and knows polar atoms and tetrahedral carbons in four and three classes only. `graph` keeps to bend, and draws
    sizes that occur at the length asked for; with `core_atoms` as well, it reaches only what these sizes can.
    """

    core_atoms: tuple[int, int] | None = None
    """Fewest and most heavy atoms between the two prompts (benzoic acid or benzonitrile)."""
    length_ang: float | None = None
    """Distance between the two anchor carbons, Å."""
    polar_atoms: int | None = None
    """Nitrogen and oxygen atoms among the core atoms: what holds on to CO2."""
    sp3_atoms: int | None = None
    """Tetrahedral carbons among the core atoms: what makes a linker floppy."""
    max_bend_deg: float | None = None
    """Largest angle between an exit and the line through both ends, degrees: what nets with straight edges can take."""

    def __post_init__(self) -> None:
        if self.core_atoms is not None and not 1 <= self.core_atoms[0] <= self.core_atoms[1]:
            raise _bad(f"core_atoms is {self.core_atoms}", "Give the fewest, then the most, such as (8, 14)")
        length = self.length_ang
        if length is not None and not LEAST_LENGTH_ANG <= length <= LARGEST_LENGTH_ANG:
            limits = f"{LEAST_LENGTH_ANG:g} to {LARGEST_LENGTH_ANG:g}"
            raise _bad(f"length_ang is {length}", f"Give a distance between the anchor carbons of {limits} Å")
        bend = self.max_bend_deg
        if bend is not None and not 0.0 < bend <= 180.0:
            raise _bad(f"max_bend_deg is {bend}", "Give more than 0, at most 180 degrees; assembly takes 15")
        for name in ("polar_atoms", "sp3_atoms"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= MOST_PROPERTY_ATOMS:
                raise _bad(f"{name} is {value}", f"Give 0 to {MOST_PROPERTY_ATOMS}")


ANYTHING = Conditions()


def _bad(what: str, action: str) -> InputError:
    return InputError(what, where="generate", action=action)
