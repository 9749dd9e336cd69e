"""Synthetic accessibility of molecules."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rdkit import Chem, RDConfig

from mofa.errors import EngineMissingError

WORST_SA_SCORE = 10.0
"""Top of the scale: nothing scores more, so that this limit lets everything pass."""


def sa_score(molecule: Any) -> float:
    """Synthetic accessibility, 1 (easy) to 10 (hard). DOI 10.1186/1758-2946-1-8.

    The first call in a process reads RDKit's table of fragments (about 1 s, 90 MB).

    Raises:
        EngineMissingError: RDKit came without its contributed score.
    """
    return float(load_scorer()(molecule))


@lru_cache(maxsize=1)
def load_scorer() -> Callable[[Any], float]:
    """The scoring function that RDKit ships beside its package, not in it."""
    path = os.path.join(RDConfig.RDContribDir, "SA_Score", "sascorer.py")
    spec = importlib.util.spec_from_file_location("rdkit_contributed_sascorer", path)
    if not os.path.exists(path) or spec is None or spec.loader is None:
        raise EngineMissingError(
            f"this RDKit has no synthetic-accessibility score ({path} is absent)",
            action=f"Run: pip install rdkit, or set max_sa_score to {WORST_SA_SCORE:g}",
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[Any], float] = module.calculateScore
    score(Chem.MolFromSmiles("C"))  # reads the table of fragments
    return score
