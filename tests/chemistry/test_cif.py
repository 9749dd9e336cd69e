from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ase.io
import gemmi
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mofa.chemistry import Framework, Lineage
from mofa.chemistry.cif import parse_cif, read_cif, to_cif, write_cif
from mofa.errors import InputError
from tests.structures import irmof1


@pytest.fixture
def charged() -> Framework:
    mof5 = irmof1()
    charges = np.linspace(-0.7, 0.7, len(mof5))
    lineage = Lineage("zn4o", "pcu", 0, ("OC(=O)c1ccc(cc1)C(=O)O",), ("KKEYFWRCBNTPAC-UHFFFAOYSA-N",), ("user",), (3,))
    return Framework(
        "abc123", mof5.symbols, mof5.positions, mof5.cell, mof5.bonds, charges, "gfn1-xtb", "zn4o.bdc.pcu", lineage
    )


def test_a_framework_survives_the_round_trip(charged: Framework, tmp_path: Path) -> None:
    back = read_cif(write_cif(charged, tmp_path / "a.cif"))
    assert back.id == charged.id
    assert back.name == charged.name
    assert back.symbols == charged.symbols
    assert back.lineage == charged.lineage
    assert back.charge_method == charged.charge_method
    np.testing.assert_allclose(back.fractional, charged.fractional, atol=1e-8)
    np.testing.assert_allclose(back.cell_parameters(), charged.cell_parameters(), atol=1e-7)
    assert back.charges is not None
    assert charged.charges is not None
    np.testing.assert_allclose(back.charges, charged.charges, atol=1e-8)
    assert back.bonds is not None
    assert charged.bonds is not None
    assert back.bonds.keys() == charged.bonds.keys()
    np.testing.assert_array_equal(back.bonds.order, charged.bonds.order)


def test_files_without_model_versions_are_read(charged: Framework) -> None:
    older = replace(charged, lineage=replace(charged.lineage, model_versions=()))
    text = to_cif(older)
    assert "_mofa_linker_model_version" not in text
    assert parse_cif(text).lineage == older.lineage


def test_gemmi_and_ase_read_the_same_structure(charged: Framework, tmp_path: Path) -> None:
    path = write_cif(charged, tmp_path / "a.cif")
    atoms = ase.io.read(path)
    assert tuple(atoms.get_chemical_symbols()) == charged.symbols
    np.testing.assert_allclose(atoms.cell.cellpar(), charged.cell_parameters(), atol=1e-6)
    np.testing.assert_allclose(atoms.get_scaled_positions(wrap=False), charged.fractional, atol=1e-7)
    small = gemmi.read_small_structure(str(path))
    assert small.spacegroup is not None
    assert small.spacegroup.number == 1
    assert [site.element.name for site in small.sites] == list(charged.symbols)
    assert len({site.label for site in small.sites}) == len(charged)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(4.0, 30.0), min_size=3, max_size=3),
    st.lists(st.floats(60.0, 120.0), min_size=3, max_size=3),
    st.integers(0, 1000),
)
def test_any_cell_survives(lengths: list[float], angles: list[float], seed: int) -> None:
    assume(sum(angles) <= 340 and 2 * max(angles) < sum(angles) - 5)
    cell = np.array(gemmi.UnitCell(*lengths, *angles).orth.mat.tolist()).T
    fractional = np.random.default_rng(seed).random((5, 3)) * 3 - 1
    framework = Framework("x", ("C", "N", "O", "Zn", "H"), fractional @ cell, cell)
    back = parse_cif(to_cif(framework))
    np.testing.assert_allclose(back.fractional, fractional, atol=2e-8)
    np.testing.assert_allclose(back.cell @ back.cell.T, cell @ cell.T, atol=1e-4)


def test_symmetry_is_expanded() -> None:
    text = """data_nacl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_charge
Na1 Na 0 0 0 1.0
Cl1 Cl 0.5 0 0 -1.0
"""
    framework = parse_cif(text)
    assert sorted(framework.symbols) == ["Cl"] * 4 + ["Na"] * 4
    assert framework.charges is not None
    assert framework.charges.sum() == 0.0
    assert set(framework.charges[[s == "Na" for s in framework.symbols]]) == {1.0}


GOOD = to_cif(Framework("x", ("C", "O"), np.array([[0, 0, 0], [1.2, 0, 0]]), np.eye(3) * 8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("this is not a cif", "not valid CIF"),
        ("data_x\n_cell_length_a 5\n", "no _atom_site_fract_x"),
        ("\n".join(line for line in GOOD.splitlines() if "_cell_" not in line), "no unit cell"),
        (GOOD.replace("0.15000000", "nan"), "NaN"),
        (GOOD.replace("O1 O", "Q1 Q"), "no element"),
        (GOOD.replace(" 1.0\n", " 0.5\n"), "partly occupied"),
    ],
)
def test_bad_files_get_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.cif"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_cif(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.cif: cannot be read"):
        read_cif(tmp_path / "nothing.cif")
    with pytest.raises(InputError, match="cannot be read"):
        read_cif(tmp_path)


def test_charges_that_are_not_numbers_are_refused(charged: Framework, tmp_path: Path) -> None:
    text = to_cif(charged).replace(f"{-0.7:.8f}", "nan", 1)
    with pytest.raises(InputError, match="charge"):
        parse_cif(text)


HEAD = """data_x
_cell_length_a 8
_cell_length_b 8
_cell_length_c 8
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
"""
SITES = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""


def test_symmetry_that_no_table_knows_is_expanded_all_the_same() -> None:
    operations = "loop_\n_space_group_symop_operation_xyz\n'x,y,z'\n'1/4-x,1/4-y,-z'\n"
    framework = parse_cif(HEAD + operations + SITES + "O1 O 0.1 0.2 0.3\n")
    assert framework.symbols == ("O", "O")


def test_equal_labels_with_different_charges_are_refused() -> None:
    charged = SITES + "_atom_site_charge\nO O 0.1 0.1 0.1 -0.5\nO O 0.6 0.6 0.6 {}\n"
    with pytest.raises(InputError, match="different charges"):
        parse_cif(HEAD + charged.format("0.5"))
    framework = parse_cif(HEAD + charged.format("-0.5"))
    assert framework.charges is not None
    assert framework.charges.tolist() == [-0.5, -0.5]
    assert framework.charge_method == "from file"


def test_cartesian_coordinates_alone_are_refused() -> None:
    with pytest.raises(InputError, match="fractional"):
        parse_cif(HEAD + SITES.replace("fract", "Cartn") + "O1 O 1.0 2.0 3.0\n")


def test_a_bond_list_of_another_program_is_not_believed(charged: Framework) -> None:
    assert parse_cif(to_cif(charged).replace("MOFA", "other")).bonds is None
