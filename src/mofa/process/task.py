"""The task function of the room."""

from __future__ import annotations

import time

import numpy as np

from mofa.chemistry import Linker, RawLinker, Reason, Rejected, Stage
from mofa.chemistry.organic import foreign_elements

MAX_HEAVY_ATOMS = 150
"""Beyond this no ditopic organic linker is meant, and bounded work could no longer be promised."""
SHORTEST_CONTACT_ANG = 0.60


def process(
    raw: RawLinker, *, perception: str = "likelihood", max_sa_score: float = 5.5, time_limit_s: float = 5.0
) -> Linker | Rejected:
    """Make a generated linker sound, or say why it is not.

    Args:
        raw: heavy atoms and anchors. With `bonds`, these are believed and checked; without, bond orders (and, unless
            `hydrogens` is given, hydrogen counts) are perceived from the geometry. Hydrogens among `symbols` are
            counted and placed anew.
        perception: what finds bonds and hydrogens where they are not given: ``likelihood``, ``exact`` (the same
            optimum by an integer programme) or ``openbabel``; see `mofa.process.perception`.
        max_sa_score: highest synthetic-accessibility score that passes, from 1 (easy) to 10 (hard); 10 scores nothing.
            Linkers of known MOFs reach 4.9 (porphyrin tetrabenzoic acid), those of the library 4.4.
        time_limit_s: wall-clock limit, s. No single call into compiled code is unbounded: perception tries few
            candidates, its solver has a time limit of its own, and MMFF runs in chunks of iterations; the clock is
            read in between.

    Returns:
        The relaxed linker with hydrogens and dummies, or the reason for which it was refused.

    Raises:
        EngineMissingError: no perception of that name, or what it or the accessibility score needs is not installed.
    """
    refusal = _inspect(raw)
    if refusal is not None:
        return refusal
    from mofa.chemistry.accessibility import WORST_SA_SCORE, load_scorer
    from mofa.process.pipeline import make_linker

    if max_sa_score < WORST_SA_SCORE:
        load_scorer()  # half a second, once in a process: not on the linker's clock
    return make_linker(raw, perception=perception, max_sa_score=max_sa_score, deadline=time.monotonic() + time_limit_s)


def _inspect(raw: RawLinker) -> Rejected | None:
    """Refuse what no later step could make sense of."""
    foreign = foreign_elements(raw.symbols)
    if foreign is not None:
        return foreign
    n_heavy = sum(symbol != "H" for symbol in raw.symbols)
    if not 2 <= n_heavy <= MAX_HEAVY_ATOMS:
        detail = f"{n_heavy} heavy atoms; a linker has between 2 and {MAX_HEAVY_ATOMS}"
        return Rejected(Stage.PROCESS, Reason.UNREADABLE, detail)
    infinite = np.flatnonzero(~np.isfinite(raw.positions).all(axis=1))
    if len(infinite):
        detail = f"{len(infinite)} atoms have NaN or infinite coordinates"
        return Rejected(Stage.PROCESS, Reason.NOT_FINITE, detail, tuple(infinite.tolist()))
    distance = np.linalg.norm(raw.positions[:, None] - raw.positions[None, :], axis=2)
    np.fill_diagonal(distance, np.inf)
    a, b = divmod(int(np.argmin(distance)), len(distance))
    if distance[a, b] < SHORTEST_CONTACT_ANG:
        detail = f"{raw.symbols[a]}{a + 1} and {raw.symbols[b]}{b + 1} are {distance[a, b]:.2f} Å apart"
        return Rejected(Stage.PROCESS, Reason.OVERLAP, detail, (a, b))
    return None
