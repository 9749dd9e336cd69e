"""Groups that no one would put into a linker: they fall apart, react with acids, or bind metals beside the ends.

The enumerated training set has hardly any (1 core in 3000), but a model that draws atoms meets them. What holds one is
drawn again. Thiols and the like stay: they are unusual, not impossible. The enumeration leaves out some of them by
a list of its own: whatever is added there changes the data that the shipped weights were trained on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rdkit import Chem

_ALERTS = (
    "C(=O)[OX2H1]",  # a further acid
    "C(=O)[F,Cl,Br]",
    "C(=O)-[O,S]-C=O",
    "[#7]~[#7;!R]~[#7;!R]",  # triazenes and longer chains
    "C(=O)N=N",
    "[N;!$([N+])]-!@[O;!$([OX1])]",  # hydroxylamines and their esters
    "[O,S]-!@[O,S]",
    "[N,O,S]-[F,Cl,Br]",
    "[C;!c]=[C;!c]-[OH,NH2,SH]",  # enols and their like
    "[N,O]-[C;!c]([F,Cl,Br])=[C,N]",
    "[C;!c]([F,Cl,Br])=N",
    "[CX4]([OH,NH2,NH1])[O,N,F,Cl,Br;!R]",  # hemiacetals, aminals, halohydrins
    "C=[NH]",
    "C=C=C",
)


def has_alert(molecule: Any) -> bool:
    """Whether a molecule, or a core with ``*`` for its anchors, holds such a group.

    Args:
        molecule: RDKit molecule, sanitised.
    """
    return any(molecule.HasSubstructMatch(query) for query in _queries())


@lru_cache(maxsize=1)
def _queries() -> tuple[Any, ...]:
    return tuple(Chem.MolFromSmarts(smarts) for smarts in _ALERTS)
