"""The gate: what counts as a valid linker when generators are compared."""

from __future__ import annotations

from mofa.chemistry import Linker, RawLinker, Reason, Rejected, Stage
from mofa.process import process

MAX_SA_SCORE = 4.5
"""Stricter than that of `process`, which must let the porphyrins of known MOFs pass."""
RING_SIZES = (5, 7)
"""Smallest and largest ring that passes."""


def gate(raw: RawLinker, *, max_sa_score: float = MAX_SA_SCORE) -> Linker | Rejected:
    """The sound linker, or why it does not count.

    A linker counts when `mofa.process` makes it sound (bonds as the generator gives them, one neutral molecule without
    radicals, the two ends of its family, usual valences, lengths and angles, no cumulenes, nothing strained, relaxed by
    MMFF94 without another bond graph), when it is easy to make, and when its rings have 5 to 7 atoms.

    Args:
        raw: of a generator.
        max_sa_score: highest synthetic-accessibility score that passes, 1 (easy) to 10 (hard).
    """
    linker = process(raw, max_sa_score=max_sa_score)
    return linker if isinstance(linker, Rejected) else _odd_ring(linker) or linker


def _odd_ring(linker: Linker) -> Rejected | None:
    from rdkit import Chem

    least, most = RING_SIZES
    molecule = Chem.MolFromSmiles(linker.smiles)  # its ring information does not keep it alive
    odd = [ring for ring in molecule.GetRingInfo().AtomRings() if not least <= len(ring) <= most]
    if not odd:
        return None
    detail = f"{linker.smiles} has a ring of {len(odd[0])} atoms; {least} to {most} pass"
    return Rejected(Stage.PROCESS, Reason.RING_SIZE, detail)
