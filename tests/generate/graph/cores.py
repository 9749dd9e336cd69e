"""Whole linkers of known cores, without 3-D."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from rdkit import Chem

from mofa.chemistry import Family, Linker
from mofa.generate.moflinker.enumeration import cores
from tests.generate.linkers import flat_linker

_FIRST = {Family.BCA: "OC(=O)c%90ccc(cc%90)", Family.BZN: "N#Cc%90ccc(cc%90)"}
_LAST = {Family.BCA: "c%91ccc(cc%91)C(=O)O", Family.BZN: "c%91ccc(cc%91)C#N"}


def enumerated(n: int, *, seed: str = "tests", where: Callable[[str], bool] = lambda smiles: True) -> list[str]:
    """The first `n` distinct enumerated cores that meet a condition."""
    found: dict[str, None] = {}
    for core in islice(cores(seed), 60 * n):
        if where(core.smiles):
            found[core.smiles] = None
        if len(found) == n:
            break
    assert len(found) == n
    return list(found)


def whole(core: str, family: Family) -> str:
    """Canonical SMILES of a core between its prompts; the core's SMILES begins with ``*``."""
    _, middle, rest = core.split("*")
    smiles: str = Chem.CanonSmiles(_FIRST[family] + middle + _LAST[family] + rest)
    return smiles


def linkers(cores_of: list[str], family: Family) -> list[Linker]:
    """Linkers of which only the molecule is known."""
    return [flat_linker(whole(core, family), family) for core in cores_of]
