"""EQeq: the Coulomb sum, the published level of error, a second engine, invariances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mofa.charges import assign_charges
from mofa.charges.environments import environments
from mofa.charges.eqeq import EqeqCharges, coulomb_per_ang, equilibrate, ion_energies
from mofa.chemistry import Charges, Framework, Reason, Rejected
from mofa.testing.charges import check_charge_model
from tests.structures import dry_ice, irmof1

# DDEC6 of MOF-5 by Chargemol on a CP2K density.
DDEC6 = {
    "Zn4": 0.947,
    "O4": -1.005,
    "O2": -0.534,
    "C(C,O,O)": 0.565,
    "C(C,C,C)": -0.013,
    "C(C,C,H)": -0.105,
    "H1": 0.13,
}


def test_conformance() -> None:
    found = check_charge_model(EqeqCharges(), dry_ice(), tolerance_e=1e-6)
    assert 0.3 < found.values.max() < 0.6, "carbon of CO2"


def test_the_coulomb_sum_gives_the_madelung_constant_of_rock_salt() -> None:
    a = 5.64
    sodium = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    positions = np.concatenate([sodium, sodium + 0.5]) * a
    salt = Framework("nacl", ("Na",) * 4 + ("Cl",) * 4, positions, a * np.eye(3))
    charges = np.repeat([1.0, -1.0], 4)
    energy_per_pair = charges @ coulomb_per_ang(salt) @ charges / 8
    assert -energy_per_pair * a / 2 == pytest.approx(1.7475646, abs=2e-6)


def test_irmof1_is_as_far_from_ddec6_as_eqeq_is_known_to_be() -> None:
    framework = irmof1()
    result = assign_charges(framework, method="eqeq")
    assert isinstance(result, Charges)
    assert result.method == "eqeq"
    reference = np.array([DDEC6.get(names[0]) or DDEC6[names[1]] for names in environments(framework)])
    assert np.abs(result.values - reference).mean() == pytest.approx(0.0945, abs=0.001)
    zinc = result.values[[s == "Zn" for s in framework.symbols]]
    assert np.ptp(zinc) < 1e-3, "symmetry"


def test_another_cell_orientation_or_supercell_gives_the_same_charges() -> None:
    framework = irmof1()  # a primitive cell: its vectors are not orthogonal
    plain = equilibrate(framework)
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    shifts = rng.integers(-1, 2, (len(framework), 3))
    moved = framework.with_geometry((framework.positions + shifts @ framework.cell) @ turn, framework.cell @ turn)
    assert np.abs(equilibrate(moved) - plain).max() < 1e-6
    ice = dry_ice()
    doubled = Framework(
        "ice2",
        ice.symbols * 2,
        np.concatenate([ice.positions, ice.positions + ice.cell[0]]),
        ice.cell * [[2], [1], [1]],
    )
    assert np.abs(equilibrate(doubled) - np.tile(equilibrate(ice), 2)).max() < 1e-5


@pytest.mark.engine
def test_open_babel_agrees_where_its_sums_are_sound() -> None:
    """In the symmetric orientation of a cell, with atoms near one another, its lattice is right."""
    openbabel = pytest.importorskip("openbabel.openbabel", reason="pip install openbabel-wheel")
    framework = irmof1()
    assert np.allclose(framework.cell, framework.cell.T)
    molecule = openbabel.OBMol()
    for number, position in zip(framework.numbers.tolist(), framework.positions.tolist(), strict=True):
        atom = molecule.NewAtom()
        atom.SetAtomicNum(number)
        atom.SetVector(*position)
    cell = openbabel.OBUnitCell()
    cell.SetData(*(openbabel.vector3(*vector) for vector in framework.cell.tolist()))
    molecule.CloneData(cell)
    model = openbabel.OBChargeModel.FindType("eqeq")
    assert model.ComputeCharges(molecule)
    assert np.abs(equilibrate(framework) - np.array(model.GetPartialCharges())).max() < 1e-3


def test_elements_are_those_with_known_ions() -> None:
    table = ion_energies()
    assert {*"H B C N O F Si P S Cl Br I Al Ti V Cr Mn Fe Co Ni Cu Zn Zr Hf Cd Mg".split()} <= set(table)
    assert all(hardness > 0 for _, hardness in table.values())
    assert table["C"] == pytest.approx(((11.26 + 1.262) / 2, 11.26 - 1.262))
    assert table["Zn"][0] < table["O"][0], "zinc gives its electrons away"


def test_unknown_elements_are_refused() -> None:
    framework = replace(dry_ice(), symbols=("Xe", *dry_ice().symbols[1:]), bonds=None)
    refused = assign_charges(framework, method="eqeq")
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.UNKNOWN_ELEMENT
    assert refused.atoms == (0,)
