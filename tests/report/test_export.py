from __future__ import annotations

import csv

import ase.io
import gemmi
import numpy as np
import pytest

from mofa.chemistry.cif import read_cif


@pytest.fixture(scope="module")
def mofs(campaign) -> list[dict[str, str]]:
    with (campaign.page.parent / "mofs.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_mof_has_a_row_ranked_ones_first(mofs):
    assert [row["id"] for row in mofs] == ["bb22", "aa11", "cc33", "dd44"]
    assert [row["rank"] for row in mofs] == ["1", "2", "", ""]
    assert [row["rejected_reason"] for row in mofs] == ["", "", "unstable", "untyped"]


def test_columns_carry_units_and_full_precision(mofs):
    best = mofs[0]
    assert float(best["uptake_mol_per_kg"]) == 1.234
    assert float(best["uptake_mg_per_g"]) == pytest.approx(1.234 * 44.009)
    assert float(best["uptake_cm3_stp_per_g"]) == pytest.approx(1.234 * 22.414, rel=1e-4)
    assert float(best["pressure_pa"]) == 10_000
    assert float(best["density_g_per_cm3"]) == pytest.approx(0.5932, abs=1e-3)
    physical = (
        "uptake",
        "heat_of",
        "pressure",
        "temperature",
        "cell",
        "charge_m",
        "accessible_surface",
        "pore_",
        "density",
    )
    units = (
        "mol_per_kg",
        "mg_per_g",
        "cm3_stp_per_g",
        "kj_per_mol",
        "cm3_stp_per_cm3",
        "_pa",
        "_k",
        "_ang",
        "_deg",
        "_e",
        "m2_per_g",
    )
    for column in best:
        if column.startswith(physical) and not column.endswith("method"):
            assert column.endswith((*units, "g_per_cm3")), column


def test_the_charges_of_an_uptake_have_columns(mofs):
    best, second = mofs[:2]
    assert float(best["adsorption_charge_min_e"]) == -0.644
    assert float(best["adsorption_charge_max_e"]) == 0.791
    assert float(best["adsorption_charge_metal_min_e"]) == 0.78
    assert best["adsorption_charge_method"]
    assert float(best["charge_metal_min_e"]) == 0.7
    assert second["adsorption_charge_min_e"] == "", "not known"


def test_structures_are_read_back_identically_by_three_readers(campaign, mofs):
    path = campaign.page.parent / mofs[0]["cif"]
    ours = read_cif(path)
    assert ours.id == "bb22"
    assert ours.symbols == campaign.best.symbols
    np.testing.assert_allclose(ours.fractional, campaign.best.fractional, atol=1e-7)
    np.testing.assert_allclose(ours.cell_parameters(), campaign.best.cell_parameters(), atol=1e-7)
    np.testing.assert_allclose(ours.charges, campaign.best.charges, atol=1e-8)
    assert ours.charge_method == "GFN1-xTB"
    assert ours.bonds.keys() == campaign.best.bonds.keys()

    block = gemmi.cif.read_file(str(path)).sole_block()
    charges = [float(value) for value in block.find_values("_atom_site_charge")]
    np.testing.assert_allclose(charges, campaign.best.charges, atol=1e-8)

    atoms = ase.io.read(path)
    assert tuple(atoms.get_chemical_symbols()) == campaign.best.symbols
    np.testing.assert_allclose(atoms.get_all_distances(mic=True)[0], _distances(campaign.best)[0], atol=1e-5)


def test_every_refusal_has_a_row(campaign):
    with (campaign.page.parent / "rejected.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(campaign.records.rejections) == 7
    assert {row["reason"] for row in rows} == {"valence", "charged", "unstable", "untyped", "crashed"}
    assert rows[0]["atoms"] == "0 3"


def _distances(framework):
    atoms = ase.Atoms(framework.symbols, framework.positions, cell=framework.cell, pbc=True)
    return atoms.get_all_distances(mic=True)
