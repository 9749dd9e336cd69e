"""`mofa charges` on structures and on densities."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.chemistry.cif import read_cif, write_cif
from tests.charges.densities import ionic_density, water, write_cube
from tests.cli.helpers import mofa


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    molecule = water()
    return write_cube(tmp_path / "water.cube", molecule, ionic_density(molecule, [-0.8, 0.4, 0.4]))


def test_a_cube_file_alone_gives_ddec6_charges_and_a_cif(cube: Path) -> None:
    done = mofa("charges", cube, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["method"] == "ddec6"
    assert found["labels"] == ["O1", "H1", "H2"]
    assert found["converged"] is None, "nobody can tell of a density that is given"
    assert abs(found["integration_error_e"]) < 1e-3
    written = read_cif(found["cif"])
    assert written.charge_method == "ddec6"
    assert written.charges == pytest.approx(found["charges"], abs=1e-5)
    people = mofa("charges", cube, "--method", "ddec6")
    assert "the grid's electrons off by" in people.out
    assert "  O     1 atoms -0." in people.out


def test_other_models_take_the_structure_of_a_cube(cube: Path) -> None:
    done = mofa("charges", cube, "--method", "eqeq", "--json")
    assert done.code == 0, done.err
    assert done.json["method"] == "eqeq"


def test_a_density_is_read_even_where_the_cif_has_charges(tmp_path: Path, cube: Path) -> None:
    path = write_cif(water().with_charges([-0.7, 0.35, 0.35], "ddec6"), tmp_path / "water.cif")
    missing = mofa("charges", path, "--method", "ddec6", "--density", tmp_path / "nothing.cube")
    assert missing.code == 1
    assert "nothing.cube: cannot be read" in missing.err
    done = mofa("charges", path, "--method", "ddec6", "--density", cube, "--json")
    assert done.code == 0, done.err
    assert done.json["charges"][0] != pytest.approx(-0.7, abs=0.01)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--density", "other.cube"), "a cube file is a density by itself"),
        (("--method", "chargemol", "--command", "no-such-program"), "no-such-program"),
    ],
)
def test_bad_input_is_one_clear_line(cube: Path, words: tuple[str, ...], message: str) -> None:
    done = mofa("charges", cube, *words)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err


def test_one_density_is_not_for_many_structures(tmp_path: Path, cube: Path) -> None:
    path = write_cif(water(), tmp_path / "water.cif")
    done = mofa("charges", path, path, "--method", "ddec6", "--density", cube)
    assert done.code != 0
    assert "one density for many structures" in done.err
