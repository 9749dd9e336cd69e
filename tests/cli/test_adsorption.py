"""The verbs of adsorption on files: numbers, figures, cubes, and one clear line for what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.chemistry.cif import write_cif
from tests.adsorb.frameworks import charged_irmof1
from tests.cli.helpers import mofa
from tests.structures import irmof1


@pytest.fixture(scope="module")
def cif(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cif(charged_irmof1(), tmp_path_factory.mktemp("adsorption") / "irmof-1.cif")


def test_uptake_in_all_units(cif: Path) -> None:
    found = mofa("adsorb", cif, "--temperature-k", "298", "--json").json
    assert found["engine"] == "grid"
    assert found["uptake_mol_per_kg"] == pytest.approx(0.079, abs=0.012)
    assert found["uptake_mg_per_g"] == pytest.approx(44.0095 * found["uptake_mol_per_kg"])
    assert found["uptake_cm3_stp_per_cm3"] == pytest.approx(22.414 * 0.593 * found["uptake_mol_per_kg"], rel=0.01)
    assert found["chain_ratio"] < 1.1
    assert set(found["acceptance"]) >= {"insertion", "deletion", "translation", "rotation", "reinsertion"}


def test_mixture_says_the_selectivity(cif: Path) -> None:
    done = mofa("adsorb", cif, "--gas", "CO2:0.15,N2:0.85", "--pressure-pa", "1e5", "--max-cycles", "4000")
    assert done.code == 0, done.err
    assert "N2 at 100000 Pa" in done.out
    assert "selectivity" in done.out


def test_isotherm_with_its_figure(cif: Path, tmp_path: Path) -> None:
    picture = tmp_path / "isotherm.png"
    done = mofa(
        "isotherm", cif, "--gas", "N2", "--pressure-pa", "1e5", "--pressure-pa", "2e4", "--temperature-k", "273",
        "--temperature-k", "298", "--target-relative-error", "0.2", "--picture", picture,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.index("N2 at 273 K") < done.out.index("20000") < done.out.index("100000")
    assert "N2 at 298 K" in done.out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_working_capacity_henry_and_pores(cif: Path) -> None:
    swing = mofa(
        "working-capacity", cif, "--desorption-temperature-k", "400", "--target-relative-error", "0.2", "--json"
    )
    assert swing.json["desorption"]["temperature_k"] == 400
    assert swing.json["capacity_mol_per_kg"] > 0.3
    slope = mofa("henry", cif, "--temperature-k", "298", "--json").json
    assert slope["coefficient_mol_per_kg_pa"] == pytest.approx(7.8e-6, rel=0.05)
    pores = mofa("pores", cif, "--probe-radius-ang", "1.2", "--json").json
    assert pores["helium_void_fraction"] == pytest.approx(0.831, abs=0.01)
    assert pores["grid_volume_fraction"] == pytest.approx(pores["accessible_volume_fraction"], abs=0.01)


def test_density_as_cube_and_picture(cif: Path, tmp_path: Path) -> None:
    done = mofa(
        "density", cif, "--cycles", "2000", "--out", tmp_path / "d.cube", "--picture", tmp_path / "d.png", "--json"
    )
    assert done.code == 0, done.err
    assert (tmp_path / "d.cube").read_text().startswith("CO2 in ")
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    assert done.json["molecules_per_cell"] > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("adsorb", "--gas", "CO"), "no gas is called 'CO'"),
        (("adsorb", "--gas", "CO2:0.5,N2:0.1"), "add up to 0.6"),
        (("adsorb", "--pressure-pa", "0"), "pressure_pa is 0.0"),
        (("adsorb", "--temperature-k", "-1"), "temperature_k is -1.0"),
        (("adsorb", "--engine", "graspa"), "the engine 'graspa' needs command"),
        (("adsorb", "--engine", "raspa3", "--chains", "3"), "has no option chains"),
        (("adsorb", "--cutoff-ang", "70"), "cell_too_small"),
        (("adsorb", "--min-pore-diameter-ang", "9"), "pore_too_narrow"),
        (("isotherm", "--pressure-pa", "-5"), "pressure_pa is -5.0"),
        (("working-capacity", "--desorption-pressure-pa", "0"), "pressure_pa is 0.0"),
        (("henry", "--gas", "CO2:0.5,N2:0.5"), "is a mixture"),
        (("pores", "--probe-radius-ang", "0"), "probe_radius_ang is 0"),
        (("adsorb", "--engine", "raspa3", "--gas", "H2", "--temperature-k", "77"), "no Feynman-Hibbs"),
    ],
)
def test_bad_input_is_one_clear_line(cif: Path, arguments: tuple[str, ...], message: str) -> None:
    done = mofa(arguments[0], cif, *arguments[1:])
    assert done.code == 1
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert done.out == ""


def test_charges_that_are_no_numbers_are_named(cif: Path, tmp_path: Path) -> None:
    lines = cif.read_text().splitlines()
    row = next(k for k, line in enumerate(lines) if line.startswith("Zn1 "))
    lines[row] = " ".join([*lines[row].split()[:-1], "nan"])
    broken = tmp_path / "nan.cif"
    broken.write_text("\n".join(lines) + "\n")
    done = mofa("adsorb", broken)
    assert done.code == 1
    assert "the _atom_site_charge of Zn1 is nan, not a number" in done.err


def test_conditions_are_checked_before_charges_are_computed(tmp_path: Path) -> None:
    bare = write_cif(irmof1(), tmp_path / "bare.cif")
    done = mofa("isotherm", bare, "--temperature-k", "300", "--temperature-k", "-5", timeout_s=20)
    assert done.code == 1
    assert "temperature_k is -5.0" in done.err


def test_a_cif_without_charges_is_refused_where_none_are_to_be_assigned(tmp_path: Path) -> None:
    bare = write_cif(irmof1(), tmp_path / "bare.cif")
    done = mofa("adsorb", bare, "--charges", "none")
    assert done.code == 1
    assert "carries no partial charges" in done.err
    assert mofa("adsorb", bare, "--charges", "none", "--gas", "CH4", "--max-cycles", "4000").code == 0
