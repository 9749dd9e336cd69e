"""Reference structures, built here from published cells and positions."""

from __future__ import annotations

import numpy as np
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


def dry_ice(*, bond_ang: float = 1.155) -> Framework:
    """CO2 crystal, cubic cell of 12 atoms, Pa-3, a = 5.624 Å. DOI 10.1524/zkri.1980.153.1-2.55."""
    a = 5.624
    x = bond_ang / (a * 3**0.5)
    atoms = crystal(["C", "O"], [(0, 0, 0), (x, x, x)], spacegroup=205, cellpar=[a, a, a, 90, 90, 90])
    symbols = tuple(atoms.get_chemical_symbols())
    bonds = perceive(symbols, atoms.positions, atoms.cell[:])
    return Framework("dry-ice", symbols, atoms.positions, atoms.cell[:], bonds, name="CO2")


def stretched_carbon_monoxide() -> Framework:
    """One CO per cell of 6 Å, 1.75 Å long: a bond that only relaxation makes."""
    return Framework("co", ("C", "O"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.75]]), 6.0 * np.eye(3))


def far_apart_iron_oxide() -> Framework:
    """Fe and O atoms 3.5 Å apart: closed-shell GFN1-xTB finds no self-consistent field."""
    positions = np.array([[0.0, 0.0, 0.0], [3.5, 0.0, 0.0], [3.5, 3.5, 3.5], [0.0, 3.5, 3.15]])
    return Framework("feo", ("Fe", "O", "Fe", "O"), positions, 7.0 * np.eye(3))
