"""Two-dimensional drawings of linkers for reports."""

from __future__ import annotations

from typing import Any

from mofa.errors import InputError


def linker_svg(smiles: str, width_px: int = 220, height_px: int = 160) -> str:
    """An SVG drawing of a molecule on a transparent background, ready to be put into HTML.

    Args:
        smiles: the molecule.
        width_px: width, pixels.
        height_px: height, pixels.

    Raises:
        InputError: not a SMILES.
    """
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise InputError("not a valid SMILES", where=smiles, action="Check the linker's SMILES")
    rdDepictor.SetPreferCoordGen(False)
    rdDepictor.Compute2DCoords(molecule, canonOrient=True)  # the long axis lies across
    drawer = rdMolDraw2D.MolDraw2DSVG(width_px, height_px)
    options: Any = drawer.drawOptions()
    options.clearBackground = False
    options.padding = 0.05
    options.maxFontSize = 16
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    svg: str = drawer.GetDrawingText()
    return svg[svg.index("<svg") :]
