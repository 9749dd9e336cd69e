"""Bonds and hydrogens as Open Babel perceives them, as the published system did. DOI 10.1186/1758-2946-3-33.

Bonds by distance, orders by angles and functional groups, hydrogens by the valences that are left. It knows nothing of
charges that balance or of which hydrogens the geometry leaves room for. Importing this module imports Open Babel.
"""

from __future__ import annotations

from dataclasses import replace

from openbabel import openbabel

from mofa.chemistry import Bond, RawLinker, Reason, Rejected, Stage


class OpenBabelPerception:
    """Open Babel's rules; see `mofa.process.perception.Perception`."""

    name = "openbabel"

    def __init__(self) -> None:
        openbabel.obErrorLog.StopLogging()

    def perceive(self, raw: RawLinker, *, deadline: float) -> RawLinker | Rejected:
        """The molecule by Open Babel's rules; hydrogens that are given are not looked at, nor is the deadline."""
        molecule = openbabel.OBMol()
        molecule.BeginModify()
        for symbol, (x, y, z) in zip(raw.symbols, raw.positions.tolist(), strict=True):
            atom = molecule.NewAtom()
            atom.SetAtomicNum(openbabel.GetAtomicNum(symbol))
            atom.SetVector(x, y, z)
        molecule.EndModify()
        molecule.ConnectTheDots()
        molecule.PerceiveBondOrders()
        atoms = list(openbabel.OBMolAtomIter(molecule))
        for atom in atoms:
            openbabel.OBAtomAssignTypicalImplicitHydrogens(atom)
        bonds = tuple(
            Bond(bond.GetBeginAtomIdx() - 1, bond.GetEndAtomIdx() - 1, float(bond.GetBondOrder()))
            for bond in openbabel.OBMolBondIter(molecule)
        )
        if any(not bond.order for bond in bonds):
            return Rejected(Stage.PROCESS, Reason.VALENCE, "Open Babel leaves a bond without order")
        return replace(
            raw,
            bonds=bonds,
            hydrogens=tuple(atom.GetImplicitHCount() for atom in atoms),
            formal_charges=tuple(atom.GetFormalCharge() for atom in atoms),
        )
