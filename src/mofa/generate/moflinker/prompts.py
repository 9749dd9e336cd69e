"""The prompts: benzoic acid or benzonitrile, put onto the anchors of a core to make a whole linker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Bond, Family, RawLinker
from mofa.generate.moflinker.examples import Example
from mofa.generate.moflinker.vocabulary import BOND_ORDERS, ELEMENTS, N_ANCHORS

_CC_RING, _C_COOH, _CO_DOUBLE, _CO_SINGLE, _C_CN, _CN = 1.394, 1.487, 1.214, 1.350, 1.435, 1.157
"""Bond lengths, Å: MMFF94 minima of benzoic acid and benzonitrile."""
_OCO_TILT_DEG = 59.0
"""Angle of either C-O bond of the acid to the ring's axis."""


@dataclass(frozen=True)
class Prompt:
    """A rigid fragment: x from the anchor carbon through the ring, y in the ring's plane."""

    symbols: tuple[str, ...]
    """The anchor carbon comes first, then the two carbons beside it."""
    positions: NDArray[np.float64]
    """Å, the anchor carbon at the origin, ``[n, 3]``."""
    bonds: tuple[Bond, ...]
    hydrogens: tuple[int, ...]
    anchor_group: tuple[int, ...]
    """The atoms of the linker's end as `RawLinker.anchors` names them: the binding atom first."""


def _ring() -> NDArray[np.float64]:
    """Carbons of benzene: anchor, the two beside it, the two beyond, the one opposite."""
    r = _CC_RING
    x, y = r * np.cos(np.pi / 3), r * np.sin(np.pi / 3)
    return np.array([[0, 0, 0], [x, y, 0], [x, -y, 0], [x + r, y, 0], [x + r, -y, 0], [2 * r, 0, 0]], dtype=float)


_RING_BONDS = tuple(Bond(i, j, 1.5) for i, j in ((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5)))
_RING_HYDROGENS = (0, 1, 1, 1, 1, 0)


def _benzoic_acid() -> Prompt:
    ring = _ring()
    carbon = ring[5] + [_C_COOH, 0, 0]
    tilt = np.radians(_OCO_TILT_DEG)
    along = np.array([np.cos(tilt), np.sin(tilt), 0])
    oxygens = [carbon + _CO_DOUBLE * along, carbon + _CO_SINGLE * along * [1, -1, 1]]
    return Prompt(
        ("C",) * 7 + ("O", "O"),
        np.vstack([ring, carbon, *oxygens]),
        (*_RING_BONDS, Bond(5, 6, 1.0), Bond(6, 7, 2.0), Bond(6, 8, 1.0)),
        (*_RING_HYDROGENS, 0, 0, 1),
        (6, 7, 8, 5),
    )


def _benzonitrile() -> Prompt:
    ring = _ring()
    carbon = ring[5] + [_C_CN, 0, 0]
    return Prompt(
        ("C",) * 7 + ("N",),
        np.vstack([ring, carbon, carbon + np.array([_CN, 0, 0])]),
        (*_RING_BONDS, Bond(5, 6, 1.0), Bond(6, 7, 3.0)),
        (*_RING_HYDROGENS, 0, 0),
        (7, 6, 5),
    )


PROMPTS = {Family.BCA: _benzoic_acid(), Family.BZN: _benzonitrile()}


def context_directions(context: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors of one prompt from its three context atoms ``[3, 3]``: through the ring, and across it."""
    along = context[1] + context[2] - 2 * context[0]
    along = along / np.linalg.norm(along)
    across = context[1] - context[2]
    across = across - (across @ along) * along
    return along, across / np.linalg.norm(across)


def place(prompt: Prompt, context: NDArray[np.float64]) -> NDArray[np.float64]:
    """The prompt's atoms where its three context atoms ``[3, 3]`` are, Å, ``[n, 3]``."""
    along, across = context_directions(np.asarray(context, dtype=np.float64))
    placed: NDArray[np.float64] = context[0] + prompt.positions @ np.stack([along, across, np.cross(along, across)])
    return placed


def raw_linker_of(example: Example, family: Family, *, source: str, model_version: int = 0) -> RawLinker:
    """A core with its two prompts: prompt A, prompt B, core."""
    return assemble(
        [ELEMENTS[k] for k in example.elements],
        example.positions,
        [(int(i), int(j), BOND_ORDERS[k]) for i, j, k in example.bonds],
        example.hydrogens.tolist(),
        example.charges.tolist(),
        context=example.context,
        family=family,
        source=source,
        model_version=model_version,
    )


def assemble(
    symbols: Sequence[str],
    positions: NDArray[np.floating],
    bonds: Sequence[tuple[int, int, float]],
    hydrogens: Sequence[int],
    charges: Sequence[int],
    *,
    context: NDArray[np.floating],
    family: Family,
    source: str,
    model_version: int = 0,
) -> RawLinker:
    """A linker from its core and its prompts: the atoms of prompt A, of prompt B, of the core.

    Args:
        symbols: of the core, ``[n]``.
        positions: of the core, Å, ``[n, 3]``.
        bonds: two atoms and the order; atoms 0 and 1 are the anchor carbons, the core begins at 2.
        hydrogens: on each core atom.
        charges: of each core atom, e.
        context: anchor carbon and the two carbons beside it, of both ends, Å, ``[6, 3]``.
        family: which prompt.
        source: carried along.
        model_version: carried along.
    """
    prompt = PROMPTS[family]
    size = len(prompt.symbols)
    ends = [place(prompt, np.asarray(context[3 * k : 3 * k + 3], dtype=np.float64)) for k in range(N_ANCHORS)]
    index = [0, size, *range(2 * size, 2 * size + len(symbols))]
    prompt_bonds = [Bond(b.i + shift, b.j + shift, b.order) for shift in (0, size) for b in prompt.bonds]
    return RawLinker(
        family=family,
        symbols=(*prompt.symbols, *prompt.symbols, *symbols),
        positions=np.vstack([*ends, positions]),
        anchors=tuple(tuple(k + shift for k in prompt.anchor_group) for shift in (0, size)),
        source=source,
        bonds=(*prompt_bonds, *(Bond(index[i], index[j], order) for i, j, order in bonds)),
        hydrogens=(*prompt.hydrogens, *prompt.hydrogens, *hydrogens),
        formal_charges=(0,) * (2 * size) + tuple(charges),
        model_version=model_version,
    )
