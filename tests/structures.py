"""Reference structures, built here from published cells and positions."""

from __future__ import annotations

from ase.spacegroup import crystal

from mofa.chemistry import Framework
from mofa.chemistry.bonds import perceive


def irmof1() -> Framework:
    """IRMOF-1 (MOF-5), primitive cell of 106 atoms, Fm-3m, a = 25.832 Å. DOI 10.1126/science.1067208."""
    atoms = crystal(
        ["Zn", "O", "O", "C", "C", "C", "H"],
        [
            (0.2935, 0.2065, 0.2065),
            (0.25, 0.25, 0.25),
            (0.2806, 0.2194, 0.1341),
            (0.25, 0.25, 0.1113),
            (0.25, 0.25, 0.0538),
            (0.2829, 0.2171, 0.0269),
            (0.3049, 0.1951, 0.0448),
        ],
        spacegroup=225,
        cellpar=[25.832, 25.832, 25.832, 90, 90, 90],
        primitive_cell=True,
    )
    symbols = tuple(atoms.get_chemical_symbols())
    bonds = perceive(symbols, atoms.positions, atoms.cell[:])
    return Framework("irmof-1", symbols, atoms.positions, atoms.cell[:], bonds, name="IRMOF-1")
