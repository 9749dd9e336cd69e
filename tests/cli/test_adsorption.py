"""The verbs of adsorption on files: numbers, figures, cubes, and one clear line for what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry.cif import read_cif, write_cif
from tests.adsorb.frameworks import charged_irmof1
from tests.cli.helpers import mofa
from tests.structures import irmof1

SETS = Path(__file__).parents[1] / "charges" / "sets"
CHEAP = (
    "--cutoff-ang", "8", "--grid-spacing-ang", "0.5", "--initialization-cycles", "200", "--min-cycles", "400",
    "--max-cycles", "400",
)  # fmt: skip


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


def test_the_charges_travel_with_the_uptake(cif: Path) -> None:
    found = mofa("adsorb", cif, *CHEAP, "--json").json
    assert found["charge_method"] == "gfn1-xtb"
    assert found["charge_min_e"] == pytest.approx(-0.645, abs=0.01)
    assert found["charge_max_e"] == found["charge_metal_min_e"] == pytest.approx(0.793, abs=0.01)


def test_charge_methods_are_compared_and_so_is_the_ranking(tmp_path: Path) -> None:
    """Two MOFs, one without charges in its file: a method that fails is listed, and the others go on."""
    stored = read_cif(SETS / "zn-dabco.cif")
    files = (
        write_cif(stored, tmp_path / "dabco.cif"),
        write_cif(replace(read_cif(SETS / "zn-cf3-cn.cif"), charges=None, charge_method=""), tmp_path / "bare.cif"),
    )
    picture = tmp_path / "p.png"
    done = mofa("adsorb", *files, *CHEAP, "--charges", "none,cif,xtb", "--picture", picture, "--json")
    assert done.code == 1, "one method has no uptake for one file"
    first, second, last = done.json_lines
    assert list(first["by_method"]) == ["none", "cif", "xtb"]
    none, own, xtb = first["by_method"].values()
    assert none["charge_min_e"] == none["charge_max_e"] == 0.0
    assert none["ratio"] == 1.0
    assert own["ratio"] == pytest.approx(own["uptake_mol_per_kg"] / none["uptake_mol_per_kg"])
    assert own["charge_max_e"] == pytest.approx(xtb["charge_max_e"], abs=0.01)
    assert second["by_method"]["cif"]["status"] == "failed"
    assert "no partial charges" in second["by_method"]["cif"]["error"]
    assert second["by_method"]["xtb"]["charge_method"] == "gfn1-xtb"
    ranks = last["sensitivity"]["ranks"]
    assert sorted(ranks["xtb"].values()) == [1, 2]
    assert ranks["cif"] == {str(files[0]): 1}
    agreement = {tuple(one["methods"]): one for one in last["sensitivity"]["agreements"]}["none", "xtb"]
    assert agreement["mofs"] == 2
    assert agreement["kendall_tau"] in (1.0, -1.0)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_comparison_in_words(cif: Path) -> None:
    done = mofa("adsorb", cif, *CHEAP, "--charges", "cif,none")
    assert done.code == 0, done.err
    title, head, own, zero = done.out.splitlines()
    assert title == f"{cif}:"
    assert head.split()[:3] == ["charges", "mol/kg", "ratio"]
    assert own.split()[0] == "cif"
    assert "-0.65 to +0.79, metal at least +0.79" in own
    assert zero.split()[0] == "none"
    assert "rank" not in done.out, "one MOF has no ranking"


def test_mixture_says_the_selectivity(cif: Path) -> None:
    done = mofa("adsorb", cif, "--gas", "CO2:0.15,N2:0.85", "--pressure-pa", "1e5", "--max-cycles", "4000")
    assert done.code == 0, done.err
    assert "N2 at 100000 Pa" in done.out
    assert "selectivity" in done.out
    assert "gfn1-xtb charges, -0.65 to +0.79 e, metal at least +0.79 e" in done.out


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
        (("adsorb", "--charges", "none,magic"), "'magic', which is no charge method"),
        (("adsorb", "--charges", "xtb,xtb"), "Name every charge method once"),
        (("adsorb", "--charges", "none,xtb", "--out", "a.cif"), "--out with several charge methods"),
        (("adsorb", "--picture", "a.png"), "--picture compares charge methods"),
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


def test_impossible_charges_of_a_file_are_used_with_a_warning(tmp_path: Path) -> None:
    framework = charged_irmof1()
    values = np.array(framework.charges)
    zinc = framework.symbols.index("Zn")
    values -= (-2.3 - values[zinc]) / (len(values) - 1)
    values[zinc] = -2.3
    path = write_cif(framework.with_charges(values, "published"), tmp_path / "wrong.cif")
    done = mofa("adsorb", path, *CHEAP)
    assert done.code == 0, done.err
    assert "would not pass the gate: 1 published charge is out of bounds: Zn1 -2.30 e (metal" in done.err
    assert "metal at least -2.30 e" in done.out


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
