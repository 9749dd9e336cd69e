"""Hydrogens and bond orders by best-first likelihood search.

Every atom takes one of its possible closed shells, whose costs the geometry tells (`mofa.process.states`). Choices are
tried in order of joint likelihood (`mofa.process.elimination`), and the first that RDKit can sanitise is the molecule.
Charges only come in N+-O- pairs, so that every candidate is neutral. Coordinates are never changed here.
"""

from __future__ import annotations

import time
from itertools import islice

from rdkit import Chem

from mofa.chemistry import RawLinker, Reason, Rejected, Stage
from mofa.chemistry.molecules import molecule_of
from mofa.process.choices import Choices, choices_of
from mofa.process.elimination import EntangledError, cheapest

MOST_CANDIDATES = 32


class LikelihoodPerception:
    """Best-first search; see `mofa.process.perception.Perception`."""

    name = "likelihood"

    def perceive(self, raw: RawLinker, *, deadline: float) -> RawLinker | Rejected:
        """The most likely molecule that RDKit accepts."""
        choices = choices_of(raw)
        if isinstance(choices, Rejected):
            return choices
        try:
            return _first_sound(choices, deadline)
        except EntangledError as error:
            detail = f"the bond graph is too entangled to search ({error})"
            return Rejected(Stage.PROCESS, Reason.UNREADABLE, detail)


def _first_sound(choices: Choices, deadline: float) -> RawLinker | Rejected:
    tried = 0
    for _, chosen in islice(cheapest(choices.costs, choices.pair_costs), MOST_CANDIDATES):
        candidate = choices.molecule(chosen)
        if _sanitises(candidate):
            return candidate
        tried += 1
        if time.monotonic() > deadline:
            return Rejected(Stage.PROCESS, Reason.TIME_LIMIT, f"time ran out after {tried} candidate molecules")
    what = f"none of the {tried} likeliest molecules is sound" if tried else "no neutral closed-shell molecule fits"
    return Rejected(Stage.PROCESS, Reason.VALENCE, f"{what} for this geometry's connectivity")


def _sanitises(candidate: RawLinker) -> bool:
    try:
        molecule_of(candidate)
    except Chem.MolSanitizeException:
        return False
    return True
