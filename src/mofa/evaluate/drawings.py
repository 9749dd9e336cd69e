"""A sheet of drawn linkers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from mofa.evaluate.features import Features

COLUMNS, ROWS = 4, 6
_WIDTH_PX, _HEIGHT_PX = 560, 330
_BOND_PX = 40
_INKS = {9: (0.0, 0.45, 0.35), 16: (0.55, 0.42, 0.0), 17: (0.0, 0.45, 0.35), 35: (0.55, 0.25, 0.1)}
"""Of F, S, Cl and Br: RDKit's own are too pale on white."""


def molecules_png(sound: Sequence[Features]) -> bytes:
    """Up to 24 linkers, taken evenly from the sample, with their size and synthetic accessibility."""
    n = min(len(sound), COLUMNS * ROWS)
    chosen = [sound[k * len(sound) // n] for k in range(n)]
    rows = -(-n // COLUMNS)
    drawer = rdMolDraw2D.MolDraw2DCairo(COLUMNS * _WIDTH_PX, rows * _HEIGHT_PX, _WIDTH_PX, _HEIGHT_PX)
    options: Any = drawer.drawOptions()
    options.fixedBondLength = _BOND_PX
    options.padding = 0.06
    options.legendFontSize = 26
    options.legendFraction = 0.14
    options.bondLineWidth = 2.4
    options.minFontSize = 17
    options.updateAtomPalette(_INKS)
    molecules = [rdMolDraw2D.PrepareMolForDrawing(_flat(features.smiles)) for features in chosen]
    captions = [f"{features.n_heavy_atoms} heavy atoms, SA {features.sa_score:.1f}" for features in chosen]
    drawer.DrawMolecules(molecules, legends=captions)
    drawer.FinishDrawing()
    drawn: bytes = drawer.GetDrawingText()
    return drawn


def _flat(smiles: str) -> Any:
    """The molecule with its long axis across."""
    molecule = Chem.MolFromSmiles(smiles)
    rdDepictor.Compute2DCoords(molecule, canonOrient=True)
    return molecule
