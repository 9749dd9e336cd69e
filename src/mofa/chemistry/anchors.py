"""Where a linker binds: carboxylic acid and nitrile groups found in a heavy-atom graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mofa.chemistry.linker import Bond, Family

# A nitrile is recognised by its triple bond where orders are known, else by its C-C-N angle: 180° and not 120°.
NITRILE_MIN_ANGLE_DEG = 155.0

AnchorAtoms = tuple[int, ...]
"""Atoms of one anchor. BCA: carboxyl C, O, O, ipso atom. BZN: nitrile N, nitrile C, ipso atom."""


def neighbor_table(n_atoms: int, bonds: Sequence[Bond]) -> list[dict[int, float]]:
    """For every atom its neighbours and the bond orders to them (0 where not known)."""
    table: list[dict[int, float]] = [{} for _ in range(n_atoms)]
    for bond in bonds:
        table[bond.i][bond.j] = bond.order
        table[bond.j][bond.i] = bond.order
    return table


def anchor_groups(
    family: Family, symbols: Sequence[str], bonds: Sequence[Bond], positions: ArrayLike
) -> list[AnchorAtoms]:
    """Every anchor group of `family` in a heavy-atom graph.

    Args:
        family: BCA looks for C(O)O with two terminal oxygens on one carbon, BZN for terminal C#N.
        symbols: heavy atoms only.
        bonds: among those atoms; order 0 where it is not known.
        positions: Å, ``[n_atoms, 3]``; only read to tell a nitrile when orders are not known.
    """
    table = neighbor_table(len(symbols), bonds)
    if family is Family.BCA:
        return _carboxyls(symbols, table)
    return _nitriles(symbols, table, np.asarray(positions, dtype=float))


def choose_pair(groups: Sequence[AnchorAtoms], positions: ArrayLike) -> tuple[AnchorAtoms, AnchorAtoms] | None:
    """The two groups whose first atoms lie farthest apart; None with fewer than two groups.

    A linker with more than two groups binds through the pair that spans it; the others stay as they are.
    """
    x = np.asarray(positions, dtype=float)
    pairs = [(a, b) for k, a in enumerate(groups) for b in groups[k + 1 :]]
    return max(pairs, key=lambda pair: float(np.linalg.norm(x[pair[0][0]] - x[pair[1][0]])), default=None)


def detect_family(symbols: Sequence[str], bonds: Sequence[Bond], positions: ArrayLike) -> Family | None:
    """The family that the molecule has two anchors of; BCA when it has both kinds, None when neither."""
    for family in (Family.BCA, Family.BZN):
        if len(anchor_groups(family, symbols, bonds, positions)) >= 2:
            return family
    return None


def _carboxyls(symbols: Sequence[str], table: list[dict[int, float]]) -> list[AnchorAtoms]:
    found: list[AnchorAtoms] = []
    for carbon, neighbors in enumerate(table):
        if symbols[carbon] != "C" or len(neighbors) != 3:
            continue
        oxygens = sorted(k for k in neighbors if symbols[k] == "O" and len(table[k]) == 1)
        others = [k for k in neighbors if k not in oxygens]
        if len(oxygens) == 2 and symbols[others[0]] == "C":
            found.append((carbon, *oxygens, others[0]))
    return found


def _nitriles(symbols: Sequence[str], table: list[dict[int, float]], x: np.ndarray) -> list[AnchorAtoms]:
    found: list[AnchorAtoms] = []
    for nitrogen, neighbors in enumerate(table):
        if symbols[nitrogen] != "N" or len(neighbors) != 1:
            continue
        ((carbon, order),) = neighbors.items()
        others = [k for k in table[carbon] if k != nitrogen]
        if symbols[carbon] != "C" or len(others) != 1 or symbols[others[0]] != "C":
            continue
        if order == 3.0 or (order == 0.0 and _angle_deg(x[nitrogen], x[carbon], x[others[0]]) > NITRILE_MIN_ANGLE_DEG):
            found.append((nitrogen, carbon, others[0]))
    return found


def _angle_deg(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    u, v = a - b, c - b
    cosine = float(u @ v) / max(float(np.linalg.norm(u) * np.linalg.norm(v)), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
